"""What one database holds: named objects, each with its facts as the server itself spells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import NamedTuple

Row = Sequence[str | None]
Query = Callable[[str], Sequence[Row]]
"""Runs one SQL statement and returns its rows; every value is text or None (cast in the statement)."""


class Name(NamedTuple):
    """Which object: ``schema`` is "" for the default schema, ``table`` is "" for what belongs to no table."""

    kind: str
    schema: str
    table: str
    name: str

    def __str__(self) -> str:
        return ".".join(part for part in (self.schema, self.table, self.name) if part)


@dataclass(frozen=True, slots=True, order=True)
class Object:
    """One object and its facts: attribute to the server's canonical text, sorted, absent attributes left out.

    ``anonymous``: the server made the name up (``students_email_key``), so the object is known by its facts.
    """

    name: Name
    facts: tuple[tuple[str, str], ...] = ()
    anonymous: bool = False

    def __getitem__(self, attribute: str) -> str | None:
        return dict(self.facts).get(attribute)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All objects of one database, sorted. ``unread`` names what could not be read, in the user's words.

    ``extensions``: their names and versions, which say nothing of what the database's own objects are.
    ``order``: the columns' places in their tables, where somebody asked for them; they are no facts to compare.
    ``role``: who runs the migrations, as SQL needs it, where owners and privileges are among the facts.
    """

    dialect: str
    version: str
    objects: tuple[Object, ...]
    unread: tuple[str, ...] = ()
    extensions: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    order: Mapping[Name, int] = field(default_factory=dict, compare=False, repr=False)
    role: str = field(default="", compare=False)

    def in_order(self, columns: Iterable[Object]) -> list[Object]:
        """The columns as they stand in their table; as they came where that is not known."""
        return sorted(columns, key=lambda each: self.order.get(each.name, 0))


BY_NAME = attrgetter("name")
"""What a catalog's objects are sorted by: no two have one name."""


class Scope(NamedTuple):
    """What to read. ``schemas``: None for every schema of the user's, else these ("" is the default one).

    ``left_out``: (schema, table) of version tables; neither they nor what belongs to them is read.
    ``privileges``: owners and privileges as well, where the server's catalog can tell them (``schema.roles``).
    """

    schemas: frozenset[str] | None = None
    left_out: frozenset[tuple[str, str]] = frozenset()
    privileges: bool = False


def make_object(name: Name, facts: dict[str, str | None], *, anonymous: bool = False) -> Object:
    """An object with its facts sorted and the absent ones (None) left out."""
    return Object(name, tuple(sorted((key, text) for key, text in facts.items() if text is not None)), anonymous)


def make_catalog(dialect: str, version: str, objects: Iterable[Object], unread: Iterable[str] = ()) -> Catalog:
    """A catalog with its objects sorted."""
    return Catalog(dialect, version, tuple(sorted(objects, key=BY_NAME)), tuple(sorted(unread)))


def sharing(catalog: Catalog, other: Catalog) -> Catalog:
    """The catalog with the other's objects in place of equal ones of its own: less to keep, and quicker to compare."""
    known = {each.name: each for each in other.objects}
    return replace(catalog, objects=tuple(_shared(each, known.get(each.name)) for each in catalog.objects))


def _shared(item: Object, known: Object | None) -> Object:
    if known is not None and known.facts == item.facts and known.anonymous == item.anonymous:
        return known
    return item


def named(catalog: Catalog) -> Catalog:
    """The catalog with names that the server made up as if somebody had given them: statements have to use them."""
    objects = (replace(each, anonymous=each.anonymous and not each.name.table) for each in catalog.objects)
    return replace(catalog, objects=tuple(objects))
