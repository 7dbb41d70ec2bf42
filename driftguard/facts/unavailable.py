"""A fact that could not be had, and the rule that says so."""

from __future__ import annotations

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
STEPS = {
    "hello": "starting the project's interpreter",
    "load": "loading the application",
    "run": "running env.py and the revisions on a shadow",
    "build_models": "building the models on a shadow",
    "open": "connecting to the database",
    "query": "reading the database's catalog",
}


class Unavailable(Exception):
    """A fact is missing; ``code`` is the rule (DG9xx) that tells the user, from ``problem``."""

    def __init__(self, code: str, problem: Problem) -> None:
        super().__init__(problem.message)
        self.code = code
        self.problem = problem


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
        raise Unavailable(_code_of(error.kind, failure), environment_problem(subject, failure, root)) from error


def environment_problem(subject: str, failure: Failure, root: Path) -> Problem:
    """What the project raised, with the place in its own files where it did."""
    missing = _missing_module(failure)
    return Problem(
        subject,
        failure.message,
        details=failure.details,
        place=place_in(failure.details, root),
        help=f"install {missing} into the project's environment" if missing in DRIVERS else "",
    )


def raise_for(failure: Failure, subject: str, root: Path) -> None:
    """Raise Unavailable for an error that env.py raised."""
    raise Unavailable(_code_of("environment", failure), environment_problem(subject, failure, root))


def _code_of(kind: str, failure: Failure) -> str:
    missing = kind in ("packages", "protocol") or _missing_module(failure) in DRIVERS
    return "DG902" if missing else "DG901"


def _missing_module(failure: Failure) -> str:
    _, found, rest = failure.message.partition(MISSING_MODULE)
    return rest.strip("'\"").partition(".")[0] if found else ""


def _late(subject: str, step: str, seconds: int) -> Problem:
    return Problem(
        subject,
        f"{STEPS.get(step, step)} took longer than {seconds} seconds and was ended",
        help='allow more time with the setting "deadline", or find out what waits',
    )
