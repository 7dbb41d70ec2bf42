"""The records of what is kept: one file each, used least recently first to go."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from driftguard import process
from driftguard.shadow.kept import FOLDER
from driftguard.snapshots.snapshot import Snapshot, from_json, to_json

MOST_BYTES = 512 * 1024 * 1024
MOST_IN_FAMILY = 12
MOST_FAMILIES = 40
SUFFIX = ".json"
DRAFT = ".draft-"


class Remembered(NamedTuple):
    """A snapshot and when it was last used, in seconds since the epoch."""

    snapshot: Snapshot
    used: float


class Store:
    """Everything in it may vanish at any moment, as other processes use it as well: nothing here is an error."""

    def __init__(self, cache_folder: Path) -> None:
        self.folder = cache_folder / FOLDER

    def all(self) -> tuple[Remembered, ...]:
        """Last used first; what cannot be read is removed."""
        return tuple(sorted(self._read("*"), key=lambda each: (-each.used, each.snapshot.name)))

    def family(self, family: str) -> tuple[Snapshot, ...]:
        """Those of one family, last used first."""
        found = sorted(self._read(f"{family[:16]}-*"), key=lambda each: (-each.used, each.snapshot.name))
        return tuple(each.snapshot for each in found if each.snapshot.family == family)

    def has(self, snapshot: Snapshot) -> bool:
        """Whether the same replay is remembered already."""
        return self._path(snapshot).exists()

    def add(self, snapshot: Snapshot) -> bool:
        """Whether there was room for it."""
        draft = self.folder / f"{DRAFT}{process.mark()}-{secrets.token_hex(4)}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(to_json(snapshot))
            draft.replace(self._path(snapshot))
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return False
        return True

    def touch(self, snapshot: Snapshot) -> None:
        """It was used now."""
        with suppress(OSError):
            os.utime(self._path(snapshot))

    def drop(self, snapshot: Snapshot) -> None:
        """Forget it; its databases go with the next ``forget`` of their source."""
        with suppress(OSError):
            self._path(snapshot).unlink(missing_ok=True)

    def tidy(self) -> frozenset[str]:
        """Keep within the bounds; the names of the databases that are left."""
        for draft in self.folder.glob(f"{DRAFT}*-*"):
            if process.abandoned(draft.name.removeprefix(DRAFT).partition("-")[0]):
                with suppress(OSError):
                    draft.unlink()
        sizes, members = 0, dict[str, int]()
        left: set[str] = set()
        for snapshot, _ in self.all():
            sizes += snapshot.size
            members[snapshot.family] = members.get(snapshot.family, 0) + 1
            if sizes > MOST_BYTES or members[snapshot.family] > MOST_IN_FAMILY or len(members) > MOST_FAMILIES:
                self.drop(snapshot)
                sizes -= snapshot.size
            else:
                left.update(each.name for each in snapshot.databases)
        return frozenset(left)

    def _path(self, snapshot: Snapshot) -> Path:
        return self.folder / f"{snapshot.family[:16]}-{snapshot.name}{SUFFIX}"

    def _read(self, pattern: str) -> Iterator[Remembered]:
        for path in self.folder.glob(f"{pattern}{SUFFIX}"):
            try:
                snapshot, used = from_json(path.read_bytes()), path.stat().st_mtime
            except (OSError, ValueError, TypeError, KeyError):
                snapshot, used = None, 0.0
            if snapshot is not None:
                yield Remembered(snapshot, used)
            else:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
