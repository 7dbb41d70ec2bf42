"""From files to a graph."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import normpath

from driftguard.git import Tree
from driftguard.graph.graph import Graph
from driftguard.graph.revision import Revision, Unreadable, is_revision_name, parse_revision

Parse = Callable[[bytes, str, str], Revision | Unreadable | None]
"""``parse_revision``, or what remembers its answers: it depends on nothing but its arguments."""


def load(tree: Tree, locations: tuple[str, ...], recursive: bool, parse: Parse = parse_revision) -> Graph:
    """The graph of the revision files in ``locations`` (folders relative to the tree's root), in Alembic's order.

    A location that does not exist has no revisions, and a file in two of them counts once.
    """
    homes: dict[str, str] = {}
    for location in dict.fromkeys(map(normpath, locations)):
        for path in sorted(tree.files(location, recursive=recursive), key=_place_in_walk):
            if is_revision_name(path):
                homes.setdefault(path, location)
    sources = tree.read_many(homes)
    parsed = [parse(sources[path], path, location) for path, location in homes.items() if path in sources]
    return Graph(
        tuple(each for each in parsed if isinstance(each, Revision)),
        tuple(each for each in parsed if isinstance(each, Unreadable)),
    )


def _place_in_walk(path: str) -> tuple[tuple[bool, str], ...]:
    """Sorts as ``os.walk`` does: the files of a folder before its sub-folders."""
    *folders, name = path.split("/")
    return (*((True, folder) for folder in folders), (False, name))
