"""The only module that changes a live database, and only when its owner has said so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from driftguard.checks.words import counted
from driftguard.errors import DriftguardError
from driftguard.facts.bench import Bench, opened
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.live import LiveFacts
from driftguard.schema.catalog import Catalog
from driftguard.schema.diff import Difference, diff

AGAIN = "look at the new plan: driftguard repair"
LOOK = "see what it holds now: driftguard check --select DG3"
SECONDS = 24 * 60 * 60
"""A large table takes its time to be written anew; nobody else is kept waiting longer than the lock timeout."""


class Refused(DriftguardError):
    """Something that only the user can decide about is in the way; nothing was done."""


class Mended(NamedTuple):
    """What still differs from what the stamp builds, once the statements have run, and whether they last."""

    left: tuple[Difference, ...]
    is_kept: bool


def mend(
    live: LiveFacts,
    environment: EnvironmentFacts,
    database: DatabaseFacts,
    statements: Sequence[str],
    planned_for: Catalog,
    expected: Catalog,
) -> Mended:
    """Run a proven plan, in one transaction where the server has such; raises DriftguardError, Unavailable.

    Refused unless the database still is at its stamp and holds ``planned_for``. What does not end as
    ``expected`` is undone where it can be.
    """
    probe, dialect = environment.probe, database.database.dialect
    probe.renew(SECONDS)
    with environment.failures(), opened(probe, live.url, dialect, live.catalog_in) as bench:
        stamp = probe.stamp(bench.session, database.database)
        if stamp != live.reading.stamp or diff(planned_for, bench.catalog()):
            raise Refused("the live database has changed since the plan was made: nothing was done", AGAIN)
        undoes, unsound = bench.module.MANNER.transactional, _unsound(bench)
        done, reason = bench.attempt(statements)
        if reason and undoes:
            raise DriftguardError(f"the live database refuses, and is as it was before: {reason}", LOOK)
        if reason:
            raise DriftguardError(
                f"statement {done + 1} of {len(statements)} was refused, and this server cannot undo the "
                f"{counted(done, 'statement')} before it: {reason}",
                LOOK,
            )
        if _unsound(bench) > unsound:
            raise DriftguardError("rows would refer to rows that are not there: nothing was done", LOOK)
        left = diff(expected, bench.catalog())
        is_kept = not (left and undoes)
        if is_kept:
            bench.keep()
        return Mended(left, is_kept)


def _unsound(bench: Bench) -> int:
    """Rows that refer to none, where the server does not look after that itself."""
    statement = bench.module.MANNER.unsound
    return bench.number(statement) if statement else 0
