"""Draws a directed graph as text, newest above oldest, the way `git log --graph` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Node(NamedTuple):
    """``parents`` are what it stands on; those that are no node are left out. ``text`` goes beside its star."""

    id: str
    parents: tuple[str, ...]
    text: str


def draw(nodes: Sequence[Node]) -> tuple[str, ...]:
    """Lines of the picture; every node has one, and a fork or a merge has one more for each further branch.

    A lane is a column that waits for one node: it begins below a child and ends at the parent.
    """
    known = {node.id for node in nodes}
    lanes: list[str | None] = []
    lines: list[str] = []
    for node in _newest_first(nodes):
        waiting = [column for column, awaited in enumerate(lanes) if awaited == node.id]
        own = waiting[0] if waiting else _free(lanes)
        for column in waiting[1:]:
            lines.append(_connection(lanes, own, column, "_", "/"))
            lanes[column] = None
        lanes[own] = node.id
        bars = ["*" if column == own else _bar(awaited) for column, awaited in enumerate(lanes)]
        lines.append(f"{' '.join(bars).rstrip()} {node.text}")
        parents = [parent for parent in dict.fromkeys(node.parents) if parent in known]
        lanes[own] = parents[0] if parents else None
        for parent in parents[1:]:
            column = _free(lanes, beyond=own)
            lanes[column] = parent
            lines.append(_connection(lanes, own, column, "-", "\\"))
        while lanes and lanes[-1] is None:
            lanes.pop()
    return tuple(line.rstrip() for line in lines)


def _newest_first(nodes: Sequence[Node]) -> Iterator[Node]:
    """Each node after all of its children, staying on one branch as long as possible; nodes of a cycle come last."""
    by_id = {node.id: node for node in nodes}
    children = dict.fromkeys(by_id, 0)
    for node in by_id.values():
        for parent in set(node.parents) & by_id.keys():
            children[parent] += 1
    ready = [name for name in reversed(by_id) if not children[name]]
    while by_id:
        name = ready.pop() if ready else next(iter(by_id))
        node = by_id.pop(name)
        yield node
        for parent in reversed(tuple(dict.fromkeys(node.parents))):
            if parent in by_id:
                children[parent] -= 1
                if not children[parent]:
                    ready.append(parent)


def _free(lanes: list[str | None], beyond: int = -1) -> int:
    """A column that nobody waits in, right of ``beyond``; a new one if there is none."""
    for column in range(beyond + 1, len(lanes)):
        if lanes[column] is None:
            return column
    lanes.append(None)
    return len(lanes) - 1


def _bar(awaited: str | None) -> str:
    return " " if awaited is None else "|"


def _connection(lanes: Sequence[str | None], left: int, right: int, fill: str, end: str) -> str:
    """A line from column ``left`` to ``right``, over the lanes between them."""
    cells = [cell for awaited in lanes for cell in (_bar(awaited), " ")]
    cells[2 * left] = "|"
    for place in range(2 * left + 1, 2 * right):
        if cells[place] == " ":
            cells[place] = fill
    cells[2 * right - 1], cells[2 * right] = end, " "
    return "".join(cells)
