"""What SQLite's own pragmas say of a database, and whether a statement that was read agrees with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from driftguard.catalog.sqlite.definitions import Constraint, Table
from driftguard.catalog.sqlite.tokens import fold
from driftguard.schema.catalog import Row

_GENERATED = ("2", "3")
_Reference = tuple[tuple[str, ...], str, tuple[str, ...], str, str]


class Database(NamedTuple):
    """The rows of one database.

    ``statements``: type, name, table, sql. The others are by table. ``columns``: name, type, not null, default,
    place in the primary key, hidden. ``uniques``: index, column. ``foreign_keys``: id, table, from, to, on delete,
    on update.
    """

    schema: str
    statements: tuple[Row, ...]
    columns: dict[str, list[Row]]
    uniques: dict[str, list[Row]]
    foreign_keys: dict[str, list[Row]]

    def key(self, table: str) -> tuple[str, ...]:
        """The columns of the table's primary key, in its order."""
        members = sorted((int(place or 0), name or "") for name, _, _, _, place, _ in self.columns.get(table, []))
        return tuple(name for place, name in members if place)

    def unique_columns(self, table: str) -> set[tuple[str, ...]]:
        """The columns, folded, of each automatic index; a key that is the rowid itself has none."""
        return {folded(row[1] for row in rows) for rows in _groups(self.uniques.get(table, []))}


def agrees(database: Database, name: str, table: Table) -> bool:
    """Whether ``table`` has the columns, keys, uniques and foreign keys that the pragmas list for ``name``."""
    columns = [(row[0], row[5] in _GENERATED) for row in database.columns.get(name, [])]
    key = folded(database.key(name))
    foreign_keys = [_listed(rows) for rows in _groups(database.foreign_keys.get(name, []))]
    return (
        columns == [(each.name, bool(each.generated)) for each in table.columns]
        and _keys(table, "primary key") == {key} - {()}
        and _keys(table, "unique") | {key} == database.unique_columns(name) | {key}
        and sorted(foreign_keys) == sorted(_written(each) for each in table.constraints if each.reference)
    )


def folded(names: Iterable[str | None]) -> tuple[str, ...]:
    """The names as SQLite compares them."""
    return tuple(fold(name or "") for name in names)


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows that share their first value, which stand together."""
    return [list(group) for _, group in groupby(rows, key=lambda row: row[0])]


def _keys(table: Table, kind: str) -> set[tuple[str, ...]]:
    return {folded(part.column for part in each.parts) for each in table.constraints if each.kind == kind}


def _listed(rows: Sequence[Row]) -> _Reference:
    _, table, _, _, on_delete, on_update = rows[0]
    targets = [row[3] for row in rows if row[3] is not None]
    return folded(row[2] for row in rows), fold(table or ""), folded(targets), on_delete or "", on_update or ""


def _written(constraint: Constraint) -> _Reference:
    columns = folded(part.column for part in constraint.parts)
    table, targets, on_delete, on_update = constraint.reference[:4] if constraint.reference else ("", (), "", "")
    return columns, fold(table), folded(targets), on_delete, on_update
