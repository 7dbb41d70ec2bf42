"""The quick starts do what they say: their files are written and their commands run, in order, as a newcomer would."""

from __future__ import annotations

import os
import re
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from guarded import Guarded

PAGE = (Path(__file__).parents[1] / "docs" / "quick-starts.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s+# (refused|finds it)$")
FAILS = 1
STARTS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])


def test_there_are_five() -> None:
    assert len(STARTS) == 5


@pytest.mark.parametrize("start", STARTS)
def test_a_quick_start_does_what_it_says(start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    project = Guarded(tmp_path / "project")
    project.root.mkdir()
    printed = ""
    for path, language, text in BLOCK.findall(STARTS[start]):
        if path:
            project.write(path, text)
        elif language == "console":
            printed = "".join(typed(project, line) for line in text.splitlines())
        elif language == "text":
            assert [line for line in text.splitlines() if line.strip() not in printed] == [], printed


def typed(project: Guarded, line: str) -> str:
    """What a command prints; it fails where a comment behind it says so, and nowhere else."""
    command, *comment = COMMENT.split(line)
    match shlex.split(command):
        case ["pip", "install", *packages]:
            assert all(map(version, packages))
            return ""
        case ["cd", folder]:
            project.root = (project.root / folder).resolve()
            return ""
        case [("alembic" | "driftguard" | "flask") as module, *arguments]:
            answer = project.python(module, *arguments)
        case words:
            answer = project.run(*words)
    assert answer.code == (FAILS if comment else 0), f"{line}: {answer.out}{answer.err}"
    return answer.out + answer.err
