"""PostgreSQL: what was done by hand can be taken back, and done again elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from benches import bench_on, run
from fixtures.postgresql import PostgresqlServer

from driftguard.facts.bench import search
from driftguard.schema.diff import diff

sys.path.append(str(Path(__file__).parent.parent / "catalog"))

from postgresql_base import BASE
from postgresql_drifts import RESTORABLE, SEEN_ONLY


@pytest.fixture(scope="module")
def base(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = postgresql_server.create()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(BASE.encode())
    yield url
    postgresql_server.drop(url)


@pytest.mark.parametrize(("statement", "differences"), [*RESTORABLE, *SEEN_ONLY])
def test_there_and_back(base: str, statement: str, differences: str) -> None:
    with bench_on(base) as bench:
        expected = bench.catalog()
        run(bench, statement)
        live = bench.catalog()
        back = search(bench, expected)
        assert (back.left, back.reasons) == ((), ()), back.statements
        there = search(bench, live)
        assert (there.left, there.reasons) == ((), ()), there.statements
        run(bench, *back.statements)
        assert diff(expected, bench.catalog()) == ()
        assert diff(live, expected)
