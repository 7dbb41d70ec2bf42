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
from driftguard.commands.looked_at import Looked, looked_at, told
from driftguard.errors import DriftguardError
from driftguard.facts import LiveFacts
from driftguard.facts.bench import module_of
from driftguard.facts.mending import Refused, mend
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


class Planned(NamedTuple):
    """The plan for a live database, which is called ``where``; ``differences`` are those from what its stamp builds."""

    live: LiveFacts
    where: str
    stamp: str
    expected: Catalog
    differences: tuple[Difference, ...]
    back: Way
    counts: tuple[Counted, ...]


def repair(
    *,
    start: Path,
    environment: str = "",
    live: str = "",
    apply: bool = False,
    confirmed: bool = False,
    privileges: bool = False,
) -> int:
    """Print the plan; with ``apply`` run it, after a question unless it is ``confirmed``."""
    with looked_at(start, environment, live, privileges=privileges) as looked:
        planned = _planned(looked)
        looked.hush()
        if not planned.differences:
            print(visible(f"{planned.where} is what {planned.stamp} builds: there is nothing to repair"))
            return DONE
        print(*_told(planned), sep="\n")
        if not apply:
            print("nothing was done; to run this:", visible(_command(environment, live, privileges=privileges)))
            return NOT_DONE
        try:
            _refuse(planned)
            if confirmed or _agreed(planned):
                return _run(looked, planned)
        except Refused as refused:
            return told(refused)
        print("nothing was done")
        return NOT_DONE


def _planned(looked: Looked) -> Planned:
    database, live = looked.database(), looked.live()
    expected = looked.expected(live)
    stamp = live.reading.stamp or ()
    back = way(
        live_side(live, looked.environment, database),
        at(stamp, listed(stamp), looked.environment, database),
        looked.environment,
        database,
    )
    differences = diff(expected, live.reading.catalog)
    counts = tuple(_counts(looked, live, back, differences, expected.dialect))
    return Planned(live, str(live.address), listed(stamp), expected, differences, back, counts)


def _run(looked: Looked, planned: Planned) -> int:
    """Change the database, and look at it again."""
    live = planned.live
    mended = mend(
        live,
        looked.environment,
        looked.database(),
        planned.back.statements,
        live.reading.catalog,
        planned.expected,
    )
    left = mended.left or diff(planned.expected, looked.live().reading.catalog)
    if not left:
        print(visible(f"done: {planned.where} is what {planned.stamp} builds"))
        return DONE
    if not mended.is_kept:
        print("all of it was undone, because this would still differ:")
    else:
        print(visible(f"{planned.where} still is not what {planned.stamp} builds:"))
    print(*(f"  {visible(directly(each))}" for each in left), sep="\n")
    return NOT_DONE


def _command(environment: str, live: str, *, privileges: bool) -> str:
    """What to type to run the plan."""
    asked = ("--privileges",) if privileges else ()
    options = (("-e", environment), ("--live", live))
    words = (word for option, value in options if value for word in (option, shlex.quote(value)))
    return redacted(" ".join(("driftguard repair", *words, *asked, "--apply")))


def _told(planned: Planned) -> Iterator[str]:
    back = planned.back
    number = counted(len(planned.differences), "difference")
    yield visible(f"{planned.where} is not what {planned.stamp} builds: {number}")
    yield from (f"  {visible(directly(each))}" for each in planned.differences)
    yield "the plan:"
    for statement in back.statements:
        yield from (f"    {line}" for line in visible_lines(f"{statement.rstrip().removesuffix(';')};"))
    yield from (f"note: {visible(line)}" for line in planned.live.notes)
    if planned.counts:
        yield "what is lost, or stands in the way:"
        yield from (f"  {visible(_said(each))}" for each in planned.counts)
    if planned.expected.dialect == "postgresql":
        yield from (f"note: {visible(line)}" for line in _made_again(back.statements))
    yield from proof(back, planned.where)


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


def _counts(
    looked: Looked, live: LiveFacts, back: Way, differences: tuple[Difference, ...], dialect: str
) -> Iterator[Counted]:
    """Read-only, each in a session of its own: one that is refused must not hinder the others."""
    for loss in losses(differences, back.renamed, dialect):
        rows = _count(looked, live, loss.counting, dialect) if loss.counting else None
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


def _refuse(planned: Planned) -> None:
    """Raise Refused where the plan must not be run."""
    live, back, counts = planned.live, planned.back, planned.counts
    if not back.is_proven:
        raise Refused(
            "the plan does not restore everything, so it is not run", "undo by hand what it leaves, and try again"
        )
    if stopping := [each for each in counts if each.loss.stops]:
        raise Refused(
            "\n".join(("rows stand in the way, so the plan is not run:", *map(_said, stopping))), "mend them first"
        )
    if live.strangers and any(each.startswith(DROPS) for each in back.statements):
        raise Refused(
            f"the plan drops tables, and {listed(live.strangers)} tells of another revision chain in this database, "
            "whose tables they may be",
            "let env.py leave them out with include_object",
        )


def _agreed(planned: Planned) -> bool:
    """Whether somebody at the terminal says yes; raises DriftguardError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise DriftguardError("nobody is here to be asked whether the plan may be run", "say so: --apply --yes")
    if not module_of(planned.expected.dialect).MANNER.transactional:
        print("this server cannot undo a change of the schema: if a statement fails, those before it stay")
    try:
        return input(f"Run this on {visible(planned.where)}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
