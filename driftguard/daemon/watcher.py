"""Looks again whenever something changes: files, git's index and HEAD, live databases."""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from driftguard.daemon.changes import Batch, Ground, Inbox, Question, is_noise
from driftguard.daemon.ear import listening
from driftguard.daemon.folders import Folders, changed_since
from driftguard.daemon.looking import UNREACHABLE, Looker, Sight, are_among, without_reasons
from driftguard.daemon.state import Look, State
from driftguard.errors import DriftguardError
from driftguard.memo.record import Answer
from driftguard.redaction import redacted
from driftguard.verdict import Verdict

WAKE_SECONDS = 5.0
"""How often a watcher to whom nothing happens sees whether its work tree is still there."""

LIVE_SECONDS, LONGEST_LIVE_SECONDS = 2.0, 30.0
"""How often live databases are asked: at first, and where they do not answer or tell by themselves."""

EXACT_SECONDS, EXACT_REST = 10.0, 300.0
"""How long an exact fingerprint is good for: seconds at least, and times what it took."""

ECHO_SECONDS = 0.2
"""After a look, in which the system may still tell of what the look itself has changed."""

REST_SECONDS = 0.5
"""After a look, in which a hook may come."""

PATIENCE_SECONDS, LONGEST_PATIENCE_SECONDS = 2.0, 600.0
JUMP_SECONDS = 30.0
NEVER = float("inf")

T = TypeVar("T")

START, INDEX, LIVE, CLOCK = "the start", "the index", "live database", "the clock"


def unheard(line: str) -> None:
    """A log that nobody reads."""


def _always() -> bool:
    return True


class Watch:
    """Watches one work tree. ``lasts`` says whether it is still there; ``log`` hears of each look and each failure."""

    def __init__(
        self,
        root: Path,
        looker: Looker,
        *,
        lasts: Callable[[], bool] = _always,
        log: Callable[[str], None] = unheard,
        observer: Callable[[], BaseObserver] = Observer,
    ) -> None:
        self._looker = looker
        self._lasts = lasts
        self._log = log
        self._observer = observer
        self._inbox = Inbox(self._is_blocked)
        self._ground = Ground(root.resolve())
        self._state = State(root)
        self._tell: Callable[[State], None] = lambda state: None
        self._sight: Sight | None = None
        self._held = ExitStack()
        self._watched: tuple[Path, ...] = ()
        self._ended = 0.0
        self._echoes: frozenset[str] = frozenset()
        self._patience = 0.0
        self._postponed: tuple[float, str] | None = None
        self._index_is_due = False
        self._rest_at = NEVER
        self._live_at = 0.0
        self._exact_at = 0.0
        self._live_seconds = LIVE_SECONDS
        self._counters: tuple[str, ...] = ()
        self._live: tuple[str, ...] = ()
        self._listens = False

    def run(self, tell: Callable[[State], None], stop: threading.Event) -> None:
        """Watch until ``stop`` is set (see ``wake``) or the work tree is gone; ``tell`` hears of every news."""
        self._tell = tell
        try:
            with Folders(self._heard, self._observer) as self._folders, listening(self._told_by_live) as self._pipe:
                self._renew(NEVER)
                offset = time.time() - time.monotonic()
                self._look(START)
                while not stop.is_set() and self._lasts():
                    self._serve(self._inbox.wait(self._next()))
                    was, offset = offset, time.time() - time.monotonic()
                    if abs(offset - was) > JUMP_SECONDS:
                        self._look(CLOCK)
        finally:
            self._inbox.close()
            self._sight = None
            self._looker.end()
            self._held.close()

    def wake(self) -> None:
        """Have ``stop`` seen at once; from any thread."""
        self._inbox.wake()

    def answer(self, moment: str, environ: Mapping[str, str], cwd: Path, seconds: float) -> Answer | None:
        """What a git hook is told, from any thread but the watching one; None if it cannot be told in time."""

        @contextmanager
        def ask() -> Iterator[Answer | None]:
            if self._sight is not None and self._sight.needs_guests:
                self._hurry()
                self._glance_at_live(self._sight)
            answering = self._looker.answer(moment, environ, cwd, self._live)
            with self._busy(f"answering {moment}"), self._undisturbed(), answering as told:
                yield told

        return self._ask(ask, seconds)

    def live_is(self, was: tuple[str, ...], seconds: float) -> bool:
        """Whether the live databases have these exact fingerprints now; from any thread but the watching one."""

        def ask() -> AbstractContextManager[bool]:
            return nullcontext(self._sight is not None and are_among(was, self._sight.live_fingerprint(True)))

        return self._ask(ask, seconds) or False

    def _ask(self, function: Callable[[], AbstractContextManager[T]], seconds: float) -> T | None:
        future: Future[T] = self._inbox.ask(function)
        try:
            return future.result(seconds)
        except (TimeoutError, CancelledError):
            future.cancel()
        except Exception as error:
            self._log(_told(error))
        return None

    def _next(self) -> float:
        """When there is something to do though nothing happens."""
        now = time.monotonic()
        if self._index_is_due:
            return now
        moments = [now + WAKE_SECONDS, self._rest_at]
        if self._postponed:
            moments.append(self._postponed[0])
        if self._sight is not None:
            moments.append(self._live_at)
        return min(moments)

    def _serve(self, news: Question | Batch | None) -> None:
        now = time.monotonic()
        match news:
            case Question():
                with self._logged():
                    news.serve()
            case Batch():
                self._consider(news)
            case _ if self._postponed and self._postponed[0] <= now:
                self._look(self._postponed[1])
            case _ if self._index_is_due:
                self._index_is_due = False
                with self._busy("looking at what is staged"), self._undisturbed(), self._logged():
                    self._looker.remember_index(self._progress)
            case _ if self._rest_at <= now:
                self._rest()
            case _ if self._sight is not None and self._live_at <= now:
                self._glance_at_live(self._sight)

    def _consider(self, batch: Batch) -> None:
        """Look again, unless git only refreshed its index.

        What changes *while* we look may be the project's own doing, such as a log that it writes. Where the same files
        change with every look, each look follows later than the last.
        """
        if batch.causes == {INDEX} and not self._index_has_moved():
            return
        if batch.began > self._ended + ECHO_SECONDS:
            self._patience = 0.0
        elif batch.causes <= self._echoes:
            self._patience = min(max(2 * self._patience, PATIENCE_SECONDS), LONGEST_PATIENCE_SECONDS)
            self._postponed = (time.monotonic() + self._patience, batch.cause)
            return
        else:
            self._echoes |= batch.causes
        self._look(batch.cause)

    def _index_has_moved(self) -> bool:
        try:
            return self._looker.index_moved()
        except (DriftguardError, OSError):
            return True

    def _rest(self) -> None:
        """What nobody waits for now, and somebody might wait for later."""
        self._rest_at = NEVER
        gc.collect()
        if self._sight is not None and self._sight.needs_guests:
            with self._busy("preparing the next look"), self._logged():
                self._sight.prepare()

    def _look(self, cause: str) -> None:
        with self._undisturbed():
            self._look_now(cause)

    def _look_now(self, cause: str) -> None:
        self._postponed = None
        at, began, held = time.time(), time.monotonic(), ExitStack()
        verdict: Verdict | None = None
        error = ""
        self._show(self._state._replace(busy=f"looking: {cause}"))
        try:
            self._sight = held.enter_context(self._looker.examine(self._progress))
            verdict = self._sight.verdict
            held, self._held = self._held, held
        except Exception as failure:
            # What the last look holds stays open, because its servers would only have to be started again.
            self._sight, error = None, _in_words(failure)
            self._log(_told(failure))
        self._conclude(Look(at, time.monotonic() - began, cause, verdict, error))
        with self._logged():
            held.close()
        with self._logged():
            if self._sight is not None:
                self._sight.remember()
        with self._logged():
            if self._sight is not None:
                self._watched = self._sight.watched
                self._live = without_reasons(self._sight.live_fingerprints_before)
                self._listens = self._sight.needs_guests and self._sight.listen(self._pipe)
                if not self._sight.needs_guests:
                    self._sight.let_guests_go()
        with self._logged():
            self._renew(at)
        self._index_is_due = self._ground.git_folder is not None
        self._ended = time.monotonic()
        self._live_at, self._live_seconds = self._ended + LIVE_SECONDS, LIVE_SECONDS
        if self._listens:
            self._hurry()

    def _renew(self, since: float) -> None:
        """Watch what matters now; what has changed since, in folders that nobody watched, was not heard."""
        self._ground = ground = self._looker.ground().watching(self._watched)
        git = [each for each in (ground.git_folder, ground.common_folder) if each is not None]
        deep = [each / name for each in git[-1:] for name in ("refs", "reftable")]
        for folder in self._folders.renew((ground.root, *git, *ground.folders), deep):
            inside = folder.is_relative_to(ground.root) and folder not in git
            if inside and changed_since(folder, since, is_noise):
                self._inbox.changed(ground.cause("created", str(folder)))
        if self._folders.note:
            self._show(self._state.noting(self._folders.note))

    def _glance_at_live(self, sight: Sight) -> None:
        """Ask cheaply, then exactly, then look.

        Some servers count what a session does only when it is idle or over, so the exact question is asked once in a
        while in any case, the more rarely the longer it takes. What was read before an exact fingerprint was taken is
        read again, so nothing is missed in between. One that tells by itself is asked only as a habit.
        """
        began, listened = time.monotonic(), self._listens
        try:
            counters = without_reasons(sight.live_fingerprint(False))
            if counters != self._counters or began > self._exact_at:
                found = sight.live_fingerprint(True)
                live = without_reasons(found)
                took = time.monotonic() - began
                if live != self._live:
                    self._look_at_live(sight, found)
                self._live, self._counters = live, counters
                self._exact_at = time.monotonic() + max(EXACT_SECONDS, took * EXACT_REST)
            if listened:
                self._listens = sight.listen(self._pipe)
        except Exception as error:
            self._log(_told(error))
            pause = min(2 * self._live_seconds, LONGEST_LIVE_SECONDS)
            self._look(LIVE)  # with new guests
        else:
            reachable = counters and UNREACHABLE not in counters
            pause = LIVE_SECONDS if reachable else min(2 * self._live_seconds, LONGEST_LIVE_SECONDS)
        self._live_at, self._live_seconds = time.monotonic() + pause, pause
        if self._listens and listened:
            self._live_at, self._live_seconds = began + LONGEST_LIVE_SECONDS, LIVE_SECONDS
        elif self._listens:
            self._hurry()  # what was told before was not heard

    def _look_at_live(self, sight: Sight, fingerprints: tuple[str, ...]) -> None:
        if not sight.needs_guests:
            self._look(LIVE)
            return
        at, began = time.time(), time.monotonic()
        with self._busy(f"looking: {LIVE}"), self._undisturbed():
            verdict = sight.look_at_live_again(fingerprints)
        self._conclude(Look(at, time.monotonic() - began, LIVE, verdict))
        sight.remember()
        self._listens = sight.listen(self._pipe)

    def _conclude(self, look: Look) -> None:
        outcome = look.error.partition("\n")[0] if look.verdict is None else f"exit code {look.verdict.exit_code}"
        self._log(f"{look.cause}: {outcome}, {look.seconds:.3f} s")
        self._show(self._state.looked(look))

    @contextmanager
    def _busy(self, what: str) -> Iterator[None]:
        self._show(self._state._replace(busy=what))
        try:
            yield
        finally:
            self._show(self._state._replace(busy=""))

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """Without looking for garbage, which takes a good part of a look: that is done at rest."""
        gc.disable()
        try:
            yield
        finally:
            gc.enable()
            self._rest_at = time.monotonic() + REST_SECONDS

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """Whatever fails here is no reason to end."""
        try:
            yield
        except Exception as error:
            self._log(_told(error))

    def _progress(self, stage: str) -> None:
        self._show(self._state._replace(busy=stage))

    def _show(self, state: State) -> None:
        self._state = state
        self._tell(state)

    def _told_by_live(self) -> None:
        def hurry() -> AbstractContextManager[None]:
            self._hurry()
            return nullcontext()

        self._inbox.ask(hurry)

    def _hurry(self) -> None:
        """Ask the live databases exactly, as the next thing."""
        self._live_at = self._exact_at = 0.0

    def _heard(self, kind: str, path: str) -> None:
        if cause := self._ground.cause(kind, path):
            self._inbox.changed(cause)

    def _is_blocked(self) -> bool:
        folder = self._ground.git_folder
        return folder is not None and (folder / "index.lock").exists()


def _in_words(error: Exception) -> str:
    if isinstance(error, DriftguardError):
        return redacted(f"{error.message}\n{error.hint}".strip())
    return redacted(f"the look failed: {error!r}")


def _told(error: Exception) -> str:
    if isinstance(error, DriftguardError):
        return _in_words(error)
    return redacted("".join(traceback.format_exception(error)).rstrip())
