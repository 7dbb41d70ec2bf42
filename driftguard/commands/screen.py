"""Shows the states of a watch as they come: on a terminal's whole screen, or line by line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from driftguard.colours import shows_colours
from driftguard.daemon import view
from driftguard.daemon.state import Look, State
from driftguard.daemon.view import Header
from driftguard.errors import DriftguardError
from driftguard.git import WorkingTree, find_repository
from driftguard.report import Source, painter
from driftguard.staged import source_of

Tell = Callable[[State], None]


@contextmanager
def shown(stream: TextIO, environ: Mapping[str, str], since: float, by: str = "") -> Iterator[Tell]:
    """A function that shows a state; ``by`` names who watches, if it is not this process."""
    if stream.isatty() and environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        with _screen(stream, environ, since, by) as tell:
            yield tell
    else:
        yield _log(stream, environ)


def _log(stream: TextIO, environ: Mapping[str, str]) -> Tell:
    paint, known = painter(stream, environ), None

    def tell(state: State) -> None:
        nonlocal known
        for line in view.log_lines(state, known, source_of(WorkingTree(state.root)), paint):
            stream.write(f"{line}\n")
        stream.flush()
        known = state

    return tell


@contextmanager
def _screen(stream: TextIO, environ: Mapping[str, str], since: float, by: str) -> Iterator[Tell]:
    """Drawn in a thread of its own when there is news or the window has another size, and at no other time.

    A SimpleQueue can be put into by a signal handler whatever that interrupts; a lock could not be taken there.
    """
    news: SimpleQueue[State | None] = SimpleQueue()
    ended = threading.Event()
    colours = shows_colours(terminal=True, environ=environ)
    console = Console(file=stream, color_system="standard" if colours else None, highlight=False)
    picture = _Picture(console, Header(since, by=by), painter(stream, environ))

    def resized(number: int, frame: FrameType | None) -> None:
        news.put(None)

    def draw(live: Live) -> None:
        state: State | None = None
        while not ended.is_set():
            state = _newest(news) or state
            if state is not None and not ended.is_set():
                live.update(picture.of(state), refresh=True)

    before = signal.signal(signal.SIGWINCH, resized)
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            thread = threading.Thread(target=draw, args=(live,), name="driftguard screen", daemon=True)
            thread.start()
            try:
                yield news.put
            finally:
                ended.set()
                news.put(None)
                thread.join()
    finally:
        signal.signal(signal.SIGWINCH, before)


def _newest(news: SimpleQueue[State | None]) -> State | None:
    """Waits for news; of several states that came meanwhile only the last is worth a picture."""
    newest = news.get()
    while True:
        try:
            newest = news.get_nowait() or newest
        except Empty:
            return newest


class _Picture:
    """Draws states; the files that findings point to are read once for each look."""

    def __init__(self, console: Console, header: Header, paint: Callable[[str, str], str]) -> None:
        self._console = console
        self._header = header
        self._paint = paint
        self._look: Look | None = None
        self._source: Source = lambda path: None

    def of(self, state: State) -> Text:
        """What fits on the screen as it is now."""
        newest = state.looks[0] if state.looks else None
        if self._look is not newest or newest is None:
            self._look = newest
            self._source = source_of(WorkingTree(state.root))
            self._header = self._header._replace(branch=_branch(state))
        lines = view.screen(
            state, self._header, self._source, self._paint, height=self._console.height, rows=self._rows
        )
        return Text("\n").join(map(Text.from_ansi, lines))

    def _rows(self, line: str) -> int:
        return len(Text.from_ansi(line).wrap(self._console, self._console.width)) or 1


def _branch(state: State) -> str:
    try:
        repository = find_repository(state.root)
        return (repository and repository.branch) or ""
    except (DriftguardError, OSError):
        return ""
