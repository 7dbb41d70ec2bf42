"""A developer's shell, and where the stories' live databases are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from chosen import chosen
from fixtures.postgresql import PostgresqlServer


@pytest.fixture(autouse=True)
def _activated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands that findings offer are found, as in an activated environment."""
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))


@pytest.fixture(params=chosen(["sqlite", "postgresql"], 1))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'live.db'}"
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    return server.create()
