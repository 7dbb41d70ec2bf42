"""MariaDB: what was done by hand can be taken back, and done again elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from benches import bench_on, run
from chosen import chosen
from fixtures.mariadb import MariadbServer

from driftguard.facts.bench import search
from driftguard.schema.diff import diff

sys.path.append(str(Path(__file__).parent.parent / "catalog"))

from test_mysql import DRIFTS, RESTORED_AFTER, SCHEMA, SCOPE


@pytest.fixture
def two(mariadb_server: MariadbServer) -> Iterator[tuple[str, str]]:
    """Two databases with the same schema."""
    urls = (mariadb_server.create(), mariadb_server.create())
    for url in urls:
        mariadb_server.execute(*SCHEMA, url=url)
    yield urls
    for url in urls:
        mariadb_server.drop(url)


ONES = [pytest.param(tuple(each.values[0].split(";; ")), id=each.id) for each in DRIFTS]
MANY = [pytest.param(each.values[0], id=each.id) for each in RESTORED_AFTER]


@pytest.mark.parametrize("statements", [*chosen(ONES, 14), *MANY])
def test_there_and_back(two: tuple[str, str], statements: tuple[str, ...]) -> None:
    with bench_on(two[0], SCOPE) as live, bench_on(two[1], SCOPE) as other:
        expected = live.catalog()
        run(live, *statements)
        changed = live.catalog()
        assert diff(changed, expected)
        there = search(other, changed)
        assert (there.left, there.reasons) == ((), ()), there.statements
        assert search(other, changed, names=True).left == ()
        back = search(other, expected)
        assert (back.left, back.reasons) == ((), ()), back.statements
        run(live, *back.statements)
        assert diff(expected, live.catalog()) == ()
