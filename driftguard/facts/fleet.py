"""Many live databases of one environment, read at the same time by guests of their own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from driftguard.checks.setup import Problem
from driftguard.checks.words import counted
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.export import Unusable, loaded
from driftguard.facts.exporting import ANEW, reading
from driftguard.facts.fingerprints import GUEST_DIED, MEMORY
from driftguard.facts.guest import Probe, open_probe
from driftguard.facts.live import NAME_ANOTHER, LiveFacts, ReadBefore
from driftguard.facts.reading import Lost, Reading, lost, read
from driftguard.facts.scene import Live
from driftguard.facts.unavailable import Unavailable
from driftguard.findings import Severity, Side
from driftguard.probe.answers import Address, Database
from driftguard.probe.guest_process import DeadlinePassed, GuestFailed
from driftguard.schema.catalog import Catalog, Scope

MOST_READERS = 8
"""Guests at a time: most of their time they wait for a network, and each is a Python with SQLAlchemy in it."""

LOOK_SECONDS = 0.2
SEVERAL = "env.py configures several databases, and each of several live ones cannot be all of them"
ONE_BY_ONE = "leave --live out to compare each with the database that env.py configures"
LATE = "it did not answer within {} seconds"
LATER = "see what it waits for, or allow more time with the setting deadline"


class Group(NamedTuple):
    """Databases that hold the very same, under one stamp."""

    names: tuple[str, ...]
    live: LiveFacts


class Fleet(NamedTuple):
    """What was read of many databases, outliers first, and what could not be read."""

    groups: tuple[Group, ...]
    lost: tuple[tuple[tuple[str, ...], Unavailable], ...]


def read_fleet(facts: EnvironmentFacts, database: DatabaseFacts, neighbours: Sequence[Catalog]) -> Fleet:
    """Every database of the scene's fleet, of whose schemas what head knows; raises Unavailable."""
    if len(facts.databases) > 1:
        name = facts.environment.name
        raise Unavailable("DG904", _problem(name, f"{name}: {SEVERAL}", ONE_BY_ONE))
    with facts.failures():
        found = _read_all(facts, database, facts.scene.fleet)
    names: dict[Reading, list[str]] = {}
    for live in facts.scene.fleet:
        if isinstance(taken := found[live.name], Reading):
            names.setdefault(taken, []).append(live.name)
    built: dict[frozenset[str], Catalog] = {}
    groups = tuple(
        Group(tuple(each), _read_before(facts, database, neighbours, each, taken, built))
        for taken, each in sorted(names.items(), key=lambda item: len(item[1]))
    )
    reasons: dict[Lost, list[str]] = {}
    for live in facts.scene.fleet:
        if isinstance(why := found[live.name], Lost):
            reasons.setdefault(why, []).append(live.name)
    return Fleet(groups, tuple((tuple(each), _unread(each, why)) for why, each in reasons.items()))


def _unread(names: Sequence[str], why: Lost) -> Unavailable:
    subject = names[0] if len(names) == 1 else counted(len(names), "live database")
    return Unavailable("DG904", _problem(subject, f"{subject} could not be compared: {why.reason}", why.advice))


def _problem(subject: str, message: str, advice: str) -> Problem:
    return Problem(subject, message, help=advice, side=Side.LIVE, severity=Severity.ERROR)


def _read_before(
    facts: EnvironmentFacts,
    database: DatabaseFacts,
    neighbours: Sequence[Catalog],
    names: Sequence[str],
    taken: Reading,
    built: dict[frozenset[str], Catalog],
) -> ReadBefore:
    called = names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more like it)"
    return ReadBefore(facts, database, Live(name=called, severity=Severity.ERROR), neighbours, lambda: taken, built)


def _read_all(facts: EnvironmentFacts, database: DatabaseFacts, fleet: Sequence[Live]) -> dict[str, Reading | Lost]:
    """By name. A guest that somebody keeps waiting is ended, and another one goes on with the next database."""
    waiting: SimpleQueue[Live] = SimpleQueue()
    found: dict[str, Reading | Lost] = {}
    for live in fleet:
        if live.file is None:
            waiting.put(live)
        else:
            found[live.name] = _in_file(live.file, database)
    readers, scope = min(MOST_READERS, waiting.qsize()), database.live_scope
    running: dict[Future[None], ExitStack] = {}
    # Guests are ended before the threads that may wait for them.
    with ThreadPoolExecutor(MOST_READERS, "driftguard reader") as pool, ExitStack() as guests:
        while running or not waiting.empty():
            while len(running) < readers and not waiting.empty():
                stack = guests.enter_context(ExitStack())
                probe = stack.enter_context(open_probe(facts.scene, facts.environment, facts.probe.interpreter))
                running[pool.submit(_read_on, probe, scope, facts, database, waiting, found)] = stack
            done, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
            facts.scene.progress(f"{facts.environment.name}: {len(found)} of {len(fleet)} live databases read")
            for future in done:
                running.pop(future).close()
                future.result()
    return found


def _in_file(file: Path, database: DatabaseFacts) -> Reading | Lost:
    try:
        return reading(loaded(file), database.database, database.head, database.live_scope)
    except Unusable as unusable:
        return Lost(str(unusable), ANEW)


def _read_on(
    probe: Probe,
    scope: Scope,
    facts: EnvironmentFacts,
    database: DatabaseFacts,
    waiting: SimpleQueue[Live],
    found: dict[str, Reading | Lost],
) -> None:
    """Read one after the other, each with a deadline of its own, until nothing is left or this guest is lost."""
    seconds = facts.settings.deadline
    probe.finish_loading()
    while True:
        try:
            live = waiting.get_nowait()
        except Empty:
            return
        probe.renew(seconds)
        try:
            found[live.name] = _read_one(probe, scope, live, database.database)
        except DeadlinePassed:
            found[live.name] = Lost(LATE.format(seconds), LATER)
            return
        except GuestFailed as error:
            found[live.name] = Lost(error.message, "see `driftguard explain DG904`")
            if error.kind == GUEST_DIED:
                return


def _read_one(probe: Probe, scope: Scope, live: Live, known: Database) -> Reading | Lost:
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
        return read(probe, answer["live"], known, scope)
    except GuestFailed as error:
        if error.kind == GUEST_DIED:
            raise
        return lost(known.dialect, address, error.message)
