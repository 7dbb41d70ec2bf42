"""Benches on databases of the tests: what the guest does, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import driftguard
from driftguard.facts.bench import Bench, opened
from driftguard.facts.guest import Probe
from driftguard.project import Interpreter
from driftguard.schema.catalog import Catalog, Scope

sys.path.append(str(Path(driftguard.__file__).parent / "probe" / "guest"))

from driftguard_guest.connections import Connections
from driftguard_guest.sessions import Sessions
from driftguard_guest.writing import Writing

EVERYTHING = Scope()


class GuestHere:
    """Answers the calls that sessions need; its errors are the driver's."""

    def __init__(self) -> None:
        sessions = Sessions(Connections(None))
        writing = Writing(sessions)
        self._calls: dict[str, Callable[..., Any]] = {
            "open": sessions.open,
            "query": sessions.query,
            "close": sessions.close,
            "begin_writing": writing.begin,
            "attempt": writing.attempt,
            "end_writing": writing.end,
        }
        self._begun: list[Callable[[], Any]] = []

    def call(self, name: str, **arguments: Any) -> Any:
        self.begin(name, **arguments)
        return self.finish(name)

    def begin(self, name: str, **arguments: Any) -> None:
        self._begun.append(partial(self._calls[name], **arguments))

    def finish(self, name: str) -> Any:
        del name
        return self._begun.pop(0)()


def probe_here() -> Probe:
    """A probe without another process."""
    return Probe(GuestHere(), Interpreter(sys.executable, "the tests'"), "", Path(), ExitStack())  # type: ignore[arg-type]


@contextmanager
def bench_on(url: str, scope: Scope = EVERYTHING) -> Iterator[Bench]:
    """The database at ``url``, open for writing; what is not kept is undone, where the server can."""
    probe, dialect = probe_here(), url.partition("+")[0].partition(":")[0]

    def read(session: int) -> Catalog:
        return probe.read(session, dialect, scope)

    with opened(probe, url, dialect, read) as bench:
        yield bench


def run(bench: Bench, *statements: str) -> None:
    """Statements that must go through."""
    done, reason = bench.attempt(statements)
    assert not reason, f"{statements[done] if done < len(statements) else statements}: {reason}"
