"""MariaDB's fingerprints: what moves them, and what leaves them alone."""

# ruff: noqa: E501 (one statement is one line)

from __future__ import annotations

from collections.abc import Iterator

import pymysql
import pytest
from fixtures.mariadb import MariadbServer
from sqlalchemy import make_url
from test_mysql import DRIFTS, SCHEMA

from driftguard.catalog.mysql import GLANCE, exact, quick
from driftguard.catalog.mysql.fingerprint import COUNTERS_MARIADB, COUNTERS_MYSQL
from driftguard.schema.catalog import Query, Row, Scope

ATTEMPTS = 100

Server = pymysql.Connection


def queries(connection: Server) -> Query:
    """How the catalog asks; every value must be text or None."""

    def query(statement: str) -> list[Row]:
        assert "%" not in statement and ":" not in statement
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = list(cursor.fetchall())
        assert all(value is None or isinstance(value, str) for row in rows for value in row)
        return rows

    return query


def execute(connection: Server, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.fetchall()


def ask_quickly(connection: Server) -> list[Row]:
    return list(quick(queries(connection), Scope()))


def ask_exactly(server: MariadbServer, url: str) -> list[Row]:
    """In a session of its own, as a guest asks."""
    with server.connect(url) as connection:
        for statement in GLANCE:
            execute(connection, statement)
        return list(exact(queries(connection), Scope()))


@pytest.fixture
def live(mariadb_server: MariadbServer, mariadb_url: str) -> Iterator[Server]:
    """A connection to a database with the schema."""
    mariadb_server.execute(*SCHEMA, url=mariadb_url)
    with mariadb_server.connect(mariadb_url) as connection:
        yield connection


@pytest.mark.parametrize(("statement", "told"), DRIFTS)
def test_every_drift_moves_the_quick_one(statement: str, told: str, live: Server) -> None:
    """What moves the exact one is what ``test_mysql`` sees in the catalog."""
    before = ask_quickly(live)
    for each in statement.split(";; "):
        execute(live, each)
    assert ask_quickly(live) != before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            ("CREATE PROCEDURE change_it() ALTER TABLE pairs ADD c INT", "CALL change_it()"), id="by a procedure"
        ),
        pytest.param(("PREPARE it FROM 'ALTER TABLE pairs ADD c INT'", "EXECUTE it"), id="by a prepared statement"),
        pytest.param(("EXECUTE IMMEDIATE 'DROP TABLE pairs'",), id="by a text"),
        pytest.param(("BEGIN NOT ATOMIC ALTER TABLE pairs ADD c INT; END",), id="in a block"),
    ],
)
def test_a_change_by_other_means_moves_both(statements: tuple[str, ...], live: Server, mariadb_server: MariadbServer, mariadb_url: str) -> None:  # fmt: skip
    *before, last = statements
    for statement in before:
        execute(live, statement)
    was = (ask_quickly(live), ask_exactly(mariadb_server, mariadb_url))
    execute(live, last)
    now = (ask_quickly(live), ask_exactly(mariadb_server, mariadb_url))
    assert [one != other for one, other in zip(was, now, strict=True)] == [True, True]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("DO 0", id="nothing happens"),
        pytest.param("SELECT * FROM users JOIN pairs", id="tables are read"),
        pytest.param("INSERT INTO teams (name) VALUES (UUID())", id="rows come, and with them the next AUTO_INCREMENT"),
        pytest.param("UPDATE pairs SET a = a + 1", id="rows change"),
        pytest.param("DELETE FROM log", id="rows go"),
        pytest.param("SELECT NEXT VALUE FOR numbers", id="a sequence counts on"),
        pytest.param("ANALYZE TABLE users", id="statistics are collected"),
        pytest.param("OPTIMIZE TABLE pairs", id="a table is written anew"),
        pytest.param("TRUNCATE TABLE log", id="a table is emptied"),
        pytest.param("CREATE TEMPORARY TABLE IF NOT EXISTS passing (id INT PRIMARY KEY)", id="a temporary table comes"),
        pytest.param("DROP TEMPORARY TABLE IF EXISTS passing", id="a temporary table goes"),
    ],
)
def test_what_moves_neither(statement: str, live: Server, mariadb_server: MariadbServer, mariadb_url: str) -> None:
    exact_before = ask_exactly(mariadb_server, mariadb_url)
    assert any(_is_quiet(live, statement) for _ in range(ATTEMPTS))
    assert ask_exactly(mariadb_server, mariadb_url) == exact_before


def _is_quiet(live: Server, statement: str) -> bool:
    """Other tests that run on this server at the same time move the counters: not always, but now and then."""
    before = ask_quickly(live)
    execute(live, statement)
    return ask_quickly(live) == before


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("CREATE DATABASE IF NOT EXISTS elsewhere", id="another database"),
        pytest.param("ALTER TABLE users AUTO_INCREMENT = 500", id="the next AUTO_INCREMENT is set"),
        pytest.param("ALTER TABLE pairs FORCE", id="a table is rebuilt"),
        pytest.param("CREATE OR REPLACE TABLE elsewhere.t (id INT)", id="a table in another database"),
    ],
)
def test_what_moves_the_quick_one_alone(statement: str, live: Server, mariadb_server: MariadbServer, mariadb_url: str) -> None:  # fmt: skip
    mariadb_server.execute("CREATE DATABASE IF NOT EXISTS elsewhere")
    quick_before, exact_before = ask_quickly(live), ask_exactly(mariadb_server, mariadb_url)
    execute(live, statement)
    assert ask_quickly(live) != quick_before
    assert ask_exactly(mariadb_server, mariadb_url) == exact_before


def test_the_start_of_the_server_belongs_to_the_counters(live: Server) -> None:
    names = [name for name, _ in queries(live)(COUNTERS_MARIADB)]
    assert names[-1] == "uptime"
    (started,) = (value for name, value in queries(live)(COUNTERS_MARIADB) if name == "uptime")
    execute(live, "SELECT SLEEP(1.1)")
    assert ("uptime", started) in queries(live)(COUNTERS_MARIADB)


def test_a_user_who_may_read_one_table_gets_an_answer(mariadb_server: MariadbServer, live: Server, mariadb_url: str) -> None:  # fmt: skip
    database = make_url(mariadb_url).database or ""
    user = f"u_{database[-8:]}"
    mariadb_server.execute(f"CREATE USER {user}@localhost", f"GRANT SELECT ON `{database}`.pairs TO {user}@localhost")
    url = mariadb_server.url(database, user)
    with mariadb_server.connect(url) as connection:
        quick_before, exact_before = ask_quickly(connection), ask_exactly(mariadb_server, url)
        execute(live, "ALTER TABLE pairs ADD c INT")
        assert ask_quickly(connection) != quick_before
        assert ask_exactly(mariadb_server, url) != exact_before
    mariadb_server.execute(f"DROP USER {user}@localhost")


def test_mysql_keeps_its_counters_elsewhere() -> None:
    """https://dev.mysql.com/doc/refman/8.4/en/performance-schema-status-variable-tables.html"""
    assert "FROM performance_schema.global_status" in COUNTERS_MYSQL
