"""Parts of a catalog."""

from __future__ import annotations

import pytest

from driftguard.schema import select
from driftguard.schema.catalog import Name, make_catalog, make_object

NAMES = [
    *(Name("column", "", table, "id") for table in ("a", "b", "version")),
    Name("columnar thing", "", "", "x"),
    Name("schema", "", "", "other"),
    Name("table", "", "", "b"),
    Name("table", "", "", "a"),
    Name("table", "other", "", "a"),
    Name("view", "", "", "v"),
]
CATALOG = make_catalog("sqlite", "3", (make_object(name, {}) for name in NAMES))


@pytest.mark.parametrize("kind", ["column", "columnar thing", "schema", "table", "view", "", "index", "zone"])
def test_the_objects_of_one_kind(kind: str) -> None:
    assert select.of_kind(CATALOG, kind) == tuple(each for each in CATALOG.objects if each.name.kind == kind)


def test_of_nothing() -> None:
    assert select.of_kind(make_catalog("sqlite", "3", ()), "table") == ()


def test_what_is_told_of_kinds() -> None:
    assert select.tables(CATALOG) == {("", "a"), ("", "b"), ("other", "a")}
    assert select.schemas(CATALOG) == {"", "other"}
    assert select.version_tables(
        make_catalog("sqlite", "3", (make_object(Name("column", "", "v", "version_num"), {}),))
    ) == {("", "v")}
