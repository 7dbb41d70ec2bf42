"""PostgreSQL: every drift is seen and named and can be undone, and nothing else is ever said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from fixtures.postgresql import PostgresqlServer
from postgresql_base import BASE
from postgresql_drifts import RESTORABLE, SEEN_ONLY

from driftguard.catalog.postgresql import SESSION, read, restore
from driftguard.schema.catalog import Catalog, Query, Row, Scope
from driftguard.schema.diff import Difference, diff

EVERYTHING = Scope()


def address(url: str) -> str:
    """The URL as the driver itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def queries(connection: psycopg.Connection) -> Query:
    """How the catalog asks; every value must be text or None."""

    def query(sql: str) -> list[Row]:
        rows = connection.execute(sql.encode()).fetchall()
        assert all(value is None or isinstance(value, str) for row in rows for value in row)
        return rows

    return query


def catalog_of(url: str, scope: Scope = EVERYTHING, *, first: str = "", **options: str) -> Catalog:
    """What the database holds, read as a guest would."""
    with psycopg.connect(address(url), autocommit=True, **options) as connection:
        if first:
            connection.execute(first.encode())
        connection.execute(b"BEGIN")
        for statement in SESSION:
            connection.execute(statement.encode())
        return read(queries(connection), scope)


def execute(url: str, statements: str) -> None:
    with psycopg.connect(address(url), autocommit=True) as connection:
        for statement in statements.split(";;"):
            connection.execute(statement.encode())


def described(differences: tuple[Difference, ...]) -> list[str]:
    """The differences in the notation of the drift table."""
    return sorted(
        f"{'+' if each.was is None else '-' if each.now is None else '~'} {each.name.kind} {each.name}"
        + (f", {' '.join(change.attribute for change in each.changes)}" if each.changes else "")
        for each in differences
    )


@contextmanager
def database(server: PostgresqlServer, *statements: str) -> Iterator[str]:
    url = server.create()
    try:
        for each in statements:
            execute(url, each)
        yield url
    finally:
        server.drop(url)


def undo(connection: psycopg.Connection, restored: list[tuple[str, ...]]) -> None:
    """Run what is offered for each difference, again where it needs what another one brings back."""
    for _ in restored:
        failed = []
        for statements in restored:
            try:
                with connection.transaction():
                    for each in statements:
                        connection.execute(each.encode())
            except psycopg.Error:
                failed.append(statements)
        restored = failed


@pytest.fixture(scope="module")
def base(postgresql_server: PostgresqlServer) -> Iterator[tuple[str, Catalog]]:
    """The URL of a database with the base schema, and its catalog."""
    with database(postgresql_server, BASE) as url:
        yield url, catalog_of(url)


@pytest.fixture
def rolled_back(base: tuple[str, Catalog]) -> Iterator[psycopg.Connection]:
    """A connection to the base whose changes nobody else sees."""
    with psycopg.connect(address(base[0])) as connection:
        yield connection
        connection.rollback()


def expected(text: str) -> list[str]:
    return sorted(each.strip() for each in text.split(";") if each.strip())


@pytest.mark.parametrize(("statement", "differences"), [*RESTORABLE, *SEEN_ONLY])
def test_drift_is_seen_and_named(
    statement: str, differences: str, base: tuple[str, Catalog], rolled_back: psycopg.Connection
) -> None:
    rolled_back.execute(statement.encode())
    assert described(diff(base[1], read(queries(rolled_back), EVERYTHING))) == expected(differences)


@pytest.mark.parametrize(("statement", "_"), RESTORABLE)
def test_drift_is_undone(statement: str, _: str, base: tuple[str, Catalog], rolled_back: psycopg.Connection) -> None:
    query = queries(rolled_back)
    rolled_back.execute(statement.encode())
    undo(rolled_back, [restore(each, base[1]) for each in diff(base[1], read(query, EVERYTHING))])
    assert diff(base[1], read(query, EVERYTHING)) == ()


@pytest.mark.parametrize(("statement", "_"), SEEN_ONLY)
def test_no_statement_is_offered_that_would_not_be_true(
    statement: str, _: str, base: tuple[str, Catalog], rolled_back: psycopg.Connection
) -> None:
    rolled_back.execute(statement.encode())
    differences = diff(base[1], read(queries(rolled_back), EVERYTHING))
    assert () in [restore(each, base[1]) for each in differences]
