"""PostgreSQL identifiers: how they are quoted, and which ones the server makes up itself."""

from __future__ import annotations

import re

LABELS: dict[str, str] = {
    "check": "check",
    "exclusion": "excl",
    "foreign key": "fkey",
    "index": "idx",
    "primary key": "pkey",
    "sequence": "seq",
    "unique": "key",
}
"""Kind to the last word of the names that the server makes up for it."""

LONGEST = 63
"""Bytes of an identifier (NAMEDATALEN - 1)."""

SHORTEST_CLIPPED = 20
"""Letters of a part of a name that was shortened: both parts have about half of the room."""

# Every word of pg_get_keywords() in some version from 12 to 18 that is not "unreserved".
_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
    case cast char character check coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
    interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg
    json_query json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on
    only or order out outer overlaps overlay placing position precision primary real references returning right
    row select session_user setof similar smallint some substring symmetric system_user table tablesample then
    time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when
    where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
    xmlroot xmlserialize xmltable
"""
KEYWORDS = frozenset(_WORDS.split())

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def quote(identifier: str) -> str:
    """The identifier as SQL needs it, like the server's ``quote_ident``."""
    if _PLAIN.fullmatch(identifier) and identifier not in KEYWORDS:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


def qualify(schema: str, name: str) -> str:
    """``schema.name`` quoted where needed; the default schema ("") is not written."""
    return f"{quote(schema)}.{quote(name)}" if schema else quote(name)


def literal(text: str) -> str:
    """A string constant."""
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


def object_name(table: str, columns: str, label: str) -> str:
    """What the server calls an object that nobody named.

    Source: ``makeObjectName`` in the server's commands/indexcmds.c: the longer part is shortened until all fits.
    """
    first, second = table.encode(), columns.encode()
    room = LONGEST - len(label) - 1 - (1 if second else 0)
    lengths = [len(first), len(second)]
    while sum(lengths) > room:
        lengths[0 if lengths[0] > lengths[1] else 1] -= 1
    parts = [_clip(first, lengths[0]), *([_clip(second, lengths[1])] if second else []), label]
    return "_".join(parts)


def is_made_up(kind: str, table: str, columns: str | None, name: str) -> bool:
    """Whether the server may have chosen ``name``, now or before its table or its columns were renamed.

    ``columns``: the column names joined by "_"; None if the kind of object is always named by somebody.
    """
    if columns is None or kind not in LABELS:
        return False
    match = re.fullmatch(rf"(?s)(.*)_({LABELS[kind]}\d*)", name)
    if match is None:
        return False
    if name == object_name(table, columns, match[2]):
        return True
    if kind == "primary key" or match[1].startswith(f"{table}_") or match[1].endswith(f"_{columns}"):
        return True
    return len(name.encode()) >= LONGEST - 1 and _is_beginning(match[1].partition("_")[2], columns)


def _is_beginning(rest: str, columns: str) -> bool:
    """Whether a name that was too long ends with as much of the columns as there was room for."""
    words = rest.split("_")
    tails = ("_".join(words[number:]) for number in range(len(words)))
    return any(len(each) >= SHORTEST_CLIPPED and columns.startswith(each) for each in tails)


def next_value(schema: str, sequence: str) -> str:
    """The default that a ``serial`` column gets, as the server writes it."""
    return f"nextval({literal(qualify(schema, sequence))}::regclass)"


def _clip(text: bytes, length: int) -> str:
    """At most ``length`` bytes, no character cut in two."""
    return text[:length].decode(errors="ignore")
