"""The guests that read: each database within a deadline of its own, and a guest that is lost is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from driftguard.facts import fleet
from driftguard.facts.fleet import LATE, MOST_READERS
from driftguard.facts.readings import Lost, Reading
from driftguard.facts.scene import Live
from driftguard.probe.guest_process import DeadlinePassed, GuestFailed
from driftguard.schema.catalog import make_catalog

SECONDS = 7
EMPTY = Reading((), make_catalog("sqlite", "3", ()))


class Reader:
    """A guest that finds what the URL says."""

    def __init__(self) -> None:
        self.deadlines: list[float] = []

    def finish_loading(self) -> None:
        pass

    def renew(self, seconds: float) -> None:
        self.deadlines.append(seconds)

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        assert name == "reach"
        address = {"host": "", "port": "", "database": arguments["url"], "user": ""}
        return {"live": arguments["url"], "address": address}


class Readers:
    """How many there were, and how many are still there."""

    def __init__(self) -> None:
        self.begun: list[Reader] = []
        self.there = 0

    @contextmanager
    def open(self, *_: object) -> Iterator[Reader]:
        self.begun.append(Reader())
        self.there += 1
        try:
            yield self.begun[-1]
        finally:
            self.there -= 1


def read(probe: Reader, number: str, *_: object) -> Reading:
    match number.partition(":")[0]:
        case "slow":
            raise DeadlinePassed("open")
        case "deadly":
            raise GuestFailed("died", "the project's interpreter was ended by signal SIGSEGV")
        case "closed":
            raise GuestFailed("raised", "OperationalError: permission denied for database")
    return Reading((), make_catalog("sqlite", "3", ()))


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    readers = Readers()
    monkeypatch.setattr(fleet, "open_probe", readers.open)
    monkeypatch.setattr(fleet, "read", read)
    return readers


def look(*urls: str) -> dict[str, Reading | Lost]:
    facts: Any = SimpleNamespace(
        settings=SimpleNamespace(deadline=SECONDS, tenants=()),
        environment=SimpleNamespace(name="main"),
        probe=SimpleNamespace(interpreter=None),
        scene=SimpleNamespace(progress=lambda stage: None),
    )
    database: Any = SimpleNamespace(
        database=SimpleNamespace(dialect="postgresql", driver="psycopg"), live_scope=None, name=""
    )
    return fleet._read_all(facts, database, [Live(url=url, name=url) for url in urls])


def test_all_are_read_by_a_few(readers: Readers) -> None:
    urls = [f"fine:{number}" for number in range(100)]
    found = look(*urls)
    assert found == dict.fromkeys(urls, EMPTY)
    assert len({id(each) for each in found.values()}) == 1, "what is the same is kept once"
    assert len(readers.begun) <= MOST_READERS and readers.there == 0
    assert [seconds for each in readers.begun for seconds in each.deadlines] == [SECONDS] * 100


def test_one_that_is_slow_or_deadly_costs_a_guest_and_nobody_else(readers: Readers) -> None:
    urls = ["slow:1", *(f"fine:{number}" for number in range(20)), "deadly:1", "slow:2", "closed:1", "fine:last"]
    found = look(*urls)
    lost = {name: why for name, why in found.items() if isinstance(why, Lost)}
    assert lost.keys() == {"slow:1", "deadly:1", "slow:2", "closed:1"} and found.keys() == set(urls)
    assert lost["slow:1"].reason == LATE.format(SECONDS)
    assert "SIGSEGV" in lost["deadly:1"].reason
    assert "right to connect" in lost["closed:1"].advice
    assert readers.there == 0


def test_all_are_slow(readers: Readers) -> None:
    found = look(*(f"slow:{number}" for number in range(30)))
    assert len(found) == 30 and all(isinstance(each, Lost) for each in found.values())
    assert len(readers.begun) >= 30 and readers.there == 0


def test_in_memory_and_unset(readers: Readers) -> None:
    found = look(":memory:")
    assert isinstance(found[":memory:"], Lost)


def test_readers_are_ended_when_we_are_interrupted(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fleet, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        look(*(f"fine:{number}" for number in range(10)))
    assert readers.there == 0
