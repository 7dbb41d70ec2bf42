"""Child processes that end in time, and marks by which a later run knows that a process is gone."""

from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from driftguard.errors import DriftguardError

# What `git rev-parse --local-env-vars` lists, and what git sets while it runs hooks. A hook's children that meet
# another repository (a dependency's checkout, a sample project) must not take it for the one that is committing.
LOCAL_GIT_VARIABLES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REFLOG_ACTION",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)


class Account(NamedTuple):
    """The numeric user and group that a child runs as; only root can choose."""

    user: int
    group: int


class Finished(NamedTuple):
    """A child that ended by itself: exit status (negative: the signal) and what it wrote."""

    status: int
    output: bytes
    errors: bytes


class DeadlinePassed(DriftguardError):
    """A child took longer than it may."""


def run(
    command: Sequence[str | Path],
    *,
    deadline: float,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    account: Account | None = None,
    stdin: bytes = b"",
) -> Finished:
    """Run to the end, at most ``deadline`` seconds.

    Raises ``DeadlinePassed`` when time is up, ``OSError`` when the program cannot be started.
    Either way, and on Ctrl-C, nothing of the child's process group is left.
    """
    with child(
        command,
        cwd=cwd,
        environ=environ,
        account=account,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as started_child:
        try:
            output, errors = started_child.communicate(stdin, timeout=deadline)
        except subprocess.TimeoutExpired:
            raise DeadlinePassed(f"{Path(command[0]).name} did not finish within {deadline:g} seconds") from None
    return Finished(started_child.returncode, output, errors)


@contextmanager
def child(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    account: Account | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a process group of its own; if it still runs on leaving, the whole group is killed.

    ``environ`` defaults to this process's own without the variables of ``without_local_git``.
    Raises ``OSError`` when the program cannot be started.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=without_local_git(os.environ) if environ is None else environ,
        user=account.user if account else None,
        group=account.group if account else None,
        extra_groups=() if account else None,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                _kill_group(process)


def wait(process: subprocess.Popen[bytes], ends: Iterable[Callable[[], float]], *, grace: float) -> int | None:
    """The exit code; None if time was up. On Ctrl-C too it is asked to end then, within ``grace`` seconds.

    ``ends``: moments of the monotonic clock, each of them asked for when the one before has passed.
    """
    try:
        for end in ends:
            with suppress(subprocess.TimeoutExpired):
                _listen(process, max(end() - time.monotonic(), 0.0))
                return process.wait(timeout=0)
        return None
    finally:
        if process.returncode is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=grace)


def _listen(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Until it ends, or for so long. ``Popen.wait`` looks only now and then, up to 50 ms too late."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not everywhere, and not allowed in every container
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        os.close(descriptor)


def end_with(descriptor: int) -> None:
    """SIGTERM for this process as soon as nobody holds the other end of the pipe ``descriptor``. On Linux alone.

    Whoever started it may be killed, and could not end it any more.
    """
    if sys.platform != "linux" or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return
    import fcntl

    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(descriptor, 0)
    if poll.poll(0):
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def scratch(kind: str) -> Iterator[Path]:
    """A temporary folder; what killed processes left of its ``kind`` goes now."""
    import tempfile  # it takes long, and a guest has to begin before that

    parent, prefix = Path(tempfile.gettempdir()), f"driftguard-{kind}-"
    remove_leftovers(parent, prefix)
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{mark()}-", dir=parent) as folder:
        yield Path(folder)


def remove_leftovers(parent: Path, prefix: str) -> None:
    """Remove our folders named ``prefix`` + mark + "-" + anything whose process is gone."""
    import shutil  # as above

    for folder in parent.glob(f"{prefix}*"):
        if abandoned(folder.name.removeprefix(prefix).partition("-")[0]) and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def last_rites(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a child that is about to end, after killing what is left of its process group.

    Its number cannot belong to anybody else before it is reaped, hence the order.
    """
    if os.name == "posix" and process.returncode is None:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        _kill_group(process)
    return process.wait()


def without_local_git(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without the variables that tie git to the repository whose hook is running."""
    return {name: value for name, value in environ.items() if name not in LOCAL_GIT_VARIABLES}


def started(pid: int) -> str | None:
    """When the process began, as letters and digits that tell it from a later one of the same number.

    None if there is no such process or only its unreaped rest; "" where the system does not tell.
    """
    if Path("/proc/self/stat").exists():
        return _started_by_proc(pid)
    return _started_by_ps(pid)


def alive(pid: int, start: str) -> bool:
    """Is this the process that ``started`` described? When in doubt, yes."""
    now = started(pid)
    return now is not None and (now == start or not now or not start)


def command_line(pid: int) -> str:
    """The process's program and arguments with spaces between them; "" if there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="surrogateescape").strip()
    except FileNotFoundError:
        return _ask_ps("args=", pid) or ""


def mark(pid: int | None = None) -> str:
    """``host_pid_start`` of a process (default: this one), for names of temporary things; letters, digits, "_"."""
    number = os.getpid() if pid is None else pid
    return f"{_host()}_{number}_{started(number) or ''}"


def abandoned(process_mark: str) -> bool:
    """Was it made by a process of this host which is gone? No for other hosts' marks and for what is no mark."""
    host, _, rest = process_mark.partition("_")
    pid, _, start = rest.partition("_")
    return host == _host() and pid.isdigit() and not alive(int(pid), start)


def _host() -> str:
    """Tells hosts apart that share a folder or a server; containers have process numbers of their own."""
    import hashlib  # a guest has to begin before these are imported
    import platform

    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return hashlib.sha256(f"{platform.node()} {namespace}".encode()).hexdigest()[:6]


def _started_by_proc(pid: int) -> str | None:
    """Fields 3 and 22 of proc_pid_stat(5); the second field may itself hold spaces and parentheses."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else fields[18]


def _started_by_ps(pid: int) -> str | None:
    answer = _ask_ps("stat=,lstart=", pid)
    if answer is None:
        return ""
    state, _, start = answer.partition(" ")
    return None if not state or state.startswith("Z") else "".join(filter(str.isalnum, start)).lower()


def _ask_ps(columns: str, pid: int) -> str | None:
    """None if ps(1) cannot be asked, "" if there is no such process."""
    try:
        found = subprocess.run(
            ["ps", "-ww", "-o", columns, "-p", str(pid)],
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
