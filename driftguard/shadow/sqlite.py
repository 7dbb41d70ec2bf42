"""Shadow databases on SQLite: files in a temporary folder, in memory where the system has a place for that."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from driftguard import process
from driftguard.errors import DriftguardError
from driftguard.shadow.kept import FOLDER, Files
from driftguard.shadow.request import Execute, Request, Script, Shadows
from driftguard.shadow.urls import drivername, local_url

IN_MEMORY = Path("/dev/shm")

# Containers often get 64 MB there, which a revision that moves data can fill.
ENOUGH_BYTES = 256 * 1024 * 1024

VERSION = "SELECT sqlite_version()"

CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"

KEPT = ".sqlite"
MOST_BYTES = 128 * 1024 * 1024

SIDE_FILES = ("", "-journal", "-shm", "-wal")


class SqliteShadows:
    """Files in one folder; those that are kept lie in another one, each behind the digest of its contents."""

    keeps = True
    scribe = None

    def __init__(self, folder: Path, request: Request, version: str, execute: Execute, kept: Path) -> None:
        self.version = self.place = version
        self._execute = execute
        self._kept = Files(kept, KEPT)
        self._folder = folder
        self._request = request
        self._numbers = itertools.count(1)

    def create(self) -> str:
        """The URL of a file that is not there yet, which to SQLite is an empty database."""
        file = self._folder / f"{next(self._numbers)}.sqlite"
        return local_url(self._request, database=str(file))

    def expect(self) -> None:
        """A file is made in no time."""

    def drop(self, url: str) -> None:
        """Remove the file and those that SQLite put beside it."""
        for suffix in SIDE_FILES:
            Path(f"{_file(url)}{suffix}").unlink(missing_ok=True)

    def keep(self, url: str, name: str, script: Script = ()) -> int:
        """Copied as it is, unless something of it may still stand beside it."""
        try:
            return self._copy(url, name)
        except (OSError, DriftguardError):
            return 0
        finally:
            self.drop(url)

    def lend(self, name: str) -> str | None:
        """A damaged one is as good as none."""
        content = self._kept.read(name)
        if content is None:
            return None
        url = self.create()
        try:
            Path(_file(url)).write_bytes(content)
        except OSError:
            return None
        return url

    def forget(self, known: Collection[str]) -> None:
        """With the drafts of processes that are gone."""
        self._kept.forget(known)

    def prepare(self) -> None:
        """A file is made in no time."""

    def make_role(self, name: str) -> bool:
        """SQLite knows none."""
        return False

    def _copy(self, url: str, name: str) -> int:
        if Path(f"{_file(url)}-wal").exists():
            self._execute(url, (CHECKPOINT,))
        if any(_holds(f"{_file(url)}{suffix}") for suffix in ("-journal", "-wal")):
            return 0
        if Path(_file(url)).stat().st_size > MOST_BYTES:
            return 0
        content = Path(_file(url)).read_bytes()
        self._kept.write(name, content)
        return len(content)


@contextmanager
def open_shadows(request: Request, execute: Execute, *, cache_folder: Path) -> Iterator[Shadows]:
    """In a folder that goes when the context ends; what killed processes left there goes now."""
    parent = temporary_place()
    prefix = f"driftguard-{_user()}-"
    process.remove_leftovers(parent, prefix)
    [[version]] = execute(f"{drivername(request)}://", (VERSION,))
    with tempfile.TemporaryDirectory(
        prefix=f"{prefix}{process.mark()}-", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        yield SqliteShadows(Path(folder), request, version or "", execute, cache_folder / FOLDER)


def _file(url: str) -> str:
    return url.partition(":///")[2]


def _holds(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except FileNotFoundError:
        return False


def temporary_place(in_memory: Path = IN_MEMORY) -> Path:
    """The folder kept in memory if it is there, open to us and large enough, else the usual one."""
    if os.access(in_memory, os.W_OK | os.X_OK) and shutil.disk_usage(in_memory).free >= ENOUGH_BYTES:
        return in_memory
    return Path(tempfile.gettempdir())


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
