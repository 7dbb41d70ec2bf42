"""``driftguard completion``: the script that lets a shell complete, and the answers to what it asks then."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class, shell_complete

from driftguard.formats import FORMATS

PROGRAM = "driftguard"

SIDES = ("models", "head", "live", "base")
"""What ``driftguard diff`` compares, besides revisions and URLs."""

Suggestions = Iterator[CompletionItem]


def completion(*, cli: click.Command, variable: str, shell: str) -> int:
    """Print the script for ``shell``, which will ask by setting ``variable``."""
    kind = get_completion_class(shell)
    assert kind is not None  # the command line lets no other pass
    print(kind(cli, {}, PROGRAM, variable).source())
    return 0


def answer(cli: click.Command, variable: str, question: str) -> int:
    """Answer a shell that asks while somebody types; where that goes wrong, there is no suggestion and no noise."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(Exception):
        return shell_complete(cli, {}, PROGRAM, variable, question)
    return 1


def suggested(kind: str, start: Path, typed: str) -> list[CompletionItem]:
    """What may stand where ``typed`` does; after a comma, what may follow it."""
    before, comma, rest = typed.rpartition(",") if kind in LISTS else ("", "", typed)
    found = (each for each in KINDS[kind](start) if each.value.lower().startswith(rest.lower()))
    return [CompletionItem(f"{before}{comma}{each.value}", help=each.help) for each in found]


def _rules(start: Path) -> Suggestions:
    from driftguard.rules import RULES  # each of these only where it is asked for: nobody waits for a shell

    yield from (CompletionItem(rule.code, help=rule.name) for rule in RULES.values())
    yield from (CompletionItem(rule.name, help=rule.code) for rule in RULES.values())


def _environments(start: Path) -> Suggestions:
    from driftguard.commands.guarded import repository_of
    from driftguard.config import load_settings
    from driftguard.git import WorkingTree
    from driftguard.project import discover

    tree = WorkingTree(repository_of(start).work_tree)  # without one, it might be a whole home folder
    found = discover(tree, load_settings(tree), os.environ)
    yield from (CompletionItem(each.name, help=each.script_location) for each in found)


def _refs(start: Path) -> Suggestions:
    from driftguard.commands.guarded import repository_of

    listed = ("--sort=-committerdate", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
    names = os.fsdecode(repository_of(start).run("for-each-ref", *listed)).splitlines()
    yield from map(CompletionItem, ("HEAD", *names))


def _words(words: Iterable[str]) -> Callable[[Path], Suggestions]:
    return lambda start: map(CompletionItem, words)


KINDS: Mapping[str, Callable[[Path], Suggestions]] = {
    "environments": _environments,
    "formats": _words(FORMATS),
    "refs": _refs,
    "rules": _rules,
    "sides": _words(SIDES),
}
LISTS = ("rules",)
"""Kinds of which several may stand in one word."""
