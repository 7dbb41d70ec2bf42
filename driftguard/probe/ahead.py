"""A guest that is on its way while somebody finds out whether it is the right one: one like the last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from driftguard.probe.guest_process import Answerer, Guest, Start

SECONDS = 30.0
"""In which a guest has to say hello."""


class _Kind(NamedTuple):
    python: str
    cwd: Path
    environ: Mapping[str, str]


class Ahead:
    """Knows the last guest that ``start`` was asked for."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._last: _Kind | None = None

    @contextmanager
    def begun(self) -> Iterator[Start]:
        """As ``start``, for which a first guest is on its way; if it is not the right one, it ends with the context."""
        expected, waiting, answerers = self._last, list[Future[Guest]](), list[Answerer]()

        def answered(question: str, arguments: Mapping[str, Any]) -> Any:
            return answerers[0](question, arguments)

        @contextmanager
        def start_soon(
            python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
        ) -> Iterator[Guest]:
            self._last = _Kind(python, cwd, environ)
            guest = waiting.pop().result() if waiting and self._last == expected else None
            if guest is not None:
                answerers.append(answer)
                guest.renew(seconds)
                with stack.pop_all():
                    yield guest
                return
            with self._start(python, cwd=cwd, environ=environ, seconds=seconds, answer=answer) as guest:
                yield guest

        with ExitStack() as stack, ThreadPoolExecutor(1, "driftguard guest") as pool:
            if expected is not None:
                started = self._start(**expected._asdict(), seconds=SECONDS, answer=answered)
                waiting.append(pool.submit(stack.enter_context, started))
            pool.shutdown(wait=False)  # the context may last for days, and the thread need not
            yield start_soon
