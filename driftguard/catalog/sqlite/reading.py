"""Reads an SQLite database as a catalog."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from driftguard.catalog.sqlite.objects import objects_of
from driftguard.catalog.sqlite.pragmas import Database
from driftguard.catalog.sqlite.tokens import identifier, string
from driftguard.schema.catalog import Catalog, Query, Row, Scope, make_catalog

# A savepoint begins a transaction, and does no harm where the driver has begun one.
SESSION: tuple[str, ...] = ("PRAGMA query_only = 1", "SAVEPOINT driftguard")

IN_TURN: tuple[str, ...] = ()

VERSION = "SELECT sqlite_version()"

DATABASES = "SELECT name FROM pragma_database_list WHERE name <> 'temp' ORDER BY seq"

STATEMENTS = """
SELECT type, name, tbl_name, sql
FROM {database}.sqlite_master
WHERE lower(substr(name, 1, 7)) <> 'sqlite_' AND sql IS NOT NULL
ORDER BY type, name
"""

# Asking for the columns of a view or a virtual table fails when what it needs is gone, so only tables are asked.
COLUMNS = """
SELECT m.name, c.name, c.type, CAST(c."notnull" AS TEXT), c.dflt_value, CAST(c.pk AS TEXT), CAST(c.hidden AS TEXT)
FROM {database}.sqlite_master AS m JOIN pragma_table_xinfo(m.name, {schema}) AS c
WHERE m.type = 'table' AND substr(m.sql, 1, 14) <> 'CREATE VIRTUAL'
ORDER BY m.name, c.cid
"""

UNIQUES = """
SELECT m.name, l.name, c.name
FROM {database}.sqlite_master AS m
JOIN pragma_index_list(m.name, {schema}) AS l
JOIN pragma_index_xinfo(l.name, {schema}) AS c
WHERE m.type = 'table' AND substr(m.sql, 1, 14) <> 'CREATE VIRTUAL' AND l.origin <> 'c' AND c.key = 1
ORDER BY m.name, l.name, c.seqno
"""

FOREIGN_KEYS = """
SELECT m.name, CAST(f.id AS TEXT), f."table", f."from", f."to", f.on_delete, f.on_update
FROM {database}.sqlite_master AS m JOIN pragma_foreign_key_list(m.name, {schema}) AS f
WHERE m.type = 'table' AND substr(m.sql, 1, 14) <> 'CREATE VIRTUAL'
ORDER BY m.name, f.id, f.seq
"""


def read(query: Query, scope: Scope) -> Catalog:
    """The catalog of the main database, and of the attached ones that ``scope`` holds (errors: the driver's)."""
    version = query(VERSION)[0][0] or ""
    names = [row[0] or "" for row in query(DATABASES)]
    return make_catalog(
        "sqlite",
        version,
        [
            item
            for name in names
            if scope.schemas is None or _schema(name) in scope.schemas
            for item in objects_of(_read_database(query, name), scope.left_out)
        ],
    )


def _schema(database: str) -> str:
    return "" if database == "main" else database


def _read_database(query: Query, name: str) -> Database:
    def rows(statement: str) -> Sequence[Row]:
        return query(statement.format(database=identifier(name), schema=string(name)))

    return Database(
        _schema(name),
        tuple(rows(STATEMENTS)),
        _by_table(rows(COLUMNS)),
        _by_table(rows(UNIQUES)),
        _by_table(rows(FOREIGN_KEYS)),
    )


def _by_table(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return {table or "": [row[1:] for row in group] for table, group in groupby(rows, key=lambda row: row[0])}
