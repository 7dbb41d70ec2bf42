"""SQLite's fingerprint: what moves it, what leaves it alone, and what it does to the file: nothing."""

# ruff: noqa: E501 (one statement is one line)

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from test_sqlite import DRIFTS, SCHOOL

from driftguard.catalog.sqlite import exact, quick
from driftguard.memo import sqlite_live
from driftguard.memo.record import DIGEST_BYTES
from driftguard.memo.sqlite_live import fingerprint, stat_signature
from driftguard.probe.guest_process import GUEST_FOLDER
from driftguard.schema.catalog import Scope

VERSION_TABLE = "alembic_version"
STAMPED = (
    f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) PRIMARY KEY)",
    f"INSERT INTO {VERSION_TABLE} VALUES ('a1')",
)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement).fetchall()


def of(path: Path) -> str:
    return fingerprint(str(path), VERSION_TABLE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "live.db"
    execute(path, "PRAGMA synchronous = OFF", "BEGIN", *SCHOOL, *STAMPED, "COMMIT")
    return path


@pytest.mark.parametrize(("statements", "told"), DRIFTS)
def test_every_drift_moves_it(statements: Sequence[str], told: list[str], file: Path) -> None:
    before = of(file)
    execute(file, *statements)
    assert of(file) != before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([f"UPDATE {VERSION_TABLE} SET version_num = 'b2'"], id="another revision"),
        pytest.param([f"INSERT INTO {VERSION_TABLE} VALUES ('b2')"], id="a second revision"),
        pytest.param([f"DELETE FROM {VERSION_TABLE}"], id="no revision"),
        pytest.param([f"DROP TABLE {VERSION_TABLE}"], id="no version table"),
    ],
)
def test_the_stamp_moves_it(statements: list[str], file: Path) -> None:
    before = of(file)
    execute(file, *statements)
    assert of(file) != before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["SELECT * FROM students"], id="a table is read"),
        pytest.param(["INSERT INTO teams (name) VALUES ('red')"], id="a row comes"),
        pytest.param(["DELETE FROM notes"], id="rows go"),
        pytest.param(["VACUUM"], id="the file is written anew"),
        pytest.param(["ANALYZE"], id="statistics are collected"),
        pytest.param(["REINDEX"], id="indexes are built anew"),
        pytest.param(["BEGIN", "DROP TABLE notes", "ROLLBACK"], id="a change is rolled back"),
        pytest.param(["CREATE TEMP TABLE passing (id)"], id="a temporary table"),
        pytest.param(["PRAGMA user_version = 3"], id="a number of the application's"),
        pytest.param(["PRAGMA journal_mode = WAL"], id="another journal mode"),
        pytest.param(["CREATE TABLE extra (id)", "DROP TABLE extra"], id="a table comes and goes"),
        pytest.param(
            [f"DELETE FROM {VERSION_TABLE}", f"INSERT INTO {VERSION_TABLE} VALUES ('a1')"], id="stamped the same"
        ),
    ],
)
def test_what_leaves_it_alone(statements: list[str], file: Path) -> None:
    before = of(file)
    execute(file, *statements)
    assert of(file) == before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["INSERT INTO teams (name) VALUES ('red')"], id="a row comes"),
        pytest.param(["PRAGMA journal_mode = WAL"], id="another journal mode"),
        pytest.param(["CREATE TABLE extra (id)"], id="a table comes"),
    ],
)
def test_every_write_moves_the_signature(statements: list[str], file: Path) -> None:
    before = stat_signature(str(file))
    execute(file, *statements)
    assert stat_signature(str(file)) != before


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_asking_leaves_no_trace(mode: str, file: Path) -> None:
    execute(file, f"PRAGMA journal_mode = {mode}")
    before = (stat_signature(str(file)), sorted(file.parent.iterdir()))
    assert of(file) == of(file)
    assert (stat_signature(str(file)), sorted(file.parent.iterdir())) == before


def test_what_stands_in_the_log_alone_counts(file: Path) -> None:
    execute(file, "PRAGMA journal_mode = WAL")
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        before = (of(file), stat_signature(str(file)))
        writer.execute("CREATE TABLE extra (id)")
        inside = (of(file), stat_signature(str(file)))
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(f"UPDATE {VERSION_TABLE} SET version_num = 'b2'")
        assert of(file) == inside[0]
        writer.execute("COMMIT")
        after = of(file)
    assert len({before[0], inside[0], after}) == 3
    assert before[1] != inside[1]
    assert of(file) == after


@pytest.fixture
def locked(file: Path) -> Iterator[Path]:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        yield file


def test_a_lock_is_told(locked: Path) -> None:
    assert of(locked).startswith("unreadable: database is locked")


def test_a_file_that_is_missing_stays_missing(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    assert of(path) == "missing"
    assert stat_signature(str(path)) == (None, None, None)
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"a text that is long enough to be no database, and no header of one" * 9, "not a database", id="a text"),
        pytest.param(None, "directory", id="a folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_moves_with_the_file(content: bytes | None, reason: str, tmp_path: Path) -> None:  # fmt: skip
    path = tmp_path / "live.db"
    path.mkdir() if content is None else path.write_bytes(content)
    before = of(path)
    if content is None:
        (path / "file").touch()
    else:
        path.write_bytes(content + b"!")
    assert before.startswith("unreadable: ")
    assert reason in before.lower()
    assert of(path) != before


def test_an_empty_file_is_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    path.touch()
    empty = of(path)
    execute(path, "PRAGMA user_version = 1")
    assert of(path) == empty
    execute(path, "CREATE TABLE t (a)")
    assert of(path) != empty


@pytest.mark.parametrize("table", ['ver"sion', "select", "schüler", "it's", "ALEMBIC_VERSION", "100 %"])
def test_odd_version_tables(table: str, tmp_path: Path) -> None:
    path, quoted = tmp_path / "live.db", '"' + table.replace('"', '""') + '"'
    execute(path, f"CREATE TABLE {quoted} (version_num TEXT)")
    before = fingerprint(str(path), table.lower())
    execute(path, f"INSERT INTO {quoted} VALUES ('a1')")
    assert fingerprint(str(path), table.lower()) != before


@pytest.mark.parametrize("name", ["a?b#c.db", "100%20.db", "schüler 🚀.db", "a&b;c=d+e.db", "it's.db", "a\\b:c.db"])
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_odd_paths_are_opened_as_the_guest_opens_them(mode: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    execute(path, f"PRAGMA journal_mode = {mode}", *SCHOOL)
    before = of(path)
    opened = sqlite_live.read_only_uri(str(path))
    sys.path.append(str(GUEST_FOLDER))
    try:
        from driftguard_guest import sqlite_guard
    finally:
        sys.path.remove(str(GUEST_FOLDER))
    assert opened == sqlite_guard.read_only_uri(str(path))
    assert len(before) == 2 * DIGEST_BYTES
    with closing(sqlite3.connect(path)):
        execute(path, "CREATE TABLE extra (id)")
        assert sqlite_live.read_only_uri(str(path)) == sqlite_guard.read_only_uri(str(path))
    assert of(path) != before


def test_a_link_is_followed_to_its_log(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(file)
    execute(file, "PRAGMA journal_mode = WAL")
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        before = (of(link), stat_signature(str(link)))
        writer.execute("CREATE TABLE extra (id)")
        after = (of(link), stat_signature(str(link)))
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True]


def test_a_driver_that_only_the_guest_has_is_asked_for_the_same(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:

        def both() -> list[object]:
            asked = lambda sql: database.execute(sql).fetchall()  # noqa: E731
            return [list(quick(asked, Scope())), list(exact(asked, Scope()))]

        before = both()
        database.execute("INSERT INTO teams (name) VALUES ('red')")
        assert both() == before
        database.execute("ALTER TABLE notes ADD COLUMN extra")
        assert [one != other for one, other in zip(before, both(), strict=True)] == [True, True]


def test_nothing_heavy_is_loaded_for_it(file: Path) -> None:
    heavy = "{'hashlib', 'pathlib', 'sqlite3', 'typing', 'urllib'}"
    code = f"import sys; from driftguard.memo.sqlite_live import fingerprint; fingerprint({str(file)!r}, 'v'); print({heavy} & set(sys.modules))"
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.append({str(Path(sqlite_live.__file__).parents[2])!r}); {code}",
    ]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "set()"
