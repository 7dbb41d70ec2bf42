"""Live databases that cannot be read, or not fully: said with the reason, the rest is checked, nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from chosen import chosen
from fixtures.postgresql import PostgresqlServer
from guarded import sql
from pets import CREATE_PETS, INI, SECRET, Pets, revision
from sqlalchemy import make_url

from driftguard.cli import cli

READER = "pets_reader"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "there is no such file", id="no file"),
        pytest.param(b"this is no database" * 100, "file is not a database", id="another kind of file"),
    ],
)
def test_a_file_that_cannot_be_read(repository: Pets, content: bytes | None, said: str) -> None:
    repository.live.unlink()
    if content is not None:
        repository.live.write_bytes(content)
    answer = repository.told()
    assert (answer.code, "note[DG904]" in answer.out, said in answer.out) == (0, True, True), answer
    assert "models, head and graph are fine" in answer.out
    answer = repository.told("check", "--live", f"sqlite:///{repository.live}")
    assert (answer.code, "error[DG904]" in answer.out, said in answer.out) == (2, True, True), answer


def test_a_folder_for_a_file(repository: Pets, tmp_path: Path) -> None:
    answer = repository.told("check", "--live", f"sqlite:///{tmp_path}")
    assert (answer.code, "it is a folder" in answer.out) == (2, True), answer


def test_a_locked_file(repository: Pets) -> None:
    """Nobody here may open the file meanwhile: closing it would drop this process's lock (fcntl(2))."""
    with closing(sqlite3.connect(repository.live, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        checked = repository.check()
        connection.execute("ROLLBACK")
    assert (checked.code, checked.codes) == (0, ["DG904"])
    found = checked.one("DG904")
    assert "database is locked" in found["message"] and "somebody else holds a lock" in found["help"]


def test_an_unknown_stamp(repository: Pets) -> None:
    repository.sql("UPDATE alembic_version SET version_num = 'deadbeef0123'")
    answer = repository.told()
    assert (answer.code, "DG303" in answer.out, "deadbeef0123" in answer.out) == (1, True, True), answer


class Served(Pets):
    """The project on a PostgreSQL database of its own."""

    url: str

    def connect_as(self, role: str) -> None:
        self.write("alembic.ini", INI.format(url=self.url.replace("postgres@", f"{role}:{SECRET}@")))


@pytest.fixture
def served(tmp_path: Path, postgresql_server: PostgresqlServer) -> Iterator[Served]:
    url = postgresql_server.create()
    served = Served(tmp_path / "pets")
    Pets.begin(served.root, url)
    served.url = url
    served.alembic("upgrade", "head")
    served.must("find", ".", "-name", "__pycache__", "-prune", "-exec", "rm", "-r", "{}", "+")
    sql(
        url,
        f"DO $$ BEGIN CREATE ROLE {READER} LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    )
    yield served
    postgresql_server.drop(url)


@pytest.mark.parametrize(
    ("grants", "codes", "said"),
    [
        pytest.param(["GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"], [], "", id="SELECT is enough"),
        pytest.param([], ["DG904"], "permission denied for table", id="no right to read"),
        pytest.param(["REVOKE ALL ON SCHEMA public FROM PUBLIC"], ["DG904"], "every schema", id="no right to look"),
        pytest.param(['REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC'], ["DG904"], "for database", id="no entrance"),
    ],
)
def test_roles_with_few_rights(served: Served, grants: list[str], codes: list[str], said: str) -> None:
    name = make_url(served.url).database
    sql(served.url, *(grant.format(role=READER, name=name) for grant in grants))
    served.connect_as(READER)
    checked = served.check()
    assert (checked.code, checked.codes) == (0, codes)
    for finding in checked.report["findings"]:
        assert said in finding["message"] and "give the role the right" in finding["help"]
    assert SECRET not in str(checked.report)


def test_a_role_that_does_not_exist(served: Served) -> None:
    served.connect_as("nobody_here")
    answer = served.told()
    assert (answer.code, "note[DG904]" in answer.out, '"nobody_here"' in answer.out) == (0, True, True), answer


def test_locked_tables(served: Served) -> None:
    place = make_url(served.url)
    with psycopg.connect(host=str(place.query["host"]), user="postgres", dbname=place.database) as connection:
        connection.execute("LOCK TABLE pets, alembic_version IN ACCESS EXCLUSIVE MODE")
        checked = served.check()
    assert (checked.code, checked.codes) == (0, ["DG904"])
    assert "lock timeout" in checked.one("DG904")["message"]


@pytest.mark.parametrize(("strict", "exit_code"), [(False, 0), (True, 2)])
def test_what_cannot_be_compared_fails_if_it_shall(
    strict: bool, exit_code: int, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--strict-coverage"] if strict else []
    command = ["--directory", str(served.root), "check", "--live", served.url, *options]
    assert cli.main(command, standalone_mode=False) == 0
    sql(served.url, "CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)")
    try:
        assert cli.main(command, standalone_mode=False) == exit_code
        assert ("DG904" in (said := capsys.readouterr().out)) is strict
        assert "subscription s (not compared)" in said
    finally:
        sql(served.url, "ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s")


def test_an_extension_that_the_shadow_lacks(served: Served) -> None:
    served.write(
        "migrations/versions/next.py",
        revision('op.execute("CREATE EXTENSION no_such_extension")', id="6a1f7b3c92de", down="5f0e6a2b91cd"),
    )
    checked = served.check()
    assert (checked.code, checked.codes) == (2, ["DG903"])
    found = checked.one("DG903")
    assert "6a1f7b3c92de" in found["message"] and "no_such_extension" in found["message"]
    assert 'shadow = "postgresql://' in found["help"]


SOME_ENUM = [
    "op.execute(\"CREATE TYPE mood AS ENUM ('glad')\")",
    'op.execute("CREATE TABLE pets (id SERIAL PRIMARY KEY, name VARCHAR(20), mood mood)")',
    "with op.get_context().autocommit_block():",
    "    op.execute(\"ALTER TYPE mood ADD VALUE 'sad'\")",
]
WITH_ENUM = 'sa.String(20)), sa.Column("mood", sa.Enum("glad", "sad", name="mood"))'
CONCURRENTLY = [
    CREATE_PETS,
    "with op.get_context().autocommit_block():",
    '    op.create_index("ix_pets_name", "pets", ["name"], postgresql_concurrently=True)',
]
SEVERAL = [
    'op.execute("CREATE TABLE pets (id SERIAL PRIMARY KEY, name VARCHAR(20)); '
    "CREATE INDEX ix_pets_name ON pets (name); INSERT INTO pets (name) VALUES ('100%')\")"
]
INDEXED = "sa.String(20), index=True)"
IN_SHOP = 'sa.String(20)), schema="shop"'
OWN_CONNECTION = [
    CREATE_PETS,
    "with op.get_bind().engine.connect() as connection:",
    "    connection.execute(sa.text('CREATE TABLE aside (id INT)'))",
    "    connection.execute(sa.text('DROP TABLE aside'))",
    "    connection.commit()",
]
TENANT = """from sqlalchemy import text
def run(connection):
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS ten"))
    connection.execute(text("SET search_path TO ten"))
    connection.commit()
    connection.dialect.default_schema_name = "ten"
"""


@pytest.mark.parametrize(
    ("body", "models", "env", "drift", "subject"),
    chosen(
        [
            pytest.param(
                CONCURRENTLY, INDEXED, ("", ""), "DROP INDEX ix_pets_name", "pets.ix_pets_name", id="concurrently"
            ),
            pytest.param(
                SOME_ENUM,
                WITH_ENUM,
                ("=metadata", "=metadata, transaction_per_migration=True"),
                "ALTER TYPE mood ADD VALUE 'odd'",
                "mood",
                id="an enum that grows, a transaction per revision",
            ),
            pytest.param(
                SEVERAL,
                INDEXED,
                ("", ""),
                "DROP INDEX ix_pets_name",
                "pets.ix_pets_name",
                id="several statements in one",
            ),
            pytest.param(
                OWN_CONNECTION,
                "sa.String(20))",
                ("", ""),
                "ALTER TABLE pets DROP name",
                "pets.name",
                id="own connection",
            ),
            pytest.param(
                [CREATE_PETS.replace("sa.String(20))", IN_SHOP)],
                IN_SHOP,
                ("=metadata", '=metadata, include_schemas=True, version_table="steps", version_table_schema="shop"'),
                "ALTER TABLE shop.pets DROP name",
                "shop.pets.name",
                id="the version table in a schema that nobody creates",
            ),
            pytest.param(
                [CREATE_PETS],
                "sa.String(20))",
                ("def run(connection):\n", TENANT),
                "ALTER TABLE ten.pets DROP name",
                "ten.pets.name",
                id="search_path set by env.py",
            ),
        ],
        3,
    ),
)
def test_what_only_postgresql_can(
    tmp_path: Path, postgresql_url: str, body: list[str], models: str, env: tuple[str, str], drift: str, subject: str
) -> None:
    pets = Pets.begin(tmp_path / "pets", postgresql_url)
    pets.write("migrations/versions/5f0e6a2b91cd_pets.py", revision(*body))
    pets.replace("models.py", "sa.String(20))", models)
    if all(env):
        pets.replace("migrations/env.py", *env)
    if "schema=" in models:
        sql(postgresql_url, "CREATE SCHEMA shop")
    pets.alembic("upgrade", "head")
    checked = pets.check()
    assert (checked.code, checked.codes) == (0, []), checked.report["findings"]
    sql(postgresql_url, drift)
    checked = pets.check()
    assert ("DG301", subject) in {(code, told.split(" ")[-1]) for code, told in checked.told}, checked.told
    assert set(checked.codes) == {"DG301"}


def test_another_version_of_an_extension_is_noted(tmp_path: Path, postgresql_url: str) -> None:
    pets = Pets.begin(tmp_path / "pets", postgresql_url)
    pets.write("migrations/versions/5f0e6a2b91cd_pets.py", revision(CREATE_PETS))
    pets.alembic("upgrade", "head")
    assert not any("plpgsql" in note for note in pets.check().report["notes"])
    sql(postgresql_url, "UPDATE pg_extension SET extversion = '9.9' WHERE extname = 'plpgsql'")
    checked = pets.check()
    assert (checked.code, checked.codes) == (0, [])
    assert any("plpgsql" in note and "9.9" in note for note in checked.report["notes"])
