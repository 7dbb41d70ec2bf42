"""What is remembered may be damaged, gone or too much: that costs time and nothing else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshots.chains import CHAINS, Looked, Project
from snapshots.conftest import Make

from driftguard.schema.catalog import Catalog
from driftguard.snapshots import Kept, Snapshot, Store, store

Damage = Callable[[Path], None]


def sample(number: int = 0, family: str = "f", size: int = 10) -> Snapshot:
    """A snapshot of one database."""
    run = {"live": 0, "heads": ["a"], "order": [str(number)]}
    return Snapshot(family * 16, "/shop", "shop", ("a",), "digest", (run,), (Kept(0, "sqlite", "", "3", "name", size),))


def truncate(path: Path) -> None:
    """As if the machine had lost its power."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """One byte becomes another."""
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("pattern", ["*.sqlite", "*.json"])
def test_damage(damage: Damage, pattern: str, make: Make, look: Callable[[Project], Looked]) -> None:
    project = make()
    was = look(project)
    [path] = (project.cache / "snapshots").glob(pattern)
    damage(path)
    found = look(project)
    assert (found.went_on, found.head) == (False, was.head)
    assert look(project).went_on


@pytest.mark.parametrize("dialect", CHAINS)
def test_a_record_that_is_lost(dialect: str, make: Make, look: Callable[[Project], Looked]) -> None:
    project = make(dialect, 3)
    was = look(project)
    project.forget()
    assert not look(project).went_on
    found = look(project)
    assert (found.went_on, found.head) == (True, was.head)


def test_a_folder_that_cannot_be_made(make: Make, look: Callable[[Project], Looked]) -> None:
    project = make()
    project.cache.mkdir()
    (project.cache / "snapshots").write_text("in the way")
    assert not look(project).went_on
    assert not look(project).went_on


def test_the_same_comes_back(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    assert kept.add(sample())
    assert kept.has(sample())
    assert [each.snapshot for each in kept.all()] == list(kept.family("f" * 16)) == [sample()]
    assert kept.family("g" * 16) == ()
    kept.drop(sample())
    assert kept.all() == ()


@pytest.mark.parametrize(
    ("snapshots", "left"),
    [
        pytest.param([sample(1), sample(2)], 2, id="a few"),
        pytest.param([sample(number) for number in range(20)], store.MOST_IN_FAMILY, id="many of one family"),
        pytest.param([sample(1, size=store.MOST_BYTES), sample(2)], 1, id="a large one"),
        pytest.param([sample(1, "a"), sample(1, "b")], 2, id="two families"),
    ],
)
def test_bounds(snapshots: list[Snapshot], left: int, tmp_path: Path) -> None:
    kept = Store(tmp_path)
    for age, snapshot in enumerate(reversed(snapshots)):
        kept.add(snapshot)
        path = next(path for path in kept.folder.iterdir() if snapshot.name in path.name)
        os.utime(path, (age, age))
    kept.tidy()
    assert len(kept.all()) == left


@pytest.mark.parametrize("dialect", CHAINS)
def test_several_at_once(dialect: str, make: Make, look: Callable[[Project], Looked]) -> None:
    project = make(dialect, 6)
    heads: list[Catalog] = []
    threads = [threading.Thread(target=lambda: heads.append(project.head())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heads) == 4
    assert all(head == heads[0] for head in heads)
    assert look(project).head == heads[0]  # one may have swept away what another had not remembered yet
    assert look(project).went_on
