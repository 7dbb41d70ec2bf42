"""A guest that begins before anybody knows whether it is the right one.

Until it is known which environments there are and which interpreter runs them, the one that did so the last time has
loaded SQLAlchemy and Alembic. A wrong guess costs a process that is ended; what a guest does is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from driftguard.probe.guest_process import Answerer, Guest, Start, greeted, spawned, start

OWN_VARIABLES = {"PYTHONDONTWRITEBYTECODE": "1", "DRIFTGUARD_GUEST": "1"}
GIT_VARIABLES = "GIT_"


def guest_environ(environ: Mapping[str, str], added: Mapping[str, str] = {}) -> dict[str, str]:
    """The variables of a guest: those of driftguard without git's, and ``added`` ones of the settings."""
    inherited = {key: value for key, value in environ.items() if not key.startswith(GIT_VARIABLES)}
    return {**inherited, **OWN_VARIABLES, **added}


@contextmanager
def begun(guess: str, environ: Mapping[str, str]) -> Iterator[Start]:
    """``start``, for which a first guest in the interpreter ``guess`` is on its way; it ends with the context."""
    given = guest_environ(environ)
    with ExitStack() as stack:
        try:
            waiting = [stack.enter_context(spawned(guess, cwd=Path.cwd(), environ=given))]
        except OSError:
            waiting = []

        @contextmanager
        def start_soon(
            python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
        ) -> Iterator[Guest]:
            if waiting and python == guess and environ == given:
                yield greeted(*waiting.pop(), seconds, answer)
                return
            with start(python, cwd=cwd, environ=environ, seconds=seconds, answer=answer) as guest:
                yield guest

        yield start_soon
