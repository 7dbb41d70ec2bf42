"""Which differences of head and models autogenerate cannot see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from driftguard.schema.catalog import Catalog, Name, Object
from driftguard.schema.diff import Change, Difference, diff
from driftguard.schema.operations import Operation
from driftguard.schema.roles import is_about_roles
from driftguard.schema.select import of_kind, tables

_OF_TABLES = frozenset({"primary key", "foreign key", "unique", "check", "exclusion", "index"})
_CHANGES_COUNT = _OF_TABLES | {"column", "table", "enum", "domain", "sequence"}
# Autogenerate sees each column, table and foreign key: one that it does not name was left out by env.py on purpose.
_ONLY_IN_MODELS_COUNTS = frozenset({"primary key", "unique", "check", "exclusion", "index", "sequence"})
_ONLY_IN_HEAD_COUNTS = frozenset({"primary key", "unique", "check", "exclusion"})
_NEVER = frozenset({"comment", "position"})
_BOOLEAN_CHECK = re.compile(r"^\W*(\w+)\W+in\s*\(\s*0\s*,\s*1\s*\)\W*$", re.IGNORECASE)


def invisible(head: Catalog, models: Catalog, operations: Sequence[Operation]) -> tuple[Difference, ...]:
    """Differences that a model can express, that matter, and that no operation is about.

    What only the revisions have counts if the database refuses rows because of it (a unique, a check); a default
    or a plain index that only they have harms no model. Names alone do not count: a constraint without a name in
    the models equals the named one of a revision. What concerns a column that an operation is about waits until
    that is written. ``head`` and ``models`` are without what ``env.py`` leaves out.
    """
    shared = tables(head) & tables(models)
    nextval = _numbered_by_sequence(head) & _numbered_by_sequence(models)
    sequences = {_sequence_of(item) for item in models.objects if item.name in nextval}
    kept = []
    for each in _without_renames(diff(head, models)):
        if each.name.table and (each.name.schema, each.name.table) not in shared:
            continue
        if each.name.kind == "sequence" and each.name.name in sequences:
            continue
        if each.name in nextval:
            each = each._replace(changes=tuple(change for change in each.changes if change.attribute != "default"))
        each = _telling(each)
        if _counts(each, models) and not _is_awaited(each, operations):
            kept.append(each)
    return tuple(kept)


def _numbered_by_sequence(catalog: Catalog) -> set[Name]:
    """Columns numbered by a sequence: the sequence's name follows the table's, also when only that was renamed."""
    return {item.name for item in of_kind(catalog, "column") if _sequence_of(item)}


def _sequence_of(item: Object) -> str:
    found = re.match(r"nextval\('(?:[^'.]+\.)?\"?([^'\"]+)\"?'", item["default"] or "")
    return found[1] if found else ""


def _without_renames(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Pairs of removed and added that are one object under two names: left out if equal, one change if not."""
    rest = list(differences)
    for likeness in (_facts, _essence):
        for lost in [each for each in rest if each.now is None and each.name.kind in _OF_TABLES]:
            found = next((each for each in rest if _is_twin(lost, each, likeness)), None)
            if found and lost.was and found.now:
                rest.remove(lost)
                rest.remove(found)
                changes = _changes(lost.was, found.now)
                if changes:
                    rest.append(Difference(found.name, lost.was, found.now, changes))
    yield from sorted(rest, key=lambda each: each.name)


def _is_twin(lost: Difference, added: Difference, likeness: Callable[[Object], object]) -> bool:
    return bool(
        added.was is None
        and added.now
        and lost.was
        and added.name[:3] == lost.name[:3]
        and likeness(added.now) == likeness(lost.was)
    )


def _facts(item: Object) -> object:
    return item.facts


def _essence(item: Object) -> object:
    """What stays when another fact of an object changes: a key's columns, the column that a check begins with."""
    match item.name.kind:
        case "primary key":
            return "a table has one"
        case "check":
            return re.findall(r"\w+", item["expression"] or "")[:1] if item.anonymous else item.name
        case _:
            return item["columns"], item["references"]


def _changes(was: Object, now: Object) -> tuple[Change, ...]:
    """The attributes in which two objects differ, whatever their names."""
    before, after = dict(was.facts), dict(now.facts)
    return tuple(
        Change(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def _telling(difference: Difference) -> Difference:
    return difference._replace(changes=tuple(filter(_matters, difference.changes)))


def _matters(change: Change) -> bool:
    only_in_head = change.attribute == "default" and change.now is None
    is_known = change.attribute in _NEVER or is_about_roles(change.attribute)
    return not is_known and not only_in_head


def _counts(difference: Difference, models: Catalog) -> bool:
    kind = difference.name.kind
    if difference.was is None:
        return kind in _ONLY_IN_MODELS_COUNTS and not _owned(difference.now)
    if difference.now is None:
        refuses = kind in _ONLY_IN_HEAD_COUNTS or (kind == "index" and difference.was["unique"] == "yes")
        return refuses and not _is_boolean_check(difference.was, models)
    return kind in _CHANGES_COUNT and bool(difference.changes)


def _owned(item: Object | None) -> bool:
    """Whether a sequence came with a column (serial, identity), which then tells the difference."""
    return item is not None and any(key.startswith("owned") for key, _ in item.facts)


def _is_boolean_check(item: Object, models: Catalog) -> bool:
    """``CHECK (active IN (0, 1))``, which SQLAlchemy before 1.4 put on booleans: no model writes anything else."""
    found = _BOOLEAN_CHECK.match(item["expression"] or "") if item.name.kind == "check" else None
    column = Name("column", item.name.schema, item.name.table, found[1]) if found else None
    types = [each["type"] or "" for each in models.objects if each.name == column]
    return any(text.lower().startswith(("bool", "tinyint")) for text in types)


def _is_awaited(difference: Difference, operations: Sequence[Operation]) -> bool:
    return any(_concerns(operation, difference) for operation in operations)


def _concerns(operation: Operation, difference: Difference) -> bool:
    name = difference.name
    if (operation.schema, operation.table) != (name.schema, name.table or name.name):
        return False
    if operation.action in ("create_table", "drop_table"):
        return True
    if operation.action.endswith("_column"):
        return name.name == operation.name or operation.name.lower() in _words(difference)
    if operation.name:
        return name.name == operation.name
    if operation.fact("columns") and difference.name.kind in _OF_TABLES:
        sides = (item for item in (difference.was, difference.now) if item)
        return any(item["columns"] == operation.fact("columns") for item in sides)
    return name.kind == operation.fact("kind")


def _words(difference: Difference) -> set[str]:
    """All identifiers in the facts of both sides."""
    texts = [text for item in (difference.was, difference.now) if item for _, text in item.facts]
    return set(re.findall(r"\w+", " ".join(texts).lower()))
