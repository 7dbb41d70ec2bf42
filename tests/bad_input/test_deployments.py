"""A live database that is upgraded while it is compared: read again, and no drift."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fixtures.postgresql import PostgresqlServer
from guarded import sql
from pets import Pets, revision

from driftguard import engine
from driftguard.config import Settings
from driftguard.facts import live
from driftguard.facts.readings import Reading

INDEXED = [
    "with op.get_context().autocommit_block():",
    '    op.create_index("ix_pets_name", "pets", ["name"], postgresql_concurrently=True)',
]
WAITS = ['op.execute("SELECT pg_advisory_xact_lock(4711)")', 'op.add_column("pets", sa.Column("age", sa.Integer))']
MODELS = 'sa.Column("name", sa.String(20), index=True), sa.Column("age", sa.Integer)'
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def served(tmp_path: Path, postgresql_server: PostgresqlServer) -> Iterator[tuple[Pets, str]]:
    """The project on a PostgreSQL database that is at its first revision of three, and the database's URL."""
    url = postgresql_server.create()
    served = Pets.begin(tmp_path / "pets", url)
    served.alembic("upgrade", "head")
    served.write("migrations/versions/second.py", revision(*INDEXED, id="6a1f7b3c92de", down="5f0e6a2b91cd"))
    served.write("migrations/versions/third.py", revision(*WAITS, id="7b2f8c4da3ef", down="6a1f7b3c92de"))
    served.replace("models.py", 'sa.Column("name", sa.String(20))', MODELS)
    yield served, url
    postgresql_server.drop(url)


@contextmanager
def upgrade_under_way(served: Pets, url: str) -> Iterator[tuple[psycopg.Connection, subprocess.Popen[bytes]]]:
    """``alembic upgrade``, which has made the index and waits for this connection before it adds the column."""
    address = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(4711)")
        command = [sys.executable, "-m", "alembic", "upgrade", "head"]
        with subprocess.Popen(command, cwd=served.root, env=served.environ) as upgrade:
            while sql(url, WAITING) != [(1,)]:
                assert upgrade.poll() is None
            yield gate, upgrade
            gate.execute("SELECT pg_advisory_unlock_all()")
            assert upgrade.wait() == 0


def told(served: Pets) -> list[str]:
    verdict = engine.check(engine.Request(root=served.root, settings=Settings()), environ=served.environ)
    return [f"{judged.finding.code} {judged.finding.message}" for judged in verdict.findings]


def test_what_an_upgrade_has_done_so_far_is_no_drift(served: tuple[Pets, str], monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(live, "sleep", waits.append)
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 60.0)
    with upgrade_under_way(*served):
        [line] = told(served[0])
    assert "DG904" in line and "a deployment seems to be running" in line
    assert "another session is changing alembic_version" in line
    assert len(waits) == live.READINGS - 1


def test_it_is_read_again_when_the_upgrade_is_done(served: tuple[Pets, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with upgrade_under_way(*served) as (gate, upgrade):

        def let_it_end(seconds: float) -> None:
            gate.execute("SELECT pg_advisory_unlock_all()")
            upgrade.wait()

        monkeypatch.setattr(live, "sleep", let_it_end)
        assert told(served[0]) == []


def test_a_stamp_that_moves(served: tuple[Pets, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is faster than we are, each time."""
    project, url = served
    sql(url, "CREATE TABLE by_hand (id integer)")
    stamps = iter(["6a1f7b3c92de", "5f0e6a2b91cd"] * live.READINGS)
    read = live.read

    def read_and_move(*arguments: Any) -> Reading:
        found = read(*arguments)
        sql(url, f"UPDATE alembic_version SET version_num = '{next(stamps)}'")
        return found

    monkeypatch.setattr(live, "sleep", lambda seconds: None)
    monkeypatch.setattr(live, "read", read_and_move)
    [line] = told(project)
    assert "its stamp moved from 5f0e6a2b91cd to 6a1f7b3c92de" in line


def test_drift_is_told_whatever_else_is_written(served: tuple[Pets, str]) -> None:
    project, url = served
    sql(url, "CREATE TABLE by_hand (id integer)")
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        connection.execute("INSERT INTO pets VALUES (1, 'Rex')")
        connection.execute("SELECT version_num FROM alembic_version")
        codes = [line.partition(" ")[0] for line in told(project)]
        connection.rollback()
    assert codes == ["DG301", "DG302"]
