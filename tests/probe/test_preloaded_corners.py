"""Forked guests in old and new interpreters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from guests.test_corners import CORNERS, Corner, interpreter_of  # noqa: F401
from test_preloaded import Project, forked_only, guests, pytestmark  # noqa: F401

from driftguard.probe import guest_process
from driftguard.probe.preloaded import PreloadedGuests

OTHERS = [corner for corner in CORNERS if corner.python != "own"]


@pytest.mark.parametrize("corner", OTHERS, ids=str)
def test_it_answers_as_an_ordinary_one(
    corner: Corner,
    interpreter_of: Callable[[Corner], str],  # noqa: F811
    tmp_path: Path,
    guests: PreloadedGuests,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = Project(tmp_path / "project", interpreter_of(corner))
    with project.start(guest_process.start) as guest:
        ordinary = [guest.call("hello"), project.run(guest)]
    project._shadows = 0
    for shadow in project.root.glob("shadow*"):
        shadow.unlink()
    project.prepare(guests)
    monkeypatch.delattr(guest_process, "start")
    for _ in range(2):
        with project.start(guests.start) as guest:
            forked = [guest.call("hello"), project.run(guest)]
        assert forked[0] == ordinary[0]
        assert forked[1]["error"] is None
        assert forked[1]["databases"][0]["operations"] == ordinary[1]["databases"][0]["operations"]
        project.prepare(guests)
