"""Whatever driver the project has: a bench tries, undoes and keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from benches import bench_on
from fixtures.mariadb import MariadbServer
from fixtures.postgresql import PostgresqlServer

from driftguard.schema.catalog import Name

DRIVERS = (
    *("sqlite", "sqlite+aiosqlite"),
    *("postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg", "postgresql+psycopg_async"),
    "mysql+pymysql",
)


@pytest.fixture(params=DRIVERS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, and the driver to reach it by."""
    dialect = request.param.partition("+")[0]
    if dialect == "sqlite":
        return f"{request.param}:///{tmp_path / 'live.db'}"
    server: PostgresqlServer | MariadbServer = request.getfixturevalue(
        {"postgresql": "postgresql_server", "mysql": "mariadb_server"}[dialect]
    )
    return server.create().replace("postgresql+psycopg", request.param)


def tables(url: str) -> set[Name]:
    with bench_on(url) as bench:
        return {each.name for each in bench.catalog().objects if each.name.kind == "table"}


T = Name("table", "", "", "t")


def test_what_is_kept_stays_and_nothing_else(url: str) -> None:
    with bench_on(url) as bench:
        undoes = bench.module.MANNER.transactional
        assert bench.attempt(("CREATE TABLE t (a INTEGER)", "CREATE TABLE t (b INTEGER)"))[0] == (0 if undoes else 1)
        assert (T in {each.name for each in bench.catalog().objects}) is not undoes
        if undoes:
            assert bench.attempt(("CREATE TABLE t (a VARCHAR(9) DEFAULT 'a:b %s 50% ?')",)) == (1, "")
    assert tables(url) == (set() if undoes else {T})
    with bench_on(url) as bench:
        if undoes:
            assert bench.attempt(("CREATE TABLE t (a VARCHAR(30) DEFAULT 'a:b %s 50% ?')",)) == (1, "")
        bench.keep()
    assert tables(url) == {T}
    with bench_on(url) as bench:
        [column] = [each for each in bench.catalog().objects if each.name.kind == "column"]
        assert not undoes or (column["default"] or "").startswith("'a:b %s 50% ?'")
