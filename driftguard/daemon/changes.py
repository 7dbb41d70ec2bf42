"""Which changes of files can matter, what they are called, and how many of them become one."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from driftguard.config import OWN_FILE, PYPROJECT

QUIET = 0.1
"""Seconds without a change after which a change counts as complete."""

LONGEST_UNREST = 2.0
"""Seconds after which quiet is waited for no longer."""

LONGEST_LOCK = 30.0
"""Seconds for which git may hold the index; a checkout of a large tree takes some."""

REMEMBERED_PATHS = 100

IN_GIT = {
    "index": "the index",
    "HEAD": "HEAD",
    "MERGE_HEAD": "HEAD",
    "packed-refs": "refs",
    "rebase-apply": "HEAD",
    "rebase-merge": "HEAD",
    "refs": "refs",
    "reftable": "refs",
}
"""What counts in a git folder, and how it is called."""

NOISE_ENDINGS = (
    *(".pyc", ".pyo", "~", ".swp", ".swo", ".swx", ".tmp", ".part", ".crswap"),
    *("___jb_tmp___", "___jb_old___", "-journal", "-wal", "-shm"),
)
NOISE_BEGINNINGS = (".#", "#", ".goutputstream-", ".nfs")
NOISE_FOLDERS = frozenset({"__pycache__", ".git", ".mypy_cache", ".pytest_cache", ".ruff_cache", "node_modules"})
VIM_PROBE = "4913"
"""A file that vim makes and removes to see whether it may write."""

DATABASE_ENDINGS = (".db", ".db3", ".sqlite", ".sqlite3")
CONTENT_ONLY = "modified"
"""The kind of event. Rows that an application writes into its SQLite file are no news; its schema is asked for."""


ELSEWHERE_ENDINGS = (".cfg", ".env", ".ini", ".pth", ".py", ".toml")
ELSEWHERE_FOLDERS = frozenset({"dist-packages", "site-packages"})
INTERPRETER = "python"
"""How the names of interpreters begin."""

PUBLIC = frozenset(map(Path, (os.sep, tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev", "/dev/shm", "/proc")))
"""Folders in which everybody comes and goes."""


class Ground(NamedTuple):
    """Where changes happen; all paths are real ones. Without git both git folders are missing.

    ``folders`` are watched besides, some of them outside the root.
    """

    root: Path
    git_folder: Path | None = None
    common_folder: Path | None = None
    folders: tuple[Path, ...] = ()

    def watching(self, folders: tuple[Path, ...]) -> Ground:
        """With those of ``folders`` in which something can be heard of that matters."""
        real = (Path(os.path.realpath(each)) for each in folders)
        return self._replace(folders=tuple(each for each in real if each not in PUBLIC.union(self.root.parents)))

    def cause(self, kind: str, path: str) -> str:
        """What a change is called; "" for one that cannot matter. ``kind`` is watchdog's."""
        place = Path(path)
        for folder in (self.git_folder, self.common_folder):
            if folder is not None and place.is_relative_to(folder):
                return _cause_in_git(place.relative_to(folder))
        if is_noise(place) or (kind == CONTENT_ONLY and place.suffix in DATABASE_ENDINGS):
            return ""
        if not place.is_relative_to(self.root):
            return path if self._counts_elsewhere(place) else ""
        inside = place.relative_to(self.root)
        if NOISE_FOLDERS.intersection(inside.parts):
            return ""
        return "settings" if str(inside) in (OWN_FILE, PYPROJECT) else str(inside)

    def _counts_elsewhere(self, place: Path) -> bool:
        """Outside the root whole packages, modules, settings and interpreters count, and the watched folders."""
        return (
            place.parent.name in ELSEWHERE_FOLDERS
            or place.name.startswith(INTERPRETER)
            or place.name.endswith(ELSEWHERE_ENDINGS)
            or any(each.is_relative_to(place) for each in self.folders)
        )


def is_noise(path: Path) -> bool:
    """Whether the name is one of those that editors and Python make for themselves."""
    name = path.name
    return (
        name in NOISE_FOLDERS
        or name == VIM_PROBE
        or name.endswith(NOISE_ENDINGS)
        or name.startswith(NOISE_BEGINNINGS)
        or path.parent.name == "__pycache__"
    )


def _cause_in_git(inside: Path) -> str:
    if not inside.parts or inside.suffix == ".lock":
        return ""
    return IN_GIT.get(inside.parts[0], "")


class Batch(NamedTuple):
    """Changes that came together. ``began``: ``time.monotonic()`` of the first. ``causes``: of the first hundred."""

    cause: str
    began: float
    causes: frozenset[str]


class Question(NamedTuple):
    """What another thread wants to be done in the watching one: the context gives the answer on entering it."""

    function: Callable[[], AbstractContextManager[Any]]
    future: Future[Any]

    def serve(self) -> None:
        """Answer it, unless nobody waits any more; nobody waits for the end of the context. Raises what fails then."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            with self.function() as answer:
                self.future.set_result(answer)
        except Exception as error:
            if self.future.done():
                raise
            self.future.set_exception(error)


class Inbox:
    """All that the watching thread waits for; the other methods may be called from any thread.

    ``is_blocked`` says whether somebody is in the midst of a change (git holds its index).
    """

    def __init__(self, is_blocked: Callable[[], bool] = lambda: False) -> None:
        self._is_blocked = is_blocked
        self._news = threading.Condition()
        self._questions: deque[Question] = deque()
        self._cause = ""
        self._began = self._last = 0.0
        self._causes: set[str] = set()
        self._awake = self._closed = False

    def changed(self, cause: str) -> None:
        """Something has changed."""
        with self._news:
            self._last = time.monotonic()
            if not self._cause:
                self._cause, self._began = cause, self._last
                self._news.notify()
            if len(self._causes) < REMEMBERED_PATHS:
                self._causes.add(cause)

    def ask(self, function: Callable[[], AbstractContextManager[Any]]) -> Future[Any]:
        """Have something done in the watching thread; see ``Question``."""
        question = Question(function, Future())
        with self._news:
            if self._closed:
                question.future.cancel()
            self._questions.append(question)
            self._news.notify()
        return question.future

    def wake(self) -> None:
        """Let ``wait`` return."""
        with self._news:
            self._awake = True
            self._news.notify()

    def wait(self, until: float) -> Question | Batch | None:
        """The next question, else changes that are complete; None at the time ``until`` (monotonic) or when woken."""
        with self._news:
            while True:
                if self._questions:
                    return self._questions.popleft()
                if self._awake:
                    self._awake = False
                    return None
                now = time.monotonic()
                ripe = self._ripe(now) if self._cause else until
                if self._cause and ripe <= now:
                    return self._take()
                if until <= now:
                    return None
                self._news.wait(min(ripe, until) - now)

    def _ripe(self, now: float) -> float:
        """When the changes that are waiting will be complete, as far as can be told now."""
        ripe = min(self._last + QUIET, self._began + LONGEST_UNREST)
        if ripe <= now < self._began + LONGEST_LOCK and self._is_blocked():
            return now + QUIET
        return ripe

    def _take(self) -> Batch:
        batch = Batch(self._cause, self._began, frozenset(self._causes))
        self._cause, self._causes = "", set()
        return batch

    def close(self) -> None:
        """Nobody will answer any more."""
        with self._news:
            self._closed = True
            while self._questions:
                self._questions.popleft().future.cancel()
