"""Python programs run as forks of a process that has imported their packages: alike, and most of a second sooner each.

``run`` is ``python -m MODULE`` for whoever needs no process of its own kind: it has no terminal, no standard input, and
is not to be killed. The process that forks is started with the first program, and ends with the one that uses it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import inspect
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import SimpleNamespace
from typing import IO, Any, NoReturn

import driftguard
from driftguard import engine
from driftguard.memo import guess
from driftguard.probe import early, guest_process
from driftguard.probe.guest_process import Guest
from driftguard.probe.preloaded import WORTH_LOADING, PreloadedGuests

LOADED = (
    *("alembic.autogenerate", "alembic.command", "alembic.config", "logging.config", "sqlalchemy.ext.asyncio"),
    *("sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "sqlalchemy.orm"),
    *("flask.cli", "flask_migrate", "flask_sqlalchemy", "psycopg", "psycopg2", "pymysql"),
    *("rich.console", "rich.live", "sqlglot", "symtable"),
)
"""What is imported before the first fork, and all of driftguard; none of it starts threads, or looks at the folder that
it is imported in.
"""

NOT_LOADED = ("driftguard.__main__", "driftguard.probe.guest", "driftguard.pytest_plugin")

INTERPRETER = ("PYTHON", "LD_", "LC_", "LANG", "TZ")
"""How the names of variables begin that a fork would have looked at too early."""

REQUEST_BYTES = 1 << 20
POLL_SECONDS = 0.005


def run(
    module: str, arguments: tuple[str, ...], folder: Path, environ: Mapping[str, str], seconds: float
) -> tuple[int, str, str]:
    """Exit code, output and errors; raises subprocess.TimeoutExpired as ``subprocess.run`` does."""
    command = [sys.executable, "-m", module, *arguments]
    if any(name.startswith(INTERPRETER) and os.environ.get(name) != text for name, text in environ.items()):
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=seconds
        )
        return done.returncode, done.stdout, done.stderr
    request = {"module": module, "arguments": arguments, "folder": str(folder), "environ": dict(environ)}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, socket.socket(socket.AF_UNIX) as line:
        line.settimeout(seconds)
        line.connect(_server())
        try:
            socket.send_fds(line, [json.dumps(request).encode()], [out.fileno(), err.fileno()])
            answer = line.recv(16)
        except TimeoutError:
            raise subprocess.TimeoutExpired(command, seconds, _text(out), _text(err)) from None
        assert answer, "the process that forks is gone"
        return int(answer), _text(out), _text(err)


def _text(file: IO[bytes]) -> str:
    """As text mode has it."""
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@cache
def _server() -> str:
    """The address of this process' own; the pipe to it closes when this process ends.

    It outlives the test that first needs it, and has none of the variables that are that test's alone.
    """
    folder = tempfile.mkdtemp(prefix="dgf-", dir="/tmp")
    environ = {name: text for name, text in os.environ.items() if not name.startswith("DRIFTGUARD_")}
    command = [sys.executable, __file__, folder]
    process = subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return f"{folder}/line"


def serve(folder: str) -> None:
    """Fork whatever is asked for, until standard input ends."""
    sys.path[0] = ""  # instead of this folder
    own = (each.name for each in walk_packages(driftguard.__path__, "driftguard."))
    for name in (*LOADED, *(each for each in own if not each.startswith(NOT_LOADED))):
        import_module(name)
    _lend_guests()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/line")
        listener.listen()
        os.write(1, b"ready\n")
        while listener in select.select([listener, 0], [], [])[0]:
            line, _ = listener.accept()
            if not os.fork():
                listener.close()
                _answer(line)
            line.close()
    shutil.rmtree(folder, ignore_errors=True)


def _lend_guests() -> None:
    """Let driftguard have its guests in this interpreter from a preloader, as the daemon has them."""
    guests, ordinary = PreloadedGuests(), guest_process.start
    guests._used[sys.executable] = set(WORTH_LOADING)
    guests.prepare(sys.executable, cwd=Path.cwd(), environ=early.guest_environ(os.environ))

    def start(python: str, **others: Any) -> AbstractContextManager[Guest]:
        return (guests.start if python == sys.executable else ordinary)(python, **others)

    guess.guessed = lambda folder: sys.executable
    early.begun = lambda python, environ: contextlib.nullcontext(start)
    examine = inspect.unwrap(engine.examine)
    examine.__defaults__ = tuple(start if each is ordinary else each for each in examine.__defaults__ or ())
    engine.guest_process = SimpleNamespace(start=start)  # type: ignore[assignment]


def _answer(line: socket.socket) -> None:
    """Run what one request asks for in a child, and say how it ended; the child ends when nobody waits for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, streams, _, _ = socket.recv_fds(line, REQUEST_BYTES, 2)
    child = os.fork()
    if not child:
        line.close()
        for number, stream in enumerate((os.open(os.devnull, os.O_RDONLY), *streams)):
            os.dup2(stream, number)
            os.close(stream)
        _become(**json.loads(text))
    while not (done := os.waitpid(child, os.WNOHANG))[0]:
        if select.select([line], [], [], POLL_SECONDS)[0]:
            os.kill(child, signal.SIGKILL)
    with contextlib.suppress(OSError):
        line.sendall(str(os.waitstatus_to_exitcode(done[1])).encode())
    os._exit(0)


def _become(module: str, arguments: list[str], folder: str, environ: Mapping[str, str]) -> NoReturn:
    """``python -m module``."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv[1:] = arguments
    sys.path[0] = str(Path.cwd())
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        code = ending.code or 0
    threading._shutdown()  # as the interpreter ends, but for the modules, which would each be taken apart
    atexit._run_exitfuncs()
    sys.stdout.flush()
    if not isinstance(code, int):
        print(code, file=sys.stderr)
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve(sys.argv[1])
