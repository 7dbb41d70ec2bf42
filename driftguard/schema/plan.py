"""What turns one schema into another: steps, in the order in which they most likely go through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from driftguard.schema.diff import Difference

_NEEDED_FIRST = (
    *("schema", "extension", "enum", "domain", "type", "sequence", "function", "procedure", "aggregate"),
    *("table", "column", "primary key", "unique", "check", "exclusion", "index", "foreign key", "statistics"),
    *("view", "materialized view", "policy", "rule", "trigger", "event trigger", "event"),
)
"""Kinds of objects, each behind those that it may be made of."""


class Step(NamedTuple):
    """Some differences and the statements that undo them; () where none can be offered.

    ``renames``: the differences are one column under two names, which keeps its values.
    """

    differences: tuple[Difference, ...]
    statements: tuple[str, ...]
    renames: bool = False


class Manner(NamedTuple):
    """How a kind of server is written to.

    ``before`` runs before the transaction begins and ``inside`` at its beginning; both also stand, as far as others
    need them, in the ``head`` of a script, whose end is ``tail``. ``transactional``: a transaction can undo them all.
    A statement of a script that holds a semicolon itself ends with ``delimiter``, if there is one. ``unsound`` counts
    rows that refer to none, where foreign keys are not enforced meanwhile. ``uses_names``: statements call constraints
    by their names, also by those that the server made up.
    """

    before: tuple[str, ...]
    inside: tuple[str, ...]
    transactional: bool
    head: tuple[str, ...]
    tail: tuple[str, ...]
    delimiter: str = ""
    unsound: str = ""
    uses_names: bool = True


def in_working_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """What goes first, dependents before what they need; then what changes and comes, the other way round."""
    return tuple(sorted(steps, key=_place))


def script(statements: Iterable[str], manner: Manner) -> str:
    """The statements as one text that the server's own client runs."""
    body = [_ended(each, manner.delimiter) for each in statements]
    return "".join(f"{line}\n" for line in (*manner.head, *body, *manner.tail))


def _ended(statement: str, delimiter: str) -> str:
    bare = statement.rstrip().removesuffix(";")
    if delimiter and ";" in bare:
        return f"DELIMITER {delimiter}\n{bare}\n{delimiter}\nDELIMITER ;"
    return f"{bare};"


def _place(step: Step) -> tuple[int, int]:
    first = step.differences[0]
    rank = _NEEDED_FIRST.index(first.name.kind) if first.name.kind in _NEEDED_FIRST else len(_NEEDED_FIRST)
    return (0, -rank) if all(each.was is None for each in step.differences) else (1, rank)
