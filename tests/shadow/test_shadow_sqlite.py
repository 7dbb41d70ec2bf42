"""Shadows that are SQLite files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from fixtures.borrowers import Borrow
from fixtures.execute import execute
from sqlalchemy.engine import make_url

from driftguard import process
from driftguard.process import remove_leftovers
from driftguard.shadow import Request, open_shadows
from driftguard.shadow.sqlite import temporary_place


def folder_of(url: str) -> Path:
    return Path(make_url(url).database or "").parent


@pytest.mark.parametrize("driver", ["", "pysqlite", "aiosqlite"])
def test_every_driver_meets_empty_databases(driver: str, tmp_path: Path) -> None:
    with open_shadows(Request("sqlite", driver), execute, cache_folder=tmp_path) as shadows:
        first, second = shadows.create(), shadows.create()
        assert first.startswith(f"sqlite+{driver}:///" if driver else "sqlite:///")
        assert execute(first, ("PRAGMA journal_mode = wal", "CREATE TABLE here (id integer)")) == []
        assert execute(second, ("SELECT name FROM sqlite_master",)) == []
        assert execute(first, ("SELECT name FROM sqlite_master",)) == [["here"]]
        assert shadows.version.startswith("3.")
        shadows.drop(first)
        shadows.drop(second)
        assert list(folder_of(first).iterdir()) == []
    assert not folder_of(first).exists()
    assert list(tmp_path.iterdir()) == []


def test_after_a_kill_the_next_one_cleans(borrow: Borrow, tmp_path: Path) -> None:
    killed, living = borrow(tmp_path, "sqlite", "pysqlite"), borrow(tmp_path, "sqlite", "pysqlite")
    left = folder_of(killed.answer["url"])
    kept = folder_of(living.answer["url"])
    killed.kill()
    assert left.exists()
    with open_shadows(Request("sqlite", "pysqlite"), execute, cache_folder=tmp_path):
        assert not left.exists()
        assert kept.exists()
    living.leave()
    assert not kept.exists()


def gone() -> str:
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        mark = process.mark(sleeper.pid)
        sleeper.kill()
    return mark


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        pytest.param("prefix-{gone}-abc", False, id="its process is gone"),
        pytest.param("prefix-{here}-abc", True, id="its process is this one"),
        pytest.param("prefix-0{gone}-abc", True, id="another host's"),
        pytest.param("other-{gone}-abc", True, id="another user's"),
        pytest.param("prefix-", True, id="no mark"),
        pytest.param("prefix-1_2_3", True, id="no mark of ours"),
    ],
)
def test_leftovers(name: str, stays: bool, tmp_path: Path) -> None:
    folder = tmp_path / name.format(gone=gone(), here=process.mark())
    folder.mkdir()
    (folder / "1.sqlite").touch()
    remove_leftovers(tmp_path, "prefix-")
    assert folder.exists() == stays


def test_a_leftover_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / f"prefix-{gone()}-abc").symlink_to(tmp_path / "precious")
    remove_leftovers(tmp_path, "prefix-")
    assert (tmp_path / "precious").exists()


def test_without_a_folder_in_memory_the_usual_one_is_taken(tmp_path: Path) -> None:
    assert temporary_place(tmp_path / "missing") != tmp_path / "missing"
    assert os.access(temporary_place(tmp_path / "missing"), os.W_OK)
    assert temporary_place(tmp_path) == tmp_path
