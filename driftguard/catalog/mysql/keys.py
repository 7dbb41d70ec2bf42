"""Primary keys, uniques, indexes, foreign keys and checks: from rows to objects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from driftguard.catalog.mysql.quoting import shown
from driftguard.catalog.mysql.server_made import is_check_name, is_foreign_key_name, is_index_name
from driftguard.catalog.mysql.spelling import fold_action, unescape
from driftguard.schema.catalog import Name, Object, make_object

Text = tuple[str, ...]

_IDENTIFIER = r"`(?:[^`]|``)*`"
_CLAUSE = re.compile(
    rf"CONSTRAINT (?P<name>{_IDENTIFIER}) FOREIGN KEY .*?"
    r"(?: ON DELETE (?P<delete>[A-Z ]+?))?(?: ON UPDATE (?P<update>[A-Z ]+?))?,?$",
    re.MULTILINE,
)


class Reference(NamedTuple):
    """What a foreign key's columns point to, as (schema, table, columns)."""

    columns: Text
    schema: str
    table: str
    targets: Text


class Actions(NamedTuple):
    """What a foreign key does when the row it points to goes or changes; None for refusing."""

    on_delete: str | None
    on_update: str | None


def references(rows: Iterable[Text], database: str) -> dict[Text, Reference]:
    """(schema, table, constraint) → what it references; the default schema as ""."""
    by_key: dict[Text, list[Text]] = defaultdict(list)
    for row in rows:
        by_key[row[:3]].append(row[3:])
    return {
        key: Reference(
            tuple(row[0] for row in parts),
            "" if parts[0][1] == database else parts[0][1],
            parts[0][2],
            tuple(row[3] for row in parts),
        )
        for key, parts in by_key.items()
    }


def actions(rows: Iterable[Text]) -> dict[Text, Actions]:
    """(schema, table, constraint) → its actions."""
    return {row[:3]: Actions(fold_action(row[3]), fold_action(row[4])) for row in rows}


def shown_actions(table: Text, created: str) -> dict[Text, Actions]:
    """The same for one table from its ``SHOW CREATE TABLE``, which needs no privilege but SELECT."""
    return {
        (*table, match["name"][1:-1].replace("``", "`")): Actions(
            fold_action(match["delete"] or "RESTRICT"), fold_action(match["update"] or "RESTRICT")
        )
        for match in _CLAUSE.finditer(created)
    }


def foreign_keys(references: Mapping[Text, Reference], actions: Mapping[Text, Actions]) -> Iterator[Object]:
    """Foreign keys."""
    for key, reference in references.items():
        schema, table, name = key
        target = ".".join(shown(part) for part in (reference.schema, reference.table) if part)
        action = actions.get(key, Actions(None, None))
        yield make_object(
            Name("foreign key", schema, table, name),
            {
                "columns": _listed(reference.columns),
                "references": f"{target}({_listed(reference.targets)})",
                "on delete": action.on_delete,
                "on update": action.on_update,
            },
            anonymous=is_foreign_key_name(table, name),
        )


def indexes(rows: Iterable[Text], references: Mapping[Text, Reference]) -> Iterator[Object]:
    """Primary keys, uniques (these servers keep them as unique indexes) and indexes."""
    by_index: dict[Text, list[Text]] = defaultdict(list)
    for row in rows:
        by_index[row[:3]].append(row[3:])
    for key, parts in by_index.items():
        schema, table, index = key
        non_unique, first, _, _, _, method, comment, visible = parts[0]
        kind = "primary key" if index == "PRIMARY" else "index" if non_unique == "1" else "unique"
        supported = references.get(key)
        supports = supported is not None and supported.columns == tuple(part[1] for part in parts)
        yield make_object(
            Name(kind, schema, table, index),
            {
                "columns": ", ".join(_part(part) for part in parts),
                "method": None if method == "BTREE" else method.lower(),
                "comment": comment or None,
                "visible": "no" if visible == "NO" else None,
            },
            anonymous=kind != "primary key" and (supports or is_index_name(first or "functional_index", index)),
        )


def checks(rows: Iterable[Text]) -> Iterator[Object]:
    """Checks of tables."""
    for schema, table, name, expression, level, enforced in rows:
        if level == "Table":
            yield make_object(
                Name("check", schema, table, name),
                {"expression": unescape(expression), "enforced": "no" if enforced == "NO" else None},
                anonymous=is_check_name(table, name),
            )


def _part(part: Text) -> str:
    """One column of an index, such as ``email(10) DESC``, or an expression in parentheses."""
    _, column, expression, direction, length, method, _, _ = part
    # A spatial index always covers the first 32 bytes: that is no prefix that anybody chose.
    prefix = f"({length})" if length and method not in {"SPATIAL", "RTREE"} else ""
    name = shown(column) if column else f"({unescape(expression)})"
    return name + prefix + (" DESC" if direction == "D" else "")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(shown(name) for name in names)
