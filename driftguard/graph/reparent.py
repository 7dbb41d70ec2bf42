"""Which parents revisions get so that a history that went apart becomes a line again; nothing is read or written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from driftguard.graph.collisions import collisions
from driftguard.graph.graph import Graph


class Move(NamedTuple):
    """A revision that gets other parents."""

    id: str
    was: tuple[str, ...]
    now: tuple[str, ...]

    @property
    def is_straightened(self) -> bool:
        """Whether it only lost parents that it has through the others anyway."""
        return set(self.now) < set(self.was)


class Tangled(Exception):
    """There is no line to be made without a decision of the user's; the text says why."""


def rebased(graph: Graph, shared: Graph, allowed_heads: Collection[str] = ()) -> Graph:
    """``graph`` with the revisions that ``shared`` does not have behind the heads of those that it has.

    What is meant to stay apart (see ``collisions``) stays where it is. Several own ends come one behind the other,
    those that build upon the newest shared revisions first. Only own revisions get other parents.
    """
    own = frozenset(graph.by_id) - shared.by_id.keys()
    # An end that follows the base already hides it from those that do not, until they come one behind the other.
    while (after := _rebased_once(graph, own, allowed_heads)) != graph:
        graph = after
    return graph


def _rebased_once(graph: Graph, own: frozenset[str], allowed_heads: Collection[str]) -> Graph:
    for group in list(collisions(_without_joints(graph, own), allowed_heads)):
        ends = [head for head in group if head not in own]
        if len(ends) > 1:
            raise Tangled(f"{' and '.join(ends)} are heads there already, and nothing joins them")
        mine = sorted((head for head in group if head in own), key=lambda head: _newness(graph, own, head))
        for ground, head in zip((*ends, *mine), (*ends, *mine)[1:], strict=False):
            graph = _behind(graph, own, ground, head)
    return graph


def with_parents(graph: Graph, moves: Iterable[Move]) -> Graph:
    """The graph after these moves."""
    now = {move.id: move.now for move in moves}
    return replace(graph, revisions=tuple(each._replace(down=now.get(each.id, each.down)) for each in graph.revisions))


def moves_between(was: Graph, now: Graph) -> tuple[Move, ...]:
    """What has other parents, in the order in which the revisions run."""
    return tuple(Move(id_, was[id_].down, now[id_].down) for id_ in now.ordered() if was[id_].down != now[id_].down)


def without_merge(graph: Graph, dropped: str, kept: str) -> tuple[Move, ...]:
    """What follows the merge ``dropped`` follows its twin ``kept`` from now on; it is left without children."""
    return tuple(
        Move(child, graph[child].down, _unique(kept if each == dropped else each for each in graph[child].down))
        for child in graph.children(dropped)
    )


def _without_joints(graph: Graph, own: frozenset[str]) -> Graph:
    """The graph without the links from own revisions to shared ones where they also follow own ones."""

    def kept(id_: str) -> tuple[str, ...]:
        mine = tuple(parent for parent in graph[id_].down if parent in own)
        return mine if id_ in own and mine else graph[id_].down

    return replace(graph, revisions=tuple(each._replace(down=kept(each.id)) for each in graph.revisions))


def _newness(graph: Graph, own: frozenset[str], head: str) -> tuple[int, int]:
    """Sorts the end that builds on most shared revisions first, then as the revisions run."""
    order = graph.ordered()
    return -len(graph.ancestors(head) - own), order.index(head) if head in order else len(order)


def _behind(graph: Graph, own: frozenset[str], ground: str, head: str) -> Graph:
    """The graph with the own revisions below ``head``, as far as they are not below ``ground``, behind that."""
    below = graph.ancestors(ground)
    side = graph.ancestors(head).intersection(own) - below
    moves = []
    for id_ in sorted(each for each in side if not side.intersection(graph.parents(each))):
        was = graph[id_].down
        now = _unique(ground if parent in below else parent for parent in was) or (ground,)
        if was and ground not in now:
            raise Tangled(f"{id_} follows {' and '.join(was)}, of which none comes before {ground}")
        moves.append(Move(id_, was, now))
    return _without_detours(with_parents(graph, moves), side)


def _without_detours(graph: Graph, ids: frozenset[str]) -> Graph:
    """The graph in which none of ``ids`` names a parent that another of its parents has below it."""
    return with_parents(graph, list(_straightened(graph, ids)))


def _straightened(graph: Graph, ids: frozenset[str]) -> Iterator[Move]:
    for id_ in sorted(ids):
        down = graph[id_].down
        if len(down) > 1:
            now = tuple(each for each in down if not _is_below(graph, each, down))
            if now:
                yield Move(id_, down, now)


def _is_below(graph: Graph, id_: str, others: tuple[str, ...]) -> bool:
    return any(id_ != other and id_ in graph.ancestors(other) for other in others)


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
