"""A shop on a server, and a clone of it, as CI services make theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded
from hooked import add_column
from racks import NEW, RACK, racks


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """The origin: main lacks a revision from before, and has made labels longer; ``mine`` uses them for a table."""
    project = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop")
    project.write(".gitignore", "*.db\n__pycache__/\n")
    project.write("kinds.py", "from sqlalchemy import String\n\nLABEL = String(20)\n")
    project.replace("models.py", "\nBase =", "\nfrom kinds import LABEL\n\nBase =")
    add_column(project, "old")
    project.commit("a column without a revision")
    project.git("checkout", "--quiet", "-b", "mine")
    project.write("models.py", (project.root / "models.py").read_text() + RACK)
    project.write(f"migrations/versions/{NEW}_racks.py", racks())
    project.commit("racks")
    project.git("checkout", "--quiet", "main")
    project.write("kinds.py", "from sqlalchemy import String\n\nLABEL = String(40)\n")
    project.commit("longer labels")
    return project


@pytest.fixture
def clone(shop: Guarded, tmp_path: Path) -> Guarded:
    """With ``mine`` checked out, detached, as most services do."""
    shop.git("clone", "--quiet", f"file://{shop.root}", str(tmp_path / "clone"))
    project = Guarded(tmp_path / "clone")
    project.git("checkout", "--quiet", "--detach", "origin/mine")
    return project
