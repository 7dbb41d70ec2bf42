"""How objects and their differences are said: always the object, the fact, and where each side has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import ndiff

from driftguard.schema.catalog import Object
from driftguard.schema.diff import Change, Difference
from driftguard.schema.journal import Entry
from driftguard.schema.renames import is_rename

_LABELS = {"unique": "unique constraint", "exclusion": "exclusion constraint"}
_TOLD_IN_ONE_LINE = 60


def called(item: Object) -> str:
    """What an object is called in a sentence: ``students.age``, ``index ix_email``, ``check of students (age > 0)``."""
    name = item.name
    owner = ".".join(part for part in (name.schema, name.table) if part)
    label = _LABELS.get(name.kind, name.kind)
    if name.kind == "column":
        return str(name)
    if name.kind == "primary key":
        return f"{label} of {owner}"
    if not name.table:
        return f"{label} {name}"
    if item.anonymous:
        facts = item["columns"] or item["expression"]
        return f"{label} of {owner}" + (f" ({facts})" if facts else "")
    return f"{label} {name.name}" + ("" if name.table in name.name else f" of {owner}")


def subject(item: Object) -> str:
    """An object's short title: its dotted name, or what it is called where the server made the name up."""
    return called(item) if item.anonymous or item.name.kind == "primary key" else str(item.name)


def directly(difference: Difference) -> str:
    """One sentence on what was done to the live database past the revisions."""
    match difference:
        case Difference(was=Object() as was, now=Object() as now) if is_rename(difference):
            return f"{called(was)} looks renamed: was {was.name.name}, is {now.name.name}"
        case Difference(was=Object() as was, now=None):
            return f"{called(was)} was dropped directly"
        case Difference(was=None, now=Object() as now):
            return f"{called(now)} was added directly"
        case Difference(was=Object() as was, changes=(change,)) if _is_short(change):
            attribute, before, after = _words(change)
            return f"{called(was)}: {attribute} is {after}, the revisions build {before}"
        case Difference(was=Object() as was, changes=changes):
            verb = "is" if len(changes) == 1 else "are"
            return f"{called(was)}: {listed(_attributes(changes))} {verb} not what the revisions build"
        case _:
            return f"{difference.name} is not what the revisions build"


def apart(difference: Difference, first: str, second: str) -> str:
    """One sentence on an object that is not the same in two schemas, which are called ``first`` and ``second``."""
    match difference:
        case Difference(was=Object() as was, now=None):
            return f"{called(was)} is in {first} and not in {second}"
        case Difference(was=None, now=Object() as now):
            return f"{called(now)} is in {second} and not in {first}"
        case Difference(was=Object() as was, changes=(change,)) if _is_short(change):
            attribute, before, after = _words(change)
            return f"{called(was)}: {attribute} is {before} in {first} and {after} in {second}"
        case Difference(was=Object() as was, changes=changes):
            return f"{called(was)} is not the same in {first} and {second}: {listed(_attributes(changes))}"
        case _:
            return f"{difference.name} is not the same in {first} and {second}"


def between(what: str, changes: Sequence[Change]) -> str:
    """One sentence on what the revisions (``was``) and the models (``now``) say of one object."""
    match changes:
        case [Change("type", str(was), str(now))]:
            return f"{what} is {was} in the revisions and {now} in the models"
        case [Change("nullable", was, _)]:
            some, other = ("revisions", "models") if was == "yes" else ("models", "revisions")
            return f"{what} may be NULL in the {some} and not in the {other}"
        case [change] if _is_short(change):
            attribute, before, after = _words(change)
            return f"{what}: {attribute} is {before} in the revisions and {after} in the models"
        case _:
            return f"{what} is not the same in revisions and models: {listed(_attributes(changes))}"


def change_lines(changes: Sequence[Change], was: str, now: str) -> Iterator[str]:
    """One line per attribute with both sides (called ``was`` and ``now``); for longer texts the lines that differ."""
    for change in changes:
        attribute, before, after = _words(change)
        if "\n" in before + after:
            yield f"{attribute}:"
            yield from (f"  {line}" for line in ndiff(before.splitlines(), after.splitlines()) if line[:1] in "+-")
        else:
            yield f"{attribute}: {was} {before}, {now} {after}"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def counted(number: int, noun: str) -> str:
    """``1 revision``, ``2 revisions``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def who(entry: Entry) -> str:
    """``ann``, ``ann as owner from 10.0.0.7 (psql)``."""
    role = f" as {entry.role}" if entry.role not in ("", entry.user) else ""
    address = f" from {entry.address}" if entry.address else ""
    return f"{entry.user}{role}{address}" + (f" ({entry.application})" if entry.application else "")


def when(entry: Entry) -> datetime:
    """The time of an entry, in UTC."""
    return datetime.fromtimestamp(entry.at, UTC)


def shortened(text: str, most: int) -> str:
    """On one line, and cut after ``most`` characters."""
    line = " ".join(text.split()).rstrip("; ")
    return line if len(line) <= most else f"{line[: most - 3].rstrip()}..."


def _attributes(changes: Sequence[Change]) -> list[str]:
    return [change.attribute for change in changes]


def _words(change: Change) -> tuple[str, str, str]:
    if change.attribute == "nullable":
        spelled = {"yes": "NULL", "no": "NOT NULL"}
        return "nullability", spelled.get(change.was or "", "none"), spelled.get(change.now or "", "none")
    return change.attribute, _text(change.was), _text(change.now)


def _text(value: str | None) -> str:
    return "none" if value is None else value or "''"


def _is_short(change: Change) -> bool:
    texts = (change.was or "", change.now or "")
    return all(len(text) <= _TOLD_IN_ONE_LINE and "\n" not in text for text in texts)
