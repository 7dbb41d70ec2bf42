"""A guest that begins before anybody knows whether it is the right one.

Until it is known which environments there are and which interpreter runs them, the one that did so the last time has
loaded SQLAlchemy and Alembic. A wrong guess costs a process that is ended; what a guest does is never guessed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from driftguard.probe.guest_process import Answerer, Guest, Start, greeted, spawned, start

FILE = "interpreter"
"""In driftguard's own folder of the git folder: the interpreter that ran the last guest."""

OWN_VARIABLES = {"PYTHONDONTWRITEBYTECODE": "1", "DRIFTGUARD_GUEST": "1"}
GIT_VARIABLES = "GIT_"


def guest_environ(environ: Mapping[str, str], added: Mapping[str, str] = {}) -> dict[str, str]:
    """The variables of a guest: those of driftguard without git's, and ``added`` ones of the settings."""
    inherited = {key: value for key, value in environ.items() if not key.startswith(GIT_VARIABLES)}
    return {**inherited, **OWN_VARIABLES, **added}


def guessed(folder: str) -> str:
    """The interpreter of the last time; "" if there was none. ``folder`` is the git folder's ``driftguard``."""
    with suppress(OSError, UnicodeDecodeError):
        return Path(folder, FILE).read_text(encoding="utf-8")
    return ""


def learn(folder: str, python: str) -> None:
    """Guess this one from now on."""
    with suppress(OSError, UnicodeEncodeError):
        if guessed(folder) != python:
            Path(folder, FILE).write_text(python, encoding="utf-8")


@contextmanager
def begun(python: str, environ: Mapping[str, str]) -> Iterator[Start]:
    """``start``, for which a first guest in the interpreter ``python`` is on its way; it ends with the context."""
    given = guest_environ(environ)
    with ExitStack() as stack:
        try:
            waiting = [stack.enter_context(spawned(python, cwd=Path.cwd(), environ=given))]
        except OSError:
            waiting = []

        @contextmanager
        def start_soon(
            wanted: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
        ) -> Iterator[Guest]:
            if waiting and wanted == python and environ == given:
                yield greeted(*waiting.pop(), seconds, answer)
                return
            with start(wanted, cwd=cwd, environ=environ, seconds=seconds, answer=answer) as guest:
                yield guest

        yield start_soon
