"""What SQLAlchemy's Inspector tells, as a catalog."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

import driftguard
from driftguard.catalog.inspector import UNREAD, from_reflection
from driftguard.schema.catalog import Catalog
from driftguard.schema.diff import diff

REFLECT = Path(driftguard.__file__).parent / "probe" / "guest" / "driftguard_guest" / "reflect.py"


def guest_module() -> ModuleType:
    """The guest's file, loaded as the guest does: without the host's packages around it."""
    spec = importlib.util.spec_from_file_location("reflect", REFLECT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reflected(*statements: str) -> Catalog:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        return from_reflection(json.loads(json.dumps(guest_module().reflect(connection, [""]))))


def one_table(**parts: Any) -> dict[str, Any]:
    schema = {"name": "", "tables": [{"name": "t", **parts}]}
    return {"dialect": "oracle", "version": "23.4", "schemas": [schema], "unread": []}


SHOP = (
    "CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR(20) DEFAULT 'x' NOT NULL, UNIQUE (name))",
    "CREATE TABLE items (id INTEGER PRIMARY KEY, store INTEGER, price NUMERIC(10, 2),"
    " CONSTRAINT fk FOREIGN KEY (store) REFERENCES stores (id) ON DELETE CASCADE, CONSTRAINT ck CHECK (price > 0))",
    "CREATE INDEX ix ON items (price)",
    "CREATE VIEW v AS SELECT id FROM items",
)


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["INSERT INTO stores VALUES (1, 'a')"], [], id="rows"),
        pytest.param(["CREATE TABLE t (a INT)"], ["t"], id="a table came"),
        pytest.param(["ALTER TABLE items ADD COLUMN c INT"], ["items.c"], id="a column came"),
        pytest.param(["DROP INDEX ix"], ["items.ix"], id="an index went"),
        pytest.param(
            ["DROP INDEX ix", "CREATE UNIQUE INDEX ix ON items (price)"], ["items.ix"], id="an index is unique"
        ),
        pytest.param(["DROP VIEW v", "CREATE VIEW v AS SELECT 1"], ["v"], id="a view changed"),
        pytest.param(["DROP TABLE stores", SHOP[0].replace("'x'", "'y'")], ["stores.name"], id="a default changed"),
        pytest.param(["DROP TABLE stores", SHOP[0].replace("20", "30")], ["stores.name"], id="a type changed"),
        pytest.param(
            ["DROP TABLE stores", SHOP[0].replace(", UNIQUE (name)", "")], ["stores.(name)"], id="a unique went"
        ),
        pytest.param(
            ["DROP TABLE items", SHOP[1].replace("CASCADE", "SET NULL"), SHOP[2]], ["items.fk"], id="an action changed"
        ),
        pytest.param(["DROP TABLE items", SHOP[1].replace("> 0", "> 1"), SHOP[2]], ["items.ck"], id="a check changed"),
    ],
)
def test_changes_as_the_guest_reflects_them(statements: list[str], told: list[str]) -> None:
    assert [str(each.name) for each in diff(reflected(*SHOP), reflected(*SHOP, *statements))] == told


def test_what_is_not_covered_is_named() -> None:
    catalog = reflected(*SHOP)
    assert {*UNREAD, "sequences", "table comments"} <= set(catalog.unread)
    assert "columns" not in catalog.unread


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            one_table(uniques=[{"name": "SYS_C0012", "columns": ["a"]}]),
            one_table(uniques=[{"name": "SYS_C0099", "columns": ["a"]}]),
            id="names that Oracle made up",
        ),
        pytest.param(
            one_table(primary_key={"name": "PK__t__3213E83F0AD2A005", "columns": ["id"]}),
            one_table(primary_key={"name": None, "columns": ["id"]}),
            id="names that SQL Server made up",
        ),
        pytest.param(
            one_table(checks=[{"name": None, "expression": "a"}, {"name": None, "expression": "b"}]),
            one_table(checks=[{"name": None, "expression": "b"}, {"name": None, "expression": "a"}]),
            id="the order of unnamed constraints",
        ),
        pytest.param(one_table(comment=None, columns=[]), one_table(), id="absent and null"),
    ],
)
def test_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert diff(from_reflection(one), from_reflection(other)) == ()


COLUMN = {"name": "c", "type": "INT"}


@pytest.mark.parametrize(
    ("parts", "other"),
    [
        pytest.param({"comment": "a"}, {"comment": "b"}, id="a table's comment"),
        pytest.param({"options": {"engine": "a"}}, {"options": {"engine": "b"}}, id="a table's option"),
        pytest.param({"columns": [COLUMN]}, {"columns": [{**COLUMN, "nullable": False}]}, id="nullable"),
        pytest.param({"columns": [COLUMN]}, {"columns": [{**COLUMN, "comment": "x"}]}, id="a column's comment"),
        pytest.param({"columns": [COLUMN]}, {"columns": [{**COLUMN, "collation": "x"}]}, id="collation"),
        pytest.param({"columns": [COLUMN]}, {"columns": [{**COLUMN, "autoincrement": True}]}, id="autoincrement"),
        pytest.param(
            {"columns": [{**COLUMN, "computed": {"sqltext": "a + 1"}}]},
            {"columns": [{**COLUMN, "computed": {"sqltext": "a + 1", "persisted": True}}]},
            id="a computed column that is stored",
        ),
        pytest.param(
            {"columns": [{**COLUMN, "identity": {"start": "1"}}]},
            {"columns": [{**COLUMN, "identity": {"start": "2"}}]},
            id="identity",
        ),
        pytest.param(
            {"foreign_keys": [{"name": "f", "columns": ["a"], "table": "p", "references": ["a"]}]},
            {"foreign_keys": [{"name": "f", "columns": ["a"], "schema": "s", "table": "p", "references": ["a"]}]},
            id="the schema that a foreign key means",
        ),
        pytest.param(
            {"indexes": [{"name": "i", "columns": ["a"], "expressions": ["lower(a)"]}]},
            {"indexes": [{"name": "i", "columns": ["a"], "expressions": ["upper(a)"]}]},
            id="an index's expression",
        ),
        pytest.param(
            {"uniques": [{"name": "u", "columns": ["a, b"]}]},
            {"uniques": [{"name": "u", "columns": ["a", "b"]}]},
            id="a comma in a name",
        ),
    ],
)
def test_different(parts: dict[str, Any], other: dict[str, Any]) -> None:
    (difference,) = diff(from_reflection(one_table(**parts)), from_reflection(one_table(**other)))
    assert difference.changes


def test_views_and_sequences_of_a_schema() -> None:
    schema = {
        "name": "shop",
        "views": [{"name": "v", "definition": "select 1"}],
        "materialized_views": [{"name": "m", "definition": None}],
        "sequences": ["s", "ISEQ$$_123"],
    }
    catalog = from_reflection({"dialect": "oracle", "version": "", "schemas": [schema], "unread": ["tables"]})
    assert [(each.name.kind, str(each.name)) for each in catalog.objects] == [
        ("materialized view", "shop.m"),
        ("sequence", "shop.s"),
        ("view", "shop.v"),
    ]
    assert "tables" in catalog.unread
