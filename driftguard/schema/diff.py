"""What turns one catalog into another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from driftguard.schema.catalog import Catalog, Name, Object


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

    Two objects whose names the server made up are the same if kind, table and facts are.
    """
    before = {item.name: item for item in was.objects}
    after = {item.name: item for item in now.objects}
    gone = {name: item for name, item in before.items() if name not in after}
    new = {name: item for name, item in after.items() if name not in before}
    for lost, found in _anonymous_pairs(gone, new):
        del gone[lost], new[found]
    found_differences = [
        *(Difference(name, item, None) for name, item in gone.items() if not _inside(name, gone)),
        *(Difference(name, None, item) for name, item in new.items() if not _inside(name, new)),
        *(
            Difference(name, item, after[name], changes)
            for name, item in before.items()
            if name in after and (changes := tuple(_changes(item, after[name])))
        ),
    ]
    return tuple(sorted(found_differences, key=lambda each: each.name))


def _inside(name: Name, objects: dict[Name, Object]) -> bool:
    return bool(name.table) and any(
        Name(kind, name.schema, "", name.table) in objects for kind in ("table", "view", "materialized view")
    )


def _anonymous_pairs(gone: dict[Name, Object], new: dict[Name, Object]) -> Iterator[tuple[Name, Name]]:
    """Names that stand for the same unnamed object on both sides, each used once."""
    by_facts: dict[tuple[str, str, str, object], list[Name]] = defaultdict(list)
    for name, item in sorted(new.items()):
        if item.anonymous:
            by_facts[name.kind, name.schema, name.table, item.facts].append(name)
    for name, item in sorted(gone.items()):
        if item.anonymous and (twins := by_facts[name.kind, name.schema, name.table, item.facts]):
            yield name, twins.pop(0)


def _changes(was: Object, now: Object) -> Iterator[Change]:
    before, after = dict(was.facts), dict(now.facts)
    for attribute in sorted(before.keys() | after.keys()):
        if before.get(attribute) != after.get(attribute):
            yield Change(attribute, before.get(attribute), after.get(attribute))
