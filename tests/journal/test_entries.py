"""What is noted of a statement: who, when, what, and whether Alembic ran it."""

from __future__ import annotations

import time

import pytest
from hands import Hand
from psycopg import Notify

from driftguard.schema.journal import Move, Origin, Touched

LAST_NAME = ("", "students", "last_name")


@pytest.mark.parametrize(
    ("statement", "touched"),
    [
        pytest.param("CREATE TABLE t (i int)", Touched("table", ("", "t"), "public.t"), id="a table"),
        pytest.param('CREATE TABLE "T ä" (i int)', Touched("table", ("", "T ä"), 'public."T ä"'), id="a quoted name"),
        pytest.param(
            "ALTER TABLE students ADD age int", Touched("table", ("", "students"), "public.students"), id="a new column"
        ),
        pytest.param(
            "ALTER TABLE students DROP last_name",
            Touched("table column", LAST_NAME, "public.students.last_name", True),
            id="a dropped column",
        ),
        pytest.param(
            "ALTER TABLE students RENAME last_name TO surname",
            Touched("table column", ("", "students", "surname"), "public.students.surname"),
            id="a column's new name",
        ),
        pytest.param(
            "COMMENT ON COLUMN students.last_name IS 'x'",
            Touched("table column", LAST_NAME, "public.students.last_name"),
            id="a comment",
        ),
        pytest.param(
            "CREATE INDEX CONCURRENTLY ix ON students (email)",
            Touched("index", ("", "ix"), "public.ix"),
            id="an index that is built concurrently",
        ),
        pytest.param("CREATE TYPE mood AS ENUM ('a')", Touched("type", ("", "mood"), "public.mood"), id="an enum"),
        pytest.param("CREATE SCHEMA s", Touched("schema", ("s",), "s"), id="a schema"),
        pytest.param(
            "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            Touched("function", ("", "f"), "public.f(integer)"),
            id="a function",
        ),
        pytest.param(
            "DO 'BEGIN ALTER TABLE students DROP last_name; END'",
            Touched("table column", LAST_NAME, "public.students.last_name", True),
            id="inside a block",
        ),
        pytest.param("DROP TABLE students", Touched("table", ("", "students"), "public.students", True), id="a drop"),
        pytest.param("SELECT 1 AS i INTO t", Touched("table", ("", "t"), "public.t"), id="a table of a SELECT"),
    ],
)
def test_what_a_statement_changed(noted: Hand, statement: str, touched: Touched) -> None:
    noted.run(statement)
    [entry] = noted.entries
    assert touched in entry.touched
    assert (entry.statement, entry.origin) == (statement, Origin.HAND)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("CREATE TEMP TABLE t (i int)", id="a temporary table"),
        pytest.param("CREATE TEMP TABLE t AS SELECT 1", id="a temporary table of a query"),
        pytest.param("REINDEX TABLE students", id="an index that is built anew"),
        pytest.param("INSERT INTO students VALUES (1)", id="rows"),
        pytest.param("TRUNCATE students", id="no rows"),
        pytest.param("ANALYZE students", id="statistics"),
        pytest.param("CREATE TABLE IF NOT EXISTS students (id int)", id="what is there already"),
        pytest.param("DROP TABLE IF EXISTS nothing", id="what is not there"),
    ],
)
def test_what_changes_no_schema_is_not_noted(noted: Hand, statement: str) -> None:
    noted.run(statement)
    assert noted.entries == ()


def test_what_is_rolled_back_is_not_noted(noted: Hand) -> None:
    with noted.session(autocommit=False) as connection:
        connection.execute("DROP TABLE students")
        connection.rollback()
    assert noted.entries == ()


def test_who_and_when(noted: Hand, nobody: str) -> None:
    before = time.time()
    noted.run(f"GRANT {nobody} TO CURRENT_USER", f"SET ROLE {nobody}", "CREATE TABLE mine (i int)")
    [entry] = noted.entries
    assert (entry.user, entry.role, entry.application, entry.address) == ("postgres", nobody, "a test", "")
    assert before - 1 < entry.at < time.time() + 1
    assert entry.pid > 0


def test_one_statement_is_one_entry(noted: Hand) -> None:
    noted.run("CREATE TABLE a (i int); CREATE TABLE b (i int); ALTER TABLE a DROP i")
    [entry] = noted.entries
    assert entry.tags == ("CREATE TABLE", "ALTER TABLE")
    assert {each.identity for each in entry.touched} == {"public.a", "public.b", "public.a.i"}


def test_a_long_statement_is_shortened(noted: Hand) -> None:
    noted.run(f"CREATE VIEW v AS SELECT {' + '.join(['1'] * 5000)} AS i")
    [entry] = noted.entries
    assert len(entry.statement) == 2003
    assert entry.statement.endswith("...")


def test_very_many_objects_are_not_all_listed(noted: Hand) -> None:
    noted.run(
        "DO 'BEGIN CREATE SCHEMA s; FOR i IN 1..600 LOOP"
        " EXECUTE ''CREATE VIEW s.v'' || i || '' AS SELECT 1''; END LOOP; END'"
    )
    noted.run("TRUNCATE driftguard_journal.entry", "DROP SCHEMA s CASCADE")
    [entry] = noted.entries
    assert len(entry.touched) == 500
    assert entry.touched[0] == Touched("schema", ("s",), "s", True)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (i int); CREATE ROLE {role} PASSWORD 'hunter2'",
        "CREATE TABLE t (i int); ALTER ROLE CURRENT_USER ENCRYPTED PASSWORD $$hunter2$$",
        "CREATE TABLE t (i int); CREATE ROLE {role} password E'\\x68unter2 hunter2'",
        "DO $x$ DECLARE p text := 'hunter2'; BEGIN EXECUTE 'CREATE ROLE {role} PASSWORD ' || quote_literal(p);"
        " CREATE TABLE t (i int); END $x$",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (pin 'hunter2')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        " CREATE USER\n MAPPING FOR CURRENT_USER SERVER s OPTIONS (pin 'hunter2')",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''postgresql://ann:hunter2@db/x'''",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $a$ SELECT 'hunter2' -- the API_KEY $a$",
        "CREATE TABLE t (i int, secret text DEFAULT 'hunter2')",
    ],
)
def test_no_password_is_kept(noted: Hand, statement: str) -> None:
    with noted.session(autocommit=False) as connection:
        connection.execute(statement.format(role="somebody_else").encode())
        [kept] = connection.execute("SELECT string_agg(e::text, '') FROM driftguard_journal.entry e").fetchone() or [""]
        connection.rollback()
    assert "..." in kept
    assert "hunter2" not in kept


def test_a_column_for_passwords_is_told_in_full(noted: Hand) -> None:
    noted.run("ALTER TABLE students ADD password_hash varchar(60)")
    assert noted.by_hand == ["ALTER TABLE students ADD password_hash varchar(60)"]


MOVE = "UPDATE alembic_version SET version_num = 'b'"


def test_what_moves_the_stamp_in_the_same_transaction_is_a_revision(noted: Hand) -> None:
    noted.run("INSERT INTO alembic_version VALUES ('a')")
    noted.together("ALTER TABLE students ADD age int", MOVE, "DROP TABLE students")
    stamped, added, moved, dropped = noted.entries
    assert (added.origin, dropped.origin) == (Origin.REVISION, Origin.REVISION)
    assert stamped.moves == (Move("alembic_version", None, "a"),)
    assert moved.moves == (Move("alembic_version", "a", "b"),)
    assert moved.touched == ()


def test_what_the_same_session_does_before_it_moves_the_stamp_is_probably_one(noted: Hand) -> None:
    noted.run("INSERT INTO alembic_version VALUES ('a')")
    noted.run("CREATE INDEX CONCURRENTLY ix ON students (email)", MOVE, "DROP INDEX ix")
    assert [each.origin for each in noted.entries][1:] == [Origin.SESSION, Origin.STAMP, Origin.HAND]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("at = at - interval '11 minutes'", id="long before"),
        pytest.param("application = 'psql'", id="another program, behind a pooler"),
        pytest.param("session_began = session_began - interval '1 second'", id="an earlier session"),
    ],
)
def test_what_others_did_is_no_revision(noted: Hand, change: str) -> None:
    noted.run("INSERT INTO alembic_version VALUES ('a')", "CREATE TABLE t (i int)", MOVE)
    assert noted.by_hand == []
    noted.run(f"UPDATE driftguard_journal.entry SET {change} WHERE tag = 'CREATE TABLE'")
    assert noted.by_hand == ["CREATE TABLE t (i int)"]


def test_another_session_is_no_revision(noted: Hand) -> None:
    noted.run("CREATE TABLE t (i int)")
    noted.run("INSERT INTO alembic_version VALUES ('a')")
    assert noted.by_hand == ["CREATE TABLE t (i int)"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "CREATE TABLE IF NOT EXISTS other.versions (version_num varchar(32) NOT NULL)",
        'CREATE TABLE "Ver""sions" AS SELECT \'\'::text AS version_num',
    ],
)
def test_version_tables_of_later_are_watched(bare: Hand, statement: str) -> None:
    bare.install()
    bare.run("CREATE SCHEMA other", "CREATE TABLE plain (i int)")
    assert {each.origin for each in bare.entries} == {Origin.UNKNOWN}, "without a stamp to watch nothing is certain"
    bare.run(statement)
    [entry] = [each for each in bare.entries if each.statement == statement]
    assert len(entry.tags) == 1, "that it is watched is not told"
    assert {each.origin for each in bare.entries} == {Origin.HAND}
    bare.run("DROP TABLE plain")
    name = entry.touched[0].identity if len(entry.touched) == 1 else "alembic_version"
    bare.together("CREATE TABLE again (i int)", f"INSERT INTO {name} VALUES ('a')")
    assert [each.origin for each in bare.entries][-2:] == [Origin.REVISION, Origin.STAMP]


def test_a_listener_hears_of_it_at_once(noted: Hand) -> None:
    with noted.session() as listener:
        listener.execute("LISTEN driftguard_journal")
        noted.run("CREATE TABLE t (i int, secret text DEFAULT 'x')")
        [heard] = listener.notifies(timeout=10, stop_after=1)
    assert isinstance(heard, Notify)
    assert heard.payload == "", "anybody may listen"


def test_it_does_not_grow_for_ever(noted: Hand) -> None:
    noted.run(
        "ALTER TABLE driftguard_journal.entry ALTER id RESTART 10151",
        "INSERT INTO driftguard_journal.entry OVERRIDING SYSTEM VALUE"
        " SELECT n, now(), 'x', '', '[]', '', '', '', '', 1, now(), 1, now(), now() FROM generate_series(1, 10150) n",
    )
    noted.run(*(f"CREATE TABLE t{number} (i int)" for number in range(60)))
    [(fewest, newest)] = noted.rows("SELECT min(id), max(id) FROM driftguard_journal.entry")
    assert (fewest, newest) == (201, 10211)
