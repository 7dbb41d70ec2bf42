"""A database that is open for writing: a shadow to try statements on, or the live one (``facts.mending``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from driftguard.catalog import CATALOGS, CatalogModule
from driftguard.errors import DriftguardError
from driftguard.facts.guest import Probe
from driftguard.schema.catalog import Catalog, Name, named
from driftguard.schema.diff import Difference, diff
from driftguard.schema.plan import Step, in_working_order

MOST_ROUNDS = 20
NO_STATEMENT = "driftguard knows no statement for it"


class Bench:
    """One session, in one transaction where the server can undo everything in it."""

    def __init__(self, probe: Probe, session: int, dialect: str, read: Callable[[int], Catalog]) -> None:
        self.session = session
        self.module = module_of(dialect)
        self.is_open = True
        self._probe = probe
        self._dialect = dialect
        self._read = read

    def catalog(self) -> Catalog:
        """What it holds at this moment, with the order of the columns."""
        return replace(self._read(self.session), order=self._probe.order(self.session, self._dialect))

    def number(self, statement: str) -> int:
        """What a statement counts."""
        [[value]] = self._probe.call("query", session=self.session, statement=statement)
        return int(value)

    def attempt(self, statements: Sequence[str]) -> tuple[int, str]:
        """How many went through, and why the next one did not; none of them did where all can be undone."""
        savepoint = self.module.MANNER.transactional
        done, reason = self._probe.call("attempt", session=self.session, statements=statements, savepoint=savepoint)
        return (0 if savepoint and reason else done), reason

    def keep(self) -> None:
        """Commit, which ends it."""
        self.is_open = False
        self._probe.call("end_writing", session=self.session, keep=True)


@contextmanager
def opened(probe: Probe, url: str, dialect: str, read: Callable[[int], Catalog]) -> Iterator[Bench]:
    """The database at ``url``; what is not kept is rolled back."""
    manner = module_of(dialect).MANNER
    session = probe.call("begin_writing", url=url, before=manner.before, inside=manner.inside)
    bench = Bench(probe, session, dialect, read)
    try:
        yield bench
    finally:
        if bench.is_open:
            probe.call("end_writing", session=session, keep=False)


def module_of(dialect: str) -> CatalogModule:
    """Raises DriftguardError where driftguard writes no statements."""
    if dialect not in CATALOGS:
        raise DriftguardError(f"driftguard writes no statements for {dialect}", f"it does for {', '.join(CATALOGS)}")
    return CATALOGS[dialect]


class Found(NamedTuple):
    """The statements that went through, the differences that they leave, and a reason for each."""

    statements: tuple[str, ...]
    left: tuple[Difference, ...] = ()
    reasons: tuple[str, ...] = ()


def search(bench: Bench, wanted: Catalog, *, names: bool = False) -> Found:
    """Find out by trying what turns the database into ``wanted``; with ``names`` also those that a server made up.

    Each round compares, and tries a step for each difference; what fails may go through in a later round, when others
    have brought what it needs. Where a round changes nothing, the ways round are taken, each once.
    """

    def look() -> Catalog:
        return named(bench.catalog()) if names else bench.catalog()

    wanted = named(wanted) if names else wanted
    script: list[str] = []
    reasons: dict[Name, str] = {}
    taken: set[Name] = set()
    now = look()
    left = diff(wanted, now)
    for _ in range(MOST_ROUNDS):
        if not left:
            break
        ran, reasons = _round(bench, in_working_order(bench.module.steps(left, now, wanted)))
        now, before = look(), left
        left = diff(wanted, now)
        if left == before:
            stuck = [each for each in left if each.name not in taken]
            taken |= {each.name for each in stuck}
            ways = [Step((each,), bench.module.way_round(each, now, wanted)) for each in stuck]
            ran, further = _round(bench, in_working_order(ways))
            reasons |= further
            now = look()
            left = diff(wanted, now)
        if not ran or left == before:
            break
        script += ran
    return Found(tuple(script), left, tuple(reasons.get(each.name, NO_STATEMENT) for each in left))


def _round(bench: Bench, steps: Sequence[Step]) -> tuple[list[str], dict[Name, str]]:
    """What went through, and why the others did not."""
    ran: list[str] = []
    reasons: dict[Name, str] = {}
    for step in steps:
        done, reason = bench.attempt(step.statements)
        ran += step.statements[:done]
        if reason:
            reasons |= dict.fromkeys((each.name for each in step.differences), reason)
    return ran, reasons
