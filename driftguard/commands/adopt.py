"""``driftguard adopt``: makes a hand-made change official, by a revision that was replayed both ways."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from driftguard.checks.words import apart, counted, directly, listed
from driftguard.commands.diff import proof
from driftguard.commands.looked_at import Looked, looked_at, told
from driftguard.errors import DriftguardError
from driftguard.facts import LiveFacts
from driftguard.facts.adopting import lines, missed_by_downgrade, missed_by_upgrade
from driftguard.facts.mending import Refused
from driftguard.facts.sides import at, live_side
from driftguard.facts.tool import command
from driftguard.facts.ways import way
from driftguard.project.revision_file import Body, NewFile, revision_file
from driftguard.report.visible import visible, visible_lines
from driftguard.schema.catalog import Catalog
from driftguard.schema.diff import Difference, diff

DONE, REFUSED = 0, 1


class Adoption(NamedTuple):
    """The revision to write, behind ``parent``, and what the database holds and held."""

    new: NewFile
    parent: str
    live: Catalog
    expected: Catalog
    called: str
    changes: tuple[str, ...]
    stamp_command: str


def adopt(*, start: Path, message: str, environment: str = "", live: str = "", dry_run: bool = False) -> int:
    """Write the revision, replay it there and back, and remove it again if that is not what it should be."""
    with looked_at(start, environment, live) as looked:
        try:
            adoption = _adoption(looked, message)
        except Refused as refused:
            return told(refused)
        looked.hush()
        if adoption is None:
            return REFUSED
        if not adoption.changes:
            print(visible(f"{adoption.called} is what {adoption.parent} builds: there is nothing to adopt"))
            return DONE
    print(*map(visible, adoption.changes), sep="\n")
    if dry_run:
        print(visible(f"would write {adoption.new.path}:"))
        print(*visible_lines(adoption.new.content.decode("utf-8", "replace")), sep="\n")
        return DONE
    place = looked.root / adoption.new.path
    if place.exists():
        raise DriftguardError(f"{adoption.new.path} is there already", "give another message")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(adoption.new.content)
    proven = False
    try:
        wrong = _wrong(start, environment, live, adoption)
        proven = not wrong
    finally:
        if not proven:
            place.unlink(missing_ok=True)
    if wrong:
        print(*map(visible, wrong), sep="\n", file=sys.stderr)
        return REFUSED
    _tell(adoption)
    return DONE


def _tell(adoption: Adoption) -> None:
    print(visible(f"wrote {adoption.new.path}; replayed: its upgrade builds what {adoption.called} holds"))
    print(visible(f"and its downgrade what {adoption.parent} builds"))
    if adoption.new.has_hooks:
        print("the configured post-write hooks were not run on it")
    print(visible(f"{adoption.called} has the change already, so record that there:"))
    print(visible(f"    {adoption.stamp_command} {adoption.new.id}"))
    print("other databases get it by an upgrade")


def _adoption(looked: Looked, message: str) -> Adoption | None:
    """What is to be written; None, once the reason is told, where no revision would do it."""
    database, live = looked.database(), looked.live()
    expected = looked.expected(live)
    parent = _parent(live, looked)
    environment = looked.environment
    found = live_side(live, environment, database)
    back = way(found, at((parent,), parent, environment, database), environment, database, names=False)
    if not back.is_proven:
        looked.hush()
        print(*proof(back, found.called), sep="\n", file=sys.stderr)
        print("refused: no statements are known that make this change and take it back", file=sys.stderr)
        return None
    body = Body(tuple(lines(back.there)), tuple(lines(back.statements)))
    new = revision_file(looked.root, environment.environment, (environment.graph[parent],), message, body)
    return Adoption(
        new,
        parent,
        live.reading.catalog,
        expected,
        found.called,
        tuple(directly(each) for each in diff(expected, live.reading.catalog)),
        command(environment.environment, "stamp"),
    )


def _parent(live: LiveFacts, looked: Looked) -> str:
    """The revision to stand behind: the only head, which the database has to be at; raises Refused."""
    stamp, heads = live.reading.stamp or (), looked.environment.graph.heads()
    if live.pending:
        raise Refused(
            f"{live.address} is {counted(len(live.pending), 'revision')} behind head, "
            "so that a revision for its change would make a second head",
            f"upgrade it first: {command(looked.environment.environment, 'upgrade')} heads",
        )
    if len(stamp) != 1 or stamp != heads:
        raise Refused(f"there are several heads: {listed(heads)}", "merge them first")
    return stamp[0]


def _wrong(start: Path, environment: str, live: str, adoption: Adoption) -> Sequence[str]:
    """What the file that was written does not do; a new guest reads it as everybody else will."""
    with looked_at(start, environment, live) as looked:
        try:
            database = looked.database()
        except DriftguardError as error:
            return ("the revision was removed again:", error.message)
        missed = missed_by_upgrade(database, adoption.live)
        if missed:
            return ("the revision was removed again, because its upgrade leaves:", *_listed(missed, adoption, "head"))
        undone = missed_by_downgrade(looked.environment, database, adoption.parent, adoption.expected)
        if isinstance(undone, str):
            return (f"the revision was removed again, because its downgrade fails: {undone}",)
        if undone:
            return (
                "the revision was removed again, because its downgrade leaves:",
                *(f"  {each.name.kind} {each.name}" for each in undone),
            )
    return ()


def _listed(missed: Sequence[Difference], adoption: Adoption, other: str) -> Sequence[str]:
    return [f"  {apart(each, adoption.called, other)}" for each in missed]
