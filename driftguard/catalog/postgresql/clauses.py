"""Parts of PostgreSQL statements, written from the facts of objects."""

from __future__ import annotations

from collections.abc import Iterator

from driftguard.catalog.postgresql.coverage import KINDS
from driftguard.catalog.postgresql.naming import LABELS, literal, next_value, object_name, qualify, quote
from driftguard.catalog.postgresql.statements import LATER, STATEMENTS
from driftguard.schema.catalog import Catalog, Object
from driftguard.schema.roles import is_about_roles

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
    "foreign server": "SERVER",
    "primary key": "CONSTRAINT",
    "unique": "CONSTRAINT",
}
"""What SQL calls a kind, where that is another word."""


KNOWN = {
    kind: frozenset([*LATER.get(kind, ()), *(fact for each in STATEMENTS if kind in each.kinds for fact in each.facts)])
    for statement in STATEMENTS
    for kind in statement.kinds
}
"""Kind to the facts that the statements written here take into account."""


def is_known(item: Object) -> bool:
    """Whether none of its facts is one that only ``remainder`` reads, which no statement here would bring back."""
    attributes = {attribute for attribute, _ in item.facts if not is_about_roles(attribute)}
    return attributes <= KNOWN.get(item.name.kind, frozenset())


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
    if kind in ("aggregate", "function", "procedure", *(each.kind for each in KINDS)):
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
    if pseudo_type := serial(column, catalog):
        return f"{quote(column.name.name)} {pseudo_type}"
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


def serial(column: Object, catalog: Catalog) -> str | None:
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


def row_security(wanted: str | None) -> tuple[str, ...]:
    """How ALTER TABLE reaches the fact ``row security``."""
    words = (wanted or "").split(", ")
    return (
        *(("ENABLE ROW LEVEL SECURITY",) if "enabled" in words else ()),
        *(("FORCE ROW LEVEL SECURITY",) if "forced" in words else ()),
    )


def replica_identity(wanted: str | None) -> str:
    """How ALTER TABLE reaches the fact ``replica identity``."""
    word, _, index = (wanted or "default").partition(" ")
    return f"REPLICA IDENTITY {f'USING INDEX {index}' if index else word.upper()}"


def toast_options(table: Object) -> str | None:
    """The TOAST table's parameters as those of the table itself."""
    text = table["toast options"]
    return ", ".join(f"toast.{each}" for each in text.split(", ")) if text else None


def owner_column(sequence: Object) -> str:
    """The column that the sequence belongs to, as OWNED BY takes it."""
    schema = sequence.name.schema
    return f"{quote(schema)}.{sequence['owned by']}" if schema else sequence["owned by"] or "NONE"
