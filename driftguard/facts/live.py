"""Facts of the live database: its stamp, its catalog, and what its own stamp builds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from driftguard.catalog import CATALOGS
from driftguard.checks.setup import Problem
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.fingerprints import UNREACHABLE, fingerprint, plain_file
from driftguard.facts.scene import Live
from driftguard.facts.unavailable import Unavailable
from driftguard.findings import Severity, Side
from driftguard.graph import Revision
from driftguard.probe.answers import Address
from driftguard.probe.guest_process import GuestFailed
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Row, Scope
from driftguard.schema.diff import diff

MOST_CANDIDATES = 20
MEMORY = ":memory:"
VERSIONS_DIFFER = "{} runs on {}, its shadow on {}: the servers may spell the same thing differently"
NAME_ANOTHER = "name the database to compare with --live URL; --live off leaves it out"
MAKE_IT = "make it by an upgrade, or mend the address; --live off leaves the live database out"
MEND = "start it or mend the address; --live off leaves the live database out"
WAIT = "somebody else holds a lock: check again when they are done; --live off leaves the live database out"
GRANT = "give the role the right to connect and SELECT; --live off leaves the live database out"
DEPLOYED = "a deployment seems to be running: {}"
MOVED = "its stamp moved from {} to {}"
BEING_WRITTEN = "another session is changing {}"
LATER = "check again when it is done; --live off leaves the live database out"
READINGS, PAUSE_SECONDS, PATIENCE_SECONDS = 3, 1.0, 6.0
"""How often a database is read that is being upgraded, how long in between, and when no more reading begins."""

TORN = ("lock timeout", "Lock wait timeout", "database is locked", "cache lookup failed", "could not open relation")
"""What servers say to who reads while somebody else changes the schema."""

ADVICE = (
    ("database is locked", WAIT),
    ("lock timeout", WAIT),
    ("Lock wait timeout", WAIT),
    ("permission denied", GRANT),
    ("denied to user", GRANT),
    ("denied for user", GRANT),
)


class Reading(NamedTuple):
    """One consistent look: the stamp (None: there is no version table) and the catalog."""

    stamp: tuple[str, ...] | None
    catalog: Catalog


class LiveFacts:
    """Obtained when first asked for, and once; raises Unavailable where the database does not answer.

    ``neighbours`` are what other revision chains build in the same database.
    """

    def __init__(
        self, environment: EnvironmentFacts, database: DatabaseFacts, live: Live, neighbours: Sequence[Catalog] = ()
    ) -> None:
        self._environment = environment
        self._facts = database
        self._live = live
        self._neighbours = neighbours
        self.fingerprint_before = ""
        self._expected: dict[tuple[str, ...], Catalog] = {}

    @cached_property
    def _target(self) -> tuple[int, Address]:
        """The guest's number of the live address, and the address."""
        database, unset = self._facts.database, self._live.unset
        if unset:
            raise self._missing(
                unset, f"the live database is not known: the environment variable {unset} is not set", "set it"
            )
        if not self._live.url:
            return database.live, database.address
        if len(self._environment.databases) > 1:
            raise self._missing(
                self._environment.environment.name,
                "env.py configures several databases, and one live URL was given",
                "leave --live out to compare each with the database that env.py configures",
            )
        try:
            answer = self._environment.probe.call("add_live", number=database.number, url=self._live.url)
        except GuestFailed as error:
            problem = Problem("live", error.message, help="mend the URL", side=Side.LIVE, severity=Severity.ERROR)
            raise Unavailable("DG904", problem) from error
        return answer["live"], Address(**answer["address"])

    @property
    def is_unnamed(self) -> bool:
        """Whether the variable that should name the database is not set."""
        return bool(self._live.unset)

    @property
    def is_in_memory(self) -> bool:
        """Whether there is nothing that somebody else could change."""
        return self.address.database == MEMORY

    @property
    def file(self) -> str | None:
        """The SQLite file that it is, if it is one that any process can read."""
        return plain_file(self._facts.database, self.address)

    @property
    def needs_guest(self) -> bool:
        """Whether it takes the project's driver to ask for a fingerprint."""
        try:
            return self.file is None and not self.is_in_memory
        except Unavailable:
            return False

    @property
    def version_table(self) -> str:
        """The table that holds the stamp."""
        return self._facts.database.version_table

    @property
    def severity(self) -> Severity:
        """How much it weighs if the database cannot be read."""
        return self._live.severity

    def fingerprint(self, *, exact: bool) -> str:
        """A text that changes when the schema or the stamp may have; see ``fingerprints``."""
        try:
            number, address = self._target
        except Unavailable as missing:
            return f"{UNREACHABLE}: {missing.problem.message}"
        database, probe = self._facts.database, self._environment.probe
        return fingerprint(probe, database, number, address, self._scope(), exact=exact)

    def _scope(self) -> Scope:
        """Only the schemas that head knows, unless env.py takes all."""
        return self._facts.scope(None if self._facts.database.include_schemas else select.schemas(self._facts.head))

    @property
    def address(self) -> Address:
        """Where the live database is."""
        return self._target[1]

    @cached_property
    def reading(self) -> Reading:
        """The stamp and the catalog, read in one session; only the schemas that head knows, unless env.py takes all.

        What differs while somebody upgrades the database is no drift: it is read again, some seconds long.
        """
        number, address = self._target
        if address.database == MEMORY:
            raise self._unreachable("it is in memory, so there is no live database to compare", NAME_ANOTHER)
        if self._environment.scene.staged or self.file:
            self.fingerprint_before = self.fingerprint(exact=True)
        began = monotonic()
        for reading in range(READINGS):
            if reading:
                sleep(PAUSE_SECONDS)
            try:
                found = self._read(number)
                under_way = "" if self._is_expected(found) else self._under_way(number, found)
                if not under_way:
                    return found
                untold = self._unreachable(DEPLOYED.format(under_way), LATER)
            except GuestFailed as error:
                untold = self._unreachable(*self._reason(error.message))
                if not any(said in error.message for said in TORN):
                    raise untold from error
            if monotonic() - began > PATIENCE_SECONDS:
                break
        raise untold

    def _read(self, number: int) -> Reading:
        """One look; raises GuestFailed."""
        database, probe = self._facts.database, self._environment.probe
        with probe.session(f"@{number}", database.dialect) as session:
            stamp = probe.stamp(session, database)
            catalog = probe.read(session, database.dialect, self._scope())
        return Reading(stamp, self._own(self._facts.filtered(catalog)))

    def _is_expected(self, reading: Reading) -> bool:
        """Whether it is what its own stamp builds, or that cannot be told."""
        stamp = reading.stamp
        if not stamp or any(each not in self._environment.graph for each in stamp):
            return False
        return not diff(self._expected_at(stamp), reading.catalog)

    def _under_way(self, number: int, reading: Reading) -> str:
        """What says that it is being upgraded: a stamp that is another one by now, or somebody who writes to it."""
        database, probe = self._facts.database, self._environment.probe
        module = CATALOGS.get(database.dialect)
        with probe.session(f"@{number}", database.dialect) as session:
            stamp = probe.stamp(session, database)
            rows = self._query(session, module.UNDER_WAY) if module and module.UNDER_WAY else []
        if stamp != reading.stamp:
            return MOVED.format(*(", ".join(each or ()) or "base" for each in (reading.stamp, stamp)))
        versions = (database.version_table_schema, database.version_table)
        changed = [table or "" for schema, table in rows if schema is None or (schema, table) == versions]
        return BEING_WRITTEN.format(changed[0]) if changed else ""

    def _query(self, session: int, statement: str) -> list[Row]:
        rows: list[Row] = self._environment.probe.call("query", session=session, statement=statement)
        return rows

    def _own(self, catalog: Catalog) -> Catalog:
        """Without what other chains keep in the same database: their version tables, and the tables that they build."""
        others = frozenset().union(*map(select.tables, self._neighbours), select.version_tables(catalog))
        return select.without(catalog, select.inside(others - select.tables(self._facts.head)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not compared, and whether the two servers may spell the same thing differently."""
        here, shadow = self.reading.catalog, self._facts.head
        other = here.dialect != "sqlite" and _release(here) != _release(shadow)
        versions = VERSIONS_DIFFER.format(self.address, here.version, shadow.version)
        return (*here.unread, *((versions,) if other else ()))

    @property
    def gaps(self) -> tuple[Problem, ...]:
        """What is of a kind that cannot be compared."""
        advice = "look at it yourself; without --strict-coverage it is a note"
        return tuple(
            Problem(each, f"{self.address}: {each}", help=advice, side=Side.LIVE, severity=Severity.ERROR)
            for each in self.reading.catalog.unread
        )

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Stamped revisions that are in no file here."""
        return tuple(each for each in self.reading.stamp or () if each not in self._environment.graph)

    @cached_property
    def expected(self) -> Catalog | None:
        """What the stamp's revisions build; None without a version table or with an unknown stamp."""
        stamp = self.reading.stamp
        if stamp is None or self.unknown:
            return None
        return self._expected_at(stamp)

    def _expected_at(self, stamp: tuple[str, ...]) -> Catalog:
        """As ``at``, and remembered."""
        if stamp not in self._expected:
            self._expected[stamp] = self.at(stamp)
        return self._expected[stamp]

    def at(self, stamp: tuple[str, ...]) -> Catalog:
        """What the chain builds up to ``stamp``; raises Unavailable if it cannot be replayed."""
        graph = self._environment.graph
        if graph.needed(*stamp) == graph.needed(*graph.heads()):
            return self._facts.head
        environment, number = self._environment, self._facts.database.number
        environment.scene.progress(f"{environment.environment.name}: replaying up to {', '.join(stamp) or 'base'}")
        with environment.failures():
            run = environment.probe.run(stamp, compare=False, purpose="stamp", loans=environment.loans(*stamp))
            if run.error is not None or len(run.databases) <= number:
                message = run.error.message if run.error else "env.py left this database out"
                problem = Problem(
                    environment.environment.name,
                    f"the revisions up to {', '.join(stamp)} cannot be replayed: {message}",
                )
                raise Unavailable("DG901", problem)
            replayed = run.databases[number]
            if graph.needed(*replayed.heads) != graph.needed(*stamp):
                begun = ", ".join(replayed.heads) or "base"
                raise self._unreachable(
                    f"its stamp lies before {begun}, where the setting begins_on lets a replay begin",
                    "upgrade it past there, or let begins_on begin earlier",
                )
            return self._facts.replayed(replayed)

    @cached_property
    def pending(self) -> tuple[Revision, ...]:
        """The revisions between the stamp and the heads, oldest first."""
        graph = self._environment.graph
        done = graph.needed(*(each for each in self.reading.stamp or () if each in graph))
        wanted = graph.needed(*graph.heads())
        return tuple(graph[each] for each in graph.ordered() if each in wanted - done)

    def matching(self, live: Catalog) -> tuple[str, ...]:
        """The newest revisions whose catalog is the given one, for a database without a stamp."""
        return next(((each,) for each in self._candidates() if not diff(self.at((each,)), live)), ())

    def _candidates(self) -> Iterator[str]:
        graph = self._environment.graph
        yield from list(reversed(graph.ordered()))[:MOST_CANDIDATES]

    def _reason(self, message: str) -> tuple[str, str]:
        """Why it could not be read, and what to do about it."""
        if self._facts.database.dialect == "sqlite":
            file = Path(self.address.database)
            if not file.exists():
                return "there is no such file", MAKE_IT
            if file.is_dir():
                return "it is a folder", MEND
        return message, next((advice for said, advice in ADVICE if said in message), MEND)

    def _unreachable(self, reason: str, advice: str) -> Unavailable:
        where = str(self.address) or "the live database"
        return self._missing(where, f"{where} could not be compared: {reason}", advice)

    def _missing(self, subject: str, message: str, advice: str) -> Unavailable:
        problem = Problem(subject, message, help=advice, side=Side.LIVE, severity=self._live.severity)
        return Unavailable("DG904", problem)


def _release(catalog: Catalog) -> tuple[str, str]:
    """The product and its major version."""
    return catalog.dialect, catalog.version.partition(".")[0]
