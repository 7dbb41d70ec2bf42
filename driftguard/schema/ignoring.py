"""Two catalogs without the objects that somebody does not want to hear of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from driftguard.object_patterns import is_pattern, parse
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Name
from driftguard.schema.diff import WITH_COLUMNS, diff


class Ignored(NamedTuple):
    """What is left of both, and for each pattern that means something how many differences it took away."""

    expected: Catalog | None
    live: Catalog
    differences: tuple[tuple[str, int], ...] = ()


def ignore(words: Collection[str], expected: Catalog | None, live: Catalog) -> Ignored:
    """Without what the patterns among ``words`` mean; of several that mean an object, the first counts."""
    patterns = [word for word in words if is_pattern(word)]
    if not patterns:
        return Ignored(expected, live)
    meant: dict[Name, str] = {}
    for word in reversed(patterns):
        for catalog in filter(None, (expected, live)):
            meant |= dict.fromkeys(_meant(word, catalog), word)
    counts = Counter(dict.fromkeys(dict.fromkeys(word for word in patterns if word in meant.values()), 0))
    if expected is not None:
        counts.update(meant[each.name] for each in diff(expected, live) if each.name in meant)
    kept = expected and select.without(expected, meant.__contains__)
    return Ignored(kept, select.without(live, meant.__contains__), tuple(counts.items()))


def _meant(word: str, catalog: Catalog) -> Iterator[Name]:
    """The objects themselves, what belongs to tables and views among them, and what is in schemas among them."""
    pattern = parse(word)
    own = {item.name for item in catalog.objects if pattern.fits(*item.name)}
    owners = {(name.schema, name.name) for name in own if name.kind in WITH_COLUMNS}
    schemas = {name.name for name in own if name.kind == "schema"}
    for item in catalog.objects:
        name = item.name
        if name in own or (name.schema, name.table) in owners or name.schema in schemas:
            yield name
