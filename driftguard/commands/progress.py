"""The progress line: what is being done, once it takes longer than people like to wait without a word."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from driftguard.report.visible import visible

PATIENCE = 1.0
"""Seconds of silence before the line appears."""


@contextmanager
def progress(stream: TextIO) -> Iterator[Callable[[str], None]]:
    """A function that takes the name of the stage now begun; nothing is shown where ``stream`` is no terminal."""
    if not stream.isatty():
        yield lambda stage: None
        return

    from rich.console import Console
    from rich.text import Text

    status = Console(file=stream).status("")
    timer = threading.Timer(PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda stage: status.update(Text(visible(stage)))
    finally:
        timer.cancel()
        timer.join()
        status.stop()
