"""The command line as a user meets it: exit codes, suggestions, and what is (not) printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import driftguard
from driftguard.findings import Finding, Severity, Side
from driftguard.report import plain
from driftguard.staged import brief
from driftguard.verdict import FOUR, judge

PACKAGE = Path(driftguard.__file__).parents[1]

ENDING = """
import sys, click
from driftguard.__main__ import main
from driftguard.cli import cli
from driftguard.errors import DriftguardError

def end():
    raise {ending}

cli.add_command(click.Command("end", callback=end))
sys.exit(main(["end"]))
"""


def python(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param("--version", 0, f"driftguard {driftguard.__version__}", id="the version"),
        pytest.param("--help", 0, "Exit codes:", id="help"),
        pytest.param("check --help", 0, "--staged", id="help of a command"),
        pytest.param("explain", 0, "DG201  missing-revision", id="all rules"),
        pytest.param("explain dg201", 0, "DG201 missing-revision (error)", id="a rule by code"),
        pytest.param("explain missing-revision", 0, "DG201 missing-revision (error)", id="a rule by name"),
        pytest.param("", 2, "Usage: driftguard", id="no command"),
        pytest.param("chekc", 2, "check", id="a misspelt command"),
        pytest.param("check --stagd", 2, "Did you mean '--staged'?", id="a misspelt option"),
        pytest.param("check --format sarfi", 2, 'did you mean "sarif"?', id="an unknown format"),
        pytest.param("check --format json --format text", 2, "two formats would go to standard output", id="twice"),
        pytest.param("check --format json=x --format text=x", 2, "two formats would go to x", id="one file for two"),
        pytest.param("check --format json=x --format text=./x", 2, "two formats would go to ./x", id="spelt apart"),
        pytest.param("check --format json=", 2, "json= names no file", id="a format for no file"),
        pytest.param("check --select DG1,mising-revision", 2, 'did you mean "missing-revision"?', id="a misspelt rule"),
        pytest.param("check --staged --ref HEAD", 2, "exclude each other", id="index or commit, not both"),
        pytest.param("check nowhere", 2, "nowhere is no folder", id="a folder that is not there"),
        pytest.param("-C nowhere check", 2, "nowhere", id="a start that is not there"),
        pytest.param("explain multiple-head", 2, 'hint: did you mean "multiple-heads"?', id="explain what is no rule"),
        pytest.param("install", 2, "is in no git repository", id="install outside of git"),
        pytest.param("check --staged", 2, "is in no git repository", id="the index outside of git"),
        pytest.param("graph --ref HEAD", 2, "is in no git repository", id="a commit outside of git"),
    ],
)
def test_exit_code_and_words(tmp_path: Path, arguments: str, code: int, said: str) -> None:
    done = python("-m", "driftguard", *arguments.split(), cwd=tmp_path)
    assert said in done.stdout + done.stderr
    assert done.returncode == code
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        pytest.param(
            "DriftguardError('m://u:pw@h broke', 'mend it')", 2, "error: m://u:***@h broke\nhint: mend", id="2"
        ),
        pytest.param("DriftguardError('bad \\x1b[2J name')", 2, "error: bad \\x1b[2J name\n", id="2, hostile"),
        pytest.param("ValueError('m://u:pw@h')", 3, "https://github.com/driftguard/driftguard/issues", id="3"),
        pytest.param("ValueError('m://u:pw@h')", 3, "`driftguard bug-report`", id="3, and what helps"),
        pytest.param("KeyboardInterrupt", 130, "", id="130"),
        pytest.param("BrokenPipeError", 141, "", id="nobody listens"),
    ],
)
def test_whatever_ends_a_command_is_an_exit_code(tmp_path: Path, ending: str, code: int, said: str) -> None:
    done = python("-c", ENDING.format(ending=ending), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "pw" not in done.stderr
    assert bool(said) == bool(done.stderr)


def test_nothing_heavy_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    heavy = ("alembic", "driftguard.engine", "git", "rich", "sqlalchemy", "watchdog")
    asked = f"import driftguard.__main__, sys; print([name for name in {heavy} if name in sys.modules])"
    assert python("-c", asked, cwd=tmp_path).stdout == "[]\n"


GRAPH = "import sys; from driftguard.__main__ import main; code = main({words}); print(code, 'click' in sys.modules)"
INI = "[alembic]\nscript_location = migrations\n"
REVISION = 'revision = "a1"\ndown_revision = None\n'


@pytest.mark.parametrize(
    ("files", "code"),
    [
        pytest.param({}, 2, id="no environment"),
        pytest.param({"pyproject.toml": "[tool.driftguard]\nwrong = 1\n"}, 2, id="wrong settings"),
        pytest.param(
            {"alembic.ini": INI, "migrations/env.py": "", "migrations/versions/a1_begin.py": REVISION}, 0, id="a graph"
        ),
    ],
)
def test_a_plain_graph_is_drawn_as_by_the_command_line(tmp_path: Path, files: dict[str, str], code: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    plain_one = python("-c", GRAPH.format(words=["graph"]), cwd=tmp_path)
    by_click = python("-c", GRAPH.format(words=["-C", ".", "graph"]), cwd=tmp_path)
    assert plain_one.stderr == by_click.stderr
    assert plain_one.stdout == by_click.stdout.replace("True", "False")
    assert plain_one.stdout.endswith(f"{code} False\n")


def _verdict(*severities: Severity, notes: tuple[str, ...] = ()) -> str:
    found = [Finding("DG201", Side.MODELS, str(n), "it is off", severity=each) for n, each in enumerate(severities)]
    return brief(judge(found, looked_at=FOUR, notes=notes), lambda path: None, plain)


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        pytest.param(_verdict(), 0, id="clean: nothing"),
        pytest.param(_verdict(Severity.NOTE, Severity.NOTE), 1, id="only notes: one line"),
        pytest.param(_verdict(notes=("cannot tell",)), 1, id="what nobody can tell: one line"),
        pytest.param(_verdict(Severity.WARNING), 4, id="a warning: the report"),
        pytest.param(_verdict(Severity.ERROR), 4, id="an error: the report"),
    ],
)
def test_what_a_hook_says(told: str, lines: int) -> None:
    assert told.count("\n") == lines
