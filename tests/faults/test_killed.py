"""Processes that are killed in the middle of a replay: what was started for a hook, servers, the watcher."""

from __future__ import annotations

import os
import signal

import pytest
from yard import ENGINE, GUEST, HOOK, NOBODY, Yard


@pytest.mark.parametrize("dialect", ["sqlite", "private server", "live's server"])
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
