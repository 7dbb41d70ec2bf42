"""A guarded project in which things go wrong: what runs for it, what lies around because of it, and where it waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from fixtures.execute import execute
from guarded import Answer
from hooked import add_column, add_revision, plain, told

from driftguard import process
from driftguard.daemon.lifecycle import status
from driftguard.daemon.place import LOCK, LOG
from driftguard.daemon.state import Look
from driftguard.shadow.place import server_account, servers_folder
from driftguard.shadow.postgresql import site_of_socket
from driftguard.shadow.postgresql_binaries import by_preference, find
from driftguard.shadow.postgresql_private import PORT, SUPERUSER, private_server
from driftguard.shadow.request import Request
from driftguard.shadow.server import is_running

MARK = "DRIFTGUARD_TESTS_MARK"
WAITING = "5be1c07f2d94"
NOBODY = "postgresql+psycopg://somebody@127.0.0.1:1/shop"
PATIENCE = 60.0

GATE = """    from pathlib import Path
    if (gate := Path({gate!r})).exists():
        gate.open().read()
"""
HOOK, ENGINE, GUEST, PRELOADER, DAEMON = (
    *("driftguard.hook import", "-m driftguard check", "driftguard_guest.main import"),
    *("driftguard_guest.preloaded import", "-m driftguard.daemon"),
)
"""By what they are known: command lines."""

PENDING = {"DG302"}
"""What is told of a live database to which nothing was applied."""

DRAFTS = ("*draft*", "moment.*", ".*", "tmp*", "*partial*")


class Running(NamedTuple):
    """A process of ours."""

    pid: int
    command: str


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What ``condition`` gives as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"still not: {condition}"
        time.sleep(0.02)
    return found


class Yard:
    """The plain project with hooks. One more revision, staged, waits as long as the gate is shut."""

    def __init__(self, folder: Path, mark: str) -> None:
        self.folder = folder
        self.cache, self.temporary, self.gate = folder / "cache", folder / "tmp", folder / "gate"
        self.temporary.mkdir()
        self.mark = f"{MARK}={mark}".encode()
        self.seen: set[int] = set()
        self.ours = {os.getpid()}
        self.project = plain(folder / "shop")
        self.root = self.project.root
        self.own = self.root / ".git" / "driftguard"
        self.project.environ |= {"TMPDIR": str(self.temporary), "DRIFTGUARD_CACHE_DIR": str(self.cache)}
        self.project.environ[MARK] = mark
        path = add_revision(self.project, WAITING, "colour")
        self.revision = Path(path).name
        self.project.replace(path, "def upgrade():\n", "def upgrade():\n@")
        text = (self.root / path).read_text()
        body, _, rest = text.partition("@")
        add, _, end = rest.partition("\n\n\n")
        self.project.write(path, body + add + "\n" + GATE.format(gate=str(self.gate)) + "\n\n" + end)
        add_column(self.project, "colour")
        self.project.git("add", "--all")

    def drift(self) -> None:
        """Stage a column that no revision makes."""
        add_column(self.project, "weight", "items")
        self.project.git("add", "models.py")

    # What runs.

    def processes(self) -> list[Running]:
        """All that still run and have inherited the mark, or name the folder."""
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            pid = int(each.name)
            try:
                marked = self.mark in (each / "environ").read_bytes().split(b"\0")
                command = process.command_line(pid)
            except OSError:
                continue
            if pid not in self.ours and (marked or f"{self.folder}/" in command) and process.started(pid) is not None:
                found.append(Running(pid, command))
        self.seen.update(each.pid for each in found)
        return found

    def find(self, kind: str) -> list[int]:
        """The processes of one kind, the oldest first."""
        found = [each.pid for each in self.processes() if kind in each.command]
        return sorted(found, key=lambda pid: int(process.started(pid) or 0))

    def one(self, kind: str) -> int:
        """Its only process, when there is one."""
        [pid] = eventually(lambda: self.find(kind))
        return int(pid)

    def servers(self) -> list[Path]:
        """The homes of private servers that run."""
        return [home for home in self._homes() if is_running(home)]

    def postmaster(self) -> int:
        [home] = self.servers()
        return int((home / "pid").read_text())

    def databases(self) -> set[str]:
        """What lies on the private server but for what is kept on purpose."""
        request = Request("postgresql", "psycopg")
        with private_server(by_preference(find(), ""), self.cache) as server:
            site = site_of_socket(request, server.socket, PORT, SUPERUSER, server.binaries.version)
            rows = execute(site.admin_url, ("SELECT CAST(datname AS text) FROM pg_database",))
        names = {name or "" for [name] in rows}
        return {name for name in names if name.startswith("driftguard_") and not name.startswith("driftguard_kept_")}

    def _homes(self) -> list[Path]:
        place = servers_folder(self.cache, server_account(["postgres"]))
        return [lock.parent for lock in place.glob("*/lock")]

    # The gate.

    def shut(self) -> None:
        os.mkfifo(self.gate, 0o666)

    def somebody_waits(self) -> int:
        """The gate's other end, as soon as a revision stands before it."""

        def entered() -> int | None:
            self.processes()
            with suppress(OSError):
                return os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
            return None

        return int(eventually(entered))

    def open_gate(self, *ends: int) -> None:
        """Let everybody through, now and later."""
        self.gate.unlink()
        for each in ends:
            os.close(each)

    # The hook.

    def begin_hook(self, *before: str, environ: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """The hook as git starts it."""
        return subprocess.Popen(
            [*before, str(self.root / ".git/hooks/pre-commit")],
            cwd=self.root,
            env={**self.project.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def hook(self, *before: str, environ: dict[str, str] | None = None) -> Answer:
        """Run to its end, which must come long before a watcher's patience is over."""
        begun = self.begin_hook(*before, environ=environ)
        try:
            eventually(lambda: [self.processes(), begun.poll() is not None][1], 40)
            out, _ = begun.communicate()
        finally:
            begun.kill()
        return Answer(begun.returncode, out, "")

    def is_right(self, *before: str) -> None:
        """The hook finds what is wrong, and nothing else."""
        answer = self.hook(*before)
        assert (answer.code, told(answer) - PENDING) == (1, {"DG201"}), answer.out
        assert "items.weight" in answer.out and "shelves.colour" not in answer.out, answer.out

    # What lies around.

    def nothing_is_left(self) -> None:
        """No process, no server, no file."""
        eventually(lambda: not self.processes(), 20)
        assert not self.servers()
        left = self.files()
        assert left == [], left

    def files(self) -> list[str]:
        """What should have gone, wherever it may be."""
        shm = [path for path in Path("/dev/shm").glob("driftguard-*") if _number(path.name) in self.seen]
        drafts = [path for place in (self.cache, self.own) for name in DRAFTS for path in place.rglob(name)]
        own = [path for path in self.own.glob("*") if path.name not in ("memo", "standing", LOCK, LOG, "interpreter")]
        sockets = [path for home in self._homes() for path in (home / "socket", home / "pid") if path.exists()]
        return [str(path) for path in (*shm, *self.temporary.iterdir(), *drafts, *own, *sockets)]

    # The daemon.

    def daemon(self, *arguments: str) -> str:
        return self.project.must(sys.executable, "-m", "driftguard", "daemon", *arguments)

    def looked(self, number: int = 1) -> Look:
        """The newest look, when there are so many, and nothing else is being done."""

        def found() -> Look | None:
            self.processes()
            state = status(self.root, self.project.environ).state
            return state.looks[0] if state and len(state.looks) >= number and not state.busy else None

        look: Look = eventually(found)
        return look

    def end(self) -> None:
        """Whatever a test has left when it failed."""
        for each in self.processes():
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGCONT)
                os.kill(each.pid, signal.SIGKILL)
        for home in self.servers():
            with suppress(OSError, ValueError):
                os.kill(int((home / "pid").read_text()), signal.SIGKILL)
            eventually(lambda home=home: not is_running(home))


def children(parent: int) -> list[int]:
    """Its processes."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if each.read_text(errors="replace").rpartition(")")[2].split()[1] == str(parent):
                found.append(int(each.parent.name))
    return found


def _number(name: str) -> int:
    """The process that made a folder in /dev/shm."""
    digits = name.split("-")[2].split("_")[1:2]
    return int(digits[0]) if digits and digits[0].isdigit() else 0
