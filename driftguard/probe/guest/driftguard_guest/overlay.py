"""The project's files as they are being committed: staged bytes in place of what lies in the folder."""

import base64
import builtins
import io
import os
import sys
from importlib.machinery import SourceFileLoader
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
    deleted = {path for path in contents if path.endswith(".py") and not os.path.exists(path)}
    if deleted:
        sys.meta_path.insert(0, DeletedFinder(deleted))
        _wrap_loading_by_path(deleted)
    if contents or hidden:
        _wrap_revision_listing(contents, hidden)


class DeletedFinder:
    """Finds modules whose files (real paths) are staged, but gone from the folder."""

    def __init__(self, files):
        self._files = files

    def find_spec(self, fullname, path=None, target=None):
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            package = os.path.realpath(os.path.join(folder, name))
            if os.path.join(package, "__init__.py") in self._files:
                file = os.path.join(package, "__init__.py")
                return spec_from_file_location(fullname, file, submodule_search_locations=[package])
            if package + ".py" in self._files and not os.path.isfile(os.path.join(package, "__init__.py")):
                return spec_from_file_location(fullname, package + ".py")
        return None


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


def _wrap_loading_by_path(deleted):
    """Alembic loads env.py and revisions by path, after a look whether they exist."""
    from alembic import util
    from alembic.util import pyfiles

    load = pyfiles.load_python_file

    def overlaid_load(folder, filename):
        path = os.path.realpath(os.path.join(str(folder), str(filename)))
        if path not in deleted:
            return load(folder, filename)
        return pyfiles.load_module_py(os.path.basename(path).replace(".", "_"), path)

    pyfiles.load_python_file = util.load_python_file = overlaid_load


def _wrap_revision_listing(contents, hidden):
    from alembic.script.base import Script

    listing = Script._list_py_dir.__func__

    def overlaid_listing(cls, scripts, path):
        folder = os.path.realpath(str(path))
        listed = {os.path.realpath(os.path.join(folder, str(entry))): entry for entry in listing(cls, scripts, path)}
        recursive = getattr(scripts, "recursive_version_locations", False)
        for real in contents:
            parent = os.path.dirname(real)
            inside = parent == folder or (recursive and parent.startswith(folder + os.sep))
            if inside and real.endswith(".py") and real not in listed:
                listed[real] = type(path)(real)
        return [entry for real, entry in listed.items() if real not in hidden]

    Script._list_py_dir = classmethod(overlaid_listing)
