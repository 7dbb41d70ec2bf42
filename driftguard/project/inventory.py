"""The files in which environments may be found: a tree without installed packages, caches and build results."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from driftguard.git import Tree
from driftguard.project.modules import Module, read_module

NEVER_SEARCHED = frozenset(
    {
        *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", ".eggs", ".direnv", ".hatch", "__pypackages__"),
        *("node_modules", "site-packages", "dist-packages", "__pycache__", "build", "dist"),
    }
)
VIRTUAL_ENVIRONMENT_MARK = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Inventory:
    """A tree's searchable ``files`` (sorted) and the ``folders`` above them, "." among them.

    What was read stays known: asking git for one file after another is slow, and the tree does not change meanwhile.
    """

    tree: Tree
    files: tuple[str, ...]
    paths: frozenset[str]
    folders: frozenset[str]
    _contents: dict[str, bytes | None] = field(default_factory=dict, repr=False, compare=False)
    _modules: dict[str, Module] = field(default_factory=dict, repr=False, compare=False)

    def read(self, path: str) -> bytes | None:
        """A file's contents, None if it is not there; also of files that are not searched."""
        if path not in self._contents:
            self._contents[path] = self.tree.read(path)
        return self._contents[path]

    def fetch(self, paths: Iterable[str]) -> None:
        """Read these files at once, because they will be asked for."""
        self._contents.update(self.tree.read_many([path for path in paths if path not in self._contents]))

    def module(self, path: str) -> Module:
        """The Python module in a file; an empty one if there is none or it cannot be parsed."""
        if path not in self._modules:
            self._modules[path] = read_module(self.read(path))
        return self._modules[path]

    def named(self, *names: str) -> tuple[str, ...]:
        """The files with one of these names, in any folder."""
        return tuple(path for path in self.files if path.endswith(names) and posixpath.basename(path) in names)

    def has_file(self, path: str) -> bool:
        return path in self.paths or self.read(path) is not None

    def has_module(self, folder: str, name: str) -> bool:
        """Whether ``import name`` finds a module or a package in ``folder``."""
        path = join(folder, name)
        return f"{path}.py" in self.paths or path in self.folders

    def is_package(self, folder: str) -> bool:
        return folder != "." and join(folder, "__init__.py") in self.paths


def take_inventory(tree: Tree, exclude: Iterable[str] = ()) -> Inventory:
    """List ``tree`` without what is never searched and without what the patterns ``exclude`` name."""
    # Folder by folder, because of the thousands of files most lie in a few.
    split = [(path, *path.rpartition("/")[::2]) for path in tree.files(".", recursive=True)]
    searched = {folder for folder in {folder for _, folder, _ in split} if not NEVER_SEARCHED & set(folder.split("/"))}
    installed = {folder for _, folder, name in split if name == VIRTUAL_ENVIRONMENT_MARK and folder in searched}
    searched = {folder for folder in searched if installed.isdisjoint(ancestors(folder))}
    kept = sorted(path for path, folder, name in split if folder in searched and name not in NEVER_SEARCHED)
    patterns = tuple(exclude)
    files = tuple(path for path in kept if not any(is_excluded(path, pattern) for pattern in patterns))
    folders = frozenset(above for folder in {path.rpartition("/")[0] for path in files} for above in ancestors(folder))
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
