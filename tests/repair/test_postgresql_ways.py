"""PostgreSQL: what was done by hand can be taken back, and done again elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from benches import bench_on, run
from chosen import chosen
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


# After NO INHERIT the columns are the child's own, and no statement makes them the parent's alone again. For what else
# stands in that table no statement is offered at all.
STAYS = [each for each in SEEN_ONLY if each.id == "child no longer inherits"]
COME_BACK = chosen(RESTORABLE, 18)
# What can be dropped, while driftguard writes no statement that makes it: the kinds read by the generic remainder, and
# an index that the server says is not valid.
NOT_MADE = {
    "access method",
    "cast",
    "foreign data wrapper",
    "foreign server",
    "foreign table",
    "index",
    "language",
    "operator",
    "operator class",
    "operator family",
    "publication",
    "text search parser",
    "text search template",
    "transform",
}


@pytest.mark.parametrize(("statement", "differences"), COME_BACK)
def test_there_and_back(base: str, statement: str, differences: str) -> None:
    with bench_on(base) as bench:
        expected = bench.catalog()
        run(bench, statement)
        live = bench.catalog()
        back = search(bench, expected)
        assert (back.left, back.reasons) == ((), ()), back.statements
        there = search(bench, live)
        not_made = NOT_MADE | {"table"} if "FOREIGN TABLE" in statement else NOT_MADE
        assert {each.name.kind for each in there.left} <= not_made, there.statements
        assert len(there.reasons) == len(there.left)
        assert diff(live, expected)
        if not there.left:
            run(bench, *back.statements)
            assert diff(expected, bench.catalog()) == ()


@pytest.mark.parametrize(("statement", "differences"), STAYS)
def test_what_no_statement_undoes_is_left(base: str, statement: str, differences: str) -> None:
    with bench_on(base) as bench:
        expected = bench.catalog()
        run(bench, statement)
        back = search(bench, expected)
        assert {each.name.table for each in back.left} == {"dogs"}
        assert len(back.reasons) == len(back.left)


TOGETHER = [
    pytest.param(
        (
            "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE",
            "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id, username)",
        ),
        id="a key that foreign keys need was replaced",
    ),
    pytest.param(
        ("DROP TABLE users CASCADE", "DROP TABLE products CASCADE", "DROP TABLE orders CASCADE"),
        id="tables that refer to each other were dropped with all that hangs on them",
    ),
    pytest.param(
        (
            "DROP VIEW active_users",
            "ALTER TABLE users ALTER username TYPE text",
            "CREATE VIEW active_users AS SELECT 1",
        ),
        id="another type under a view that is another one",
    ),
    pytest.param(
        (
            "CREATE VIEW second AS SELECT * FROM active_users",
            "CREATE VIEW third AS SELECT * FROM second",
            "ALTER TABLE users RENAME COLUMN username TO login",
        ),
        id="views upon views that are too many, and a renamed column",
    ),
    pytest.param(
        ("CREATE TYPE mood AS ENUM ('good')", "ALTER TABLE spare ADD COLUMN m mood DEFAULT 'good'"),
        id="a type and a column of it",
    ),
]


@pytest.mark.parametrize("statements", TOGETHER)
def test_many_at_once_come_back(base: str, statements: tuple[str, ...]) -> None:
    with bench_on(base) as bench:
        expected = bench.catalog()
        run(bench, *statements)
        live = bench.catalog()
        assert search(bench, expected).left == ()
        assert search(bench, live).left == ()


def test_a_column_that_was_renamed_for_certain_is_renamed_back(base: str) -> None:
    with bench_on(base) as bench:
        expected = bench.catalog()
        run(bench, "ALTER TABLE orders RENAME COLUMN note TO remark")
        assert search(bench, expected).statements == ("ALTER TABLE orders RENAME COLUMN remark TO note",)


def test_a_column_that_only_looks_alike_is_not(base: str) -> None:
    with bench_on(base) as bench:
        expected = bench.catalog()
        run(bench, "ALTER TABLE orders DROP COLUMN note", "ALTER TABLE orders ADD COLUMN remark varchar(200)")
        statements = search(bench, expected).statements
        assert not [each for each in statements if "RENAME" in each]
        assert [each for each in statements if "DROP COLUMN remark" in each]
