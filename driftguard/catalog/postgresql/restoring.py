"""A difference to the statements that undo it on the live database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from driftguard.catalog.postgresql.clauses import (
    CONSTRAINTS,
    KNOWN,
    comment,
    constraint_definition,
    default,
    enabling,
    owner,
    reference,
    replica_identity,
    row_security,
    sequence_options,
    toast_options,
)
from driftguard.catalog.postgresql.coverage import KINDS
from driftguard.catalog.postgresql.creating import create, view_columns
from driftguard.catalog.postgresql.granting import redefaulted, regranted
from driftguard.catalog.postgresql.naming import qualify, quote
from driftguard.schema.catalog import Catalog, Name, Object
from driftguard.schema.diff import Difference
from driftguard.schema.renames import is_rename
from driftguard.schema.roles import DEFAULT_PRIVILEGES, is_about_roles, without_roles

DROPPED = frozenset({*KNOWN, *(each.kind for each in KINDS)} - {"base type", "constraint", "relation"})
"""Kinds for which there is a DROP that takes nothing else along."""


def restore(difference: Difference, was: Catalog) -> tuple[str, ...]:
    """The statements that bring live back to ``was``; () if none can be offered that are sure to.

    They are for a connection whose ``current_schema()`` is the default schema. What was added is destroyed; rows and
    privileges of what was dropped do not come back. One that needs what another difference lost must run behind it.
    """
    if difference.name.kind == DEFAULT_PRIVILEGES:
        return redefaulted(difference.name, difference.was, difference.now)
    if is_rename(difference) and difference.was and difference.now and not _is_inherited(difference.was, was):
        now, before = difference.now.name.name, difference.was.name.name
        return (f"ALTER TABLE {owner(difference.was)} RENAME COLUMN {quote(now)} TO {quote(before)}",)
    if difference.was is None:
        return _drop(difference.now, was) if difference.now else ()
    if difference.now is None:
        return create(difference.was, was)
    others, about_roles = apart_from_roles(difference)
    first = _altered(others, was) if others else ()
    then = regranted(difference.was, difference.now) if about_roles else ()
    return () if (others and not first) or (about_roles and not then) else (*first, *then)


def apart_from_roles(difference: Difference) -> tuple[Difference | None, Difference | None]:
    """What of a changed object's difference is not about owners and privileges, and what is."""
    was, now, changes = difference.was, difference.now, difference.changes
    if was is None or now is None:
        return difference, None
    rest = tuple(each for each in changes if not is_about_roles(each.attribute))
    about_roles = tuple(each for each in changes if is_about_roles(each.attribute))
    others = Difference(difference.name, without_roles(was), without_roles(now), rest)
    return others if rest else None, difference._replace(changes=about_roles) if about_roles else None


def _altered(difference: Difference, was: Catalog) -> tuple[str, ...]:
    if difference.was is None or difference.now is None:
        return ()
    if any(change.attribute not in KNOWN.get(difference.name.kind, ()) for change in difference.changes):
        return ()
    if any(change.attribute != "comment" for change in difference.changes):
        statements = ALTERATIONS.get(difference.name.kind, _nothing)(difference.was, difference.now, was)
        if not statements:
            return ()
    else:
        statements = ()
    changed = any(change.attribute == "comment" for change in difference.changes)
    return (*statements, *(_comment(difference.was) if changed else ()))


def _comment(item: Object) -> tuple[str, ...]:
    return comment(item) or (f"COMMENT ON {reference(item)} IS NULL",)


def _drop(item: Object, was: Catalog) -> tuple[str, ...]:
    kind, _, _, name = item.name
    if _is_inherited(item, was):
        return ()
    if kind == "primary key" and (before := _primary_key(item, was)):
        return (f"ALTER TABLE {owner(item)} RENAME CONSTRAINT {quote(name)} TO {quote(before.name.name)}",)
    if kind == "column":
        return (f"ALTER TABLE {owner(item)} DROP COLUMN {quote(name)}",)
    if kind in CONSTRAINTS:
        return (f"ALTER TABLE {owner(item)} DROP CONSTRAINT {quote(name)}",)
    if kind == "sequence":
        return _drop_sequence(item, was)
    if kind not in DROPPED:
        return ()
    if kind in ("event trigger", "extension"):
        return (f"DROP {kind.upper()} {quote(name)}",)
    return (f"DROP {reference(item)}",)


def _is_inherited(item: Object, was: Catalog) -> bool:
    """Whether it is a child's copy of what its parents have, which goes when the child is a child again."""
    _, schema, table, name = item.name
    called = Name("table", schema, "", table)
    child = next((each for each in was.objects if each.name == called), None)
    parents = {*_split(child["partition of"]), *_split(child["inherits"])} if child else set()
    return any(
        owner(each) in parents
        and each.name.kind == item.name.kind
        and (each.name.name == name if item.name.kind == "column" else each.facts == item.facts)
        for each in was.objects
        if parents
    )


def _primary_key(item: Object, was: Catalog) -> Object | None:
    """The same key under its former name."""
    return next(
        (
            each
            for each in was.objects
            if each.name[:3] == item.name[:3] and each.facts == item.facts and each.name != item.name
        ),
        None,
    )


def _drop_sequence(item: Object, was: Catalog) -> tuple[str, ...]:
    """IF EXISTS, because dropping the column that owns it takes the sequence along."""
    _, schema, _, name = item.name
    for each in was.objects:
        if (each.name.kind, each.name.schema, each.name.name) == ("sequence", schema, name):
            prefix = f"{quote(schema)}." if schema and each["owned by"] else ""
            return (f"ALTER SEQUENCE {qualify(schema, name)} OWNED BY {prefix}{each['owned by'] or 'NONE'}",)
    return (f"DROP SEQUENCE {'IF EXISTS ' if item['owned by'] else ''}{qualify(schema, name)}",)


def _nothing(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    return ()


def _differs(was: Object, now: Object, *attributes: str) -> bool:
    return any(was[each] != now[each] for each in attributes)


def _only(was: Object, now: Object, *attributes: str) -> bool:
    """Whether nothing but these attributes (and the comment) changed."""
    keys = {key for key, _ in (*was.facts, *now.facts)} - {"comment", *attributes}
    return not _differs(was, now, *keys)


def _column(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    if _differs(was, now, "server options", "not null") or (was["generated"] and _differs(was, now, "generated")):
        return ()
    if was["type"] and now["type"] and was["type"].endswith("[]") != now["type"].endswith("[]"):
        return ()
    clauses = [f"ALTER COLUMN {quote(was.name.name)} {each}" for each in _column_clauses(was, now, catalog)]
    return (f"ALTER TABLE {owner(was)} {', '.join(clauses)}",)


def _column_clauses(was: Object, now: Object, catalog: Catalog) -> Iterator[str]:
    """The server sorts the clauses of one ALTER TABLE, so that types change between old and new defaults."""
    retyped = _differs(was, now, "type", "collation")
    if now["default"] and (retyped or was["default"] is None):
        yield "DROP DEFAULT"
    if now["generated"] and not was["generated"]:
        yield "DROP EXPRESSION"
    if now["identity"] and not was["identity"]:
        yield "DROP IDENTITY"
    if retyped:
        collation = f" COLLATE {was['collation']}" if was["collation"] else ""
        yield f"TYPE {was['type']}{collation} USING {quote(was.name.name)}::{was['type']}"
    if was["nullable"] != now["nullable"]:
        yield "SET NOT NULL" if was["nullable"] == "no" else "DROP NOT NULL"
    value = default(was, catalog)
    if value and (retyped or _differs(was, now, "default")):
        yield f"SET DEFAULT {value}"
    if was["identity"] and not now["identity"]:
        yield f"ADD GENERATED {was['identity'].upper()} AS IDENTITY ({was['identity options']})"
    elif was["identity"]:
        if _differs(was, now, "identity"):
            yield f"SET GENERATED {was['identity'].upper()}"
        if _differs(was, now, "identity options"):
            yield from (f"SET {each}" for each in _identity_options(was["identity options"] or ""))
    if _differs(was, now, "storage"):
        yield f"SET STORAGE {was['storage'] or 'extended'}"
    if _differs(was, now, "compression"):
        yield f"SET COMPRESSION {was['compression'] or 'default'}"
    if _differs(was, now, "statistics"):
        yield f"SET STATISTICS {was['statistics'] or '-1'}"
    yield from _options(was["options"], now["options"])


def _identity_options(text: str) -> Iterator[str]:
    yield from re.findall(r"[A-Z]+(?: WITH| BY)? -?\d+", text)
    yield "CYCLE" if text.endswith("CYCLE") else "NO CYCLE"


def _options(was: str | None, now: str | None) -> Iterator[str]:
    """SET (…) and RESET (…) from storage parameters such as "fillfactor=90, user_catalog_table=true"."""
    wanted, present = (dict(each.split("=", 1) for each in _split(text)) for text in (was, now))
    if superfluous := present.keys() - wanted.keys():
        yield f"RESET ({', '.join(sorted(superfluous))})"
    if missing := sorted(name for name in wanted if wanted[name] != present.get(name)):
        yield f"SET ({', '.join(f'{name} = {wanted[name]}' for name in missing)})"


def _table(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    name = qualify(was.name.schema, was.name.name)
    if _differs(was, now, "partition of", "bound"):
        return _partition(was, now) if _only(was, now, "partition of", "bound") else ()
    known = ("persistence", "options", "toast options", "row security", "replica identity")
    if not _only(was, now, *known):
        return ()
    return tuple(f"ALTER TABLE {name} {clause}" for clause in _table_clauses(was, now))


def _table_clauses(was: Object, now: Object) -> Iterator[str]:
    if _differs(was, now, "persistence"):
        yield "SET UNLOGGED" if was["persistence"] == "unlogged" else "SET LOGGED"
    yield from _options(was["options"], now["options"])
    yield from _options(toast_options(was), toast_options(now))
    if _differs(was, now, "row security"):
        wanted = row_security(was["row security"])
        yield from (each for each in wanted if each not in row_security(now["row security"]))
        if "ENABLE ROW LEVEL SECURITY" not in wanted:
            yield "DISABLE ROW LEVEL SECURITY"
        if "FORCE ROW LEVEL SECURITY" not in wanted:
            yield "NO FORCE ROW LEVEL SECURITY"
    if _differs(was, now, "replica identity"):
        yield replica_identity(was["replica identity"])


def _split(text: str | None) -> list[str]:
    return [each for each in (text or "").split(", ") if each]


def _partition(was: Object, now: Object) -> tuple[str, ...]:
    name = qualify(was.name.schema, was.name.name)
    detach = f"ALTER TABLE {now['partition of']} DETACH PARTITION {name}"
    attach = f"ALTER TABLE {was['partition of']} ATTACH PARTITION {name} {was['bound']}"
    return (*((detach,) if now["partition of"] else ()), *((attach,) if was["partition of"] else ()))


def _constraint(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    name = quote(was.name.name)
    if now["validity"] and _only(was, now, "validity"):
        return (f"ALTER TABLE {owner(was)} VALIDATE CONSTRAINT {name}",)
    if was.name.kind in ("primary key", "unique") and _is_referenced(was, catalog):
        return ()
    return (f"ALTER TABLE {owner(was)} DROP CONSTRAINT {name}, ADD {constraint_definition(was)}", *comment(was))


def _is_referenced(key: Object, catalog: Catalog) -> bool:
    """Whether a foreign key needs this key, so that it cannot be dropped."""
    columns = set(_split(key["columns"]))
    for each in catalog.objects:
        table, _, others = (each["references"] or "").rstrip(")").rpartition("(")
        if table == owner(key) and set(_split(others)) == columns:
            return True
    return False


def _anew(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    created = create(was, catalog)
    return (*_drop(now, catalog), *created) if created else ()


def _switchable(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    if _only(was, now, "enabled"):
        return (f"ALTER TABLE {owner(was)} {enabling(was, was.name.kind.upper())}",)
    return _anew(was, now, catalog)


def _index(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    if _only(was, now, "options"):
        name = qualify(was.name.schema, was.name.name)
        return tuple(f"ALTER INDEX {name} {clause}" for clause in _options(was["options"], now["options"]))
    return _anew(was, now, catalog)


def _view(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    if _only(was, now, "options"):
        word = f"{was.name.kind.upper()} {qualify(was.name.schema, was.name.name)}"
        return tuple(f"ALTER {word} {clause}" for clause in _options(was["options"], now["options"]))
    if _only(was, now, "columns"):
        return tuple(view_columns(was, now))
    return _anew(was, now, catalog)


def _sequence(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    if not _only(was, now, "type", "start", "increment", "minimum", "maximum", "cache", "cycle"):
        return ()
    return (f"ALTER SEQUENCE {qualify(was.name.schema, was.name.name)} {sequence_options(was)}",)


def _function(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    """CREATE OR REPLACE cannot change what a function returns."""
    heads = {(each["definition"] or "").partition("\n LANGUAGE ")[0] for each in (was, now)}
    return create(was, catalog) if len(heads) == 1 else _anew(was, now, catalog)


def _domain(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    if not _only(was, now, "default", "nullable"):
        return ()
    name = qualify(was.name.schema, was.name.name)
    clauses = [
        *(
            [f"SET DEFAULT {was['default']}" if was["default"] else "DROP DEFAULT"]
            if _differs(was, now, "default")
            else []
        ),
        *(["SET NOT NULL" if was["nullable"] == "no" else "DROP NOT NULL"] if _differs(was, now, "nullable") else []),
    ]
    return tuple(f"ALTER DOMAIN {name} {clause}" for clause in clauses)


def _extension(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    if not was["schema"]:
        return ()
    return (f"ALTER EXTENSION {quote(was.name.name)} SET SCHEMA {quote(was['schema'])}",)


def _enum(was: Object, now: Object, catalog: Catalog) -> tuple[str, ...]:
    """Labels can be added and renamed; they can neither be taken away nor change places."""
    name = qualify(was.name.schema, was.name.name)
    wanted, present = (re.findall(r"E?'(?:[^']|'')*'", each["values"] or "") for each in (was, now))
    if [each for each in wanted if each in present] == present:
        return tuple(
            f"ALTER TYPE {name} ADD VALUE {label}{_position(wanted, position, present)}"
            for position, label in enumerate(wanted)
            if label not in present
        )
    renamed = [(old, new) for old, new in zip(present, wanted, strict=False) if old != new]
    if len(wanted) == len(present) and len(renamed) == 1 and renamed[0][1] not in present:
        old, new = renamed[0]
        return (f"ALTER TYPE {name} RENAME VALUE {old} TO {new}",)
    return ()


def _position(wanted: list[str], position: int, present: list[str]) -> str:
    """Behind its predecessor, which is there by then; before the first one that is there if it leads."""
    if position:
        return f" AFTER {wanted[position - 1]}"
    return f" BEFORE {present[0]}" if present else ""


Alteration = Callable[[Object, Object, Catalog], tuple[str, ...]]

ALTERATIONS: dict[str, Alteration] = {
    "check": _constraint,
    "column": _column,
    "domain": _domain,
    "enum": _enum,
    "exclusion": _constraint,
    "extension": _extension,
    "foreign key": _constraint,
    "function": _function,
    "index": _index,
    "materialized view": _view,
    "policy": _anew,
    "primary key": _constraint,
    "procedure": _function,
    "rule": _switchable,
    "sequence": _sequence,
    "statistics": _anew,
    "table": _table,
    "trigger": _switchable,
    "unique": _constraint,
    "view": _view,
}
