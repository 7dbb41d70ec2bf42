"""From one schema to another: the statements, found and proven on a shadow that holds the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from driftguard.facts.bench import Found, module_of, opened, search
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.sides import Side, run_by_one
from driftguard.schema.catalog import Catalog, Name
from driftguard.schema.diff import Difference, diff
from driftguard.schema.plan import in_working_order
from driftguard.schema.roles import as_run_by, named

NO_COPY = "no copy of {} could be made to try it on"


class Way(NamedTuple):
    """The differences of two schemas, and what turns the first into the second.

    ``left`` are the differences that remained when it was tried, with a reason for each; ``untried`` says why it could
    not be tried. ``there`` made a shadow like the first side out of what its stamp builds. ``renamed`` columns keep
    their values.
    """

    differences: tuple[Difference, ...]
    statements: tuple[str, ...]
    left: tuple[Difference, ...] = ()
    reasons: tuple[str, ...] = ()
    untried: str = ""
    there: tuple[str, ...] = ()
    renamed: frozenset[Name] = frozenset()

    @property
    def is_proven(self) -> bool:
        """Whether it was tried, and nothing was left."""
        return not self.left and not self.untried


def way(
    first: Side, second: Side, environment: EnvironmentFacts, database: DatabaseFacts, *, names: bool = True
) -> Way:
    """What turns ``first`` into ``second``; raises Unavailable, DriftguardError.

    With ``names`` the statements are for this very database, where the server may have made up other names for
    constraints than it does where the revisions are replayed.
    """
    first, second = run_by_one(first, second)
    differences = diff(first.catalog, second.catalog)
    if not differences:
        return Way((), ())
    trial = _Trial(environment, database, first.catalog.role, names=names)
    undoing = diff(second.catalog, first.catalog)
    wanted = second.catalog
    renamed: frozenset[Name] = frozenset()
    if trial.needs_order or _makes_tables(undoing) or _may_rename(undoing):
        wanted = replace(wanted, order=second.order())
    if _may_rename(undoing):
        now = replace(first.catalog, order=first.order())
        steps = (each for each in trial.module.steps(undoing, now, wanted) if each.renames)
        renamed = frozenset(each.name for step in steps for each in step.differences)
    environment.scene.progress(f"trying the statements on a copy of {first.called}")
    environment.renew()
    with environment.failures():
        environment.probe.make_roles(named(first.catalog) | named(second.catalog))
        url, copied = trial.copy(first)
        if copied.left:
            return _untried(first, differences, wanted, copied, trial)
        environment.renew()
        found = trial.searched(url, wanted)
        environment.renew()
        if not trial.undoes:
            url, copied = trial.copy(first)
        left, reason = trial.run(url, found.statements, wanted)
        reasons = found.reasons if left == found.left else (reason,) * len(left)
        database.give_back(url)
    return Way(differences, found.statements, left, reasons, there=copied.statements, renamed=renamed)


def _makes_tables(differences: Sequence[Difference]) -> bool:
    return any(each.name.kind == "table" and each.now is None for each in differences)


def _may_rename(differences: Sequence[Difference]) -> bool:
    """Whether a table lacks one column and has another one too many."""
    columns = [each for each in differences if each.name.kind == "column"]
    lost = {each.name[:3] for each in columns if each.now is None}
    return any(each.was is None and each.name[:3] in lost for each in columns)


def _untried(first: Side, differences: tuple[Difference, ...], wanted: Catalog, copied: Found, trial: _Trial) -> Way:
    """The statements as they come, in the order that is most likely."""
    steps = trial.module.steps(diff(wanted, first.catalog), first.catalog, wanted)
    statements = tuple(each for step in in_working_order(steps) for each in step.statements)
    return Way(differences, statements, copied.left, copied.reasons, NO_COPY.format(first.called))


class _Trial:
    """Shadows of one database on which statements are tried; ``role`` stands for who made what lies there."""

    def __init__(self, environment: EnvironmentFacts, database: DatabaseFacts, role: str, *, names: bool) -> None:
        self._role = role
        self._probe = environment.probe
        self._database = database
        self._dialect = database.database.dialect
        self.module = module_of(self._dialect)
        self._names = names and self.module.MANNER.uses_names
        self.undoes = self.module.MANNER.transactional
        self.needs_order = self._dialect == "sqlite"  # where any table may have to be made anew

    def _read(self, session: int) -> Catalog:
        found = self._probe.read(session, self._dialect, self._database.scope())
        return as_run_by(self._database.filtered(found), self._role)

    def copy(self, side: Side) -> tuple[str, Found]:
        """A shadow that holds what ``side`` does, and how it came to."""
        url = side.ground()
        self._probe.take(url)
        wanted, found = side.catalog, Found(())
        with opened(self._probe, url, self._dialect, self._read) as bench:
            if diff(wanted, bench.catalog()):
                wanted = replace(wanted, order=side.order())
                found = search(bench, wanted)
            if self._names and not found.left:
                renamed = search(bench, wanted, names=True)
                found = found._replace(left=renamed.left, reasons=renamed.reasons)
            bench.keep()
        return url, found

    def searched(self, url: str, wanted: Catalog) -> Found:
        """What makes the shadow ``wanted``; it is as before where that can be undone."""
        with opened(self._probe, url, self._dialect, self._read) as bench:
            return search(bench, wanted)

    def run(self, url: str, statements: Sequence[str], wanted: Catalog) -> tuple[tuple[Difference, ...], str]:
        """What is still not as ``wanted`` after all statements in one go, and why they stopped."""
        with opened(self._probe, url, self._dialect, self._read) as bench:
            _, reason = bench.attempt(statements)
            return diff(wanted, bench.catalog()), reason
