"""A private database server that all driftguard processes of a user share.

Whoever comes first starts it, whoever leaves last stops it. Nothing here trusts a process number: who uses the server,
and whether it runs, is told by locks on open files, which the kernel drops with the process that held them. A user that
was killed therefore leaves at most a running server, and the next user takes that over and stops it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from driftguard import process
from driftguard.process import Account
from driftguard.shadow.errors import NoShadow
from driftguard.shadow.place import own_folder, socket_folder

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.005
KEPT_SECONDS = 10 * 24 * 3600.0

# The server is a grandchild: it outlives whoever starts it, and init collects it. Its number goes to standard output
# (the file "pid"), written by the shell, so that not even a kill of driftguard at this moment can lose it.
LAUNCH = '"$@" >&2 </dev/null & echo $!'
SIGNAL = 'kill -"$0" "$1"'


class Folders(NamedTuple):
    """``data`` belongs to the server and may hold anything, ``socket`` is where it listens."""

    data: Path
    socket: Path


class ServerKind(NamedTuple):
    """One kind of server as commands. Functions of ``Folders`` are pure, but for ``ready``.

    ``name``: of its folder; servers of one name can run on each other's data. ``socket``: file name of its socket.
    ``initialise``: commands that make ``data``, each tried on an empty folder until one succeeds.
    ``serve``: the server in the foreground, not as a daemon. ``ready``: does it take connections?
    ``stop``: the signal on which it ends cleanly, whoever is connected.
    """

    name: str
    socket: str
    initialise: Callable[[Folders], tuple[tuple[str, ...], ...]]
    serve: Callable[[Folders], tuple[str, ...]]
    ready: Callable[[Folders], bool]
    stop: signal.Signals


@contextmanager
def use(kind: ServerKind, place: Path, account: Account | None) -> Iterator[Path]:
    """The socket's folder of the running server, for as long as the context lasts.

    ``place``: the folder of all private servers (``place.servers_folder``). ``account``: who the server runs as.
    Raises ``NoShadow`` when it cannot be started.
    """
    with _problems_named(kind):
        home = own_folder(place / kind.name, 0o711 if account else 0o700)
        with _locked(home / "lock", START_SECONDS):
            server = _Server(kind, home, account)
            server.ensure_running()
            users = _lock(home / "users", fcntl.LOCK_SH, START_SECONDS)
    try:
        yield server.folders.socket
    finally:
        with _problems_named(kind), _locked(home / "lock", START_SECONDS):
            os.close(users)
            if _is_free(home / "users"):
                server.stop()


def is_running(home: Path) -> bool:
    """Is a process left of the server whose folder (``place`` / its kind's name) this is?"""
    return not _is_free(home / "running")


def homes(place: Path) -> tuple[Path, ...]:
    """The folders of the servers that were ever started there."""
    return tuple(sorted(lock.parent for lock in place.glob("*/lock")))


def forget(home: Path) -> bool:
    """Remove a server's data, unless somebody uses it. Raises ``NoShadow`` if it is being started or stopped."""
    with _locked(home / "lock", STOP_SECONDS):
        if is_running(home) or not _is_free(home / "users"):
            return False
        for left in ("data", "log", "pid"):
            path = home / left
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    return True


class _Server:
    """The server of one home folder. Everything here is done while holding the home's lock.

    The file "running" is locked by the server's own processes, which inherit the lock: it tells whether one is left.
    The file "pid" is there from before the data is made until the server has ended cleanly.
    """

    def __init__(self, kind: ServerKind, home: Path, account: Account | None) -> None:
        self.kind = kind
        self.account = account
        self.home = home
        self.folders = Folders(home / "data", socket_folder(home, kind.socket, account))

    def ensure_running(self) -> None:
        """Raises ``NoShadow`` if it does not start, also not on data made anew."""
        if is_running(self.home):
            if self._wait(self._usable, START_SECONDS):
                return
            self._kill()
        if self._data_is_sound() and self._starts():
            return
        try:
            self._make_data()
            if not self._starts():
                raise NoShadow(f"a private {self.kind.name} server does not start: {self._last_words()}")
        except BaseException:
            self._remove_data()  # where there was no room for it, it takes up what there is
            raise

    def stop(self) -> None:
        """End it cleanly; if it takes too long, end it and forget its data."""
        self._signal(self.kind.stop)
        if self._wait(self._ended, STOP_SECONDS):
            (self.home / "pid").unlink(missing_ok=True)
            self._remove_socket()
        else:
            self._kill()

    def _data_is_sound(self) -> bool:
        """With durability off, data that was not closed cleanly is worth nothing.

        Neither is what lay unused so long that the system's cleaners may have taken some of its files.
        """
        try:
            age = time.time() - (self.home / "log").stat().st_mtime
        except FileNotFoundError:
            return False
        return age < KEPT_SECONDS and self.folders.data.exists() and not (self.home / "pid").exists()

    def _starts(self) -> bool:
        self._launch()
        if self._wait(self._usable, START_SECONDS):
            return True
        self._kill()
        return False

    def _make_data(self) -> None:
        (self.home / "pid").write_bytes(b"")
        for command in self.kind.initialise(self.folders):
            if self.folders.data.exists():
                shutil.rmtree(self.folders.data)
            own_folder(self.folders.data, 0o700, self.account)
            made = process.run(
                command,
                deadline=START_SECONDS,
                cwd=self.folders.data,
                environ=_environment(),
                account=self.account,
            )
            if made.status == 0:
                return
        reason = (made.errors or made.output).decode(errors="replace").strip()
        raise NoShadow(f"{Path(command[0]).name} cannot make a private {self.kind.name} server: {reason}")

    def _remove_data(self) -> None:
        shutil.rmtree(self.folders.data, ignore_errors=True)
        (self.home / "pid").unlink(missing_ok=True)
        self._remove_socket()

    def _remove_socket(self) -> None:
        with suppress(OSError):
            self.folders.socket.rmdir()

    def _launch(self) -> None:
        for leftover in self.folders.socket.iterdir():
            leftover.unlink()
        running = _lock(self.home / "running", fcntl.LOCK_EX, STOP_SECONDS)
        try:
            with open(self.home / "pid", "wb") as pid, open(self.home / "log", "wb") as log:
                launch = ["/bin/sh", "-c", LAUNCH, "sh", *self.kind.serve(self.folders)]
                with process.child(
                    launch,
                    cwd=self.folders.data,
                    environ=_environment(),
                    account=self.account,
                    stdout=pid,
                    stderr=log,
                    pass_fds=(running,),
                ) as shell:
                    shell.wait()
        finally:
            os.close(running)

    def _usable(self) -> bool:
        return self.kind.ready(self.folders) and _answers(self.folders.socket / self.kind.socket)

    def _ended(self) -> bool:
        return not is_running(self.home)

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Did it come true before time was up or the server ended?"""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._ended() or time.monotonic() > deadline:
                return condition()
            time.sleep(POLL_SECONDS)
        return True

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)
        if not self._wait(self._ended, STOP_SECONDS):
            raise NoShadow(
                f"the private {self.kind.name} server in {self.home} neither answers nor ends",
                f"end the processes that run on {self.folders.data}",
            )

    def _signal(self, which: signal.Signals) -> None:
        """Only to a process that was started on this data: another container's may have its number here."""
        try:
            pid = int((self.home / "pid").read_text())
        except (OSError, ValueError):
            return
        if str(self.folders.data) in process.command_line(pid):
            command = ("/bin/sh", "-c", SIGNAL, which.name.removeprefix("SIG"), str(pid))
            process.run(command, deadline=STOP_SECONDS, cwd=Path("/"), account=self.account)

    def _last_words(self) -> str:
        with suppress(OSError, IndexError):
            return (self.home / "log").read_text(errors="replace").strip().splitlines()[-1]
        return "it said nothing"


def _environment() -> dict[str, str]:
    """Nothing that a server would take for a setting (PGPORT, MYSQL_…), and messages in one language."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C"}


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(os.fsencode(path))
        except OSError:
            return False
    return True


@contextmanager
def _problems_named(kind: ServerKind) -> Iterator[None]:
    try:
        yield
    except (OSError, subprocess.SubprocessError, process.DeadlinePassed) as error:
        raise NoShadow(f"no private {kind.name} server: {error}") from error


@contextmanager
def _locked(path: Path, seconds: float) -> Iterator[None]:
    handle = _lock(path, fcntl.LOCK_EX, seconds)
    try:
        yield
    finally:
        os.close(handle)


def _lock(path: Path, kind: int, seconds: float) -> int:
    """The open file, locked until every process that has it open closed it. Raises ``NoShadow`` when time is up."""
    deadline = time.monotonic() + seconds
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_lock(handle, kind):
            if time.monotonic() > deadline:
                raise NoShadow(f"another process has held {path} for {seconds:g} seconds", f"see who: fuser '{path}'")
            time.sleep(POLL_SECONDS)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _try_lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(path: Path) -> bool:
    """Has nobody locked the file?"""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return _try_lock(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)
