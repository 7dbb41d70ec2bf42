"""Revisions that are known without loading their files: those that have been replayed on the shadow that was lent."""

import ast
import os
import sys

from alembic.script import Script
from alembic.script.revision import Revision, RevisionMap
from alembic.util import load_python_file

from . import imports

DEFINED_BY = ("alembic", "sqlalchemy")
"""Packages whose modules do nothing but define, when they are imported."""


class KnownScript(Script):
    """As Alembic's, of a file that is loaded when somebody asks for its module."""

    def __init__(self, path, revision, down_revision, dependencies, branch_labels):
        self.path = path
        self._loaded = None
        Revision.__init__(self, revision, down_revision, dependencies=dependencies, branch_labels=branch_labels)

    @property
    def module(self):
        """What is loaded from the file."""
        if self._loaded is None:
            self._loaded = load_python_file(*os.path.split(self.path))
        return self._loaded


class AtHead:
    """In place of a ScriptDirectory, says without loading anything whether a database is at head."""

    def __init__(self, scripts, heads):
        self._scripts = scripts
        self._heads = heads

    def get_revisions(self, id_):
        """The ids, which is all that has to be compared."""
        return tuple(self._heads if id_ == "heads" else id_)

    def __getattr__(self, name):
        return getattr(self._scripts, name)


def know(scripts, known):
    """Let ``scripts`` not load the files in ``known``: (path, id, down, depends_on, labels) of each."""
    by_path = {path: others for path, *others in known}

    def load():
        seen = set()
        for folder in scripts._version_locations:
            for file in Script._list_py_dir(scripts, folder) if os.path.exists(folder) else ():
                path = _real(os.path.join(str(folder), str(file)))
                if path not in seen:
                    seen.add(path)
                    script = KnownScript(path, *by_path[path]) if path in by_path else _loaded(scripts, path)
                    if script is not None:
                        yield script

    scripts.revision_map = RevisionMap(load)


def _loaded(scripts, path):
    if hasattr(Script, "_from_path"):
        return Script._from_path(scripts, path)
    return Script._from_filename(scripts, *os.path.split(path))  # before Alembic 1.15


_folders = {}


def _real(path):
    """As ``os.path.realpath``, which looks at each folder of each path."""
    folder, name = os.path.split(path)
    if folder not in _folders:
        _folders[folder] = os.path.realpath(folder)
    real = os.path.join(_folders[folder], name)
    return os.path.realpath(real) if os.path.islink(real) else real


def load_nothing_new(names, root):
    """Whether to import these modules would neither run anything of the project nor a library that is not loaded."""
    found = imports.Imports(root)
    return all(_is_library(name, found) and _is_loaded(name) for name in names)


def _is_library(name, found):
    return name != imports.EVERYTHING and found.origin(name) == ""


def _is_loaded(name):
    first, (parent, _, last) = name.partition(".")[0], name.rpartition(".")
    if name in sys.modules or first in (*DEFINED_BY, *getattr(sys, "stdlib_module_names", ())):
        return True
    return last in getattr(sys.modules.get(parent), "__dict__", ())


def only_defines(text):
    """Whether to run a module does nothing but import, and give names to functions, classes and values."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    harmless = {
        (alias.asname or alias.name).partition(".")[0]
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).partition(".")[0] == "sqlalchemy"
    }
    return all(_defines(node, harmless) for node in tree.body)


def _defines(node, harmless):
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return not node.decorator_list and _are_values((node.args, *filter(None, [node.returns])), harmless)
    if isinstance(node, ast.ClassDef):
        plain = not node.decorator_list and not node.keywords and _are_values(node.bases, harmless)
        return plain and all(_defines(each, harmless) for each in node.body)
    if isinstance(node, ast.If):
        return _are_values([node.test], harmless) and all(_defines(each, harmless) for each in node.body + node.orelse)
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        values = [each for each in (node.value, getattr(node, "annotation", None)) if each is not None]
        return all(isinstance(each, (ast.Name, ast.Tuple)) for each in targets) and _are_values(values, harmless)
    return isinstance(node, ast.Expr) and _are_values([node.value], harmless)


def _are_values(nodes, harmless):
    """Whether nothing is called but SQLAlchemy's own, which is what ``harmless`` names."""
    return all(
        _is_called(node.func, harmless) if isinstance(node, ast.Call) else not isinstance(node, ast.Await)
        for parent in nodes
        for node in ast.walk(parent)
    )


def _is_called(function, harmless):
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and function.id in harmless
