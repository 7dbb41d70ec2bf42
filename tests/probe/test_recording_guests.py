"""What a real guest is recorded to depend on: files and variables, and no connection of driftguard's own."""

from __future__ import annotations

import base64
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fixtures.mariadb import MariadbServer
from fixtures.postgresql import PostgresqlServer
from guarded import Guarded

from driftguard.probe import guest_process
from driftguard.probe.guest_process import Guest

MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
pets = sa.Table("pets", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
REVISION = """
import sqlalchemy as sa
from alembic import op
revision = "5f0e6a2b91cd"
down_revision = None

def upgrade():
    op.create_table("pets", sa.Column("id", sa.Integer, primary_key=True))
"""
HEAD = """
import os
from alembic import context
from models import metadata

def run(connection):
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
SYNC = """
from sqlalchemy import create_engine
with create_engine(os.environ["PETS_DATABASE"]).connect() as connection:
    run(connection)
"""
ASYNC = """
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine

async def main():
    engine = create_async_engine(os.environ["PETS_DATABASE"])
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(main())
"""

Create = Callable[[], str]


@pytest.fixture
def site(tmp_path: Path) -> Guarded:
    guarded = Guarded(tmp_path / "site")
    guarded.write("models.py", MODELS)
    guarded.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    guarded.write("migrations/versions/5f0e6a2b91cd_pets.py", REVISION)
    guarded.write("migrations/env.py", HEAD + SYNC)
    return guarded


@pytest.fixture
def sqlite(tmp_path: Path) -> Create:
    """URLs of files: the first one's is live, the others' lie where driftguard makes shadows."""
    numbers = itertools.count()

    def create() -> str:
        number = next(numbers)
        folder = tmp_path / ("live" if number == 0 else "driftguard-1-2-3")
        folder.mkdir(exist_ok=True)
        file = folder / f"{number}.sqlite"
        file.touch()
        return f"sqlite:///{file}"

    return create


@contextmanager
def loaded(site: Guarded, create: Create, overlay: Mapping[str, Any]) -> Iterator[Guest]:
    """A guest that has run env.py on shadows which ``create`` makes, and read the live database."""
    live = create()

    def shadow(question: str, arguments: Mapping[str, Any]) -> str | None:
        return create() if question == "shadow" else None

    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PETS_DATABASE": live}
    with guest_process.start(sys.executable, cwd=site.root, environ=environ, seconds=60, answer=shadow) as guest:
        guest.call(
            "load", overlay=overlay, folder=str(site.root), config=str(site.root / "alembic.ini"), section="alembic",
            script_location=str(site.root / "migrations"), url="", begins_on="", flask=False, flask_app="", x=[],
            sys_path=[str(site.root)], probe_live=True,
        )  # fmt: skip
        run = guest.call("run", destination="heads", compare=True, purpose="head")
        assert (run["error"], [each["failure"] for each in run["databases"]]) == (None, [None])
        assert run["databases"][0]["operations"] == []
        session = guest.call("open", url="@0", statements=[])
        assert guest.call("query", session=session, statement="SELECT 1") == [["1"]]
        guest.call("close", session=session)
        yield guest


def recorded(site: Guarded, create: Create, replaced: Mapping[str, str] = {}) -> dict[str, Any]:
    staged = {str(site.root / path): base64.b64encode(text.encode()).decode() for path, text in replaced.items()}
    with loaded(site, create, {"replaced": staged, "absent": []}) as guest:
        answer: dict[str, Any] = guest.call("recorded")
    return answer


def below(folder: Path, paths: list[str]) -> set[str]:
    return {os.path.relpath(path, folder) for path in paths if Path(path).is_relative_to(folder)}


@pytest.mark.parametrize(
    "driver", ["psycopg2", "psycopg", "asyncpg", "psycopg async", "pymysql", "pysqlite", "aiosqlite"]
)
def test_a_plain_env_py_depends_on_its_project_alone(
    driver: str, site: Guarded, sqlite: Create, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def create() -> str:
        if driver.endswith("sqlite"):
            return sqlite().replace("sqlite:", f"sqlite+{driver}:")
        if driver == "pymysql":
            mariadb: MariadbServer = request.getfixturevalue("mariadb_server")
            return mariadb.create()
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        return server.create().replace("+psycopg:", f"+{driver.partition(' ')[0]}:")

    if driver in ("asyncpg", "psycopg async", "aiosqlite"):
        site.write("migrations/env.py", HEAD + ASYNC)

    answer = recorded(site, create)

    assert answer["outside"] == []
    assert answer["all_variables"] is False
    assert "PETS_DATABASE" in answer["variables"]
    assert answer["listed"] == [str(site.root / "migrations/versions")]
    assert str(site.root) in answer["importable"]
    assert {
        "alembic.ini",
        "models.py",
        "migrations/env.py",
        "migrations/versions/5f0e6a2b91cd_pets.py",
    } <= below(site.root, answer["read"])
    assert below(tmp_path / "live", answer["read"]) | below(tmp_path / "driftguard-1-2-3", answer["read"]) == set()


@pytest.mark.parametrize(
    ("code", "outside"),
    [
        pytest.param(
            "import psycopg\ntry: psycopg.connect('host=127.0.0.1 port=1')\nexcept psycopg.Error: pass",
            ["connects to a database with psycopg, not through an engine"],
            id="psycopg by itself",
        ),
        pytest.param(
            "import psycopg2\ntry: psycopg2.connect('host=127.0.0.1 port=1')\nexcept psycopg2.Error: pass",
            ["connects to a database with psycopg2, not through an engine"],
            id="psycopg2 by itself",
        ),
        pytest.param(
            "import pymysql\ntry: pymysql.connect(host='127.0.0.1', port=1)\nexcept pymysql.Error: pass",
            ["connects to 127.0.0.1:1", "looks up the host 127.0.0.1"],
            id="pymysql by itself",
        ),
        pytest.param("import subprocess; subprocess.run(['true'])", ["runs a program: true"], id="a program"),
        pytest.param("import psycopg, psycopg2, pymysql, asyncpg, aiosqlite", [], id="drivers that are only imported"),
    ],
)
def test_what_env_py_does_outside_is_named(code: str, outside: list[str], site: Guarded, sqlite: Create) -> None:
    site.write("migrations/env.py", f"{code}\n{HEAD}{SYNC}")
    assert recorded(site, sqlite)["outside"] == outside


def test_a_live_file_that_env_py_reads_itself_is_read(site: Guarded, sqlite: Create, tmp_path: Path) -> None:
    site.write("migrations/env.py", f"import sqlite3; sqlite3.connect('{tmp_path}/live/0.sqlite')\n{HEAD}{SYNC}")
    answer = recorded(site, sqlite)
    assert below(tmp_path / "live", answer["read"]) == {"0.sqlite", "0.sqlite-wal"}
    assert answer["outside"] == []


@pytest.mark.parametrize("path", ["models.py", "settings.json", "migrations/env.py"])
@pytest.mark.parametrize("there", [True, False], ids=["changed in the folder", "gone from the folder"])
def test_staged_files_are_read_where_they_would_lie(path: str, there: bool, site: Guarded, sqlite: Create) -> None:
    site.write("settings.json", "{}")
    site.write("models.py", f"import json, pathlib\njson.load(open({str(site.root / 'settings.json')!r}))\n{MODELS}")
    staged = (site.root / path).read_text(encoding="utf-8")
    if there:
        site.write(path, "not (this")
    else:
        (site.root / path).unlink()
    unread = {"other.json": "{}", "other.py": ""}
    read = below(site.root, recorded(site, sqlite, {path: staged, **unread})["read"])
    assert {"models.py", "settings.json", "migrations/env.py", "alembic.ini"} <= read
    assert not read & set(unread)


def test_it_can_be_asked_again(site: Guarded, sqlite: Create) -> None:
    with loaded(site, sqlite, {"replaced": {}, "absent": []}) as guest:
        first = guest.call("recorded")
        assert guest.call("recorded") == first
        guest.call("sources", number=0, root=str(site.root))
        guest.call("run", destination="heads", compare=False, purpose="head")
        assert set(guest.call("recorded")["read"]) >= set(first["read"])
