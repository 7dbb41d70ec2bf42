"""The project's files as they are being committed: staged bytes in place of what lies in the folder."""

import base64
import builtins
import io
import os
import pathlib
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import cache_from_source, spec_from_file_location

STANDARD_LIBRARY = os.path.dirname(os.__file__)
RACY_SECONDS = 2
"""Bytecode made this soon after its source changed may be of the source before: it remembers whole seconds only."""


def install(replaced, absent):
    """Serve ``replaced`` (absolute path to base64 bytes), and hide ``absent`` (absolute paths), from imports.

    What only reads a file with ``open`` is served as well; no module comes from bytecode that may be stale.
    """
    contents = {os.path.realpath(path): base64.b64decode(text) for path, text in replaced.items()}
    hidden = {os.path.realpath(path) for path in absent}
    _wrap_loader(contents, hidden)
    if contents:
        _wrap_open(contents)
    deleted = {path for path in contents if not os.path.exists(path)}
    if deleted:
        folders = set().union(*map(_missing_folders, deleted))
        sys.meta_path.insert(0, DeletedFinder(deleted, folders))
        _wrap_looking(deleted, folders)
    if contents or hidden:
        _wrap_revision_listing(contents, hidden)


class DeletedFinder:
    """Finds modules whose ``files`` are staged, but gone from the folder, maybe with their ``folders`` (real paths)."""

    def __init__(self, files, folders):
        self._files = files
        self._folders = folders

    def find_spec(self, fullname, path=None, target=None):
        name = fullname.rpartition(".")[2]
        for entry in sys.path if path is None else path:
            package = os.path.realpath(os.path.join(entry, name))
            beginning = os.path.join(package, "__init__.py")
            if beginning in self._files:
                return spec_from_file_location(fullname, beginning, submodule_search_locations=[package])
            if package + ".py" in self._files and not os.path.isfile(beginning):
                return spec_from_file_location(fullname, package + ".py")
            if package in self._folders:
                namespace = ModuleSpec(fullname, None, is_package=True)
                namespace.submodule_search_locations = [package]
                return namespace
        return None


def _missing_folders(path):
    folder = os.path.dirname(path)
    while not os.path.exists(folder):
        yield folder
        folder = os.path.dirname(folder)


def _wrap_loader(contents, hidden):
    get_data, path_stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def overlaid_get_data(self, path):
        real = os.path.realpath(path)
        if real in hidden:
            raise ImportError("{} is not part of what is being committed".format(path), path=path)
        return contents[real] if real in contents else get_data(self, path)

    def overlaid_path_stats(self, path):
        if os.path.realpath(path) in contents:
            raise OSError("staged source has no bytecode")  # which makes the loader compile it
        stats = path_stats(self, path)
        if _is_racy(path, stats["mtime"]):
            raise OSError("the bytecode may be older than its source")
        return stats

    SourceFileLoader.get_data = overlaid_get_data
    SourceFileLoader.path_stats = overlaid_path_stats


def _is_racy(path, changed):
    if path.startswith(STANDARD_LIBRARY) or "-packages" + os.sep in path:
        return False
    try:
        return os.stat(cache_from_source(path)).st_mtime - int(changed) < RACY_SECONDS
    except (OSError, NotImplementedError):
        return False


def _wrap_open(contents):
    original = io.open

    def overlaid_open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, *others, **named):
        writes = set(mode) & set("wax+")
        content = None if writes or isinstance(file, int) else contents.get(os.path.realpath(os.fspath(file)))
        if content is None:
            return original(file, mode, buffering, encoding, errors, newline, *others, **named)
        staged = io.BytesIO(content)
        return staged if "b" in mode else io.TextIOWrapper(staged, encoding, errors, newline)

    builtins.open = io.open = overlaid_open


def _wrap_looking(files, folders):
    """Alembic looks whether a file or folder exists before it loads or lists it."""
    stat, access = os.stat, os.access

    def stand_in(path):
        if isinstance(path, int):
            return None
        real = os.path.realpath(os.fspath(path))
        return __file__ if real in files else os.path.dirname(__file__) if real in folders else None

    def overlaid_stat(path, *others, **named):
        return stat(stand_in(path) or path, *others, **named)

    def overlaid_access(path, *others, **named):
        return access(stand_in(path) or path, *others, **named)

    os.stat, os.access = overlaid_stat, overlaid_access
    if hasattr(pathlib, "_NormalAccessor"):  # Python 3.8 to 3.10: a stat of its own
        pathlib._NormalAccessor.stat = staticmethod(overlaid_stat)


def _wrap_revision_listing(contents, hidden):
    from alembic.script.base import Script

    listing = Script._list_py_dir.__func__

    def overlaid_listing(cls, scripts, path):
        folder = os.path.realpath(str(path))
        try:
            entries = listing(cls, scripts, path)
        except FileNotFoundError:
            entries = []
        listed = {os.path.realpath(os.path.join(folder, str(entry))): entry for entry in entries}
        recursive = getattr(scripts, "recursive_version_locations", False)
        for real in contents:
            parent = os.path.dirname(real)
            inside = parent == folder or (recursive and parent.startswith(folder + os.sep))
            if inside and real.endswith(".py") and real not in listed:
                listed[real] = type(path)(real)
        return [entry for real, entry in listed.items() if real not in hidden]

    Script._list_py_dir = classmethod(overlaid_listing)
