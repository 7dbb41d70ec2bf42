"""Projects that the installed Alembic's and Flask-Migrate's own templates make."""

from __future__ import annotations

from pathlib import Path

import pytest
from layouts import as_answer, ask_alembic, environment, run_python, write

from driftguard.config import Settings
from driftguard.git import WorkingTree
from driftguard.project import Environment, discover

ROOT = {"sys_path": (".",)}
FLASK_APP = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SQLALCHEMY_BINDS={"other": "sqlite://"})
db = SQLAlchemy(app)
Migrate(app, db)
"""
FLASK_FACTORY = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db, migrate = SQLAlchemy(), Migrate(directory="db/history")

def create_app(testing=False):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(app)
    migrate.init_app(app, db)
    return app
"""


@pytest.mark.parametrize("folder", ["alembic", "db/migrations", "Datenbank Übung/skript"])
@pytest.mark.parametrize("template", ["generic", "async", "multidb"])
def test_ini_templates(tmp_path: Path, template: str, folder: str) -> None:
    run_python("-m", "alembic", "init", "-t", template, folder, cwd=tmp_path)
    found = discover(WorkingTree(tmp_path), Settings(), {})
    assert found == (environment(folder.rpartition("/")[2], folder, **ROOT),)
    assert ask_alembic(tmp_path, found[0]) == as_answer(found[0])


@pytest.mark.parametrize("folder", ["alembic", "db/migrations"])
@pytest.mark.parametrize("template", ["pyproject", "pyproject_async"])
def test_pyproject_templates(tmp_path: Path, template: str, folder: str) -> None:
    run_python("-m", "alembic", "init", "-t", template, folder, cwd=tmp_path)
    found = discover(WorkingTree(tmp_path), Settings(), {})
    assert found == (environment(folder.rpartition("/")[2], folder, config="pyproject.toml", **ROOT),)
    assert ask_alembic(tmp_path, found[0]) == as_answer(found[0])


def test_pyproject_without_any_ini_file(tmp_path: Path) -> None:
    run_python("-m", "alembic", "init", "-t", "pyproject", "alembic", cwd=tmp_path)
    (tmp_path / "alembic.ini").unlink()
    found = discover(WorkingTree(tmp_path), Settings(), {})
    assert found == (environment("alembic", "alembic", config="pyproject.toml", **ROOT),)
    assert ask_alembic(tmp_path, found[0]) == as_answer(found[0])


def test_ini_and_pyproject_for_the_same_scripts_are_one(tmp_path: Path) -> None:
    run_python("-m", "alembic", "init", "-t", "generic", "alembic", cwd=tmp_path)
    write(tmp_path, {"pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/alembic"\n'})
    assert discover(WorkingTree(tmp_path), Settings(), {}) == (environment("alembic", "alembic", **ROOT),)


def flask_environment(folder: str, scripts: str, app: str, sys_path: tuple[str, ...]) -> Environment:
    name = (scripts if folder == "." else folder).rpartition("/")[2]
    config = f"{scripts}/alembic.ini"
    return environment(name, scripts, folder=folder, config=config, sys_path=sys_path, flask=True, flask_app=app)


@pytest.mark.parametrize("multidb", [(), ("--multidb",)], ids=["single", "multidb"])
@pytest.mark.parametrize(
    ("files", "folder", "expected"),
    [
        pytest.param(
            {"app.py": FLASK_APP}, ".", flask_environment(".", "migrations", "app.py", (".",)), id="app.py in the root"
        ),
        pytest.param(
            {"wsgi.py": FLASK_APP}, ".", flask_environment(".", "migrations", "wsgi.py", (".",)), id="wsgi.py"
        ),
        pytest.param(
            {"server/app.py": FLASK_APP},
            "server",
            flask_environment("server", "server/migrations", "app.py", ("server",)),
            id="an application in a sub-folder",
        ),
        pytest.param(
            {"app/__init__.py": FLASK_FACTORY},
            ".",
            flask_environment(".", "db/history", "app", (".",)),
            id="a factory in a package called app, with a directory of its own",
        ),
    ],
)
def test_flask_migrate_templates(
    tmp_path: Path, files: dict[str, str], folder: str, expected: Environment, multidb: tuple[str, ...]
) -> None:
    write(tmp_path, files)
    run_python("-m", "flask", "db", "init", *multidb, cwd=tmp_path / folder)
    found = discover(WorkingTree(tmp_path), Settings(), {})
    assert found == (expected,)
    run_python("-m", "flask", "--app", found[0].flask_app, "db", "heads", cwd=tmp_path / found[0].folder)
