"""Databases with a journal."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fixtures.postgresql import PostgresqlServer
from hands import Hand


@pytest.fixture
def bare(postgresql_url: str) -> Hand:
    """An empty database."""
    return Hand(postgresql_url)


@pytest.fixture
def noted(bare: Hand) -> Hand:
    """A database with a version table, a table, and a journal."""
    bare.run(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "CREATE TABLE students (id int PRIMARY KEY, last_name text, email text)",
    )
    bare.install()
    return bare


@pytest.fixture
def nobody(postgresql_server: PostgresqlServer, noted: Hand) -> Iterator[str]:
    """A role that may make tables in ``public`` and has no other right."""
    role = f"nobody_{uuid4().hex[:8]}"
    noted.run(f"CREATE ROLE {role} LOGIN", f"GRANT CREATE ON SCHEMA public TO {role}")
    noted.run("TRUNCATE driftguard_journal.entry")
    yield role
    noted.run(f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}")
