"""A database, and the hands that change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg

from driftguard.catalog.postgresql import SESSION, read
from driftguard.catalog.postgresql.journal import INSTALL, REMOVE, read_entries
from driftguard.schema.catalog import Catalog, Scope
from driftguard.schema.journal import Entry, Origin

MOST = 100_000


class Hand(NamedTuple):
    """A database, for whoever changes it."""

    url: str

    @contextmanager
    def session(self, user: str = "postgres", *, autocommit: bool = True) -> Iterator[psycopg.Connection]:
        """A connection of a role, to psycopg's liking."""
        address = self.url.replace("+psycopg", "")
        told = {"application_name": "a test", "client_encoding": "utf8"}
        with psycopg.connect(address, user=user, autocommit=autocommit, **told) as connection:
            yield connection

    def run(self, *statements: str, user: str = "postgres") -> None:
        """Statements in one session, each by itself."""
        with self.session(user) as connection:
            for each in statements:
                connection.execute(each.encode())

    def together(self, *statements: str) -> None:
        """Statements in one transaction."""
        with self.session(autocommit=False) as connection:
            for each in statements:
                connection.execute(each.encode())

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with self.session() as connection:
            return connection.execute(statement.encode()).fetchall()

    def install(self) -> None:
        self.together(*INSTALL)

    def remove(self) -> None:
        self.together(*REMOVE)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Oldest first."""
        with self.session(autocommit=False) as connection:
            return read_entries(lambda sql: connection.execute(sql.encode()).fetchall(), MOST)[::-1]

    @property
    def by_hand(self) -> list[str]:
        """The statements that are taken for handwork."""
        return [each.statement for each in self.entries if each.origin is Origin.HAND]

    @property
    def catalog(self) -> Catalog:
        """What a check sees, all schemas included."""
        with self.session(autocommit=False) as connection:
            for statement in SESSION:
                connection.execute(statement.encode())
            return read(lambda sql: connection.execute(sql.encode()).fetchall(), Scope())
