"""Where databases are kept as files, and whether what was kept is still what it was."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from driftguard import process

FOLDER = "snapshots"
DRAFT = ".draft-"
DIGEST_BYTES = 32


class Files:
    """Contents in one folder under names that end in ``suffix``, each behind a digest that tells a damaged one."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix

    def write(self, name: str, content: bytes) -> None:
        """All of it or nothing; raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{DRAFT}{process.mark()}-{secrets.token_hex(4)}{self._suffix}"
        try:
            draft.write_bytes(sha256(content).digest() + content)
            draft.replace(self._path(name))
        except OSError:
            _remove(draft)
            raise

    def read(self, name: str) -> memoryview | None:
        """None for what is not there, or damaged."""
        try:
            held = memoryview(self._path(name).read_bytes())
        except OSError:
            return None
        content = held[DIGEST_BYTES:]
        return content if sha256(content).digest() == held[:DIGEST_BYTES] else None

    def forget(self, known: Collection[str]) -> None:
        """Remove those of other names, and the drafts of processes that are gone."""
        for path in self._folder.glob(f"*{self._suffix}"):
            if path.stem not in known and not path.name.startswith(DRAFT):
                _remove(path)
        for path in self._folder.glob(f"{DRAFT}*{self._suffix}"):
            if process.abandoned(path.stem.removeprefix(DRAFT).partition("-")[0]):
                _remove(path)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{self._suffix}"


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def boot() -> str:
    """Tells one run of the machine from another: a server without fsync may lose what it wrote when power fails."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    except OSError:
        return ""
