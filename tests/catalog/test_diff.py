"""What turns one catalog into another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftguard.schema.catalog import Catalog, Name, Object, make_catalog, make_object
from driftguard.schema.diff import Change, Difference, diff

TABLE = make_object(Name("table", "", "", "t"), {})
COLUMN = make_object(Name("column", "", "t", "c"), {"type": "INT", "default": None})
VIEW = make_object(Name("view", "", "", "v"), {"definition": "select 1"})


def catalog(*objects: Object) -> Catalog:
    return make_catalog("sqlite", "3", objects)


def named(name: str, columns: str, *, anonymous: bool = False) -> Object:
    return make_object(Name("unique", "", "t", name), {"columns": columns}, anonymous=anonymous)


def unnamed(name: str, columns: str) -> Object:
    return named(name, columns, anonymous=True)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        pytest.param([], [], id="two empty catalogs"),
        pytest.param([TABLE, COLUMN], [COLUMN, TABLE], id="the same in another order"),
        pytest.param([unnamed("u1", "a")], [unnamed("u2", "a")], id="two unnamed of one definition"),
        pytest.param(
            [unnamed("u1", "a"), unnamed("u2", "b")],
            [unnamed("u1", "b"), unnamed("u2", "a")],
            id="two unnamed that the server numbered the other way round",
        ),
        pytest.param(
            [unnamed("u1", "a"), unnamed("u2", "a")],
            [unnamed("u3", "a"), unnamed("u1", "a")],
            id="two unnamed twins",
        ),
    ],
)
def test_the_same(was: list[Object], now: list[Object]) -> None:
    assert diff(catalog(*was), catalog(*now)) == ()


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        pytest.param([], [VIEW], [Difference(VIEW.name, None, VIEW)], id="added"),
        pytest.param([VIEW], [], [Difference(VIEW.name, VIEW, None)], id="removed"),
        pytest.param(
            [], [TABLE, COLUMN, named("u", "a")], [Difference(TABLE.name, None, TABLE)], id="a table, told once"
        ),
        pytest.param(
            [TABLE, COLUMN, unnamed("u", "a")], [], [Difference(TABLE.name, TABLE, None)], id="a lost table, told once"
        ),
        pytest.param(
            [TABLE], [TABLE, COLUMN], [Difference(COLUMN.name, None, COLUMN)], id="a column of a table that stays"
        ),
        pytest.param(
            [COLUMN],
            [make_object(COLUMN.name, {"type": "TEXT", "default": "1"})],
            [
                Difference(
                    COLUMN.name,
                    COLUMN,
                    make_object(COLUMN.name, {"type": "TEXT", "default": "1"}),
                    (Change("default", None, "1"), Change("type", "INT", "TEXT")),
                )
            ],
            id="a fact that came and one that changed",
        ),
        pytest.param(
            [named("u1", "a")],
            [named("u2", "a")],
            [
                Difference(named("u1", "a").name, named("u1", "a"), None),
                Difference(named("u2", "a").name, None, named("u2", "a")),
            ],
            id="a name that somebody gave counts",
        ),
        pytest.param(
            [named("u1", "a")],
            [unnamed("u2", "a")],
            [
                Difference(named("u1", "a").name, named("u1", "a"), None),
                Difference(named("u2", "a").name, None, unnamed("u2", "a")),
            ],
            id="a given name is not a made-up one",
        ),
        pytest.param(
            [unnamed("u1", "a"), unnamed("u2", "a")],
            [unnamed("u3", "a")],
            [Difference(named("u2", "a").name, unnamed("u2", "a"), None)],
            id="one of two unnamed twins went",
        ),
        pytest.param(
            [unnamed("u", "a")],
            [unnamed("u", "b")],
            [Difference(named("u", "a").name, unnamed("u", "a"), unnamed("u", "b"), (Change("columns", "a", "b"),))],
            id="an unnamed one that keeps its place and changes",
        ),
        pytest.param(
            [make_object(Name("table", "one", "", "t"), {}), make_object(Name("column", "two", "t", "c"), {})],
            [],
            [
                Difference(Name("column", "two", "t", "c"), make_object(Name("column", "two", "t", "c"), {}), None),
                Difference(Name("table", "one", "", "t"), make_object(Name("table", "one", "", "t"), {}), None),
            ],
            id="a table of that name in another schema",
        ),
    ],
)
def test_different(was: list[Object], now: list[Object], expected: list[Difference]) -> None:
    found = diff(catalog(*was), catalog(*now))
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert list(found) == sorted(found, key=lambda each: each.name)


OBJECTS = st.builds(
    lambda kind, table, name, text, anonymous: make_object(
        Name(kind, "", table, name), {"f": text}, anonymous=anonymous
    ),
    st.sampled_from(["table", "view", "unique"]),
    st.sampled_from(["", "t", "u"]),
    st.sampled_from("tuv"),
    st.sampled_from("ab"),
    st.booleans(),
)
CATALOGS = st.lists(OBJECTS, max_size=8, unique_by=lambda each: each.name).map(lambda objects: catalog(*objects))


@given(CATALOGS, CATALOGS)
def test_each_way_tells_as_much(was: Catalog, now: Catalog) -> None:
    there, back = diff(was, now), diff(now, was)
    assert len(there) == len(back)
    assert diff(was, was) == ()
    if {(each.name, each.facts) for each in was.objects if not each.anonymous} != {
        (each.name, each.facts) for each in now.objects if not each.anonymous
    } and not any(each.anonymous for each in (*was.objects, *now.objects)):
        assert there
