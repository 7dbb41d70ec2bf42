"""``driftguard init`` on real folders."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from driftguard.commands.init import init
from driftguard.config import ConfigError, load_settings
from driftguard.git import WorkingTree
from driftguard.project import discover

ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = db\nprepend_sys_path = .\n",
    "db/env.py": "from alembic import context\n",
    "db/versions/a.py": "",
}
APP = "from flask import Flask\napp = Flask(__name__)\n"
FLASK = {
    "migrations/env.py": "from alembic import context\nfrom flask import current_app\n",
    "migrations/alembic.ini": "[alembic]\n",
    "migrations/versions/a.py": "",
}
TWO_APPS = {**FLASK, "one.py": APP, "two.py": APP}
TABLE = (
    '[tool.driftguard.environments.migrations]\nscript_location = "migrations"\nflask_app = "one.py"  # or: two.py\n'
)


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    return root


def test_the_ordinary_case_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, ALEMBIC)
    assert init(root=tmp_path, write=True, environ={}) == 0
    assert capsys.readouterr().out.splitlines() == [
        "db",
        "  config       alembic.ini",
        "  scripts      db",
        "  revisions    db/versions",
        "  run          alembic in .",
        f"  interpreter  {sys.executable} (driftguard's own environment)",
        "",
        "No setting is needed: everything was found by itself.",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alembic.ini", "db"]


def test_a_flask_application_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {**FLASK, "app.py": APP})
    assert init(root=tmp_path, write=True, environ={}) == 0
    printed = capsys.readouterr().out
    assert "  run          flask db in ., application app.py\n" in printed
    assert "No setting is needed" in printed
    assert not (tmp_path / "pyproject.toml").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, TABLE, id="no file yet"),
        pytest.param(
            '[project]\nname="x" # mine\n', f'[project]\nname="x" # mine\n\n{TABLE}', id="behind what is there"
        ),
        pytest.param("a = 1", f"a = 1\n\n{TABLE}", id="no line end at the end"),
        pytest.param(
            "a = 1\r\n", f"a = 1\r\n\n{TABLE}".replace("\r\n", "\n").replace("\n", "\r\n"), id="line ends of DOS"
        ),
        pytest.param(
            "[tool.driftguard]\nstrict = true\n",
            f"[tool.driftguard]\nstrict = true\n\n{TABLE}",
            id="settings are there",
        ),
    ],
)
def test_an_application_among_several_is_written(tmp_path: Path, before: str | None, after: str) -> None:
    write(tmp_path, {**TWO_APPS, **({} if before is None else {"pyproject.toml": before})})
    assert init(root=tmp_path, write=True, environ={}) == 0
    assert (tmp_path / "pyproject.toml").read_bytes() == after.encode()
    assert tomllib.loads(after)["tool"]["driftguard"]["environments"]["migrations"]["flask_app"] == "one.py"
    tree = WorkingTree(tmp_path)
    (found,) = discover(tree, load_settings(tree), {})
    assert (found.name, found.flask_app, found.problems) == ("migrations", "one.py", ())


def test_it_goes_into_the_file_that_has_the_settings(tmp_path: Path) -> None:
    write(tmp_path, {**TWO_APPS, "driftguard.toml": "strict = true\n"})
    assert init(root=tmp_path, write=True, environ={}) == 0
    assert (tmp_path / "driftguard.toml").read_text() == f"strict = true\n\n{TABLE.replace('tool.driftguard.', '')}"
    assert init(root=tmp_path, write=True, environ={}) == 0
    assert (tmp_path / "driftguard.toml").read_text().count("environments") == 1


def test_without_write_it_only_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, TWO_APPS)
    assert init(root=tmp_path, write=False, environ={}) == 0
    assert TABLE in capsys.readouterr().out
    assert not (tmp_path / "pyproject.toml").exists()


def test_tables_that_are_there_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '[tool.driftguard.environments.migrations]\nlive = "off"\n'
    write(tmp_path, {**TWO_APPS, "pyproject.toml": text})
    assert init(root=tmp_path, write=True, environ={}) == 0
    assert "already has tables of driftguard's" in capsys.readouterr().out
    assert (tmp_path / "pyproject.toml").read_text() == text


def test_nothing_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(root=tmp_path, write=True, environ={}) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("no Alembic environment found")


def test_no_interpreter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = '[tool.driftguard]\npython = "gone"\n'
    write(tmp_path, {**ALEMBIC, "pyproject.toml": table})
    assert init(root=tmp_path, write=False, environ={}) == 2
    assert "there is no such interpreter" in capsys.readouterr().out


def test_settings_with_mistakes(tmp_path: Path) -> None:
    write(tmp_path, {**ALEMBIC, "driftguard.toml": "strct = 1\n"})
    with pytest.raises(ConfigError, match="strct"):
        init(root=tmp_path, write=True, environ={})
