"""Queries that are begun before their turn: each is made once, gets its own rows, and none is left unanswered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from driftguard.facts.guest import Probe
from driftguard.probe.guest_process import GuestFailed
from driftguard.project import Interpreter
from driftguard.schema.catalog import Catalog, Query, Scope, make_catalog

FIRST, SECOND, THIRD = IN_TURN = ("first", "second", "third")


class Guest:
    """Answers each query in its order with the query itself, or fails."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.left: list[str] = []
        self.failure: Exception | None = None
        self.fails_at = ""

    def begin(self, name: str, session: int, statement: str) -> None:
        assert (name, session) == ("query", 7)
        self.log.append(f"begin {statement}")
        self.left.append(statement)

    def finish(self, name: str) -> list[list[str]]:
        statement = self.left.pop(0)
        self.log.append(f"finish {statement}")
        if statement == self.fails_at and self.failure is not None:
            raise self.failure
        return [[statement]]


@pytest.fixture
def guest() -> Guest:
    return Guest()


@pytest.fixture
def probe(guest: Guest) -> Probe:
    return Probe(guest, Interpreter(sys.executable, "the tests'"), "", Path(), ExitStack())  # type: ignore[arg-type]


@pytest.fixture
def asks(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> list[str | BaseException]:
    """What a dialect asks for, one after the other, or what happens to it."""
    asked: list[str | BaseException] = []

    def answer(query: Query, statement: str | BaseException) -> str:
        if isinstance(statement, BaseException):
            raise statement
        assert query(statement) == [[statement]]
        guest.log.append(f"looked at {statement}")
        return statement

    def read(query: Query, scope: Scope) -> Catalog:
        del scope
        return make_catalog("it", "", (), [answer(query, each) for each in asked])

    monkeypatch.setattr("driftguard.facts.guest.CATALOGS", {"it": SimpleNamespace(read=read, IN_TURN=IN_TURN)})
    return asked


def read(probe: Probe) -> Any:
    return probe.read(7, "it", Scope()).unread


def test_the_next_one_runs_while_the_rows_of_one_are_looked_at(
    probe: Probe, guest: Guest, asks: list[str | BaseException]
) -> None:
    asks += ["version", *IN_TURN, "extensions"]
    assert read(probe) == tuple(sorted(("version", *IN_TURN, "extensions")))
    assert guest.log == [
        *("begin version", "finish version", "looked at version"),
        *("begin first", "finish first", "begin second", "looked at first"),
        *("finish second", "begin third", "looked at second"),
        *("finish third", "looked at third"),
        *("begin extensions", "finish extensions", "looked at extensions"),
    ]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([FIRST], id="left early"),
        pytest.param([FIRST, SECOND, "another", THIRD], id="another in between"),
        pytest.param([FIRST, FIRST], id="one again"),
        pytest.param([FIRST, THIRD], id="one left out"),
        pytest.param([THIRD, SECOND], id="the other way round"),
    ],
)
def test_whatever_is_asked_gets_its_own_rows(
    asked: list[str], probe: Probe, guest: Guest, asks: list[str | BaseException]
) -> None:
    asks += asked
    assert read(probe) == tuple(sorted(asked))
    assert guest.left == []


@pytest.fixture(params=[FIRST, SECOND, THIRD])
def failing(request: pytest.FixtureRequest, guest: Guest, asks: list[str | BaseException]) -> Iterator[str]:
    asks += IN_TURN
    guest.fails_at = request.param
    yield request.param


@pytest.mark.usefixtures("failing")
def test_after_a_failure_nothing_is_left_unanswered(probe: Probe, guest: Guest) -> None:
    guest.failure = GuestFailed("project", "permission denied")
    with pytest.raises(GuestFailed, match="permission denied"):
        read(probe)
    assert guest.left == []


def test_nor_after_a_bug_of_ours(probe: Probe, guest: Guest, asks: list[str | BaseException]) -> None:
    asks += [FIRST, ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        read(probe)
    assert guest.left == []


def test_what_fails_before_its_turn_and_is_never_asked_for_fails_nobody(
    probe: Probe, guest: Guest, asks: list[str | BaseException]
) -> None:
    asks += [FIRST]
    guest.failure, guest.fails_at = GuestFailed("project", "permission denied"), SECOND
    assert read(probe) == (FIRST,)


def test_who_is_interrupted_waits_for_nothing(probe: Probe, guest: Guest, asks: list[str | BaseException]) -> None:
    asks += [FIRST, KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        read(probe)
    assert guest.left == [SECOND]
