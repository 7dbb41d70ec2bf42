"""The daemon's log: a file that stays small."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

LONGEST = 1 << 20
"""Bytes, after which a new file begins; the one before it is kept."""


class Log:
    """Appends lines with their time. With ``streams``, standard output and error go to the same file."""

    def __init__(self, path: Path, *, streams: bool = False) -> None:
        self._path = path
        self._streams = streams
        self._lock = threading.Lock()
        self._file = -1
        self._open()

    def __call__(self, text: str) -> None:
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n".encode(errors="backslashreplace")
        with self._lock:
            try:
                if os.fstat(self._file).st_size + len(line) > LONGEST:
                    self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                    self._open()
                os.write(self._file, line)
            except OSError:
                return  # a full disk, or a work tree that was moved: nobody to tell

    def _open(self) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if self._file >= 0:
            os.dup2(file, self._file, inheritable=False)
            os.close(file)
        else:
            self._file = file
        for stream in (1, 2) if self._streams else ():
            os.dup2(self._file, stream)
