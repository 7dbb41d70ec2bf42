"""Reads a MariaDB or MySQL database: a fixed number of statements, and one more per sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from driftguard.catalog.mysql import code, keys, tables
from driftguard.catalog.mysql.privileges import hidden_kinds
from driftguard.catalog.mysql.quoting import qualify
from driftguard.catalog.mysql.statements import (
    EVENTS,
    FOREIGN_KEY_ACTIONS,
    FOREIGN_KEYS,
    GRANTS,
    PARAMETERS,
    PARTITIONS,
    ROUTINES,
    SCHEMATA,
    SERVER,
    SHOW_SEQUENCE,
    SHOW_TABLE,
    TABLES,
    TRIGGERS,
    schema_list,
    server_of,
    version_of,
)
from driftguard.schema.catalog import Catalog, Object, Query, Row, Scope, make_catalog

Text = tuple[str, ...]

IN_TURN: tuple[str, ...] = ()


def read(query: Query, scope: Scope) -> Catalog:
    """The database that the connection has chosen, and those that ``scope.schemas`` names.

    On these servers a schema is a database of its own, so ``schemas=None`` means the chosen one only: the others belong
    to other projects. ``unread`` has lines ``kind: reason`` for the kinds that this user cannot see, of which the
    catalog then holds nothing.
    """
    version_text, database = _texts(query(SERVER))[0]
    server = server_of(version_text)
    schemas = schema_list(tuple(sorted((scope.schemas or frozenset()) - {"", database})))

    def rows(statement: str) -> tuple[Text, ...]:
        return tuple(_within(_texts(query(statement.format(schemas=schemas))), database, scope))

    def show(statement: str, name: Text) -> str:
        return _texts(query(statement.format(name=qualify(*name))))[0][1]

    table_rows, view_rows, routine_rows = rows(TABLES), rows(server.views), rows(ROUTINES)
    column_rows = rows(server.columns)
    check_rows = rows(server.checks) if server.checks else ()
    references = keys.references(rows(FOREIGN_KEYS), database)
    actions = keys.actions(rows(FOREIGN_KEY_ACTIONS))
    for table in sorted({key[:2] for key in references.keys() - actions.keys()}):
        actions |= keys.shown_actions(table, show(SHOW_TABLE, table))
    grants = (row[0] for row in _texts(query(GRANTS)))
    hidden = hidden_kinds(grants, database) | code.hidden_kinds(view_rows, routine_rows)
    objects: Iterable[Object] = (
        *tables.tables(table_rows, rows(SCHEMATA), rows(PARTITIONS)),
        *tables.columns(column_rows, table_rows, check_rows, server.dialect),
        *keys.indexes(rows(server.indexes), references),
        *keys.foreign_keys(references, actions),
        *keys.checks(check_rows),
        *(tables.sequence(name, show(SHOW_SEQUENCE, name)) for name in tables.sequences(table_rows)),
        *code.views(view_rows, column_rows if server.dialect == "mysql" else (), database),
        *code.triggers(rows(TRIGGERS)),
        *code.routines(routine_rows, rows(PARAMETERS)),
        *code.events(rows(EVENTS)),
    )
    return make_catalog(
        server.dialect,
        version_of(version_text),
        (each for each in objects if each.name.kind not in hidden),
        (f"{kind}: this user lacks the privilege {privilege}" for kind, privilege in hidden.items()),
    )


def _texts(rows: Sequence[Row]) -> list[Text]:
    """The rows with "" for NULL."""
    return [tuple("" if value is None else value for value in row) for row in rows]


def _within(rows: Iterable[Text], database: str, scope: Scope) -> Iterator[Text]:
    """The rows whose first two values (schema and table) are to be read, the default schema as ""."""
    for schema, table, *rest in rows:
        name = "" if schema == database else schema
        if (scope.schemas is None or name in scope.schemas) and (name, table) not in scope.left_out:
            yield (name, table, *rest)
