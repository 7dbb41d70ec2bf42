"""Guests leave no bytecode but that of their own modules."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from driftguard.probe import guest_process
from driftguard.probe.early import guest_environ
from driftguard.probe.guest_process import GUEST_FOLDER


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The guest's package, copied to where no guest has run yet."""
    folder = shutil.copytree(GUEST_FOLDER, tmp_path / "guest", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(guest_process, "GUEST_FOLDER", folder)
    return Path(folder, "driftguard_guest")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a module."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "models.py").write_text("")
    return folder


def run_guest(project: Path, environ: Mapping[str, str] = {}) -> None:
    """One that has imported what it needs."""
    started = guest_process.start(
        sys.executable, cwd=project, environ=guest_environ(environ), seconds=60, answer=lambda question, arguments: None
    )
    with started as guest:
        assert guest.call("loaded", names=["sqlalchemy", "models"]) == ["sqlalchemy"]


def bytecode_of(own: Path) -> dict[str, int]:
    return {each.name.partition(".")[0]: each.stat().st_mtime_ns for each in own.rglob("*.pyc")}


def test_its_own_modules_are_compiled_once(own: Path, project: Path) -> None:
    run_guest(project)
    written = bytecode_of(own)
    assert written.keys() == {each.stem for each in own.glob("*.py")}
    run_guest(project)
    assert bytecode_of(own) == written

    (own / "wire.py").write_text((own / "wire.py").read_text() + "# more\n")
    run_guest(project)
    assert [name for name, moment in bytecode_of(own).items() if moment != written[name]] == ["wire"]
    assert [each.name for each in project.iterdir()] == ["models.py"]


def test_nor_again_where_packages_are_built_reproducibly(own: Path, project: Path) -> None:
    """Bytecode that others make there names no moment."""
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    run_guest(project, environ)
    written = bytecode_of(own)
    run_guest(project, environ)
    assert bytecode_of(own) == written


def blocked(own: Path) -> None:
    (own / "__pycache__").write_text("no folder")


def torn(own: Path) -> None:
    (own / "__pycache__").mkdir()
    (own / "__pycache__" / f"wire.{sys.implementation.cache_tag}.pyc").write_bytes(b"\0")


@pytest.mark.parametrize("obstacle", [blocked, torn])
def test_what_cannot_be_read_or_written_is_no_obstacle(
    obstacle: Callable[[Path], None], own: Path, project: Path
) -> None:
    obstacle(own)
    run_guest(project)
