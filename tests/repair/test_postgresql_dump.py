"""PostgreSQL's own tool says the same of a repaired database and of one that nobody changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from benches import bench_on
from chosen import chosen
from fixtures.postgresql import PostgresqlServer
from sqlalchemy import make_url

from driftguard.facts.bench import search

sys.path.append(str(Path(__file__).parent.parent / "catalog"))

from postgresql_base import BASE
from postgresql_drifts import RESTORABLE

MARKS = ("\\restrict", "\\unrestrict", "--")


@pytest.fixture(scope="module")
def base(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = postgresql_server.create()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(BASE.encode())
    yield url
    postgresql_server.drop(url)


@pytest.fixture
def copy(base: str, postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = postgresql_server.create()
    postgresql_server.drop(url)
    admin = postgresql_server.admin_url().replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        create = f'CREATE DATABASE "{make_url(url).database}" TEMPLATE "{make_url(base).database}"'
        connection.execute(create.encode())
    yield url
    postgresql_server.drop(url)


def dumped(server: PostgresqlServer, url: str) -> list[str]:
    """The lines in no order, for a column that came back stands behind the others, and so do its commas."""
    tool = Path(server.bindir) / "pg_dump"
    if not tool.exists():
        pytest.skip("this server came without pg_dump")
    command = [tool, "--schema-only", "-h", server.folder, "-U", "postgres", make_url(url).database or ""]
    text = subprocess.run(command, text=True, check=True, capture_output=True).stdout
    return sorted(line.rstrip(",") for line in text.splitlines() if line and not line.startswith(MARKS))


# Of an extension that initdb has made, pg_dump says nothing, and of the same one made again it does.
SHOWN = [each for each in RESTORABLE if each.id != "extension dropped"]


@pytest.mark.parametrize(("statement", "differences"), chosen(SHOWN, 10))
def test_the_dumps_are_equal(
    postgresql_server: PostgresqlServer, base: str, copy: str, statement: str, differences: str
) -> None:
    with bench_on(base) as bench:
        expected = bench.catalog()
    with psycopg.connect(copy.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement.encode())
    assert dumped(postgresql_server, copy) != dumped(postgresql_server, base)
    with bench_on(copy) as bench:
        assert search(bench, expected).left == ()
        bench.keep()
    assert dumped(postgresql_server, copy) == dumped(postgresql_server, base)
