"""What it takes to have a lost revision here, and to leave it by a downgrade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from posixpath import dirname
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.git import RefTree
from driftguard.graph.graph import Graph
from driftguard.graph.load import load
from driftguard.graph.lost import Find, Search, Where, search

MOST_FILES = 200
BASE = "base"


class Recovery(NamedTuple):
    """Lost revisions, and those below them that are not here either.

    ``found``: by id, what came of the search for each that was asked for; ``files``: by id, where each can be had;
    ``homes``: by id, the path where its file can be put; ``nowhere``: ids that were not found.
    """

    found: dict[str, Search]
    files: dict[str, Find]
    homes: dict[str, str]
    nowhere: tuple[str, ...]


def recover(where: Where, graph: Graph, ids: tuple[str, ...]) -> Recovery:
    """Look for revisions, and for each that they need and that ``graph`` has not."""
    found = {id_: search(where._replace(id=id_)) for id_ in ids}
    files: dict[str, Find] = {}
    nowhere: list[str] = []
    left = list(ids)
    while left and len(files) < MOST_FILES:
        name = left.pop(0)
        if name in files or name in nowhere or _is_here(graph, name):
            continue
        look = found.get(name) or _beside(where, files.values(), name) or search(where._replace(id=name))
        if look.finds:
            files[name] = look.finds[0]
            left += (*files[name].revision.down, *files[name].revision.depends_on)
        else:
            nowhere.append(name)
    return Recovery(found, files, _homes(files, where.root, where.locations), tuple(nowhere))


def ways_down(graph: Graph, lost: Mapping[str, Find], stamp: Iterable[str]) -> tuple[str, ...]:
    """What to downgrade to, one after the other, until none of the ``lost`` revisions is applied any more.

    Only they go: ``ID@TARGET`` keeps what else is applied above the target.
    """
    applied = applied_beside(graph, lost, stamp)
    order = {id_: number for number, id_ in enumerate(graph.ordered())}
    steps = [(parent, id_) for id_, find in lost.items() for parent in find.revision.down if parent in graph]
    steps.sort(key=lambda step: (-order.get(step[0], 0), step))
    steps += [(BASE, id_) for id_, find in lost.items() if not find.revision.down]
    left = set(lost)
    targets = []
    for target, id_ in steps:
        if id_ in left:
            has_others = target == BASE or not applied.isdisjoint(graph.descendants(target) - {target})
            targets.append(f"{id_}@{target}" if has_others else target)
            left -= _above(lost, {id_} if has_others else {each for parent, each in steps if parent == target})
    return tuple(targets)


def applied_beside(graph: Graph, lost: Mapping[str, Find], stamp: Iterable[str]) -> frozenset[str]:
    """The revisions here that a database has run that is stamped with ``stamp`` and has run the lost ones."""
    named = {parent for find in lost.values() for parent in (*find.revision.down, *find.revision.depends_on)}
    return graph.needed(*(each for each in {*named, *stamp} if each in graph))


def _is_here(graph: Graph, name: str) -> bool:
    return name in graph or any(name in revision.labels for revision in graph.revisions)


def _beside(where: Where, files: Iterable[Find], name: str) -> Search | None:
    """Where one revision was, the others most often are."""
    for ref, find in {find.ref: find for find in files if find.ref}.items():
        with suppress(DriftguardError):
            there = load(RefTree(where.repository, ref), where.locations, True) if where.repository else None
            if there and (revision := there.get(name)):
                return Search((find._replace(revision=revision),))
    return None


def _above(lost: Mapping[str, Find], ids: set[str]) -> set[str]:
    """These and those of the lost revisions that need them."""
    above = set(ids)
    while more := {each for each, find in lost.items() if not above.isdisjoint(find.revision.down)} - above:
        above |= more
    return above


def _homes(files: Mapping[str, Find], root: Path, locations: tuple[str, ...]) -> dict[str, str]:
    """Paths where Alembic sees the files, and where nothing is overwritten."""
    homes: dict[str, str] = {}
    for id_, find in files.items():
        path = find.revision.path
        name = path.rpartition("/")[2]
        wanted = [path] if not path.startswith("/") and dirname(path) in locations else [f"{locations[0]}/{name}"]
        wanted += [f"{locations[0]}/recovered{number}_{name}" for number in range(MOST_FILES)]
        homes[id_] = next(each for each in wanted if each not in homes.values() and not (root / each).exists())
    return homes
