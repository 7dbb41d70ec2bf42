"""A watcher hears of a change from a database with a journal, whatever the project's driver."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from daemon.watching import eventually
from guarded import EXAMPLES, Guarded
from hands import Hand

from driftguard.daemon import watcher
from driftguard.daemon.looking import Engine
from driftguard.daemon.state import Look, State
from driftguard.daemon.watcher import Watch
from driftguard.probe import guest_process

NEVER = 3600.0
PATIENCE = 60.0


@pytest.fixture
def school(tmp_path: Path, postgresql_url: str) -> Guarded:
    """A project whose live database is as its revisions say."""
    variables = {"SCHOOL_DATABASE": postgresql_url}
    guarded = Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "school", variables)
    guarded.flask("db", "upgrade")
    return guarded


@contextmanager
def watching(project: Guarded) -> Iterator[Watch]:
    """A watcher in a thread of its own."""
    looker = Engine(project.root, project.environ, guest_process.start, guest_process.start)
    watch, stop = Watch(project.root, looker), threading.Event()
    thread = threading.Thread(target=watch.run, args=(lambda state: None, stop), daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        stop.set()
        watch.wake()
        thread.join(PATIENCE)


def newest(watch: Watch, number: int) -> Look:
    """The look of this number, when it is over."""

    def looked() -> State | None:
        state = watch._state
        return state if len(state.looks) >= number and not state.busy else None

    return eventually(looked, PATIENCE).looks[0]


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_nobody_needs_to_ask(
    school: Guarded, postgresql_url: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", NEVER)
    monkeypatch.setattr(watcher, "LONGEST_LIVE_SECONDS", NEVER)
    hand = Hand(postgresql_url)
    hand.install()
    school.write("driftguard.toml", f'live = "{postgresql_url.replace("psycopg", driver)}"\n')
    with watching(school) as watch:
        eventually(lambda: watch._listens and watch._live_at > 0, PATIENCE)
        for number, statement in enumerate(("DROP last_name", "ADD last_name varchar(50)", "DROP last_name")):
            hand.run(f"ALTER TABLE students {statement}")
            look = newest(watch, number + 2)
            assert look.cause == "live database"
            assert look.verdict
            assert [each.finding.code for each in look.verdict.findings] == ["DG301"] * (number % 2 == 0)
        hand.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query IN ('SELECT 1', 'LISTEN driftguard_journal')"
        )
        eventually(lambda: hand.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"), PATIENCE)
        hand.run("ALTER TABLE students ADD last_name varchar(50)")
        newest(watch, 5)


def test_a_journal_of_later_and_one_that_is_taken_away(
    school: Guarded, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.2)
    monkeypatch.setattr(watcher, "LONGEST_LIVE_SECONDS", 1.0)
    hand = Hand(postgresql_url)
    with watching(school) as watch:
        newest(watch, 1)
        assert not watch._listens
        hand.install()
        eventually(lambda: watch._listens, PATIENCE)
        hand.remove()
        eventually(lambda: not watch._listens, PATIENCE)
        hand.run("ALTER TABLE students DROP last_name")
        eventually(lambda: [each.finding.code for each in newest(watch, 1).verdict.findings] == ["DG301"], PATIENCE)
