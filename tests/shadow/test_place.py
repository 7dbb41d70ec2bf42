"""Folders in places where others can make folders too."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from driftguard.shadow import NoShadow
from driftguard.shadow.place import LONGEST_SOCKET, own_folder, server_account, socket_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")


def nothing(folder: Path) -> None:
    """Not there yet."""


def ours(folder: Path) -> None:
    folder.mkdir(0o700)


def open_to_readers(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)


def open_to_writers(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def a_link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")


def a_file(folder: Path) -> None:
    folder.touch()


def of_another_user(folder: Path) -> None:
    folder.mkdir(0o700)
    os.chown(folder, 54321, 54321)


@pytest.mark.parametrize("found", [nothing, ours, open_to_readers])
def test_a_folder_of_our_own(found: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "own"
    found(folder)
    assert own_folder(folder, 0o700) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("found", [open_to_writers, a_link, a_file, pytest.param(of_another_user, marks=as_root)])
def test_not_our_own(found: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "own"
    found(folder)
    with pytest.raises((NoShadow, FileExistsError)):
        own_folder(folder, 0o700)


@as_root
@pytest.mark.parametrize("found", [nothing, ours])
def test_a_folder_for_the_server(found: Callable[[Path], None], tmp_path: Path) -> None:
    account = server_account([])
    assert account
    folder = tmp_path / "data"
    found(folder)
    for _ in ("new", "already the server's"):
        assert own_folder(folder, 0o700, account).stat().st_uid == account.user


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        pytest.param("short", True, id="short"),
        pytest.param("with space", True, id="a space"),
        pytest.param("x" * LONGEST_SOCKET, False, id="long"),
        pytest.param("é" * (LONGEST_SOCKET // 3), False, id="long in bytes"),
        pytest.param("one,two", False, id="two hosts to a client"),
        pytest.param("one:1", False, id="host and port to a client"),
    ],
)
def test_place_of_the_socket(name: str, inside: bool, short_folder: Path) -> None:
    home = short_folder / name
    home.mkdir()
    folder = socket_folder(home, ".s.PGSQL.5432", None)
    assert folder.is_relative_to(home) == inside
    assert len(os.fsencode(folder)) < LONGEST_SOCKET
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert socket_folder(home, ".s.PGSQL.5432", None) == folder
    folder.rmdir()
