"""A guest like the last one is on its way before anybody asks for it."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from driftguard.probe import guest_process
from driftguard.probe.ahead import Ahead
from driftguard.probe.early import guest_environ
from driftguard.probe.guest_process import Answerer, Guest, GuestFailed

ENVIRON = guest_environ({"A": "1"})


def saying(text: str) -> Answerer:
    return lambda question, arguments: text


class Starts:
    """Real guests; notes in which thread each was begun, and how many there are."""

    def __init__(self) -> None:
        self.threads: list[bool] = []
        self.open = 0

    @contextmanager
    def __call__(
        self, python: str, *, cwd: Path, environ: Mapping[str, str], seconds: float, answer: Answerer
    ) -> Iterator[Guest]:
        self.threads.append(threading.current_thread() is threading.main_thread())
        started = guest_process.start(python, cwd=cwd, environ=environ, seconds=seconds, answer=answer)
        with started as guest:
            self.open += 1
            try:
                yield guest
            finally:
                self.open -= 1


def look(ahead: Ahead, cwd: Path, environ: Mapping[str, str] = ENVIRON, python: str = sys.executable) -> Any:
    """What a guest says that has been asked for."""
    with ahead.begun() as start:
        started = start(python, cwd=cwd, environ=environ, seconds=60, answer=saying(""))
        with started as guest:
            assert guest.left > 50
            return guest.call("hello")["executable"]


def test_one_like_the_last(tmp_path: Path) -> None:
    starts = Starts()
    ahead = Ahead(starts)
    look(ahead, tmp_path)
    assert starts.threads == [True]
    assert look(ahead, tmp_path) == look(ahead, tmp_path)
    assert starts.threads == [True, False, False]
    assert starts.open == 0


def test_it_ends_with_who_took_it(tmp_path: Path) -> None:
    starts = Starts()
    ahead = Ahead(starts)
    look(ahead, tmp_path)
    with ahead.begun() as start:
        with start(sys.executable, cwd=tmp_path, environ=ENVIRON, seconds=60, answer=saying("")):
            assert starts.open == 1
        assert starts.open == 0
    assert starts.threads == [True, False]


def test_another_one_is_begun_and_the_first_ends(tmp_path: Path) -> None:
    starts = Starts()
    ahead = Ahead(starts)
    look(ahead, tmp_path)
    look(ahead, tmp_path, guest_environ({"A": "2"}))
    assert starts.threads == [True, False, True]
    assert starts.open == 0


def test_what_it_asks_is_answered_by_who_took_it(tmp_path: Path) -> None:
    ahead = Ahead(guest_process.start)
    for said in ("first", "second"):
        with ahead.begun() as start:
            started = start(sys.executable, cwd=tmp_path, environ=ENVIRON, seconds=60, answer=saying(said))
            with started as guest:
                assert guest._answer("shadow", {}) == said


def test_one_that_cannot_be_begun_any_more(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    ahead = Ahead(guest_process.start)
    look(ahead, tmp_path, python=str(python))
    python.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(GuestFailed, match="exit code 3"):
        look(ahead, tmp_path, python=str(python))
    python.unlink()
    with pytest.raises(OSError, match="python"):
        look(ahead, tmp_path, python=str(python))
