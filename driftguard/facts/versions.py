"""Which programs and packages there are: driftguard's own, the project's, git, and servers for shadows."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from driftguard import process
from driftguard.config import Settings
from driftguard.errors import DriftguardError
from driftguard.project import Environment, Interpreter, NoInterpreter, find_interpreter
from driftguard.shadow import mysql_binaries, postgresql_binaries

OWN = ("alembic", "SQLAlchemy", "click", "sqlglot", "watchdog")
PROJECTS = (
    *("alembic", "SQLAlchemy", "Flask-Migrate", "Flask-SQLAlchemy", "Flask"),
    *("psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000"),
    *("PyMySQL", "mysqlclient", "mysql-connector-python", "mariadb", "aiomysql", "asyncmy"),
    *("aiosqlite", "oracledb", "cx_Oracle", "pyodbc"),
)
ASK = """
import platform, sys
from importlib.metadata import PackageNotFoundError, version
print(platform.python_implementation().replace("CPython", "Python") + " " + platform.python_version())
for name in sys.argv[1:]:
    try:
        print(name + " " + version(name))
    except PackageNotFoundError:
        pass
"""
"""For the project's interpreter, Python 3.8 and newer; imports nothing of the project."""

SECONDS = 5.0
PRODUCTS = {"mariadb": "MariaDB", "mysql": "MySQL"}
NO_GIT = "git is not on PATH"


class Packages(NamedTuple):
    """The interpreter of some environments, and what it has, such as "SQLAlchemy 2.0.30"; else, why nobody knows."""

    environments: tuple[str, ...]
    interpreter: Interpreter | None
    versions: tuple[str, ...] = ()
    problem: str = ""


def of_host() -> tuple[str, ...]:
    """Python, and the packages that driftguard itself runs with."""
    return (
        f"{platform.python_implementation().replace('CPython', 'Python')} {platform.python_version()}",
        *_installed(),
    )


def of_project(
    root: Path, found: tuple[Environment, ...], settings: Settings, environ: Mapping[str, str], main: Path | None
) -> tuple[Packages, ...]:
    """The interpreters of these environments, each asked once; nothing of the project is imported."""
    chosen: dict[Interpreter, list[str]] = {}
    lacking: list[Packages] = []
    for each in found:
        try:
            own = settings.for_environment(each.name)
            interpreter = find_interpreter(root, each, own, environ, main_worktree=main)
            chosen.setdefault(interpreter, []).append(each.name)
        except NoInterpreter as error:
            lacking.append(Packages((each.name,), None, problem=error.message.splitlines()[0]))
    return (*(_asked(root, one, tuple(names), environ) for one, names in chosen.items()), *lacking)


def of_git(environ: Mapping[str, str] = os.environ) -> str:
    """git's version, or that there is none."""
    program = shutil.which("git", path=environ.get("PATH"))
    if program is None:
        return NO_GIT
    try:
        answer = process.run([program, "--version"], deadline=SECONDS).output.decode(errors="replace")
    except (DriftguardError, OSError) as error:
        return f"git does not run: {_reason(error)}"
    return answer.strip().removeprefix("git version ")


def of_servers(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Servers on which shadows can be made; those of a wheel are "packaged"."""
    postgresql = (
        f"PostgreSQL {each.version}{' (packaged)' if each.from_wheel else ''}"
        for each in postgresql_binaries.find(environ)
    )
    mysql = (f"{PRODUCTS[each.product]} {each.version}" for each in mysql_binaries.find(environ))
    return (*postgresql, *mysql)


def _installed() -> Iterator[str]:
    for name in OWN:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} is not installed"


def _asked(root: Path, interpreter: Interpreter, names: tuple[str, ...], environ: Mapping[str, str]) -> Packages:
    command = [interpreter.python, "-I", "-c", ASK, *PROJECTS]
    try:
        done = process.run(command, deadline=SECONDS, cwd=root, environ=process.without_local_git(environ))
    except (DriftguardError, OSError) as error:
        return Packages(names, interpreter, problem=f"it does not answer: {_reason(error)}")
    if done.status != 0:
        return Packages(names, interpreter, problem=f"it ended with exit code {done.status}")
    return Packages(names, interpreter, tuple(done.output.decode(errors="replace").splitlines()))


def _reason(error: DriftguardError | OSError) -> str:
    return error.message if isinstance(error, DriftguardError) else error.strerror or type(error).__name__
