"""What stories about hooks share: an environment that has the project's packages and nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hooked import uv

PACKAGES = ("SQLAlchemy", "alembic")
RUN_FOLDER = "TESTS_DRIFTGUARD_CACHE"


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder that all workers of this run share."""
    return Path(os.environ[RUN_FOLDER])


@pytest.fixture(scope="session")
def packages(run_folder: Path) -> Path:
    """A virtual environment, made once per run, in which only the sample project's packages are."""
    folder = run_folder / "packages"
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            uv("venv", "--python", sys.executable, str(folder), cache=run_folder / "uv")
            uv("pip", "install", "--python", str(folder), *PACKAGES, cache=run_folder / "uv")
            (folder / "complete").touch()
    return folder
