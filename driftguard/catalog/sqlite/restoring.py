"""The statements that bring a changed SQLite database back, made from the facts of its catalog."""

from __future__ import annotations

from collections.abc import Iterator

from driftguard.catalog.sqlite.tokens import Kind, fold, identifier, split, tokenize
from driftguard.schema.catalog import Catalog, Name, Object
from driftguard.schema.diff import Difference
from driftguard.schema.renames import is_rename

_KEYS = ("primary key", "unique", "check", "foreign key")
_NAMES = (Kind.WORD, Kind.QUOTED, Kind.IDENTIFIER)
_DROP_COLUMN_SINCE = (3, 35)


def restore(difference: Difference, was: Catalog) -> tuple[str, ...]:
    """What undoes one difference, in order; () where SQLite has no statement for it (a table must be copied).

    A dropped object comes back empty. A column that came has to lose its own indexes first.
    """
    name = difference.name
    match name.kind:
        case "table" if difference.now is None:
            return tuple(created_table(name, was))
        case "table" if difference.was is None:
            return (f"DROP TABLE {_qualified(name)};",)
        case "column" if is_rename(difference) and difference.now:
            now = difference.now.name.name
            return (
                f"ALTER TABLE {_qualified_table(name)} RENAME COLUMN {identifier(now)} TO {identifier(name.name)};",
            )
        case "column" if difference.now is None and difference.was:
            return tuple(_added_column(difference.was, was))
        case "column" if difference.was is None and _release(was.version) >= _DROP_COLUMN_SINCE:
            return (f"ALTER TABLE {_qualified_table(name)} DROP COLUMN {identifier(name.name)};",)
        case "index" | "view" | "trigger":
            dropped = [f"DROP {name.kind.upper()} {_qualified(name)};"] if difference.now else []
            return (*dropped, *([_created(difference.was)] if difference.was else []))
        case _:
            return ()


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _qualified(name: Name) -> str:
    return ".".join(identifier(part) for part in (name.schema, name.name) if part)


def _qualified_table(name: Name) -> str:
    return ".".join(identifier(part) for part in (name.schema, name.table) if part)


def created_table(name: Name, was: Catalog) -> Iterator[str]:
    """CREATE TABLE, then what makes its indexes and triggers."""
    table = next(item for item in was.objects if item.name == name)
    inside = [item for item in was.objects if (item.name.schema, item.name.table) == (name.schema, name.name)]
    if table["using"]:
        yield f"CREATE VIRTUAL TABLE {_qualified(name)} USING {table['using']};"
    elif table["sql"]:
        yield f"CREATE TABLE {_qualified(name)} {table['sql']};"
    else:
        columns = [_column_clause(item) for item in _in_order(inside, was)]
        keys = [_key_clause(item, inside) for kind in _KEYS for item in inside if item.name.kind == kind]
        options = ", ".join(option.upper() for option, _ in table.facts)
        yield f"CREATE TABLE {_qualified(name)} ({', '.join(columns + keys)}){' ' * bool(options)}{options};"
    yield from (_created(item) for kind in ("index", "trigger") for item in inside if item.name.kind == kind)


def _in_order(inside: list[Object], was: Catalog) -> list[Object]:
    """The columns as they stood, where that is known; else those of the primary key first."""
    key = [fold(text) for item in inside if item.name.kind == "primary key" for text in _columns(item)]
    columns = [item for item in inside if item.name.kind == "column"]
    return was.in_order(sorted(columns, key=lambda item: (fold(item.name.name) not in key, item.name)))


def _columns(item: Object) -> list[str]:
    """The columns of a key, which its fact lists first in each entry."""
    return [part[0].text for part in split(tokenize(item["columns"] or ""))]


def _added_column(column: Object, was: Catalog) -> Iterator[str]:
    """ALTER TABLE … ADD COLUMN, where https://www.sqlite.org/lang_altertable.html#altertabaddcol permits it."""
    name, default, generated = column.name, column["default"], column["generated"] or ""
    inside = [item for item in was.objects if item.name[1:3] == name[1:3]]
    others = [item.name.name for item in inside if item.name.kind == "column" and item.name != name]
    inline = [item for item in inside if _goes_with(item, name.name, others)]
    refused = (
        any(item["sql"] for item in was.objects if item.name == Name("table", name.schema, "", name.table))
        or any(item.name.kind == "primary key" and name.name in _columns(item) for item in inside)
        or generated.endswith("STORED")
        or (column["nullable"] == "no" and default is None and not generated)
        or (default is not None and not _is_constant(default))
        or (default is not None and any(item.name.kind == "foreign key" for item in inline))
    )
    if not refused:
        clauses = " ".join([_column_clause(column), *map(_inline_clause, inline)])
        yield f"ALTER TABLE {_qualified_table(name)} ADD COLUMN {clauses};"


def _goes_with(item: Object, column: str, others: list[str]) -> bool:
    """Whether the constraint comes with the column: a check or a foreign key of it alone (others may be lost too)."""
    if item.name.kind == "check":
        expression = item["expression"] or ""
        return _mentions(expression, column) and not any(_mentions(expression, other) for other in others)
    return item.name.kind == "foreign key" and item["columns"] == identifier(column)


def _inline_clause(item: Object) -> str:
    return _named(item) + _references(item) if item.name.kind == "foreign key" else _key_clause(item, [])


def _mentions(expression: str, column: str) -> bool:
    return any(token.kind in _NAMES and fold(token.text) == fold(column) for token in tokenize(expression))


def _is_constant(default: str) -> bool:
    """Whether ADD COLUMN takes the default: a literal, and no current time."""
    tokens = tokenize(default)
    signed = tokens[1:] if tokens[0].word in ("-", "+") else tokens
    return len(signed) == 1 and not signed[0].word.startswith("current_")


def _column_clause(column: Object) -> str:
    default = column["default"]
    clauses = (
        identifier(column.name.name),
        column["type"],
        f"DEFAULT {default if _stands_bare(default) else f'({default})'}" if default is not None else None,
        column["nullable"] == "no" and "NOT NULL" + _conflict(column),
        column["collation"] and f"COLLATE {identifier(column['collation'])}",
        column["generated"] and f"GENERATED ALWAYS AS {column['generated']}",
    )
    return " ".join(clause for clause in clauses if clause)


def _stands_bare(default: str) -> bool:
    tokens = tokenize(default)
    return len(tokens) == 1 or (len(tokens) == 2 and tokens[0].word in ("-", "+"))


def _key_clause(item: Object, inside: list[Object]) -> str:
    match item.name.kind:
        case "check":
            return f"{_named(item)}CHECK ({item['expression']})"
        case "foreign key":
            return f"{_named(item)}FOREIGN KEY ({item['columns']}) {_references(item)}"
        case "primary key":
            counted = any(other["autoincrement"] for other in inside if other.name.kind == "column")
            return f"{_named(item)}PRIMARY KEY ({item['columns']}{' AUTOINCREMENT' * counted}){_conflict(item)}"
        case _:
            return f"{_named(item)}UNIQUE ({item['columns']}){_conflict(item)}"


def _references(item: Object) -> str:
    actions = [f" {event.upper()} {item[event]}" for event in ("on delete", "on update") if item[event] != "NO ACTION"]
    match = f" MATCH {identifier(item['match'])}" if item["match"] else ""
    deferrable = f" {item['deferrable']}" if item["deferrable"] else ""
    return f"REFERENCES {item['references']}{''.join(actions)}{match}{deferrable}"


def _named(item: Object) -> str:
    return "" if item.anonymous else f"CONSTRAINT {identifier(item.name.name)} "


def _conflict(item: Object) -> str:
    return f" ON CONFLICT {item['on conflict']}" if item["on conflict"] else ""


def _created(item: Object) -> str:
    """CREATE for an index, a view or a trigger."""
    if item["sql"]:
        return f"CREATE {item.name.kind.upper()} {_qualified(item.name)} {item['sql']};"
    match item.name.kind:
        case "index":
            unique = "UNIQUE " * (item["unique"] == "yes")
            where = f" WHERE {item['where']}" if item["where"] else ""
            table = identifier(item.name.table)
            return f"CREATE {unique}INDEX {_qualified(item.name)} ON {table} ({item['columns']}){where};"
        case "view":
            columns = f" ({item['columns']})" if item["columns"] else ""
            return f"CREATE VIEW {_qualified(item.name)}{columns} AS {item['definition']};"
        case _:
            return f"CREATE TRIGGER {_qualified(item.name)} {item['definition']};"
