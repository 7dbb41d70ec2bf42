"""A terminal with a program in it: what is on its screen, keys, and another size."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HOME = "\x1b[H"
ALTERNATE, BACK = "\x1b[?1049h", "\x1b[?1049l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
PATIENCE = 60.0


class Terminal:
    """``wrote`` is all that the program has written; use it as a context."""

    def __init__(self, command: Sequence[str | Path], cwd: Path, environ: Mapping[str, str], size: tuple[int, int]):
        self._ours, theirs = pty.openpty()
        self.resize(*size)
        self.wrote = ""
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environ, "PYTHONFAULTHANDLER": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def screen(self) -> str:
        """The newest picture, without colours."""
        return CONTROL.sub("", self.wrote.rpartition(HOME)[2]).replace("\r\n", "\n")

    def until(self, *texts: str) -> str:
        """The screen, as soon as it has all of ``texts``."""
        end = time.monotonic() + PATIENCE
        while not all(text in self.screen for text in texts):
            if not self._read(end):
                raise AssertionError(f"waited for {texts}, and saw:\n{self.screen}\n{self._stacks()}")
        return self.screen

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """As a window does; the program gets SIGWINCH from the kernel."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def ends(self) -> int:
        """The exit code, when the program has ended by itself."""
        end = time.monotonic() + PATIENCE
        while self._read(end):
            pass
        return self.process.wait(max(end - time.monotonic(), 0.1))

    def _stacks(self) -> str:
        """Ends the program; where it was."""
        known = len(self.wrote)
        self.process.send_signal(signal.SIGABRT)
        end = time.monotonic() + 2
        while self._read(end):
            pass
        return self.wrote[known:]

    def _read(self, end: float) -> bool:
        """Whether there was something to read; not at the end of the program, nor after ``end``."""
        if not select.select([self._ours], [], [], max(end - time.monotonic(), 0.0))[0]:
            return False
        with suppress(OSError):  # how Linux tells that nobody has the other side open
            chunk = os.read(self._ours, 1 << 16)
            self.wrote += chunk.decode(errors="replace")
            return bool(chunk)
        return False


def _own_terminal() -> None:
    """Makes standard input the terminal that the child is controlled by, so that Ctrl-C reaches it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
