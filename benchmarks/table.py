"""What was measured, as ratios in a Markdown table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

COLUMNS = ("measured", "beside", "revisions", "tables", "database", "ratio", "to be reached", "", "medians, ms")


class Target(NamedTuple):
    """``faster``: so many times faster, at least; otherwise at most so many times as long."""

    faster: bool
    bound: float

    @property
    def text(self) -> str:
        return f"≥ {self.bound:g}× faster" if self.faster else f"≤ {self.bound:g} ×"


class Row(NamedTuple):
    """Seconds of each sample, ours and theirs; ``missing`` says why there are none."""

    name: str
    beside: str
    revisions: str
    tables: str
    database: str
    ours: tuple[float, ...] = ()
    theirs: tuple[float, ...] = ()
    faster: bool = True
    bound: float | None = None
    missing: str = ""

    @property
    def ratio(self) -> float | None:
        """Of the medians: how many times faster, or how many times as long."""
        if not self.ours or not self.theirs:
            return None
        ours, theirs = median(self.ours), median(self.theirs)
        return theirs / ours if self.faster else ours / theirs

    @property
    def reached(self) -> str:
        """In words; "" without a bound or a figure."""
        if self.ratio is None or self.bound is None:
            return ""
        return (
            "reached" if (self.ratio >= self.bound if self.faster else self.ratio <= self.bound) else "**not reached**"
        )


class Fact(NamedTuple):
    """A figure that stands beside nothing: ``value`` in ``unit``."""

    name: str
    revisions: str
    tables: str
    database: str
    value: float | None
    unit: str
    below: float | None = None
    missing: str = ""

    @property
    def reached(self) -> str:
        if self.value is None or self.below is None:
            return ""
        return "reached" if self.value < self.below else "**not reached**"


def markdown(rows: Iterable[Row], facts: Iterable[Fact]) -> str:
    """Two tables."""
    measured = list(rows)
    names = list(dict.fromkeys(row.name for row in measured))
    ordered = [row for name in names for row in measured if row.name == name]
    told = list(facts)
    parts = [_table(COLUMNS, [_row(row) for row in ordered])]
    if told:
        titles = ("of the daemon, idle", "revisions", "tables", "database", "figure", "to be reached", "")
        parts.append(_table(titles, [_fact(fact) for fact in told]))
    return "\n".join(parts)


def _row(row: Row) -> tuple[str, ...]:
    ratio = row.missing and f"not available ({row.missing})"
    medians = ""
    if row.ratio is not None:
        ratio = f"{_figure(row.ratio)}× faster" if row.faster else f"{_figure(row.ratio)} ×"
        medians = f"{_milliseconds(row.ours)} / {_milliseconds(row.theirs)}"
    wanted = "" if row.bound is None else Target(row.faster, row.bound).text
    return (row.name, row.beside, row.revisions, row.tables, row.database, ratio, wanted, row.reached, medians)


def _fact(fact: Fact) -> tuple[str, ...]:
    value = f"not available ({fact.missing})" if fact.value is None else f"{_figure(fact.value)} {fact.unit}"
    wanted = "" if fact.below is None else f"< {fact.below:g} {fact.unit}"
    return (fact.name, fact.revisions, fact.tables, fact.database, value, wanted, fact.reached)


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 3 else f"{value:.2f}"


def _milliseconds(seconds: Sequence[float]) -> str:
    value = 1000 * median(seconds)
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
