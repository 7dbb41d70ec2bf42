"""Children that end in time, and marks of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftguard import process

FOREVER = "import time; time.sleep(600)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("print('out')", (0, b"out\n", b""), id="output"),
        pytest.param("import sys; print('bad', file=sys.stderr); sys.exit(3)", (3, b"", b"bad\n"), id="failure"),
        pytest.param("import sys; print(sys.stdin.read())", (0, b"in\n", b""), id="input"),
        pytest.param("import os; os.kill(os.getpid(), 9)", (-9, b"", b""), id="a signal"),
    ],
)
def test_run(code: str, expected: tuple[int, bytes, bytes]) -> None:
    assert process.run([sys.executable, "-c", code], deadline=60, stdin=b"in") == expected


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        process.run(["/nowhere/program"], deadline=60)


# The grandchild ignores polite signals, holds the pipes open, and tells its number through a file.
FAMILY = f"""
import subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); {FOREVER}"])
open(sys.argv[1], "w").write(str(grandchild.pid))
{FOREVER}
"""


def test_the_whole_group_ends_with_the_deadline(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(process.DeadlinePassed, match="did not finish within 2 seconds"):
        process.run([sys.executable, "-c", FAMILY, file], deadline=2)
    assert is_gone(int(file.read_text()))


def test_the_whole_group_ends_when_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt), process.child([sys.executable, "-c", FAMILY, file]) as started:
        while not file.exists() or not file.read_text():
            assert started.poll() is None
        raise KeyboardInterrupt
    assert is_gone(int(file.read_text()))


def is_gone(pid: int) -> bool:
    """Killing is not waiting: init may need a moment."""
    for _ in range(1000):
        if process.started(pid) is None:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        pytest.param("GIT_DIR", False, id="the repository"),
        pytest.param("GIT_INDEX_FILE", False, id="its index, which git commit -a replaces"),
        pytest.param("GIT_WORK_TREE", False, id="its working tree"),
        pytest.param("GIT_AUTHOR_NAME", True, id="who commits"),
        pytest.param("GIT_SSH_COMMAND", True, id="how to reach a server"),
        pytest.param("GITHUB_TOKEN", True, id="not git's"),
        pytest.param("PATH", True, id="nothing to do with git"),
    ],
)
def test_environment_of_children(name: str, stays: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (name in process.without_local_git({name: "x"})) == stays
    monkeypatch.setenv(name, "x")
    seen = process.run([sys.executable, "-c", f"import os; print({name!r} in os.environ)"], deadline=60)
    assert seen.output.decode().strip() == str(stays)


def test_every_variable_that_git_calls_local_is_cleaned() -> None:
    listed = subprocess.check_output(["git", "rev-parse", "--local-env-vars"], text=True).split()
    assert set(listed) <= process.LOCAL_GIT_VARIABLES


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", FOREVER]) as started:
        yield started
        started.kill()


def test_a_living_process(sleeper: subprocess.Popen[bytes]) -> None:
    start = process.started(sleeper.pid)
    assert start
    assert start.isalnum()
    assert process.alive(sleeper.pid, start)
    assert not process.abandoned(process.mark(sleeper.pid))
    assert FOREVER in process.command_line(sleeper.pid)


def test_a_number_that_another_process_has_now(sleeper: subprocess.Popen[bytes]) -> None:
    assert not process.alive(sleeper.pid, "1")
    host, pid, _ = process.mark(sleeper.pid).split("_")
    assert process.abandoned(f"{host}_{pid}_1")


def test_a_process_that_ended(sleeper: subprocess.Popen[bytes]) -> None:
    start, mark = process.started(sleeper.pid), process.mark(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    for _ in ("not collected yet", "collected"):
        assert not process.alive(sleeper.pid, start or "")
        assert process.abandoned(mark)
        assert process.command_line(sleeper.pid) == ""
        sleeper.wait()


@pytest.mark.parametrize("mark", ["", "x", "1_2_3", "000000_1_1", "{host}", "{host}_x_1", "{host}__"])
def test_no_mark_of_a_process_here(mark: str) -> None:
    assert not process.abandoned(mark.format(host=process.mark().partition("_")[0]))
