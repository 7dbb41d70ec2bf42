"""A hook is told before its answer is remembered: what git does in between must not be taken for what was looked at."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from guarded import Guarded
from hooked import COLOUR, add_column, add_revision, plain

from driftguard import staged
from driftguard.daemon.looking import Engine
from driftguard.engine import Examination
from driftguard.memo.record import Answer
from driftguard.probe import guest_process

OWN_INDEX = "next-index-1.lock"
"""As ``git commit --all`` has one while its hooks run."""


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    project = plain(tmp_path / "shop")
    project.commit("the next")
    add_column(project, "colour")
    add_revision(project, COLOUR, "colour")
    project.git("add", "--all")
    return project


def nothing(shop: Guarded) -> None:
    """Git waits for its hook."""


def commit(shop: Guarded) -> None:
    shop.git("commit", "--quiet", "--no-verify", "-m", "done")


def go_back(shop: Guarded) -> None:
    shop.git("reset", "--quiet", "--soft", "HEAD~1")


def stage(shop: Guarded) -> None:
    shop.write("more.py", "")
    shop.git("add", "more.py")


def end_commit_of_all(shop: Guarded) -> None:
    (shop.root / ".git" / OWN_INDEX).replace(shop.root / ".git/index")


@pytest.mark.parametrize(
    ("meanwhile", "kept"),
    [(nothing, True), (commit, False), (go_back, False), (stage, False), (end_commit_of_all, False)],
)
def test_only_what_is_still_staged_is_remembered(
    meanwhile: Callable[[Guarded], None], kept: bool, shop: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[bool] = []
    remember = staged.remember

    def noted(examination: Examination, told: Answer) -> bool:
        outcomes.append(remember(examination, told))
        return outcomes[-1]

    monkeypatch.setattr(staged, "remember", noted)
    shutil.copy2(shop.root / ".git/index", shop.root / ".git" / OWN_INDEX)
    index = OWN_INDEX if meanwhile is end_commit_of_all else "index"
    environ = {**os.environ, **shop.environ, "GIT_INDEX_FILE": str(shop.root / ".git" / index)}
    time.sleep(0.1)  # what has only just been written is never remembered
    engine = Engine(shop.root, environ, guest_process.start, guest_process.start)
    with engine.answer("pre-commit", environ, shop.root, ()) as told:
        assert told is not None and told.exit_code == 0, told
        meanwhile(shop)
    assert outcomes == [kept]
