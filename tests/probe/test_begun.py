"""Statements that are carried out while the guest does something else."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded import sql
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url

import driftguard

sys.path.append(str(Path(driftguard.__file__).parent / "probe" / "guest"))

from driftguard_guest.connections import Connections
from driftguard_guest.sessions import Sessions

DRIVERS = ["psycopg", "psycopg2", "psycopg_async", "asyncpg"]
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
ASLEEP = f"SELECT count(*) {OTHERS} AND query LIKE 'SELECT pg_sleep%'"
WAKE = f"SELECT pg_cancel_backend(pid) {OTHERS}"
CONNECTED = f"SELECT count(*) {OTHERS}"


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(Connections(None))


@pytest.fixture
def heard() -> Iterator[list[threading.Thread]]:
    """In which threads somebody who listens to all engines hears of what happens."""
    threads: list[threading.Thread] = []
    names = ("engine_connect", "before_cursor_execute", "after_cursor_execute")

    def hear(*_: object) -> None:
        threads.append(threading.current_thread())

    for name in names:
        event.listen(Engine, name, hear)
    yield threads
    for name in names:
        event.remove(Engine, name, hear)


def with_driver(url: str, driver: str) -> str:
    return make_url(url).set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)


@pytest.mark.parametrize("driver", DRIVERS)
def test_other_calls_are_served_meanwhile(
    driver: str, postgresql_url: str, sessions: Sessions, heard: list[threading.Thread]
) -> None:
    url = with_driver(postgresql_url, driver)
    began = sessions.begin_executing(url, ["SELECT pg_sleep(60)"])
    while sessions.execute(url, [ASLEEP]) == [["0"]]:
        time.sleep(0.01)
    sessions.execute(url, [WAKE])
    with pytest.raises(Exception, match="canceling statement"):
        sessions.finish_executing(began)
    while sql(postgresql_url, CONNECTED) != [(0,)]:
        time.sleep(0.01)
    if driver in ("psycopg", "psycopg2"):
        assert {*heard} == {threading.current_thread()}


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_is_committed_by_itself(driver: str, postgresql_url: str, sessions: Sessions) -> None:
    url = with_driver(postgresql_url, driver)
    statements = ["CREATE TABLE here (id integer)", "VACUUM", "NO SQL", "DROP TABLE here"]
    first, second = sessions.begin_executing(url, statements), sessions.begin_executing(url, ["SELECT 1"])
    assert first != second
    sessions.finish_executing(second)
    with pytest.raises(Exception, match="syntax error"):
        sessions.finish_executing(first)
    assert sessions.execute(url, ["SELECT to_regclass('here')"]) == [["here"]]
