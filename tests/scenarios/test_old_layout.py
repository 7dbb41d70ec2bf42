"""A migrations folder of Flask-Script's time, whose manager no longer runs: the application itself leads to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded, sql

BASE, HEAD = "4e9b07c1d8f2", "90d2f6a3b17c"
BUILT_BY_THE_MANAGER = (
    "CREATE TABLE books (id INTEGER NOT NULL, title VARCHAR(120) NOT NULL, shelf VARCHAR(12), PRIMARY KEY (id))",
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num))",
    f"INSERT INTO alembic_version VALUES ('{HEAD}')",
)
SHELF = "    shelf = db.Column(db.String(12))\n"
AUTHOR = "    author = db.Column(db.String(80))\n"


@pytest.fixture
def library(tmp_path: Path) -> Guarded:
    url = f"sqlite:///{tmp_path / 'library.db'}"
    sql(url, *BUILT_BY_THE_MANAGER)
    guarded = Guarded.copy_of(SAMPLES / "old_layout", tmp_path / "library", {"LIBRARY_DATABASE": url})
    assert guarded.run(sys.executable, "manage.py").code != 0
    return guarded


def test_nothing_is_told_while_all_agree(library: Guarded) -> None:
    checked = library.check()
    assert (checked.code, checked.codes) == (0, [])


def test_a_database_of_that_time_is_behind_and_not_drifted(library: Guarded) -> None:
    url = library.environ["LIBRARY_DATABASE"]
    sql(url, "ALTER TABLE books DROP COLUMN shelf", f"UPDATE alembic_version SET version_num = '{BASE}'")
    checked = library.check()
    assert (checked.code, checked.told) == (0, {("DG302", HEAD)})


def test_models_and_live_are_told_apart(library: Guarded) -> None:
    library.replace("app.py", SHELF, SHELF + AUTHOR)
    sql(library.environ["LIBRARY_DATABASE"], "ALTER TABLE books ADD COLUMN colour VARCHAR(10)")

    checked = library.check()

    assert checked.code == 1
    assert checked.told == {("DG201", "books.author"), ("DG301", "books.colour")}
    assert checked.one("DG201")["place"] == {"path": "app.py", "line": 19}


def test_the_commands_are_told_to_need_migrate(library: Guarded) -> None:
    [note] = library.check().report["notes"]
    assert "Migrate(app, db)" in note

    library.replace("app.py", "db = SQLAlchemy(app)\n", "db = SQLAlchemy(app)\nMigrate(app, db)\n")
    library.replace("app.py", "from flask_sqlalchemy", "from flask_migrate import Migrate\nfrom flask_sqlalchemy")
    checked = library.check()
    assert (checked.code, checked.codes, checked.report["notes"]) == (0, [], [])
