"""Many live databases of one environment, read at the same time by guests of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from driftguard.checks.setup import Problem
from driftguard.checks.words import counted
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.export import Unusable, loaded
from driftguard.facts.exporting import ANEW, reading_of
from driftguard.facts.fingerprints import GUEST_DIED, MEMORY
from driftguard.facts.guest import Probe, open_probe
from driftguard.facts.live import ALL_OF_THEM, NAME_ANOTHER, LiveFacts, ReadBefore, TenantLive
from driftguard.facts.reading import lost, read
from driftguard.facts.readings import Lost, Reading
from driftguard.facts.scene import Live
from driftguard.facts.unavailable import Unavailable
from driftguard.findings import Finding, Severity, Side
from driftguard.probe.answers import Address, Database
from driftguard.probe.guest_process import DeadlinePassed, GuestFailed
from driftguard.schema.catalog import Catalog, Scope

MOST_READERS = 8
"""Guests at a time: most of their time they wait for a network, and each is a Python with SQLAlchemy in it."""

LOOK_SECONDS = 0.2
DATABASE, TENANT = "database", "tenant schema"
INSIDE = "/"
"""Between a database's name and that of a tenant's schema."""

SEVERAL = "env.py configures several databases, and each of several live ones cannot be all of them"
LATE = "it did not answer within {} seconds"
LATER = "see what it waits for, or allow more time with the setting deadline"


class Group(NamedTuple):
    """Databases, or tenants, that hold the very same, under one stamp."""

    names: tuple[str, ...]
    live: LiveFacts


class Fleet(NamedTuple):
    """What was read of many databases or tenants, outliers first, and what could not be read. ``kind`` says which."""

    kind: str
    names: tuple[str, ...]
    groups: tuple[Group, ...]
    lost: tuple[tuple[tuple[str, ...], Unavailable], ...] = ()


class Part(NamedTuple):
    """A live database, or one tenant's schema of it."""

    name: str
    reading: Reading
    is_tenant: bool


def read_fleet(facts: EnvironmentFacts, database: DatabaseFacts, neighbours: Sequence[Catalog]) -> Fleet:
    """Every database of the scene's fleet, of whose schemas what head knows; raises Unavailable."""
    if len(facts.databases) > 1:
        name = facts.environment.name
        raise Unavailable("DG904", _problem(name, f"{name}: {SEVERAL}", ALL_OF_THEM))
    with facts.failures():
        found = _read_all(facts, database, facts.scene.fleet)
        facts.renew()
        parts: list[Part] = []
        reasons: dict[Lost, list[str]] = {}
        for live in facts.scene.fleet:
            taken = found[live.name]
            if isinstance(taken, Lost):
                reasons.setdefault(taken, []).append(live.name)
                continue
            parts += _tenants(f"{live.name}{INSIDE}", taken, reasons)
            if not _read_before(facts, database, neighbours, [Part("", taken, False)], {}).is_only_for_tenants:
                parts.append(Part(live.name, taken, False))
    kind = TENANT if any(each.is_tenant for each in parts) else DATABASE
    return _fleet(kind, _groups(facts, database, neighbours, parts), reasons)


def tenants_of(
    facts: EnvironmentFacts, database: DatabaseFacts, neighbours: Sequence[Catalog], live: LiveFacts
) -> Fleet:
    """The tenants of one database; raises Unavailable where that does not answer."""
    reasons: dict[Lost, list[str]] = {}
    parts = _tenants("", live.taken, reasons)
    return _fleet(TENANT, _groups(facts, database, neighbours, parts), reasons)


def _fleet(kind: str, groups: tuple[Group, ...], reasons: Mapping[Lost, Sequence[str]]) -> Fleet:
    names = [name for each in (*(group.names for group in groups), *reasons.values()) for name in each]
    lost = tuple((tuple(each), _unread(kind, each, why)) for why, each in reasons.items())
    return Fleet(kind, tuple(sorted(names)), groups, lost)


def told_where(finding: Finding) -> Finding:
    """A finding on tenants' schemas, whose statements run in the first of them."""
    if not any(command.endswith(";") for command in finding.commands):
        return finding
    schema = finding.databases[0].rpartition(INSIDE)[2].replace('"', '""')
    more = " in each of these schemas" if len(finding.databases) > 1 else ""
    return replace(
        finding,
        help=finding.help.replace("undo it", f"undo it{more}", 1),
        commands=(f'SET search_path TO "{schema}";', *finding.commands),
    )


def _tenants(before: str, taken: Reading, reasons: dict[Lost, list[str]]) -> list[Part]:
    """Those that could be read; the others are put to ``reasons``."""
    parts = []
    for schema, own in taken.tenants:
        if isinstance(own, Lost):
            reasons.setdefault(own, []).append(f"{before}{schema}")
        else:
            parts.append(Part(f"{before}{schema}", own, True))
    return parts


def _groups(
    facts: EnvironmentFacts, database: DatabaseFacts, neighbours: Sequence[Catalog], parts: Sequence[Part]
) -> tuple[Group, ...]:
    alike: dict[tuple[Reading, bool], list[Part]] = {}
    for part in parts:
        alike.setdefault((part.reading, part.is_tenant), []).append(part)
    built: dict[frozenset[str], Catalog] = {}
    return tuple(
        Group(tuple(part.name for part in each), _read_before(facts, database, neighbours, each, built))
        for each in sorted(alike.values(), key=len)
    )


def _unread(kind: str, names: Sequence[str], why: Lost) -> Unavailable:
    subject = names[0] if len(names) == 1 else counted(len(names), f"live {kind}" if kind == DATABASE else kind)
    return Unavailable("DG904", _problem(subject, f"{subject} could not be compared: {why.reason}", why.advice))


def _problem(subject: str, message: str, advice: str) -> Problem:
    return Problem(subject, message, help=advice, side=Side.LIVE, severity=Severity.ERROR)


def _read_before(
    facts: EnvironmentFacts,
    database: DatabaseFacts,
    neighbours: Sequence[Catalog],
    parts: Sequence[Part],
    built: dict[frozenset[str], Catalog],
) -> ReadBefore:
    name, reading, is_tenant = parts[0]
    called = name if len(parts) == 1 else f"{name} (and {len(parts) - 1} more like it)"
    kind = TenantLive if is_tenant else ReadBefore
    return kind(facts, database, Live(name=called, severity=Severity.ERROR), neighbours, lambda: reading, built)


def _read_all(facts: EnvironmentFacts, database: DatabaseFacts, fleet: Sequence[Live]) -> dict[str, Reading | Lost]:
    """By name. A guest that somebody keeps waiting is ended, and another one goes on with the next database."""
    waiting: SimpleQueue[Live] = SimpleQueue()
    found: dict[str, Reading | Lost] = {}
    for live in fleet:
        if live.file is None:
            waiting.put(live)
        else:
            found[live.name] = _in_file(live.file, database, facts.settings.tenants)
    alike: dict[Reading | Lost, Reading | Lost] = {}
    readers, scope = min(MOST_READERS, waiting.qsize()), database.live_scope
    running: dict[Future[None], ExitStack] = {}
    # Guests are ended before the threads that may wait for them.
    with ThreadPoolExecutor(MOST_READERS, "driftguard reader") as pool, ExitStack() as guests:
        while running or not waiting.empty():
            while len(running) < readers and not waiting.empty():
                stack = guests.enter_context(ExitStack())
                probe = stack.enter_context(open_probe(facts.scene, facts.environment, facts.probe.interpreter))
                running[pool.submit(_read_on, probe, scope, facts, database, waiting, found, alike)] = stack
            done, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
            facts.scene.progress(f"{facts.environment.name}: {len(found)} of {len(fleet)} live databases read")
            for future in done:
                running.pop(future).close()
                future.result()
    return found


def _in_file(file: Path, database: DatabaseFacts, tenants: Sequence[str]) -> Reading | Lost:
    try:
        return reading_of(loaded(file), database.database, database.head, database.live_scope, tenants)
    except Unusable as unusable:
        return Lost(str(unusable), ANEW)


def _read_on(
    probe: Probe,
    scope: Scope,
    facts: EnvironmentFacts,
    database: DatabaseFacts,
    waiting: SimpleQueue[Live],
    found: dict[str, Reading | Lost],
    alike: dict[Reading | Lost, Reading | Lost],
) -> None:
    """Read one after the other, each with a deadline of its own, until nothing is left or this guest is lost.

    What is the same of several is kept once (``alike``), however large it is.
    """
    seconds = facts.settings.deadline
    probe.finish_loading()
    while True:
        try:
            live = waiting.get_nowait()
        except Empty:
            return
        probe.renew(seconds)
        try:
            taken = _read_one(probe, scope, live, database.database, facts.settings.tenants)
            found[live.name] = alike.setdefault(taken, taken)
        except DeadlinePassed:
            found[live.name] = Lost(LATE.format(seconds), LATER)
            return
        except GuestFailed as error:
            found[live.name] = Lost(error.message, "see `driftguard explain DG904`")
            if error.kind == GUEST_DIED:
                return


def _read_one(probe: Probe, scope: Scope, live: Live, known: Database, tenants: Sequence[str]) -> Reading | Lost:
    if live.unset:
        return Lost(f"the environment variable {live.unset} is not set", "set it")
    try:
        answer = probe.call("reach", url=live.url, dialect=known.dialect, driver=known.driver)
    except GuestFailed as error:
        if error.kind == GUEST_DIED:
            raise
        return Lost(error.message, "mend the URL")
    address = Address(**answer["address"])
    if address.database == MEMORY:
        return Lost("it is in memory, so there is no live database to compare", NAME_ANOTHER)
    try:
        return read(probe, answer["live"], known, scope, tenants)
    except GuestFailed as error:
        if error.kind == GUEST_DIED:
            raise
        return lost(known.dialect, address, error.message)
