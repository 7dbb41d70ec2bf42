"""Rows of PostgreSQL's catalog to a Catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from driftguard.catalog.postgresql import privileges, remainder
from driftguard.catalog.postgresql.journal import is_own
from driftguard.catalog.postgresql.naming import LABELS, is_made_up, next_value, object_name
from driftguard.catalog.postgresql.statements import (
    EXTENSION_VERSIONS,
    LATER_FACTS,
    SEARCH_PATH,
    SERVER,
    STATEMENTS,
    SUBSCRIPTIONS,
    UNREAD,
    Statement,
)
from driftguard.catalog.postgresql.texts import default as plain_default
from driftguard.catalog.postgresql.texts import expression
from driftguard.schema.catalog import Catalog, Name, Object, Query, Row, Scope, make_catalog, make_object
from driftguard.schema.roles import DEFAULT_SCHEMA
from driftguard.schema.select import WITHOUT_SCHEMA

VERBATIM = frozenset({"function", "procedure"})
"""Kinds with a text that is no expression."""

IN_TURN = tuple(each.sql for each in STATEMENTS)


class Found(NamedTuple):
    """One row. ``columns``: those that the server would make up the object's name from, joined by "_"."""

    name: Name
    columns: str | None
    facts: dict[str, str | None]


def read(query: Query, scope: Scope) -> Catalog:
    """The catalog of the connected database.

    Expects the transaction that ``SESSION`` began; its search path is changed until its end. The connection's
    ``current_schema()`` becomes the default schema "". No privilege on the objects themselves is needed; driftguard's
    own journal is not read.
    """
    ((version, number_text, default_schema),) = query(SERVER)
    number = int(number_text or 0)
    query(SEARCH_PATH)
    wanted = _with_default_schema(scope, default_schema or "")
    rows = [row for since, sql in LATER_FACTS.items() if number >= since for row in query(sql)]
    columns = remainder.columns(query(remainder.COLUMNS)) if number >= remainder.SINCE else ()
    if columns:
        inhabited = {name for (name,) in query(remainder.inhabited(columns))}
        empty = {each.catalog for each in columns if each.name == "oid"} - inhabited
        rows += query(remainder.statement(columns, empty))
    if scope.privileges:
        rows += privileges.without_schemas(query(privileges.statement(wanted, columns)), wanted)
    ((role,),) = query(privileges.migrator(wanted)) if scope.privileges else (("",),)
    later = _facts(rows)
    catalog = make_catalog(
        "postgresql",
        version or "",
        _objects(query, later, wanted),
        (
            text or ""
            for schema, text in query(SUBSCRIPTIONS if number >= remainder.SINCE else UNREAD)
            if schema is None or _is_in(schema, wanted)
        ),
    )
    versions = tuple((name or "", version or "") for name, version in query(EXTENSION_VERSIONS))
    return replace(catalog, extensions=versions, role=role or "")


def _objects(query: Query, later: Mapping[Name, dict[str, str | None]], wanted: Scope) -> Iterator[Object]:
    """Made of one family after the other. The sequences come before the columns that they number."""
    serials: dict[tuple[Name, str], str] = {}
    for family in _families(query, later):
        found = [each for each in family if _is_wanted(each.name, wanted) and not is_own(each.name, each.facts)]
        serials |= _serial_defaults(found)
        yield from (_object(each, serials) for each in found)


def _families(query: Query, later: Mapping[Name, dict[str, str | None]]) -> Iterator[Iterable[Found]]:
    for statement in STATEMENTS:
        yield _found(query(statement.sql), statement, later)
    yield (Found(name, None, facts) for name, facts in later.items() if remainder.ITSELF in facts)


def _with_default_schema(scope: Scope, default: str) -> Scope:
    """The same scope where the default schema is "", even if somebody wrote its name."""
    return Scope(
        None if scope.schemas is None else frozenset("" if each == default else each for each in scope.schemas),
        frozenset(("" if schema == default else schema, table) for schema, table in scope.left_out),
        scope.privileges,
    )


def _is_wanted(name: Name, scope: Scope) -> bool:
    if name.kind in WITHOUT_SCHEMA:
        return True
    schema = name.name if name.kind == "schema" else name.schema
    table = name.name if name.kind == "table" else name.table
    return _is_in(schema, scope) and (name.schema, table) not in scope.left_out


def _is_in(schema: str, scope: Scope) -> bool:
    return scope.schemas is None or schema in scope.schemas


def _found(rows: Iterable[Row], statement: Statement, later: Mapping[Name, dict[str, str | None]]) -> Iterator[Found]:
    for kind, schema, table, name, columns, *texts in rows:
        known = Name(kind or "", schema or "", table or "", name or "")
        facts = {attribute: text for attribute, text in zip(statement.facts, texts, strict=True) if text}
        if kind not in VERBATIM:
            facts = {attribute: expression(text) for attribute, text in facts.items()}
        yield Found(known, columns, {**facts, **later.get(known, {})})


def _facts(rows: Iterable[Row]) -> dict[Name, dict[str, str | None]]:
    facts: dict[Name, dict[str, str | None]] = defaultdict(dict)
    for kind, schema, table, name, attribute, text in rows:
        facts[Name(kind or "", schema or "", table or "", name or "")][attribute or ""] = text or None
    return facts


def _serial_defaults(found: Iterable[Found]) -> dict[tuple[Name, str], str]:
    """Column and its default to the default with the name that its sequence would get today.

    A serial column keeps its sequence's name when table or column are renamed.
    """
    return {
        (Name("column", schema, table, column), next_value(schema, name)): next_value(
            schema, object_name(table, column, LABELS["sequence"])
        )
        for (kind, schema, table, name), column, _ in found
        if kind == "sequence" and column is not None and is_made_up(kind, table, column, name)
    }


def _object(found: Found, serials: Mapping[tuple[Name, str], str]) -> Object:
    kind, _, table, name = found.name
    facts = found.facts
    if default := facts.get("default"):
        told = plain_default(default, facts.get("type")) if kind == "column" else default
        facts = {**facts, "default": serials.get((found.name, told), told) if told else None}
    any_name = kind == DEFAULT_SCHEMA or is_made_up(kind, table, found.columns, name)
    return make_object(found.name, facts, anonymous=any_name)
