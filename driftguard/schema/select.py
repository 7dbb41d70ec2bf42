"""Parts of a catalog."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection
from dataclasses import replace

from driftguard.schema.catalog import Catalog, Name, Object, Scope

AUTOGENERATE_KINDS = {
    "table": "table",
    "column": "column",
    "index": "index",
    "unique": "unique_constraint",
    "foreign key": "foreign_key_constraint",
}
"""Our kinds in the words of Alembic's ``include_object``, which is asked about these and no others."""


WITHOUT_SCHEMA = frozenset(
    {
        "access method",
        "cast",
        "default privileges",
        "default schema",
        "event trigger",
        "extension",
        "foreign data wrapper",
        "foreign server",
        "language",
        "publication",
        "transform",
    }
)
"""Kinds that belong to the whole database."""


def of_kind(catalog: Catalog, kind: str) -> tuple[Object, ...]:
    """The objects of one kind; they lie together, because a catalog is sorted."""
    objects = catalog.objects
    begin = bisect_left(objects, kind, key=_kind)
    return objects[begin : bisect_right(objects, kind, begin, key=_kind)]


def _kind(item: Object) -> str:
    return item.name.kind


def tables(catalog: Catalog) -> frozenset[tuple[str, str]]:
    """(schema, name) of every table."""
    return frozenset((item.name.schema, item.name.name) for item in of_kind(catalog, "table"))


def apart(one: Catalog, other: Catalog) -> tuple[Name, ...]:
    """Tables that only one of them has, and columns that only one of them has in a table of both; sorted."""
    both = tables(one) & tables(other)
    names = [{item.name for item in catalog.objects} for catalog in (one, other)]
    return tuple(
        sorted(
            name
            for name in names[0] ^ names[1]
            if name.kind == "table" or (name.kind == "column" and (name.schema, name.table) in both)
        )
    )


def schemas(catalog: Catalog) -> frozenset[str]:
    """Every schema that holds an object, and the default one ("")."""
    named = {item.name.name for item in of_kind(catalog, "schema")}
    return frozenset({"", *named, *(item.name.schema for item in catalog.objects if item.name.kind != "schema")})


def schema_of(name: Name) -> str:
    """The schema that an object is in, or is."""
    return name.name if name.kind == "schema" else name.schema


def version_tables(catalog: Catalog) -> frozenset[tuple[str, str]]:
    """(schema, name) of the tables whose only column is ``version_num``: where revision chains keep their stamp."""
    columns: dict[tuple[str, str], set[str]] = {}
    for item in of_kind(catalog, "column"):
        columns.setdefault((item.name.schema, item.name.table), set()).add(item.name.name)
    return frozenset(table for table, names in columns.items() if names == {"version_num"})


def without(catalog: Catalog, is_left_out: Callable[[Name], bool]) -> Catalog:
    """The catalog without some objects."""
    return replace(catalog, objects=tuple(item for item in catalog.objects if not is_left_out(item.name)))


def scoped(catalog: Catalog, scope: Scope) -> Catalog:
    """What reading with ``scope`` would have given, of a catalog that was read with a wider one."""

    def is_left_out(name: Name) -> bool:
        schema = schema_of(name)
        table = name.name if name.kind == "table" else name.table
        inside = scope.schemas is None or schema in scope.schemas
        return name.kind not in WITHOUT_SCHEMA and (not inside or (name.schema, table) in scope.left_out)

    return without(catalog, is_left_out)


def inside(left_out: Collection[tuple[str, str]]) -> Callable[[Name], bool]:
    """Whether a name is one of these tables, or belongs to one."""

    def is_inside(name: Name) -> bool:
        return (name.schema, name.table or name.name) in left_out and (bool(name.table) or name.kind == "table")

    return is_inside
