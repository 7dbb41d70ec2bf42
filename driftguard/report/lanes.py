"""Lays out a directed graph in rows and columns, newest above oldest, and draws it the way `git log --graph` does."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple


class Node(NamedTuple):
    """``parents`` are what it stands on; those that are no node are left out. ``text`` goes beside its ``sign``."""

    id: str
    parents: tuple[str, ...]
    text: str
    sign: str = "*"


class Row(NamedTuple):
    """One node and its column.

    ``joining`` are the other columns that end in it. ``edges`` has each parent with the column in which the way to it
    goes down, the node's own for the first. ``beside`` are the columns of other ways that pass it.
    """

    node: Node
    column: int
    joining: tuple[int, ...]
    edges: tuple[tuple[str, int], ...]
    beside: frozenset[int]


def rows(nodes: Sequence[Node]) -> Iterator[Row]:
    """Every node once, from above.

    A lane is a column that waits for one node: it begins below a child and ends at the parent.
    """
    known = {node.id for node in nodes}
    lanes: list[str | None] = []
    for node in _newest_first(nodes):
        waiting = [column for column, awaited in enumerate(lanes) if awaited == node.id]
        own, *joining = waiting or [_free(lanes)]
        for column in (own, *joining):
            lanes[column] = None
        beside = frozenset(column for column, awaited in enumerate(lanes) if awaited is not None)
        edges: list[tuple[str, int]] = []
        for parent in dict.fromkeys(node.parents):
            if parent in known:
                column = _free(lanes, beyond=own) if edges else own
                lanes[column] = parent
                edges.append((parent, column))
        yield Row(node, own, tuple(joining), tuple(edges), beside)
        while lanes and lanes[-1] is None:
            lanes.pop()


def draw(nodes: Sequence[Node]) -> tuple[str, ...]:
    """Lines of the picture; every node has one, and a fork or a merge has one more for each further branch."""
    return tuple(line.rstrip() for row in rows(nodes) for line in _lines(row))


def _lines(row: Row) -> Iterator[str]:
    busy = {*row.beside, row.column, *row.joining}
    for column in row.joining:
        yield _connection(busy, row.column, column, "_", "/")
        busy.remove(column)
    bars = [row.node.sign if column == row.column else _bar(column in busy) for column in range(max(busy) + 1)]
    yield f"{' '.join(bars)} {row.node.text}"
    for _, column in row.edges[1:]:
        busy.add(column)
        yield _connection(busy, row.column, column, "-", "\\")


def _newest_first(nodes: Sequence[Node]) -> Iterator[Node]:
    """Each node after all of its children, staying on one branch as long as possible; nodes of a cycle come last.

    A way that ends with the next node goes first, so that it is short.
    """
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
        below = [parent for parent in reversed(dict.fromkeys(node.parents)) if parent in by_id]
        for parent in sorted(below, key=lambda each: not by_id[each].parents):
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


def _bar(busy: bool) -> str:
    return "|" if busy else " "


def _connection(busy: Collection[int], left: int, right: int, fill: str, end: str) -> str:
    """A line from column ``left`` to ``right``, over the lanes between them."""
    cells = [cell for column in range(max(busy) + 1) for cell in (_bar(column in busy), " ")]
    cells[2 * left] = "|"
    for place in range(2 * left + 1, 2 * right):
        if cells[place] == " ":
            cells[place] = fill
    cells[2 * right - 1], cells[2 * right] = end, " "
    return "".join(cells)
