"""A watcher that is killed, suspended, or loses what it works with; hooks do without it at once."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from yard import DAEMON, HOOK, PRELOADER, Yard, eventually


def codes(yard: Yard, number: int) -> list[str]:
    """What the newest look has found, when there are so many."""
    look = yard.looked(number)
    assert look.verdict, look.error
    return [judged.finding.code for judged in look.verdict.findings]


def test_killed_while_it_looks(yard: Yard) -> None:
    yard.drift()
    yard.shut()
    yard.daemon("start")
    waits = yard.somebody_waits()
    os.kill(yard.one(DAEMON), signal.SIGKILL)
    eventually(lambda: not yard.processes(), 20)
    yard.open_gate(waits)
    yard.is_right()
    yard.daemon("start")
    assert "DG201" in codes(yard, 1)
    yard.is_right()
    yard.daemon("stop")
    yard.nothing_is_left()


def test_its_preloaded_guest_is_killed_while_nothing_happens(yard: Yard) -> None:
    yard.daemon("start")
    assert "DG201" not in codes(yard, 1)
    os.kill(yard.find(PRELOADER)[0], signal.SIGKILL)
    yard.drift()
    yard.is_right()
    assert "DG201" in codes(yard, 2)
    yard.daemon("stop")
    yard.nothing_is_left()


def test_its_preloaded_guest_is_killed_while_it_looks(yard: Yard) -> None:
    yard.drift()
    yard.shut()
    yard.daemon("start")
    waits = yard.somebody_waits()
    os.kill(yard.find(PRELOADER)[0], signal.SIGKILL)
    yard.open_gate(waits)
    yard.is_right()
    assert "DG201" in codes(yard, 1)
    yard.daemon("stop")
    yard.nothing_is_left()


def test_suspended(yard: Yard) -> None:
    yard.daemon("start")
    assert "DG201" not in codes(yard, 1)
    daemon = yard.one(DAEMON)
    os.kill(daemon, signal.SIGSTOP)
    yard.drift()
    yard.is_right()
    assert not any(each.command for each in yard.processes() if HOOK in each.command)
    os.kill(daemon, signal.SIGCONT)
    assert "DG201" in codes(yard, 2)
    yard.is_right()
    yard.daemon("stop")
    yard.nothing_is_left()


def test_a_hook_is_interrupted_while_it_is_asked(yard: Yard) -> None:
    yard.daemon("start")
    yard.looked()
    yard.shut()
    yard.project.replace(f"migrations/versions/{yard.revision}", "colour", "Colour")
    yard.project.git("add", "--all")
    begun = yard.begin_hook()
    eventually(lambda: yard.find(HOOK))
    waits = yard.somebody_waits()
    os.killpg(begun.pid, signal.SIGINT)
    out, _ = begun.communicate(timeout=30)
    assert begun.returncode != 0
    assert "Traceback" not in out
    yard.open_gate(waits)
    yard.daemon("stop")
    yard.nothing_is_left()


def venv(folder: Path) -> None:
    """An environment with the packages of ours."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix, 'bin')}\n")
    (folder / "bin/python").symlink_to(Path(sys.executable).resolve())
    library = folder / "lib" / f"python3.{sys.version_info.minor}"
    library.mkdir(parents=True)
    (library / "site-packages").symlink_to(next(Path(each) for each in sys.path if each.endswith("site-packages")))


@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
def test_the_virtual_environment_is_built_anew(named: bool, yard: Yard) -> None:
    venv(yard.root / ".venv")
    if named:
        yard.project.write("driftguard.toml", 'python = ".venv/bin/python"\n')
        yard.project.git("add", "driftguard.toml")
    yard.daemon("start")
    assert "DG201" not in codes(yard, 1)
    shutil.rmtree(yard.root / ".venv")
    yard.drift()
    answer = yard.hook()
    assert (answer.code, "DG902" in answer.out) == ((2, True) if named else (1, False)), answer.out
    venv(yard.root / ".venv")
    yard.is_right()
    eventually(lambda: "DG201" in codes(yard, 1))
    yard.daemon("stop")
    yard.is_right()
    yard.nothing_is_left()
