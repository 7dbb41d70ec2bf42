"""On a terminal: what is being read is shown meanwhile, and the report's lines are as long as they are."""

from __future__ import annotations

import sys

from fleet.conftest import Fleet
from terminal import CONTROL, Terminal

SLOW = "import time; time.sleep(1.5)  # so that people are told why they wait\n"


def test_progress_goes_before_the_report_comes(fleet: Fleet) -> None:
    fleet.project.write("migrations/env.py", SLOW + (fleet.project.root / "migrations/env.py").read_text())
    fleet.by_hand("tenant_2", "ALTER TABLE items ADD COLUMN zip TEXT")
    command = [sys.executable, "-m", "driftguard", "check", "--live", fleet.listed()]
    environ = {**fleet.project.environ, "TERM": "xterm-256color"}
    with Terminal(command, fleet.project.root, environ, (60, 30)) as terminal:
        assert terminal.ends() == 1
        written = CONTROL.sub("", terminal.wrote)
    assert "replaying the revisions" in written and "live databases read" in written
    summary = "6 of 7 databases are as their stamp says; 1: items.zip was added (tenant_2)"
    assert f"live: migrations: {summary}\r\n" in written
    assert written.index("live databases read") < written.index(summary)
    assert "databases read" not in written[written.index(summary) :]
