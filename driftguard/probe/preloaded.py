"""Guests that need not import anything: forked from a process that has the project's packages loaded.

For each interpreter such a *preloader* runs beside the host (``driftguard_guest.preloaded``). It is asked for a guest
through a socket and forks it; the guest's standard streams come with the request. What a fresh interpreter would have
decided otherwise is never lent: before each fork the preloader compares what it loaded with what lies on disk, and only
requests are put to it whose environment agrees with its own in every variable that the interpreter or an import has
looked at. Where anything is in doubt, an ordinary guest is started.

Who may signal whom: the preloader is its guests' parent and kills their process groups before it reaps them, when the
host closes a guest's line or disappears. Only if the preloader has gone, the host does so, by a handle that cannot come
to mean another process (pidfd_open(2)); a process group's number is not given out again while its leader lives.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Any

from driftguard.probe import guest_process
from driftguard.probe.guest_process import (
    GUEST_FOLDER,
    HELLO,
    Answerer,
    DeadlinePassed,
    Guest,
    GuestFailed,
    Process,
    greeted,
)
from driftguard.process import child

PROGRAM = (
    "import sys; sys.path.insert(0, {folder!r}); "
    "from driftguard_guest.preloaded import serve; serve({began}, {descriptor}); "
    "from driftguard_guest.main import main; main()"
)
KEPT = 2
PATIENCE_SECONDS = 5.0
"""A preloader answers at once; one that does not is ended."""

PAUSE_SECONDS = 60.0
"""How long none is started for an interpreter in which it could not load what it has to."""

POLL_SECONDS = 0.01
PACKET_BYTES = 1 << 20
LOOKED_AT_EARLY = (
    *("PYTHON", "LD_", "LC_", "LANG", "TZ", "HOME"),
    *("OPENSSL_", "SSL_", "COVERAGE_", "SETUPTOOLS_", "VIRTUAL_"),
)
"""How the names of variables begin that decide something before an import could be watched."""

WORTH_LOADING = (
    *("sqlalchemy.orm", "sqlalchemy.ext.asyncio", "sqlalchemy.ext.declarative", "sqlalchemy.dialects.mysql"),
    *("sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "driftguard_guest.reflect", "logging.config"),
    *("aiosqlite", "asyncpg", "MySQLdb", "psycopg", "psycopg2", "pymysql"),
    *("flask.cli", "flask_sqlalchemy", "flask_migrate"),
)
"""Loaded as soon as a guest has used them; their import neither starts threads nor looks at the project."""


class NotForked(Exception):
    """A preloader gave no guest; why."""


class PreloadedGuests:
    """Starts guests, from any thread; ends what it holds ready on leaving."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._preloaders: list[Preloader] = []  # the last one was used last
        self._used: dict[str, set[str]] = {}  # by interpreter: what is worth loading there
        self._can_fork = _can_fork()
        self._closed = False

    def __enter__(self) -> PreloadedGuests:
        return self

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._closed = True
            preloaders, self._preloaders = self._preloaders, []
        for each in preloaders:
            each.retire()

    @contextmanager
    def start(
        self, python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
    ) -> Iterator[Guest]:
        """As ``guest_process.start``, which it is as long as nothing is loaded, or nothing that serves this guest."""
        with ExitStack() as stack:
            guest = self._forked(stack, python, cwd, environ, seconds, answer) or stack.enter_context(
                guest_process.start(python, cwd=cwd, environ=environ, seconds=seconds, answer=answer)
            )
            yield guest
            self._learn(python, guest)

    def start_patiently(
        self, python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
    ) -> AbstractContextManager[Guest]:
        """As ``start``, for those who would rather wait for a fork than have a larger process of their own."""
        self.prepare(python, cwd=cwd, environ=environ)
        return self.start(python, cwd=cwd, environ=environ, seconds=seconds, answer=answer)

    def prepare(self, python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float = 30.0) -> bool:
        """Wait until a guest could be forked; whether one can."""
        preloader = self._preloader(python, cwd, environ)
        return preloader is not None and preloader.is_ready(seconds)

    def _forked(
        self, stack: ExitStack, python: str, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
    ) -> Guest | None:
        preloader = self._preloader(python, cwd, environ)
        if preloader is None or not preloader.is_ready() or not cwd.is_dir():
            return None
        try:
            with ExitStack() as attempt:
                log = attempt.enter_context(tempfile.TemporaryFile())
                process = attempt.enter_context(preloader.fork(cwd, environ, log))
                os.write(process.stdin, HELLO)
                guest = greeted(process, log, seconds, answer)
                stack.enter_context(attempt.pop_all())
                return guest
        except (NotForked, GuestFailed, OSError):
            self._retire(preloader)
            self._preloader(python, cwd, environ)
            return None

    def _preloader(self, python: str, cwd: Path, environ: Mapping[str, str]) -> Preloader | None:
        """The one that serves such requests, maybe just started; None where there cannot be any."""
        if not self._can_fork or not Path(python).is_absolute():
            return None
        with self._lock:
            if self._closed:
                return None
            found = next((each for each in self._preloaders if each.serves(python, cwd, environ)), None)
            if found is not None and found.has_failed():
                self._preloaders.remove(found)
                found.retire()
                found = None
            if found is None:
                try:
                    found = Preloader(python, cwd, environ)
                except OSError:
                    return None
                found.load(self._used.get(python, ()))
            else:
                self._preloaders.remove(found)
            self._preloaders.append(found)
            while len(self._preloaders) > KEPT:
                self._preloaders.pop(0).retire()
            return found

    def _retire(self, preloader: Preloader) -> None:
        with self._lock:
            if preloader not in self._preloaders:
                return
            self._preloaders.remove(preloader)
        preloader.retire()

    def _learn(self, python: str, guest: Guest) -> None:
        """Let what this guest has used be loaded for the next one, unless it is busy with what nobody waited for."""
        if not guest.is_free:
            return
        try:
            used = guest.call("loaded", names=WORTH_LOADING)
        except (GuestFailed, DeadlinePassed):
            return
        with self._lock:
            known = self._used.setdefault(python, set())
            known.update(used)
            for each in self._preloaders:
                if each.python == python:
                    each.load(known)


class Preloader:
    """The host's side of one; it is started at once, and ``retire`` ends it after the last of its guests."""

    def __init__(self, python: str, cwd: Path, environ: Mapping[str, str]) -> None:
        self.python = python
        self._cwd = cwd
        self._environ = dict(environ)
        self._looked_at: frozenset[str] = frozenset()
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._answers_due = 1
        self._was_ready = False
        self._gone = False
        self._busy_since = time.monotonic()
        self._users = 1
        with ExitStack() as stack:
            self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(self._line)
            with theirs:
                program = PROGRAM.format(folder=str(GUEST_FOLDER), began=time.time_ns(), descriptor=theirs.fileno())
                process = child(
                    [python, "-c", program],
                    cwd=cwd,
                    environ=environ,
                    stdout=DEVNULL,
                    stderr=DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
                self.pid = stack.enter_context(process).pid
            self._stack = stack.pop_all()

    def serves(self, python: str, cwd: Path, environ: Mapping[str, str]) -> bool:
        """Whether a fresh interpreter would have loaded the same in the same way."""
        differing = {name for name, _ in environ.items() ^ self._environ.items()}
        return (
            python == self.python
            and (cwd == self._cwd or "PYTHONPATH" not in environ)  # which may hold relative paths
            and not any(name.startswith(LOOKED_AT_EARLY) or name in self._looked_at for name in differing)
        )

    def has_failed(self) -> bool:
        """Whether it is of no use, and another one may be tried."""
        if self._listens() and not self._answers_due:
            return False
        return (self._gone and self._was_ready) or time.monotonic() > self._busy_since + PAUSE_SECONDS

    def load(self, names: Iterable[str]) -> None:
        """Let it load these modules as well, while nobody waits for them."""
        wanted = sorted(set(names) - self._asked)
        with self._lock, suppress(OSError):
            if wanted and self._users and not self._gone:
                self._line.sendall(json.dumps({"load": wanted}).encode())
                self._answers_due += 1
                self._busy_since = time.monotonic()
                self._asked.update(wanted)

    def is_ready(self, seconds: float = 0.0) -> bool:
        """Whether it would fork at once; waits for that at most ``seconds``."""
        deadline = time.monotonic() + seconds
        while self._listens() and self._answers_due and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return not self._gone and not self._answers_due

    def _listens(self) -> bool:
        """Take note of what it has said by now; False if it has gone."""
        with self._lock:
            while self._users and not self._gone and _readable(self._line.fileno(), 0.0):
                message = _receive(self._line)
                if message is None:
                    self._gone = True
                else:
                    self._answers_due -= 1
                    self._was_ready = True
                    self._looked_at = frozenset(message["variables"])
            return not self._gone

    @contextmanager
    def fork(self, cwd: Path, environ: Mapping[str, str], log: IO[bytes]) -> Iterator[Process]:
        """A guest that is ended with its whole process group on leaving. Raises NotForked, OSError."""
        with ExitStack() as stack:
            self._borrow()
            stack.callback(self._give_back)
            line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(line)
            with ExitStack() as given:
                given.enter_context(theirs)
                given_stdin, stdin = _pipe(given, stack)
                stdout, given_stdout = _pipe(stack, given)
                descriptors = [given_stdin, given_stdout, log.fileno(), theirs.fileno()]
                socket.send_fds(self._line, [json.dumps(self._request(cwd, environ)).encode()], descriptors)
            with Life.begin(line, self.pid) as life:
                yield Process(stdin, stdout, life.last_rites)

    def retire(self) -> None:
        """It gets no more requests, and ends when it has no guests."""
        self._give_back()

    def _borrow(self) -> None:
        with self._lock:
            if not self._users:
                raise NotForked("it has been retired")
            self._users += 1

    def _give_back(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._gone = True
                self._stack.close()

    def _request(self, cwd: Path, environ: Mapping[str, str]) -> dict[str, Any]:
        return {
            "cwd": _text(cwd),
            "unset": [_text(name) for name in self._environ.keys() - environ.keys()],
            "set": {_text(name): _text(value) for name, value in environ.items() if self._environ.get(name) != value},
        }


class Life:
    """A forked guest's life: until its parent tells its exit status on ``line``, or can do that no more."""

    def __init__(self, line: socket.socket, pid: int, handle: int) -> None:
        self._line = line
        self._pid = pid
        self._handle = handle
        self._status: int | None = None

    @classmethod
    @contextmanager
    def begin(cls, line: socket.socket, parent: int) -> Iterator[Life]:
        """The guest is ended on leaving. Raises NotForked."""
        if not _readable(line.fileno(), PATIENCE_SECONDS):
            raise NotForked("the preloader does not answer")
        answer = _receive(line)
        if answer is None or "pid" not in answer:
            raise NotForked(answer["refused"] if answer else "the preloader has gone")
        with _handle(answer["pid"], parent) as handle:
            life = cls(line, answer["pid"], handle)
            try:
                yield life
            finally:
                life._end()

    def last_rites(self) -> int:
        """The exit status of a guest that is about to end."""
        _readable(self._handle, None)
        return self._end()

    def _end(self) -> int:
        if self._status is None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_WR)  # which makes the parent kill what is left
            answer = _receive(self._line) if _readable(self._line.fileno(), PATIENCE_SECONDS) else None
            self._status = answer["status"] if answer else self._kill_orphan()
        return self._status

    def _kill_orphan(self) -> int:
        """End a guest whose parent can do it no more."""
        if not _readable(self._handle, 0.0):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        _readable(self._handle, PATIENCE_SECONDS)
        return -signal.SIGKILL


@contextmanager
def _handle(pid: int, parent: int) -> Iterator[int]:
    """What stands for this very child of ``parent``, a process that has not been reaped. Raises NotForked, OSError.

    Its parent is asked for when the handle is there: by then the number could have become somebody else's.
    """
    handle = os.pidfd_open(pid)
    try:
        if _parent_of(pid) != parent:
            raise NotForked("the guest has gone already")
        yield handle
    finally:
        os.close(handle)


def _parent_of(pid: int) -> int:
    """Field 4 of proc_pid_stat(5); the second field may itself hold spaces and parentheses."""
    return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])


def _can_fork() -> bool:
    """Whether the system has all that it takes."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return sys.platform == "linux"


def _pipe(readers: ExitStack, writers: ExitStack) -> tuple[int, int]:
    """The ends of a pipe, each closed by whom it belongs to."""
    reader, writer = os.pipe()
    readers.callback(os.close, reader)
    writers.callback(os.close, writer)
    return reader, writer


def _receive(line: socket.socket) -> dict[str, Any] | None:
    """One message; None if the other side has gone."""
    try:
        packet = line.recv(PACKET_BYTES)
    except OSError:
        return None
    message: dict[str, Any] | None = json.loads(packet) if packet else None
    return message


def _readable(descriptor: int, seconds: float | None) -> bool:
    """Whether there is something to read, or the end; waits for it, without ``seconds`` as long as it takes."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else max(0.0, seconds) * 1000))


def _text(value: str | Path) -> str:
    """The bytes that the system knows it by, one character each: the guest's encoding may not be ours."""
    return os.fsencode(value).decode("latin-1")
