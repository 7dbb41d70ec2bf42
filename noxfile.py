"""The matrix of guests: every Python and every pair of SQLAlchemy and Alembic that driftguard promises to guard."""

import nox

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["guests"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """All tests on each Python that driftguard itself runs on."""
    session.install("--group", "test", "-e", ".")
    session.run("pytest", *session.posargs)


@nox.session
def guests(session: nox.Session) -> None:
    """The corners of the guest matrix, each in the Python that it names if this machine has it."""
    session.install("--group", "test", "-e", ".")
    session.run("pytest", "tests/guests", *session.posargs)
