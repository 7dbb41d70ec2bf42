"""A fact that could not be had, and the rule that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftguard.checks.setup import Problem
from driftguard.facts.traceback_place import place_in
from driftguard.probe.answers import Failure
from driftguard.probe.guest_process import DeadlinePassed, GuestFailed
from driftguard.project import NoInterpreter
from driftguard.shadow import NoShadow

DRIVERS = frozenset(
    (
        *("psycopg2", "psycopg", "asyncpg", "pg8000", "psycopg2cffi"),
        *("pymysql", "MySQLdb", "mysql", "asyncmy", "aiomysql", "mariadb"),
        *("aiosqlite", "greenlet"),
    )
)
MISSING_MODULE = "No module named "
MISSING_VARIABLE = re.compile(r"KeyError: '(?P<name>\w+)'$")
FRAME_OF_ENVIRON = re.compile(r'File "(<frozen os>|.*[/\\]os\.py)", line \d+, in __getitem__')
MISSING_DIALECT = re.compile(r"Can't load plugin: sqlalchemy\.dialects:(?P<name>[\w.]+)")
IMPORT_OF_DRIVER = re.compile(r"in (import_dbapi|dbapi)$")
MISSING_EXTENSION = re.compile(r'extension "(?P<name>[^"]+)" is not available|/(?P<file>[^/"]+)\.control"')
"""What PostgreSQL says, newer and older than version 13."""
STEPS = {
    "hello": "starting the project's interpreter",
    "load": "loading the application",
    "run": "running env.py and the revisions on a shadow",
    "build_models": "building the models on a shadow",
    "open": "connecting to the database",
    "query": "reading the database's catalog",
}


LOST_SHADOW = re.compile(
    "database or disk is full|No space left on device|could not extend file|is in recovery mode"
    "|server closed the connection|connection is closed|terminating connection|Lost connection|server has gone away"
)
LOST_SHADOW_HELP = "make room where shadow databases lie, or see why their server ended, and check again"


class Unavailable(Exception):
    """A fact is missing; ``code`` is the rule (DG9xx) that tells the user, from ``problem``."""

    def __init__(self, code: str, problem: Problem) -> None:
        super().__init__(problem.message)
        self.code = code
        self.problem = problem


class NotRemembered(Exception):
    """What is remembered does not say it: everything has to be run after all."""


@contextmanager
def named_failures(subject: str, root: Path, seconds: int) -> Iterator[None]:
    """Whatever stops the guest or a shadow inside becomes Unavailable, with the rule that fits."""
    try:
        yield
    except NoInterpreter as error:
        raise Unavailable("DG902", Problem(subject, error.message, help=error.hint)) from error
    except NoShadow as error:
        raise Unavailable("DG903", Problem(subject, error.message, help=error.hint)) from error
    except DeadlinePassed as error:
        raise Unavailable("DG905", _late(subject, error.step, seconds)) from error
    except GuestFailed as error:
        failure = Failure(error.message, error.details)
        raise Unavailable(_code_of(failure), environment_problem(subject, failure, root)) from error


def environment_problem(subject: str, failure: Failure, root: Path) -> Problem:
    """What the project raised, with the place in its own files where it did."""
    return Problem(
        subject,
        failure.message,
        details=failure.details,
        place=place_in(failure.details, root),
        help=_advice(failure),
    )


def raise_for(failure: Failure, subject: str, root: Path) -> None:
    """Raise Unavailable for an error that env.py raised."""
    raise Unavailable(_code_of(failure), environment_problem(subject, failure, root))


def missing_extension(failure: Failure) -> str:
    """The PostgreSQL extension that the shadow's server lacks; "" if that is not what failed."""
    found = MISSING_EXTENSION.search(failure.message)
    return (found["name"] or found["file"]) if found else ""


def is_lost_shadow(failure: Failure) -> bool:
    """Whether there was no more room for it, or its server ended: no revision can be blamed for that."""
    return LOST_SHADOW.search(failure.message) is not None


def _code_of(failure: Failure) -> str:
    if missing_extension(failure) or is_lost_shadow(failure):
        return "DG903"
    return "DG902" if _missing_driver(failure) or MISSING_DIALECT.search(failure.message) else "DG901"


def _advice(failure: Failure) -> str:
    """What to do about it, as far as the error tells."""
    if extension := missing_extension(failure):
        return extension_advice(extension)
    if is_lost_shadow(failure):
        return LOST_SHADOW_HELP
    if dialect := MISSING_DIALECT.search(failure.message):
        return f"install the package that brings SQLAlchemy's {dialect['name']} into the project's environment"
    if driver := _missing_driver(failure):
        return f"install {driver} into the project's environment"
    if module := _missing_module(failure):
        return f"install {module} into the project's environment; if it is the project's own, see prepend_sys_path"
    variable = MISSING_VARIABLE.search(failure.message)
    if variable and any(map(FRAME_OF_ENVIRON.search, failure.details)):
        return f'set {variable["name"]}, or give it a harmless value: {variable["name"]} = "…" in [tool.driftguard.env]'
    return "mend it there, or see `driftguard explain DG901`"


def extension_advice(extension: str) -> str:
    """What to do about an extension that the shadow's server lacks."""
    return (
        f'install {extension} on that server, or name one that has it: shadow = "postgresql://…" in [tool.driftguard]'
    )


def _missing_driver(failure: Failure) -> str:
    """The driver's module that SQLAlchemy could not import; "" if that is not what failed."""
    missing = _missing_module(failure)
    by_sqlalchemy = any(map(IMPORT_OF_DRIVER.search, failure.details))
    return missing if by_sqlalchemy or missing in DRIVERS else ""


def _missing_module(failure: Failure) -> str:
    _, found, rest = failure.message.partition(MISSING_MODULE)
    return rest.strip("'\"").partition(".")[0] if found else ""


def _late(subject: str, step: str, seconds: int) -> Problem:
    return Problem(
        subject,
        f"{STEPS.get(step, step)} was ended: the environment's {seconds} seconds were over",
        help='allow more time with the setting "deadline", or find out what waits',
    )
