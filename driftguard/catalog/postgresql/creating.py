"""PostgreSQL objects to the statements that create them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from driftguard.catalog.postgresql.naming import LABELS, literal, next_value, object_name, qualify, quote
from driftguard.schema.catalog import Catalog, Object

CONSTRAINTS = ("primary key", "unique", "check", "exclusion", "foreign key")
"""Kinds that ALTER TABLE … ADD CONSTRAINT makes, in an order in which they can be made."""

SERIALS = {
    "smallint": ("smallserial", "32767"),
    "integer": ("serial", "2147483647"),
    "bigint": ("bigserial", "9223372036854775807"),
}
"""A sequence's type to the pseudo-type that makes such a sequence, and its highest value."""

WORDS = {
    "check": "CONSTRAINT",
    "enum": "TYPE",
    "exclusion": "CONSTRAINT",
    "foreign key": "CONSTRAINT",
    "primary key": "CONSTRAINT",
    "unique": "CONSTRAINT",
}
"""What SQL calls a kind, where that is another word."""


def create(item: Object, catalog: Catalog) -> tuple[str, ...]:
    """The statements that make an object of ``catalog`` again; () if there are none that are sure to."""
    maker = MAKERS.get(item.name.kind)
    statements = maker(item, catalog) if maker else ()
    return (*statements, *comment(item)) if statements else ()


def comment(item: Object) -> tuple[str, ...]:
    """The object's comment as a statement, if it has one."""
    text = item["comment"]
    return (f"COMMENT ON {reference(item)} IS {literal(text)}",) if text else ()


def reference(item: Object) -> str:
    """The object as COMMENT ON and, but for columns and constraints, DROP take it: ``TRIGGER a ON b``."""
    kind, schema, table, name = item.name
    word = "FOREIGN TABLE" if item["kind"] == "foreign" else WORDS.get(kind, kind.upper())
    if kind == "column":
        return f"COLUMN {qualify(schema, table)}.{quote(name)}"
    if kind in CONSTRAINTS or kind in ("policy", "rule", "trigger"):
        return f"{word} {quote(name)} ON {qualify(schema, table)}"
    if kind in ("aggregate", "function", "procedure"):
        return f"{word} {f'{quote(schema)}.' if schema else ''}{name}"
    return f"{word} {qualify(schema, name)}"


def owner(item: Object) -> str:
    """The table that the object belongs to."""
    return qualify(item.name.schema, item.name.table)


def default(column: Object, catalog: Catalog) -> str | None:
    """The column's default, with the real name of its sequence."""
    _, schema, table, name = column.name
    sequence = own_sequence(column, catalog)
    today = next_value(schema, object_name(table, name, LABELS["sequence"]))
    return next_value(schema, sequence.name.name) if sequence and column["default"] == today else column["default"]


def own_sequence(column: Object, catalog: Catalog) -> Object | None:
    """The sequence that belongs to the column."""
    owned_by = f"{quote(column.name.table)}.{quote(column.name.name)}"
    return next(
        (
            each
            for each in catalog.objects
            if each.name.kind == "sequence" and each.name.schema == column.name.schema and each["owned by"] == owned_by
        ),
        None,
    )


def column_definition(column: Object, catalog: Catalog) -> str:
    """``name type …`` as CREATE TABLE and ADD COLUMN take it."""
    serial = _serial(column, catalog)
    if serial:
        return f"{quote(column.name.name)} {serial}"
    value, generated, identity = default(column, catalog), column["generated"], column["identity"]
    return " ".join(
        [
            f"{quote(column.name.name)} {column['type']}",
            *([f"COMPRESSION {column['compression']}"] if column["compression"] else []),
            *([f"COLLATE {column['collation']}"] if column["collation"] else []),
            *([f"DEFAULT {value}"] if value else []),
            *([f"GENERATED ALWAYS AS {generated}"] if generated else []),
            *([f"GENERATED {identity.upper()} AS IDENTITY ({column['identity options']})"] if identity else []),
            *(["NOT NULL"] if column["nullable"] == "no" else []),
        ]
    )


def column_settings(column: Object) -> Iterator[str]:
    """What ALTER TABLE must add to a new column."""
    name = quote(column.name.name)
    if column["storage"]:
        yield f"ALTER COLUMN {name} SET STORAGE {column['storage']}"
    if column["statistics"]:
        yield f"ALTER COLUMN {name} SET STATISTICS {column['statistics']}"
    if column["options"]:
        yield f"ALTER COLUMN {name} SET ({column['options']})"


def constraint_definition(item: Object) -> str:
    """``CONSTRAINT name …`` as CREATE TABLE and ADD CONSTRAINT take it."""
    columns = f"({item['columns']}{' WITHOUT OVERLAPS' if item['period'] else ''})"
    index = [
        *([f"INCLUDE ({item['include']})"] if item["include"] else []),
        *([f"WITH ({item['options']})"] if item["options"] else []),
    ]
    body = {
        "primary key": ["PRIMARY KEY", columns, *index],
        "unique": ["UNIQUE", *(["NULLS NOT DISTINCT"] if item["nulls"] else []), columns, *index],
        "check": [f"CHECK ({item['expression']})", *(["NO INHERIT"] if item["inherit"] else [])],
        "exclusion": [item["definition"] or ""],
        "foreign key": [
            f"FOREIGN KEY {columns} REFERENCES {item['references']}",
            *([f"MATCH {item['match']}"] if item["match"] else []),
            *([f"ON UPDATE {item['on update']}"] if item["on update"] else []),
            *([f"ON DELETE {item['on delete']}"] if item["on delete"] else []),
            *([f"({item['on delete columns']})"] if item["on delete columns"] else []),
        ],
    }[item.name.kind]
    if item["deferrable"] and item.name.kind != "exclusion":
        body.append(f"DEFERRABLE {item['deferrable'].upper()}")
    if item["enforced"]:
        body.append("NOT ENFORCED")
    elif item["validity"]:
        body.append("NOT VALID")
    return f"CONSTRAINT {quote(item.name.name)} {' '.join(body)}"


def enabling(item: Object, word: str) -> str:
    """How ALTER TABLE switches a trigger or a rule on or off."""
    switch = {"no": "DISABLE", "on replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}
    return f"{switch.get(item['enabled'] or '', 'ENABLE')} {word} {quote(item.name.name)}"


def sequence_options(item: Object) -> str:
    """A sequence's parameters, all of them."""
    return (
        f"AS {item['type']} START WITH {item['start']} INCREMENT BY {item['increment']} MINVALUE {item['minimum']}"
        f" MAXVALUE {item['maximum']} CACHE {item['cache']} {'CYCLE' if item['cycle'] == 'yes' else 'NO CYCLE'}"
    )


def _serial(column: Object, catalog: Catalog) -> str | None:
    """The pseudo-type that makes this very column and its sequence."""
    _, schema, table, name = column.name
    sequence = own_sequence(column, catalog)
    if sequence is None or column["type"] not in SERIALS or sequence["type"] != column["type"]:
        return None
    pseudo_type, highest = SERIALS[sequence["type"]]
    plain = {"start": "1", "increment": "1", "minimum": "1", "maximum": highest, "cache": "1", "cycle": "no"}
    if (
        sequence.name.name == object_name(table, name, LABELS["sequence"])
        and column["default"] == next_value(schema, sequence.name.name)
        and column["nullable"] == "no"
        and all(sequence[attribute] == text for attribute, text in plain.items())
    ):
        return pseudo_type
    return None


def _table(item: Object, catalog: Catalog) -> tuple[str, ...]:
    if item["kind"] == "foreign" or item["of type"]:
        return ()
    _, schema, _, name = item.name
    mine = [each for each in catalog.objects if (each.name.schema, each.name.table) == (schema, name)]
    columns = [each for each in mine if each.name.kind == "column"]
    constraints = [each for kind in CONSTRAINTS for each in mine if each.name.kind == kind]
    made = {id(each) for each in (*columns, *constraints)}
    needed = [each for column in columns if not _serial(column, catalog) and (each := own_sequence(column, catalog))]
    lines = [
        *(column_definition(each, catalog) for each in ([] if item["partition of"] else columns)),
        *(constraint_definition(each) for each in constraints),
    ]
    body = f" ({', '.join(lines)})" if lines or not item["partition of"] else ""
    settings = [clause for each in columns for clause in column_settings(each)]
    return (
        *(f"CREATE SEQUENCE {qualify(schema, each.name.name)} {sequence_options(each)}" for each in needed),
        " ".join(
            [
                f"CREATE {'UNLOGGED ' if item['persistence'] == 'unlogged' else ''}TABLE {qualify(schema, name)}"
                + (f" PARTITION OF {item['partition of']}" if item["partition of"] else "")
                + body,
                *([item["bound"]] if item["bound"] else []),
                *([f"INHERITS ({item['inherits']})"] if item["inherits"] else []),
                *([f"PARTITION BY {item['partition by']}"] if item["partition by"] else []),
                *([f"USING {item['access method']}"] if item["access method"] else []),
                *([f"WITH ({item['options']})"] if item["options"] else []),
            ]
        ),
        *(f"ALTER SEQUENCE {qualify(schema, each.name.name)} OWNED BY {_owner_column(each)}" for each in needed),
        *((f"ALTER TABLE {qualify(schema, name)} {', '.join(settings)}",) if settings else ()),
        *(text for each in (*columns, *constraints) for text in comment(each)),
        *(
            text
            for each in mine
            if id(each) not in made and each.name.kind != "sequence"
            for text in create(each, catalog)
        ),
        *(f"ALTER TABLE {qualify(schema, name)} {clause}" for clause in row_security(item["row security"])),
    )


def row_security(wanted: str | None) -> tuple[str, ...]:
    """How ALTER TABLE reaches the fact ``row security``."""
    words = (wanted or "").split(", ")
    return (
        *(("ENABLE ROW LEVEL SECURITY",) if "enabled" in words else ()),
        *(("FORCE ROW LEVEL SECURITY",) if "forced" in words else ()),
    )


def _owner_column(sequence: Object) -> str:
    schema = sequence.name.schema
    return f"{quote(schema)}.{sequence['owned by']}" if schema else sequence["owned by"] or "NONE"


def _column(item: Object, catalog: Catalog) -> tuple[str, ...]:
    if item["server options"]:
        return ()
    sequence = None if _serial(item, catalog) else own_sequence(item, catalog)
    clauses = [f"ADD COLUMN {column_definition(item, catalog)}", *column_settings(item)]
    return (
        *((_new_sequence(sequence),) if sequence else ()),
        f"ALTER TABLE {owner(item)} {', '.join(clauses)}",
        *((_ownership(sequence),) if sequence else ()),
    )


def _new_sequence(item: Object) -> str:
    """IF NOT EXISTS, because the column that owns the sequence may have brought it back."""
    existing = "IF NOT EXISTS " if item["owned by"] else ""
    unlogged = "UNLOGGED " if item["persistence"] else ""
    return f"CREATE {unlogged}SEQUENCE {existing}{qualify(item.name.schema, item.name.name)} {sequence_options(item)}"


def _ownership(item: Object) -> str:
    return f"ALTER SEQUENCE {qualify(item.name.schema, item.name.name)} OWNED BY {_owner_column(item)}"


def _sequence(item: Object, catalog: Catalog) -> tuple[str, ...]:
    return (_new_sequence(item), *((_ownership(item),) if item["owned by"] else ()))


def _constraint(item: Object, catalog: Catalog) -> tuple[str, ...]:
    return (f"ALTER TABLE {owner(item)} ADD {constraint_definition(item)}",)


def _index(item: Object, catalog: Catalog) -> tuple[str, ...]:
    if item["validity"]:
        return ()
    clauses = [
        f"CREATE {'UNIQUE ' if item['unique'] == 'yes' else ''}INDEX {quote(item.name.name)} ON {owner(item)}",
        f"USING {item['method']} ({item['columns']})",
        *([f"INCLUDE ({item['include']})"] if item["include"] else []),
        *(["NULLS NOT DISTINCT"] if item["nulls"] else []),
        *([f"WITH ({item['options']})"] if item["options"] else []),
        *([f"WHERE {item['where']}"] if item["where"] else []),
    ]
    return (" ".join(clauses),)


def _schema(item: Object, catalog: Catalog) -> tuple[str, ...]:
    return (f"CREATE SCHEMA {quote(item.name.name)}",)


def _extension(item: Object, catalog: Catalog) -> tuple[str, ...]:
    return (f"CREATE EXTENSION {quote(item.name.name)}",)


def _enum(item: Object, catalog: Catalog) -> tuple[str, ...]:
    return (f"CREATE TYPE {qualify(item.name.schema, item.name.name)} AS ENUM ({item['values'] or ''})",)


def _domain(item: Object, catalog: Catalog) -> tuple[str, ...]:
    clauses = [
        f"CREATE DOMAIN {qualify(item.name.schema, item.name.name)} AS {item['type']}",
        *([f"COLLATE {item['collation']}"] if item["collation"] else []),
        *([f"DEFAULT {item['default']}"] if item["default"] else []),
        *(["NOT NULL"] if item["nullable"] == "no" else []),
        *([item["checks"]] if item["checks"] else []),
    ]
    return (" ".join(clauses),)


def _composite(item: Object, catalog: Catalog) -> tuple[str, ...]:
    attributes = item["attributes"]
    if item["range of"] or " COMMENT " in (attributes or ""):
        return ()
    return (f"CREATE TYPE {qualify(item.name.schema, item.name.name)} AS ({attributes or ''})",)


def _view(item: Object, catalog: Catalog) -> tuple[str, ...]:
    _, schema, _, name = item.name
    if item["columns"]:
        return ()
    options = f" WITH ({item['options']})" if item["options"] else ""
    mine = [each for each in catalog.objects if (each.name.schema, each.name.table) == (schema, name)]
    return (
        f"CREATE {item.name.kind.upper()} {qualify(schema, name)}{options} AS{(item['definition'] or '').rstrip(';')}",
        *(text for each in mine for text in create(each, catalog)),
    )


def _switchable(item: Object, catalog: Catalog) -> tuple[str, ...]:
    """A trigger or a rule."""
    switch = f"ALTER TABLE {owner(item)} {enabling(item, item.name.kind.upper())}"
    return ((item["definition"] or "").rstrip(";"), *((switch,) if item["enabled"] != "yes" else ()))


def _policy(item: Object, catalog: Catalog) -> tuple[str, ...]:
    clauses = [
        f"CREATE POLICY {quote(item.name.name)} ON {owner(item)}",
        *(["AS RESTRICTIVE"] if item["permissive"] == "no" else []),
        f"FOR {item['command']} TO {item['roles']}",
        *([f"USING ({item['using']})"] if item["using"] else []),
        *([f"WITH CHECK ({item['with check']})"] if item["with check"] else []),
    ]
    return (" ".join(clauses),)


def _defined(item: Object, catalog: Catalog) -> tuple[str, ...]:
    """What the server itself writes as a whole statement."""
    return ((item["definition"] or "").rstrip(),)


Maker = Callable[[Object, Catalog], tuple[str, ...]]

MAKERS: dict[str, Maker] = {
    "check": _constraint,
    "column": _column,
    "domain": _domain,
    "enum": _enum,
    "exclusion": _constraint,
    "extension": _extension,
    "foreign key": _constraint,
    "function": _defined,
    "index": _index,
    "materialized view": _view,
    "policy": _policy,
    "primary key": _constraint,
    "procedure": _defined,
    "rule": _switchable,
    "schema": _schema,
    "sequence": _sequence,
    "statistics": _defined,
    "table": _table,
    "trigger": _switchable,
    "type": _composite,
    "unique": _constraint,
    "view": _view,
}
