"""Fingerprints of live databases: texts that change when a schema or a stamp may have changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from driftguard.catalog import CATALOGS
from driftguard.facts.guest import Probe
from driftguard.memo import sqlite_live
from driftguard.probe.answers import Address, Database
from driftguard.probe.guest_process import GuestFailed
from driftguard.schema.catalog import Row, Scope

UNREACHABLE = "unreachable"
PLAIN_DRIVERS = ("aiosqlite", "pysqlite")
MEMORY = ":memory:"
GUEST_DIED = "died"
DIGEST_BYTES = 16


def fingerprint(
    probe: Probe, database: Database, live: int, address: Address, scope: Scope, *, exact: bool = False
) -> str:
    """What is compared with an earlier one; "unreachable: why" if the database cannot be read.

    ``live`` and ``address`` are the guest's number of the live database and where that is. Both kinds move with the
    stamp. The quick one costs little more than a connection, moves too often, and may be some seconds late; the exact
    one is worth asking when the quick one has moved, and once in a while. Nothing stays open in between: an idle
    session keeps others from dropping the database. Raises what a guest that is gone raises.
    """
    file = plain_file(database, address)
    if file is not None:
        found = sqlite_live.fingerprint(file, database.version_table)
        kind, _, reason = found.partition(": ")
        return f"{UNREACHABLE}: {reason}" if kind == sqlite_live.UNREADABLE else found
    if database.dialect == "sqlite" and address.database == MEMORY:
        return f"{UNREACHABLE}: it is in memory"
    try:
        rows = _rows(probe, database, f"@{live}", scope, exact)
    except GuestFailed as error:
        if error.kind == GUEST_DIED:
            raise
        return f"{UNREACHABLE}: {error.message}"
    return hashlib.blake2b(repr(rows).encode(), digest_size=DIGEST_BYTES).hexdigest()


def plain_file(database: Database, address: Address) -> str | None:
    """The SQLite file that this process can open as well as the guest; an encrypted one, or a creator's, it cannot."""
    plain = database.dialect == "sqlite" and database.driver in PLAIN_DRIVERS and Path(address.database).is_absolute()
    return address.database if plain else None


def _rows(probe: Probe, database: Database, url: str, scope: Scope, exact: bool) -> tuple[list[Row], Row | None]:
    """What the database says of its schema, and its stamp."""
    module = CATALOGS.get(database.dialect)
    session = probe.call("open", url=url, statements=module.GLANCE if module else ())

    def query(statement: str) -> list[Row]:
        rows: list[Row] = probe.call("query", session=session, statement=statement)
        return rows

    try:
        if module is not None:
            said = list(module.exact(query, scope) if exact else module.quick(query, scope))
        elif exact:
            said = [(repr(probe.read(session, database.dialect, scope)),)]
        else:  # an unknown server has no counters: the names of its tables must do
            said = [probe.call("tables", url=url)]
        return said, probe.stamp(session, database)
    finally:
        probe.call("close", session=session)
