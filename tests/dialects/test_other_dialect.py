"""A dialect that driftguard has no catalog for: one named database as its shadow, read through the Inspector."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded

LITE = '''
from alembic.ddl.sqlite import SQLiteImpl
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class Lite(SQLiteDialect_pysqlite):
    """SQLite by another name."""

    name = "lite"
    supports_statement_cache = True


class LiteImpl(SQLiteImpl):
    __dialect__ = "lite"


registry.register("lite", "lite", "Lite")
registry.register("lite.pysqlite", "lite", "Lite")
'''


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    shop = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop", {"SHOP_DATABASE": f"lite:///{tmp_path / 'live.db'}"})
    shop.write("lite.py", LITE)
    shop.replace("migrations/env.py", "from alembic import context\n", "import lite\nfrom alembic import context\n")
    shop.alembic("upgrade", "head")
    return shop


def test_without_a_named_database_it_says_which_setting_helps(shop: Guarded) -> None:
    checked = shop.check()
    assert (checked.code, checked.codes) == (2, ["DG903"])
    assert "shadow = " in checked.one("DG903")["help"]


def test_both_sides_are_told_and_the_named_database_is_left_empty(shop: Guarded, tmp_path: Path) -> None:
    shadow = tmp_path / "shadow.db"
    shop.write("driftguard.toml", f'shadow = "lite:///{shadow}"\n')
    checked = shop.check()
    assert (checked.code, checked.codes) == (0, []), checked.report
    assert any("triggers" in note for note in checked.report["notes"])

    shop.replace("models.py", "    name = ", "    weight = Column(Integer)\n    name = ")
    with sqlite3.connect(tmp_path / "live.db") as connection:
        connection.execute("ALTER TABLE items DROP COLUMN price")
    connection.close()
    assert shop.check().told == {("DG201", "items.weight"), ("DG301", "items.price")}
    with sqlite3.connect(shadow) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'").fetchall() == []
    connection.close()


def test_a_named_database_with_tables_is_refused_and_kept(shop: Guarded, tmp_path: Path) -> None:
    shadow = tmp_path / "precious.db"
    with sqlite3.connect(shadow) as connection:
        connection.execute("CREATE TABLE precious (id INTEGER)")
    connection.close()
    before = shadow.read_bytes(), shadow.stat().st_mtime_ns
    shop.write("driftguard.toml", f'shadow = "lite:///{shadow}"\n')
    checked = shop.check()
    assert (checked.code, checked.codes) == (2, ["DG903"])
    assert "precious" in checked.one("DG903")["message"]
    assert (shadow.read_bytes(), shadow.stat().st_mtime_ns) == before
