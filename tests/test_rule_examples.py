"""Each rule's example: it alone speaks, with the words that its page shows, and is silent where it should be."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from guarded import SAMPLES, Guarded, sql
from rule_examples import EXAMPLES, Replace, Sql, Step, Type, Write, headline

from driftguard.cli import cli
from driftguard.probe.guest_process import Start
from driftguard.probe.preloaded import PreloadedGuests
from driftguard.rules import RULES

SILENT = {
    (each.silent.steps, f"{each.command} {each.silent_options or each.options}"): code
    for code, each in EXAMPLES.items()
}
"""Several rules keep silent about the same; the code names one of them."""

pytestmark = pytest.mark.xdist_group("rule examples")


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project with its live database at head; made once and copied."""
    shop = Guarded.copy_of(SAMPLES / "plain", tmp_path_factory.mktemp("begin") / "shop")
    shop.write(".gitignore", "*.db\n__pycache__/\n")
    shop.commit("begin")
    shop.alembic("upgrade", "head")
    return shop.root


@pytest.fixture(scope="module")
def guests() -> Iterator[Start]:
    """Guests that are forked, because there are many."""
    with PreloadedGuests() as preloaded:
        yield preloaded.start_patiently


@pytest.fixture
def shop(begin: Path, guests: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """A copy of the beginning, in which commands are typed with the environment's programs at hand."""
    monkeypatch.setattr("driftguard.commands.check.start_guest", guests)
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    monkeypatch.setenv("HOME", str(begin.parent))  # with another home for each, no guest could be forked
    return Guarded(Path(shutil.copytree(begin, tmp_path / "shop")))


def do(shop: Guarded, steps: tuple[Step, ...]) -> None:
    """What somebody does."""
    for step in steps:
        match step:
            case Write(path, text):
                shop.write(path, text)
            case Replace(path, was, now):
                shop.replace(path, was, now)
            case Type(command):
                program, *arguments = shlex.split(command)
                shop.alembic(*arguments) if program == "alembic" else shop.must(program, *arguments)
            case Sql(statement):
                sql(f"sqlite:///{shop.root / 'shop.db'}", statement)


def findings(shop: Guarded, command: str) -> list[str]:
    """The first line of each finding of a command of driftguard's."""
    answer = CliRunner().invoke(cli, ["-C", str(shop.root), *shlex.split(command), "--format", "json"])
    assert answer.exit_code in (0, 1, 2), answer.output
    found = json.loads(answer.stdout)["findings"]
    lines = (f"{each['severity']}[{each['code']}] {each['name']}: {each['message']}" for each in found)
    return [line.replace(f"{shop.root}/", "") for line in lines]


def test_every_rule_has_one() -> None:
    assert list(EXAMPLES) == list(RULES)


@pytest.mark.parametrize("code", EXAMPLES)
def test_it_speaks(code: str, shop: Guarded) -> None:
    example = EXAMPLES[code]
    do(shop, example.told.steps)
    found = findings(shop, f"{example.command} {example.options}")
    assert re.findall(r"\[(DG\d+)\]", "\n".join(found)) == [code]
    assert found[0].startswith(headline(RULES[code], example))


@pytest.mark.parametrize("steps_and_command", SILENT, ids=SILENT.values())
def test_it_is_silent(steps_and_command: tuple[tuple[Step, ...], str], shop: Guarded) -> None:
    steps, command = steps_and_command
    do(shop, steps)
    assert findings(shop, command) == []
