"""What a watcher knows: its last looks, and what it is doing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from driftguard.verdict import Verdict

MOST_LOOKS = 10


class Look(NamedTuple):
    """One look: when it began (``time.time()``), how long it took, what it was for, and what came of it.

    ``cause``: the first path that changed, from the root, or "the start", "the index", "HEAD", "settings",
    "live database". ``verdict`` is None where the look itself failed, ``error`` says why then.
    """

    at: float
    seconds: float
    cause: str
    verdict: Verdict | None
    error: str = ""


class State(NamedTuple):
    """``looks``: the newest first. ``busy``: what is being done, "" when idle. ``notes``: what the user should know."""

    root: Path
    looks: tuple[Look, ...] = ()
    busy: str = ""
    notes: tuple[str, ...] = ()

    def looked(self, look: Look) -> State:
        """With one more look, and idle."""
        return self._replace(looks=(look, *self.looks)[:MOST_LOOKS], busy="")

    def noting(self, note: str) -> State:
        """With a note, said once."""
        return self if note in self.notes else self._replace(notes=(*self.notes, note))
