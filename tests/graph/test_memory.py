"""What was read is remembered, and never believed of a file that changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from driftguard.git import WorkingTree
from driftguard.graph import Graph, load, load_again, memory_of
from driftguard.graph import memory as module
from driftguard.graph.memory import FORGETFUL


class Watched(WorkingTree):
    """A working tree that tells what is read of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        object.__setattr__(self, "asked", [])

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        found = super().read_many(paths)
        self.asked += found  # type: ignore[attr-defined]
        return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two revisions that were written long ago."""
    root = tmp_path / "project"
    (root / "versions").mkdir(parents=True)
    (root / "versions/a.py").write_text("revision = 'a'\ndown_revision = None\n")
    (root / "versions/b.py").write_text("revision = 'b'\ndown_revision = 'a'\n")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 3600 * 10**9)
    return root


def look(project: Path, cache: Path) -> tuple[Graph, list[str]]:
    """The graph, and what was read for it; always the same as without a memory."""
    tree = Watched(project)
    graph = load(tree, ("versions",), False, memory_of(cache, project, ("versions",)))
    assert graph == load(WorkingTree(project), ("versions",), False)
    return graph, sorted(tree.asked)  # type: ignore[attr-defined]


def rewrite(path: Path, text: str) -> None:
    """With the old modification time, as soon as the file system's clock has moved on."""
    was = path.stat()
    while path.stat().st_ctime_ns == was.st_ctime_ns:
        path.write_text(text)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def nothing(project: Path) -> None: ...


def same_size_and_time(project: Path) -> None:
    rewrite(project / "versions/b.py", "revision = 'c'\ndown_revision = 'a'\n")


def swapped(project: Path) -> None:
    one, other, third = (project / "versions" / name for name in ("a.py", "b.py", "x"))
    one.rename(third), other.rename(one), third.rename(other)


def added(project: Path) -> None:
    (project / "versions/c.py").write_text("revision = 'c'\ndown_revision = 'b'\n")


def removed(project: Path) -> None:
    (project / "versions/b.py").unlink()


def renamed(project: Path) -> None:
    (project / "versions/b.py").rename(project / "versions/d.py")


def unreadable(project: Path) -> None:
    rewrite(project / "versions/b.py", "revision = 'b'\ndown_revision = \n")


@pytest.mark.parametrize(
    ("change", "read"),
    [
        pytest.param(nothing, [], id="nothing"),
        pytest.param(same_size_and_time, ["versions/b.py"], id="an edit that keeps size and modification time"),
        pytest.param(swapped, ["versions/a.py", "versions/b.py"], id="two files that swapped their names"),
        pytest.param(added, ["versions/c.py"], id="a new file"),
        pytest.param(removed, [], id="a file that went"),
        pytest.param(renamed, ["versions/d.py"], id="a new name"),
        pytest.param(unreadable, ["versions/b.py"], id="a syntax error"),
    ],
)
def test_what_changed_is_read(project: Path, tmp_path: Path, change: Callable[[Path], None], read: list[str]) -> None:
    assert look(project, tmp_path / "cache")[1] == ["versions/a.py", "versions/b.py"]
    change(project)
    assert look(project, tmp_path / "cache")[1] == read


def test_just_written_files_are_read_again(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for _ in range(2):
        assert look(project, tmp_path / "cache")[1] == ["versions/a.py", "versions/b.py"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="cut off"),
        pytest.param(lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:], id="one bit"),
        pytest.param(lambda content: b"\0" * 32 + b"nothing", id="something else"),
    ],
)
def test_a_spoilt_memory_is_none(project: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    cache = tmp_path / "cache"
    look(project, cache)
    (file,) = (each for each in cache.rglob("*") if each.is_file())
    file.write_bytes(spoil(file.read_bytes()))
    assert look(project, cache)[1] == ["versions/a.py", "versions/b.py"]
    assert look(project, cache)[1] == []


def test_another_driftguard_reads_anew(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look(project, tmp_path / "cache")
    monkeypatch.setattr(module, "MAKER", ("another",))
    assert look(project, tmp_path / "cache")[1] == ["versions/a.py", "versions/b.py"]


def test_no_place_to_remember_is_no_failure(project: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    for _ in range(2):
        assert look(project, tmp_path / "cache")[1] == ["versions/a.py", "versions/b.py"]


def test_old_projects_are_forgotten(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)
    for name in ("one", "two", "three"):
        load(WorkingTree(project), ("versions",), False, memory_of(tmp_path / "cache", project / name, ()))
    assert len([each for each in (tmp_path / "cache").rglob("*") if each.is_file()]) == 2


def test_a_graph_is_the_same_as_long_as_its_files_are(project: Path) -> None:
    asked = WorkingTree(project), ("versions",), False, FORGETFUL
    first, loaded = load_again(*asked, None)
    again, _ = load_again(*asked, loaded)
    assert again is first
    added(project)
    more, loaded = load_again(*asked, loaded)
    assert len(more.revisions) == len(first.revisions) + 1
    fewer, _ = load_again(WorkingTree(project), (), False, FORGETFUL, loaded)
    assert not fewer.revisions
