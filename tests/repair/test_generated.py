"""Any schema becomes any other one: what driftguard finds to do leaves nothing, whatever was made of what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from benches import bench_on, run
from fixtures.postgresql import PostgresqlServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftguard.facts.bench import Bench, search
from driftguard.schema.diff import diff

TYPES = ("INTEGER", "VARCHAR(10)", "VARCHAR(20)", "TEXT", "NUMERIC(8, 2)")
DEFAULTS = {"INTEGER": "7", "NUMERIC(8, 2)": "1.5"}


@st.composite
def columns(draw: st.DrawFn, name: str) -> str:
    """One column's definition."""
    kind = draw(st.sampled_from(TYPES))
    default = f" DEFAULT {DEFAULTS.get(kind, chr(39) + 'x' + chr(39))}" if draw(st.booleans()) else ""
    return f"{name} {kind}{default}{' NOT NULL' if draw(st.booleans()) else ''}"


@st.composite
def schemas(draw: st.DrawFn) -> tuple[str, ...]:
    """The statements that make one."""
    statements: list[str] = []
    made: list[str] = []
    for table in draw(st.permutations(["one", "two", "Three"])):
        if not draw(st.booleans()):
            continue
        names = draw(st.lists(st.sampled_from(["a", "b", "order", "d e"]), min_size=1, max_size=4, unique=True))
        parts = [f'"{table}_id" INTEGER NOT NULL PRIMARY KEY', *(draw(columns(f'"{name}"')) for name in names)]
        if draw(st.booleans()):
            parts.append(f'CONSTRAINT "uq_{table}" UNIQUE ("{draw(st.sampled_from(names))}")')
        if draw(st.booleans()):
            parts.append(f'UNIQUE ("{draw(st.sampled_from(names))}", "{table}_id")')
        if draw(st.booleans()):
            parts.append(f'CONSTRAINT "ck_{table}" CHECK ("{table}_id" > {draw(st.integers(0, 2))})')
        if made and draw(st.booleans()):
            other = draw(st.sampled_from(made))
            action = draw(st.sampled_from(["", " ON DELETE CASCADE"]))
            parts += [f'"ref" INTEGER CONSTRAINT "fk_{table}" REFERENCES "{other}" ("{other}_id"){action}']
            parts[-1], parts[1] = parts[1], parts[-1]
        body = [*(each for each in parts if each[0] == '"'), *(each for each in parts if each[0] != '"')]
        statements.append(f'CREATE TABLE "{table}" ({", ".join(body)})')
        if draw(st.booleans()):
            unique = draw(st.sampled_from(["", "UNIQUE "]))
            statements.append(f'CREATE {unique}INDEX "ix_{table}" ON "{table}" ("{draw(st.sampled_from(names))}")')
        if draw(st.booleans()):
            statements.append(f'CREATE VIEW "v_{table}" AS SELECT "{draw(st.sampled_from(names))}" AS x FROM "{table}"')
        made.append(table)
    return tuple(statements)


def becomes(bench: Bench, first: tuple[str, ...], second: tuple[str, ...]) -> None:
    """The database is empty; afterwards it is again."""
    empty = bench.catalog()
    run(bench, *second)
    wanted = bench.catalog()
    assert search(bench, empty).left == ()
    run(bench, *first)
    before = bench.catalog()
    there = search(bench, wanted)
    assert (there.left, there.reasons) == ((), ()), there.statements
    back = search(bench, before)
    assert (back.left, back.reasons) == ((), ()), back.statements
    run(bench, *there.statements)
    assert diff(wanted, bench.catalog()) == ()
    assert bool(there.statements) == bool(diff(before, wanted))


few = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(schemas(), schemas())
def test_on_sqlite(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    with TemporaryDirectory() as folder, bench_on(f"sqlite:///{Path(folder) / 'live.db'}") as bench:
        becomes(bench, first, second)


@pytest.fixture(scope="module")
def postgresql(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = postgresql_server.create()
    yield url
    postgresql_server.drop(url)


@few
@given(schemas(), schemas())
def test_on_postgresql(postgresql: str, first: tuple[str, ...], second: tuple[str, ...]) -> None:
    with bench_on(postgresql) as bench:
        becomes(bench, first, second)
