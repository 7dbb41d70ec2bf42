"""SQLite drops a table to change it: whatever refers to its rows, enforced or not, no row may go with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from benches import bench_on

from driftguard.facts.bench import search

TABLES = (
    "CREATE TABLE shelves (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL, room {})",
    "CREATE TABLE items (id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES shelves (id) ON DELETE CASCADE)",
    "CREATE VIEW labels AS SELECT label FROM shelves",
    "CREATE INDEX ix ON shelves (label)",
    "CREATE TRIGGER seen AFTER INSERT ON shelves BEGIN UPDATE items SET shelf_id = new.id; END",
)
ROWS = (
    "INSERT INTO shelves VALUES (1, 'top', 5), (9, 'low', 6)",
    "DELETE FROM shelves WHERE id = 9",
    "INSERT INTO items VALUES (1, 1)",
)


def made(file: Path, *statements: str) -> str:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)
    return f"sqlite:///{file}"


@pytest.mark.parametrize(("was", "now"), [("TEXT", "INTEGER NOT NULL"), ("INTEGER CHECK (room > 1)", "INTEGER")])
def test_rows_counters_views_and_triggers_stay(tmp_path: Path, was: str, now: str) -> None:
    with bench_on(made(tmp_path / "a", *(each.format(was) for each in TABLES))) as bench:
        expected = bench.catalog()
    live = made(tmp_path / "b", *(each.format(now) for each in TABLES), *ROWS)
    with bench_on(live) as bench:
        assert bench.number("PRAGMA foreign_keys") == 0
        assert search(bench, expected).left == ()
        bench.keep()
    with closing(sqlite3.connect(tmp_path / "b", isolation_level=None)) as database:
        assert database.execute("SELECT id, label, CAST(room AS INTEGER) FROM shelves").fetchall() == [(1, "top", 5)]
        assert database.execute("SELECT * FROM items").fetchall() == [(1, 1)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("SELECT name, seq FROM sqlite_sequence").fetchall() == [("shelves", 9)]
        assert database.execute("SELECT * FROM labels").fetchall() == [("top",)]
        database.execute("INSERT INTO shelves (label, room) VALUES ('new', 7)")
        assert database.execute("SELECT shelf_id FROM items").fetchall() == [(10,)]


def test_columns_keep_their_places(tmp_path: Path) -> None:
    with bench_on(made(tmp_path / "a", "CREATE TABLE t (z INTEGER, id INTEGER PRIMARY KEY, b TEXT, a TEXT)")) as bench:
        expected = bench.catalog()
    live = made(tmp_path / "b", "CREATE TABLE t (z INTEGER, id INTEGER PRIMARY KEY, b BLOB, a TEXT)")
    with bench_on(live) as bench:
        assert search(bench, expected).left == ()
        bench.keep()
    with closing(sqlite3.connect(tmp_path / "b")) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(t)")]
    assert names == ["z", "id", "b", "a"]
