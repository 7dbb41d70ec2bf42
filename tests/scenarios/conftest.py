"""Where the stories' live databases are."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.postgresql import PostgresqlServer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'live.db'}"
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    return server.create()
