"""Every command's help: what it names exists, what it shows can be typed, and nothing is without a word."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from driftguard.cli import cli
from driftguard.manual import OTHERS, PAGES, PURPOSES, by_purpose

LINES = [
    pytest.param(part.strip(), id=part.strip())
    for page in PAGES.values()
    for _, typed in page.examples
    for part in typed.split("&&")
    if part.strip().startswith("driftguard ")
]


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))


EVERY = {" ".join(words): command for words, command in commands(cli)}


def test_pages_and_purposes_are_of_commands_that_exist() -> None:
    assert set(PAGES) - {""} <= set(EVERY)
    assert {name for names in PURPOSES.values() for name in names} <= set(cli.commands)


@pytest.mark.parametrize("line", LINES)
def test_an_example_can_be_typed(line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])[1:]
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        command = command.commands[words.pop(0)]
    with (
        cli.make_context("driftguard", [], resilient_parsing=True) as top,
        command.make_context("x", words, parent=top),
    ):
        pass


@pytest.mark.parametrize("name", EVERY)
def test_help_tells_what_there_is(name: str) -> None:
    told = CliRunner().invoke(cli, [*name.split(), "--help"], prog_name="driftguard").output
    for option in EVERY[name].params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, option.name
            assert option.opts[0] in told
    examples = PAGES[name].examples if name in PAGES else ()
    assert all(typed in told and f"# {wanted}\n" in told for wanted, typed in examples)


def test_commands_are_listed_by_purpose() -> None:
    told = CliRunner().invoke(cli, ["--help"], prog_name="driftguard").output
    titles = [line.rstrip(":") for line in told.splitlines() if line.rstrip(":") in {*PURPOSES, OTHERS}]
    assert titles[: len(PURPOSES)] == list(PURPOSES)
    assert sum(told.count(f"\n  {name}  ") for name in cli.commands) >= len(cli.commands)


def test_a_command_without_a_purpose_is_listed_all_the_same() -> None:
    assert list(by_purpose(("check", "novel"))) == [("Look", ("check",)), (OTHERS, ("novel",))]
