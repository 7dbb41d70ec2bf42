"""What a revision does to which objects of a database, as plain values."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

DEFAULT_SCHEMAS = frozenset({"public", "main", "dbo"})
EVERY_COLUMN = "*"
PRIMARY_KEY = "PRIMARY KEY"
"""What a table's primary key is called beside its own name, for there is one only."""


class Access(StrEnum):
    """What is done to an object, as a verb that goes before it."""

    CREATES = "creates"
    DROPS = "drops"
    RENAMES = "renames"
    ALTERS = "alters"
    WRITES = "writes to"
    USES = "uses"


class Thing(NamedTuple):
    """An object as a revision names it: ``table`` and ``schema`` are "" where it says none.

    The column ``*`` stands for all that its table has at that moment.
    """

    kind: str
    schema: str
    table: str
    name: str

    def __str__(self) -> str:
        dotted = ".".join(part for part in (self.schema, self.table, self.name) if part)
        if self.kind == "column":
            return dotted if self.name != EVERY_COLUMN else f"the columns of {dotted.removesuffix('.*')}"
        return f"{self.kind} {dotted if not self.table else self.name}"

    def is_same(self, other: Thing) -> bool:
        """Whether both name one object, as far as they say; databases differ in how they treat case, so it is passed
        over, and a revision that says no table may mean that of the other.
        """
        here, there = _folded(self), _folded(other)
        tables = here.table == there.table or (here.kind != "column" and not (here.table and there.table))
        names = here.name == there.name or (here.kind == "column" and EVERY_COLUMN in (here.name, there.name))
        return here.kind == there.kind and here.schema == there.schema and tables and names

    def holds(self, other: Thing) -> bool:
        """Whether the other is part of this table, or in this schema."""
        here, there = _folded(self), _folded(other)
        if here.kind == "schema":
            return there.kind != "schema" and there.schema == here.name
        return here.kind == "table" and (there.schema, there.table) == (here.schema, here.name)


Deed = tuple[Thing, Access]
"""What is done to what."""


class Touch(NamedTuple):
    """One access: its line in the file, and the operation as it is written there."""

    thing: Thing
    access: Access
    line: int
    operation: str


class Statement(NamedTuple):
    """SQL as a text that has not been looked into."""

    text: str
    line: int
    operation: str


class Untold(NamedTuple):
    """An operation whose text does not say what it touches."""

    line: int
    operation: str


class Touches(NamedTuple):
    """Everything that an ``upgrade()`` does, in its order."""

    touches: tuple[Touch, ...] = ()
    statements: tuple[Statement, ...] = ()
    untold: tuple[Untold, ...] = ()


def table(name: str, schema: str = "") -> Thing:
    """A table, or a view: what it is used as does not tell them apart."""
    return Thing("table", schema, "", name)


def part(kind: str, owner: Thing, name: str) -> Thing:
    """A column, index, constraint or trigger of a table."""
    return Thing(kind, owner.schema, owner.name, name)


def _folded(thing: Thing) -> Thing:
    kind = "table" if thing.kind == "view" else thing.kind
    schema = thing.schema.casefold()
    schema = "" if schema in DEFAULT_SCHEMAS else schema
    return Thing(kind, schema, thing.table.casefold(), thing.name.casefold())
