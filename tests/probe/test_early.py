"""The interpreter that is started ahead: for a check that may run the project, and for no other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from guarded import Guarded


@pytest.fixture
def traced(tmp_path: Path) -> Guarded:
    """A repository whose last interpreter was a program that says that it ran."""
    project = Guarded(tmp_path / "project")
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\necho started > {tmp_path}/started\n")
    interpreter.chmod(0o755)
    project.root.mkdir()
    project.git("init", "--quiet")
    project.write(".git/driftguard/interpreter", str(interpreter))
    return project


def was_started(project: Guarded, *arguments: str) -> bool:
    project.run(sys.executable, "-m", "driftguard", "check", *arguments)
    return (project.root.parent / "started").exists()


def test_it_is_started_for_a_check(traced: Guarded) -> None:
    assert was_started(traced)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--select", "DG1"), id="the graph alone, for which nothing is executed"),
        pytest.param(("--select=DG1",), id="the same in one word"),
        pytest.param(("--ref", "HEAD"), id="the files of a commit"),
    ],
)
def test_it_is_not_started(traced: Guarded, arguments: tuple[str, ...]) -> None:
    assert not was_started(traced, *arguments)
