"""SQLite: what was done by hand can be taken back, and done again elsewhere; rows stay."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from benches import bench_on, run
from chosen import chosen

from driftguard.facts.bench import search
from driftguard.schema.diff import diff

sys.path.append(str(Path(__file__).parent.parent / "catalog"))

from test_sqlite import DRIFTS, SCHOOL


def made(file: Path, *statements: str) -> str:
    """The URL of a database that these statements made."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)
    return f"sqlite:///{file}"


# Only where it is written beside the column does DESC make a key of its own out of the rowid.
STAYS = "DESC makes a key of its own out of the rowid"


@pytest.mark.parametrize(("statements", "told"), chosen([each for each in DRIFTS if each.id != STAYS], 20))
def test_there_and_back(tmp_path: Path, statements: list[str], told: list[str]) -> None:
    first, second = made(tmp_path / "a", *SCHOOL), made(tmp_path / "b", *SCHOOL, *statements)
    with bench_on(first) as a, bench_on(second) as b:
        expected, changed = a.catalog(), b.catalog()
        there, back = search(a, changed), search(b, expected)
        assert (there.left, there.reasons) == ((), ()), there.statements
        assert (back.left, back.reasons) == ((), ()), back.statements
        run(b, *there.statements)
        assert diff(changed, b.catalog()) == ()
        assert diff(changed, expected)
