"""Starts, finds and ends the watcher of a work tree."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from driftguard import __version__
from driftguard.daemon.client import ask
from driftguard.daemon.log import Log
from driftguard.daemon.looking import Engine
from driftguard.daemon.notification import notifier
from driftguard.daemon.place import AlreadyRunning, Place, is_locked, lasts, locked, place_of
from driftguard.daemon.server import Server, listening
from driftguard.daemon.state import State
from driftguard.daemon.watcher import Watch, unheard
from driftguard.errors import DriftguardError
from driftguard.probe.preloaded import PreloadedGuests
from driftguard.process import command_line, started, without_local_git
from driftguard.redaction import redacted

START_SECONDS = 20.0
ASK_SECONDS = 2.0
STOP_SECONDS = 5.0
PROGRAM = "driftguard.daemon"
READY, ALREADY = b"ready", b"already"
NOTIFY = "notify"

__all__ = ["AlreadyRunning", "Started", "Status", "log_of", "start", "status", "stop", "watch"]


class Started(NamedTuple):
    """``already``: it ran before."""

    already: bool
    log: Path


class Status(NamedTuple):
    """The watcher of ``root``. ``state`` is None, and ``pid`` 0, when none runs or it does not answer.

    ``since``: ``time.time()`` of its start.
    """

    root: Path
    running: bool
    log: Path
    pid: int = 0
    since: float = 0.0
    state: State | None = None


def start(root: Path, environ: Mapping[str, str] = os.environ, *, notify: bool = False) -> Started:
    """Let a watcher run in the background; returns when it listens. Raises DriftguardError if it does not."""
    place = place_of(root, environ)
    if is_locked(place):
        return Started(True, place.log)
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as answer:
        try:
            first = subprocess.Popen(
                [sys.executable, "-P", "-m", PROGRAM, str(place.root), str(writer), *([NOTIFY] if notify else [])],
                cwd=place.root,
                env=without_local_git(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[writer],
                start_new_session=True,
            )
        finally:
            os.close(writer)
        first.wait()  # it has only let its child go
        told = _read_all(answer, time.monotonic() + START_SECONDS)
    if told not in (READY, ALREADY):
        reason = told.decode(errors="replace") or f"it did not listen within {START_SECONDS:g} seconds"
        raise DriftguardError(f"the daemon did not start: {reason}", f"its log is {place.log}")
    return Started(told == ALREADY, place.log)


def status(root: Path, environ: Mapping[str, str] = os.environ) -> Status:
    """What the watcher of ``root`` says of itself, be it a daemon or ``driftguard watch`` in some terminal."""
    place = place_of(root, environ)
    if not is_locked(place):
        return Status(place.root, False, place.log)
    answer = ask(str(place.folder), (b"status",), ASK_SECONDS)
    if not answer:
        return Status(place.root, True, place.log)
    return Status(place.root, True, place.log, *pickle.loads(answer[0]))


def stop(root: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """End the watcher; False if there is none. Raises DriftguardError if it cannot be ended."""
    place = place_of(root, environ)
    if not is_locked(place):
        return False
    pid = _pid_of(place)
    ask(str(place.folder), (b"stop",), ASK_SECONDS)
    for last_word in (None, signal.SIGTERM, signal.SIGKILL):
        if last_word is not None and pid is not None and pid == _pid_of(place):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, last_word)
        if _is_free_by(place, time.monotonic() + STOP_SECONDS):
            return True
    raise DriftguardError(f"the watcher of {place.root} does not end", f"see its log: {place.log}")


def watch(
    root: Path,
    tell: Callable[[State], None],
    stop: threading.Event,
    environ: Mapping[str, str] = os.environ,
    *,
    log: Callable[[str], None] = unheard,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Watch in this process, until ``stop`` is set or the work tree is gone, answering git hooks meanwhile.

    ``ready`` is called when it listens. Raises AlreadyRunning; ``status`` shows then what the other one knows.
    """
    environ = without_local_git(environ)
    place = place_of(root, environ)
    with locked(place) as folder, PreloadedGuests() as guests:
        looker = Engine(place.root, environ, guests.start, guests.start_patiently)
        watching = Watch(place.root, looker, lasts=lambda: lasts(place, folder), log=log)
        with listening(place, folder) as listener, Server(listener, watching, stop, log) as server:
            place.pid.write_text(f"{os.getpid()} {started(os.getpid())}\n")
            ready()

            def tell_both(state: State) -> None:
                server.tell(state)
                tell(state)

            watching.run(tell_both, stop)


def run_daemon(root: Path, ready: int, options: Sequence[str] = ()) -> None:
    """``watch`` with a log, for a process that nobody waits for; ``ready`` is a descriptor that hears how it began."""
    place = place_of(root)
    log = Log(place.log, streams=True)

    def listens() -> None:
        os.write(ready, READY)
        os.close(ready)

    try:
        log(f"driftguard {__version__} watches {place.root}")
        tell = notifier(log).tell if NOTIFY in options else unseen
        watch(root, tell, threading.Event(), log=log, ready=listens)
        log("ended")
    except AlreadyRunning:
        os.write(ready, ALREADY)
    except KeyboardInterrupt:
        log("ended by a signal")
    except Exception as error:
        log(redacted("".join(traceback.format_exception(error))))
        with contextlib.suppress(OSError):
            os.write(ready, redacted(str(error)).encode())
        raise SystemExit(1) from error


def unseen(state: State) -> None:
    """Nobody looks at a daemon."""


def log_of(root: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The daemon's log; what it held before it became too long is in the same name with ``.1``."""
    return place_of(root, environ).log


def _read_all(answer: FileIO, end: float) -> bytes:
    """What is written before everybody has closed the other end; as far as it comes in time."""
    told = b""
    while select.select([answer], [], [], max(0.0, end - time.monotonic()))[0]:
        chunk = answer.read(1 << 12)
        if not chunk:
            return told
        told += chunk
    return told


def _is_free_by(place: Place, end: float) -> bool:
    while time.monotonic() < end:
        if not is_locked(place):
            return True
        time.sleep(0.02)
    return False


def _pid_of(place: Place) -> int | None:
    """The number of the process that wrote it, if that still runs and is what it should be."""
    try:
        number, _, began = place.pid.read_text().strip().partition(" ")
        pid = int(number)
    except (OSError, ValueError):
        return None
    return pid if is_locked(place) and started(pid) == began and "driftguard" in command_line(pid) else None
