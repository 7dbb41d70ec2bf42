"""``driftguard journal``: who changed the schema of a PostgreSQL database, as that database itself noted it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from driftguard import engine
from driftguard.catalog.postgresql.journal import INSTALL, IS_INSTALLED, REMOVE, read_entries
from driftguard.checks.words import shortened, when, who
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.progress import progress
from driftguard.config import load_settings
from driftguard.errors import DriftguardError
from driftguard.facts.direct import DirectDatabase, NotAllowed
from driftguard.report import Paint, painter
from driftguard.report.visible import visible
from driftguard.schema.catalog import Query
from driftguard.schema.journal import Entry, Origin, Touched

DONE = 0
TOUCHED_TOLD = 3
STATEMENT_TOLD = 300
COLOURS = {Origin.HAND: "bold yellow", Origin.UNKNOWN: "yellow"}
INSTALLED = "{}: the journal is {}: who changes the schema is noted from now on"
READERS = "superusers, the role that set it up and members of pg_read_all_data can read it"
LACKS = "to {} the journal takes a superuser, or the role that a cloud gives in its place; {}"
FOR_A_DBA = "give the statements above to somebody who is one: driftguard journal {} --sql | psql"
CANNOT_READ = "be a member of the role that set the journal up, or: GRANT pg_read_all_data TO ..."


def install(*, start: Path, live: str, environments: Sequence[str], sql: bool) -> int:
    """Set the journal up in each database, or print how."""
    if sql:
        print(script(INSTALL), end="")
        return DONE
    with _databases(start, live, environments) as databases:
        for each in databases:
            was = each.read(_is_installed)
            _write(each, INSTALL, "install")
            print(visible(INSTALLED.format(each.address, "renewed" if was else "set up")))
    print(READERS)
    return DONE


def remove(*, start: Path, live: str, environments: Sequence[str], sql: bool) -> int:
    """Take the journal away from each database, or print how."""
    if sql:
        print(script(REMOVE), end="")
        return DONE
    with _databases(start, live, environments) as databases:
        for each in databases:
            was = each.read(_is_installed)
            _write(each, REMOVE, "remove")
            print(visible(f"{each.address}: {'the journal is removed' if was else 'there is no journal'}"))
    return DONE


def show(
    *, start: Path, live: str, environments: Sequence[str], since: datetime | None, limit: int, output: str
) -> int:
    """Print the newest entries of each database's journal, down to ``since``."""
    oldest = since.replace(tzinfo=UTC).timestamp() if since else 0.0
    with _databases(start, live, environments) as databases:
        read = [(each, _entries(each, oldest, limit)) for each in databases]
    if output == "json":
        print(json.dumps({"version": 1, "databases": [_as_json(*each) for each in read]}, indent=2))
        return DONE
    paint = painter(sys.stdout, os.environ)
    for database, entries in read:
        print(visible(f"{database.address}: {'nothing was noted' if not entries else 'newest first'}"))
        print("".join(f"{line}\n" for entry in entries for line in told(entry, paint)), end="")
    return DONE


def script(statements: Iterable[str]) -> str:
    """The statements as one transaction, for psql."""
    return "".join(f"{each.strip()};\n" for each in ("BEGIN", *statements, "COMMIT"))


def told(entry: Entry, paint: Paint) -> Iterator[str]:
    """An entry in a few lines."""
    origin = paint(f"{entry.origin:<19}", COLOURS.get(entry.origin, ""))
    yield f"{when(entry):%Y-%m-%d %H:%M:%S} UTC  {origin}  {visible(who(entry))}"
    yield f"    {visible(shortened(entry.statement, STATEMENT_TOLD))}"
    for move in entry.moves:
        yield visible(f"    {move.table}: {move.was or 'nothing'} -> {move.now or 'nothing'}")
    if entry.touched:
        more = len(entry.touched) - TOUCHED_TOLD
        words = [*map(_changed, entry.touched[:TOUCHED_TOLD]), *((f"and {more} more",) if more > 0 else ())]
        yield visible(f"    {', '.join(words)}")


def _changed(touched: Touched) -> str:
    return f"{'dropped ' if touched.dropped else ''}{touched.kind.lower()} {touched.identity}".rstrip()


def _entries(database: DirectDatabase, oldest: float, limit: int) -> tuple[Entry, ...]:
    try:
        installed, entries = database.read(lambda query: (_is_installed(query), read_entries(query, limit)))
    except NotAllowed as error:
        raise DriftguardError(error.message, CANNOT_READ) from error
    if not installed:
        raise DriftguardError(f"{database.address} has no journal", "set it up: driftguard journal install")
    return tuple(each for each in entries if each.at >= oldest)


def _as_json(database: DirectDatabase, entries: Iterable[Entry]) -> dict[str, Any]:
    return {
        "environment": database.environment,
        "database": str(database.address),
        "entries": [_entry_as_json(each) for each in entries],
    }


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": when(entry).isoformat(),
        "origin": str(entry.origin),
        "commands": entry.tags,
        "statement": entry.statement,
        "user": entry.user,
        "role": entry.role,
        "application": entry.application,
        "address": entry.address,
        "process": entry.pid,
        "transaction": entry.transaction,
        "changed": [{"kind": each.kind, "object": each.identity, "dropped": each.dropped} for each in entry.touched],
        "stamps": [{"table": each.table, "was": each.was, "now": each.now} for each in entry.moves],
    }


def _is_installed(query: Query) -> bool:
    return bool(query(IS_INSTALLED))


def _write(database: DirectDatabase, statements: tuple[str, ...], verb: str) -> None:
    try:
        database.execute(statements)
    except NotAllowed as error:
        print(script(statements), end="", flush=True)
        raise DriftguardError(LACKS.format(verb, error.message), FOR_A_DBA.format(verb)) from error


@contextmanager
def _databases(start: Path, live: str, environments: Sequence[str]) -> Iterator[tuple[DirectDatabase, ...]]:
    root = root_of(start)
    settings = load_settings(open_tree(root, "working", ""))
    request = engine.Request(root=root, settings=settings, environments=tuple(environments), live=live)
    with progress(sys.stderr) as tell, engine.live_databases(request, tell) as databases:
        for each in databases:
            if each.dialect != "postgresql":
                raise DriftguardError(
                    f"{each.environment}: {each.address} is {each.dialect}, and the journal is for PostgreSQL",
                    "name the environment with -e, or a database with --live",
                )
        yield databases
