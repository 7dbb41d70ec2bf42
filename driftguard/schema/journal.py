"""What a journal of schema changes says: who ran which statement when, what it changed, and whether Alembic ran it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

from driftguard.schema.catalog import Name
from driftguard.schema.diff import Difference

COMMENT = "COMMENT"
MAKING = ("CREATE", "SELECT INTO", "IMPORT")
"""How the tags of commands begin that make what they list; others may list what they change."""
MOST_TOLD = 3
CONSTRAINTS = ("primary key", "unique", "check", "foreign key", "exclusion")
SERVERS_WORDS = {
    "column": ("table column", "foreign table column"),
    "domain": ("domain", "type"),
    "enum": ("type",),
    "statistics": ("statistics object",),
    "table": ("table", "foreign table"),
    "type": ("type", "composite type"),
    **dict.fromkeys(CONSTRAINTS, ("table constraint",)),
}
"""Our kinds in the words of PostgreSQL's ``pg_identify_object_as_address``, where those are others."""

IN_THEIR_SCHEMA = ("index", "sequence", "statistics")
"""Kinds that we tell with their table, and that the server finds by schema and name."""
WITHOUT_SCHEMA = ("event trigger", "extension", "publication", "schema")
ROUTINES = ("aggregate", "function", "procedure")
CALLED = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"\(|(?P<plain>[^(]*)\(')


class Origin(StrEnum):
    """Who ran a statement.

    ``REVISION`` is certain: its transaction moved the stamp. ``SESSION`` is a guess: its session moved the stamp soon
    after. ``HAND`` is all else, ``UNKNOWN`` where no version table is watched; ``STAMP``: it moved a stamp itself.
    """

    HAND = "by hand"
    REVISION = "a revision"
    SESSION = "probably a revision"
    STAMP = "stamp"
    UNKNOWN = "unknown"


class Touched(NamedTuple):
    """An object that a statement changed: its kind and names as the server addresses it, "" for the default schema.

    ``identity`` is its name in the server's words.
    """

    kind: str
    names: tuple[str, ...]
    identity: str
    dropped: bool = False


class Move(NamedTuple):
    """A row of a version table that changed: a revision before and after, None for none."""

    table: str
    was: str | None
    now: str | None


class Entry(NamedTuple):
    """One statement. ``at``: seconds since 1970; ``role``: what the user had SET ROLE to; ``address`` "": this machine.

    ``statement`` is shortened, and cut before the first text in it where a password may stand.
    """

    number: int
    at: float
    origin: Origin
    tags: tuple[str, ...]
    statement: str
    user: str
    role: str
    application: str
    address: str
    pid: int
    transaction: int
    touched: tuple[Touched, ...] = ()
    moves: tuple[Move, ...] = ()


def behind(entries: Sequence[Entry], difference: Difference) -> tuple[Entry, ...]:
    """The statements by hand, newest first, that made a difference; () if the journal does not tell for certain.

    ``entries`` are in that order. The one that made or dropped the object is alone responsible; else there may be
    several, but for a table, where what is said of ALTER TABLE fits its columns and constraints as well. What happened
    before Alembic last touched the object is nobody's drift.
    """
    touching = (each for each in entries if _touches(each, difference))
    found = tuple(takewhile(lambda each: each.origin is Origin.HAND, touching))
    if decisive := next((each for each in found if _decides(each, difference)), None):
        return (decisive,)
    return () if difference.name.kind == "table" and len(found) > 1 else found[:MOST_TOLD]


def _touches(entry: Entry, difference: Difference) -> bool:
    is_comment = {each.attribute for each in difference.changes} == {"comment"}
    if entry.moves or (COMMENT in entry.tags) != is_comment:
        return False
    dropped = (True,) if difference.now is None else (False,) if difference.was is None else (False, True)
    fits = any(_is(each, difference.name) and each.dropped in dropped for each in entry.touched)
    return fits or _mentions(entry, difference)


def _decides(entry: Entry, difference: Difference) -> bool:
    if difference.was is not None and difference.now is not None:
        return False
    dropped = difference.now is None
    happened = any(_is(each, difference.name) and each.dropped is dropped for each in entry.touched)
    return happened and (dropped or any(tag.startswith(MAKING) for tag in entry.tags))


def _is(touched: Touched, name: Name) -> bool:
    return touched.kind in SERVERS_WORDS.get(name.kind, (name.kind,)) and touched.names == _path(name)


def _path(name: Name) -> tuple[str, ...]:
    """The names by which the server finds an object."""
    if name.kind in WITHOUT_SCHEMA:
        return (name.name,)
    if name.kind in ROUTINES and (called := CALLED.match(name.name)):
        quoted = called["quoted"]
        return name.schema, called["plain"] if quoted is None else quoted.replace('""', '"')
    if name.table and name.kind not in IN_THEIR_SCHEMA:
        return name.schema, name.table, name.name
    return name.schema, name.name


def _mentions(entry: Entry, difference: Difference) -> bool:
    """Whether a statement changed the object's table and has the object's name in its text (its columns' without one).

    The server says of ALTER TABLE only which table it was about, and of RENAME only the new name.
    """
    name, item = difference.name, difference.was or difference.now
    kinds = (*SERVERS_WORDS["table"], *SERVERS_WORDS.get(name.kind, (name.kind,)))
    fitting = (each.names[:2] == (name.schema, name.table) for each in entry.touched if each.kind in kinds)
    if not name.table or not any(fitting):
        return False
    columns = (item["columns"] or "") if item is not None and item.anonymous else ""
    words = re.findall(r"\w+", columns) if item is not None and item.anonymous else [name.name]
    return bool(words) and all(_has_word(entry.statement, word) for word in words)


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
