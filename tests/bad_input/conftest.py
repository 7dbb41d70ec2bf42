"""The spoilt project, in a folder and in a repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from pets import Pets


@pytest.fixture
def pets(tmp_path: Path) -> Pets:
    """Without git."""
    return Pets.begin(tmp_path / "pets")


@pytest.fixture
def repository(pets: Pets) -> Pets:
    """In git, everything committed."""
    pets.git_init()
    pets.commit("begin")
    return pets
