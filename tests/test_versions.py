"""``driftguard --version``: the version at once, then what is there to work with, and nothing of it may fail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from guarded import EXAMPLES, Guarded

import driftguard
from driftguard.commands import versions as commands
from driftguard.facts import versions

FIRST = f"driftguard {driftguard.__version__}"


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    return Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "shop")


def rows(text: str) -> dict[str, str]:
    """What is told of each part (its last line)."""
    first, *rest = text.splitlines()
    assert first == FIRST
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in rest}


def test_a_project_s_packages_are_told_without_running_it(shop: Guarded) -> None:
    shop.write("app.py", "raise SystemExit('nobody may run this')\n")
    shop.write("alembic/__init__.py", "raise SystemExit('nor this')\n")
    answer = shop.driftguard("--version")
    assert (answer.code, answer.err) == (0, "")
    told = rows(answer.out)
    assert told["host"].startswith(f"Python {sys.version.split()[0]}, alembic ")
    assert told["project"].startswith(f"migrations: Python {sys.version.split()[0]}, alembic ")
    assert "Flask-Migrate" in told["project"]
    assert f"({sys.executable})" in told["project"]
    assert told["git"][0].isdigit()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param('python = "nowhere"', "migrations: python = 'nowhere' in the settings: there is no", id="none"),
        pytest.param('python = "dumb"', "migrations: it ended with exit code 3 (dumb)", id="one that fails"),
        pytest.param('python = "text"', "migrations: it does not answer: ", id="what is no program"),
        pytest.param("slect = 1", 'pyproject.toml: [tool.driftguard] unknown key "slect", did you mean', id="settings"),
    ],
)
def test_what_cannot_be_found_is_said(shop: Guarded, settings: str, told: str) -> None:
    shop.write("pyproject.toml", f"[tool.driftguard]\n{settings}\n")
    shop.write("dumb", "#!/bin/sh\nexit 3\n")
    shop.write("text", "no program\n")
    (shop.root / "dumb").chmod(0o755)
    [line] = commands.told(lambda: commands.of_project(shop.root))
    assert line.startswith(told)


def test_outside_of_everything(tmp_path: Path) -> None:
    answer = Guarded(tmp_path, {"PATH": str(tmp_path)}).driftguard("--version")
    assert answer.code == 0
    assert rows(answer.out)["project"] == "no Alembic environment here"
    assert rows(answer.out)["git"] == "git is not on PATH"


def test_another_folder(shop: Guarded, tmp_path: Path) -> None:
    for words in (("--version", "-C", "shop"), ("-C", "shop", "--version")):
        assert "migrations: " in Guarded(tmp_path).driftguard(*words).out


def test_whoever_wants_the_first_line_alone_gets_it(shop: Guarded) -> None:
    program = f"set -o pipefail; '{sys.executable}' -m driftguard --version | head -1"
    answer = shop.run("bash", "-c", program)
    assert answer == (0, f"{FIRST}\n", "")


def test_an_interpreter_that_hangs_is_not_waited_for(shop: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "SECONDS", 0.2)
    shop.write("slow", "#!/bin/sh\nexec sleep 60\n")
    (shop.root / "slow").chmod(0o755)
    one = versions.Interpreter(str(shop.root / "slow"), "the settings")
    told = versions._asked(shop.root, one, ("migrations",), os.environ)
    assert told.problem == "it does not answer: slow did not finish within 0.2 seconds"
