"""``driftguard watch``: looks again whenever something changes, and shows it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from driftguard.commands.guarded import root_of
from driftguard.commands.screen import Tell, shown
from driftguard.daemon import lifecycle
from driftguard.daemon.notification import notifier
from driftguard.daemon.state import State

POLL_SECONDS = 1.0
"""How often a watcher that runs elsewhere is asked."""

ENDED = "driftguard: the watcher has ended"


def watch(*, start: Path, notify: bool = False) -> int:
    """Watch until Ctrl-C; where somebody watches already, show what that one knows. Returns 0."""
    root = root_of(start)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # a terminal that is closed should leave nothing behind
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        try:
            _watch(root, notify)
        except lifecycle.AlreadyRunning:
            _look_on(root, notify)
    except KeyboardInterrupt:
        return 0
    print(ENDED, file=sys.stderr)
    return 0


def _watch(root: Path, notify: bool) -> None:
    with shown(sys.stdout, os.environ, time.time()) as tell:
        lifecycle.watch(root, _notifying(tell) if notify else tell, threading.Event())


def _look_on(root: Path, notify: bool) -> None:
    """Show another process's states for as long as it runs."""
    status = lifecycle.status(root)
    with shown(sys.stdout, os.environ, status.since or time.time(), f"(process {status.pid})") as show:
        tell = _notifying(show) if notify else show
        told: State | None = None
        while status.running:
            if status.state is not None and status.state != told:
                told = status.state
                tell(told)
            time.sleep(POLL_SECONDS)
            status = lifecycle.status(root)


def _notifying(tell: Tell) -> Tell:
    """Tells the desktop too, and notes what stands in the way."""
    problems: list[str] = []
    desktop = notifier(problems.append)

    def tell_both(state: State) -> None:
        desktop.tell(state)
        for problem in problems:
            state = state.noting(problem)
        tell(state)

    return tell_both
