"""SQLite files that are no shadow can only be read: every ``sqlite3.connect`` of the process goes through here."""

import contextlib
import functools
import os
import sqlite3
import sys
import threading
from urllib.parse import quote, unquote, urlsplit

from . import recording

WAL_MODE = b"\x02\x02"  # bytes 18 and 19 of the header, https://www.sqlite.org/fileformat.html#the_database_header
LOCK_TIMEOUT_SECONDS = 2.0
ATTACH = 24  # SQLITE_ATTACH, https://www.sqlite.org/c3ref/c_alter_table.html

shadows = set()
"""Absolute paths of the files that may be written."""

attached = []
"""Those of them that were attached to another one."""

_inside = threading.local()


def install():
    """Replace ``sqlite3.connect``; drivers built on the standard library's module look it up at each connect."""
    original = sqlite3.connect

    @functools.wraps(original)
    def connect(database, *arguments, **options):
        target, is_uri = os.fsdecode(database), bool(options.get("uri"))
        path = file_of(target, is_uri)
        if path is not None and path not in shadows:
            database, options["uri"] = read_only_uri(path), True
            if not arguments:
                options["timeout"] = min(options.get("timeout", LOCK_TIMEOUT_SECONDS), LOCK_TIMEOUT_SECONDS)
        _inside.connect = True
        try:
            return _guarded(original(database, *arguments, **options))
        finally:
            _inside.connect = False

    sqlite3.connect = connect
    sqlite3.dbapi2.connect = connect
    sys.addaudithook(_refuse_detours)


@contextlib.contextmanager
def writable(path):
    """A file ("" for none) is opened for writing meanwhile, if it is there."""
    if not path or path in shadows or not os.path.exists(path):
        yield
        return
    shadows.add(path)
    try:
        yield
    finally:
        shadows.discard(path)


def _refuse_detours(event, arguments):
    """``sqlite3.Connection`` opens files as well, without asking ``sqlite3.connect``."""
    detour = event == "sqlite3.connect" and not getattr(_inside, "connect", False)
    if detour and not _may_be_attached(os.fsdecode(arguments[0])):
        raise PermissionError("sqlite3.Connection opens a database past driftguard: use sqlite3.connect")


def _guarded(connection):
    """Lets it attach nothing but shadows: ATTACH and VACUUM INTO open files for writing, even in read-only sessions."""

    def authorize(action, first, second, database, trigger):
        if action != ATTACH:
            return sqlite3.SQLITE_OK
        if first is None or not _may_be_attached(first):
            return sqlite3.SQLITE_DENY
        attached.append(first)
        return sqlite3.SQLITE_OK

    connection.set_authorizer(authorize)
    return connection


def _may_be_attached(name):
    path = file_of(name, True)
    return path is None or path in shadows


@recording.quiet()
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


@recording.quiet()
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
