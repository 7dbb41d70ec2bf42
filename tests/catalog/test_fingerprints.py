"""Fingerprints of live databases as a real guest asks for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fixtures.execute import execute
from fixtures.mariadb import MariadbServer
from fixtures.postgresql import PostgresqlServer
from guarded import Guarded
from sqlalchemy import make_url

from driftguard.facts.fingerprints import UNREACHABLE, fingerprint
from driftguard.facts.guest import Probe
from driftguard.probe import guest_process
from driftguard.probe.answers import Address, Database, run_from
from driftguard.probe.guest_process import Guest, GuestFailed
from driftguard.schema.catalog import Scope

ENV = """
import os
from alembic import context
from sqlalchemy import MetaData, create_engine
with create_engine(os.environ["PETS_DATABASE"]).connect() as connection:
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
"""
CREATOR_ENV = ENV.replace(
    'create_engine(os.environ["PETS_DATABASE"])',
    'create_engine("sqlite://", creator=lambda: __import__("sqlite3").connect(os.environ["PETS_DATABASE"][10:]))',
)
ASYNC_ENV = """
import asyncio, os
from alembic import context
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine

def run(connection):
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()

async def main():
    async with create_async_engine(os.environ["PETS_DATABASE"]).connect() as connection:
        await connection.run_sync(run)

asyncio.run(main())
"""
REVISION = 'revision = "a1"\ndown_revision = None\n\ndef upgrade():\n    pass\n'
ASYNC = ("asyncpg", "aiosqlite")


class Asking(Probe):
    """What fingerprints need of a probe: its guest."""

    def __init__(self, guest: Guest, database: Database) -> None:
        self._guest = guest
        self.database = database
        self.number, self.address = database.live, database.address

    def add_live(self, url: str) -> None:
        """From now on another database is live."""
        answer = self.call("reach", url=url, dialect=self.database.dialect, driver=self.database.driver)
        self.number, self.address = answer["live"], Address(**answer["address"])

    def both(self) -> list[str]:
        """The quick and the exact fingerprint."""
        given = (self, self.database, self.number, self.address, Scope())
        return [fingerprint(*given), fingerprint(*given, exact=True)]


@contextmanager
def asking(root: Path, live: str, shadow: str, env: str = ENV) -> Iterator[Asking]:
    """A guest that has run env.py, whose database is ``live``, on one shadow."""
    site = Guarded(root)
    site.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    site.write("migrations/versions/a1.py", REVISION)
    site.write("migrations/env.py", env)

    def answer(question: str, arguments: Mapping[str, Any]) -> str | None:
        return shadow if question == "shadow" else None

    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PETS_DATABASE": live}
    with guest_process.start(sys.executable, cwd=root, environ=environ, seconds=120, answer=answer) as guest:
        guest.call(
            "load", overlay={"replaced": {}, "absent": []}, folder=str(root), config=str(root / "alembic.ini"),
            section="alembic", script_location=str(root / "migrations"), url="", begins_on="", flask=False,
            flask_app="", x=[], sys_path=[], probe_live=False,
        )  # fmt: skip
        run = run_from(guest.call("run", destination="heads", compare=False, purpose="head"))
        assert run.error is None
        yield Asking(guest, run.databases[0])


@pytest.fixture(params=["psycopg", "psycopg2", "asyncpg", "pymysql", "pysqlite", "aiosqlite", "a creator"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Asking, str]]:
    """A guest, and the plain URL of its live database."""
    driver: str = request.param
    if driver == "pymysql":
        server: MariadbServer | PostgresqlServer = request.getfixturevalue("mariadb_server")
        urls = [server.create(), server.create()]
    elif driver in ("psycopg", "psycopg2", "asyncpg"):
        server = request.getfixturevalue("postgresql_server")
        urls = [server.create(), server.create()]
    else:
        urls = [f"sqlite:///{tmp_path / name}" for name in ("live.db", "driftguard-1-2.db")]
        execute(urls[0], ("CREATE TABLE pets (id INTEGER)",))
    asked = [make_url(url) for url in urls]
    if driver != "a creator":
        asked = [url.set(drivername=f"{url.get_backend_name()}+{driver}") for url in asked]
    env = ASYNC_ENV if driver in ASYNC else CREATOR_ENV if driver == "a creator" else ENV
    with asking(tmp_path / "site", *(url.render_as_string(False) for url in asked), env) as probe:
        yield probe, urls[0]
    if driver in ("psycopg", "psycopg2", "asyncpg", "pymysql"):
        for url in urls:
            server.drop(url)


def test_schema_and_stamp_move_both_and_rows_do_not(live: tuple[Asking, str]) -> None:
    probe, url = live
    steps = {
        "a schema": ("CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20))",),
        "a version table": ("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",),
        "a stamp": ("INSERT INTO alembic_version VALUES ('a1')",),
        "another stamp": ("UPDATE alembic_version SET version_num = 'b2'",),
        "another column": ("ALTER TABLE people ADD COLUMN age INTEGER",),
    }
    before = probe.both()
    for step, statements in steps.items():
        execute(url, statements)
        after = probe.both()
        assert not any(each.startswith(UNREACHABLE) for each in after), after
        assert [one != other for one, other in zip(before, after, strict=True)] == [True, True], step
        before = after
    execute(url, ("INSERT INTO people (id, name) VALUES (1, 'Ann')",))
    assert probe.both()[1] == before[1]


def test_nobody_stays_connected(postgresql_url: str, postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    shadow = postgresql_server.create()
    with asking(tmp_path / "site", postgresql_url, shadow) as probe:
        was = probe.both()
        execute(postgresql_server.admin_url(), (f'DROP DATABASE "{make_url(postgresql_url).database}"',))
        gone = probe.both()
        execute(postgresql_server.admin_url(), (f'CREATE DATABASE "{make_url(postgresql_url).database}"',))
        assert [one != other for one, other in zip(was, probe.both(), strict=True)] == [True, True]
    postgresql_server.drop(shadow)
    assert [each.partition(":")[0] for each in gone] == [UNREACHABLE, UNREACHABLE]
    assert "does not exist" in gone[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("sqlite://", "unreachable: it is in memory", id="in memory"),
        pytest.param("sqlite:////nowhere/live.db", "missing", id="a file that is not there"),
        pytest.param("sqlite:////dev", "unreachable: ", id="a folder"),
    ],
)
def test_what_is_said_instead(url: str, expected: str, tmp_path: Path) -> None:
    with asking(tmp_path / "site", f"sqlite:///{tmp_path}/live.db", f"sqlite:///{tmp_path}/driftguard-1-2.db") as probe:
        probe.add_live(url)
        for each in probe.both():
            assert each.startswith(expected)


def test_a_server_that_does_not_answer(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    shadow = postgresql_server.create()
    with asking(tmp_path / "site", "postgresql+psycopg://nobody@127.0.0.1:1/none", shadow) as probe:
        assert [each.partition(":")[0] for each in probe.both()] == [UNREACHABLE, UNREACHABLE]
    postgresql_server.drop(shadow)


def test_a_server_that_no_module_knows(tmp_path: Path) -> None:
    live = f"sqlite:///{tmp_path}/live.db"
    with asking(tmp_path / "site", live, f"sqlite:///{tmp_path}/driftguard-1-2.db") as probe:
        probe.database = replace(probe.database, dialect="other")
        execute(live, ("CREATE TABLE pets (id INTEGER)", "CREATE TABLE alembic_version (version_num TEXT)"))
        moved, before = [], probe.both()
        for statement in (
            "CREATE TABLE people (id INTEGER)",
            "ALTER TABLE pets ADD COLUMN name TEXT",
            "INSERT INTO alembic_version VALUES ('a1')",
            "INSERT INTO pets VALUES (1, 'Rex')",
        ):
            execute(live, (statement,))
            after = probe.both()
            moved.append([one != other for one, other in zip(before, after, strict=True)])
            before = after
    assert moved == [[True, True], [False, True], [True, True], [False, False]]


class Gone(Probe):
    """A guest that has died."""

    def __init__(self) -> None:
        pass

    def call(self, name: str, **arguments: Any) -> Any:
        raise GuestFailed("died", "the project's interpreter was ended by signal SIGKILL")


def test_a_guest_that_is_gone_is_no_unreachable_database(postgresql_url: str, tmp_path: Path) -> None:
    with asking(tmp_path / "site", "postgresql+psycopg://nobody@127.0.0.1:1/none", postgresql_url) as probe:
        database = probe.database
    with pytest.raises(GuestFailed):
        fingerprint(Gone(), database, database.live, database.address, Scope())
