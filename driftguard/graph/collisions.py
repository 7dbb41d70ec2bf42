"""Which heads nothing tells apart, and which merge revisions join the same parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from driftguard.graph.graph import Graph


def collisions(
    graph: Graph, allowed_heads: Collection[str] = (), ends: Collection[str] | None = None
) -> Iterator[tuple[str, ...]]:
    """Groups of two and more heads, or of these ``ends``, that nothing tells apart, each sorted.

    ``allowed_heads`` are ids and labels (the setting ``heads``), each of which names a branch that is meant to stay
    apart. Labels do as well, and separate bases in version locations of their own.
    """
    groups: list[tuple[set[tuple[frozenset[str], str]], list[str]]] = []
    for head in graph.heads() if ends is None else sorted(ends):
        name = _branch_name(graph, head, allowed_heads)
        roots = graph.ancestors(head).intersection(graph.bases())
        keys, members = {(name, graph[root].location) for root in roots}, [head]
        for group in [group for group in groups if group[0] & keys]:
            groups.remove(group)
            keys, members = keys | group[0], [*group[1], *members]
        groups.append((keys, members))
    return (tuple(sorted(members)) for _, members in groups if len(members) > 1)


def apart(graph: Graph, stamp: Collection[str], allowed_heads: Collection[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Groups of the stamp's revisions that belong to one branch, and that no revision joins."""
    here = [id_ for id_ in stamp if id_ in graph]
    groups = collisions(graph, allowed_heads, here)
    return tuple(group for group in groups if not frozenset.intersection(*map(graph.descendants, group)))


def double_merges(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """Groups of revisions that join the same parents, each group and all of them sorted."""
    joining: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for id_ in sorted(graph.by_id):
        if len(graph[id_].down) > 1:
            joining[frozenset(graph[id_].down)].append(id_)
    return tuple(sorted(tuple(group) for group in joining.values() if len(group) > 1))


def _branch_name(graph: Graph, head: str, allowed_heads: Collection[str]) -> frozenset[str]:
    """The labels and the allowed heads that a head belongs to."""
    below = graph.ancestors(head)
    allowed = (name.removesuffix("@head") for name in allowed_heads)
    return graph.labels(head) | {name for name in allowed if name in below}
