"""The end of a process that has said all it had to say."""

from __future__ import annotations

import os
import sys


def leave(code: int) -> None:
    """End now. Python would first take down all that it holds: an eighth of a hook's time, a twentieth of a check's."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed, by whoever started us or whoever listened
            continue
    os._exit(code)
