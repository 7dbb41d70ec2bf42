"""The bytecode of the guest's own modules: of no others is any written, and ours would be compiled for each guest."""

import os
from importlib.util import MAGIC_NUMBER, cache_from_source

from . import recording

FLAGS = b"\0\0\0\0"
"""Of bytecode that belongs to a source of a certain time and size."""


def keep():
    """Write what is missing for the next guest, where that is possible."""
    folder = os.path.dirname(os.path.abspath(__file__))
    with recording.quiet():
        paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".py")]
        left = [path for path in paths if not _is_there(path)]
        if left:
            _write(left)


def _is_there(path):
    try:
        with open(cache_from_source(path), "rb") as file:
            head = file.read(16)
        found = os.stat(path)
    except OSError:
        return False
    numbers = (int(found.st_mtime), found.st_size)
    return head == MAGIC_NUMBER + FLAGS + b"".join((each & 0xFFFFFFFF).to_bytes(4, "little") for each in numbers)


def _write(paths):
    import py_compile

    try:
        for path in paths:
            py_compile.compile(path, doraise=True, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    except (OSError, py_compile.PyCompileError):
        return
