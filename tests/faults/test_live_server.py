"""The live database's server: restarted, stopped, and so slow that it says nothing at all."""

from __future__ import annotations

import signal

from guarded import sql
from live_server import LiveServer
from sqlalchemy import create_engine
from yard import Yard, eventually


def found(yard: Yard) -> set[str]:
    """What the newest look has found."""
    look = yard.looked()
    return {judged.finding.code for judged in look.verdict.findings} if look.verdict else set()


def begin(yard: Yard, server: LiveServer) -> None:
    yard.project.environ["SHOP_DATABASE"] = server.url
    yard.project.write("driftguard.toml", "deadline = 3\n")
    yard.project.git("add", "driftguard.toml")
    yard.project.alembic("upgrade", "head")


def be_patient(yard: Yard) -> None:
    """What is looked at from now on may take its time."""
    yard.project.replace("driftguard.toml", "3", "60")
    yard.project.git("add", "driftguard.toml")


def shadows(server: LiveServer) -> list[str]:
    """The disposable databases that lie beside the live one."""
    with create_engine(server.url).connect() as connection:
        found = connection.exec_driver_sql("SELECT datname::text FROM pg_database WHERE datname LIKE 'driftguard%%'")
        return [name for (name,) in found]


def test_restarted_and_stopped_under_a_watcher(yard: Yard, live_server: LiveServer) -> None:
    begin(yard, live_server)
    be_patient(yard)
    yard.daemon("start")
    assert found(yard) == set()

    live_server.stop()
    live_server.start()
    sql(live_server.url, "DROP INDEX ix_items_name")
    eventually(lambda: found(yard) & {"DG301", "DG303", "DG304"})
    sql(live_server.url, "CREATE INDEX ix_items_name ON items (name)")
    eventually(lambda: not found(yard))

    live_server.stop()
    eventually(lambda: "DG904" in found(yard))
    answer = yard.hook()
    assert answer.code == 0, answer.out
    yard.drift()
    yard.is_right()
    live_server.start()
    eventually(lambda: found(yard) == {"DG201"})
    yard.is_right()
    yard.daemon("stop")
    yard.nothing_is_left()


def test_altered_by_hand_beside_hooks(yard: Yard, live_server: LiveServer) -> None:
    begin(yard, live_server)
    be_patient(yard)
    yard.daemon("start")
    assert found(yard) == set()

    sql(live_server.url, "DROP INDEX ix_items_name")
    answer = yard.hook()
    assert (answer.code, "[DG301]" in answer.out) == (1, True), answer
    assert yard.hook() == answer
    log = (yard.own / "daemon.log").read_text()
    assert (log.count("live database: exit code 1"), log.count(": exit code")) == (1, 2), log

    assert shadows(live_server)  # for the next look
    yard.daemon("stop")
    assert not shadows(live_server)
    sql(live_server.url, "CREATE INDEX ix_items_name ON items (name)")
    answer = yard.hook()
    assert (answer.code, "DG301" in answer.out) == (0, False), answer
    yard.nothing_is_left()


def test_silent_to_a_hook(yard: Yard, live_server: LiveServer) -> None:
    begin(yard, live_server)
    yard.drift()
    live_server.signal(signal.SIGSTOP)
    answer = yard.hook()
    assert "[DG90" in answer.out, answer.out
    live_server.signal(signal.SIGCONT)
    be_patient(yard)
    yard.is_right()
    yard.nothing_is_left()


def test_silent_to_a_watcher(yard: Yard, live_server: LiveServer) -> None:
    begin(yard, live_server)
    yard.daemon("start")
    assert found(yard) == set()
    yard.drift()
    live_server.signal(signal.SIGSTOP)
    answer = yard.hook()
    assert "[DG90" in answer.out or "[DG201]" in answer.out, answer.out
    live_server.signal(signal.SIGCONT)
    be_patient(yard)
    yard.is_right()
    eventually(lambda: found(yard) == {"DG201"})
    yard.daemon("stop")
    yard.nothing_is_left()
