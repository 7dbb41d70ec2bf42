"""What a picture of a revision graph shows, whatever it is drawn with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from driftguard.graph import NOTHING_KNOWN, Graph, Known, Revision
from driftguard.report.lanes import Node
from driftguard.report.visible import visible

MANY = 60
"""Revisions from which on straight runs are drawn as one."""

SHORTEST_RUN, SHORTEST_NEW_RUN = 3, 12
"""What is new is what people look for: less of it is hidden."""

MOST_STANDING = 3
"""Databases that are named at the revision where they stand; more are counted."""

MOST_AWAY = 10
"""Revisions of the base branch that are named though they are not here."""

LONGEST_DOC = 90
"""Letters of a docstring's first line that a drawing has room for."""


class Kind(StrEnum):
    """Why a revision is marked."""

    HEAD = "head"
    LABEL = "label"
    MERGE = "merge"
    FORK = "fork"
    BASE = "base"
    DEPENDS = "depends"
    LIVE = "live"
    NEW = "new"
    WRONG = "wrong"


MEANINGS = {
    Kind.HEAD: "nothing stands on it",
    Kind.BASE: "it stands on nothing",
    Kind.LABEL: "a branch label",
    Kind.NEW: "not in {base}",
    Kind.LIVE: "where a database stands",
    Kind.WRONG: "Alembic cannot load it",
}


class Mark(NamedTuple):
    """One remark beside a revision."""

    kind: Kind
    text: str


class Box(NamedTuple):
    """What is drawn as one: a revision, a run of several (the newest first), or none, where a file is missing.

    ``parents`` and ``requires`` (``depends_on``) are ids of other boxes; a run has the id of its newest revision.
    """

    id: str
    parents: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    revisions: tuple[Revision, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def is_run(self) -> bool:
        return len(self.revisions) > 1

    @property
    def is_missing(self) -> bool:
        return not self.revisions

    @property
    def name(self) -> str:
        """The id; of a run, how many and which."""
        if not self.is_run:
            return visible(self.id)
        newest, oldest = self.revisions[0].id, self.revisions[-1].id
        return visible(f"… {len(self.revisions)} revisions, {oldest} to {newest}")

    @property
    def doc(self) -> str:
        """What the revision says of itself; of a run, nothing."""
        return visible(self.revisions[0].doc) if len(self.revisions) == 1 else ""


class Picture(NamedTuple):
    """One environment. ``notes`` are lines of what cannot be drawn; ``base`` is what is not new is in, if known."""

    name: str
    boxes: tuple[Box, ...] = ()
    notes: tuple[str, ...] = ()
    base: str = ""

    def legend(self) -> Iterator[Mark]:
        """What the marks in it mean, as far as they need it."""
        found = {mark.kind for box in self.boxes for mark in box.marks}
        return (Mark(kind, said.format(base=self.base)) for kind, said in MEANINGS.items() if kind in found)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Lines below a picture without a legend: the notes, and what is new in comparison with what."""
        return (*self.notes, *(f"new: {mark.text}" for mark in self.legend() if mark.kind is Kind.NEW))


def picture_of(name: str, graph: Graph, known: Known = NOTHING_KNOWN, *, every: bool = False) -> Picture:
    """The picture of one environment; in large ones straight runs are one box, unless ``every`` revision is wanted."""
    marks = _marks(graph, known)
    runs = () if every or len(graph.by_id) < MANY else tuple(_runs(graph, known, _unremarkable(graph, marks)))
    hidden = {revision.id for run in runs for revision in run}
    alone = ((revision,) for id_, revision in graph.by_id.items() if id_ not in hidden)
    missing = {each.id: Box(each.id, marks=(Mark(Kind.WRONG, "missing"),)) for each in graph.missing()}
    boxes = (_box(run, graph, marks[run[0].id], missing) for run in (*alone, *runs))
    return Picture(visible(name), (*boxes, *missing.values()), tuple(_notes(graph, known)), visible(known.base))


def clipped(text: str, most: int = LONGEST_DOC) -> str:
    """``text``, or its beginning."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def nodes(boxes: Sequence[Box]) -> list[Node]:
    """The boxes as what ``lanes`` lays out."""
    return [Node(box.id, (*box.parents, *box.requires), "") for box in boxes]


def _box(run: tuple[Revision, ...], graph: Graph, marks: tuple[Mark, ...], missing: Collection[str]) -> Box:
    newest, oldest = run[0], run[-1]
    needed = (*graph.requirements(oldest.id), *(each for each in oldest.depends_on if each in missing))
    return Box(newest.id, oldest.down, tuple(each for each in needed if each not in oldest.down), run, marks)


def _notes(graph: Graph, known: Known) -> Iterator[str]:
    for each in graph.unreadable:
        yield visible(f"? {each.path}:{each.line} {each.reason}")
    unseen = (each for each in sorted(known.in_base) if each not in graph)
    if away := [each for each in unseen if not any(file.may_define(each) for file in graph.unreadable)]:
        listed = ", ".join((*away[:MOST_AWAY], *(["…"] if len(away) > MOST_AWAY else [])))
        yield visible(f"? {known.base} has {len(away)} more: {listed}")
    yield from (visible(f"? {note}") for note in known.notes)


def _runs(graph: Graph, known: Known, plain: Collection[str]) -> Iterator[tuple[Revision, ...]]:
    """Straight runs of ``plain`` revisions, new ones apart from others, each from its newest down."""
    for id_ in plain:
        if graph.children(id_)[0] in plain:
            continue
        line = [id_]
        while (parent := graph.parents(line[-1])[0]) in plain:
            line.append(parent)
        for new, part in groupby(line, known.is_new):
            run = tuple(graph[each] for each in part)
            if len(run) >= (SHORTEST_NEW_RUN if new else SHORTEST_RUN):
                yield run


def _unremarkable(graph: Graph, marks: Mapping[str, tuple[Mark, ...]]) -> dict[str, None]:
    """Revisions that one stands on and that stand on one, with no mark but that they are new; in the graph's order."""
    return {
        id_: None
        for id_ in graph.by_id
        if len(graph.requirements(id_)) == len(graph.dependents(id_)) == len(graph.children(id_)) == 1
        and all(mark.kind is Kind.NEW for mark in marks[id_])
    }


def _marks(graph: Graph, known: Known) -> dict[str, tuple[Mark, ...]]:
    """What is said of each revision."""
    heads = frozenset(graph.heads())
    standing: defaultdict[str, list[str]] = defaultdict(list)
    for database, id_ in known.live:
        standing[id_].append(database)
    wrong: defaultdict[str, list[str]] = defaultdict(list)
    for missing in graph.missing():
        wrong[missing.revision.id].append(f"{missing.id} is missing")
    for cycle in graph.cycles():
        for id_ in cycle:
            wrong[id_].append("needs itself")
    for same in graph.duplicates():
        wrong[same[0].id].append(f"in {len(same)} files")
    return {
        id_: (
            *([Mark(Kind.NEW, "new")] if known.is_new(id_) else []),
            *_marks_of_databases(standing.get(id_, ())),
            *([Mark(Kind.HEAD, "head")] if id_ in heads else []),
            *_marks_of(revision, graph, wrong.get(id_, ())),
        )
        for id_, revision in graph.by_id.items()
    }


def _marks_of_databases(names: Sequence[str]) -> Iterator[Mark]:
    if len(names) > MOST_STANDING:
        yield Mark(Kind.LIVE, f"{len(names)} stand here")
    else:
        yield from (Mark(Kind.LIVE, visible(f"{name} stands here")) for name in names)


def _marks_of(revision: Revision, graph: Graph, wrong: Sequence[str]) -> Iterator[Mark]:
    children = len(graph.children(revision.id))
    for label in revision.labels:
        yield Mark(Kind.LABEL, visible(f"label {label}"))
    if len(revision.down) > 1:
        yield Mark(Kind.MERGE, "merge")
    if children > 1:
        yield Mark(Kind.FORK, f"fork into {children}")
    if not revision.down:
        yield Mark(Kind.BASE, "base")
    for other in revision.depends_on:
        yield Mark(Kind.DEPENDS, visible(f"depends on {other}"))
    for reason in wrong:
        yield Mark(Kind.WRONG, visible(reason))
