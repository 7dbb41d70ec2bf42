"""Processes that are killed in the middle of a replay: what was started for a hook, servers, the watcher."""

from __future__ import annotations

import os
import signal

import pytest
from chosen import chosen
from yard import ENGINE, GUEST, HOOK, NOBODY, Yard, children, eventually

from driftguard import process


@pytest.mark.parametrize("dialect", chosen(["sqlite", "private server", "live's server"], 1))
@pytest.mark.parametrize("kind", [HOOK, ENGINE, GUEST], ids=["hook", "engine", "guest"])
def test_killed_while_a_revision_runs(kind: str, dialect: str, yard: Yard, request: pytest.FixtureRequest) -> None:
    if dialect == "private server":
        yard.project.environ["SHOP_DATABASE"] = NOBODY
    elif dialect == "live's server":
        yard.project.environ["SHOP_DATABASE"] = request.getfixturevalue("postgresql_url")
    yard.drift()
    yard.shut()
    begun = yard.begin_hook()
    waits = yard.somebody_waits()
    os.kill(yard.one(kind), signal.SIGKILL)
    out, _ = begun.communicate(timeout=60)
    assert begun.returncode != 0, out
    yard.open_gate(waits)
    yard.is_right()
    yard.nothing_is_left()


@pytest.mark.parametrize("dialect", chosen(["private server", "sqlite"], 1))
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_interrupted_while_a_revision_runs(which: signal.Signals, dialect: str, yard: Yard) -> None:
    if dialect == "private server":
        yard.project.environ["SHOP_DATABASE"] = NOBODY
    yard.shut()
    begun = yard.begin_hook()
    waits = yard.somebody_waits()
    if which is signal.SIGINT:
        os.killpg(begun.pid, which)  # as a terminal does
    else:
        os.kill(yard.one(HOOK), which)
    out, _ = begun.communicate(timeout=30)
    assert begun.returncode != 0
    assert "Traceback" not in out
    yard.nothing_is_left()
    os.close(waits)


@pytest.mark.parametrize("only_a_backend", [False, True], ids=["postmaster", "a backend"])
def test_a_private_server_is_killed_while_a_revision_runs(only_a_backend: bool, yard: Yard) -> None:
    yard.project.environ["SHOP_DATABASE"] = NOBODY
    yard.drift()
    yard.shut()
    begun = yard.begin_hook()
    waits = yard.somebody_waits()
    os.kill(backend(yard.postmaster()) if only_a_backend else yard.postmaster(), signal.SIGKILL)
    yard.open_gate(waits)
    out, _ = begun.communicate(timeout=60)
    assert begun.returncode != 0
    assert "[DG9" in out and "[DG2" not in out, out
    yard.is_right()
    yard.nothing_is_left()
    assert yard.databases() == set()


def backend(postmaster: int) -> int:
    """The process that serves a shadow: the one that stays, waiting in a transaction."""
    return int(
        eventually(lambda: [pid for pid in children(postmaster) if "driftguard_" in process.command_line(pid)])[0]
    )


def test_a_private_server_is_killed_that_the_watcher_holds(yard: Yard) -> None:
    yard.project.environ["SHOP_DATABASE"] = NOBODY
    yard.daemon("start")
    look = yard.looked()
    assert look.verdict and look.verdict.exit_code == 0
    os.kill(yard.postmaster(), signal.SIGKILL)
    yard.drift()
    yard.is_right()
    yard.daemon("stop")
    yard.nothing_is_left()
    assert yard.databases() == set()
