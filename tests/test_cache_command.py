"""``driftguard cache``: what is shown, and what is gone afterwards."""

from __future__ import annotations

from pathlib import Path

from guarded import Guarded
from hooked import hooked


def test_shown_and_cleared(tmp_path: Path) -> None:
    project = hooked(tmp_path / "shop")
    project.environ["DRIFTGUARD_CACHE_DIR"] = str(tmp_path / "cache")
    assert project.run(".git/hooks/pre-commit").code == 0
    assert project.driftguard("graph").code == 0
    shown = project.driftguard("cache").out
    assert "snapshots of replays: 1," in shown
    assert "sqlite, 1 revision up to 3f2a8c01b7de" in shown
    assert str(project.root / ".git/driftguard/memo") in shown
    cleared = project.driftguard("cache", "clear")
    assert (cleared.code, cleared.out.startswith("removed ")) == (0, True)
    shown = project.driftguard("cache").out
    assert "snapshots of replays: 0, 0 bytes" in shown
    assert "memo" not in shown
    assert project.run(".git/hooks/pre-commit").code == 0


def test_outside_of_a_repository(tmp_path: Path) -> None:
    folder = Guarded(tmp_path, {"DRIFTGUARD_CACHE_DIR": str(tmp_path / "cache")})
    assert [folder.driftguard("cache", *words).code for words in ((), ("clear",))] == [0, 0]
