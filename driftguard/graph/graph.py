"""How revisions follow each other: what Alembic's own revision map answers, and also what it refuses to load."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.graph.revision import Revision, Unreadable

SHORTEST_ABBREVIATED = 4
MOST_ANSWERS = 8


class Missing(NamedTuple):
    """A revision that another one names in ``attribute`` (``down_revision`` or ``depends_on``) and that no file has."""

    id: str
    attribute: str
    revision: Revision


@dataclass(frozen=True)
class Graph:
    """All revisions of one environment, in the order in which Alembic loads them, and the files that say no id.

    Of two files with one id the last counts, as in Alembic. A parent that is not there is left out of every
    answer but ``missing()``. Methods answer with ids, sorted where nothing else is said; "ancestors" and "descendants"
    follow ``down_revision`` alone and include the revisions that were asked about.
    """

    revisions: tuple[Revision, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Revision]:
        return {revision.id: revision for revision in self.revisions}

    def __getitem__(self, id_: str) -> Revision:
        return self.by_id[id_]

    def __contains__(self, id_: object) -> bool:
        return id_ in self.by_id

    def get(self, id_: str) -> Revision | None:
        """The revision of exactly this id."""
        return self.by_id.get(id_)

    def find(self, name: str) -> Revision:
        """The revision that ``name`` means to Alembic: its id, a branch label, or the beginning of one of them.

        Only ids and labels of four characters and more may be abbreviated. Raises DriftguardError for none or many.
        """
        if (found := self._named.get(name)) is not None:
            return found
        names = sorted(each for each in self._named if len(each) >= SHORTEST_ABBREVIATED and each.startswith(name))
        match names:
            case [only] if name:
                return self._named[only]
            case [_, _, *_] if name:
                raise DriftguardError(f"{name!r} could be any of {', '.join(names[:3])}", "write more of it")
            case _:
                raise DriftguardError(f"no revision file has the id {name!r}", "see `driftguard graph`")

    @cached_property
    def _named(self) -> Mapping[str, Revision]:
        labels = {label: revision for revision in self.by_id.values() for label in revision.labels}
        return {**labels, **self.by_id}

    def parents(self, id_: str) -> tuple[str, ...]:
        """The revisions that its ``down_revision`` names, in its order."""
        return self._parents[id_]

    @cached_property
    def _parents(self) -> Mapping[str, tuple[str, ...]]:
        known = self.by_id
        return {id_: tuple(each for each in revision.down if each in known) for id_, revision in known.items()}

    def requirements(self, id_: str) -> tuple[str, ...]:
        """What has to run right before it: its parents, then what it depends on."""
        return self._requirements[id_]

    @cached_property
    def _requirements(self) -> Mapping[str, tuple[str, ...]]:
        return {id_: tuple(dict.fromkeys((*self._parents[id_], *self._dependencies(id_)))) for id_ in self.by_id}

    def _dependencies(self, id_: str) -> Iterator[str]:
        named = (self._named.get(name) for name in self.by_id[id_].depends_on)
        return (each.id for each in named if each)

    def children(self, id_: str) -> tuple[str, ...]:
        """The revisions whose ``down_revision`` names it."""
        return self._children.get(id_, ())

    def dependents(self, id_: str) -> tuple[str, ...]:
        """Its children, and the revisions that depend on it."""
        return self._dependents.get(id_, ())

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        return _turned_around(self.by_id, self.parents)

    @cached_property
    def _dependents(self) -> Mapping[str, tuple[str, ...]]:
        return _turned_around(self.by_id, self.requirements)

    def heads(self) -> tuple[str, ...]:
        """The revisions without children, as ``ScriptDirectory.get_heads()``; others may depend on them."""
        return self._heads

    @cached_property
    def _heads(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in sorted(self.by_id) if not self.children(id_))

    def bases(self) -> tuple[str, ...]:
        """The revisions whose ``down_revision`` is None."""
        return self._bases

    @cached_property
    def _bases(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in sorted(self.by_id) if not self.by_id[id_].down)

    def ancestors(self, *ids: str) -> frozenset[str]:
        """These revisions and all below them."""
        return self._reached("parents", ids)

    def descendants(self, *ids: str) -> frozenset[str]:
        """These revisions and all above them."""
        return self._reached("children", ids)

    def needed(self, *ids: str) -> frozenset[str]:
        """These revisions and all that must have run before: ancestors, dependencies, and theirs."""
        return self._reached("requirements", ids)

    def _reached(self, step: str, ids: tuple[str, ...]) -> frozenset[str]:
        """The last answers are kept: whoever looks at a long history asks for the same ones again and again."""
        asked, known = (step, frozenset(ids)), self._lately_reached
        if asked not in known:
            known[asked] = _reached(ids, getattr(self, step))
            for each in list(known)[:-MOST_ANSWERS]:
                del known[each]
        return known[asked]

    @cached_property
    def _lately_reached(self) -> dict[tuple[str, frozenset[str]], frozenset[str]]:
        return {}

    def fork_points(self, *ids: str) -> tuple[str, ...]:
        """The nearest revisions that are below all of ``ids``; none where they share no ancestor."""
        shared = self.shared_ancestors(*ids)
        return tuple(id_ for id_ in sorted(shared) if not shared.intersection(self.children(id_)))

    def shared_ancestors(self, *ids: str) -> frozenset[str]:
        """The revisions that are below, or among, each of ``ids``."""
        return frozenset.intersection(*(self.ancestors(id_) for id_ in ids)) if ids else frozenset()

    def ordered(self) -> tuple[str, ...]:
        """All ids, each behind what it requires; those of a cycle, and above it, are left out."""
        return self._order

    @cached_property
    def _order(self) -> tuple[str, ...]:
        open_ends = Counter({id_: len(self.requirements(id_)) for id_ in self.by_id})
        ready = deque(id_ for id_ in sorted(self.by_id) if not open_ends[id_])
        order: list[str] = []
        while ready:
            order.append(here := ready.popleft())
            for after in self.dependents(here):
                open_ends[after] -= 1
                if not open_ends[after]:
                    ready.append(after)
        return tuple(order)

    def labels(self, id_: str) -> frozenset[str]:
        """The branch labels that Alembic gives to it, its own and those of its branch."""
        return self._labels.get(id_, frozenset())

    @cached_property
    def _labels(self) -> Mapping[str, frozenset[str]]:
        found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        for revision in self.by_id.values():
            if revision.labels:
                for id_ in self._branch(revision.id):
                    found[id_] |= frozenset(revision.labels)
        return dict(found)

    def _branch(self, id_: str) -> Iterator[str]:
        """What a label at ``id_`` reaches: all above, and below as far as there is neither fork nor merge.

        Source: ``RevisionMap._add_branches``, where a fork or merge above keeps the label from going down.
        """
        above = self.descendants(id_)
        yield from above
        if any(self._is_fork(each) for each in above) or any(self._is_merge(each) for each in above):
            return
        below = self.parents(id_)
        seen = set(above)
        while below and below[0] not in seen and not self._is_fork(below[0]) and not self._is_merge(below[0]):
            seen.add(below[0])
            yield below[0]
            below = self.parents(below[0])

    def _is_fork(self, id_: str) -> bool:
        return len(self.dependents(id_)) > 1

    def _is_merge(self, id_: str) -> bool:
        return len(self.by_id[id_].down) > 1

    def duplicates(self) -> tuple[tuple[Revision, ...], ...]:
        """Revisions that share one id, in Alembic's order: the last of each group is the one that it takes."""
        groups: defaultdict[str, list[Revision]] = defaultdict(list)
        for revision in self.revisions:
            groups[revision.id].append(revision)
        return tuple(tuple(group) for _, group in sorted(groups.items()) if len(group) > 1)

    def missing(self) -> tuple[Missing, ...]:
        """What revisions name and no file has. A parent is named by its whole id, a dependency also by a label."""
        return self._missing

    @cached_property
    def _missing(self) -> tuple[Missing, ...]:
        return tuple(
            sorted(
                Missing(name, attribute, revision)
                for revision in self.by_id.values()
                for attribute, names, known in (
                    ("down_revision", revision.down, self.by_id),
                    ("depends_on", revision.depends_on, self._named),
                )
                for name in names
                if name not in known
            )
        )

    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Revisions that require themselves: each cycle once, from its smallest id, every one requiring the next."""
        if len(self.ordered()) == len(self.by_id):
            return ()
        return tuple(sorted(_cycle(group, self.requirements) for group in _knots(self.by_id, self.requirements)))


Step = Callable[[str], tuple[str, ...]]


def _turned_around(ids: Iterable[str], step: Step) -> dict[str, tuple[str, ...]]:
    turned: defaultdict[str, list[str]] = defaultdict(list)
    for id_ in sorted(ids):
        for other in dict.fromkeys(step(id_)):
            turned[other].append(id_)
    return {id_: tuple(others) for id_, others in turned.items()}


def _reached(starts: Iterable[str], step: Step) -> frozenset[str]:
    seen = set(starts)
    left = list(seen)
    while left:
        for each in step(left.pop()):
            if each not in seen:
                seen.add(each)
                left.append(each)
    return frozenset(seen)


def _knots(ids: Iterable[str], step: Step) -> Iterator[set[str]]:
    """Groups in which each id reaches each other one (Kosaraju's two passes, without recursion)."""
    backwards = _turned_around(ids, step)
    left = set(ids)
    for start in reversed(_finished(ids, step)):
        if start not in left:
            continue
        group = _reached([start], partial(_among, left, backwards))
        left -= group
        if len(group) > 1 or start in step(start):
            yield set(group)


def _among(ids: set[str], edges: Mapping[str, tuple[str, ...]], id_: str) -> tuple[str, ...]:
    return tuple(each for each in edges.get(id_, ()) if each in ids)


def _finished(ids: Iterable[str], step: Step) -> list[str]:
    """Ids in the order in which a search in depth leaves them."""
    seen: set[str] = set()
    order: list[str] = []
    for start in sorted(ids):
        if start in seen:
            continue
        seen.add(start)
        path = [(start, iter(step(start)))]
        while path:
            here, following = path[-1]
            new = next((each for each in following if each not in seen), None)
            if new is None:
                order.append(here)
                path.pop()
            else:
                seen.add(new)
                path.append((new, iter(step(new))))
    return order


def _cycle(group: set[str], step: Step) -> tuple[str, ...]:
    """The shortest way inside ``group`` from its smallest id back to it."""
    start = min(group)
    came_from = {following: start for following in step(start) if following in group}
    left = deque(came_from)
    while start not in came_from:
        here = left.popleft()
        for following in step(here):
            if following in group and following not in came_from:
                came_from[following] = here
                left.append(following)
    way = [came_from[start]]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))
