"""What is lost, or cannot be done, when a database with rows is brought back; and how to count the rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from driftguard.schema.catalog import Name, Object
from driftguard.schema.diff import Difference

WIDER = {
    "smallint": "integer bigint numeric",
    "integer": "bigint numeric",
    "bigint": "numeric",
    "real": "double precision",
}
"""A type and those that hold all of its values."""

_BACKTICKS = ("mysql", "mariadb")
_FILLING = _BACKTICKS  # their ADD COLUMN puts 0 or '' into rows where there is no default


class Loss(NamedTuple):
    """One sentence, and the statement that counts the rows concerned ("" where none does).

    ``stops``: with such rows the statement fails. Otherwise their values are gone afterwards.
    """

    sentence: str
    counting: str = ""
    stops: bool = False


def losses(differences: Iterable[Difference], renamed: frozenset[Name], dialect: str) -> Iterator[Loss]:
    """For differences whose ``was`` is to come back, ``now`` to go; ``renamed`` columns keep their values."""
    kept = [each for each in differences if each.name not in renamed]
    for each in kept:
        yield from _losses(each, dialect)
        yield from _perhaps_renamed(each, kept, dialect)


def _losses(difference: Difference, dialect: str) -> Iterator[Loss]:
    was, now, name = difference.was, difference.now, difference.name
    match name.kind:
        case "table" if was is None:
            rows = f"SELECT count(*) FROM {_table(name.schema, name.name, dialect)}"
            yield Loss(f"table {name} is dropped with its rows", rows)
        case "table" if now is None:
            yield Loss(f"table {name} comes back without the rows that it had")
        case "column" if was is None:
            yield Loss(f"column {name} is dropped with its values", _count(name, "IS NOT NULL", dialect))
        case "column" if now is None and was is not None and not was["generated"]:
            yield Loss(f"column {name} comes back without the values that it had")
            if was["nullable"] == "no" and not was["default"] and not was["identity"] and dialect not in _FILLING:
                table = _table(name.schema, name.table, dialect)
                sentence = f"column {name} may not be NULL and has no default, so the rows of {name.table} lack a value"
                yield Loss(sentence, f"SELECT count(*) FROM {table}", stops=True)
        case "column" if was is not None and now is not None:
            yield from _of_column(was, now, dialect)
        case "sequence" if was is None or now is None:
            yield Loss(f"sequence {name} {'is dropped' if was is None else 'begins anew'}")
        case "enum" if was is not None and now is not None:
            labels = [each for each in _labels(now) if each not in _labels(was)]
            if labels:
                yield Loss(f"rows with {', '.join(labels)} of the type {name} would make it fail")


def _perhaps_renamed(lost: Difference, differences: Sequence[Difference], dialect: str) -> Iterator[Loss]:
    """A column that went, and a single one like it that came."""
    if lost.name.kind != "column" or lost.was is None or lost.now is not None:
        return
    alike = [
        each.name
        for each in differences
        if each.now and each.was is None and each.name[:3] == lost.name[:3] and each.now.facts == lost.was.facts
    ]
    if len(alike) == 1:
        now, was = (_quoted(name, dialect) for name in (alike[0].name, lost.name.name))
        rename = f"ALTER TABLE {_table(lost.name.schema, lost.name.table, dialect)} RENAME COLUMN {now} TO {was}"
        yield Loss(f"{alike[0]} looks like {lost.name} renamed: if it is, its values stay with {rename}")


def _of_column(was: Object, now: Object, dialect: str) -> Iterator[Loss]:
    name = was.name
    before, after = now["type"] or "", was["type"] or ""
    if before != after and not _holds_all(before, after) and not was["generated"]:
        sentence = f"column {name} becomes {after} again, is {before}: values that do not fit are refused or cut"
        yield Loss(sentence, _count(name, "IS NOT NULL", dialect))
    if was["nullable"] == "no" and now["nullable"] != "no" and not was["generated"]:
        yield Loss(f"column {name} may not be NULL again", _count(name, "IS NULL", dialect), stops=True)


def _holds_all(narrow: str, wide: str) -> bool:
    """Whether every value of the first type is one of the second."""
    if wide in WIDER.get(narrow, "").split(" ") or wide in ("text", "longtext", "TEXT"):
        return True
    pattern = re.compile(r"(?P<kind>[a-zA-Z ]+)\((?P<length>\d+)\)")
    first, second = pattern.fullmatch(narrow), pattern.fullmatch(wide)
    return bool(first and second and first["kind"] == second["kind"] and int(first["length"]) <= int(second["length"]))


def _labels(enum: Object) -> list[str]:
    return re.findall(r"'(?:[^']|'')*'", enum["values"] or "")


def _count(column: Name, condition: str, dialect: str) -> str:
    table = _table(column.schema, column.table, dialect)
    return f"SELECT count(*) FROM {table} WHERE {_quoted(column.name, dialect)} {condition}"


def _table(schema: str, name: str, dialect: str) -> str:
    return ".".join(_quoted(part, dialect) for part in (schema, name) if part)


def _quoted(name: str, dialect: str) -> str:
    mark = "`" if dialect in _BACKTICKS else '"'
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"
