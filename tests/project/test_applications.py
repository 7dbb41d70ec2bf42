"""Which Flask application a migrations folder belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from layouts import ENV_PY, FLASK_ENV_PY, FLASK_INI, flask_folder, write

from driftguard.config import Settings
from driftguard.git import WorkingTree
from driftguard.project import discover

APP = "from flask import Flask\napp = Flask(__name__)\n"
FACTORY = "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    return app\n"
FACTORY_WITH_ARGUMENT = "from flask import Flask\ndef create_app(config):\n    return Flask(config)\n"
MIGRATED = "from flask_migrate import Migrate\n"


@pytest.mark.parametrize(
    ("files", "environ", "folder", "flask_app", "sys_path"),
    [
        pytest.param({"app.py": APP}, {}, ".", "app.py", (".",), id="app.py"),
        pytest.param({"wsgi.py": APP, "app.py": APP}, {}, ".", "wsgi.py", (".",), id="wsgi.py goes before app.py"),
        pytest.param({"wsgi.py": "x = 1\n", "app.py": APP}, {}, ".", "app.py", (".",), id="a wsgi.py without one"),
        pytest.param({"app/__init__.py": FACTORY}, {}, ".", "app", (".",), id="a package called app"),
        pytest.param(
            {"wsgi.py": "from shop import create_app\napp = create_app()\n", "shop/__init__.py": FACTORY},
            {},
            ".",
            "wsgi.py",
            (".",),
            id="wsgi.py that calls a factory",
        ),
        pytest.param({"shop/__init__.py": FACTORY}, {}, ".", "shop", (".",), id="a factory in a package of any name"),
        pytest.param({"src/shop/__init__.py": FACTORY}, {}, ".", "src/shop", ("src", "."), id="a package below src"),
        pytest.param(
            {"shop/__init__.py": FACTORY, "run.py": "from shop import create_app\napp = create_app()\napp.run()\n"},
            {},
            ".",
            "shop",
            (".",),
            id="a factory goes before a script that starts the server",
        ),
        pytest.param(
            {
                "shop/__init__.py": FACTORY_WITH_ARGUMENT,
                "run.py": "from shop import create_app\napp = create_app('dev')\n",
            },
            {},
            ".",
            "run.py",
            (".",),
            id="a factory that needs an argument is left to the script that gives it",
        ),
        pytest.param(
            {"main.py": "import flask\nshop = flask.Flask('shop')\n"}, {}, ".", "main.py", (".",), id="any name"
        ),
        pytest.param(
            {"main.py": "from flask import Flask\ndef build(debug=False):\n    return Flask('x')\n"},
            {},
            ".",
            "main.py:build",
            (".",),
            id="a factory of another name",
        ),
        pytest.param(
            {"one.py": APP, "two.py": APP},
            {"FLASK_APP": "two:app"},
            ".",
            "two:app",
            (".",),
            id="FLASK_APP",
        ),
        pytest.param(
            {"app.py": APP, "blog.py": APP, ".flaskenv": "export FLASK_APP='blog.py'  # ours\n"},
            {},
            ".",
            "blog.py",
            (".",),
            id=".flaskenv goes before app.py",
        ),
        pytest.param(
            {"a.py": APP, "b.py": APP, ".flaskenv": "FLASK_APP=a\n", ".env": 'FLASK_APP="b:app"\n'},
            {},
            ".",
            "b:app",
            (".",),
            id=".env goes before .flaskenv",
        ),
        pytest.param(
            {"a.py": APP, "b.py": APP, ".flaskenv": "FLASK_APP=a\n"},
            {"FLASK_APP": "b"},
            ".",
            "b",
            (".",),
            id="the variable goes before .flaskenv",
        ),
        pytest.param(
            {"app.py": APP}, {"FLASK_APP": "elsewhere.py"}, ".", "app.py", (".",), id="FLASK_APP of another project"
        ),
        pytest.param(
            {"manage.py": "from flask_script import Manager\n" + APP, "shop/__init__.py": FACTORY},
            {},
            ".",
            "shop",
            (".",),
            id="an application without Flask-Script goes before one with it",
        ),
        pytest.param(
            {"seed.py": APP, "test_app.py": APP, "conftest.py": APP, "service.py": APP},
            {},
            ".",
            "service.py",
            (".",),
            id="tests and seeds are no application",
        ),
        pytest.param(
            {"admin.py": APP, "service.py": MIGRATED + APP},
            {},
            ".",
            "service.py",
            (".",),
            id="of two, the one that uses Flask-Migrate",
        ),
        pytest.param({"main.py": "if __name__ == '__main__':\n    app = Flask('x')\n"}, {}, ".", "", (".",), id="none"),
        pytest.param({"main.py": "def broken(:\n"}, {}, ".", "", (".",), id="a module with a syntax error"),
    ],
)
def test_application_beside_migrations(
    tmp_path: Path,
    files: dict[str, str],
    environ: dict[str, str],
    folder: str,
    flask_app: str,
    sys_path: tuple[str, ...],
) -> None:
    write(tmp_path, {**flask_folder("migrations"), **files})
    (found,) = discover(WorkingTree(tmp_path), Settings(), environ)
    assert (found.flask, found.problems, found.script_location) == (True, (), "migrations")
    assert (found.folder, found.flask_app, found.sys_path) == (folder, flask_app, sys_path)


@pytest.mark.parametrize(
    ("files", "scripts", "folder", "flask_app", "sys_path"),
    [
        pytest.param({"server/app.py": APP}, "server/migrations", "server", "app.py", ("server",), id="a sub-folder"),
        pytest.param(
            {"server/app.py": "from models import db\n" + APP, "server/models.py": "", "server/__init__.py": ""},
            "server/migrations",
            ".",
            "server/app.py",
            (".", "server"),
            id="a sub-folder that is a package by mistake",
        ),
        pytest.param(
            {"shop/__init__.py": FACTORY, ".flaskenv": "FLASK_APP=shop\n"},
            "shop/migrations",
            ".",
            "shop",
            (".",),
            id="migrations inside the package",
        ),
        pytest.param(
            {"services/a/app.py": APP, "services/b/app.py": APP, "app.py": APP},
            "services/a/migrations",
            "services/a",
            "app.py",
            ("services/a",),
            id="the nearest application in a repository of many",
        ),
        pytest.param(
            {"main.py": APP + "Migrate(app, db, directory='db/history')\n", "other.py": MIGRATED + APP},
            "db/history",
            ".",
            "main.py",
            (".",),
            id="the application that says this directory",
        ),
        pytest.param({"server/app.py": APP}, "migrations", ".", "server/app.py", ("server", "."), id="app below"),
    ],
)
def test_application_elsewhere(
    tmp_path: Path, files: dict[str, str], scripts: str, folder: str, flask_app: str, sys_path: tuple[str, ...]
) -> None:
    write(tmp_path, {**flask_folder(scripts), **files})
    (found,) = discover(WorkingTree(tmp_path), Settings(), {})
    assert (found.folder, found.flask_app, found.sys_path) == (folder, flask_app, sys_path)
    assert found.version_locations == (f"{scripts}/versions",)


def test_the_old_flask_script_layout(tmp_path: Path) -> None:
    files = {
        "app.py": "from flask_script import Manager\nfrom flask_migrate import Migrate, MigrateCommand\n"
        "from flask import Flask\napp = Flask(__name__)\nmanager = Manager(app)\n",
        "migrations/env.py": "from alembic import context\nconfig = context.config\n"
        "from flask import current_app\n"
        "config.set_main_option('sqlalchemy.url', current_app.config.get('SQLALCHEMY_DATABASE_URI'))\n",
        "migrations/alembic.ini": FLASK_INI,
        "migrations/versions/1.py": "revision = '1'\n",
    }
    (found,) = discover(WorkingTree(write(tmp_path, files)), Settings(), {})
    assert (found.flask, found.folder, found.flask_app) == (True, ".", "app.py")
    assert found.problems == ("app.py imports flask_script, which no current Flask can import",)


def test_several_applications_are_told(tmp_path: Path) -> None:
    files = {**flask_folder("migrations"), "one.py": APP, "two.py": APP}
    (found,) = discover(WorkingTree(write(tmp_path, files)), Settings(), {})
    assert found.flask_app == "one.py"
    assert found.problems == (
        "several modules could hold the Flask application of migrations: one.py, two.py; the first is taken",
    )


@pytest.mark.parametrize(
    ("env_py", "ini", "flask"),
    [
        pytest.param(FLASK_ENV_PY, FLASK_INI, True, id="Flask-Migrate"),
        pytest.param(FLASK_ENV_PY, "[alembic]\nscript_location = migrations\n", True, id="with a script location"),
        pytest.param(
            "import flask\nfrom alembic import context\nflask.current_app.config\n", FLASK_INI, True, id="import flask"
        ),
        pytest.param(ENV_PY, "[alembic]\nscript_location = migrations\n", False, id="plain Alembic called migrations"),
        pytest.param(ENV_PY, FLASK_INI, False, id="plain Alembic whose program says the script location"),
        pytest.param(
            f"{FLASK_ENV_PY}from app import app\nwith app.app_context():\n    pass\n",
            "[alembic]\nscript_location = migrations\n",
            False,
            id="an env.py that makes its own application context",
        ),
    ],
)
def test_flask_is_told_by_what_env_py_imports(tmp_path: Path, env_py: str, ini: str, flask: bool) -> None:
    files = {"app.py": APP, "migrations/env.py": env_py, "migrations/alembic.ini": ini, "migrations/versions/a.py": ""}
    (found,) = discover(WorkingTree(write(tmp_path, files)), Settings(), {})
    assert (found.flask, found.script_location, found.folder) == (flask, "migrations", ".")
