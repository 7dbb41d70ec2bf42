"""What comes of undoing the new revisions on shadows, and of running them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from driftguard.checks.graph import GraphInput
from driftguard.checks.setup import Problem
from driftguard.checks.way_back import FailedStep, Leftover, WaysBack
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.guest import Step
from driftguard.facts.tool import tool
from driftguard.facts.unavailable import Unavailable, raise_for
from driftguard.findings import Place
from driftguard.graph import Graph, WayBack, way_back
from driftguard.probe.answers import Database, FailedRevision
from driftguard.schema.catalog import Catalog
from driftguard.schema.diff import Difference, diff

DECLINES = "NotImplementedError"
ONE_BY_ONE = 10
"""How many of the newest revisions are undone one by one; what an older one leaves may be hidden by those below it."""


def new_revisions(given: GraphInput) -> tuple[str, ...]:
    """Those that nobody else has, in their order, without what lies below one that others have."""
    graph = given.graph
    below = graph.needed(*(id_ for id_ in graph.by_id if not given.is_new(id_)))
    return tuple(id_ for id_ in graph.ordered() if id_ not in below)


def ways_back(facts: EnvironmentFacts, given: GraphInput, new: tuple[str, ...]) -> WaysBack:
    """For every database that env.py configures, after a replay of all revisions; raises Unavailable."""
    return _Trip(facts, given.graph, new).all_ways()


class _Trip:
    """The new revisions of one environment, on their way down and up again."""

    def __init__(self, facts: EnvironmentFacts, graph: Graph, new: tuple[str, ...]) -> None:
        self._facts = facts
        self._graph = graph
        self._new = new

    @cached_property
    def _said(self) -> dict[str, WayBack]:
        sources = self._facts.scene.tree.read_many(self._graph[id_].path for id_ in self._new)
        return {id_: way_back(sources.get(self._graph[id_].path, b"")) for id_ in self._new}

    def all_ways(self) -> WaysBack:
        """Down as far as it goes; where that leads back to where it began, up again."""
        declined = {id_ for id_ in self._new if self._said[id_].is_declined}
        failed: list[FailedStep] = []
        undone: list[Catalog] = []
        while route := self._without({*declined, *(each.revision for each in failed)}):
            left, stopped = self._run(route, down(route))
            if stopped is None:
                undone = left
                break
            name, failure = stopped
            if failure.revision not in route:
                raise Unavailable("DG901", Problem(failure.revision, f"it failed only this time: {failure.message}"))
            if failure.message.startswith(DECLINES):
                declined.add(failure.revision)
            else:
                failed.append(self._failed(name, failure, "downgrade"))
        leftovers: tuple[Leftover, ...] = ()
        if undone:
            leftovers = tuple(self._leftovers(route, undone))
            if not leftovers:
                failed += self._again(route)
        return WaysBack(tuple(failed), leftovers, tuple(self._graph[id_] for id_ in sorted(declined)))

    def _again(self, route: tuple[str, ...]) -> Iterator[FailedStep]:
        """The first that fails on the way up again."""
        for number in stops(len(route)):
            part = route[number:]
            _, stopped = self._run(part, (*down(part), *(("up", id_) for id_ in part)))
            if stopped is not None:
                yield self._failed(*stopped, "upgrade")
                return

    def _without(self, stops: Iterable[str]) -> tuple[str, ...]:
        """The revisions that can be undone while those stay, and all that they need."""
        kept = self._graph.needed(*stops)
        return tuple(id_ for id_ in self._new if id_ not in kept)

    def _leftovers(self, route: tuple[str, ...], undone: list[Catalog]) -> Iterator[Leftover]:
        """Each told of the first revision on the way down that leaves it."""
        told: set[tuple[int, Difference]] = set()
        for number in stops(len(route)):
            part = route[number:]
            left = undone if number == 0 else self._run(part, down(part))[0]
            for database, found in enumerate(self._differences(part, left)):
                fresh = tuple(each for each in found if (database, each) not in told)
                told |= {(database, each) for each in fresh}
                if fresh:
                    yield Leftover(route[number], self._place(route[number]), fresh, self._name(database))

    def _differences(self, route: tuple[str, ...], undone: list[Catalog]) -> list[tuple[Difference, ...]]:
        """For each database, between never having run these revisions and having undone them."""
        before, _ = self._run(route, None)
        return [diff(was, now) for was, now in zip(before, undone, strict=True)]

    def _run(
        self, route: tuple[str, ...], steps: tuple[Step, ...] | None
    ) -> tuple[list[Catalog], tuple[str, FailedRevision] | None]:
        """The databases' catalogs after these steps (None: without ``route`` at all), or what failed in which."""
        facts = self._facts
        begin = self._heads_without(route)
        loans = facts.loans(*begin) if begin else ()
        facts.renew()
        facts.scene.progress(f"{facts.environment.name}: undoing {route[-1]}")
        with facts.failures():
            if steps is None:
                run = facts.probe.run(begin, compare=False, purpose="before", loans=loans)
            else:
                run = facts.probe.run("heads", begin=begin, compare=False, purpose="way back", loans=loans, then=steps)
            failures = [(each.name, each.failure) for each in run.databases if each.failure is not None]
            if run.error is not None and not failures:
                raise_for(run.error, facts.environment.name, facts.scene.root)
            if failures:
                self._give_back(run.databases)
                facts.raise_for_shadow(failures[0][1])
                return [], failures[0]
            return [facts.databases[each.number].replayed(each) for each in run.databases], None

    def _give_back(self, databases: Iterable[Database]) -> None:
        for each in databases:
            self._facts.databases[each.number].give_back(each.shadow)

    def _heads_without(self, route: tuple[str, ...]) -> tuple[str, ...]:
        rest = self._graph.by_id.keys() - set(route)
        return tuple(sorted(id_ for id_ in rest if not rest.intersection(self._graph.dependents(id_))))

    def _failed(self, database: str, failure: FailedRevision, command: str) -> FailedStep:
        return FailedStep(
            failure.revision,
            failure.message,
            tuple(each for each in (failure.statement, *failure.details) if each),
            self._place(failure.revision),
            f"{tool(self._facts.environment)} {command} {'-1' if command == 'downgrade' else failure.revision}",
            again=command == "upgrade",
            database=database,
        )

    def _place(self, id_: str) -> Place:
        return Place(self._graph[id_].path, self._said[id_].line)

    def _name(self, number: int) -> str:
        return self._facts.databases[number].database.name


def stops(length: int) -> Iterator[int]:
    """The places on a route back to which it is undone: each of the last ones in turn, and its beginning."""
    first = max(length - ONE_BY_ONE, 0)
    yield from range(length - 1, first - 1, -1)
    if first:
        yield 0


def down(route: tuple[str, ...]) -> tuple[Step, ...]:
    """The last one first."""
    return tuple(("down", id_) for id_ in reversed(route))
