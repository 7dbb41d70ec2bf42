"""The statements that bring a live MariaDB or MySQL database back to what its revisions made."""

from __future__ import annotations

from collections.abc import Callable

from driftguard.catalog.mysql import definitions
from driftguard.catalog.mysql.quoting import first_name, literal, qualify, quote
from driftguard.schema.catalog import Catalog, Name, Object
from driftguard.schema.diff import Difference
from driftguard.schema.renames import is_rename

Statements = tuple[str, ...]

_INDEXES = frozenset({"index", "primary key", "unique"})
_VISIBILITY = {
    ("mariadb", None): "NOT IGNORED",
    ("mariadb", "no"): "IGNORED",
    ("mysql", None): "VISIBLE",
    ("mysql", "no"): "INVISIBLE",
}
_KEEP_HISTORY = "SET STATEMENT system_versioning_alter_history=KEEP FOR "
_NUMERIC_OPTIONS = frozenset(
    {"avg_row_length", "checksum", "delay_key_write", "key_block_size", "max_rows", "min_rows", "page_checksum"}
)

GENERATED = "generated"


def restore(difference: Difference, was: Catalog) -> Statements:
    """What to run on live, in this order; () for an event that runs once and for kinds not known here.

    A table or column comes back empty; its columns are in alphabetical order where the catalog knows no other.
    """
    # https://mariadb.com/kb/en/system-versioned-tables/ : such a table refuses to change otherwise.
    before = _KEEP_HISTORY if _keeps_history(difference.name, was) else ""
    return tuple(f"{before}{statement}" for statement in _statements(difference, was))


def _statements(difference: Difference, was: Catalog) -> Statements:
    if is_rename(difference) and difference.was and difference.now:
        now, before = difference.now.name.name, difference.was.name.name
        return (f"{_alter(difference.was)} RENAME COLUMN {quote(now)} TO {quote(before)}",)
    if difference.was is None:
        return _drop(difference.now) if difference.now else ()
    if difference.now is None:
        return _create(difference.was, was)
    change = _CHANGES.get(difference.name.kind, _drop_and_create)
    return change(difference, difference.was, was)


def _keeps_history(name: Name, was: Catalog) -> bool:
    table = Name("table", name.schema, "", name.table)
    return any(each.name == table and each["versioning"] for each in was.objects)


def _create(item: Object, was: Catalog) -> Statements:
    name = item.name
    match name.kind:
        case "table":
            return _create_table(item, was)
        case "column":
            return (f"{_alter(item)} ADD COLUMN {_column(item)}{_key_of_counter(item, was)}",)
        case "primary key" if _is_counter_key(item, was):
            return ()  # the missing column's own statement brings it along
        case "primary key" | "unique" | "index":
            return (f"{_alter(item)} ADD {definitions.index_definition(item, was.dialect)}",)
        case "foreign key":
            return (f"{_alter(item)} ADD {definitions.foreign_key_definition(item)}",)
        case "check":
            return (f"{_alter(item)} ADD {definitions.check_definition(item)}",)
        case "event":
            statement = definitions.event_statement(item)
            return (statement,) if statement else ()
        case _:
            make = _STATEMENTS.get(name.kind)
            return (make(item),) if make else ()


def _drop(item: Object) -> Statements:
    kind, schema, _, name = item.name
    match kind:
        case "column":
            return (f"{_alter(item)} DROP COLUMN {quote(name)}",)
        case "primary key":
            return (f"{_alter(item)} DROP PRIMARY KEY",)
        case "unique" | "index":
            return (f"{_alter(item)} DROP INDEX {quote(name)}",)
        case "foreign key":
            return (f"{_alter(item)} DROP FOREIGN KEY {quote(name)}",)
        case "check":
            return (f"{_alter(item)} DROP CONSTRAINT {quote(name)}",)
        case _:
            return (f"DROP {kind.upper()} {qualify(schema, name)}",)


def _drop_and_create(difference: Difference, expected: Object, was: Catalog) -> Statements:
    created = _create(expected, was)
    return (*_drop(difference.now or expected), *created) if created else ()


def _change_index(difference: Difference, expected: Object, was: Catalog) -> Statements:
    """Both in one statement: a counter or a foreign key may need the index at every moment."""
    name = quote(expected.name.name)
    if {change.attribute for change in difference.changes} == {"visible"}:
        return (f"{_alter(expected)} ALTER INDEX {name} {_VISIBILITY[was.dialect, expected['visible']]}",)
    dropped = "PRIMARY KEY" if expected.name.kind == "primary key" else f"INDEX {name}"
    return (f"{_alter(expected)} DROP {dropped}, ADD {definitions.index_definition(expected, was.dialect)}",)


def _change_column(difference: Difference, expected: Object, was: Catalog) -> Statements:
    if any(
        _storage(change.was) != _storage(change.now) for change in difference.changes if change.attribute == GENERATED
    ):
        return ()  # the server cannot do that in place
    return (f"{_alter(expected)} MODIFY COLUMN {_column(expected)}",)


def _storage(generated: str | None) -> str:
    """How a generated value is kept: the last word of the fact."""
    return (generated or "").rpartition(" ")[2]


def _change_sequence(difference: Difference, expected: Object, was: Catalog) -> Statements:
    return (f"ALTER SEQUENCE {qualify(expected.name.schema, expected.name.name)} {expected['definition']}",)


def _change_view(difference: Difference, expected: Object, was: Catalog) -> Statements:
    return (definitions.view_statement(expected),)


def _change_table(difference: Difference, expected: Object, was: Catalog) -> Statements:
    alter = f"ALTER TABLE {qualify(expected.name.schema, expected.name.name)}"
    return tuple(
        f"{alter} {clause}"
        for change in difference.changes
        for clause in _table_clauses(change.attribute, change.was, change.now, expected, was)
    )


def _table_clauses(attribute: str, before: str | None, after: str | None, table: Object, was: Catalog) -> Statements:
    match attribute:
        case "engine":
            return (f"ENGINE={before}",)
        case "comment":
            return (f"COMMENT={literal(before or '')}",)
        case "partitions":
            return (f"PARTITION BY {before}",) if before else ("REMOVE PARTITIONING",)
        case "versioning":
            return ("ADD SYSTEM VERSIONING",) if before else ("DROP SYSTEM VERSIONING",)
        case "options":
            return (_options(before or "", after or ""),)
        case "collation":
            # Converting changes every column, also those with a collation of their own.
            charset = f"{before.split('_')[0]} COLLATE {before}" if before else "DEFAULT"
            texts = (column for column in _of(table, was, "column") if definitions.is_text(column))
            return (f"CONVERT TO CHARACTER SET {charset}", *(f"MODIFY COLUMN {_column(each)}" for each in texts))
        case _:
            return ()


def _options(before: str, after: str) -> str:
    """The options as they were, and those that were not there as if nobody had set them."""
    kept = {option.partition("=")[0].lower() for option in before.split()}
    added = (option.partition("=")[0].lower() for option in after.split())
    resets = (f"{name}={'0' if name in _NUMERIC_OPTIONS else 'DEFAULT'}" for name in added if name not in kept)
    return " ".join([*before.split(), *resets])


def _create_table(table: Object, was: Catalog) -> Statements:
    body = (
        *(_column(each) for each in was.in_order(_of(table, was, "column"))),
        *(definitions.index_definition(each, was.dialect) for each in _of(table, was, *sorted(_INDEXES))),
        *(definitions.check_definition(each) for each in _of(table, was, "check")),
    )
    name = qualify(table.name.schema, table.name.name)
    created = f"CREATE TABLE {name} ({', '.join(body)}) {definitions.table_options(table)}"
    followers = _of(table, was, "foreign key", "trigger")
    return (created, *(statement for each in followers for statement in _create(each, was)))


def _key_of_counter(column: Object, was: Catalog) -> str:
    """A counting column can only be added together with a key."""
    if column["autoincrement"] is None:
        return ""
    candidates = (each for each in _of_table_of(column, was) if each.name.kind in _INDEXES)
    keys = (key for key in candidates if first_name(key["columns"] or "") == column.name.name)
    return next((f", ADD {definitions.index_definition(key, was.dialect)}" for key in keys), "")


def _is_counter_key(key: Object, was: Catalog) -> bool:
    first = first_name(key["columns"] or "")
    return any(
        each.name.kind == "column" and each.name.name == first and each["autoincrement"] is not None
        for each in _of_table_of(key, was)
    )


def _of(table: Object, was: Catalog, *kinds: str) -> tuple[Object, ...]:
    place = (table.name.schema, table.name.name)
    return tuple(
        each for each in was.objects if each.name.kind in kinds and (each.name.schema, each.name.table) == place
    )


def _of_table_of(item: Object, was: Catalog) -> tuple[Object, ...]:
    return tuple(each for each in was.objects if each.name[1:3] == item.name[1:3])


def _alter(item: Object) -> str:
    return f"ALTER TABLE {qualify(item.name.schema, item.name.table)}"


def _column(column: Object) -> str:
    return f"{quote(column.name.name)} {definitions.column_definition(column)}"


_STATEMENTS: dict[str, Callable[[Object], str]] = {
    "function": definitions.routine_statement,
    "procedure": definitions.routine_statement,
    "sequence": definitions.sequence_statement,
    "trigger": definitions.trigger_statement,
    "view": definitions.view_statement,
}

_CHANGES: dict[str, Callable[[Difference, Object, Catalog], Statements]] = {
    "column": _change_column,
    "index": _change_index,
    "primary key": _change_index,
    "sequence": _change_sequence,
    "table": _change_table,
    "unique": _change_index,
    "view": _change_view,
}
