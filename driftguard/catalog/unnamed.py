"""Names for constraints that were given none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from driftguard.schema.catalog import Name, Object


def told_apart(objects: Iterable[Object]) -> Iterator[Object]:
    """The objects, each definition once, numbered where two of one name differ in their facts."""
    counted: Counter[Name] = Counter()
    for item in sorted(set(objects)):
        counted[item.name] += 1
        number = counted[item.name]
        name = item.name if number == 1 else item.name._replace(name=f"{item.name.name} ({number})")
        yield Object(name, item.facts, item.anonymous)
