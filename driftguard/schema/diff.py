"""What turns one catalog into another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Set
from typing import NamedTuple

from driftguard.schema.catalog import Catalog, Name, Object

WITH_COLUMNS = ("table", "view", "materialized view")
"""Kinds that other objects belong to."""


class Change(NamedTuple):
    """One attribute of an object on both sides; None where a side does not have it."""

    attribute: str
    was: str | None
    now: str | None


class Difference(NamedTuple):
    """One object that is not the same on both sides: added (``was`` is None), removed (``now`` is None), changed."""

    name: Name
    was: Object | None
    now: Object | None
    changes: tuple[Change, ...] = ()


def diff(was: Catalog, now: Catalog) -> tuple[Difference, ...]:
    """The differences, sorted by name; what belongs to an added or removed table is not told again.

    Two objects whose names the server made up are the same if kind, table and facts are. Kinds that one side could
    not read (lines ``kind: reason`` of ``unread``) are left out: whether they differ cannot be told.
    """
    unread = {line.partition(":")[0] for line in (*was.unread, *now.unread)}
    before = {item.name: item for item in was.objects if item.name.kind not in unread}
    after = {item.name: item for item in now.objects if item.name.kind not in unread}
    _drop_same(before, after)
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    return tuple(
        sorted(
            [
                *(Difference(name, before[name], None) for name in gone if not _inside(name, gone)),
                *(Difference(name, None, after[name]) for name in new if not _inside(name, new)),
                *(
                    Difference(name, item, after[name], changes)
                    for name, item in before.items()
                    if name in after and (changes := tuple(_changes(item, after[name])))
                ),
            ],
            key=lambda each: each.name,
        )
    )


def _inside(name: Name, names: Set[Name]) -> bool:
    return bool(name.table) and any(Name(kind, name.schema, "", name.table) in names for kind in WITH_COLUMNS)


def _drop_same(before: dict[Name, Object], after: dict[Name, Object]) -> None:
    """Takes out what is equal, and what stands for the same unnamed object on both sides, each used once.

    Also where the server gave the same two names the other way round, which says in what order they were made.
    """
    for name in before.keys() & after.keys():
        was, now = before[name], after[name]
        if was.facts == now.facts and was.anonymous == now.anonymous:
            del before[name], after[name]
    twins: dict[tuple[object, ...], list[Name]] = defaultdict(list)
    for name, item in after.items():
        if item.anonymous:
            twins[_identity(item)].append(name)
    for name, item in list(before.items()):
        if item.anonymous and (same := twins[_identity(item)]):
            del before[name], after[same.pop(0)]


def _identity(item: Object) -> tuple[object, ...]:
    return item.name.kind, item.name.schema, item.name.table, item.facts


def _changes(was: Object, now: Object) -> Iterator[Change]:
    before, after = dict(was.facts), dict(now.facts)
    for attribute in sorted(before.keys() | after.keys()):
        if before.get(attribute) != after.get(attribute):
            yield Change(attribute, before.get(attribute), after.get(attribute))
