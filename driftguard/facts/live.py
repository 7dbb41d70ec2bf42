"""Facts of the live database: its stamp, its catalog, and what its own stamp builds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from time import monotonic, sleep

from driftguard import __version__
from driftguard.catalog import CATALOGS
from driftguard.checks.setup import Problem
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.export import Export, Unusable, loaded
from driftguard.facts.exporting import ANEW, reading_of
from driftguard.facts.fingerprints import UNREACHABLE, fingerprint, plain_file
from driftguard.facts.reading import lost, read
from driftguard.facts.readings import Lost, Reading
from driftguard.facts.scene import Live
from driftguard.facts.unavailable import Unavailable
from driftguard.findings import Severity, Side
from driftguard.graph import Revision
from driftguard.probe.answers import Address, Database
from driftguard.probe.guest_process import GuestFailed
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Scope, sharing
from driftguard.schema.diff import diff
from driftguard.schema.journal import Entry
from driftguard.schema.roles import as_run_by

MOST_CANDIDATES = 20
MOST_ENTRIES = 2000
MEMORY = ":memory:"
EXTENSION_DIFFERS = "{} has the extension {} {}, its shadow {}"
VERSIONS_DIFFER = "{} runs on {}, its shadow on {}: the servers may spell the same thing differently"
NO_PRIVILEGES = "owners and privileges (not compared on {})"
DEFAULT = Scope(frozenset({""}))
OTHER = "{} was exported by driftguard {}, and this is {}: export it anew if something is told that is not there"
ALL_OF_THEM = "leave --live out to compare each with the database that env.py configures"
NAME_ANOTHER = "name the database to compare with --live URL; --live off leaves it out"
DEPLOYED = "a deployment seems to be running: {}"
MOVED = "its stamp moved from {} to {}"
BEING_WRITTEN = "another session is changing {}"
LATER = "check again when it is done; --live off leaves the live database out"
READINGS, PAUSE_SECONDS, PATIENCE_SECONDS = 3, 1.0, 6.0
"""How often a database is read that is being upgraded, how long in between, and when no more reading begins."""

TORN = ("lock timeout", "Lock wait timeout", "database is locked", "cache lookup failed", "could not open relation")
"""What servers say to who reads while somebody else changes the schema."""


class LiveFacts:
    """Obtained when first asked for, and once; raises Unavailable where the database does not answer.

    ``neighbours`` are what other revision chains build in the same database, ``built`` what is known of replays up to
    sets of revisions. ``databases`` is how many env.py configures; None to let the environment be run up to its heads,
    if that has to be known.
    """

    def __init__(
        self,
        environment: EnvironmentFacts,
        database: DatabaseFacts,
        live: Live,
        neighbours: Sequence[Catalog] = (),
        built: dict[frozenset[str], Catalog] | None = None,
        databases: int | None = None,
    ) -> None:
        self._databases = databases
        self.environment = environment
        self.facts = database
        self._live = live
        self._neighbours = neighbours
        self._built = database.built if built is None else built
        self.fingerprint_before = ""
        self._role = ""
        self._last: tuple[Reading, Catalog] | None = None

    @cached_property
    def _target(self) -> tuple[int, Address]:
        """The guest's number of the live address, and the address."""
        environment = self.environment
        several = (len(environment.databases) if self._databases is None else self._databases) > 1
        return live_target(environment, self.facts.database, self._live, several=several)

    @property
    def has_read(self) -> bool:
        """Whether the database was read."""
        return "taken" in self.__dict__

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
        return plain_file(self.facts.database, self.address)

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
        return self.facts.database.version_table

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
        database, probe = self.facts.database, self.environment.probe
        scope = self.facts.scope() if self.environment.settings.tenants else self.facts.live_scope
        found = fingerprint(probe, database, number, address, scope, exact=exact)
        stayed = exact and self.has_read and found == self.fingerprint_before
        if stayed and not found.startswith(UNREACHABLE):
            self.environment.scene.readings.keep(self._terms, found, self.taken)
        return found

    @property
    def place(self) -> tuple[str, int]:
        """Which one it is, of all that a look reads: its environment, and its number there."""
        return self.environment.environment.name, self.facts.database.number

    @property
    def _terms(self) -> Hashable:
        """All that a reading depends on but the database itself."""
        database, tenants = self.facts.database, self.environment.settings.tenants
        return self.address, database.dialect, database.driver, self.facts.live_scope, tenants

    @property
    def address(self) -> Address:
        """Where the live database is."""
        return self._target[1]

    @property
    def called(self) -> str:
        """What it is called in a sentence."""
        return str(self.address)

    @property
    def label(self) -> str:
        """What was looked at."""
        return f"live database {self.called}"

    @cached_property
    def stamp(self) -> tuple[str, ...] | None:
        """What ``reading`` says of the stamp, without reading anything else."""
        number, address = self._target
        if address.database == MEMORY:
            raise self._unreachable("it is in memory, so it has no stamp to look at", NAME_ANOTHER)
        database, probe = self.facts.database, self.environment.probe
        try:
            with probe.session(f"@{number}", database.dialect) as session:
                return probe.stamp(session, database)
        except GuestFailed as error:
            raise self._unreachable(*lost(database.dialect, address, error.message)) from error

    @cached_property
    def reading(self) -> Reading:
        """The stamp and the catalog, read in one session; only the schemas that head knows, unless env.py takes all."""
        return Reading(self.taken.stamp, self._compared(self.taken))

    def _compared(self, taken: Reading) -> Catalog:
        """Kept, because it is asked for again once a reading is taken."""
        if self._last is None or self._last[0] is not taken:
            self._last = taken, self._comparable(taken)
        return self._last[1]

    def _comparable(self, taken: Reading) -> Catalog:
        mine = taken.catalog
        if tenants := {name for name, _ in taken.tenants}:
            mine = select.without(mine, lambda name: select.schema_of(name) in tenants)
        return self._own(self.facts.filtered(mine))

    @cached_property
    def taken(self) -> Reading:
        """As it was read, with what env.py and the settings leave out, and all tenants."""
        taken = self._take()
        self._role = taken.catalog.role
        return taken

    @property
    def is_only_for_tenants(self) -> bool:
        """Whether what the revisions build is in the tenants' schemas, and nothing of it in the default one."""
        return bool(self.taken.tenants) and not (
            select.tables(select.scoped(self.facts.head, DEFAULT)) & select.tables(self.reading.catalog)
        )

    def _take(self) -> Reading:
        """What differs while somebody upgrades the database is no drift: it is read again, some seconds long."""
        number, address = self._target
        if address.database == MEMORY:
            raise self._unreachable("it is in memory, so there is no live database to compare", NAME_ANOTHER)
        database, probe = self.facts.database, self.environment.probe
        if not self.fingerprint_before and (self.environment.scene.staged or self.file):
            self.fingerprint_before = self.fingerprint(exact=True)
        if not probe.privileges:  # which roles have is not in the fingerprint
            known = self.environment.scene.readings.get(self._terms, self.fingerprint_before)
            if known is not None:
                return known
        began = monotonic()
        for reading in range(READINGS):
            if reading:
                sleep(PAUSE_SECONDS)
            try:
                found = read(probe, number, database, self.facts.live_scope, self.environment.settings.tenants)
                found = found._replace(catalog=sharing(found.catalog, self.facts.head))
                under_way = "" if self._is_expected(found) else self._under_way(number, found)
                if not under_way:
                    return found
                untold = self._unreachable(DEPLOYED.format(under_way), LATER)
            except GuestFailed as error:
                untold = self._unreachable(*lost(database.dialect, address, error.message))
                if not any(said in error.message for said in TORN):
                    raise untold from error
            if monotonic() - began > PATIENCE_SECONDS:
                break
        raise untold

    @cached_property
    def journal(self) -> tuple[Entry, ...]:
        """What the database's own journal says, newest first; () where there is none that this role may read."""
        database, probe = self.facts.database, self.environment.probe
        if database.dialect != "postgresql":
            return ()
        from driftguard.catalog.postgresql.journal import read_entries  # only where there can be one

        with suppress(GuestFailed), probe.session(f"@{self._target[0]}", database.dialect) as session:
            return read_entries(partial(probe.query, session), MOST_ENTRIES)
        return ()

    def listen(self, pipe: Path) -> bool:
        """Whether the database's journal tells the pipe of each change from now on; what cannot listen has to ask."""
        database, probe = self.facts.database, self.environment.probe
        if database.dialect != "postgresql":
            return False
        from driftguard.catalog.postgresql.journal import CHANNEL, IS_INSTALLED  # only where there can be one

        url = f"@{self._target[0]}"
        with suppress(GuestFailed):
            with probe.session(url, database.dialect) as session:
                installed = probe.query(session, IS_INSTALLED)
            return bool(installed) and bool(probe.call("listen", url=url, channel=CHANNEL, path=str(pipe)))
        return False

    @property
    def url(self) -> str:
        """By which the guest knows the live database."""
        return f"@{self._target[0]}"

    def catalog_in(self, session: int) -> Catalog:
        """What ``reading`` would hold now, as an open session sees it."""
        database = self.facts.database
        found = self.environment.probe.read(session, database.dialect, self.facts.live_scope)
        return self._compared(self.taken._replace(catalog=found))

    @property
    def strangers(self) -> tuple[str, ...]:
        """Version tables of other chains, unless all chains that live there are known: whose tables are whose?"""
        others = sorted(".".join(filter(None, each)) for each in select.version_tables(self.taken.catalog))
        return tuple(others) if len(others) > len(self._neighbours) else ()

    def _is_expected(self, reading: Reading) -> bool:
        """Whether it is what its own stamp builds, or that cannot be told."""
        stamp = reading.stamp
        if not stamp or any(each not in self.environment.graph for each in stamp):
            return False
        return not diff(as_run_by(self.at(stamp), reading.catalog.role), self._compared(reading))

    def _under_way(self, number: int, reading: Reading) -> str:
        """What says that it is being upgraded: a stamp that is another one by now, or somebody who writes to it."""
        database, probe = self.facts.database, self.environment.probe
        module = CATALOGS.get(database.dialect)
        with probe.session(f"@{number}", database.dialect) as session:
            stamp = probe.stamp(session, database)
            rows = probe.query(session, module.UNDER_WAY) if module and module.UNDER_WAY else []
        if stamp != reading.stamp:
            return MOVED.format(*(", ".join(each or ()) or "base" for each in (reading.stamp, stamp)))
        versions = (database.version_table_schema, database.version_table)
        changed = [table or "" for schema, table in rows if schema is None or (schema, table) == versions]
        return BEING_WRITTEN.format(changed[0]) if changed else ""

    def _own(self, catalog: Catalog) -> Catalog:
        """Without what other chains keep in the same database: their version tables, and the tables that they build."""
        others = frozenset().union(*map(select.tables, self._neighbours), select.version_tables(catalog))
        others -= select.tables(self.facts.head)
        return select.without(catalog, select.inside(others)) if others else catalog

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not compared, and what of the two servers may make them spell the same thing differently."""
        here, shadow = self.reading.catalog, self.facts.head
        other = here.dialect != "sqlite" and _release(here) != _release(shadow)
        versions = VERSIONS_DIFFER.format(self.called, here.version, shadow.version)
        on_shadow = dict(shadow.extensions)
        return (
            *here.unread,
            *self._without_privileges,
            *((versions,) if other else ()),
            *(
                EXTENSION_DIFFERS.format(self.called, name, version, on_shadow[name])
                for name, version in here.extensions
                if on_shadow.get(name, version) != version
            ),
        )

    @property
    def gaps(self) -> tuple[Problem, ...]:
        """What is of a kind that cannot be compared."""
        advice = "look at it yourself; without --strict-coverage it is a note"
        return tuple(
            Problem(each, f"{self.address}: {each}", help=advice, side=Side.LIVE, severity=Severity.ERROR)
            for each in (*self.reading.catalog.unread, *self._without_privileges)
        )

    @property
    def _without_privileges(self) -> tuple[str, ...]:
        """Where they were asked for, and there is no telling."""
        dialect = self.facts.database.dialect
        is_told = not self.environment.settings.privileges or dialect == "postgresql"
        return () if is_told else (NO_PRIVILEGES.format(dialect),)

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Stamped revisions that are in no file here."""
        return tuple(each for each in self.reading.stamp or () if each not in self.environment.graph)

    @cached_property
    def expected(self) -> Catalog | None:
        """What the stamp's revisions build; None without a version table or with an unknown stamp."""
        stamp = self.reading.stamp
        if stamp is None or self.unknown:
            return None
        return self.at(stamp)

    def at(self, stamp: tuple[str, ...]) -> Catalog:
        """What the chain builds up to ``stamp``, by the role that upgraded live; raises Unavailable if it cannot."""
        graph = self.environment.graph
        needed = graph.needed(*stamp)
        if needed == graph.needed(*graph.heads()):
            return as_run_by(self.facts.head, self._role)
        if needed not in self._built:
            with self.environment.failures():
                self._built[needed] = self.facts.replayed(self.replay(stamp))
        return as_run_by(self._built[needed], self._role)

    def replay(self, stamp: tuple[str, ...]) -> Database:
        """The database on a shadow where the chain ran up to ``stamp``; raises Unavailable if it cannot be replayed."""
        graph = self.environment.graph
        environment, number = self.environment, self.facts.database.number
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
            return replayed

    @cached_property
    def pending(self) -> tuple[Revision, ...]:
        """The revisions between the stamp and the heads, oldest first."""
        graph = self.environment.graph
        done = graph.needed(*(each for each in self.reading.stamp or () if each in graph))
        left = graph.needed(*graph.heads()) - done
        return tuple(graph[each] for each in graph.ordered() if each in left)

    def matching(self, live: Catalog) -> tuple[str, ...]:
        """The newest revisions whose catalog is the given one, for a database without a stamp."""
        return next(((each,) for each in self._candidates() if not diff(self.at((each,)), live)), ())

    def _candidates(self) -> Iterator[str]:
        graph = self.environment.graph
        yield from list(reversed(graph.ordered()))[:MOST_CANDIDATES]

    def _unreachable(self, reason: str, advice: str) -> Unavailable:
        where = self.called or "the live database"
        return self._missing(where, f"{where} could not be compared: {reason}", advice)

    def _missing(self, subject: str, message: str, advice: str) -> Unavailable:
        return _unavailable(self._live, subject, message, advice)


def live_target(environment: EnvironmentFacts, database: Database, live: Live, *, several: bool) -> tuple[int, Address]:
    """The guest's number of the live address of a database, one of ``several``, and the address; raises Unavailable."""
    if live.unset:
        message = f"the live database is not known: the environment variable {live.unset} is not set"
        raise _unavailable(live, live.unset, message, "set it")
    if not live.url:
        return database.live, database.address
    if several:
        raise _unavailable(
            live,
            environment.environment.name,
            "env.py configures several databases, and one live URL was given",
            ALL_OF_THEM,
        )
    try:
        answer = environment.probe.call("reach", url=live.url, dialect=database.dialect, driver=database.driver)
    except GuestFailed as error:
        problem = Problem("live", error.message, help="mend the URL", side=Side.LIVE, severity=Severity.ERROR)
        raise Unavailable("DG904", problem) from error
    return answer["live"], Address(**answer["address"])


def _unavailable(live: Live, subject: str, message: str, advice: str) -> Unavailable:
    return Unavailable("DG904", Problem(subject, message, help=advice, side=Side.LIVE, severity=live.severity))


class ReadBefore(LiveFacts):
    """A live database that somebody else has read."""

    def __init__(
        self,
        environment: EnvironmentFacts,
        database: DatabaseFacts,
        live: Live,
        neighbours: Sequence[Catalog],
        taken: Callable[[], Reading | Lost],
        built: dict[frozenset[str], Catalog] | None = None,
    ) -> None:
        super().__init__(environment, database, live, neighbours, built)
        self._taken = taken

    @property
    def called(self) -> str:
        return self._live.name

    @property
    def journal(self) -> tuple[Entry, ...]:
        """Nobody can be asked any more."""
        return ()

    def _take(self) -> Reading:
        taken = self._taken()
        if isinstance(taken, Lost):
            raise self._unreachable(*taken)
        return taken


class TenantLive(ReadBefore):
    """A schema of a live database that holds, or should hold, what the revisions build in the default one."""

    def at(self, stamp: tuple[str, ...]) -> Catalog:
        """What the chain builds in the default schema."""
        built = select.scoped(super().at(stamp), DEFAULT)
        return select.without(built, lambda name: name.kind in select.WITHOUT_SCHEMA)


class FromFile(ReadBefore):
    """A live database whose facts were exported; it is called as the database itself."""

    def __init__(
        self, environment: EnvironmentFacts, database: DatabaseFacts, live: Live, neighbours: Sequence[Catalog]
    ) -> None:
        assert live.file is not None
        self._file = live.file
        try:
            self._export: Export | None = loaded(live.file)
            called = self._export.address
        except Unusable as unusable:
            self._export, self._why, called = None, str(unusable), live.file.name
        super().__init__(environment, database, live.renamed(called), neighbours, self._reading)

    def _reading(self) -> Reading | Lost:
        if self._export is None:
            return Lost(self._why, ANEW)
        if len(self.environment.databases) > 1:
            return Lost("env.py configures several databases, and this is one", ALL_OF_THEM)
        facts, tenants = self.facts, self.environment.settings.tenants
        return reading_of(self._export, facts.database, facts.head, facts.live_scope, tenants)

    @property
    def label(self) -> str:
        when = f", as it was at {self._export.read_at} ({self._file.name})" if self._export else ""
        return f"{super().label}{when}"

    @property
    def notes(self) -> tuple[str, ...]:
        """One more if it was another driftguard that read, which may have looked at other things."""
        made_by = self._export.made_by if self._export else __version__
        other = (OTHER.format(self._file.name, made_by, __version__),) if made_by != __version__ else ()
        return (*super().notes, *other)


def _release(catalog: Catalog) -> tuple[str, str]:
    """The product and its major version."""
    return catalog.dialect, catalog.version.partition(".")[0]
