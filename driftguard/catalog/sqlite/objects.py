"""The rows of one SQLite database as objects with facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from driftguard.catalog.sqlite.definitions import (
    Column,
    Constraint,
    Part,
    Reference,
    Table,
    parse_body,
    parse_index,
    parse_table,
    parse_trigger,
    parse_view,
    parse_virtual_table,
)
from driftguard.catalog.sqlite.pragmas import Database, agrees, folded
from driftguard.catalog.sqlite.tokens import (
    STATEMENTS,
    Kind,
    NotUnderstood,
    Token,
    expression,
    fold,
    identifier,
    identifiers,
    query,
    spelled,
    string,
    tokenize,
    verbatim,
    without_parentheses,
)
from driftguard.catalog.unnamed import told_apart
from driftguard.schema.catalog import Name, Object, Row, make_object

# Tables that a module keeps for its virtual table (https://www.sqlite.org/vtab.html#the_xshadowname_method).
SHADOW_TABLES = {
    "fts3": ("content", "segments", "segdir", "docsize", "stat"),
    "fts4": ("content", "segments", "segdir", "docsize", "stat"),
    "fts5": ("data", "idx", "content", "docsize", "config"),
    "geopoly": ("node", "parent", "rowid"),
    "rtree": ("node", "parent", "rowid"),
    "rtree_i32": ("node", "parent", "rowid"),
}

_WORDS_AS_DEFAULT = frozenset({"true", "false", "current_date", "current_time", "current_timestamp"})


class _Known(NamedTuple):
    """The tables that were understood, and the names as they were given; all by folded names."""

    tables: dict[str, Table]
    names: dict[str, str]
    columns: dict[str, dict[str, str]]
    keys: dict[str, tuple[str, ...]]

    def in_table(self, table: str) -> frozenset[str]:
        """What an expression of ``table`` can name."""
        return frozenset({fold(table), *self.columns.get(fold(table), ())})

    def everywhere(self) -> frozenset[str]:
        """What a query can name."""
        return frozenset(self.names).union(*self.columns.values())

    def column(self, table: str, column: str) -> str:
        """The name as it was given where ``table`` was created."""
        return self.columns.get(fold(table), {}).get(fold(column), column)

    def collation(self, table: str, column: str) -> str:
        """The collation that the column was created with, folded."""
        columns = self.tables[fold(table)].columns if fold(table) in self.tables else ()
        return next((fold(each.collation) for each in columns if fold(each.name) == fold(column)), "") or "binary"


def objects_of(database: Database, left_out: frozenset[tuple[str, str]]) -> Iterator[Object]:
    """Every object but those of the tables that are left out, and of what virtual tables keep for themselves."""
    known = _known(database)
    hidden = {fold(table) for schema, table in left_out if schema == database.schema} | set(_shadow_tables(database))
    for kind, name, table, sql in database.statements:
        if kind and name and table and sql and fold(table) not in hidden:
            own = Name(kind, database.schema, "" if kind in ("table", "view") else table, name)
            yield from _objects(database, known, own, sql)


def _known(database: Database) -> _Known:
    understood = (
        (fold(name), _understood(database, name, sql))
        for kind, name, _, sql in database.statements
        if kind == "table" and name and sql
    )
    return _Known(
        {name: table for name, table in understood if table},
        {fold(name): name for kind, name, _, _ in database.statements if name and kind in ("table", "view")},
        {fold(table): {fold(row[0]): row[0] for row in rows if row[0]} for table, rows in database.columns.items()},
        {fold(table): database.key(table) for table in database.columns},
    )


def _understood(database: Database, name: str, sql: str) -> Table | None:
    """The definition, None unless it says what the pragmas say."""
    table = _parsed(sql)
    return table if table and agrees(database, name, table) else None


@lru_cache(STATEMENTS)
def _parsed(sql: str) -> Table | None:
    try:
        return parse_table(tokenize(sql))
    except NotUnderstood:
        return None


def _shadow_tables(database: Database) -> Iterator[str]:
    for kind, name, _, sql in database.statements:
        if kind == "table" and name and sql and _is_virtual(sql):
            module = "".join(token.text for token in _body(sql, "table")[1:2])
            yield from (fold(f"{name}_{suffix}") for suffix in SHADOW_TABLES.get(fold(module), ()))


def _is_virtual(sql: str) -> bool:
    return sql.startswith("CREATE VIRTUAL")


def _body(sql: str, kind: str) -> Sequence[Token]:
    """What follows the name; nothing where the statement is not understood."""
    try:
        return parse_body(tokenize(sql), kind)
    except NotUnderstood:
        return ()


def _objects(database: Database, known: _Known, name: Name, sql: str) -> Iterator[Object]:
    """The objects of one statement."""
    if name.kind == "table" and not _is_virtual(sql):
        table = known.tables.get(fold(name.name))
        return _table(database, known, name, table) if table else _unknown_table(database, known, name, sql)
    try:
        return iter((make_object(name, _facts(known, name, sql)),))
    except NotUnderstood:
        return iter((make_object(name, {"sql": _whole(known, name, sql)}),))


def _facts(known: _Known, name: Name, sql: str) -> dict[str, str | None]:
    """The facts of what is neither a table nor in one; raises NotUnderstood."""
    tokens = tokenize(sql)
    match name.kind:
        case "table":
            return {"using": verbatim(parse_virtual_table(tokens))}
        case "index":
            index = parse_index(tokens)
            where = expression(index.where, known.in_table(name.table)) if index.where else None
            return {"columns": _parts(known, name.table, index.parts), "unique": _yes_no(index.unique), "where": where}
        case "view":
            view = parse_view(tokens)
            return {
                "columns": identifiers(view.columns) or None,
                "definition": query(view.query, known.everywhere()),
            }
        case _:
            return {"definition": spelled(parse_trigger(tokens), known.everywhere())}


def _whole(known: _Known, name: Name, sql: str) -> str:
    """What follows the name as one text, or all of it where not even its tokens are known."""
    body = _body(sql, name.kind)
    return spelled(body, known.everywhere()) if body else " ".join(sql.split())


def _unknown_table(database: Database, known: _Known, name: Name, sql: str) -> Iterator[Object]:
    """A table whose statement is one fact, for it says more than its columns."""
    yield make_object(name, {"sql": _whole(known, name, sql)})
    for row in database.columns.get(name.name, []):
        yield _column(known, name, row, Column(row[0] or ""), counted=False)


def _table(database: Database, known: _Known, name: Name, table: Table) -> Iterator[Object]:
    yield make_object(name, dict.fromkeys(table.options, "yes"))
    counted = {fold(part.column) for each in table.constraints for part in each.parts if part.autoincrement}
    for row, column in zip(database.columns[name.name], table.columns, strict=True):
        yield _column(known, name, row, column, counted=fold(column.name) in counted)
    # The rowid itself has no order, whatever the statement says.
    ordered = folded(database.key(name.name)) in database.unique_columns(name.name)
    yield from told_apart(_constraint(known, name, each, ordered=ordered) for each in table.constraints)


def _column(known: _Known, table: Name, row: Row, column: Column, *, counted: bool) -> Object:
    name, declared, not_null, default, _, _ = row
    generated = expression(column.generated, known.in_table(table.name)) if column.generated else None
    return make_object(
        Name("column", table.schema, table.name, name or ""),
        {
            "type": _type(declared or "", generated=generated is not None),
            "nullable": _yes_no(not_null != "1"),
            "default": _default(default) if default and not generated else None,
            "generated": generated and f"({generated}) {'STORED' if column.stored else 'VIRTUAL'}",
            "collation": _collation(column.collation),
            "autoincrement": "yes" if counted else None,
            "on conflict": column.conflict or None,
        },
    )


@lru_cache(1000)
def _type(declared: str, *, generated: bool) -> str:
    """The type as one text; with some white space SQLite takes GENERATED ALWAYS for a part of it."""
    try:
        text = verbatim(tokenize(declared)).upper()
    except NotUnderstood:
        return declared
    return text.removesuffix("ALWAYS").rstrip().removesuffix("GENERATED").rstrip() if generated else text


@lru_cache(1000)
def _default(text: str) -> str | None:
    """The default as one text; a bare or quoted word is a string, and NULL is no default."""
    try:
        tokens = without_parentheses(tokenize(text))
    except NotUnderstood:
        return text
    if len(tokens) == 1 and tokens[0].word == "null":
        return None
    if len(tokens) == 1 and tokens[0].kind in (Kind.WORD, Kind.IDENTIFIER) and tokens[0].word not in _WORDS_AS_DEFAULT:
        return string(tokens[0].text)
    return expression(tokens, frozenset())


def _collation(name: str) -> str | None:
    return None if fold(name) in ("", "binary") else name.upper()


def _constraint(known: _Known, table: Name, constraint: Constraint, *, ordered: bool) -> Object:
    facts: dict[str, str | None] = {"on conflict": constraint.conflict or None}
    match constraint.kind:
        case "check":
            facts = {"expression": expression(constraint.expression, known.in_table(table.name))}
            made_up = f"({facts['expression']})"
        case "foreign key":
            reference = constraint.reference or Reference("", ())
            facts = {"columns": _parts(known, table.name, constraint.parts), **_reference(known, reference)}
            made_up = f"({facts['columns']}) to {facts['references']}"
        case "primary key":
            parts = constraint.parts if ordered else [part._replace(descending=False) for part in constraint.parts]
            facts["columns"] = _parts(known, table.name, parts)
            made_up = "primary key"
        case _:
            facts["columns"] = _parts(known, table.name, constraint.parts)
            made_up = f"({facts['columns']})"
    name = Name(constraint.kind, table.schema, table.name, constraint.name or made_up)
    return make_object(name, facts, anonymous=not constraint.name)


def _reference(known: _Known, reference: Reference) -> dict[str, str | None]:
    """What a foreign key refers to, and how; without columns it means the primary key of the other table."""
    written = [known.column(reference.table, column) for column in reference.columns]
    columns = identifiers(written or known.keys.get(fold(reference.table), ()))
    table = identifier(known.names.get(fold(reference.table), reference.table))
    return {
        "references": f"{table}({columns})" if columns else table,
        "on delete": reference.on_delete,
        "on update": reference.on_update,
        "match": reference.match or None,
        "deferrable": reference.deferrable or None,
    }


def _parts(known: _Known, table: str, parts: Iterable[Part]) -> str:
    return ", ".join(_part(known, table, part) for part in parts)


def _part(known: _Known, table: str, part: Part) -> str:
    if fold(part.column) in known.columns.get(fold(table), {}):
        text, declared = identifier(known.column(table, part.column)), known.collation(table, part.column)
    else:
        text, declared = expression(part.expression, known.in_table(table)), "binary"
    collation = fold(part.collation) not in ("", declared)
    return text + f" COLLATE {part.collation.upper()}" * collation + " DESC" * part.descending


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
