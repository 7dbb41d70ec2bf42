"""Desktop notifications: when what was in order no longer is, or is again, and when live has changed."""

from __future__ import annotations

import html
import shutil
import threading
from collections.abc import Callable, Sequence

from driftguard.daemon.state import Look, State
from driftguard.daemon.watcher import LIVE
from driftguard.errors import DriftguardError
from driftguard.findings import Severity, Side
from driftguard.process import run
from driftguard.report.visible import visible
from driftguard.verdict import CLEAN, Judged, Verdict

DEADLINE = 5.0
LONGEST = 200
MISSING = "no desktop notifications: neither notify-send nor osascript was found"
WEIGHTS = {severity: number for number, severity in enumerate(Severity)}

OSASCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
"""The texts are arguments, so nothing in them is run."""


class Notifier:
    """Hears every state of a watch, and sends at most one notification for each look.

    ``program`` is the full path of notify-send or osascript, None if there is none; ``log`` hears what went wrong.
    """

    def __init__(self, program: str | None, log: Callable[[str], None], send: Callable[[Sequence[str]], None]) -> None:
        self._program = program
        self._log = log
        self._send = send
        self._known: Look | None = None
        self._verdict: Verdict | None = None
        if program is None:
            log(MISSING)

    @property
    def note(self) -> str:
        """Why nothing will be sent; "" if it will."""
        return "" if self._program else MISSING

    def tell(self, state: State) -> None:
        """Never fails, and never waits."""
        look = state.looks[0] if state.looks else None
        if look is None or look == self._known or look.verdict is None:
            return
        was, self._known, self._verdict = self._verdict, look, look.verdict
        text = news(was, look) if was else ""
        if text and self._program:
            self._send(command(self._program, f"driftguard: {visible(state.root.name)}", text))


def notifier(log: Callable[[str], None]) -> Notifier:
    """With what this machine has."""

    def send(words: Sequence[str]) -> None:
        # In a thread of its own, because a desktop that hangs must not keep the watcher waiting.
        threading.Thread(target=_send, args=(words, log), name="driftguard notification", daemon=True).start()

    return Notifier(shutil.which("notify-send") or shutil.which("osascript"), log, send)


def news(was: Verdict, look: Look) -> str:
    """What is worth to be told of a look after the verdict ``was``, in one line; "" if nothing is."""
    now = look.verdict
    if now is None:
        return ""
    if was.exit_code == CLEAN and now.exit_code != CLEAN:
        return _worst(now.findings)
    if was.exit_code != CLEAN and now.exit_code == CLEAN:
        return "clean again"
    live = _of_live(now)
    if look.cause == LIVE and live != _of_live(was):
        return f"the live database has changed: {_worst(live)}" if live else "the live database has changed: it is fine"
    return ""


def command(program: str, title: str, text: str) -> tuple[str, ...]:
    """What to run; the body of notify-send is markup with escapes, so what would be one is told as text."""
    if program.endswith("osascript"):
        return (program, *(word for line in OSASCRIPT for word in ("-e", line)), title, text)
    return (program, "--app-name=driftguard", "--", title, html.escape(text, quote=False).replace("\\", "\\\\"))


def _worst(findings: Sequence[Judged]) -> str:
    """The weightiest finding, and how many more there are."""
    first, *others = sorted(findings, key=lambda judged: WEIGHTS[judged.severity])
    message = visible(first.finding.message)
    if len(message) > LONGEST:
        message = f"{message[: LONGEST - 1]}…"
    more = f" and {len(others)} more" if others else ""
    return f"{message} ({first.finding.code}){more}"


def _of_live(verdict: Verdict) -> tuple[Judged, ...]:
    return tuple(judged for judged in verdict.findings if judged.finding.side == Side.LIVE)


def _send(words: Sequence[str], log: Callable[[str], None]) -> None:
    try:
        done = run(words, deadline=DEADLINE)
    except (DriftguardError, OSError) as error:
        log(f"no desktop notification: {error}")
    else:
        if done.status:
            log(f"no desktop notification: {done.errors.decode(errors='replace').strip() or done.status}")
