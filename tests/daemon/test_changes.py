"""Which changes matter, what they are called, and how many of them become one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import pytest
from watching import eventually

from driftguard.daemon.changes import Batch, Ground, Inbox, Question

ROOT = Path("/projects/shop")
GROUND = Ground(ROOT, ROOT / ".git", ROOT / ".git").watching((ROOT / "app", Path("/venvs/shop/bin"), Path("/tmp")))
LINKED = Ground(Path("/projects/linked"), ROOT / ".git/worktrees/linked", ROOT / ".git")


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        pytest.param("app/models.py", "app/models.py", id="a model"),
        pytest.param("migrations/versions/1_a.py", "migrations/versions/1_a.py", id="a revision"),
        pytest.param("alembic.ini", "alembic.ini", id="alembic's settings"),
        pytest.param("pyproject.toml", "settings", id="our settings"),
        pytest.param("driftguard.toml", "settings", id="our own settings"),
        pytest.param("app/pyproject.toml", "app/pyproject.toml", id="somebody else's settings"),
        pytest.param(".env", ".env", id="variables"),
        pytest.param("new folder", "new folder", id="a folder"),
        pytest.param(".venv/pyvenv.cfg", ".venv/pyvenv.cfg", id="a virtual environment"),
        pytest.param("/lib/site-packages/sqlalchemy", "/lib/site-packages/sqlalchemy", id="a package"),
        pytest.param("/venvs/shop/bin/python3.11", "/venvs/shop/bin/python3.11", id="an interpreter"),
        pytest.param("/etc/shop.ini", "/etc/shop.ini", id="settings that lie elsewhere"),
        pytest.param("/venvs/shop", "/venvs/shop", id="a folder above a watched one"),
        pytest.param("/venvs/shop/bin/ruff", "", id="another program"),
        pytest.param("/venvs/other", "", id="a folder of somebody else"),
        pytest.param("/tmp/driftguard-index-1234", "", id="our own temporary folder"),
        pytest.param(".git/HEAD", "HEAD", id="a checkout"),
        pytest.param(".git/index", "the index", id="git add"),
        pytest.param(".git/MERGE_HEAD", "HEAD", id="a merge"),
        pytest.param(".git/refs/heads/a/b", "refs", id="a branch"),
        pytest.param(".git/packed-refs", "refs", id="git pack-refs"),
        pytest.param(".git/rebase-merge", "HEAD", id="a rebase"),
        pytest.param("app/models.pyc", "", id="bytecode"),
        pytest.param("app/__pycache__", "", id="a folder of bytecode"),
        pytest.param("app/__pycache__/models.cpython-311.pyc.1234", "", id="bytecode that is being written"),
        pytest.param("app/.models.py.swp", "", id="vim's swap file"),
        pytest.param("app/4913", "", id="vim's probe"),
        pytest.param("app/models.py~", "", id="a backup"),
        pytest.param("app/.#models.py", "", id="emacs' lock"),
        pytest.param("app/models.py___jb_tmp___", "", id="PyCharm's draft"),
        pytest.param("shop.db-wal", "", id="SQLite's log"),
        pytest.param("shop.db-journal", "", id="SQLite's journal"),
        pytest.param("node_modules/a/b.js", "", id="packages of another language"),
        pytest.param(".git/index.lock", "", id="the index's lock"),
        pytest.param(".git/HEAD.lock", "", id="HEAD's lock"),
        pytest.param(".git/refs/heads/main.lock", "", id="a branch's lock"),
        pytest.param(".git/driftguard/daemon.log", "", id="our own log"),
        pytest.param(".git/objects/00/00", "", id="an object"),
        pytest.param(".git/COMMIT_EDITMSG", "", id="a message"),
        pytest.param(".git/logs/HEAD", "", id="a reflog"),
        pytest.param(".git", "", id="the git folder itself"),
    ],
)
def test_what_a_change_is_called(path: str, cause: str) -> None:
    assert GROUND.cause("created", str(ROOT / path)) == cause


def test_what_is_not_worth_watching() -> None:
    folders = (ROOT / "app", Path("/"), Path("/tmp"), Path("/projects"), Path("/venvs/shop/bin"))
    assert GROUND.watching(folders).folders == (ROOT / "app", Path("/venvs/shop/bin"))


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("modified", ""), ("created", "shop.db"), ("deleted", "shop.db"), ("moved", "shop.db")],
)
def test_rows_that_an_application_writes_are_no_news(kind: str, cause: str) -> None:
    assert GROUND.cause(kind, str(ROOT / "shop.db")) == cause


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        pytest.param("/projects/linked/a.py", "a.py", id="a file"),
        pytest.param("/projects/shop/.git/worktrees/linked/HEAD", "HEAD", id="its own HEAD"),
        pytest.param("/projects/shop/.git/refs/heads/main", "refs", id="a branch"),
        pytest.param("/projects/shop/.git/worktrees/linked/driftguard/daemon.pid", "", id="our own file"),
    ],
)
def test_linked_work_trees(path: str, cause: str) -> None:
    assert LINKED.cause("modified", path) == cause


def test_changes_that_follow_each_other_are_one() -> None:
    inbox = Inbox()
    for number in range(10_000):
        inbox.changed(f"file {number}")
    batch = inbox.wait(time.monotonic() + 10)
    assert isinstance(batch, Batch)
    assert (batch.cause, len(batch.causes)) == ("file 0", 100)
    assert inbox.wait(time.monotonic()) is None


def test_an_unrest_that_does_not_end_is_looked_at_all_the_same() -> None:
    inbox, stop = Inbox(), threading.Event()

    def unrest() -> None:
        while not stop.wait(0.005):
            inbox.changed("a")

    thread = threading.Thread(target=unrest)
    thread.start()
    try:
        assert isinstance(inbox.wait(time.monotonic() + 20), Batch)
    finally:
        stop.set()
        thread.join()


def test_while_git_holds_the_index_nothing_is_complete() -> None:
    held = [True]
    inbox = Inbox(lambda: held[0])
    inbox.changed("a")
    assert inbox.wait(time.monotonic() + 0.5) is None
    held[0] = False
    assert isinstance(inbox.wait(time.monotonic() + 20), Batch)


def test_questions_come_before_changes() -> None:
    inbox = Inbox()
    inbox.changed("a")
    answer, failure = inbox.ask(lambda: nullcontext(7)), inbox.ask(lambda: nullcontext(1 // 0))
    for _ in range(2):
        question = inbox.wait(time.monotonic() + 10)
        assert isinstance(question, Question)
        question.serve()
    assert answer.result(0) == 7
    assert isinstance(failure.exception(0), ZeroDivisionError)
    assert isinstance(inbox.wait(time.monotonic() + 10), Batch)


def test_nobody_waits_for_what_comes_after_the_answer() -> None:
    inbox = Inbox()

    @contextmanager
    def ask(outcome: float) -> Iterator[int]:
        yield 7
        assert answer.result(0) == 7
        done.append(1 / outcome)

    done: list[float] = []
    for outcome in (1.0, 0.0):
        answer = inbox.ask(partial(ask, outcome))
        question = inbox.wait(time.monotonic() + 10)
        assert isinstance(question, Question)
        with nullcontext() if outcome else pytest.raises(ZeroDivisionError):
            question.serve()
        assert answer.result(0) == 7
    assert done == [1.0]


def test_nobody_waits_for_a_watcher_that_has_ended() -> None:
    inbox = Inbox()
    before = inbox.ask(lambda: nullcontext(7))
    inbox.close()
    assert before.cancelled()
    assert inbox.ask(lambda: nullcontext(7)).cancelled()


def test_waking() -> None:
    inbox = Inbox()
    thread = threading.Thread(target=lambda: inbox.wait(time.monotonic() + 60))
    thread.start()
    inbox.wake()
    eventually(lambda: not thread.is_alive())
