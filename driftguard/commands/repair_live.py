"""``driftguard repair``: brings the live database back to what its own stamp builds."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from driftguard.catalog.losses import Loss, losses
from driftguard.checks.words import counted, directly, listed
from driftguard.commands.diff import proof
from driftguard.commands.looked_at import Looked, looked_at
from driftguard.errors import DriftguardError
from driftguard.facts import LiveFacts
from driftguard.facts.bench import module_of
from driftguard.facts.mending import mend
from driftguard.facts.sides import at, live_side
from driftguard.facts.ways import Way, way
from driftguard.probe.guest_process import GuestFailed
from driftguard.redaction import redacted
from driftguard.report.visible import visible, visible_lines
from driftguard.schema.catalog import Catalog
from driftguard.schema.diff import Difference, diff

DONE, NOT_DONE = 0, 1
DROPS = "DROP TABLE"
_DROPPED = re.compile(r"DROP (VIEW|MATERIALIZED VIEW|FUNCTION|PROCEDURE) ([^(;]+).*")


class Counted(NamedTuple):
    """A loss, and how many rows it is about; None where that cannot be counted."""

    loss: Loss
    rows: int | None


def repair(*, start: Path, environment: str = "", live: str = "", apply: bool = False, confirmed: bool = False) -> int:
    """Print the plan; with ``apply`` run it, after a question unless it is ``confirmed``."""
    with looked_at(start, environment, live) as looked:
        database, found = looked.database(), looked.live()
        expected = looked.expected(found)
        stamp = found.reading.stamp or ()
        back = way(
            live_side(found, looked.environment, database),
            at(stamp, listed(stamp), looked.environment, database),
            looked.environment,
            database,
        )
        counts = tuple(_counts(looked, found, back, expected))
        looked.hush()
        where = str(found.address)
        if not back.differences:
            print(visible(f"{where} is what {listed(stamp)} builds: there is nothing to repair"))
            return DONE
        differences = diff(expected, found.reading.catalog)
        print(*_told(where, listed(stamp), back, counts, differences, found.notes), sep="\n")
        if not apply:
            options = [("-e", environment), ("--live", live)]
            words = [word for option, value in options if value for word in (option, shlex.quote(value))]
            print(visible(redacted(" ".join(("nothing was done; to run this: driftguard repair", *words, "--apply")))))
            return NOT_DONE
        _refuse(found, back, counts)
        if not confirmed and not _agreed(where, transactional=module_of(expected.dialect).MANNER.transactional):
            print("nothing was done")
            return NOT_DONE
        mended = mend(found, looked.environment, database, back.statements, found.reading.catalog, expected)
        left = mended.left or diff(expected, _again(looked))
    if left:
        print(visible(f"this is still not what {listed(stamp)} builds:"))
        print(*(f"  {visible(directly(each))}" for each in left), sep="\n")
        return NOT_DONE
    print(visible(f"done: {where} is what {listed(stamp)} builds"))
    return DONE


def _told(
    where: str,
    stamp: str,
    back: Way,
    counts: tuple[Counted, ...],
    differences: tuple[Difference, ...],
    notes: tuple[str, ...],
) -> Iterator[str]:
    number = counted(len(back.differences), "difference")
    yield visible(f"{where} is not what {stamp} builds: {number}")
    yield from (f"  {visible(directly(each))}" for each in differences)
    yield "the plan:"
    for statement in back.statements:
        yield from (f"    {line}" for line in visible_lines(f"{statement.rstrip().removesuffix(';')};"))
    yield from (f"note: {visible(line)}" for line in notes)
    if counts:
        yield "what is lost, or stands in the way:"
        yield from (f"  {visible(_said(each))}" for each in counts)
    yield from (f"note: {visible(line)}" for line in _made_again(back.statements))
    yield from proof(back, where)


def _made_again(statements: tuple[str, ...]) -> Iterator[str]:
    """What goes and comes back although nothing was wrong with it; PostgreSQL keeps privileges with the object."""
    for number, each in enumerate(statements):
        if found := _DROPPED.fullmatch(each):
            again = re.compile(rf"CREATE (OR REPLACE )?{found[1]} {re.escape(found[2])}(?=[ (])")
            if any(again.match(later) for later in statements[number:]):
                yield f"{found[1].lower()} {found[2]} is made again: privileges that were granted on it are lost"


def _said(counted_loss: Counted) -> str:
    loss, rows = counted_loss
    if rows is None:
        return loss.sentence + (" (its rows could not be counted)" if loss.counting else "")
    return f"{loss.sentence}: {counted(rows, 'row')}" + (", which will make it fail" if loss.stops else "")


def _counts(looked: Looked, live: LiveFacts, back: Way, expected: Catalog) -> Iterator[Counted]:
    """Read-only, each in a session of its own: one that is refused must not hinder the others."""
    differences = diff(expected, live.reading.catalog)
    for loss in losses(differences, back.renamed, expected.dialect):
        rows = _count(looked, live, loss.counting, expected.dialect) if loss.counting else None
        if rows != 0:
            yield Counted(loss, rows)


def _count(looked: Looked, live: LiveFacts, statement: str, dialect: str) -> int | None:
    probe = looked.environment.probe
    try:
        with probe.session(live.url, dialect) as session:
            [[rows]] = probe.call("query", session=session, statement=statement)
    except GuestFailed:
        return None
    return int(rows)


def _refuse(live: LiveFacts, back: Way, counts: tuple[Counted, ...]) -> None:
    """Raise DriftguardError where the plan must not be run."""
    if not back.is_proven:
        raise DriftguardError(
            "the plan does not restore everything, so it is not run", "undo by hand what it leaves, and try again"
        )
    if stopping := [each for each in counts if each.loss.stops]:
        raise DriftguardError(
            "\n".join(("rows stand in the way, so the plan is not run:", *map(_said, stopping))), "mend them first"
        )
    if live.strangers and any(each.startswith(DROPS) for each in back.statements):
        raise DriftguardError(
            f"the plan drops tables, and {listed(live.strangers)} tells of another revision chain in this database, "
            "whose tables they may be",
            "let env.py leave them out with include_object",
        )


def _agreed(where: str, *, transactional: bool) -> bool:
    """Whether somebody at the terminal says yes; raises DriftguardError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise DriftguardError("nobody is here to be asked whether the plan may be run", "say so: --apply --yes")
    if not transactional:
        print("this server cannot undo a change of the schema: if a statement fails, those before it stay")
    try:
        return input(f"Run this on {visible(where)}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _again(looked: Looked) -> Catalog:
    return looked.live().reading.catalog
