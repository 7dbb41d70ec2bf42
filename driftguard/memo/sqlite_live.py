"""Whether an SQLite file may hold another schema or another stamp than before.

A git hook asks this before anything else is loaded, so nothing is imported that takes long.
"""

from __future__ import annotations

import os

from driftguard.memo.record import Signature, digest
from driftguard.memo.world import signature

MISSING = "missing"
UNREADABLE = "unreadable"
LOCK_TIMEOUT_SECONDS = 0.2

WAL_MODE = b"\x02\x02"  # bytes 18 and 19 of the header, https://www.sqlite.org/fileformat.html#the_database_header
PLAIN = frozenset(b"/-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""Bytes of a path that mean themselves in a URI."""

# Without the statistics and the place in the file, which ANALYZE and VACUUM change; PRAGMA schema_version counts those
# as well, and does not see what is written into sqlite_master.
SCHEMA = """
SELECT type, name, tbl_name, sql FROM sqlite_master WHERE lower(substr(name, 1, 11)) <> 'sqlite_stat'
ORDER BY type, name
"""

STAMP = "SELECT version_num FROM {table} ORDER BY version_num"


def stat_signature(path: str) -> tuple[Signature | None, ...]:
    """Of the file, of its write-ahead log and of its journal: as long as it stays, nobody wrote to the database."""
    path = os.path.realpath(path)  # SQLite follows links, and looks for the others where the file is
    return tuple(signature(f"{path}{ending}") for ending in ("", "-wal", "-journal"))


def fingerprint(path: str, version_table: str) -> str:
    """A digest of the schema and of what the version table holds; "missing"; "unreadable: why".

    The latter ends with the file's signature, so that it changes with every write. Writes nothing and makes no file.
    """
    if not os.path.exists(path):
        return MISSING
    # sqlite3 adds what nobody needs here, and takes half as long again to import.
    try:
        from _sqlite3 import Error, connect
    except ImportError:
        from sqlite3 import Error, connect

    try:
        connection = connect(
            read_only_uri(os.path.realpath(path)), uri=True, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None
        )
        try:
            connection.text_factory = bytes
            connection.execute("BEGIN")
            schema = connection.execute(SCHEMA).fetchall()
            stamp = None
            if version_table.lower().encode() in {name.lower() for _, name, _, _ in schema}:
                quoted = '"' + version_table.replace('"', '""') + '"'
                stamp = connection.execute(STAMP.format(table=quoted)).fetchall()
        finally:
            connection.close()
    except (Error, OSError, ValueError) as error:
        return f"{UNREADABLE}: {error} {stat_signature(path)}"
    return digest(repr((schema, stamp)).encode()).hex()


def read_only_uri(path: str) -> str:
    """A read-only URI. A WAL file that nobody has open is read as immutable, or SQLite would create its helpers."""
    uri = "file:" + "".join(chr(each) if each in PLAIN else f"%{each:02X}" for each in os.fsencode(path)) + "?mode=ro"
    if os.path.exists(f"{path}-wal"):
        return uri
    with open(path, "rb") as file:
        header = file.read(20)
    return f"{uri}&immutable=1" if header[18:20] == WAL_MODE else uri
