"""PostgreSQL's fingerprints: what moves them, and what leaves them alone."""

# ruff: noqa: E501 (one statement is one line)

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import psycopg
import pytest
from fixtures.postgresql import PostgresqlServer
from postgresql_base import BASE
from postgresql_drifts import RESTORABLE, SEEN_ONLY
from sqlalchemy import make_url

from driftguard.catalog.postgresql import GLANCE, exact, quick
from driftguard.catalog.postgresql.coverage import KINDS, PARTS, SOURCES
from driftguard.catalog.postgresql.fingerprint import WRITERS
from driftguard.catalog.postgresql.statements import LATER_FACTS, STATEMENTS, UNREAD
from driftguard.schema.catalog import Query, Row, Scope

SECONDS = 20

Answers = tuple[list[Row], list[Row]]


def connect(url: str, user: str = "postgres") -> psycopg.Connection:
    """In autocommit, as the driver itself takes the URL."""
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True, user=user)


def queries(connection: psycopg.Connection) -> Query:
    """How the catalog asks; every value must be text or None."""

    def query(sql: str) -> list[Row]:
        assert "%" not in sql
        rows = connection.execute(sql.encode()).fetchall()
        assert all(value is None or isinstance(value, str) for row in rows for value in row)
        return rows

    return query


def ask(connection: psycopg.Connection) -> Answers:
    """The quick and the exact answer."""
    return list(quick(queries(connection), Scope())), list(exact(queries(connection), Scope()))


def answers(url: str, user: str = "postgres") -> Answers:
    """The answers of a session of its own, as a guest asks."""
    with connect(url, user) as connection, connection.transaction():
        for statement in GLANCE:
            connection.execute(statement.encode())
        return ask(connection)


def execute(url: str, statements: str) -> None:
    """Run them in a session that is over, and has told what it counted, when this returns."""
    with connect(url) as connection:
        for statement in statements.split(";;"):
            connection.execute(statement.encode())
        process = connection.info.backend_pid
    with connect(url) as onlooker:
        await_end_of(process, onlooker)


def await_end_of(process: int, onlooker: psycopg.Connection) -> None:
    """The server ends a session some time after its client has left."""
    end, running = time.monotonic() + SECONDS, "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
    while onlooker.execute(running, (process,)).fetchone():
        assert time.monotonic() < end


@pytest.fixture(scope="module")
def base(postgresql_server: PostgresqlServer) -> Iterator[psycopg.Connection]:
    """Somebody who looks on in a database with the base schema, to which nothing is committed."""
    url = postgresql_server.create()
    execute(url, BASE)
    with connect(url) as connection:
        yield connection
    postgresql_server.drop(url)


@pytest.fixture(scope="module")
def clone(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The URL of a database that began with the base schema, and keeps whatever happens to it."""
    url = postgresql_server.create()
    execute(url, BASE)
    yield url
    postgresql_server.drop(url)


@pytest.mark.parametrize(("statement", "told"), [*RESTORABLE, *SEEN_ONLY])
def test_every_drift_moves_both(statement: str, told: str, base: psycopg.Connection) -> None:
    quick_before, exact_before = ask(base)
    with psycopg.connect(base.info.dsn) as connection:
        connection.execute(statement.encode())
        _, exact_inside = ask(connection)
        connection.rollback()
        process = connection.info.backend_pid
    await_end_of(process, base)
    assert exact_inside != exact_before
    assert list(quick(queries(base), Scope())) != quick_before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param("SELECT 1", id="nothing happens"),
        pytest.param("SELECT * FROM users, products, sales", id="tables are read"),
        pytest.param("INSERT INTO users (username, mail) SELECT 'u' || n, n || '@x' FROM generate_series(1, 100) n", id="rows come"),
        pytest.param("UPDATE users SET age = 40", id="rows change"),
        pytest.param("DELETE FROM users", id="rows go"),
        pytest.param("ANALYZE", id="statistics are collected"),
        pytest.param("ANALYZE pg_catalog.pg_class", id="statistics of a catalog are collected"),
        pytest.param("VACUUM", id="space is reclaimed"),
        pytest.param("VACUUM (FREEZE, ANALYZE)", id="rows are frozen"),
        pytest.param("SELECT setval('users_id_seq', 900), nextval('ticket_number')", id="sequences count on"),
        pytest.param("SELECT lo_from_bytea(0, 'a large object')", id="a large object is stored"),
        pytest.param("CREATE DATABASE a_shadow;; DROP DATABASE a_shadow", id="a shadow comes and goes on the same server"),
        pytest.param("CREATE ROLE somebody;; DROP ROLE somebody", id="a role comes and goes"),
        pytest.param("SELECT id FROM users FOR UPDATE", id="rows are locked"),
        pytest.param("BEGIN;; LOCK TABLE users;; COMMIT", id="a table is locked"),
    ],
)  # fmt: skip
def test_what_moves_neither(statements: str, clone: str) -> None:
    before = answers(clone)
    execute(clone, statements)
    assert answers(clone) == before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param("BEGIN;; ALTER TABLE spare ADD COLUMN z integer;; ROLLBACK", id="a change that is rolled back"),
        pytest.param("CREATE TEMP TABLE passing (id serial PRIMARY KEY, a text UNIQUE CHECK (a <> ''))", id="a temporary table that goes with its session"),
    ],
)  # fmt: skip
def test_what_moves_the_quick_one_alone(statements: str, clone: str) -> None:
    quick_before, exact_before = answers(clone)
    execute(clone, statements)
    quick_after, exact_after = answers(clone)
    assert quick_after != quick_before
    assert exact_after == exact_before


def test_a_temporary_table_that_is_there_leaves_the_exact_one_alone(clone: str) -> None:
    _, before = answers(clone)
    with connect(clone) as connection:
        connection.execute(
            b"CREATE TEMP TABLE passing (id serial PRIMARY KEY, a text DEFAULT 'x' UNIQUE CHECK (a <> ''));"
            b"CREATE INDEX ON passing (lower(a)); CREATE TEMP VIEW seen AS SELECT * FROM passing;"
            b"CREATE TEMP TABLE part (a integer) PARTITION BY LIST (a);"
            b"CREATE TEMP TABLE part_1 PARTITION OF part FOR VALUES IN (1); CREATE TEMP TABLE late (b text) INHERITS (passing)"
        )
        assert answers(clone)[1] == before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param("TRUNCATE users, orders, audit.events", id="a table is emptied"),
        pytest.param("VACUUM FULL users", id="a table is written anew"),
        pytest.param("REINDEX TABLE users", id="indexes are built anew"),
        pytest.param("REFRESH MATERIALIZED VIEW sales", id="a materialised view is refreshed"),
        pytest.param("GRANT SELECT ON users TO PUBLIC", id="privileges are given"),
        pytest.param("ALTER TABLE users RENAME TO people;; ALTER TABLE people RENAME TO users", id="a table is renamed there and back"),
    ],
)  # fmt: skip
def test_what_makes_us_look_for_nothing(statements: str, clone: str) -> None:
    quick_before, exact_before = answers(clone)
    execute(clone, statements)
    quick_after, exact_after = answers(clone)
    assert quick_after != quick_before
    assert exact_after != exact_before


def test_a_database_made_anew_by_the_same_script_is_another_one(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.create()
    script = "CREATE TABLE t (a integer)"
    execute(url, script)
    was = answers(url)
    execute(postgresql_server.admin_url(), f'DROP DATABASE "{make_url(url).database}"')
    execute(postgresql_server.admin_url(), f'CREATE DATABASE "{make_url(url).database}" TEMPLATE template0')
    execute(url, script)
    now = answers(url)
    postgresql_server.drop(url)
    assert [one != other for one, other in zip(was, now, strict=True)] == [True, True]


def test_the_default_schema_belongs_to_both(clone: str) -> None:
    was = answers(clone)
    execute(clone, f'ALTER ROLE postgres IN DATABASE "{make_url(clone).database}" SET search_path = audit')
    now = answers(clone)
    execute(clone, f'ALTER ROLE postgres IN DATABASE "{make_url(clone).database}" RESET search_path')
    assert [one != other for one, other in zip(was, now, strict=True)] == [True, True]


def test_where_nothing_is_counted_the_quick_one_is_exact(clone: str) -> None:
    execute(clone, f'ALTER DATABASE "{make_url(clone).database}" SET track_counts = off')
    quick_before, exact_before = answers(clone)
    execute(clone, "ALTER TABLE spare ADD COLUMN uncounted integer")
    quick_after, exact_after = answers(clone)
    execute(clone, f'ALTER DATABASE "{make_url(clone).database}" RESET track_counts')
    assert (quick_before, quick_after) == (exact_before, exact_after)
    assert exact_after != exact_before


def test_a_role_that_may_read_nothing_is_told_the_same(clone: str) -> None:
    execute(clone, "CREATE ROLE only_connects LOGIN")
    try:
        assert answers(clone, "only_connects") == answers(clone)
    finally:
        execute(clone, "DROP ROLE only_connects")


def test_every_catalog_that_is_read_is_watched(clone: str) -> None:
    parts = [f"{each.catalog} {getattr(each, 'rows', '')}" for each in (*SOURCES, *KINDS, *PARTS)]
    sql = " ".join([*(each.sql for each in STATEMENTS), UNREAD, *LATER_FACTS.values(), *parts])
    with connect(clone) as connection:
        rows = connection.execute(
            b"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace"
        ).fetchall()
    names = {name for (name,) in rows}
    through_functions = {"pg_description"}
    read = (set(re.findall(r"\bpg_\w+", sql)) | through_functions) & names
    told_by_pg_depend = {"pg_publication_namespace"}
    assert read - set(re.findall(r"\bFROM (pg_\w+)", WRITERS)) == told_by_pg_depend & names
