"""A watch with a made-up engine, run in a thread, and ways to wait for what it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from driftguard.daemon.changes import Ground
from driftguard.daemon.state import State
from driftguard.daemon.watcher import Watch
from driftguard.facts import Progress
from driftguard.memo.record import Answer
from driftguard.verdict import Verdict, judge

PATIENCE = 10.0


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What ``condition`` gives as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"still not: {condition}"
        time.sleep(0.01)
    return found


class Engine:
    """Looks at nothing: ``during`` is called in each look, ``failures`` are raised one by one, ``live`` is told.

    ``live_later`` is what live changes to while it is looked at; ``counts``: whether a quick question notices.
    """

    def __init__(self, root: Path, git: bool = False) -> None:
        self.root = root
        self.git = git
        self.during: Callable[[], None] = lambda: None
        self.remembering: Callable[[], None] = lambda: None
        self.failures: list[Exception] = []
        self.live: tuple[str, ...] = ()
        self.live_later: tuple[str, ...] = ()
        self.counts = True
        self.needs_guests = True
        self.let_go = 0
        self.asked: list[bool] = []
        self.listens = False
        self.pipe: Path | None = None
        self.folders: tuple[Path, ...] = ()
        self.remembered: list[str] = []
        self.told_of_live: tuple[str, ...] = ()
        self.prepared = 0
        self.ended = -1  # how many looks were open then
        self.open = self.most_open = 0
        self.moved = True
        self.compared = 0

    def ground(self) -> Ground:
        folder = self.root / ".git"
        return Ground(self.root, folder, folder) if self.git else Ground(self.root)

    @contextmanager
    def examine(self, progress: Progress) -> Iterator[Sight]:
        self.during()
        if self.failures:
            raise self.failures.pop(0)
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            yield Sight(self)
        finally:
            self.open -= 1

    def index_moved(self) -> bool:
        self.compared += 1
        return self.moved

    def remember_index(self, progress: Progress) -> None:
        self.remembered.append("index")

    @contextmanager
    def answer(self, moment: str, environ: Mapping[str, str], cwd: Path, live: tuple[str, ...]) -> Iterator[Answer]:
        if environ.get("FAIL"):
            raise OSError("no room")
        self.told_of_live = live
        yield Answer(1, f"{moment} {environ.get('A', '')}", "red")
        self.remembering()

    def end(self) -> None:
        self.ended = self.open


class Sight:
    """A look of the made-up engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.watched = engine.folders
        self.live_fingerprints_before = tuple(engine.live)
        self.needs_guests = engine.needs_guests
        engine.live = engine.live_later or engine.live

    def listen(self, pipe: Path) -> bool:
        self._engine.pipe = pipe
        return self._engine.listens

    def prepare(self) -> None:
        self._engine.prepared += 1

    def let_guests_go(self) -> None:
        self._engine.let_go += 1

    @property
    def verdict(self) -> Verdict:
        return judge([])

    def remember(self) -> None:
        self._engine.remembering()
        self._engine.remembered.append("everything")

    def live_fingerprint(self, exact: bool) -> tuple[str, ...]:
        self._engine.asked.append(exact)
        if "broken" in self._engine.live:
            raise OSError("the guest is gone")
        if exact or self._engine.counts:
            return tuple(each if exact else f"{each} counted" for each in self._engine.live)
        return ("never counted",)

    def look_at_live_again(self, fingerprints: tuple[str, ...]) -> Verdict:
        assert fingerprints == self._engine.live
        return judge([], notes=self._engine.live)


class Watched:
    """A watch that runs, and all that it told."""

    def __init__(self, root: Path, engine: Engine, **options: Any) -> None:
        self.engine = engine
        self.watch = Watch(root, engine, log=self._log, **options)
        self.states: list[State] = []
        self.log: list[str] = []
        self.stop = threading.Event()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self.watch.run, args=(self._tell, self.stop))

    def __enter__(self) -> Watched:
        self._thread.start()
        self.looks(1)
        self.watch.answer("", {}, self.engine.root, PATIENCE)  # by then it listens to all folders
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.watch.wake()
        self.join()

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _log(self, text: str) -> None:
        self.log.append(text)

    def _tell(self, state: State) -> None:
        with self._news:
            self.states.append(state)
            self._news.notify_all()

    def until(self, condition: Callable[[State], bool]) -> State:
        """The first state, of those that were told and those that will be, with which it is true."""
        with self._news:
            assert self._news.wait_for(lambda: any(map(condition, self.states)), PATIENCE), self.states[-1:]
            return next(filter(condition, self.states))

    def looks(self, number: int) -> State:
        """When so many looks are done."""
        return self.until(lambda state: len(state.looks) == number and not state.busy)

    @property
    def causes(self) -> list[str]:
        """Of all looks, the oldest first."""
        return [look.cause for look in reversed(self.states[-1].looks)]
