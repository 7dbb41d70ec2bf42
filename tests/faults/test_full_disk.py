"""File systems without room: a cache, a git folder, a place for shadows, a private server's data."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from yard import NOBODY, Yard

from driftguard.shadow.place import server_account, servers_folder

Mount = Callable[[Path, str], None]

IN_SMALL_PLACES = """
mount -t tmpfs -o size=$ROOM,mode=1777 none /dev/shm && mount -t tmpfs -o size=$ROOM,mode=1777 none "$TMPDIR" &&
exec "$0"
"""


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Put an empty file system of some size at a place."""
    done: list[Path] = []

    def do(place: Path, size: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "none", str(place)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("file systems cannot be mounted here")
        done.append(place)

    yield do
    for place in done:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room at all."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


def test_the_cache_folder_is_full(yard: Yard, mount: Mount) -> None:
    mount(yard.cache, "1m")
    filler = fill(yard.cache)
    yard.drift()
    yard.is_right()
    filler.unlink()
    yard.is_right()
    yard.nothing_is_left()


def test_the_git_folder_is_full(yard: Yard, mount: Mount) -> None:
    git, away = yard.root / ".git", yard.folder / "away"
    yard.drift()
    git.rename(away)
    mount(git, "4m")
    shutil.copytree(away, git, symlinks=True, dirs_exist_ok=True)
    filler = fill(git)
    yard.is_right()
    yard.is_right()
    filler.unlink()
    yard.is_right()
    yard.is_right()
    yard.nothing_is_left()


@pytest.mark.parametrize("room", ["4k", "16k", "40k"])
def test_there_is_no_room_for_a_shadow(room: str, yard: Yard, mount: Mount) -> None:
    mount(yard.folder / "try", "4k")
    yard.drift()
    answer = yard.hook("unshare", "--mount", "sh", "-c", IN_SMALL_PLACES, environ={"ROOM": room})
    assert answer.code != 0, answer.out
    assert "DG90" in answer.out and "[DG2" not in answer.out, answer.out
    yard.is_right()
    yard.nothing_is_left()


def test_there_is_no_room_for_a_private_server(yard: Yard, mount: Mount) -> None:
    yard.project.environ["SHOP_DATABASE"] = NOBODY
    place = servers_folder(yard.cache, server_account(["postgres"]))
    mount(place, "16m")
    yard.drift()
    answer = yard.hook()
    assert answer.code == 2, answer.out
    assert "DG903" in answer.out and "[DG2" not in answer.out, answer.out
    subprocess.run(["mount", "-o", "remount,size=200m", str(place)], check=True)
    yard.is_right()
    yard.nothing_is_left()
