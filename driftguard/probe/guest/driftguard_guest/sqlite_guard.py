"""SQLite files that are no shadow can only be read: every ``sqlite3.connect`` of the process goes through here."""

import functools
import os
import sqlite3
from urllib.parse import quote, unquote, urlsplit

WAL_MODE = b"\x02\x02"  # bytes 18 and 19 of the header, https://www.sqlite.org/fileformat.html#the_database_header
LOCK_TIMEOUT_SECONDS = 2.0

shadows = set()
"""Absolute paths of the files that may be written."""


def install():
    """Replace ``sqlite3.connect``; drivers built on the standard library's module look it up at each connect."""
    original = sqlite3.connect

    @functools.wraps(original)
    def connect(database, *arguments, **options):
        target, is_uri = os.fsdecode(database), bool(options.get("uri"))
        path = file_of(target, is_uri)
        if path is None or path in shadows:
            return original(database, *arguments, **options)
        options["uri"] = True
        if not arguments:
            options["timeout"] = min(options.get("timeout", LOCK_TIMEOUT_SECONDS), LOCK_TIMEOUT_SECONDS)
        return original(read_only_uri(path), *arguments, **options)

    sqlite3.connect = connect
    sqlite3.dbapi2.connect = connect


def file_of(database, is_uri):
    """The absolute path of the file that SQLite would open; None for a database in memory."""
    if is_uri and database.startswith("file:"):
        parts = urlsplit(database)
        if "mode=memory" in parts.query:
            return None
        database = unquote(parts.path)
    if database in ("", ":memory:"):
        return None
    return os.path.realpath(database)


def read_only_uri(path):
    """A read-only URI. A WAL file that nobody has open is read as immutable, or SQLite would create its helpers."""
    uri = "file:{}?mode=ro".format(quote(path))
    if os.path.exists(path + "-wal"):
        return uri
    try:
        with open(path, "rb") as file:
            header = file.read(20)
    except OSError:
        return uri
    return uri + "&immutable=1" if header[18:20] == WAL_MODE else uri
