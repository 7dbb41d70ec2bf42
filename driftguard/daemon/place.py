"""Where a watcher of a work tree keeps its files, and the lock that says whether one runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from driftguard.cache import cache_folder
from driftguard.daemon.client import ADDRESS, SOCKET
from driftguard.errors import DriftguardError
from driftguard.git import find_repository
from driftguard.shadow.place import LONGEST_SOCKET, SHORT_PLACE, own_folder

LOCK, PID, LOG = "daemon.lock", "daemon.pid", "daemon.log"


class AlreadyRunning(DriftguardError):
    """Somebody watches this work tree already."""


class Place(NamedTuple):
    """The files of the watcher of one work tree."""

    root: Path
    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / LOCK

    @property
    def pid(self) -> Path:
        return self.folder / PID

    @property
    def log(self) -> Path:
        return self.folder / LOG


def place_of(root: Path, environ: Mapping[str, str] = os.environ) -> Place:
    """The git folder's own ``driftguard``, else a folder in the cache; made if it is not there, the user's alone.

    Raises DriftguardError if it cannot be made or belongs to somebody else.
    """
    repository = find_repository(root, environ)
    if repository is None:
        folder = cache_folder(environ) / f"watch-{_short_hash(root)}"
    else:
        root, folder = repository.work_tree, repository.git_path("driftguard")
    return Place(root, _ours(folder))


@contextmanager
def locked(place: Place) -> Iterator[int]:
    """Hold the lock, which the kernel drops with its process; the number of the folder's descriptor.

    By that descriptor the files can be taken away even when somebody has moved the folder. Raises AlreadyRunning.
    """
    folder = os.open(place.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600, dir_fd=folder)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(f"a watcher of {place.root} is running already") from None
            yield folder
        finally:
            os.close(lock)
    finally:
        os.close(folder)


def is_locked(place: Place) -> bool:
    """Whether a watcher runs. The lock of one that is gone is free, whatever else it left."""
    try:
        lock = os.open(place.lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def lasts(place: Place, folder: int) -> bool:
    """Whether ``folder``, a descriptor, is still what lies at the place, with the work tree around it."""
    try:
        return place.root.is_dir() and os.path.samestat(place.folder.stat(), os.fstat(folder))
    except OSError:
        return False


def socket_places(place: Place) -> Iterator[Path]:
    """Where the socket can be: in the folder, unless its path is too long or its file system has no sockets."""
    inside = place.folder / SOCKET
    if len(os.fsencode(inside)) <= LONGEST_SOCKET:
        yield inside
    short = own_folder(SHORT_PLACE / f"driftguard-{os.geteuid()}", 0o711)
    yield own_folder(short / _short_hash(place.folder), 0o700) / SOCKET


def clear(folder: int) -> None:
    """Take away what a watcher leaves, wherever its folder is by now; the lock stays, others may hold it."""
    with suppress(OSError):
        address = os.open(ADDRESS, os.O_RDONLY, dir_fd=folder)
        with open(address, "rb") as file:
            elsewhere = Path(os.fsdecode(file.read()))
        elsewhere.unlink(missing_ok=True)
        elsewhere.parent.rmdir()
    for name in (SOCKET, ADDRESS, PID):
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)


def _ours(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise DriftguardError(f"{folder} cannot be made: {error.strerror}", "watching needs to write there") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise DriftguardError(f"{folder} belongs to another user", "watch as that user, or in a clone of your own")
    return folder


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
