"""How PostgreSQL is written to, and ways round what stands in the way of a plain statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace

from driftguard.catalog.postgresql.clauses import column_definition, constraint_definition, default, owner, reference
from driftguard.catalog.postgresql.creating import create
from driftguard.catalog.postgresql.naming import qualify, quote
from driftguard.catalog.postgresql.restoring import apart_from_roles, restore
from driftguard.schema.catalog import Catalog, Name, Object, Query
from driftguard.schema.diff import Difference
from driftguard.schema.plan import Manner, Step

MANNER = Manner(
    before=(),
    inside=("SET LOCAL lock_timeout = '5s'", "SET LOCAL check_function_bodies = off"),
    transactional=True,
    head=("BEGIN;", "SET LOCAL lock_timeout = '5s';", "SET LOCAL check_function_bodies = off;"),
    tail=("COMMIT;",),
)

ORDER = """
SELECT CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname::text END, c.relname::text, a.attname::text,
       a.attnum::text
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2, a.attnum
"""

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\s",]+)'
_OWN_WAY = re.compile(
    rf"(?:^|, )({_IDENTIFIER})( NOT NULL)?(?: DEFAULT (.+?))?(?=$|, {_IDENTIFIER}(?:$|,| NOT NULL| DEFAULT ))",
    re.DOTALL,
)
_VIEWS = ("view", "materialized view")


def order(query: Query) -> dict[Name, int]:
    """The number of each column: it stays with the column for life, and no later one gets it."""
    return {
        Name("column", schema or "", table or "", column or ""): int(number or 0)
        for schema, table, column, number in query(ORDER)
    }


def steps(differences: tuple[Difference, ...], now: Catalog, wanted: Catalog) -> Iterator[Step]:
    """One step for each difference; a column that was renamed for certain is renamed."""
    renamed = dict(_renamed(differences, now, wanted))
    for each in differences:
        if each.now and each.name in renamed:
            lost = renamed[each.name]
            rename = f"RENAME COLUMN {quote(each.name.name)} TO {quote(lost.name.name)}"
            yield Step((lost, each), (f"ALTER TABLE {owner(each.now)} {rename}",), renames=True)
        elif each not in renamed.values():
            yield from (Step((each,), restore(part, wanted)) for part in apart_from_roles(each) if part)


def _renamed(differences: tuple[Difference, ...], now: Catalog, wanted: Catalog) -> Iterator[tuple[Name, Difference]]:
    """Columns that came, each with the one that went and was it.

    Where all other columns of a table have the same numbers on both sides, the tables were made in the same way, and
    what bears the number of a column that is gone is that very column.
    """
    columns = [each for each in differences if each.name.kind == "column"]
    for lost in columns:
        for come in columns:
            if (
                lost.was
                and lost.now is None
                and come.now
                and come.was is None
                and lost.name[:3] == come.name[:3]
                and lost.was.facts == come.now.facts
                and wanted.order.get(lost.name, -1) == now.order.get(come.name, -2)
                and all(now.order.get(name, number) == number for name, number in _of(lost.name, wanted))
            ):
                yield come.name, lost


def _of(column: Name, catalog: Catalog) -> Iterable[tuple[Name, int]]:
    return ((name, number) for name, number in catalog.order.items() if name[:3] == column[:3])


def way_round(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """The statements for a difference that its own do not settle; () if there are none.

    They drop what depends on it, be it as it should: the next comparison tells that it is gone, and brings it back.
    """
    others, _ = apart_from_roles(difference)
    if others is None:
        return ()
    difference = others
    make = _WAYS.get(difference.name.kind)
    made = make(difference, now, wanted) if make else restore(difference, wanted)
    return (*_without_views(difference, now), *made) if made else ()


def _without_views(difference: Difference, now: Catalog) -> tuple[str, ...]:
    """The views that name the table or the view itself, each behind those that are made of it."""
    views = {each.name: each for each in now.objects if each.name.kind in _VIEWS}
    found: list[Object] = []
    names = [difference.name.table or difference.name.name]
    while names:
        name = names.pop(0)
        for view in views.values():
            if view not in found and view.name != difference.name and _names(view["definition"] or "", name):
                found.append(view)
                names.append(view.name.name)
    return tuple(
        f"DROP {each.name.kind.upper()} {qualify(each.name.schema, each.name.name)}" for each in reversed(found)
    )


def _names(text: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w\"]){re.escape(quote(name))}(?![\w\"])", text))


def _column(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """A generated column is computed anew, so that it can go and come."""
    was = difference.was
    if was is None or difference.now is None or not was["generated"]:
        return restore(difference, wanted)
    name = quote(was.name.name)
    return (f"ALTER TABLE {owner(was)} DROP COLUMN {name}, ADD COLUMN {column_definition(was, wanted)}",)


def _key(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """Without the foreign keys that need it."""
    key = difference.now or difference.was
    if key is None:
        return ()
    needing = (
        f"ALTER TABLE {owner(each)} DROP CONSTRAINT {quote(each.name.name)}"
        for each in now.objects
        if each.name.kind == "foreign key" and (each["references"] or "").startswith(f"{owner(key)}(")
    )
    if difference.was is None or difference.now is None:
        return (*needing, *restore(difference, wanted))
    drop = f"DROP CONSTRAINT {quote(key.name.name)}"
    return (*needing, f"ALTER TABLE {owner(key)} {drop}, ADD {constraint_definition(difference.was)}")


def _enum(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """A new type in place of the old one; rows that hold a label which the new one lacks make it fail."""
    was = difference.was
    if was is None or difference.now is None:
        return restore(difference, wanted)
    _, schema, _, name = was.name
    spelled = qualify(schema, name)
    aside = qualify(schema, f"{name[:40]}_before")
    users = [
        each
        for each in now.objects
        if each.name.kind == "column" and (each["type"] or "").removesuffix("[]") == spelled and not each["generated"]
    ]
    return (
        *_without_readers({each.name[1:3] for each in users}, now),
        f"ALTER TYPE {spelled} RENAME TO {quote(f'{name[:40]}_before')}",
        *create(was, wanted),
        *(_retyped(each, spelled, now) for each in users),
        f"DROP TYPE {aside}",
    )


def _without_readers(tables: Set[tuple[str, str]], now: Catalog) -> Iterator[str]:
    """Rules, policies and triggers may name a column, and so keep its type from being changed."""
    for each in now.objects:
        if each.name.kind in ("policy", "rule", "trigger") and each.name[1:3] in tables:
            yield f"DROP {reference(each)}"
    for table in sorted(tables):
        yield from _without_views(Difference(Name("table", table[0], "", table[1]), None, None), now)


def _retyped(column: Object, enum: str, now: Catalog) -> str:
    array = "[]" if (column["type"] or "").endswith("[]") else ""
    name, value = quote(column.name.name), default(column, now)
    clauses = [
        *([f"ALTER COLUMN {name} DROP DEFAULT"] if value else []),
        f"ALTER COLUMN {name} TYPE {enum}{array} USING {name}::text{array}::{enum}{array}",
        *([f"ALTER COLUMN {name} SET DEFAULT {value}"] if value else []),
    ]
    return f"ALTER TABLE {owner(column)} {', '.join(clauses)}"


def _domain(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    was, found = difference.was, difference.now
    if was is None or found is None or {each.attribute for each in difference.changes} != {"checks"}:
        return restore(difference, wanted)
    name = qualify(was.name.schema, was.name.name)
    before, after = _checks(was["checks"]), _checks(found["checks"])
    changed = {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)}
    return (
        *(f"ALTER DOMAIN {name} DROP CONSTRAINT {each}" for each in sorted(changed & after.keys())),
        *(f"ALTER DOMAIN {name} ADD CONSTRAINT {each} {before[each]}" for each in sorted(changed & before.keys())),
    )


def _checks(text: str | None) -> Mapping[str, str]:
    """Constraint to its definition."""
    found = re.findall(
        r"CONSTRAINT (\"(?:[^\"]|\"\")+\"|\S+) (CHECK .*?)(?= CONSTRAINT (?:\S+|\") CHECK |$)", text or ""
    )
    return dict(found)


def _composite(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """Attributes that came go, and those that went come, behind the others."""
    was, found = difference.was, difference.now
    if was is None or found is None or was["range of"]:
        return restore(difference, wanted)
    name = qualify(was.name.schema, was.name.name)
    before, after = _attributes(was["attributes"]), _attributes(found["attributes"])
    return (
        *(f"ALTER TYPE {name} DROP ATTRIBUTE {each}" for each in after if each not in before),
        *(f"ALTER TYPE {name} ADD ATTRIBUTE {each} {before[each]}" for each in before if each not in after),
        *(
            f"ALTER TYPE {name} ALTER ATTRIBUTE {each} TYPE {before[each]}"
            for each in before
            if before[each] != after.get(each, before[each])
        ),
    )


def _attributes(text: str | None) -> dict[str, str]:
    """Attribute to its type."""
    return dict(re.findall(r"(\"(?:[^\"]|\"\")+\"|[^\s,]+) ((?:\([^)]*\)|[^,(])+)(?:, |$)", text or ""))


def _table(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    was, found = difference.was, difference.now
    changed = {each.attribute for each in difference.changes}
    if found is None and was is not None:
        return restore(difference, _without_foreign_keys(was.name, wanted))
    if was is not None and found is not None and changed == {"inherited columns"}:
        return tuple(_inherited(was, found, wanted))
    if was is None or found is None or changed != {"inherits"}:
        return restore(difference, wanted)
    name = qualify(was.name.schema, was.name.name)
    before, after = (filter(None, (each["inherits"] or "").split(", ")) for each in (was, found))
    parents, present = list(before), list(after)
    return (
        *(f"ALTER TABLE {name} NO INHERIT {each}" for each in present if each not in parents),
        *(f"ALTER TABLE {name} INHERIT {each}" for each in parents if each not in present),
    )


def _without_foreign_keys(table: Name, wanted: Catalog) -> Catalog:
    """For tables that refer to each other: the keys come once both are there."""
    mine = ("foreign key", table.schema, table.name)
    return replace(wanted, objects=tuple(each for each in wanted.objects if each.name[:3] != mine))


def _inherited(was: Object, found: Object, wanted: Catalog) -> Iterator[str]:
    """Columns of a child that are not as its parents have them."""
    before, after = _own_ways(was["inherited columns"]), _own_ways(found["inherited columns"])
    name = qualify(was.name.schema, was.name.name)
    parents = f"{was['partition of'] or ''}, {was['inherits'] or ''}".split(", ")
    for column in sorted(before.keys() | after.keys()):
        wanted_here = before.get(column) or _parents_way(column, parents, wanted)
        if wanted_here is not None and wanted_here != after.get(column):
            empty, value = wanted_here
            yield f"ALTER TABLE {name} ALTER COLUMN {column} {f'SET DEFAULT {value}' if value else 'DROP DEFAULT'}"
            yield f"ALTER TABLE {name} ALTER COLUMN {column} {'SET' if empty else 'DROP'} NOT NULL"


def _own_ways(text: str | None) -> dict[str, tuple[bool, str]]:
    """Column to whether it may not be NULL, and its default."""
    return {each[1]: (bool(each[2]), each[3] or "") for each in _OWN_WAY.finditer(text or "")}


def _parents_way(column: str, parents: list[str], wanted: Catalog) -> tuple[bool, str] | None:
    for each in wanted.objects:
        if each.name.kind == "column" and quote(each.name.name) == column and owner(each) in parents:
            return each["nullable"] == "no", default(each, wanted) or ""
    return None


_WAYS = {
    "column": _column,
    "domain": _domain,
    "enum": _enum,
    "primary key": _key,
    "table": _table,
    "type": _composite,
    "unique": _key,
}
