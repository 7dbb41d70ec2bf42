"""What the user types to reach an environment with the project's own tool."""

from __future__ import annotations

import shlex
from posixpath import relpath

from driftguard.project import Environment

FOUND_BY_FLASK = ("", "app", "app.py", "wsgi", "wsgi.py")


def tool(environment: Environment) -> str:
    """``alembic`` or ``flask db`` with what this environment needs in front and behind, from the repository's root."""
    change_folder = "" if environment.folder == "." else f"cd {shlex.quote(environment.folder)} && "
    return change_folder + (_flask(environment) if environment.flask else _alembic(environment))


def autogenerate(environment: Environment) -> str:
    """The command that writes a revision from the models, up to its message."""
    return f"{tool(environment)} {'migrate' if environment.flask else 'revision --autogenerate'} -m"


def _flask(environment: Environment) -> str:
    if environment.flask_app in FOUND_BY_FLASK:
        return "flask db"
    return f"flask --app {shlex.quote(environment.flask_app)} db"


def _alembic(environment: Environment) -> str:
    words = ["alembic"]
    config = relpath(environment.config, environment.folder) if environment.config else "alembic.ini"
    if config not in ("alembic.ini", "pyproject.toml"):
        words += ["-c", config]
    if environment.section != "alembic":
        words += ["-n", environment.section]
    return shlex.join(words)
