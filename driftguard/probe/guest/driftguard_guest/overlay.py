"""The project's files as they are being committed: staged bytes in place of what lies in the folder."""

import base64
import os
from importlib.machinery import SourceFileLoader


def install(replaced, absent):
    """Serve ``replaced`` (absolute path to base64 bytes), and hide ``absent`` (absolute paths), from imports."""
    contents = {os.path.realpath(path): base64.b64decode(text) for path, text in replaced.items()}
    hidden = {os.path.realpath(path) for path in absent}
    if contents or hidden:
        _wrap_loader(contents, hidden)
        _wrap_revision_listing(contents, hidden)


def _wrap_loader(contents, hidden):
    get_data, path_stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def overlaid_get_data(self, path):
        real = os.path.realpath(path)
        if real in hidden:
            raise ImportError("{} is not part of what is being committed".format(path), path=path)
        return contents[real] if real in contents else get_data(self, path)

    def overlaid_path_stats(self, path):
        content = contents.get(os.path.realpath(path))
        if content is None:
            return path_stats(self, path)
        return {"mtime": -1, "size": len(content)}  # no cached bytecode was ever made at this time

    SourceFileLoader.get_data = overlaid_get_data
    SourceFileLoader.path_stats = overlaid_path_stats


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
