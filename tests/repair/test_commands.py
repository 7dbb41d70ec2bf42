"""diff, repair and adopt as their users type them, on a project with a live database that somebody changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from chosen import chosen
from fixtures.mariadb import MariadbServer
from fixtures.postgresql import PostgresqlServer
from guarded import SAMPLES, Guarded, sql
from sqlalchemy import create_engine, make_url
from terminal import Terminal

BEGIN = "3f2a8c01b7de"
ROWS = (
    "INSERT INTO shelves (id, label) VALUES (1, 'top'), (2, 'low')",
    "INSERT INTO items (id, name, price, shelf_id) VALUES (1, 'ball', 1.5, 1), (2, 'doll', 2, 2)",
)
DRIFT = (
    "ALTER TABLE items ADD COLUMN colour VARCHAR(9) DEFAULT 'a:b 50{per}'",
    "DROP INDEX ix_items_name{on}",
    "CREATE TABLE extra (z INTEGER, a INTEGER)",
    "INSERT INTO extra VALUES (1, 2), (3, 4)",
    "CREATE VIEW names AS SELECT name, colour FROM items",
)


@pytest.fixture(params=chosen(["postgresql", "mariadb", "sqlite"], 1))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    server: PostgresqlServer | MariadbServer = request.getfixturevalue(f"{request.param}_server")
    return server.create()


ON_ONE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def shop(tmp_path: Path, url: str) -> Guarded:
    """Upgraded, with rows, and with nothing wrong."""
    guarded = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop", {"SHOP_DATABASE": url})
    guarded.alembic("upgrade", "head")
    sql(url, *ROWS)
    return guarded


@pytest.fixture
def drifted(shop: Guarded, url: str) -> Guarded:
    """The same, after somebody typed some DDL."""
    words = {"on": " ON items" if url.startswith("mysql") else "", "per": "%" if url.startswith("sqlite") else "%%"}
    sql(url, *(each.format(**words) for each in DRIFT))
    return shop


def rows(url: str) -> list[tuple[object, ...]]:
    return sql(url, "SELECT i.id, i.name, s.label FROM items i JOIN shelves s ON s.id = i.shelf_id ORDER BY i.id")


@ON_ONE
def test_nothing_differs_nothing_is_done(shop: Guarded) -> None:
    for sides in (("head", "live"), ("live", "live"), ("models", "models"), (BEGIN, "head"), ("live", BEGIN[:6])):
        answer = shop.driftguard("diff", *sides)
        assert (answer.code, answer.out.endswith("are equal\n")) == (0, True), answer
    repaired, adopted = shop.driftguard("repair", "--apply", "--yes"), shop.driftguard("adopt", "-m", "nothing")
    assert (repaired.code, adopted.code) == (0, 0)
    assert "nothing to repair" in repaired.out and "nothing to adopt" in adopted.out
    assert shop.git("status", "--porcelain") == ""


def test_differences_are_told_and_the_script_makes_them(drifted: Guarded, url: str) -> None:
    told = drifted.driftguard("diff", "head", "live")
    assert told.code == 1
    for sentence in (
        "items.colour is in",
        "index ix_items_name is in head and not in",
        "table extra is in",
        "view names",
    ):
        assert sentence in told.out
    answer = drifted.driftguard("diff", "live", "head", "--sql", "--format", "json")
    report = json.loads(answer.out)
    assert (answer.code, report["equal"], report["proven"], report["left"]) == (1, False, True, [])
    assert {(each["kind"], each["name"], each["change"]) for each in report["differences"]} == {
        ("column", "colour", "removed"),
        ("index", "ix_items_name", "added"),
        ("table", "extra", "removed"),
        ("view", "names", "removed"),
    }
    run_script(url, drifted.driftguard("diff", "live", "head", "--sql").out)
    assert drifted.check().codes == []


def run_script(url: str, script: str) -> None:
    """By the server's own client, as its user would."""
    parts = make_url(url)
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(parts.database or "", isolation_level=None)) as database:
            database.executescript(script)
        return
    if url.startswith("mysql"):
        client = shutil.which("mariadb") or shutil.which("mysql")
        command = [client, f"--socket={parts.query['unix_socket']}", "-uroot", parts.database]
    else:
        client = shutil.which("psql")
        command = [client, "-qX", "-v", "ON_ERROR_STOP=1", "-h", parts.query["host"], "-U", "postgres", parts.database]
    if client is None:
        pytest.skip("no client of this server is installed here")
    subprocess.run([str(each) for each in command], input=script, text=True, check=True, capture_output=True)


@ON_ONE
def test_a_plan_is_shown_and_nothing_written(drifted: Guarded, url: str) -> None:
    before = drifted.check().told
    answer = drifted.driftguard("repair")
    assert answer.code == 1
    assert "table extra is dropped with its rows: 2 rows" in answer.out
    assert "items.colour is dropped with its values: 2 rows" in answer.out
    assert "nothing is left" in answer.out
    assert "nothing was done" in answer.out
    assert drifted.check().told == before != set()


def test_the_live_database_is_restored(drifted: Guarded, url: str) -> None:
    answer = drifted.driftguard("repair", "--apply", "--yes")
    assert answer.code == 0, answer
    assert drifted.check().codes == []
    assert rows(url) == [(1, "ball", "top"), (2, "doll", "low")]


@ON_ONE
def test_nobody_to_ask_is_no_yes(drifted: Guarded) -> None:
    before = drifted.check().told
    answer = drifted.run(sys.executable, "-m", "driftguard", "repair", "--apply")
    assert answer.code == 2
    assert "--apply --yes" in answer.err
    assert drifted.check().told == before


@ON_ONE
def test_a_change_while_the_question_stands_stops_it(drifted: Guarded, url: str) -> None:
    command = [sys.executable, "-m", "driftguard", "repair", "--apply"]
    with Terminal(command, drifted.root, drifted.environ, (40, 160)) as terminal:
        terminal.until("[y/N]")
        sql(url, "CREATE TABLE meanwhile (id INTEGER)")
        terminal.press("y\n")
        assert terminal.ends() == 1
    assert ("DG301", "extra") in drifted.check().told


@ON_POSTGRESQL
def test_rows_that_stand_in_the_way_are_counted(shop: Guarded, url: str) -> None:
    sql(url, "ALTER TABLE items ALTER COLUMN name DROP NOT NULL", "UPDATE items SET name = NULL WHERE id = 1")
    answer = shop.driftguard("repair", "--apply", "--yes")
    assert answer.code == 1
    assert "items.name may not be NULL again: 1 row, which will make it fail" in answer.err


def test_a_change_is_adopted(drifted: Guarded, url: str, tmp_path: Path) -> None:
    answer = drifted.driftguard("adopt", "-m", "colours and more")
    assert answer.code == 0, answer
    [written] = drifted.git("status", "--porcelain", "--untracked-files=all").split()[1:]
    assert written.endswith("_colours_and_more.py")
    [stamp] = [line.strip() for line in answer.out.splitlines() if line.startswith("    alembic stamp")]
    drifted.alembic(*stamp.split()[1:])
    assert drifted.driftguard("diff", "head", "live").code == 0
    assert "DG301" not in drifted.check().codes
    drifted.alembic("downgrade", "-1")
    assert drifted.driftguard("diff", BEGIN, "live").code == 0
    assert rows(url) == [(1, "ball", "top"), (2, "doll", "low")]


@ON_ONE
def test_a_dry_run_writes_no_file(drifted: Guarded) -> None:
    answer = drifted.driftguard("adopt", "-m", "colours", "--dry-run")
    assert answer.code == 0
    assert "op.execute(" in answer.out
    assert drifted.git("status", "--porcelain") == ""


@ON_ONE
def test_a_revision_that_does_not_do_it_is_removed(drifted: Guarded) -> None:
    """The template leaves out what it should hold."""
    drifted.replace("migrations/script.py.mako", '${upgrades if upgrades else "pass"}', "pass")
    drifted.commit("another template")
    answer = drifted.driftguard("adopt", "-m", "colours")
    assert answer.code == 1
    assert "removed again" in answer.err
    assert "table extra" in answer.err
    assert drifted.git("status", "--porcelain") == ""


@ON_ONE
def test_a_database_that_is_behind_is_not_adopted(drifted: Guarded) -> None:
    drifted.alembic("revision", "-m", "nothing yet")
    answer = drifted.driftguard("adopt", "-m", "colours")
    assert answer.code == 1
    assert "1 revision behind head" in answer.err


@ON_POSTGRESQL
def test_a_renamed_column_keeps_its_values(shop: Guarded, url: str) -> None:
    sql(url, "ALTER TABLE items RENAME COLUMN price TO cost")
    answer = shop.driftguard("repair", "--apply", "--yes")
    assert answer.code == 0, answer
    assert "lost" not in answer.out
    assert sql(url, "SELECT count(price) FROM items") == [(2,)]


@ON_ONE
def test_tables_are_copied_and_no_row_is_lost(shop: Guarded, url: str) -> None:
    """The label's length cannot be changed but by a copy; to drop a shelf would delete its items."""
    copied = (
        "CREATE TABLE other (id INTEGER NOT NULL, label VARCHAR(99) NOT NULL, PRIMARY KEY (id), UNIQUE (label))",
        "INSERT INTO other SELECT * FROM shelves",
        "DROP TABLE shelves",
        "ALTER TABLE other RENAME TO shelves",
    )
    sql(url, *copied)
    adopted = shop.driftguard("adopt", "-m", "longer labels")
    assert adopted.code == 0, adopted
    shop.git("clean", "-fdq")
    answer = shop.driftguard("repair", "--apply", "--yes")
    assert answer.code == 0, answer
    assert shop.check().codes == []
    assert rows(url) == [(1, "ball", "top"), (2, "doll", "low")]


@ON_ONE
def test_what_cannot_be_compared_is_said(shop: Guarded) -> None:
    for words in (("head", "nowhere"), ("head", "env:NOT_SET"), ("head", "sqlite:////nowhere/at/all.db")):
        answer = shop.driftguard("diff", *words)
        assert (answer.code, answer.out) == (2, ""), answer
        assert answer.err.startswith("error: "), answer


@ON_ONE
def test_tables_of_a_chain_that_is_not_known_are_not_dropped(shop: Guarded, url: str) -> None:
    sql(url, "CREATE TABLE their_version (version_num VARCHAR(32))", "CREATE TABLE theirs (id INTEGER)")
    answer = shop.driftguard("repair", "--apply", "--yes")
    assert answer.code == 1
    assert "their_version" in answer.err
    assert sql(url, "SELECT count(*) FROM theirs") == [(0,)]


@ON_POSTGRESQL
def test_a_table_that_somebody_holds_is_not_waited_for(drifted: Guarded, url: str) -> None:
    with create_engine(url).begin() as other:
        other.exec_driver_sql("LOCK TABLE items IN SHARE MODE")
        answer = drifted.driftguard("repair", "--apply", "--yes")
    assert answer.code == 2
    assert "lock timeout" in answer.err and "as it was before" in answer.err
    assert sql(url, "SELECT count(*) FROM extra") == [(2,)]


@ON_POSTGRESQL
def test_a_plan_that_does_not_get_there_is_not_run(shop: Guarded, url: str) -> None:
    """How a collation was made is not read, so that no copy of a column that uses it can be made."""
    sql(
        url,
        "CREATE COLLATION odd (provider = libc, locale = 'C')",
        "ALTER TABLE items ALTER name TYPE text COLLATE odd",
    )
    shown = shop.driftguard("repair")
    assert "no copy of" in shown.out and "column items.name" in shown.out
    answer = shop.driftguard("repair", "--apply", "--yes")
    assert answer.code == 1
    assert "so it is not run" in answer.err
    assert shop.driftguard("adopt", "-m", "odd").code == 1
    assert shop.git("status", "--porcelain") == ""


SECOND_ENV = """import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["SHOP_DATABASE"]).connect() as connection:
    context.configure(connection=connection, version_table="second_version")
    with context.begin_transaction():
        context.run_migrations()
"""
SECOND_REVISION = '''"""begin"""
import sqlalchemy as sa
from alembic import op

revision = "5ec0nd"
down_revision = None


def upgrade():
    op.create_table("theirs", sa.Column("id", sa.Integer(), primary_key=True))
'''


@ON_ONE
def test_tables_of_another_chain_that_is_known_are_left_alone(shop: Guarded, url: str) -> None:
    shop.write("second/alembic.ini", "[alembic]\nscript_location = %(here)s/scripts\n")
    shop.write("second/scripts/env.py", SECOND_ENV)
    shop.write("second/scripts/versions/5ec0nd_begin.py", SECOND_REVISION)
    shop.commit("another chain")
    shop.alembic("upgrade", "head", folder="second")
    sql(url, "CREATE TABLE extra (id INTEGER)")
    assert "which environment?" in shop.driftguard("repair").err
    told = shop.driftguard("diff", "-e", "migrations", "head", "live").out
    assert "extra" in told and "theirs" not in told
    answer = shop.driftguard("repair", "-e", "migrations", "--apply", "--yes")
    assert answer.code == 0, answer
    assert sql(url, "SELECT count(*) FROM theirs") == [(0,)]
    assert shop.driftguard("diff", "-e", "migrations", "head", "live").code == 0
