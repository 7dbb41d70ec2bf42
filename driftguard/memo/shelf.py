"""The folder of remembered verdicts: the newest few of one work tree."""

from __future__ import annotations

import os
from _collections_abc import Iterator
from time import time

from driftguard.memo.record import Record, dump, load

MOST = 16
"""Records that are kept; switching between branches and half-staged states needs more than one."""

DRAFT_SECONDS = 60.0


class Shelf:
    """``folder`` is ``git rev-parse --git-path driftguard``; ``name`` is that of its shelf for ``most`` files."""

    def __init__(self, folder: str, name: str = "memo", most: int = MOST) -> None:
        self._folder = os.path.join(folder, name)
        self._most = most

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record with its file, the one that was used last first; what cannot be read is left out."""
        for _, name in sorted(self._ages(), reverse=True):
            path = os.path.join(self._folder, name)
            try:
                with open(path, "rb") as file:
                    record = load(file.read())
            except OSError:
                continue
            if record is not None:
                yield path, record

    def moment(self) -> int | None:
        """Now, in nanoseconds, as the file system has it; None where nothing can be written."""
        draft = self._draft("moment")
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            with open(draft, "xb") as file:
                now = os.fstat(file.fileno()).st_mtime_ns
            os.unlink(draft)
        except OSError:
            return None
        return now

    def _draft(self, name: str) -> str:
        return os.path.join(self._folder, f"{name}.{os.getpid()}.{os.urandom(4).hex()}")

    def mark_used(self, path: str) -> None:
        """The record stays a while longer."""
        try:
            os.utime(path)
        except OSError:
            return

    def put(self, record: Record) -> bool:
        """Keep a record, and drop what was not used for longest; whether it could be kept."""
        content = dump(record)
        return self.write(content[:16].hex(), content)

    def write(self, name: str, content: bytes) -> bool:
        """As ``put``, under a name, in the place of what had it before."""
        path, draft = os.path.join(self._folder, name), self._draft("draft")
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            try:
                with open(draft, "xb") as file:
                    file.write(content)
                os.replace(draft, path)
            except BaseException:
                os.unlink(draft)
                raise
        except OSError:
            return False
        self._drop_old()
        return True

    def clear(self) -> None:
        """Forget everything."""
        for name in self._names():
            self._drop(name)

    def _drop_old(self) -> None:
        """Also drafts that killed processes left; nobody takes so long to write one."""
        ages, then = sorted(self._ages()), (time() - DRAFT_SECONDS) * 1e9
        for number, (age, name) in enumerate(ages):
            if number < len(ages) - self._most or (age < then and name.startswith(("draft.", "moment."))):
                self._drop(name)

    def _ages(self) -> list[tuple[int, str]]:
        ages = []
        for name in self._names():
            try:
                ages.append((os.stat(os.path.join(self._folder, name)).st_mtime_ns, name))
            except OSError:
                continue
        return ages

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._folder)
        except OSError:
            return []

    def _drop(self, name: str) -> None:
        try:
            os.unlink(os.path.join(self._folder, name))
        except OSError:
            return
