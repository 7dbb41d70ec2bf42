"""Tables with their columns and partitions, and sequences: from rows to objects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from driftguard.catalog.mysql.quoting import literal, quote
from driftguard.catalog.mysql.spelling import (
    fold_collation,
    fold_extra,
    fold_options,
    fold_type,
    mariadb_default,
    mysql_default,
    unescape,
)
from driftguard.schema.catalog import Name, Object, make_object

Text = tuple[str, ...]

TABLE_TYPES = ("BASE TABLE", "SYSTEM VERSIONED")
_SEQUENCE = re.compile(
    r"CREATE SEQUENCE (?:`(?:[^`]|``)*`\.)?`(?:[^`]|``)*` (?P<definition>.*?)(?: ENGINE=\w+)?$", re.DOTALL
)


def tables(rows: Iterable[Text], schemata: Iterable[Text], partitions: Iterable[Text]) -> Iterator[Object]:
    """Tables. ``collation`` only where it is not the database's own, which is the server's matter."""
    defaults = {row[0]: row[1] for row in schemata}
    partitioned = _partitions(partitions)
    for schema, table, kind, engine, collation, options, comment in rows:
        if kind in TABLE_TYPES:
            yield make_object(
                Name("table", schema, "", table),
                {
                    "engine": engine,
                    "collation": fold_collation(collation) if collation != defaults.get(schema) else None,
                    "options": fold_options(options) or None,
                    "comment": comment or None,
                    "partitions": partitioned.get((schema, table)),
                    "versioning": "system" if kind == "SYSTEM VERSIONED" else None,
                },
            )


def columns(rows: Iterable[Text], tables: Iterable[Text], checks: Iterable[Text], dialect: str) -> Iterator[Object]:
    """Columns of tables; a check that stands in the column's own definition (MariaDB) is a fact of the column."""
    collations = {row[:2]: row[4] for row in tables if row[2] in TABLE_TYPES}
    own_checks = {row[:3]: row[3] for row in checks if row[4] == "Column"}
    for row in rows:
        if row[:2] in collations:
            schema, table, column = row[:3]
            facts = _column_facts(row[3:], collations[row[:2]], own_checks.get(row[:3]), dialect)
            yield make_object(Name("column", schema, table, column), facts)


def sequences(rows: Iterable[Text]) -> Iterator[Text]:
    """(schema, name) of each sequence."""
    return (row[:2] for row in rows if row[2] == "SEQUENCE")


def sequence(name: Text, created: str) -> Object:
    """A sequence from its ``SHOW CREATE SEQUENCE``, which does not tell how far it has counted."""
    match = _SEQUENCE.match(created)
    return make_object(
        Name("sequence", name[0], "", name[1]), {"definition": match["definition"] if match else created}
    )


def _column_facts(row: Text, table_collation: str, check: str | None, dialect: str) -> dict[str, str | None]:
    column_type, nullable, has_default, default, extra_text, collation, comment, expression, srid = row
    extra = fold_extra(extra_text)
    written = default if has_default == "1" else None
    # JSON is this on MariaDB: https://mariadb.com/kb/en/json-data-type/
    is_json = column_type == "longtext" and collation == "utf8mb4_bin" and (check or "").startswith("json_valid(")
    has_own_collation = bool(collation) and collation != table_collation and not is_json
    return {
        "type": "json" if is_json else fold_type(column_type),
        "nullable": nullable.lower(),
        "default": mysql_default(written, column_type, expression=extra.expression_default)
        if dialect == "mysql"
        else mariadb_default(written),
        "on update": extra.on_update or None,
        "generated": f"({unescape(expression)}) {extra.generated}" if extra.generated else None,
        "autoincrement": "yes" if extra.autoincrement else None,
        "invisible": "yes" if extra.invisible else None,
        "collation": fold_collation(collation) if has_own_collation else None,
        "comment": comment or None,
        "check": None if is_json else check,
        "srid": srid or None,
        "extra": extra.rest or None,
    }


def _partitions(rows: Iterable[Text]) -> dict[Text, str]:
    """What follows ``PARTITION BY`` for each table."""
    by_table: dict[Text, list[Text]] = defaultdict(list)
    for row in rows:
        by_table[row[:2]].append(row[2:])
    return {table: _partitioning(rows) for table, rows in by_table.items()}


def _partitioning(rows: list[Text]) -> str:
    _, _, method, expression, submethod, subexpression, _, _ = rows[0]
    subpartitions: dict[str, list[str]] = defaultdict(list)
    for name, subname, *_ in rows:
        subpartitions[name] += [f"SUBPARTITION {quote(subname)}"] if subname else []
    descriptions = {row[0]: (row[6], row[7]) for row in rows}
    bounds = (
        f"PARTITION {quote(name)}{_bound(method, limit)}"
        + (f" COMMENT = {literal(comment)}" if comment else "")
        + (f" ({', '.join(subpartitions[name])})" if subpartitions[name] else "")
        for name, (limit, comment) in descriptions.items()
    )
    by = f"{method} ({expression})" + (f" SUBPARTITION BY {submethod} ({subexpression})" if submethod else "")
    return f"{by} ({', '.join(bounds)})"


def _bound(method: str, limit: str) -> str:
    if method.startswith("RANGE"):
        return f" VALUES LESS THAN ({limit})"
    if method.startswith("LIST"):
        return " DEFAULT" if limit == "DEFAULT" else f" VALUES IN ({limit})"
    return f" {limit}" if limit else ""
