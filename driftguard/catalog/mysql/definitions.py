"""Objects of a catalog as the SQL that would make them."""

from __future__ import annotations

from driftguard.catalog.mysql.quoting import literal, qualify, quote, requote_list, tokens
from driftguard.schema.catalog import Object

_METHODS_BEFORE = {"fulltext": "FULLTEXT ", "spatial": "SPATIAL "}
_INVISIBLE = {"mariadb": " IGNORED", "mysql": " INVISIBLE"}


def column_definition(column: Object) -> str:
    """What stands after the column's name."""
    facts = dict(column.facts)
    generated = facts.get("generated")
    empty = "NOT NULL" if facts["nullable"] == "no" else "" if generated else "NULL"
    parts = (
        facts["type"],
        f"COLLATE {facts['collation']}" if "collation" in facts else "",
        f"GENERATED ALWAYS AS {generated}" if generated else "",
        empty,
        f"DEFAULT {facts['default']}" if "default" in facts else "",
        f"ON UPDATE {facts['on update']}" if "on update" in facts else "",
        "AUTO_INCREMENT" if "autoincrement" in facts else "",
        "INVISIBLE" if "invisible" in facts else "",
        f"SRID {facts['srid']}" if "srid" in facts else "",
        facts.get("extra", ""),
        f"COMMENT {literal(facts['comment'])}" if "comment" in facts else "",
        f"CHECK ({facts['check']})" if "check" in facts else "",
    )
    return " ".join(part for part in parts if part)


def index_definition(index: Object, dialect: str) -> str:
    """A primary key, unique or index, as in ``CREATE TABLE`` and ``ALTER TABLE … ADD``."""
    facts = dict(index.facts)
    columns = f"({requote_list(facts['columns'])})"
    method = facts.get("method", "")
    options = (
        (f" USING {method.upper()}" if method and method not in _METHODS_BEFORE else "")
        + (f" COMMENT {literal(facts['comment'])}" if "comment" in facts else "")
        + (_INVISIBLE[dialect] if "visible" in facts else "")
    )
    if index.name.kind == "primary key":
        return f"PRIMARY KEY {columns}{options}"
    before = "UNIQUE " if index.name.kind == "unique" else _METHODS_BEFORE.get(method, "")
    return f"{before}INDEX {_given_name(index)}{columns}{options}"


def foreign_key_definition(foreign_key: Object) -> str:
    """A foreign key, as in ``ALTER TABLE … ADD``."""
    facts = dict(foreign_key.facts)
    target, targets = _split_reference(facts["references"])
    actions = "".join(
        f" {event.upper()} {facts[event].upper()}" for event in ("on delete", "on update") if event in facts
    )
    return (
        f"{_constraint(foreign_key)}FOREIGN KEY ({requote_list(facts['columns'])})"
        f" REFERENCES {target} ({requote_list(targets)}){actions}"
    )


def check_definition(check: Object) -> str:
    """A check, as in ``CREATE TABLE`` and ``ALTER TABLE … ADD``."""
    facts = dict(check.facts)
    return f"{_constraint(check)}CHECK ({facts['expression']}){' NOT ENFORCED' if 'enforced' in facts else ''}"


def view_statement(view: Object) -> str:
    """``CREATE OR REPLACE VIEW``."""
    facts = dict(view.facts)
    algorithm = f"ALGORITHM = {facts['algorithm'].upper()} " if "algorithm" in facts else ""
    security = f"SQL SECURITY {facts['security'].upper()} " if "security" in facts else ""
    name = qualify(view.name.schema, view.name.name)
    columns = f" ({requote_list(facts['columns'])})" if "columns" in facts else ""
    check = f" WITH {facts['check option'].upper()} CHECK OPTION" if "check option" in facts else ""
    return f"CREATE OR REPLACE {algorithm}{security}VIEW {name}{columns} AS {facts['definition']}{check}"


def trigger_statement(trigger: Object) -> str:
    """``CREATE TRIGGER``."""
    facts, name = dict(trigger.facts), trigger.name
    return (
        f"CREATE TRIGGER {qualify(name.schema, name.name)} {facts['timing'].upper()}"
        f" ON {qualify(name.schema, name.table)} FOR EACH ROW {facts['definition']}"
    )


def routine_statement(routine: Object) -> str:
    """``CREATE FUNCTION`` or ``CREATE PROCEDURE``."""
    facts, name = dict(routine.facts), routine.name
    return (
        f"CREATE {name.kind.upper()} {qualify(name.schema, name.name)}({facts['parameters']})"
        + (f" RETURNS {facts['returns']}" if "returns" in facts else "")
        + (" DETERMINISTIC" if facts["deterministic"] == "yes" else " NOT DETERMINISTIC")
        + f" {facts['data access'].upper()} SQL SECURITY {facts['security'].upper()}"
        + (f" COMMENT {literal(facts['comment'])}" if "comment" in facts else "")
        + f" {facts['definition']}"
    )


def event_statement(event: Object) -> str | None:
    """``CREATE EVENT``; None for one that runs once, whose moment is not part of a catalog."""
    facts, name = dict(event.facts), event.name
    if facts["schedule"] == "once":
        return None
    _, value, field = facts["schedule"].upper().split(" ", 2)
    return (
        f"CREATE EVENT {qualify(name.schema, name.name)} ON SCHEDULE EVERY {literal(value.strip(chr(39)))} {field}"
        + (f" ENDS {literal(facts['ends'])}" if "ends" in facts else "")
        + f" ON COMPLETION {facts['on completion'].upper()} {facts['status'].upper().removesuffix('D')}"
        + (f" COMMENT {literal(facts['comment'])}" if "comment" in facts else "")
        + f" DO {facts['definition']}"
    )


def sequence_statement(sequence: Object) -> str:
    """``CREATE SEQUENCE``."""
    return f"CREATE SEQUENCE {qualify(sequence.name.schema, sequence.name.name)} {dict(sequence.facts)['definition']}"


def table_options(table: Object) -> str:
    """What stands after a table's closing parenthesis."""
    facts = dict(table.facts)
    parts = (
        f"ENGINE={facts['engine']}",
        f"COLLATE={facts['collation']}" if "collation" in facts else "",
        facts.get("options", ""),
        f"COMMENT={literal(facts['comment'])}" if "comment" in facts else "",
        "WITH SYSTEM VERSIONING" if "versioning" in facts else "",
        f"PARTITION BY {facts['partitions']}" if "partitions" in facts else "",
    )
    return " ".join(part for part in parts if part)


def is_text(column: Object) -> bool:
    """Whether the column has a collation."""
    column_type = column["type"] or ""
    return column_type.startswith(("char", "varchar", "enum", "set", "json")) or "text" in column_type


def _split_reference(text: str) -> tuple[str, str]:
    """``other.users(a, b)`` as its quoted table and its columns."""
    pieces = list(tokens(text))
    opening = pieces.index("(")
    names = _dotted("".join(pieces[:opening]))
    return ".".join(name if name.startswith("`") else quote(name) for name in names), "".join(pieces[opening + 1 : -1])


def _dotted(text: str) -> tuple[str, ...]:
    parts = [""]
    for token in tokens(text):
        if token == ".":
            parts.append("")
        else:
            parts[-1] += token
    return tuple(parts)


def _constraint(constraint: Object) -> str:
    given = _given_name(constraint)
    return f"CONSTRAINT {given}" if given else ""


def _given_name(constraint: Object) -> str:
    """Its name; nothing when the server made it up, and may do so again."""
    return "" if constraint.anonymous else f"{quote(constraint.name.name)} "
