"""The cache folder and what is kept in it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from driftguard import cache


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("{tmp}/deep/down", "{tmp}/deep/down", id="made with its parents"),
        pytest.param("below", "{tmp}/below", id="relative to where we are"),
        pytest.param("~/c", "{tmp}/home/c", id="below the home"),
        pytest.param("", "{tmp}/home/.cache/driftguard", id="empty is as not set"),
        pytest.param(None, "{tmp}/home/.cache/driftguard", id="not set"),
    ],
)
def test_cache_folder(value: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    folder = cache.cache_folder({} if value is None else {cache.CACHE_VARIABLE: value.format(tmp=tmp_path)})
    assert folder == Path(expected.format(tmp=tmp_path))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param((b"a", b"b"), (b"a", b"b"), True, id="same parts"),
        pytest.param((b"ab", b"c"), (b"a", b"bc"), False, id="parts cut elsewhere"),
        pytest.param((b"a", b"b"), (b"b", b"a"), False, id="another order"),
        pytest.param((b"a",), (b"a", b""), False, id="one part more"),
        pytest.param((b"1:a",), (b"a",), False, id="looks like a length"),
    ],
)
def test_key(one: tuple[bytes, ...], other: tuple[bytes, ...], same: bool) -> None:
    assert (cache.key(*one) == cache.key(*other)) == same


def test_what_is_stored_is_loaded(tmp_path: Path) -> None:
    name = cache.key(b"a")
    assert cache.load(tmp_path, name) is None
    cache.store(tmp_path, name, b"first")
    cache.store(tmp_path, name, b"second")
    assert cache.load(tmp_path, name) == b"second"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name]


def test_nothing_is_left_of_a_failed_write(tmp_path: Path) -> None:
    name = cache.key(b"a")
    (tmp_path / name[:2] / name).mkdir(parents=True)
    with pytest.raises(OSError):
        cache.store(tmp_path, name, b"content")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
