"""``driftguard daemon``: the watcher in the background."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from driftguard.commands.guarded import root_of
from driftguard.daemon import lifecycle
from driftguard.daemon.lifecycle import Status
from driftguard.daemon.view import told
from driftguard.errors import DriftguardError
from driftguard.report import Paint, painter
from driftguard.report.visible import visible, visible_lines

RUNNING, NOT_RUNNING = 0, 1


def start(*, start: Path, notify: bool = False) -> int:
    """Let a watcher run in the background, unless one runs."""
    root = root_of(start)
    begun = lifecycle.start(root, notify=notify)
    print(f"{'runs already' if begun.already else 'started'}: {visible(str(root))}")
    return 0


def stop(*, start: Path) -> int:
    """End the watcher; none is no mistake."""
    root = root_of(start)
    print(f"{'stopped' if lifecycle.stop(root) else 'none was running'}: {visible(str(root))}")
    return 0


def status(*, start: Path) -> int:
    """Say what the watcher knows; 0 if one runs, else 1."""
    found = lifecycle.status(root_of(start))
    print("\n".join(described(found, painter(sys.stdout, os.environ))))
    return RUNNING if found.running else NOT_RUNNING


def logs(*, start: Path, lines: int) -> int:
    """Print the end of the log."""
    log = lifecycle.log_of(root_of(start))
    if not log.exists():
        raise DriftguardError(f"there is no log: {log}", "`driftguard daemon start` begins one")
    earlier = log.with_name(f"{log.name}.1")
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in (earlier, log) if path.exists())
    found = [line for text in texts for line in visible_lines(text.rstrip("\n"))]
    print("\n".join(found[-lines:]))
    return 0


def described(status: Status, paint: Paint) -> Iterator[str]:
    """A status in a few lines."""
    yield _row("daemon", _whether(status))
    yield _row("folder", visible(str(status.root)))
    if status.state is not None:
        yield from (_row("last look", told(look, paint)) for look in status.state.looks[:1])
        yield _row("now", visible(status.state.busy) or "waiting for changes")
        yield from (_row("note", visible(note)) for note in status.state.notes)
    yield _row("log", visible(str(status.log)))


def _whether(status: Status) -> str:
    if not status.running:
        return "not running"
    if not status.pid:
        return "running, but it does not answer"
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.since))
    return f"running, process {status.pid}, since {since}"


def _row(name: str, text: str) -> str:
    return f"{name:<9}  {text}"
