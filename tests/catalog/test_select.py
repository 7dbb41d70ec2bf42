"""Parts of a catalog."""

from __future__ import annotations

import subprocess
import sys

import pytest

from driftguard.catalog import CATALOGS
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Name, Object, make_catalog, make_object, sharing

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


def test_what_is_equal_is_kept_once() -> None:
    def catalog(*objects: Object) -> Catalog:
        return make_catalog("sqlite", "3", objects)

    def column(name: str, kind: str, *, anonymous: bool = False) -> Object:
        return make_object(Name("column", "", "t", name), {"type": kind}, anonymous=anonymous)

    kept = catalog(column("same", "INT"), column("changed", "INT"), column("named", "INT"), column("gone", "INT"))
    read = catalog(
        column("same", "INT"), column("changed", "TEXT"), column("named", "INT", anonymous=True), column("new", "INT")
    )
    shared = sharing(read, kept)
    assert shared == read
    assert [each for each in shared.objects if any(each is other for other in kept.objects)] == [column("same", "INT")]


def test_only_the_dialect_that_is_asked_for_is_loaded() -> None:
    program = "import sys; from driftguard.catalog import CATALOGS; CATALOGS['sqlite'].read; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "driftguard.catalog.sqlite.reading" in loaded
    assert not {"driftguard.catalog.mysql", "driftguard.catalog.postgresql"} & set(loaded)


@pytest.mark.parametrize("dialect", CATALOGS)
def test_every_dialect_can_be_asked_for(dialect: str) -> None:
    assert dialect in CATALOGS
    assert CATALOGS.get(dialect) is CATALOGS[dialect]


def test_no_other_dialect_is_there() -> None:
    assert "oracle" not in CATALOGS
    assert CATALOGS.get("oracle") is None
