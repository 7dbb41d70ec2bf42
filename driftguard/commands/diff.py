"""``driftguard diff``: what differs between two schemas, and the script that turns the first into the second."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from driftguard.checks.words import apart, change_lines, counted
from driftguard.commands.looked_at import looked_at
from driftguard.facts.bench import module_of
from driftguard.facts.sides import Side, run_by_one, side
from driftguard.facts.ways import Way, way
from driftguard.report.visible import visible, visible_lines
from driftguard.schema import diff as schema_diff
from driftguard.schema import plan
from driftguard.schema.diff import Difference

EQUAL, DIFFERENT = 0, 1


def diff(
    *,
    start: Path,
    first: str,
    second: str,
    sql: bool = False,
    environment: str = "",
    live: str = "",
    output: str = "text",
    privileges: bool = False,
) -> int:
    """Print the differences, or with ``sql`` a script; 0 if there are none, else 1."""
    with looked_at(start, environment, live, privileges=privileges) as looked:
        database = looked.database()
        named = (side(word, looked.environment, database, looked.neighbours) for word in (first, second))
        before, after = run_by_one(*named)
        dialect = database.database.dialect
        if sql:
            found = way(before, after, looked.environment, database)
        else:
            found = Way(schema_diff.diff(before.catalog, after.catalog), ())
        looked.hush()
    unread = tuple(dict.fromkeys((*before.catalog.unread, *after.catalog.unread)))
    if output == "json":
        print(json.dumps(_as_json(before, after, found, unread, sql=sql), indent=2, ensure_ascii=False))
    elif sql:
        _print_script("\n".join(_script(before, after, found, unread, dialect)))
    else:
        print(*map(visible, _told(before, after, found.differences, unread)), sep="\n")
    return DIFFERENT if found.differences else EQUAL


def _told(before: Side, after: Side, differences: tuple[Difference, ...], unread: tuple[str, ...]) -> Iterator[str]:
    yield _summary(before, after, differences)
    for each in differences:
        yield f"  {apart(each, before.called, after.called)}"
        if len(each.changes) > 1:
            yield from (f"    {line}" for line in change_lines(each.changes, before.called, after.called))
    yield from (f"cannot tell: {line}" for line in unread)
    yield from (f"note: {line}" for line in (*before.notes, *after.notes) if line not in unread)


def _summary(before: Side, after: Side, differences: tuple[Difference, ...]) -> str:
    if not differences:
        return f"{before.called} and {after.called} are equal"
    return f"{counted(len(differences), 'difference')} between {before.called} and {after.called}"


def _script(before: Side, after: Side, found: Way, unread: tuple[str, ...], dialect: str) -> Iterator[str]:
    yield f"-- {visible(_summary(before, after, found.differences))}"
    yield from (f"-- cannot tell: {visible(line)}" for line in unread)
    if not found.differences:
        return
    yield from (f"-- {line}" for line in proof(found, before.called))
    yield plan.script(found.statements, module_of(dialect).MANNER).rstrip("\n")


def proof(found: Way, called: str) -> Iterator[str]:
    """Whether the way leads there, in words."""
    if found.is_proven:
        yield visible(f"tried on a copy of {called}: nothing is left")
        return
    yield visible(found.untried or f"this was tried on a copy of {called}, and leaves:")
    for difference, reason in zip(found.left, found.reasons, strict=True):
        item = difference.was or difference.now
        yield visible(f"  {item.name.kind if item else ''} {difference.name}" + (f": {reason}" if reason else ""))


def _print_script(text: str) -> None:
    """As it is for a file, or another program; a terminal obeys nothing that stands in it."""
    print("\n".join(visible_lines(text)) if sys.stdout.isatty() else text)


def _as_json(before: Side, after: Side, found: Way, unread: tuple[str, ...], *, sql: bool) -> dict[str, object]:
    return {
        "version": 1,
        "a": before.called,
        "b": after.called,
        "equal": not found.differences,
        "cannot_tell": list(unread),
        "differences": [_difference(each, before, after) for each in found.differences],
        **({"statements": list(found.statements), "proven": found.is_proven} if sql else {}),
        **({"left": [str(each.name) for each in found.left]} if sql else {}),
    }


def _difference(difference: Difference, before: Side, after: Side) -> dict[str, object]:
    kind, schema, table, name = difference.name
    what = "added" if difference.was is None else "removed" if difference.now is None else "changed"
    return {
        "kind": kind,
        "schema": schema,
        "table": table,
        "name": name,
        "change": what,
        "message": apart(difference, before.called, after.called),
        "changes": [{"attribute": each.attribute, "a": each.was, "b": each.now} for each in difference.changes],
    }
