"""Shadow databases on SQLite: files in a temporary folder, in memory where the system has a place for that."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftguard import process
from driftguard.shadow.request import Execute, Request, Shadows
from driftguard.shadow.urls import drivername, local_url

IN_MEMORY = Path("/dev/shm")

# Containers often get 64 MB there, which a revision that moves data can fill.
ENOUGH_BYTES = 256 * 1024 * 1024

VERSION = "SELECT sqlite_version()"

SIDE_FILES = ("", "-journal", "-shm", "-wal")


class SqliteShadows:
    """Files in one folder."""

    def __init__(self, folder: Path, request: Request, version: str) -> None:
        self.version = version
        self._folder = folder
        self._request = request
        self._numbers = itertools.count(1)

    def create(self) -> str:
        """The URL of a file that is not there yet, which to SQLite is an empty database."""
        file = self._folder / f"{next(self._numbers)}.sqlite"
        return local_url(self._request, database=str(file))

    def drop(self, url: str) -> None:
        """Remove the file and those that SQLite put beside it."""
        for suffix in SIDE_FILES:
            Path(f"{url.partition(':///')[2]}{suffix}").unlink(missing_ok=True)


@contextmanager
def open_shadows(request: Request, execute: Execute, *, cache_folder: Path) -> Iterator[Shadows]:
    """In a folder that goes when the context ends; what killed processes left there goes now."""
    parent = temporary_place()
    prefix = f"driftguard-{_user()}-"
    remove_leftovers(parent, prefix)
    [[version]] = execute(f"{drivername(request)}://", (VERSION,))
    with tempfile.TemporaryDirectory(
        prefix=f"{prefix}{process.mark()}-", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        yield SqliteShadows(Path(folder), request, version or "")


def temporary_place(in_memory: Path = IN_MEMORY) -> Path:
    """The folder kept in memory if it is there, open to us and large enough, else the usual one."""
    if os.access(in_memory, os.W_OK | os.X_OK) and shutil.disk_usage(in_memory).free >= ENOUGH_BYTES:
        return in_memory
    return Path(tempfile.gettempdir())


def remove_leftovers(parent: Path, prefix: str) -> None:
    """Remove our folders named ``prefix`` + mark + "-" + anything whose process is gone."""
    for folder in parent.glob(f"{prefix}*"):
        mark = folder.name.removeprefix(prefix).partition("-")[0]
        if process.abandoned(mark) and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
