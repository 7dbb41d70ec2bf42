"""What a database that has run some revisions needs when they get other parents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from driftguard.graph.graph import Graph

BASE = "base"


class Need(NamedTuple):
    """What to do with one database.

    ``run``: what it has run and must take back, in the order in which it ran; ``downgrade`` is how far, in a word for
    Alembic ("" if nothing is taken back). Otherwise ``stamp`` is what its version table has to hold afterwards, if that
    is something else than now.
    """

    run: tuple[str, ...] = ()
    downgrade: str = ""
    stamp: tuple[str, ...] = ()


def need(was: Graph, now: Graph, stamp: tuple[str, ...], twins: Mapping[str, str]) -> Need:
    """For a database with this stamp. ``twins``: merges that are dropped, each with the one that has done the same."""
    done = was.needed(*(each for each in stamp if each in was))
    known = frozenset(twins.get(each, each) for each in done).intersection(now.by_id)
    off = {each for each in known if not now.needed(each) <= known}
    if not off:
        rows = heads_of(now, known)
        return Need(stamp=rows if set(rows) != set(stamp) and done else ())
    firsts = [each for each in was.ordered() if each in off and not off & (was.ancestors(each) - {each})]
    return Need(tuple(each for each in was.ordered() if each in off), below(was, firsts))


def below(graph: Graph, ids: list[str]) -> str:
    """The revision to go down to, so that none of ``ids`` has run."""
    if any(not graph.parents(each) for each in ids):
        return BASE
    parents = tuple(dict.fromkeys(parent for each in ids for parent in graph.parents(each)))
    if len(ids) == 1 or len(parents) == 1:
        return parents[0]  # of a merge's parents, each takes back just the merge
    return next(iter(graph.fork_points(*parents)), BASE)


def heads_of(graph: Graph, ids: frozenset[str]) -> tuple[str, ...]:
    """Those of ``ids`` that no other one follows, as a version table holds them."""
    return tuple(each for each in sorted(ids) if not ids.intersection(graph.children(each)))
