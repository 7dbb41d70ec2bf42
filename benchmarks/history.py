"""A grown history: which tables there are at the end, and the revisions that lead exactly there. Pure."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

SEED = 20
NOUNS = ("order", "invoice", "parcel", "customer", "product", "supplier", "warehouse", "ticket", "payment", "address")
BEFORE = ("id", "name", "created_at")
COLUMNS = (("amount", "Integer()"), ("note", "Text()"), ("active", "Boolean()"), ("code", "String(length=20)"))
INDEXED = COLUMNS[0][0]
MOST_CHANGES = len(COLUMNS) + 1
CREATING = 0.8
"""The share of the history in which tables are still created."""

PARENTS = 20
"""How many tables back a foreign key can reach."""


class Table(NamedTuple):
    """``changes`` of the columns and the index come after the table was created, the others with it."""

    name: str
    parent: str
    changes: int

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Those that the table is created with."""
        return COLUMNS[: MOST_CHANGES - self.changes]

    @property
    def added(self) -> tuple[tuple[str, str], ...]:
        """Those that come later, in this order."""
        return COLUMNS[MOST_CHANGES - self.changes :]


class Step(NamedTuple):
    """``what``: create, add, index, and for what is gone at the end: begin, end."""

    what: str
    table: Table
    column: str = ""
    type: str = ""


class History(NamedTuple):
    """``revisions``: what each of them does; some do nothing."""

    tables: tuple[Table, ...]
    revisions: tuple[tuple[Step, ...], ...]


def history(revisions: int, tables: int) -> History:
    """The same for the same numbers.

    With more tables than revisions, each revision creates some of them. With more revisions, tables change after they
    were created; and what is left over adds columns that a later revision drops.
    """
    chance = random.Random(SEED)
    made = tuple(_tables(revisions, tables, chance))
    steps = _ordered(made, chance)
    if len(steps) >= revisions:
        bounds = [number * len(steps) // revisions for number in range(revisions + 1)]
        return History(made, tuple(tuple(steps[a:b]) for a, b in itertools.pairwise(bounds)))
    return History(made, tuple(_filled(steps, revisions, chance)))


def _tables(revisions: int, tables: int, chance: random.Random) -> Iterator[Table]:
    changes = min(max(revisions - tables, 0) // tables, MOST_CHANGES)
    names = [f"{NOUNS[number % len(NOUNS)]}_{number}" for number in range(tables)]
    for number, name in enumerate(names):
        parents = names[max(0, number - PARENTS) : number]
        yield Table(name, chance.choice(parents) if parents and number % 2 else "", changes)


def _ordered(tables: tuple[Table, ...], chance: random.Random) -> list[Step]:
    timed = []
    for number, table in enumerate(tables):
        created = CREATING * number / len(tables)
        changes = [Step("add", table, *column) for column in table.added]
        if table.changes:
            changes.append(Step("index", table, INDEXED))
        moments = sorted(chance.uniform(created, 1) for _ in changes)
        timed.append((created, number, Step("create", table)))
        timed += [(moment, number, step) for moment, step in zip(moments, changes, strict=True)]
    return [step for _, _, step in sorted(timed, key=lambda each: each[:2])]


def _filled(steps: list[Step], revisions: int, chance: random.Random) -> Iterator[tuple[Step, ...]]:
    """One step a revision, spread evenly, and between them columns that come and go."""
    places = {number * revisions // len(steps): step for number, step in enumerate(steps)}
    last = max(place for place in range(revisions) if place not in places)
    there: list[Table] = []
    begun: Step | None = None
    for place in range(revisions):
        step = places.get(place)
        if step is not None:
            there += [step.table] if step.what == "create" else []
            yield (step,)
        elif begun is not None:
            yield (begun._replace(what="end"),)
            begun = None
        elif place == last:
            yield ()
        else:
            begun = Step("begin", chance.choice(there), f"old_{place}", "Integer()")
            yield (begun,)
