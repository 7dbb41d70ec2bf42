"""Whether it matters which side of a fork, or of a merge, runs first: DG111 from the text, DG407 from shadows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple

from driftguard.checks.graph import GraphInput, colliding_heads
from driftguard.checks.replay import FailedUpgrade
from driftguard.checks.words import called, change_lines, listed
from driftguard.findings import Finding, Place, Side
from driftguard.graph import Graph, Revision
from driftguard.graph.operations import touched
from driftguard.graph.touches import EVERY_COLUMN, Access, Thing, Touch, Touches, Untold
from driftguard.schema.catalog import Catalog
from driftguard.schema.diff import Difference, diff

MOST_DETAILS = 8

EVERYTHING = frozenset(Access)
MOVES = frozenset({Access.CREATES, Access.DROPS, Access.RENAMES})
CLASHES: Mapping[Access, frozenset[Access]] = {
    Access.CREATES: EVERYTHING,
    Access.DROPS: EVERYTHING,
    Access.RENAMES: EVERYTHING,
    Access.ALTERS: MOVES | {Access.ALTERS, Access.WRITES},
    Access.WRITES: MOVES | {Access.ALTERS},
    Access.USES: MOVES,
}
"""For one object: what does not give the same before as after; two sides may both use it, or both write to it."""

WHY = (
    "a database that has one side already runs the other one behind it, a new one runs them in the order that Alembic "
    "works out"
)


class Meeting(NamedTuple):
    """Two sides that ``merge`` joins, or that nothing joins yet (""): their ends, and the ids that only each has."""

    merge: str
    ends: tuple[str, str]
    sides: tuple[tuple[str, ...], tuple[str, ...]]


class Step(NamedTuple):
    """One access, and the revision that makes it."""

    revision: Revision
    touch: Touch

    @property
    def place(self) -> Place:
        return Place(self.revision.path, self.touch.line)

    def __str__(self) -> str:
        return f"{self.place} {self.revision.id}: {self.touch.operation}"


class Conflict(NamedTuple):
    """Two accesses, one of either side, that do not give the same the other way round."""

    one: Step
    other: Step

    @property
    def thing(self) -> Thing:
        """What they meet in: where it is a table and something in it, the table; else what is said most plainly."""
        here, there = self.one.touch.thing, self.other.touch.thing
        for one, other in ((here, there), (there, here)):
            if one.holds(other):
                return one
        return min(here, there, key=lambda each: (each.name == EVERY_COLUMN, len(str(each))))

    @property
    def concerns_data(self) -> bool:
        """Whether rows are written, which no catalog shows."""
        return Access.WRITES in (self.one.touch.access, self.other.touch.access)


class Order(NamedTuple):
    """What came of one order on an empty shadow: a catalog, or the revision that failed."""

    first: str
    second: str
    catalog: Catalog | None
    failed: FailedUpgrade | None


class Trial(NamedTuple):
    """Both orders, for one database ("" for the only one)."""

    database: str
    orders: tuple[Order, Order]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Between what the two orders build; none where one of them failed."""
        one, other = self.orders
        return diff(one.catalog, other.catalog) if one.catalog and other.catalog else ()

    @property
    def is_same(self) -> bool:
        """Whether both orders went through and built the same."""
        return all(each.catalog for each in self.orders) and not self.differences


class Encounter(NamedTuple):
    """What two sides do to the same objects, and what came of trying both orders (no trial: it was not tried).

    ``untold``: operations of either side whose text does not say what they touch.
    """

    meeting: Meeting
    conflicts: tuple[Conflict, ...]
    untold: tuple[tuple[Revision, Untold], ...] = ()
    trials: tuple[Trial, ...] = ()

    @property
    def is_worth_trying(self) -> bool:
        return bool(self.conflicts or self.untold)


class OrderInput(NamedTuple):
    """The encounters of one environment, and the graph that they are in."""

    graph: Graph
    encounters: tuple[Encounter, ...] = ()


def branches_touch_same_object(given: OrderInput) -> Iterator[Finding]:
    """Both sides of a fork, or of a new merge, do something to one table, column, index or constraint.

    What counts is what either order could make different: both alter one column, one drops or renames what the other
    uses, both create the same table, one changes the type of a column that the other fills. Two sides that add
    different columns to one table, or only read and write its rows, are no finding. SQL is looked into as far as it
    can be parsed. Where both orders were replayed on shadow databases and built the same, nothing is said of them; for
    rows that are written, shadows show nothing, so that is told nevertheless.

    Of merges, only those are looked at that the base branch does not have, or that are the newest revision.

    Why it hurts: Ann's branch made `orders.status` NOT NULL, Bob's filled its gaps with 'open'. The merge revision
    joined them without a conflict. Every developer's database had Bob's side first; production had Ann's, and the
    deployment stopped at a NULL.

    How to fix: give the two an order. If one side has only ever run on your machine, downgrade it there, set
    `down_revision` of its first revision to the other side's head, and upgrade again:

        alembic downgrade 3f7a1b2c4d5e
        alembic upgrade head

    If both have run elsewhere, let the later one name the other one, so that every new database runs them in that
    order, and look at those that exist:

        depends_on = "9c2e5d1f0c3a"
    """
    for encounter in given.encounters:
        settled = bool(encounter.trials) and all(trial.is_same for trial in encounter.trials)
        by_thing: defaultdict[str, list[Conflict]] = defaultdict(list)
        for conflict in encounter.conflicts:
            if conflict.concerns_data or not settled:
                by_thing[str(conflict.thing)].append(conflict)
        for subject, conflicts in by_thing.items():
            yield _same_object(given.graph, encounter, subject, conflicts)


def order_matters(given: OrderInput) -> Iterator[Finding]:
    """The two sides of a fork, or of a new merge, build another database when they run the other way round.

    Both orders were replayed on empty shadow databases: up to the one side and then the other, and the reverse. The
    schemas that came of it differ, or one order fails. It is tried where both sides do something to the same object
    (DG111), or where their text does not say what they touch.

    Why it hurts: Ann's branch renamed `users.name` to `full_name`, Bob's added an index on `name`. On Bob's machine
    everything went through, because his index was there before the rename came. In the new region that started from
    nothing a month later, the upgrade stopped in the middle: column "name" does not exist.

    How to fix: give the two an order. If one side has only ever run on your machine, downgrade it there, set
    `down_revision` of its first revision to the other side's head, mend it for what it finds now, and upgrade again:

        alembic downgrade 3f7a1b2c4d5e
        alembic upgrade head

    If both have run elsewhere, write `depends_on` into the one that has to come later, and bring the databases that
    went the other way to the same state by a revision of their own:

        alembic revision -m "same state whichever side came first"
    """
    for encounter in given.encounters:
        for trial in encounter.trials:
            one, other = sorted(trial.orders, key=lambda each: each.failed is None)
            if one.failed is not None and other.failed is None:
                yield _fails_in_one_order(given.graph, encounter, one, trial.database)
            elif differences := trial.differences:
                yield _differs(given.graph, encounter, trial, differences)


def meetings(given: GraphInput) -> tuple[Meeting, ...]:
    """Each two sides that have to be judged: of colliding heads, and of merges that are new."""
    graph = given.graph
    merges = (id_ for id_ in sorted(graph.by_id) if len(graph.parents(id_)) > 1)
    joined = [(id_, graph.parents(id_)) for id_ in merges if given.is_new(id_)]
    return tuple(
        Meeting(merge, (one, other), (_only(graph, one, other), _only(graph, other, one)))
        for merge, ends in [*(("", heads) for heads in colliding_heads(given)), *joined]
        for one, other in combinations(ends, 2)
    )


def encounters(graph: Graph, met: Iterable[Meeting], sources: Mapping[str, bytes]) -> tuple[Encounter, ...]:
    """What the sides of each meeting do to one another, by the texts of their files (``sources``, by path)."""

    @cache
    def read(id_: str) -> Touches:
        return touched(sources.get(graph[id_].path, b""))

    @cache
    def read_closely(id_: str) -> Touches:
        from driftguard.graph.statements import looked_into  # it takes a third of a second

        return looked_into(read(id_))

    @cache
    def needed(id_: str) -> frozenset[str]:
        return graph.needed(id_)

    found = []
    for meeting in met:
        texts = [[read(id_) for id_ in side] for side in meeting.sides]
        reading = read_closely if _has_sql_to_read(*texts) else read
        one, other = ([(graph[id_], reading(id_)) for id_ in side] for side in meeting.sides)
        conflicts = tuple(
            each
            for each in _conflicts(_steps(one), _steps(other))
            if each.one.revision.id not in needed(each.other.revision.id)
            and each.other.revision.id not in needed(each.one.revision.id)
        )
        untold = [(revision, each) for revision, touches in (*one, *other) for each in touches.untold]
        both_act = all(any(_acts(touches) for _, touches in side) for side in (one, other))
        found.append(Encounter(meeting, conflicts, tuple(untold) if both_act else ()))
    return tuple(found)


def _only(graph: Graph, end: str, other: str) -> tuple[str, ...]:
    side = graph.ancestors(end) - graph.ancestors(other)
    return tuple(id_ for id_ in graph.ordered() if id_ in side)


def _acts(touches: Touches) -> bool:
    return bool(touches.touches or touches.statements or touches.untold)


def _steps(side: Iterable[tuple[Revision, Touches]]) -> list[Step]:
    return [Step(revision, touch) for revision, touches in side for touch in touches.touches]


def _has_sql_to_read(one: Sequence[Touches], other: Sequence[Touches]) -> bool:
    """Whether SQL of one side may be about what the other touches: that has SQL too, or its names are in the text."""
    return any(
        any(each.statements for each in there) or any(name in text for name in _names(there))
        for here, there in ((one, other), (other, one))
        for text in [statement.text.casefold() for each in here for statement in each.statements]
    )


def _names(side: Sequence[Touches]) -> set[str]:
    return {word for each in side for touch in each.touches for word in _words(touch.thing)}


def _conflicts(one: Iterable[Step], other: Iterable[Step]) -> Iterator[Conflict]:
    """The pairs that do not commute; only those are compared that have a word in common."""
    by_word: defaultdict[str, list[Step]] = defaultdict(list)
    for there in other:
        for word in _words(there.touch.thing):
            by_word[word].append(there)
    for here in one:
        candidates = dict.fromkeys(there for word in _words(here.touch.thing) for there in by_word[word])
        yield from (Conflict(here, there) for there in candidates if _clash(here.touch, there.touch))


def _words(thing: Thing) -> set[str]:
    return {word.casefold() for word in (thing.schema, thing.table, thing.name) if word}


def _clash(here: Touch, there: Touch) -> bool:
    if here.thing.is_same(there.thing):
        return there.access in CLASHES[here.access]
    return (here.thing.holds(there.thing) and here.access in MOVES) or (
        there.thing.holds(here.thing) and there.access in MOVES
    )


def _same_object(graph: Graph, encounter: Encounter, subject: str, conflicts: Sequence[Conflict]) -> Finding:
    first = conflicts[0]
    one, other = first.one, first.other
    steps = dict.fromkeys(step for conflict in conflicts for step in conflict)
    untold = [
        f"{Place(revision.path, each.line)} {revision.id}: {each.operation} (it does not say what it touches)"
        for revision, each in encounter.untold
    ]
    return Finding(
        code="DG111",
        side=Side.GRAPH,
        subject=subject.removeprefix("table "),
        message=f"{_does(one)}, {_does(other)}, and {_either(encounter.meeting)}",
        place=one.place,
        details=tuple([*map(str, steps), *untold][:MOST_DETAILS]),
        help=f"{WHY}; {_way_out(graph, encounter.meeting, encounter.meeting.ends[0])}",
        exactly=encounter.meeting.merge,
    )


def _does(step: Step) -> str:
    return f"{step.revision.id} {step.touch.access} {step.touch.thing}"


def _either(meeting: Meeting) -> str:
    return f"{meeting.merge} joins them in no order" if meeting.merge else "either may run first"


def _way_out(graph: Graph, meeting: Meeting, first: str) -> str:
    """How the other side is put behind that of ``first``."""
    side = meeting.sides[1 if first == meeting.ends[0] else 0]
    begin = graph[side[0]]
    place = Place(begin.path, begin.down_line)
    if meeting.merge:
        return f'write depends_on = "{first}" at {place}, and look at databases that ran {begin.id} before it'
    return (
        f'if {begin.id} has run nowhere else, write down_revision = "{first}" at {place}; '
        f'else write depends_on = "{first}" there, and look at databases that ran {begin.id} before it'
    )


def _fails_in_one_order(graph: Graph, encounter: Encounter, order: Order, database: str) -> Finding:
    failed = order.failed
    assert failed is not None
    return Finding(
        code="DG407",
        side=Side.GRAPH,
        subject=failed.revision,
        message=(
            f"revision {failed.revision} fails where the side of {order.first} runs before that of {order.second}, "
            f"and the other way round both go through: {failed.message}"
        ),
        place=failed.place,
        details=tuple(each for each in (failed.statement, *failed.details) if each),
        help=f"{WHY}; {_way_out(graph, encounter.meeting, order.second)}",
        database=database,
        exactly=encounter.meeting.merge,
    )


def _differs(graph: Graph, encounter: Encounter, trial: Trial, differences: Sequence[Difference]) -> Finding:
    order = trial.orders[0]
    first, second = order.first, order.second
    conflict = next(iter(encounter.conflicts), None)
    return Finding(
        code="DG407",
        side=Side.GRAPH,
        subject=", ".join(dict.fromkeys(str(each.name) for each in differences)),
        message=(
            f"{listed([_what(each) for each in differences[:3]])} {'is' if len(differences) == 1 else 'are'} not the "
            f"same when {first} runs before {second} as when {second} runs before {first}"
        ),
        place=conflict.one.place if conflict else Place(graph[first].path, graph[first].line),
        details=tuple(line for each in differences for line in _lines(each, first, second))[:MOST_DETAILS],
        help=f"{WHY}; {_way_out(graph, encounter.meeting, first)}",
        database=trial.database,
        exactly=encounter.meeting.merge,
    )


def _what(difference: Difference) -> str:
    item = difference.was or difference.now
    return called(item) if item else str(difference.name)


def _lines(difference: Difference, first: str, second: str) -> Iterator[str]:
    """What an object is like in either order."""
    was, now = f"{first} first:", f"{second} first:"
    if difference.was and difference.now:
        yield from (f"{_what(difference)}: {line}" for line in change_lines(difference.changes, was, now))
    else:
        yield f"{_what(difference)}: only with {first if difference.was else second} first"
