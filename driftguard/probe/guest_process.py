"""A guest: one subprocess in the project's interpreter that answers calls over a private pipe."""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any, NamedTuple, Protocol

from driftguard.errors import DriftguardError
from driftguard.process import child, last_rites

PROTOCOL = 1
GUEST_FOLDER = Path(__file__).parent / "guest"
PROGRAM = "import sys; sys.path.insert(0, {folder!r}); from driftguard_guest.main import main; main()"
HELLO = b'{"call": "hello", "arguments": {}}\n'
STDERR_TAIL_LINES = 12
SELECTOR: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""One that holds no descriptor of its own."""

Answerer = Callable[[str, Mapping[str, Any]], Any]
"""Answers a question of the guest (its name and arguments); a DriftguardError is passed on as a refusal."""


class GuestFailed(Exception):
    """A call failed in the project: what kind of failure, one line, and further lines for the user."""

    def __init__(self, kind: str, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.details = details


class DeadlinePassed(Exception):
    """The guest did not answer in time; ``step`` is the call that it was busy with."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class Process(NamedTuple):
    """A running guest: the host's ends of its standard streams, and what gives its exit status once it is about to end.

    ``last_rites`` kills what is left of its process group; a negative status is the signal that ended it.
    """

    stdin: int
    stdout: int
    last_rites: Callable[[], int]


class Guest:
    """The host's end of the wire. Not safe for threads; ``answer`` serves what the guest asks while it works."""

    def __init__(self, process: Process, log: IO[bytes], deadline: float, answer: Answerer) -> None:
        self._process = process
        self._log = log
        self._deadline = deadline
        self._answer = answer
        self._received = bytearray()
        self._interrupted = False
        self.is_free = True
        """Whether no call is under way, so that one can be made."""

        self._selector = SELECTOR()
        self._selector.register(process.stdout, selectors.EVENT_READ)

    def call(self, name: str, **arguments: Any) -> Any:
        """The result of one call; raises GuestFailed, DeadlinePassed, or what ``answer`` raised while serving it."""
        self.begin(name, **arguments)
        return self.finish(name)

    def begin(self, name: str, **arguments: Any) -> None:
        """Have a call carried out while we do something else; nothing may be called before it is finished.

        Who was interrupted while a call was under way is so again: the guest is busy with it, and would not answer.
        """
        if self._interrupted:
            raise KeyboardInterrupt
        self.is_free = False
        self._send({"call": name, "arguments": arguments})

    def finish(self, name: str) -> Any:
        """The result of the call that was begun; raises as ``call`` does."""
        refusal: DriftguardError | None = None
        while True:
            message = self._receive(name)
            if "ask" in message:
                try:
                    self._send({"answer": self._answer(message["ask"], message["arguments"])})
                except DriftguardError as error:
                    refusal = error
                    self._send({"refused": error.message})
                continue
            self.is_free = True
            if refusal is not None:
                raise refusal
            if "result" in message:
                return message["result"]
            failed = message["error"]
            raise GuestFailed(failed["kind"], failed["message"], tuple(failed["details"]))

    @property
    def left(self) -> float:
        """Seconds until its deadline."""
        return self._deadline - time.monotonic()

    def renew(self, seconds: float) -> None:
        """Let the guest live on; what it is asked from now on has to be answered within ``seconds``."""
        self._deadline = time.monotonic() + seconds

    def _send(self, message: Mapping[str, Any]) -> None:
        left = memoryview(json.dumps(message).encode() + b"\n")
        try:
            while left:  # past the file object's buffer, which nobody could flush once the guest is gone
                left = left[os.write(self._process.stdin, left) :]
        except BrokenPipeError:
            raise self._died() from None

    def _receive(self, step: str) -> dict[str, Any]:
        while (end := self._received.find(b"\n")) < 0:
            try:
                ready = self._selector.select(max(0.0, self._deadline - time.monotonic()))
            except KeyboardInterrupt:
                self._interrupted = True
                raise
            if not ready:
                raise DeadlinePassed(step)
            chunk = os.read(self._process.stdout, 1 << 16)
            if not chunk:
                raise self._died()
            self._received += chunk
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        message: dict[str, Any] = json.loads(line)
        return message

    def _died(self) -> GuestFailed:
        code = self._process.last_rites()
        self._log.seek(0)
        tail = self._log.read().decode("utf-8", "replace").splitlines()[-STDERR_TAIL_LINES:]
        how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"left with exit code {code}"
        return GuestFailed("died", f"the project's interpreter {how}", tuple(tail))


class Start(Protocol):
    """How a guest begins: as a process of its own (``start``), or forked from one that has its packages loaded."""

    def __call__(
        self, python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
    ) -> AbstractContextManager[Guest]:
        """As ``start``."""


@contextmanager
def start(python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer) -> Iterator[Guest]:
    """A guest that is ended with its whole process group on leaving.

    Raises GuestFailed("interpreter") if ``python`` is no usable interpreter.
    """
    with spawned(python, cwd=cwd, environ=environ) as (process, log):
        yield greeted(process, log, seconds, answer)


@contextmanager
def spawned(python: str, *, cwd: Path, environ: Mapping[str, str]) -> Iterator[tuple[Process, IO[bytes]]]:
    """A process that has been asked for its hello, and what it writes to stderr; ended on leaving."""
    command = [python, "-c", PROGRAM.format(folder=str(GUEST_FOLDER))]
    with (
        _unnamed_file() as log,
        child(command, cwd=cwd, environ=environ, stdin=PIPE, stdout=PIPE, stderr=log) as popen,
    ):
        assert popen.stdin is not None and popen.stdout is not None
        with suppress(BrokenPipeError):  # told when its answer is missing
            os.write(popen.stdin.fileno(), HELLO)
        yield Process(popen.stdin.fileno(), popen.stdout.fileno(), partial(last_rites, popen)), log


def _unnamed_file() -> IO[bytes]:
    if sys.platform == "linux":
        return open(os.memfd_create("driftguard-log"), "w+b")
    import tempfile  # it takes long, and the guest has to begin

    return tempfile.TemporaryFile()


def greeted(process: Process, log: IO[bytes], seconds: float, answer: Answerer) -> Guest:
    """The guest, once it has said hello: any program may have been named as interpreter, and answer anything.

    Raises GuestFailed("interpreter").
    """
    guest = Guest(process, log, time.monotonic() + seconds, answer)
    try:
        hello = guest.finish("hello")
        protocol = hello["protocol"]
    except GuestFailed as error:
        raise GuestFailed("interpreter", error.message, error.details) from error
    except (KeyError, TypeError, ValueError) as error:
        raise GuestFailed("interpreter", "it is no Python interpreter") from error
    if protocol != PROTOCOL:
        raise GuestFailed("interpreter", f"the guest speaks protocol {protocol}, not {PROTOCOL}")
    return guest
