"""How the world looks now: files, folders and variables, as a record keeps them."""

from __future__ import annotations

import os
from os import stat

from driftguard.memo.record import Signature, digest

MODULE_ENDINGS = (".py", ".pyc", ".so", ".pyd", ".pth", ".dist-info", ".egg-info", ".egg-link", ".zip")
NEVER_LISTED = "__pycache__"
FOLDER = b"folder"
UNREADABLE = b"unreadable"

# They differ from shell to shell and from hook to hook, and count only for a project that asks for them by name.
PASSING_VARIABLES = ("_", "OLDPWD", "PWD", "SHLVL", "TERM_SESSION_ID", "WINDOWID")
GIT_VARIABLES = "GIT_"


def signature(path: str) -> Signature | None:
    """None if there is nothing."""
    try:
        found = stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def contents(path: str) -> bytes:
    """The digest of a file, or words for what is none; empty if there is nothing."""
    try:
        with open(path, "rb") as file:
            return digest(file.read())
    except IsADirectoryError:
        return FOLDER
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return b""
    except OSError:
        return UNREADABLE


def listing(path: str, importable: bool) -> bytes:
    """The digest of the names in a folder, or of those that ``import`` could mean; empty if it cannot be listed."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if not importable or _is_importable(entry)]
    except (OSError, ValueError):
        return b""
    return digest("\0".join(sorted(name for name in names if name != NEVER_LISTED)).encode("utf-8", "surrogateescape"))


def _is_importable(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(MODULE_ENDINGS) or ("." not in entry.name and entry.is_dir())


def values(names: tuple[str, ...], everything: bool, environ: dict[str, str]) -> bytes:
    """The digest of the variables' values; with ``everything``, of all that do not pass with the shell or with git."""
    if everything:
        kept = [name for name in environ if name not in PASSING_VARIABLES and not name.startswith(GIT_VARIABLES)]
        names = (*names, *kept)
    texts = [f"{name}={_value(name, environ)}" if name in environ else name for name in sorted(set(names))]
    return digest("\0".join(texts).encode("utf-8", "surrogateescape"))


def _value(name: str, environ: dict[str, str]) -> str:
    """Git puts the folder of its own programs in front of the path of its hooks."""
    if name != "PATH":
        return environ[name]
    return os.pathsep.join(each for each in environ[name].split(os.pathsep) if not each.endswith("git-core"))
