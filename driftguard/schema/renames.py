"""Renamed columns, told from those that were dropped and added: the facts are the same, and no other fits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from driftguard.schema.catalog import Name, Object
from driftguard.schema.diff import Difference


def with_renames(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """The differences, where a dropped and an added column of one table that must be the same are one difference.

    It has both objects, with names of their own, and the old name. What differs only because of the new name (the
    columns of an index, a key that the server named after them) is not told again.
    """
    every = tuple(differences)
    renames = _renames(every)
    if not renames:
        return every
    told = {name for rename in renames for name in _names(rename)}
    rest = [each for each in every if each.name.kind != "column" or each.name not in told]
    told |= _consequences(rest, renames)
    return tuple(sorted([*renames, *(each for each in rest if each.name not in told)], key=lambda each: each.name))


def is_rename(difference: Difference) -> bool:
    """Whether it is one object that has another name now."""
    was, now = difference.was, difference.now
    return was is not None and now is not None and was.name != now.name


def _renames(differences: Iterable[Difference]) -> list[Difference]:
    alike: dict[object, tuple[list[Object], list[Object]]] = defaultdict(lambda: ([], []))
    for name, was, now, _ in differences:
        one = was if now is None else now if was is None else None
        if one is not None and name.kind == "column":
            alike[name.schema, name.table, one.facts][now is not None].append(one)
    return [
        Difference(gone[0].name, gone[0], new[0]) for gone, new in alike.values() if len(gone) == 1 and len(new) == 1
    ]


def _names(rename: Difference) -> tuple[Name, ...]:
    return tuple(each.name for each in (rename.was, rename.now) if each is not None)


def _consequences(differences: Iterable[Difference], renames: Iterable[Difference]) -> set[Name]:
    """What would be equal, if the columns had their old names: by its own name, or by one that the server made up."""
    every = tuple(differences)
    new: dict[object, list[Object]] = defaultdict(list)
    for each in every:
        if each.now is not None:
            new[each.now.name[:3]].append(each.now)
    return {
        name
        for before in (each.was for each in every if each.was is not None)
        for after in new[before.name[:3]]
        if before.name == after.name or (before.anonymous and after.anonymous)
        if any(_translated(before, rename) == after.facts for rename in renames)
        for name in (before.name, after.name)
    }


def _translated(item: Object, rename: Difference) -> tuple[tuple[str, str], ...]:
    assert rename.was is not None and rename.now is not None
    old, new = rename.was.name.name, rename.now.name.name
    return tuple((key, re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)) for key, text in item.facts)
