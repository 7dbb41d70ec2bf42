"""From files to a graph."""

from __future__ import annotations

from collections.abc import Container, Mapping
from posixpath import normpath
from types import MappingProxyType
from typing import NamedTuple

from driftguard.git import Tree
from driftguard.graph.graph import Graph
from driftguard.graph.memory import FORGETFUL, Key, Memory
from driftguard.graph.revision import Revision, Unreadable, is_revision_name, parse_revision

NOTHING: Mapping[Key, Revision] = MappingProxyType({})


class Loaded(NamedTuple):
    """A graph, and the files that it was made of, as they were."""

    keys: frozenset[Key]
    graph: Graph


def load_again(
    tree: Tree, locations: tuple[str, ...], recursive: bool, memory: Memory, was: Loaded | None
) -> tuple[Graph, Loaded | None]:
    """As ``load``; the graph that ``was`` loaded the last time, with all that it has found out, if nothing changed.

    The second is what may be given the next time.
    """
    homes = _homes(tree, locations, recursive, ())
    signatures = tree.signatures(homes)
    keys = frozenset((homes[path], path, signature) for path, signature in signatures.items())
    if was is not None and keys == was.keys and len(keys) == len(homes):
        return was.graph, was
    graph = load(tree, locations, recursive, memory)
    return graph, Loaded(keys, graph) if len(keys) == len(homes) else None


def load(
    tree: Tree,
    locations: tuple[str, ...],
    recursive: bool,
    memory: Memory = FORGETFUL,
    known: Mapping[Key, Revision] = NOTHING,
    unless: Container[str] = (),
) -> Graph:
    """The graph of the revision files in ``locations`` (folders relative to the tree's root), in Alembic's order.

    A location that does not exist has no revisions, and a file in two of them counts once. ``known`` files need not be
    read again; paths in ``unless`` are left out.
    """
    parsed = _parse_all(tree, _homes(tree, locations, recursive, unless), memory, known)
    return Graph(
        tuple(each for each in parsed if isinstance(each, Revision)),
        tuple(each for each in parsed if isinstance(each, Unreadable)),
    )


def _homes(tree: Tree, locations: tuple[str, ...], recursive: bool, unless: Container[str]) -> dict[str, str]:
    """By path the location of each file, in Alembic's order."""
    homes: dict[str, str] = {}
    for location in dict.fromkeys(map(normpath, locations)):
        for path in sorted(tree.files(location, recursive=recursive), key=_place_in_walk):
            if is_revision_name(path) and path not in unless:
                homes.setdefault(path, location)
    return homes


def _parse_all(
    tree: Tree, homes: dict[str, str], memory: Memory, seen_before: Mapping[Key, Revision]
) -> list[Revision | Unreadable | None]:
    """What each file says, in the order of ``homes``; only those are read that are not remembered as they are now."""
    recalled = memory.recall()
    remembered = {**recalled, **seen_before}
    signatures = tree.signatures(homes)  # before anything is read: what changes meanwhile must not be taken for this
    keys = {path: (homes[path], path, signature) for path, signature in signatures.items()}
    known: dict[str, Revision | Unreadable | None] = {
        path: remembered[seen] for path, seen in keys.items() if seen in remembered
    }
    for path, source in tree.read_many(path for path in homes if path not in known).items():
        known[path] = parse_revision(source, path, homes[path])
    revisions = {seen: said for path, seen in keys.items() if isinstance(said := known.get(path), Revision)}
    memory.keep(recalled, revisions)
    return [known[path] for path in homes if path in known]


def _place_in_walk(path: str) -> tuple[tuple[bool, str], ...]:
    """Sorts as ``os.walk`` does: the files of a folder before its sub-folders."""
    *folders, name = path.split("/")
    return (*((True, folder) for folder in folders), (False, name))
