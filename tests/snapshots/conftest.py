"""Projects whose loans are looked at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from snapshots.chains import CHAINS, ELSEWHERE, Looked, Project

from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.remembered import Loan
from driftguard.shadow.place import server_account, servers_folder

Make = Callable[..., Project]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[[Project], Looked]:
    """Look at a project, and see what was lent."""
    made: list[tuple[Loan, ...]] = []
    original = EnvironmentFacts.loans

    def loans(self: EnvironmentFacts, *revisions: str) -> tuple[Loan, ...]:
        made.append(original(self, *revisions))
        return made[-1]

    monkeypatch.setattr(EnvironmentFacts, "loans", loans)
    return lambda project: project.look(lambda: made)


@pytest.fixture(scope="session")
def server_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder whose private servers go in the end."""
    folder = tmp_path_factory.mktemp("kept")
    yield folder
    shutil.rmtree(servers_folder(folder, server_account(["postgres"])), ignore_errors=True)


@pytest.fixture
def make(tmp_path: Path, server_cache: Path, request: pytest.FixtureRequest) -> Make:
    """A project of a dialect with the first revisions of its chain, nothing of it remembered."""

    def make(dialect: str = "sqlite", count: int | None = None) -> Project:
        servers = {ELSEWHERE: "postgresql_url", "mariadb": "mariadb_url"}
        shadow = request.getfixturevalue(servers[dialect]) if dialect in servers else ""
        cache = server_cache if dialect == "postgresql" else tmp_path / "cache"
        project = Project(tmp_path / "shop", cache, dialect, shadow)
        project.add(*CHAINS[dialect][:count])
        project.forget()
        return project

    return make
