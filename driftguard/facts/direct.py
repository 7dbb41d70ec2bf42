"""A live database by itself, without a look at models and revisions: for what users ask of it by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from driftguard.errors import DriftguardError
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.live import live_target
from driftguard.facts.scene import Live
from driftguard.probe.answers import Database
from driftguard.probe.guest_process import GuestFailed
from driftguard.schema.catalog import Query

T = TypeVar("T")

DENIED = ("permission denied", "must be ")
"""How PostgreSQL's messages begin, behind the driver's own words, where a role lacks a right."""


class NotAllowed(DriftguardError):
    """The role lacks a right."""


class DirectDatabase:
    """One live database of an environment; its address is known, and whether it answers is not."""

    def __init__(self, environment: EnvironmentFacts, database: Database, live: Live, *, several: bool) -> None:
        self.environment = environment.environment.name
        self.dialect = database.dialect
        self._facts = environment
        self._number, self.address = live_target(environment, database, live, several=several)

    def read(self, function: Callable[[Query], T]) -> T:
        """What ``function`` makes of a read-only session; raises DriftguardError."""
        probe = self._facts.probe
        with self._failures(), probe.session(f"@{self._number}", self.dialect) as session:
            return function(partial(probe.query, session))

    def execute(self, statements: tuple[str, ...]) -> None:
        """Run statements, all or none of them; raises DriftguardError, NotAllowed where the role may not."""
        with self._failures():
            self._facts.probe.execute_on_live(self._number, statements)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except GuestFailed as error:
            kind = NotAllowed if any(words in error.message for words in DENIED) else DriftguardError
            raise kind(f"{self.address}: {error.message}") from error


def direct_databases(environment: EnvironmentFacts) -> tuple[DirectDatabase, ...]:
    """The live databases of an environment; raises DriftguardError, Unavailable."""
    live = environment.scene.live_of(environment.settings)
    if not live.wanted:
        raise DriftguardError(f"{environment.environment.name}: the live database is left alone", "name it: --live URL")
    found = environment.configured
    if not found:
        raise DriftguardError(f"{environment.environment.name}: env.py names no database", "name it: --live URL")
    with environment.failures():
        return tuple(DirectDatabase(environment, each, live, several=len(found) > 1) for each in found)
