"""What is heard of folders under observation."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watching import eventually

from driftguard.daemon import folders as module
from driftguard.daemon.changes import is_noise
from driftguard.daemon.folders import Folders, changed_since

Heard = set[tuple[str, str]]


@pytest.fixture
def heard() -> Heard:
    return set()


@pytest.fixture
def folders(heard: Heard) -> Iterator[Folders]:
    with Folders(lambda kind, path: heard.add((kind, Path(path).name))) as folders:
        yield folders


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda folder: (folder / "new").write_text(""), ("created", "new"), id="written"),
        pytest.param(lambda folder: (folder / "old").write_text("a"), ("modified", "old"), id="changed"),
        pytest.param(lambda folder: (folder / "old").unlink(), ("deleted", "old"), id="deleted"),
        pytest.param(lambda folder: (folder / "old").rename(folder / "now"), ("moved", "now"), id="renamed"),
        pytest.param(lambda folder: (folder / "old").chmod(0o600), ("attrib", "old"), id="permissions"),
        pytest.param(lambda folder: os.utime(folder / "old"), ("attrib", "old"), id="touched"),
        pytest.param(lambda folder: (folder / "sub").mkdir(), ("created", "sub"), id="a folder"),
    ],
)
def test_what_is_heard(
    tmp_path: Path, heard: Heard, folders: Folders, change: Callable[[Path], Any], expected: tuple[str, str]
) -> None:
    (tmp_path / "old").write_text("")
    folders.renew([tmp_path])
    change(tmp_path)
    eventually(lambda: expected in heard)


def test_reading_is_not_heard(tmp_path: Path, heard: Heard, folders: Folders) -> None:
    (tmp_path / "old").write_text("")
    folders.renew([tmp_path])
    (tmp_path / "old").read_text()
    (tmp_path / "mark").mkdir()
    eventually(lambda: ("created", "mark") in heard)
    assert heard == {("created", "mark")}


def test_only_deep_folders_are_watched_with_all_below(tmp_path: Path, heard: Heard, folders: Folders) -> None:
    for name in ("shallow/below", "deep/below"):
        (tmp_path / name).mkdir(parents=True)
    folders.renew([tmp_path / "shallow"], [tmp_path / "deep", tmp_path / "missing"])
    (tmp_path / "shallow/below/a").write_text("")
    (tmp_path / "deep/below/b").write_text("")
    eventually(lambda: ("created", "b") in heard)
    assert ("created", "a") not in heard


def test_what_is_wanted_no_longer_is_not_heard(tmp_path: Path, heard: Heard, folders: Folders) -> None:
    for name in ("was", "now"):
        (tmp_path / name).mkdir()
    assert folders.renew([tmp_path / "was"]) == (tmp_path / "was",)
    assert folders.renew([tmp_path / "was", tmp_path / "now"]) == (tmp_path / "now",)
    assert folders.renew([tmp_path / "now"]) == ()
    (tmp_path / "was/a").write_text("")
    (tmp_path / "now/b").write_text("")
    eventually(lambda: ("created", "b") in heard)
    assert ("created", "a") not in heard


def test_a_folder_that_is_made_anew_is_watched_anew(tmp_path: Path, heard: Heard, folders: Folders) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    folders.renew([tmp_path, folder])
    shutil.rmtree(folder)
    folder.mkdir()
    eventually(lambda: ("deleted", "a") in heard)
    folders.renew([tmp_path, folder])
    (folder / "b").write_text("")
    eventually(lambda: ("created", "b") in heard)


def test_in_place_of_a_folder_that_is_not_there_the_one_above_is_watched(
    tmp_path: Path, heard: Heard, folders: Folders
) -> None:
    assert folders.renew([tmp_path / "a" / "b"]) == (tmp_path,)
    (tmp_path / "a").mkdir()
    eventually(lambda: ("created", "a") in heard)
    assert folders.renew([tmp_path / "a" / "b"]) == (tmp_path / "a",)


class Full:
    """An observer that takes only so many folders, or cannot even begin."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self) -> BaseObserver:
        if self.room < 0:
            raise OSError(errno.EMFILE, "inotify instance limit reached")
        observer = Observer()
        schedule, room = observer.schedule, self.room

        def limited(*arguments: Any, **options: Any) -> Any:
            if len(observer.emitters) >= room:
                raise OSError(errno.ENOSPC, "inotify watch limit reached")
            return schedule(*arguments, **options)

        observer.schedule = limited  # type: ignore[method-assign]
        return observer


@pytest.mark.parametrize("room", [-1, 0, 1])
def test_where_the_system_refuses_folders_are_read_instead(
    tmp_path: Path, heard: Heard, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLLING_SECONDS", 0.05)
    for name in "ab":
        (tmp_path / name).mkdir()
    with Folders(lambda kind, path: heard.add((kind, Path(path).name)), Full(room)) as folders:
        folders.renew([tmp_path / "a", tmp_path / "b"])
        for name in "ab":
            (tmp_path / name / f"in {name}").write_text("")
        eventually(lambda: heard >= {("created", "in a"), ("created", "in b")})
        assert "max_user_watches" in folders.note


@pytest.mark.parametrize(
    ("name", "told"),
    [("models.py", True), (".models.py.swp", False), ("__pycache__", False), ("folder/", False)],
)
def test_what_has_changed_before_it_was_watched(tmp_path: Path, name: str, told: bool) -> None:
    (tmp_path / "old.py").write_text("")
    before = time.time() + 0.06
    eventually(lambda: time.time() > before + 0.02)
    moment = time.time()
    assert not changed_since(tmp_path, moment, is_noise)
    (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).write_text("")
    assert changed_since(tmp_path, moment, is_noise) == told


def test_a_folder_that_cannot_be_read_has_not_changed(tmp_path: Path) -> None:
    assert not changed_since(tmp_path / "missing", 0, is_noise)
