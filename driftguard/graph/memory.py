"""What revision files said, kept from one run to the next for those that did not change meanwhile."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from driftguard import __version__
from driftguard.cache import key, load, store
from driftguard.git import Signature
from driftguard.graph.revision import Revision

FORMAT = 2
MAKER = (FORMAT, __version__, sys.version)
"""Who remembers: another driftguard may read files otherwise, and another Python write them otherwise."""

MOST_FILES = 64
CHECKSUM_BYTES = hashlib.sha256().digest_size

Key = tuple[str, str, Signature]
"""Location, path and signature of a file. A signature of no parts would fit everything, and is never kept."""


class Memory(NamedTuple):
    """One file in ``folder`` for what revision files of one project said; without a folder, nothing is remembered.

    What cannot be read, was made by somebody else or is damaged counts as nothing, and what cannot be written is left.
    """

    folder: Path | None = None
    name: str = ""

    def recall(self) -> dict[Key, Revision]:
        """What is remembered, by the files as they were then."""
        content = load(self.folder, self.name) if self.folder else None
        if not content or hashlib.sha256(content[CHECKSUM_BYTES:]).digest() != content[:CHECKSUM_BYTES]:
            return {}
        try:
            maker, entries = marshal.loads(content[CHECKSUM_BYTES:])
        except (ValueError, EOFError, TypeError):
            return {}
        return {seen: Revision._make(said) for seen, said in entries.items()} if maker == MAKER else {}

    def keep(self, was: Mapping[Key, Revision], now: Mapping[Key, Revision]) -> None:
        """Remember ``now``, and of what was remembered before at most as much again: other branches need it."""
        if self.folder is None or now.keys() <= was.keys():
            return
        others = [seen for seen in was if seen not in now][-len(now) :]
        entries = {seen: tuple(said) for seen, said in ({each: was[each] for each in others} | dict(now)).items()}
        content = marshal.dumps((MAKER, entries))
        with suppress(OSError):
            _forget_oldest(self.folder)
            store(self.folder, self.name, hashlib.sha256(content).digest() + content)


FORGETFUL = Memory()


def memory_of(cache_folder: Path, root: Path, locations: tuple[str, ...]) -> Memory:
    """What is remembered of the revision files in ``locations`` of the project at ``root``."""
    return Memory(cache_folder / "graphs", key(os.fsencode(root), *map(os.fsencode, locations)))


def _forget_oldest(folder: Path) -> None:
    """Projects come and go; the names of their files do not tell which are gone."""
    files = sorted(_files(folder), reverse=True)
    for _, path in files[MOST_FILES - 1 :]:
        path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[float, Path]]:
    for path in folder.glob("*/*"):
        with suppress(FileNotFoundError):
            yield path.stat().st_mtime, path
