"""Drops and adds of one autogenerate result that look like one thing renamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from driftguard.schema.operations import Operation

_FAMILIES = (
    frozenset({"smallint", "integer", "int", "bigint", "mediumint", "serial", "bigserial"}),
    frozenset({"varchar", "character varying", "char", "character", "text", "nvarchar", "string"}),
    frozenset({"numeric", "decimal", "float", "real", "double precision", "double"}),
    frozenset({"timestamp", "datetime", "timestamp without time zone", "timestamp with time zone"}),
)
_ALIKE = 0.6
_HALF = 0.5


class Lookalike(NamedTuple):
    """What would be dropped and what would be added in its place."""

    dropped: Operation
    added: Operation


def similar_columns(operations: Sequence[Operation]) -> tuple[Lookalike, ...]:
    """Dropped and added columns of one table with a type of the same family or a similar name."""
    dropped = [each for each in operations if each.action == "drop_column"]
    added = [each for each in operations if each.action == "add_column"]
    return tuple(_best_pairs(dropped, added, _column_likeness))


def similar_tables(operations: Sequence[Operation]) -> tuple[Lookalike, ...]:
    """Dropped and created tables of which at least half of all their columns are the same."""
    dropped = [each for each in operations if each.action == "drop_table"]
    added = [each for each in operations if each.action == "create_table"]
    return tuple(_best_pairs(dropped, added, _table_likeness))


def _best_pairs(
    dropped: list[Operation], added: list[Operation], likeness: Callable[[Operation, Operation], float]
) -> Iterator[Lookalike]:
    """Each used once, the most alike first."""
    ranked = sorted(
        ((likeness(old, new), -i, -j) for i, old in enumerate(dropped) for j, new in enumerate(added)),
        reverse=True,
    )
    used_old: set[int] = set()
    used_new: set[int] = set()
    for score, i, j in ranked:
        if score > 0 and i not in used_old and j not in used_new:
            used_old.add(i)
            used_new.add(j)
            yield Lookalike(dropped[-i], added[-j])


def _column_likeness(old: Operation, new: Operation) -> float:
    if (old.schema, old.table) != (new.schema, new.table):
        return 0.0
    names = SequenceMatcher(None, old.name.lower(), new.name.lower()).ratio()
    same_type = _family(old.fact("type")) == _family(new.fact("type"))
    return names + same_type if same_type or names >= _ALIKE else 0.0


def _table_likeness(old: Operation, new: Operation) -> float:
    before, after = _columns(old), _columns(new)
    share = len(before & after) / max(1, len(before | after))
    return share if share >= _HALF else 0.0


def _columns(table: Operation) -> frozenset[str]:
    return frozenset(filter(None, table.fact("columns").lower().split(", ")))


def _family(text: str) -> frozenset[str]:
    name = re.sub(r"\s*\(.*?\)", "", text).strip().lower()
    return next((family for family in _FAMILIES if name in family), frozenset({name}))
