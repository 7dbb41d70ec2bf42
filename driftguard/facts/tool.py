"""What the user types to reach an environment with the project's own tool."""

from __future__ import annotations

import shlex
from posixpath import basename, dirname, relpath

from driftguard.project import Environment

FOUND_BY_FLASK = ("", "app", "app.py", "wsgi", "wsgi.py")
USUAL_DIRECTORY = "migrations"


def command(environment: Environment, subcommand: str) -> str:
    """A command of the project's own tool on this environment, from the repository's root."""
    return " ".join(part for part in (tool(environment), subcommand, directory_option(environment)) if part)


def tool(environment: Environment) -> str:
    """``alembic`` or ``flask db`` with what this environment needs in front of the subcommand."""
    change_folder = "" if environment.folder == "." else f"cd {shlex.quote(environment.folder)} && "
    return change_folder + (_flask(environment) if environment.flask else _alembic(environment))


def directory_option(environment: Environment) -> str:
    """Flask-Migrate takes an unusual folder as an option behind the subcommand."""
    if not environment.flask:
        return ""
    directory = relpath(environment.script_location, environment.folder)
    return "" if directory == USUAL_DIRECTORY else f"-d {shlex.quote(directory)}"


def _flask(environment: Environment) -> str:
    if environment.flask_app in FOUND_BY_FLASK:
        return "flask db"
    return f"flask --app {shlex.quote(environment.flask_app)} db"


def _alembic(environment: Environment) -> str:
    words = ["alembic"]
    config = relpath(environment.config, environment.folder) if environment.config else ""
    if config and (dirname(config) or basename(config) not in ("alembic.ini", "pyproject.toml")):
        words += ["-c", config]
    if environment.section != "alembic":
        words += ["-n", environment.section]
    return shlex.join(words)
