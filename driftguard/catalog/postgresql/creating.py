"""PostgreSQL objects to the statements that create them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from driftguard.catalog.postgresql.clauses import (
    CONSTRAINTS,
    column_definition,
    column_settings,
    comment,
    constraint_definition,
    enabling,
    is_known,
    own_sequence,
    owner,
    owner_column,
    replica_identity,
    row_security,
    sequence_options,
    serial,
    toast_options,
)
from driftguard.catalog.postgresql.granting import granted
from driftguard.catalog.postgresql.naming import literal, qualify, quote
from driftguard.schema.catalog import Catalog, Object

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\s",]+)'
_VIEW_COLUMN = re.compile(
    rf"(?:^|, )({_IDENTIFIER})(?: DEFAULT (.+?))?(?: COMMENT (E?'(?:[^']|'')*'))?"
    rf"(?=$|, {_IDENTIFIER} (?:DEFAULT|COMMENT) )",
    re.DOTALL,
)


def create(item: Object, catalog: Catalog) -> tuple[str, ...]:
    """The statements that make an object of ``catalog`` again; () if there are none that are sure to."""
    maker = MAKERS.get(item.name.kind) if is_known(item) else None
    statements = maker(item, catalog) if maker else ()
    return (*statements, *comment(item), *granted(item, catalog)) if statements else ()


def _table(item: Object, catalog: Catalog) -> tuple[str, ...]:
    _, schema, _, name = item.name
    mine = [each for each in catalog.objects if (each.name.schema, each.name.table) == (schema, name)]
    columns = catalog.in_order(each for each in mine if each.name.kind == "column")
    constraints = [each for kind in CONSTRAINTS for each in mine if each.name.kind == kind]
    others = [create(each, catalog) for each in mine if each.name.kind not in ("column", "sequence", *CONSTRAINTS)]
    if item["kind"] == "foreign" or item["of type"] or item["inherited columns"] or not all(others):
        return ()
    if not all(is_known(each) for each in mine):
        return ()
    sequences = [each for column in columns if not serial(column, catalog) and (each := own_sequence(column, catalog))]
    lines = [
        *(column_definition(each, catalog) for each in columns),
        *(constraint_definition(each) for each in constraints),
    ]
    settings = [
        *(clause for each in columns for clause in column_settings(each)),
        *row_security(item["row security"]),
        *([replica_identity(item["replica identity"])] if item["replica identity"] else []),
    ]
    return (
        *(_new_sequence(each) for each in sequences),
        _table_itself(item, lines),
        *(_ownership(each) for each in sequences),
        *(text for each in (*columns, *constraints) for text in comment(each)),
        *(text for each in mine if each.name.kind in ("column", "sequence") for text in granted(each, catalog)),
        *(text for statements in others for text in statements),
        *((f"ALTER TABLE {qualify(schema, name)} {', '.join(settings)}",) if settings else ()),
    )


def _table_itself(item: Object, lines: list[str]) -> str:
    options = ", ".join(each for each in (item["options"], toast_options(item)) if each)
    unlogged = "UNLOGGED " if item["persistence"] == "unlogged" else ""
    clauses = [
        f"CREATE {unlogged}TABLE {qualify(item.name.schema, item.name.name)}",
        *([f"PARTITION OF {item['partition of']}"] if item["partition of"] else []),
        *([f"({', '.join(lines)})"] if lines or not item["partition of"] else []),
        *([item["bound"]] if item["bound"] else []),
        *([f"INHERITS ({item['inherits']})"] if item["inherits"] else []),
        *([f"PARTITION BY {item['partition by']}"] if item["partition by"] else []),
        *([f"USING {item['access method']}"] if item["access method"] else []),
        *([f"WITH ({options})"] if options else []),
    ]
    return " ".join(clauses)


def _column(item: Object, catalog: Catalog) -> tuple[str, ...]:
    if item["server options"] or item["not null"]:
        return ()
    sequence = None if serial(item, catalog) else own_sequence(item, catalog)
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
    return f"ALTER SEQUENCE {qualify(item.name.schema, item.name.name)} OWNED BY {owner_column(item)}"


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
    schema = f" SCHEMA {quote(item['schema'])}" if item["schema"] not in (None, "pg_catalog") else ""
    return (f"CREATE EXTENSION {quote(item.name.name)}{schema}",)


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
    if item["range of"]:
        return _range(item)
    if " COMMENT " in (attributes or ""):
        return ()
    return (f"CREATE TYPE {qualify(item.name.schema, item.name.name)} AS ({attributes or ''})",)


def _range(item: Object) -> tuple[str, ...]:
    if item["canonical"]:  # which takes a function of the type itself
        return ()
    options = [
        f"SUBTYPE = {item['range of']}",
        f"SUBTYPE_OPCLASS = {item['operator class']}",
        *([f"COLLATION = {item['collation']}"] if item["collation"] else []),
        *([f"SUBTYPE_DIFF = {item['difference']}"] if item["difference"] else []),
    ]
    return (f"CREATE TYPE {qualify(item.name.schema, item.name.name)} AS RANGE ({', '.join(options)})",)


def _aggregate(item: Object, catalog: Catalog) -> tuple[str, ...]:
    if item["kind"] != "n" or item["moving state function"] or item["sort operator"]:
        return ()
    parallel = {"s": "SAFE", "r": "RESTRICTED"}.get(item["parallel"] or "")
    options = [
        f"SFUNC = {item['state function']}",
        f"STYPE = {item['state type']}",
        *([f"FINALFUNC = {item['final function']}"] if item["final function"] else []),
        *([f"COMBINEFUNC = {item['combine function']}"] if item["combine function"] else []),
        *([f"INITCOND = {literal(item['initial state'])}"] if item["initial state"] else []),
        *([f"PARALLEL = {parallel}"] if parallel else []),
    ]
    prefix = f"{quote(item.name.schema)}." if item.name.schema else ""
    return (f"CREATE AGGREGATE {prefix}{item.name.name} ({', '.join(options)})",)


def _event_trigger(item: Object, catalog: Catalog) -> tuple[str, ...]:
    name = quote(item.name.name)
    tags = ", ".join(literal(each) for each in (item["tags"] or "").split(", ") if each)
    switch = {"no": "DISABLE", "on replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}.get(item["enabled"] or "")
    return (
        f"CREATE EVENT TRIGGER {name} ON {item['event']}{f' WHEN TAG IN ({tags})' if tags else ''}"
        f" EXECUTE FUNCTION {item['function']}()",
        *((f"ALTER EVENT TRIGGER {name} {switch}",) if switch else ()),
    )


def _view(item: Object, catalog: Catalog) -> tuple[str, ...]:
    _, schema, _, name = item.name
    options = f" WITH ({item['options']})" if item["options"] else ""
    mine = [each for each in catalog.objects if (each.name.schema, each.name.table) == (schema, name)]
    return (
        f"CREATE {item.name.kind.upper()} {qualify(schema, name)}{options} AS{(item['definition'] or '').rstrip(';')}",
        *view_columns(item, None),
        *(text for each in mine for text in create(each, catalog)),
    )


def view_columns(wanted: Object, present: Object | None) -> Iterator[str]:
    """What gives the columns of a view the defaults and comments that they should have."""
    name = qualify(wanted.name.schema, wanted.name.name)
    before = _view_columns(wanted["columns"])
    after = _view_columns(present["columns"]) if present else {}
    for column in sorted(before.keys() | after.keys()):
        (value, text), (value_now, text_now) = (each.get(column, ("", "")) for each in (before, after))
        if value != value_now:
            yield f"ALTER VIEW {name} ALTER COLUMN {column} {f'SET DEFAULT {value}' if value else 'DROP DEFAULT'}"
        if text != text_now:
            yield f"COMMENT ON COLUMN {name}.{column} IS {text or 'NULL'}"


def _view_columns(text: str | None) -> dict[str, tuple[str, str]]:
    """Column to its default and its comment, "" where it has none."""
    return {each[1]: (each[2] or "", each[3] or "") for each in _VIEW_COLUMN.finditer(text or "")}


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
    "aggregate": _aggregate,
    "check": _constraint,
    "column": _column,
    "domain": _domain,
    "enum": _enum,
    "event trigger": _event_trigger,
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
