"""The user's cache folder, and contents kept in it under the hash of what they were made from."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import time

from driftguard.errors import DriftguardError

CACHE_VARIABLE = "DRIFTGUARD_CACHE_DIR"
DRAFT, DRAFT_SECONDS = ".draft-", 60.0
HINT = f"name a folder that you can write to with the variable {CACHE_VARIABLE}"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """``DRIFTGUARD_CACHE_DIR``, else the platform's place for caches; absolute, made (0700) if it is not there.

    Where a user has no home to write to, as in many containers, a folder of the user's own among the temporary files.
    Raises DriftguardError for a folder that cannot be made.
    """
    chosen = environ.get(CACHE_VARIABLE)
    folder = Path(chosen).expanduser().absolute() if chosen else _usual_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if chosen or not hasattr(os, "getuid"):
            raise DriftguardError(f"the cache folder {folder} cannot be made: {error.strerror}", HINT) from error
        return _temporary_folder()
    return folder


def _usual_folder() -> Path:
    from platformdirs import user_cache_path  # tests and containers name a folder of their own

    return user_cache_path("driftguard")


def _temporary_folder() -> Path:
    """Everybody can make folders there, so it counts only if it is ours alone."""
    import tempfile  # it takes long, and most only read here

    folder = Path(tempfile.gettempdir(), f"driftguard-cache-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise DriftguardError(f"{folder} belongs to somebody else or is open to others", HINT)
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
    _drop_old_drafts(place.parent)
    draft = place.with_name(f"{DRAFT}{os.urandom(8).hex()}")
    try:
        draft.write_bytes(content)
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _drop_old_drafts(folder: Path) -> None:
    """What killed processes left: nobody takes that long to write one."""
    for draft in folder.glob(f"{DRAFT}*"):
        with suppress(FileNotFoundError):
            if draft.stat().st_mtime < time() - DRAFT_SECONDS:
                draft.unlink()
