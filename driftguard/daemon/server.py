"""Answers what git hooks and commands ask a watcher over its socket."""

from __future__ import annotations

import os
import pickle
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from driftguard import __version__
from driftguard.daemon.client import ADDRESS, LONGEST, SOCKET, pack, receive
from driftguard.daemon.place import Place, clear, socket_places
from driftguard.daemon.state import State
from driftguard.daemon.watcher import Watch
from driftguard.errors import DriftguardError

MOST_CONNECTIONS = 8
BEGUN = bytes(4)
"""An empty message: the answer will follow."""

QUESTION_SECONDS = 2.0
"""In which a question must have arrived, and in which each piece of an answer must be taken."""

LONGEST_WAIT = 600.0
PEER = struct.Struct("3i")
"""``struct ucred`` of unix(7): process, user and group."""


class Server:
    """Answers until it is closed; each connection in a thread of its own, so that one that hangs is alone.

    ``stop`` is set when somebody asks for the end. ``tell`` is to be called with every new state of the watch.
    """

    def __init__(
        self, listener: socket.socket, watch: Watch, stop: threading.Event, log: Callable[[str], None]
    ) -> None:
        self._listener = listener
        self._watch = watch
        self._stop = stop
        self._log = log
        self._since = time.time()
        self._state: State | None = None
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._waking, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, name="driftguard server", daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waking.close()
        self._thread.join()
        self._woken.close()

    def tell(self, state: State) -> None:
        """What is answered when somebody asks for it."""
        self._state = state

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while all(key.fileobj is self._listener for key, _ in selector.select()):
                try:
                    connection, _ = self._listener.accept()
                except OSError as error:  # gone before it was accepted, or too many files are open
                    self._log(f"a connection failed: {error}")
                    time.sleep(0.1)
                    continue
                if not self._free.acquire(blocking=False):
                    connection.close()
                    continue
                threading.Thread(target=self._serve, args=(connection,), name="driftguard answer", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                if not _is_ours(connection):
                    return
                question = receive(connection, time.monotonic() + QUESTION_SECONDS, LONGEST)
                connection.settimeout(QUESTION_SECONDS)
                connection.sendall(BEGUN)
                answer = self._answer(question.split(b"\0"))
                connection.settimeout(QUESTION_SECONDS)
                connection.sendall(pack(*answer))
        except (OSError, ValueError) as error:
            self._log(f"a question was not answered: {error!r}")
        finally:
            self._free.release()

    def _answer(self, question: list[bytes]) -> tuple[bytes, ...]:
        match question:
            case [version, _, *_] if version[:1].isdigit() and version != __version__.encode():
                self._log("another version of driftguard asks: leaving, so that it can start its own")
                self._end()
                return (b"version",)
            case [version, *_] if version != __version__.encode():
                return (b"what",)
            case [_, b"ping"]:
                return (b"ok",)
            case [_, b"status"]:
                return (b"ok", pickle.dumps((os.getpid(), self._since, self._state)))
            case [_, b"stop"]:
                self._end()
                return (b"ok",)
            case [_, b"live", seconds, *was]:
                known = tuple(each.decode() for each in was)
                return (b"ok", b"same" if self._watch.live_is(known, _seconds(seconds)) else b"changed")
            case [_, b"staged", moment, seconds, cwd, *environ]:
                pairs = (os.fsdecode(each).partition("=") for each in environ)
                variables = {name: value for name, _, value in pairs}
                told = self._watch.answer(moment.decode(), variables, Path(os.fsdecode(cwd)), _seconds(seconds))
                if told is None:
                    return (b"no",)
                texts = (text.replace("\0", "").encode(errors="replace") for text in (told.plain, told.coloured))
                return (b"ok", b"%d" % told.exit_code, *texts)
        return (b"what",)

    def _end(self) -> None:
        self._stop.set()
        self._watch.wake()


@contextmanager
def listening(place: Place, folder: int) -> Iterator[socket.socket]:
    """The socket, in place of one that a killed watcher left; ``folder`` is the locked place's descriptor."""
    clear(folder)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        stack.callback(clear, folder)
        path = _bind(listener, place)
        path.chmod(0o600)
        if path.parent != place.folder:
            (place.folder / ADDRESS).write_bytes(os.fsencode(path))
        listener.listen(MOST_CONNECTIONS)
        listener.setblocking(False)
        yield listener


def _bind(listener: socket.socket, place: Place) -> Path:
    problem: OSError | None = None
    for path in socket_places(place):
        with suppress(FileNotFoundError):
            path.unlink()
        try:
            listener.bind(os.fspath(path))
        except OSError as error:
            problem = error
        else:
            return path
    raise DriftguardError(f"no socket can be made in {place.folder / SOCKET}: {problem}") from problem


def _is_ours(connection: socket.socket) -> bool:
    """Whether the same user asks; the folder lets nobody else in either."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, user, _ = PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    return bool(user == os.geteuid())


def _seconds(text: bytes) -> float:
    return min(max(float(text), 0.0), LONGEST_WAIT)
