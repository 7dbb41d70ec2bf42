"""What the statements do not read of PostgreSQL's catalogs (14 to 18, and later ones): everything else, generically.

The server says which columns its catalogs have and what their oids stand for; from that, and from ``coverage``, the SQL
is made. So what a later server adds is compared until somebody says that it is volatile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import NamedTuple

from driftguard.catalog.postgresql.coverage import (
    KINDS,
    LEFT_OUT,
    PARTS,
    SOURCES,
    VOLATILE,
    VOLATILE_IN_KINDS,
    Kind,
    Part,
    Source,
)
from driftguard.catalog.postgresql.statements import RELATIONS, ROUTINES, TYPES
from driftguard.schema.catalog import Row

ITSELF = ""
"""The attribute, without a text, of each object that no other statement reads."""

SINCE = 140000
"""The first server_version_num that has pg_get_catalog_foreign_keys()."""

# Foreign keys of two columns are (relation, number of an attribute).
COLUMNS = """
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL), k.target::regclass::text,
       CASE WHEN k.is_array THEN 'yes' END, k.relation,
       CASE WHEN u.attnum IS NOT NULL THEN 'yes' END
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN (
  SELECT DISTINCT ON (fktable, fkcols[cardinality(fkcols)]) fktable, fkcols[cardinality(fkcols)] AS column,
         pktable AS target, is_array, CASE WHEN cardinality(fkcols) > 1 THEN fkcols[1] END AS relation
  FROM pg_get_catalog_foreign_keys()
  WHERE pkcols IN (ARRAY['oid'], ARRAY['attrelid', 'attnum'])
) k ON k.fktable = c.oid AND k.column = a.attname
LEFT JOIN (
  SELECT DISTINCT a.attrelid, a.attnum
  FROM pg_index i
  JOIN pg_attribute f ON f.attrelid = i.indrelid AND f.attnum = i.indkey[0] AND f.attname <> 'oid'
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
  WHERE i.indisunique AND i.indrelid < 16384
) u ON u.attrelid = c.oid AND u.attnum = a.attnum
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT c.relisshared
  AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY c.relname, a.attnum
"""
"""Catalog, column, its type, what its oids stand for, whether there are many, the column with the relation that its
numbers belong to, whether it is part of what tells the rows apart. Only what anybody may read."""

_NAMED = {
    "pg_class": "regclass",
    "pg_collation": "regcollation",
    "pg_operator": "regoperator",
    "pg_proc": "regprocedure",
    "pg_ts_config": "regconfig",
    "pg_ts_dict": "regdictionary",
    "pg_type": "regtype",
}
"""Catalogs to the types that write an oid as the name that is seen from the search path."""

_WORDS = {
    "inhdetachpending": "detach pending",
    "reltablespace": "tablespace",
    "rngmultitypid": "multirange",
    "stxstattarget": "target",
}
"""Columns to attributes, where there is a better word."""

_ABOUT = {"prattrs": "prrelid", "prqual": "prrelid"}
"""Columns with an expression or the numbers of attributes to the column with the relation that they are about."""

_NOTHING = "('', '0', '-', '-1', '{}', 'f')"
"""How columns say that there is nothing."""


class Column(NamedTuple):
    """One row of ``COLUMNS``."""

    catalog: str
    name: str
    type: str
    target: str
    is_array: bool
    relation: str
    is_key: bool


class Told(NamedTuple):
    """SQL for an attribute and its text."""

    attribute: str
    sql: str


def columns(rows: Iterable[Row]) -> tuple[Column, ...]:
    """The rows of ``COLUMNS``."""
    return tuple(
        Column(catalog or "", name or "", type_ or "", target or "", bool(is_array), relation or "", bool(is_key))
        for catalog, name, type_, target, is_array, relation, is_key in rows
    )


def inhabited(found: Sequence[Column]) -> str:
    """SQL for the catalogs, of those with an oid, in which there is anything that the server did not come with."""
    catalogs = [each.catalog for each in found if each.name == "oid"]
    return " UNION ALL ".join(
        f"SELECT '{each}' WHERE EXISTS (SELECT FROM {each} WHERE oid >= 16384)" for each in catalogs
    )


def statement(found: Sequence[Column], empty: Collection[str] = ()) -> str:
    """SQL for rows (kind, schema, table, name, attribute, text).

    Nothing is asked of what can only be in ``empty`` catalogs: to plan it takes longer than everything else.
    """
    catalogs = {name: tuple(each) for name, each in groupby(found, key=lambda column: column.catalog)}
    full = catalogs.keys() - empty
    branches = [
        *(_of_source(each, catalogs[each.catalog]) for each in SOURCES if each.catalog in catalogs),
        *(_of_kind(each, catalogs[each.catalog]) for each in KINDS if each.catalog in full),
        *(_of_part(each, catalogs[each.catalog]) for each in PARTS if each.catalog in catalogs and each.of in full),
        *(_of_kind(_unknown(name, catalogs[name]), catalogs[name]) for name in unknown(catalogs) if name in full),
    ]
    return f"WITH {RELATIONS}, {TYPES}, {ROUTINES} {' UNION ALL '.join(filter(None, branches))}"


def unknown(catalogs: Iterable[str]) -> tuple[str, ...]:
    """Those of which nothing is said in ``coverage``."""
    left_out = {name for names in LEFT_OUT.values() for name in names.split()}
    return tuple(sorted(set(catalogs) - {each.catalog for each in (*SOURCES, *KINDS, *PARTS)} - left_out))


def generic(catalog: str, known: str, found: Iterable[Column], volatile: str = "") -> tuple[Column, ...]:
    """The columns that are compared as they are."""
    names = {"oid", *known.split(), *volatile.split()}
    return tuple(each for each in found if each.name not in names and not _is_privilege(each))


def _is_privilege(column: Column) -> bool:
    return column.type == "aclitem[]" or column.target == "pg_authid"


def _of_source(source: Source, found: Sequence[Column]) -> str:
    rest = generic(source.catalog, source.known, found, VOLATILE.get(source.catalog, ""))
    told = (*_told(rest, "t"), *(Told(*each) for each in source.facts))
    if not told:
        return ""
    return f"""
SELECT {source.name}, concat_ws(' ', {source.part}, f.attribute), f.text
FROM {source.rows} {_lateral(told)}
WHERE {source.where} AND f.text NOT IN {_NOTHING}"""


def _of_kind(kind: Kind, found: Sequence[Column]) -> str:
    volatile = f"{VOLATILE_IN_KINDS.get(kind.catalog, '')} {kind.namespace}"
    told = (
        *_told(generic(kind.catalog, "", found, volatile), "o", _prefix(found)),
        *_comment(kind.catalog, found),
    )
    return f"""
SELECT '{kind.kind}', {schema_of(kind)}, '', {kind.name}, f.attribute, f.text
FROM {kind.catalog} o {namespace_of(kind)} {_lateral((Told(ITSELF, "''"), *told))}
WHERE {is_users(kind, found)} AND (f.attribute = '{ITSELF}' OR f.text NOT IN {_NOTHING})"""


def _of_part(part: Part, found: Sequence[Column]) -> str:
    kind = next(each for each in KINDS if each.catalog == part.of)
    told = _told(generic(part.catalog, part.column, found), "t", _prefix(found))
    texts = [f"'{each.attribute}=' || CASE WHEN {each.sql} NOT IN {_NOTHING} THEN {each.sql} END" for each in told]
    row = f"concat_ws(' ', {', '.join(texts)})"
    return f"""
SELECT '{kind.kind}', {schema_of(kind)}, '', {kind.name}, '{part.attribute}',
       string_agg({row}, '; ' ORDER BY {row} COLLATE "C")
FROM {part.catalog} t JOIN {kind.catalog} o ON o.oid = t.{part.column} {namespace_of(kind)}
WHERE {is_users(kind)} GROUP BY 1, 2, 3, 4"""


def _unknown(catalog: str, found: Sequence[Column]) -> Kind:
    """Rows that nobody has heard of, named by what tells them apart."""
    namespace = next((each.name for each in found if each.target == "pg_namespace"), "")
    keys = [each for each in found if each.is_key and each.name != namespace] or list(found)
    names = ", ".join(each.sql for each in _told(keys, "o"))
    return Kind(catalog, catalog.removeprefix("pg_").replace("_", " "), f"concat_ws(' ', {names})", namespace)


def schema_of(kind: Kind) -> str:
    return "CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname::text END" if kind.namespace else "''"


def namespace_of(kind: Kind) -> str:
    return f"JOIN pg_namespace n ON n.oid = o.{kind.namespace}" if kind.namespace else ""


def is_users(kind: Kind, found: Sequence[Column] | None = None) -> str:
    """SQL for whether a row is neither the server's own nor an extension's, nor another object's."""
    conditions = [kind.where]
    if kind.namespace:
        conditions.append("n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'")
    if found is None or any(each.name == "oid" for each in found):
        conditions += ["o.oid >= 16384", _belongs_to_nobody(kind.catalog, "o.oid")]
    else:
        owners = [each for each in found if each.target and not each.is_array and not each.relation]
        conditions += [
            f"(o.{each.name} < 16384 OR {_belongs_to_nobody(each.target, f'o.{each.name}')})" for each in owners
        ]
        conditions += [f"({' OR '.join(f'o.{each.name} >= 16384' for each in owners)})"] if owners else []
    return " AND ".join(conditions)


def _belongs_to_nobody(catalog: str, oid: str) -> str:
    return (
        f"NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid}"
        " AND d.deptype IN ('e', 'i'))"
    )


def _comment(catalog: str, found: Sequence[Column]) -> tuple[Told, ...]:
    has_oid = any(each.name == "oid" for each in found)
    return (Told("comment", f"obj_description(o.oid, '{catalog}')"),) if has_oid else ()


def _lateral(told: Iterable[Told]) -> str:
    values = ", ".join(f"('{each.attribute}', {each.sql})" for each in told)
    return f"CROSS JOIN LATERAL (VALUES {values}) f (attribute, text)"


def _prefix(found: Iterable[Column]) -> str:
    """What all columns of a catalog begin with: "srv" in pg_foreign_server."""
    names = [each.name for each in found if each.name != "oid"]
    pairs = zip(min(names), max(names), strict=False)
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _told(wanted: Iterable[Column], row: str, prefix: str = "") -> Iterator[Told]:
    """The columns of the SQL row ``row``."""
    for each in wanted:
        yield Told(_WORDS.get(each.name, each.name.removeprefix(prefix)), _text(each, row))


def _text(column: Column, row: str) -> str:
    value = f"{row}.{column.name}"
    if column.name in _ABOUT and column.type == "pg_node_tree":
        return f"pg_get_expr({value}, {row}.{_ABOUT[column.name]})"
    if column.name in _ABOUT:
        return _attribute_names(column._replace(is_array=True, relation=_ABOUT[column.name]), row)
    if column.type == "pg_node_tree":  # no text that two servers have in common, and perhaps no expression
        return f"CASE WHEN {value} IS NOT NULL THEN 'yes' END"
    if column.relation:
        return _attribute_names(column, row)
    if column.is_array:
        each = _name(column.target, "u.value::oid")
        names = f"string_agg({each}, ', ' ORDER BY u.place)"
        return f"(SELECT {names} FROM unnest({value}) WITH ORDINALITY u (value, place))"
    if column.target:
        return _name(column.target, value)
    if column.type == "boolean":
        return f"CASE WHEN {value} THEN 'yes' END"
    if column.type == "text[]":
        return f"array_to_string(ARRAY(SELECT e FROM unnest({value}) e ORDER BY e COLLATE \"C\"), ', ')"
    return f"{value}::text"


def _attribute_names(column: Column, row: str) -> str:
    number = f"ANY ({row}.{column.name})" if column.is_array else f"{row}.{column.name}"
    return (
        "(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE \"C\") FROM pg_attribute a"
        f" WHERE a.attrelid = {row}.{column.relation} AND a.attnum = {number})"
    )


def _name(catalog: str, oid: str) -> str:
    """SQL for the name of the object with this oid, without schema where that is the default one."""
    if catalog in _NAMED:
        return f"{oid}::{_NAMED[catalog]}::text"
    if catalog == "pg_namespace":
        return f"(SELECT quote_ident(nspname) FROM pg_namespace WHERE oid = {oid} AND nspname <> current_schema())"
    identity = f"(pg_identify_object('{catalog}'::regclass, {oid}, 0)).identity"
    default = "quote_ident(current_schema()) || '.'"
    return (
        f"CASE WHEN {oid} <> 0 THEN CASE WHEN starts_with({identity}, {default})"
        f" THEN substr({identity}, length({default}) + 1) ELSE {identity} END END"
    )
