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
    before, after = _apart(_by_name(was, unread), _by_name(now, unread))
    _drop_twins(before, after)
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


def _by_name(catalog: Catalog, unread: Set[str]) -> dict[Name, Object]:
    if unread:
        return {item.name: item for item in catalog.objects if item.name.kind not in unread}
    return {item.name: item for item in catalog.objects}


def _apart(before: dict[Name, Object], after: dict[Name, Object]) -> tuple[dict[Name, Object], dict[Name, Object]]:
    """Both without what is equal."""
    left: dict[Name, Object] = {}
    for name, item in after.items():
        was = before.get(name)
        if was is item or (was is not None and was.facts == item.facts and was.anonymous == item.anonymous):
            del before[name]
        else:
            left[name] = item
    return before, left


def _drop_twins(before: dict[Name, Object], after: dict[Name, Object]) -> None:
    """Takes out what stands for the same unnamed object on both sides, each used once.

    Also where the server gave the same two names the other way round, which says in what order they were made.
    """
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
