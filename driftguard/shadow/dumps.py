"""MariaDB and MySQL databases that are built anew from what others held.

A thousand small changes of a few tables take these servers far longer than to make the tables that came of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from driftguard.schema.catalog import Query, Row
from driftguard.shadow.errors import CannotRebuild
from driftguard.shadow.request import Script

SESSION = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0"

TABLES = """
SELECT CAST(table_name AS CHAR) FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 1"""

CODE = """
SELECT CAST(routine_type AS CHAR) AS kind, CAST(routine_name AS CHAR) AS name, 0 AS number
FROM information_schema.routines WHERE routine_schema = DATABASE()
UNION ALL SELECT 'VIEW', CAST(table_name AS CHAR), 1 FROM information_schema.views WHERE table_schema = DATABASE()
UNION ALL SELECT 'TRIGGER', CAST(trigger_name AS CHAR), 1 + action_order
FROM information_schema.triggers WHERE trigger_schema = DATABASE()
ORDER BY number, name"""
"""Nothing comes before what it needs, but for views that need each other."""

LEFT_OUT = """
SELECT CAST(table_name AS CHAR) FROM information_schema.tables
WHERE table_schema = DATABASE() AND (
  table_type NOT IN ('BASE TABLE', 'VIEW') OR data_length > 16000000
  OR LOWER(engine) NOT IN ('aria', 'innodb', 'memory', 'myisam', 'rocksdb'))
UNION ALL SELECT CAST(event_name AS CHAR) FROM information_schema.events WHERE event_schema = DATABASE()
UNION ALL SELECT CAST(routine_name AS CHAR) FROM information_schema.routines
WHERE routine_schema = DATABASE() AND routine_type NOT IN ('FUNCTION', 'PROCEDURE')"""
"""Whatever cannot be made anew from what is written below, has its rows elsewhere, or is far too much."""

COLUMNS = """
SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(LOWER(data_type) AS CHAR)
FROM information_schema.columns
WHERE table_schema = DATABASE() AND COALESCE(generation_expression, '') = '' ORDER BY 1, ordinal_position"""

COLLATION = "SELECT CAST(@@collation_database AS CHAR)"
OF_DATABASE = "ALTER DATABASE COLLATE {collation}"
SHOW = "SHOW CREATE {kind} {name}"
STAND_IN = "CREATE VIEW {name} AS SELECT {columns}"
AS_WRITTEN = "SET SESSION sql_mode = '{mode}', character_set_client = {charset}, collation_connection = {collation}"
ROWS = "SELECT CONCAT_WS(', ', {values}) FROM {table} LIMIT {most}"
INSERT = "INSERT INTO {table} ({columns}) VALUES\n{rows}"
CHECKSUM = "CHECKSUM TABLE {tables}"

EXACT = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"})
FLOATING = frozenset({"float", "double"})
MOMENTS = frozenset({"date", "datetime", "time", "timestamp"})
BYTES = frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point", "linestring", "polygon"}
    | {"multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"}
)

MOST_CHARACTERS = 4_000_000
"""Of one dump."""

MOST_ROWS = 20_000
"""Of one table."""

AT_ONCE = 500
"""Rows of one statement."""


class Dumps:
    """Of databases without sequences, events, packages, and tables that remember their past."""

    kind = "dump"
    transcribes = False

    def script(self, query: Query, transcript: Script) -> Script:
        """Tables with their rows first, what may fire at them last."""
        try:
            script = [] if query(LEFT_OUT) else list(_dump(query))
        except CannotRebuild:
            return []
        return script if sum(len(each) for part in script for each in part) <= MOST_CHARACTERS else []

    def contents(self, query: Query) -> Sequence[Row]:
        """The checksum of each table's rows."""
        tables = [name for (name,) in query(TABLES) if name]
        if not tables:
            return []
        summed = query(CHECKSUM.format(tables=", ".join(map(_quoted, tables))))
        return [((name or "").partition(".")[2], checksum) for name, checksum in summed]

    def statements(self, script: Script) -> Iterator[str]:
        """In a session that asks no questions."""
        yield SESSION
        for statements in script:
            yield from statements


def _dump(query: Query) -> Iterator[list[str]]:
    """Raises CannotRebuild for what is too much, or has a part that our user may not see."""
    [[collation]] = query(COLLATION)
    yield [OF_DATABASE.format(collation=_known(collation))]
    columns = _columns(query(COLUMNS))
    for (table,) in query(TABLES):
        quoted = _quoted(table or "")
        values = ", ".join(_literal(column, kind) for column, kind in columns[table]) or "''"
        held = [row for (row,) in query(ROWS.format(values=values, table=quoted, most=MOST_ROWS))]
        if len(held) == MOST_ROWS:
            raise CannotRebuild(f"{table} has too many rows")
        [[_, create]] = query(SHOW.format(kind="TABLE", name=quoted))
        yield list(map(_known, [create, *_inserted(quoted, [column for column, _ in columns[table]], held)]))
    code = query(CODE)
    for kind, view, _ in code:
        if kind == "VIEW":
            named = ", ".join(f"1 AS {_quoted(column)}" for column, _ in columns[view])
            yield [STAND_IN.format(name=_quoted(view or ""), columns=named)]
    for kind, name, _ in code:
        [shown] = query(SHOW.format(kind=kind, name=_quoted(name or "")))
        mode, create, charset, collation = ("", *shown[1:4]) if kind == "VIEW" else shown[1:5]
        written = AS_WRITTEN.format(mode=mode, charset=_known(charset), collation=_known(collation))
        yield [written, _known(create).replace("CREATE", "CREATE OR REPLACE" if kind == "VIEW" else "CREATE", 1)]


def _known(text: str | None) -> str:
    if not text:
        raise CannotRebuild("our user may not see all of it")
    return text


def _columns(rows: Iterable[Row]) -> dict[str | None, list[tuple[str, str]]]:
    """By table the names and types of the columns that take values."""
    found: dict[str | None, list[tuple[str, str]]] = defaultdict(list)
    for table, column, kind in rows:
        found[table].append((column or "", kind or ""))
    return found


def _literal(column: str, kind: str) -> str:
    """An expression whose value is a literal that stands for the column's."""
    name = _quoted(column)
    if kind in EXACT:
        text = f"CAST({name} AS CHAR)"
    elif kind in FLOATING:  # added to a double, it is written with all of its digits
        text = f"CAST({name} + 0E0 AS CHAR)"
    elif kind == "bit":
        text = f"CAST({name} + 0 AS CHAR)"
    elif kind in MOMENTS:
        text = f"QUOTE(CAST({name} AS CHAR))"
    elif kind in BYTES:
        text = f"CONCAT('x''', HEX({name}), '''')"
    else:
        text = f"CONCAT('CONVERT(x''', HEX(CONVERT({name} USING utf8mb4)), ''' USING utf8mb4)')"
    return f"COALESCE({text}, 'NULL')"


def _inserted(table: str, columns: Iterable[str], rows: Sequence[str | None]) -> Iterator[str]:
    names = ", ".join(map(_quoted, columns))
    for start in range(0, len(rows), AT_ONCE):
        values = ",\n".join(f"({_known(row)})" for row in rows[start : start + AT_ONCE])
        yield INSERT.format(table=table, columns=names, rows=values)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
