"""A named pipe that guests write to when a database tells of a change, and the thread that waits at its end."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from driftguard.process import scratch

QUIET = 0.1
"""Seconds in which further news become one; the first is told at once."""

BYTES = 1 << 16


@contextmanager
def listening(heard: Callable[[], None]) -> Iterator[Path]:
    """The pipe; ``heard`` is told of what is written to it, from a thread of its own."""
    with scratch("ear") as folder:
        path, closed = folder / "pipe", threading.Event()
        os.mkfifo(path, 0o600)
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # also to write: without a writer it would end
        thread = threading.Thread(target=_listen, args=(pipe, heard, closed), daemon=True)
        thread.start()
        try:
            yield path
        finally:
            closed.set()
            os.write(pipe, b".")
            thread.join()
            os.close(pipe)


def _listen(pipe: int, heard: Callable[[], None], closed: threading.Event) -> None:
    while select.select([pipe], [], []) and not closed.is_set():
        os.read(pipe, BYTES)
        heard()
        closed.wait(QUIET)
