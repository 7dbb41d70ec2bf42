"""The files in which environments may be found: a tree without installed packages, caches and build results."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from driftguard.git import Tree

NEVER_SEARCHED = frozenset(
    {
        *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", ".eggs", ".direnv", ".hatch", "__pypackages__"),
        *("node_modules", "site-packages", "dist-packages", "__pycache__", "build", "dist"),
    }
)
VIRTUAL_ENVIRONMENT_MARK = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Inventory:
    """A tree's searchable ``files`` (sorted) and the ``folders`` above them, "." among them."""

    tree: Tree
    files: tuple[str, ...]
    paths: frozenset[str]
    folders: frozenset[str]

    def read(self, path: str) -> bytes | None:
        """A file's contents, None if it is not there; also of files that are not searched."""
        return self.tree.read(path)

    def has_file(self, path: str) -> bool:
        return path in self.paths or self.tree.read(path) is not None

    def has_module(self, folder: str, name: str) -> bool:
        """Whether ``import name`` finds a module or a package in ``folder``."""
        path = join(folder, name)
        return f"{path}.py" in self.paths or path in self.folders

    def is_package(self, folder: str) -> bool:
        return folder != "." and join(folder, "__init__.py") in self.paths


def take_inventory(tree: Tree, exclude: Iterable[str] = ()) -> Inventory:
    """List ``tree`` without what is never searched and without what the patterns ``exclude`` name."""
    listed = [path for path in tree.files(".", recursive=True) if not NEVER_SEARCHED & set(path.split("/"))]
    installed = {posixpath.dirname(path) for path in listed if posixpath.basename(path) == VIRTUAL_ENVIRONMENT_MARK}
    patterns = tuple(exclude)
    files = tuple(
        path
        for path in sorted(listed)
        if installed.isdisjoint(ancestors(path)) and not any(is_excluded(path, pattern) for pattern in patterns)
    )
    folders = frozenset(folder for path in files for folder in ancestors(posixpath.dirname(path)))
    return Inventory(tree, files, frozenset(files), folders | {"."})


def is_excluded(path: str, pattern: str) -> bool:
    """Whether ``pattern`` (``examples``, ``examples/*``, ``**/fixtures``) means the file or a folder of it."""
    stem = pattern.replace("\\", "/").removeprefix("./").rstrip("/")
    forms = (stem, stem.removeprefix("**/"))
    return any(fnmatchcase(each, form) for each in ancestors(path) if each != "." for form in forms)


def ancestors(path: str) -> tuple[str, ...]:
    """``path`` and every folder above it up to the root, nearest first: a/b → a/b, a, "."."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return (*("/".join(parts[:count]) for count in range(len(parts), 0, -1)), ".")


def join(folder: str, *parts: str) -> str:
    """A path below ``folder``, without "./" in front of it."""
    return posixpath.normpath(posixpath.join(folder, *parts))


def parent(path: str) -> str:
    """The folder that holds ``path``, "." at the root."""
    return posixpath.dirname(path) or "."
