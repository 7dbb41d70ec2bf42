"""``driftguard graph``: a picture of every environment's revisions."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from driftguard.cache import cache_folder
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.noted import NotedTree
from driftguard.config import load_settings
from driftguard.errors import DriftguardError
from driftguard.git import Tree
from driftguard.graph import Graph, Memory, Revision, load, memory_of
from driftguard.memo.picture import begin
from driftguard.project import Environment, choose, discover
from driftguard.report.lanes import Node, draw
from driftguard.report.visible import visible


def graph(*, start: Path, environments: Sequence[str] = (), ref: str = "") -> int:
    """Print the revision graphs, as they lie in the folder or as they are in the commit ``ref``."""
    source = "ref" if ref else "working"
    look = None if ref else begin(str(start), environments, dict(os.environ))
    root = root_of(start, source)
    if look is None or look.place.top != str(root):
        print(_drawn(root, open_tree(root, source, ref), environments))
        return 0
    text = _drawn(root, NotedTree(root, look.notes), environments)
    print(text, flush=True)
    look.keep(f"{text}\n")
    return 0


def _drawn(root: Path, tree: Tree, environments: Sequence[str]) -> str:
    settings = load_settings(tree)
    found = choose(tree, settings, discover(tree, settings, os.environ), environments)
    return "\n\n".join(f"{visible(each.name)}\n{picture(_load(root, tree, each))}" for each in found)


def _load(root: Path, tree: Tree, environment: Environment) -> Graph:
    locations = environment.version_locations
    return load(tree, locations, environment.recursive, _memory(root, locations))


def _memory(root: Path, locations: tuple[str, ...]) -> Memory:
    try:
        return memory_of(cache_folder(), root, locations)
    except DriftguardError:  # no place for a cache; a picture needs none
        return Memory()


def picture(revisions: Graph) -> str:
    """One line per revision (heads above), then what could not be read."""
    heads = frozenset(revisions.heads())
    children = Counter(parent for revision in revisions.revisions for parent in revision.down)
    nodes = [
        Node(each.id, (*each.down, *each.depends_on), _text(each, revisions, heads, children))
        for each in revisions.revisions
    ]
    unreadable = [visible(f"? {each.path}:{each.line} {each.reason}") for each in revisions.unreadable]
    return "\n".join([*draw(nodes), *unreadable]) or "no revisions"


def _text(revision: Revision, revisions: Graph, heads: frozenset[str], children: Counter[str]) -> str:
    marks = [
        *(["head"] if revision.id in heads else []),
        *(f"label {label}" for label in revision.labels),
        *(["merge"] if len(revision.down) > 1 else []),
        *([f"fork into {children[revision.id]}"] if children[revision.id] > 1 else []),
        *([] if revision.down else ["base"]),
        *(f"depends on {other}" for other in revision.depends_on),
        *(f"{parent} is missing" for parent in revision.down if parent not in revisions),
    ]
    marked = f"{revision.id} ({', '.join(marks)})" if marks else revision.id
    return visible(f"{marked} {revision.doc}".rstrip())
