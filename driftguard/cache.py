"""The user's cache folder, and contents kept in it under the hash of what they were made from."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path

CACHE_VARIABLE = "DRIFTGUARD_CACHE_DIR"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """``DRIFTGUARD_CACHE_DIR``, else the platform's place for caches; absolute, made (0700) if it is not there."""
    chosen = environ.get(CACHE_VARIABLE)
    folder = Path(chosen).expanduser().absolute() if chosen else user_cache_path("driftguard")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def key(*parts: bytes) -> str:
    """One name for these contents in this order; ("ab", "c") and ("a", "bc") differ."""
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()


def load(folder: Path, name: str) -> bytes | None:
    """What was stored under the name, or None."""
    try:
        return (folder / name[:2] / name).read_bytes()
    except OSError:
        return None


def store(folder: Path, name: str, content: bytes) -> None:
    """Keep the content under the name; a reader meets all of it or nothing, whoever else writes at that moment."""
    place = folder / name[:2] / name
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".")
    try:
        with open(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
