"""The SQLite catalog: what is drift, what is not, and what brings it back."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftguard.catalog.sqlite import SESSION, read, restore
from driftguard.schema.catalog import Catalog, Scope
from driftguard.schema.diff import diff

SCHOOL = (
    "CREATE TABLE teams (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, code TEXT, CONSTRAINT uq UNIQUE (code))",
    """CREATE TABLE students (
        id INTEGER NOT NULL, first_name VARCHAR(50) DEFAULT 'x' NOT NULL, last_name VARCHAR(50), age INTEGER,
        mail TEXT COLLATE NOCASE, label TEXT GENERATED ALWAYS AS (first_name || '!') VIRTUAL, team_id INTEGER,
        PRIMARY KEY (id), CONSTRAINT ck_age CHECK (age > 0), UNIQUE (mail),
        CONSTRAINT fk_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE)""",
    "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, body TEXT, spare INTEGER)",
    "CREATE INDEX ix_students_age ON students (age) WHERE age > 10",
    "CREATE UNIQUE INDEX ix_lower ON students (lower(last_name), age DESC)",
    "CREATE VIEW adults AS SELECT id, first_name AS Name FROM students WHERE age >= 18",
    "CREATE TRIGGER touch AFTER UPDATE ON students BEGIN UPDATE teams SET name = 'It'; END",
)


def run(database: sqlite3.Connection, *statements: str) -> None:
    for statement in statements:
        database.execute(statement)


def read_all(database: sqlite3.Connection, scope: Scope = Scope()) -> Catalog:  # noqa: B008
    return read(lambda statement: database.execute(statement).fetchall(), scope)


def catalog_of(*statements: str) -> Catalog:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        run(database, *statements)
        return read_all(database)


def rebuilt(table: str, old: str, new: str) -> tuple[str, ...]:
    """The way that SQLite's manual gives for what ALTER TABLE cannot do, here without the rows."""
    statement = next(text for text in SCHOOL if text.startswith(f"CREATE TABLE {table} "))
    assert old in statement
    again = [text for text in SCHOOL if f" ON {table} " in text]
    return (f"DROP TABLE {table}", statement.replace(old, new), *again)


DRIFTS = [
    pytest.param(["CREATE TABLE extra (id INTEGER)"], ["extra"], id="a table came"),
    pytest.param(["DROP TABLE notes"], ["notes"], id="a table went"),
    pytest.param(["ALTER TABLE notes RENAME TO memos"], ["memos", "notes"], id="a table was renamed"),
    pytest.param(["ALTER TABLE notes ADD COLUMN extra TEXT"], ["notes.extra"], id="a column came"),
    pytest.param(["ALTER TABLE notes DROP COLUMN spare"], ["notes.spare"], id="a column went"),
    pytest.param(
        ["ALTER TABLE notes RENAME COLUMN spare TO other"],
        ["notes.other", "notes.spare"],
        id="a column was renamed",
    ),
    pytest.param(rebuilt("notes", "body TEXT", "body BLOB"), ["notes.body"], id="a type changed"),
    pytest.param(rebuilt("teams", "VARCHAR(20)", "VARCHAR(21)"), ["teams.name"], id="a type's length changed"),
    pytest.param(rebuilt("notes", "body TEXT", "body"), ["notes.body"], id="a type went"),
    pytest.param(rebuilt("notes", "body TEXT", "body TEXT NOT NULL"), ["notes.body"], id="NOT NULL came"),
    pytest.param(rebuilt("teams", "(20) NOT NULL", "(20)"), ["teams.name"], id="NOT NULL went"),
    pytest.param(
        rebuilt("teams", "(20) NOT NULL", "(20) NOT NULL ON CONFLICT REPLACE"),
        ["teams.name"],
        id="what NOT NULL does on conflict changed",
    ),
    pytest.param(rebuilt("notes", "spare INTEGER", "spare INTEGER DEFAULT 0"), ["notes.spare"], id="a default came"),
    pytest.param(rebuilt("students", "'x'", "'y'"), ["students.first_name"], id="a default changed"),
    pytest.param(rebuilt("students", "'x'", "'X'"), ["students.first_name"], id="a default's case changed"),
    pytest.param(rebuilt("students", "DEFAULT 'x' ", ""), ["students.first_name"], id="a default went"),
    pytest.param(rebuilt("students", "NOCASE", "RTRIM"), ["students.mail"], id="a collation changed"),
    pytest.param(rebuilt("students", "COLLATE NOCASE", ""), ["students.mail"], id="a collation went"),
    pytest.param(rebuilt("students", "'!'", "'?'"), ["students.label"], id="a generated column's text changed"),
    pytest.param(rebuilt("students", "VIRTUAL", "STORED"), ["students.label"], id="a generated column is now stored"),
    pytest.param(
        rebuilt("students", "GENERATED ALWAYS AS (first_name || '!') VIRTUAL", ""),
        ["students.label"],
        id="a generated column is ordinary now",
    ),
    pytest.param(
        rebuilt("students", "PRIMARY KEY (id)", "PRIMARY KEY (id, age)"),
        ["students.primary key"],
        id="the primary key got a column",
    ),
    pytest.param(rebuilt("students", "PRIMARY KEY (id), ", ""), ["students.primary key"], id="the primary key went"),
    pytest.param(
        rebuilt("students", "PRIMARY KEY (id)", "CONSTRAINT pk PRIMARY KEY (id)"),
        ["students.pk", "students.primary key"],
        id="the primary key got a name",
    ),
    pytest.param(rebuilt("notes", "PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT"), ["notes.id"], id="AUTOINCREMENT came"),
    pytest.param(
        rebuilt("notes", "INTEGER NOT NULL PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY DESC"),
        ["notes.primary key"],
        id="DESC makes a key of its own out of the rowid",
    ),
    pytest.param(rebuilt("students", "age > 0", "age > 1"), ["students.ck_age"], id="a check changed"),
    pytest.param(
        rebuilt("students", "CONSTRAINT ck_age CHECK (age > 0), ", ""), ["students.ck_age"], id="a check went"
    ),
    pytest.param(
        rebuilt("students", "ck_age", "ck_years"),
        ["students.ck_age", "students.ck_years"],
        id="a check was renamed",
    ),
    pytest.param(
        ["ALTER TABLE notes ADD COLUMN n INTEGER CHECK (n <> 3)"],
        ["notes.(n <> 3)", "notes.n"],
        id="a column with a check of its own came",
    ),
    pytest.param(rebuilt("students", ", UNIQUE (mail)", ""), ["students.(mail)"], id="an unnamed unique went"),
    pytest.param(
        rebuilt("students", "UNIQUE (mail)", "UNIQUE (mail, age)"),
        ["students.(mail)", "students.(mail, age)"],
        id="an unnamed unique got a column",
    ),
    pytest.param(rebuilt("teams", "UNIQUE (code)", "UNIQUE (name)"), ["teams.uq"], id="a unique changed its column"),
    pytest.param(
        rebuilt("teams", "UNIQUE (code)", "UNIQUE (code) ON CONFLICT IGNORE"),
        ["teams.uq"],
        id="what a unique does on conflict changed",
    ),
    pytest.param(rebuilt("students", "CASCADE", "SET NULL"), ["students.fk_team"], id="ON DELETE changed"),
    pytest.param(
        rebuilt("students", "CASCADE", "CASCADE ON UPDATE CASCADE"), ["students.fk_team"], id="ON UPDATE came"
    ),
    pytest.param(rebuilt("students", "teams (id)", "teams (code)"), ["students.fk_team"], id="a target column changed"),
    pytest.param(rebuilt("students", "teams (id)", "notes (id)"), ["students.fk_team"], id="a target table changed"),
    pytest.param(
        rebuilt("students", "CASCADE", "CASCADE DEFERRABLE INITIALLY DEFERRED"),
        ["students.fk_team"],
        id="a foreign key is deferred now",
    ),
    pytest.param(rebuilt("students", "CASCADE", "CASCADE MATCH FULL"), ["students.fk_team"], id="MATCH came"),
    pytest.param(
        rebuilt("notes", "spare INTEGER", "spare INTEGER REFERENCES teams"),
        ["notes.(spare) to teams(id)"],
        id="an unnamed foreign key came",
    ),
    pytest.param(["CREATE INDEX ix ON notes (body)"], ["notes.ix"], id="an index came"),
    pytest.param(["DROP INDEX ix_students_age"], ["students.ix_students_age"], id="an index went"),
    pytest.param(
        ["DROP INDEX ix_students_age", "CREATE UNIQUE INDEX ix_students_age ON students (age) WHERE age > 10"],
        ["students.ix_students_age"],
        id="an index is unique now",
    ),
    pytest.param(
        ["DROP INDEX ix_students_age", "CREATE INDEX ix_students_age ON students (age) WHERE age > 11"],
        ["students.ix_students_age"],
        id="an index's WHERE changed",
    ),
    pytest.param(
        ["DROP INDEX ix_students_age", "CREATE INDEX ix_students_age ON students (age)"],
        ["students.ix_students_age"],
        id="an index's WHERE went",
    ),
    pytest.param(
        ["DROP INDEX ix_lower", "CREATE UNIQUE INDEX ix_lower ON students (lower(last_name), age)"],
        ["students.ix_lower"],
        id="an index's order changed",
    ),
    pytest.param(
        ["DROP INDEX ix_lower", "CREATE UNIQUE INDEX ix_lower ON students (upper(last_name), age DESC)"],
        ["students.ix_lower"],
        id="an index's expression changed",
    ),
    pytest.param(
        [
            "DROP INDEX ix_students_age",
            "CREATE INDEX ix_students_age ON students (age COLLATE NOCASE) WHERE age > 10",
        ],
        ["students.ix_students_age"],
        id="an index's collation changed",
    ),
    pytest.param(
        ["DROP INDEX ix_students_age", "CREATE INDEX ix_students_age ON notes (body)"],
        ["notes.ix_students_age", "students.ix_students_age"],
        id="an index is on another table now",
    ),
    pytest.param(["CREATE VIEW v AS SELECT 1"], ["v"], id="a view came"),
    pytest.param(["DROP VIEW adults"], ["adults"], id="a view went"),
    pytest.param(
        ["DROP VIEW adults", "CREATE VIEW adults AS SELECT id, first_name AS Name FROM students WHERE age >= 21"],
        ["adults"],
        id="a view's query changed",
    ),
    pytest.param(
        ["DROP VIEW adults", "CREATE VIEW adults AS SELECT id, first_name AS NAME FROM students WHERE age >= 18"],
        ["adults"],
        id="the case of a view's column changed",
    ),
    pytest.param(
        ["DROP VIEW adults", "CREATE TABLE adults (id INTEGER)"], ["adults", "adults"], id="a view became a table"
    ),
    pytest.param(
        ["CREATE TRIGGER t INSTEAD OF INSERT ON adults BEGIN SELECT 1; END"],
        ["adults.t"],
        id="a view's trigger came",
    ),
    pytest.param(["DROP TRIGGER touch"], ["students.touch"], id="a trigger went"),
    pytest.param(
        [
            "DROP TRIGGER touch",
            "CREATE TRIGGER touch AFTER UPDATE ON students BEGIN UPDATE teams SET name = 'it'; END",
        ],
        ["students.touch"],
        id="a string in a trigger changed its case",
    ),
    pytest.param(rebuilt("notes", "spare INTEGER)", "spare INTEGER) STRICT"), ["notes"], id="STRICT came"),
    pytest.param(rebuilt("notes", "spare INTEGER)", "spare INTEGER) WITHOUT ROWID"), ["notes"], id="the rowid went"),
    pytest.param(["CREATE VIRTUAL TABLE search USING fts5(body)"], ["search"], id="a virtual table came, alone"),
    pytest.param(
        [
            "PRAGMA writable_schema = 1",
            "UPDATE sqlite_master SET sql = replace(sql, 'age > 0', 'age > 2') WHERE name = 'students'",
        ],
        ["students.ck_age"],
        id="somebody wrote into sqlite_schema",
    ),
]


@pytest.mark.parametrize(("statements", "told"), DRIFTS)
def test_every_change_is_told(statements: list[str], told: list[str]) -> None:
    was, now = catalog_of(*SCHOOL), catalog_of(*SCHOOL, *statements)
    assert sorted(str(each.name) for each in diff(was, now)) == sorted(told)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param([], [], id="two empty databases"),
        pytest.param(
            ["CREATE TABLE t (a INT)"], ["create table if not exists main.t(\n a  int )"], id="case and space"
        ),
        pytest.param(["CREATE TABLE t (a VARCHAR(50))"], ["CREATE TABLE t (a varchar ( 50 ))"], id="a type's case"),
        pytest.param(["CREATE TABLE t (a INT)"], ["CREATE TABLE t (a INT -- the a\n /* only */)"], id="comments"),
        pytest.param(
            ["CREATE TABLE t (a INT, b INT, UNIQUE (a, b))"],
            ["""CREATE TABLE [t] (`a` INT, 'b' INT, UNIQUE ("a", [b]))"""],
            id="four kinds of quotes",
        ),
        pytest.param(["CREATE TABLE t (a INT, b INT)"], ["CREATE TABLE t (b INT, a INT)"], id="the order of columns"),
        pytest.param(
            ["CREATE TABLE t (a INT, b TEXT DEFAULT 'x')"],
            ["CREATE TABLE t (a INT)", "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x'"],
            id="a column added later",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, b INT, PRIMARY KEY (a), CHECK (a > 1))"],
            ["CREATE TABLE t (a INT, PRIMARY KEY (a), CHECK (a > 1))", "ALTER TABLE t ADD b INT"],
            id="a column added before the constraints",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)"],
            ["CREATE TABLE t (a INT, gone INT)", "ALTER TABLE t DROP COLUMN gone"],
            id="a column that came and went",
        ),
        pytest.param(
            [
                "CREATE TABLE t (a INT, CHECK (a > 0))",
                "CREATE INDEX i ON t (a)",
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT new.a FROM t; END",
            ],
            [
                "CREATE TABLE old (b INT, CHECK (b > 0))",
                "CREATE INDEX i ON old (b)",
                "CREATE VIEW v AS SELECT b FROM old",
                "CREATE TRIGGER x AFTER INSERT ON old BEGIN SELECT new.b FROM old; END",
                "ALTER TABLE old RENAME COLUMN b TO a",
                "ALTER TABLE old RENAME TO t",
            ],
            id="everything renamed into place, which quotes the names",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, CONSTRAINT c CHECK (a > 0))", "CREATE INDEX i ON t (a)"],
            [
                "CREATE TABLE t (a TEXT)",
                "CREATE TABLE _alembic_tmp_t (a INT, CONSTRAINT c CHECK (a > 0))",
                "INSERT INTO _alembic_tmp_t SELECT a FROM t",
                "DROP TABLE t",
                "ALTER TABLE _alembic_tmp_t RENAME TO t",
                "CREATE INDEX i ON t (a)",
            ],
            id="the table copied by batch mode",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT UNIQUE)"], ["CREATE TABLE t (a INT, UNIQUE (a))"], id="UNIQUE at the column"
        ),
        pytest.param(
            ["CREATE TABLE t (a INT CONSTRAINT u UNIQUE)"],
            ["CREATE TABLE t (a INT, CONSTRAINT u UNIQUE (a))"],
            id="a named UNIQUE at the column",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT PRIMARY KEY)"],
            ["CREATE TABLE t (a INT, PRIMARY KEY (a))"],
            id="the key at the column",
        ),
        pytest.param(
            ["CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)"],
            ["CREATE TABLE t (a INTEGER, PRIMARY KEY (a AUTOINCREMENT))"],
            id="AUTOINCREMENT in the table's key",
        ),
        pytest.param(
            ["CREATE TABLE t (a INTEGER, PRIMARY KEY (a DESC))"],
            ["CREATE TABLE t (a INTEGER, PRIMARY KEY (a))"],
            id="the rowid has no order",
        ),
        pytest.param(
            ["CREATE TABLE p (k INT PRIMARY KEY)", "CREATE TABLE t (a INT REFERENCES p (k) ON DELETE CASCADE)"],
            [
                "CREATE TABLE p (k INT PRIMARY KEY)",
                "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (k) ON UPDATE NO ACTION ON DELETE CASCADE)",
            ],
            id="REFERENCES at the column",
        ),
        pytest.param(
            ["CREATE TABLE p (k INT PRIMARY KEY)", "CREATE TABLE t (a INT REFERENCES p)"],
            ["CREATE TABLE p (k INT PRIMARY KEY)", "CREATE TABLE t (a INT REFERENCES P (K) NOT DEFERRABLE)"],
            id="the primary key is what REFERENCES means",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT CHECK (a > 0))"],
            ["CREATE TABLE t (a INT, CHECK ((a > 0)))"],
            id="CHECK at the column",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, CHECK (a>0 AND lower(a) IN ('x','y')))"],
            ["""CREATE TABLE t (a INT, CHECK ( "A" > 0 and LOWER( a ) in ('x' , 'y') ))"""],
            id="a check written otherwise",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, CHECK (a > 0), CHECK (a < 9))"],
            ["CREATE TABLE t (a INT, CHECK (a < 9) CHECK (a > 0))"],
            id="the order of constraints",
        ),
        pytest.param(
            ["CREATE TABLE t (a TEXT DEFAULT 'x', b INT DEFAULT -1)"],
            ["CREATE TABLE t (a TEXT DEFAULT ('x'), b INT DEFAULT ((-1)))"],
            id="parentheses around a default",
        ),
        pytest.param(
            ["CREATE TABLE t (a TEXT DEFAULT 'Ab')"],
            ["CREATE TABLE t (a TEXT DEFAULT Ab)"],
            id="a bare word as default",
        ),
        pytest.param(["CREATE TABLE t (a TEXT)"], ["CREATE TABLE t (a TEXT DEFAULT NULL NULL)"], id="NULL as default"),
        pytest.param(
            ["CREATE TABLE t (a TEXT DEFAULT CURRENT_TIMESTAMP)"],
            ["CREATE TABLE t (a TEXT DEFAULT (current_timestamp))"],
            id="the current time as default",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, b INT AS (a + 1))"],
            ["CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS ((a+1)) VIRTUAL)"],
            id="a generated column written otherwise",
        ),
        pytest.param(
            ["CREATE TABLE t (a TEXT COLLATE NOCASE)", "CREATE INDEX i ON t (a)"],
            [
                "CREATE TABLE t (a TEXT COLLATE nocase)",
                "create index if not exists i on T ([A] COLLATE nocase ASC)",
            ],
            id="an index that names the column's own collation",
        ),
        pytest.param(["CREATE TABLE t (a TEXT)"], ["CREATE TABLE t (a TEXT COLLATE BINARY)"], id="the usual collation"),
        pytest.param(
            ["CREATE TABLE t (a INT NOT NULL UNIQUE)"],
            ["CREATE TABLE t (a INT UNIQUE ON CONFLICT ABORT NOT NULL ON CONFLICT ABORT)"],
            id="the usual conflict clause",
        ),
        pytest.param(
            ['CREATE TABLE t (a INT, "desc" INT, b INT)', 'CREATE INDEX i ON t (a DESC, "desc" DESC)'],
            ["CREATE TABLE t (a INT, [desc] INT, b INT)", "CREATE INDEX i ON t (a desc, desc desc)"],
            id="a keyword as column",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a AS Total FROM t x WHERE x.a IS NOT NULL ORDER BY 1"],
            [
                "CREATE TABLE t (a INT)",
                'create view v as -- all\n select "a" as "Total" from "t" x where x."a" is not null order by 1',
            ],
            id="a view written otherwise",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, b INT)"],
            ["CREATE TABLE t (a INT, b INT)", "INSERT INTO t VALUES (1, 2)", "ANALYZE"],
            id="rows and statistics",
        ),
        pytest.param(
            ["CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)"],
            ["CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO t DEFAULT VALUES"],
            id="the place of a sequence",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT PRIMARY KEY) STRICT, WITHOUT ROWID"],
            ["create table t (a int primary key) without rowid, strict"],
            id="the order of options",
        ),
        pytest.param(
            [
                "CREATE TABLE p (id INTEGER PRIMARY KEY)",
                "CREATE TABLE t (a INT REFERENCES p (id) ON DELETE CASCADE ON UPDATE SET NULL)",
            ],
            [
                "CREATE TABLE p (id INTEGER PRIMARY KEY)",
                "CREATE TABLE t (a INT REFERENCES p (id) ON UPDATE SET NULL ON DELETE CASCADE)",
            ],
            id="a foreign key's words in another order",
        ),
        pytest.param(
            ["CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (a INT REFERENCES p)"],
            [
                "CREATE TABLE p (id INTEGER PRIMARY KEY)",
                "CREATE TABLE t (a INT REFERENCES p ON DELETE NO ACTION ON UPDATE NO ACTION)",
            ],
            id="NO ACTION is the usual action",
        ),
        pytest.param(
            ["CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (a INT REFERENCES p)"],
            [
                "CREATE TABLE p (id INTEGER PRIMARY KEY)",
                "CREATE TABLE t (a INT REFERENCES p NOT DEFERRABLE INITIALLY IMMEDIATE)",
            ],
            id="NOT DEFERRABLE is usual",
        ),
        pytest.param(
            [
                "CREATE TABLE p (id INTEGER PRIMARY KEY)",
                "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE)",
            ],
            ["CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (a INT REFERENCES p (id) ON DELETE CASCADE)"],
            id="a foreign key at the table",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, b INT, CONSTRAINT pk PRIMARY KEY (a, b))"],
            ['CREATE TABLE t (a INT, b INT, constraint "pk" primary key ("a", "b"))'],
            id="a named key without its name",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)", "CREATE INDEX i ON t (a)"],
            ["CREATE TABLE t (a INT)", "CREATE INDEX main.i ON t (a ASC)"],
            id="ASC is the usual direction",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)", "CREATE INDEX i ON t (a)", "CREATE VIEW v AS SELECT a FROM t"],
            [
                "CREATE TABLE IF NOT EXISTS t (a INT)",
                "CREATE INDEX IF NOT EXISTS i ON t (a)",
                "CREATE VIEW IF NOT EXISTS v AS SELECT a FROM t",
            ],
            id="IF NOT EXISTS",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT DEFAULT (1 + 1))"],
            ["CREATE TABLE t (a INT DEFAULT ((1 + 1)))"],
            id="a default in two kinds of brackets",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT DEFAULT -1)"],
            ["CREATE TABLE t (a INT DEFAULT (-1))"],
            id="a negative default",
        ),
        pytest.param(
            ["CREATE TABLE t (a BOOLEAN DEFAULT TRUE)"],
            ["CREATE TABLE t (a boolean default true)"],
            id="true in other letters",
        ),
        pytest.param(
            ["CREATE TABLE t (a TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE)"],
            ["CREATE TABLE t (a TEXT COLLATE NOCASE DEFAULT 'x' NOT NULL)"],
            id="constraints of a column in another order",
        ),
        pytest.param(
            ["CREATE TABLE t (a TEXT NOT NULL)"],
            ["CREATE TABLE t (a TEXT NOT NULL ON CONFLICT ABORT)"],
            id="the usual conflict clause of NOT NULL",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a + 1) VIRTUAL)"],
            ["CREATE TABLE t (a INT, b INT AS (a + 1))"],
            id="a generated column without its words",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT CHECK (a > 0))"],
            ["CREATE TABLE t (a INT CHECK (a /* positive */ > 0))"],
            id="a check with comments inside",
        ),
        pytest.param(
            [
                "CREATE TABLE t (a INT, b INT REFERENCES t (a))",
                "CREATE INDEX i ON t (a)",
                "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
            ],
            [
                "CREATE TABLE t (a INT, b INT REFERENCES t (a))",
                "CREATE INDEX i ON t (a)",
                "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
                "ALTER TABLE t RENAME TO u",
                "ALTER TABLE u RENAME TO t",
            ],
            id="a table renamed there and back",
        ),
        pytest.param(
            [
                "CREATE TABLE t (a INT, b INT CHECK (b > a))",
                "CREATE INDEX i ON t (a) WHERE a > 1",
                "CREATE VIEW v AS SELECT a FROM t",
            ],
            [
                "CREATE TABLE t (a INT, b INT CHECK (b > a))",
                "CREATE INDEX i ON t (a) WHERE a > 1",
                "CREATE VIEW v AS SELECT a FROM t",
                "ALTER TABLE t RENAME COLUMN a TO c",
                "ALTER TABLE t RENAME COLUMN c TO a",
            ],
            id="a column renamed there and back",
        ),
        pytest.param(
            [
                "CREATE TABLE t (a INT)",
                "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW BEGIN DELETE FROM t WHERE a = 1; END",
            ],
            [
                "CREATE TABLE t (a INT)",
                'create trigger if not exists "g" after insert on "t" begin\n delete from t where a = 1; end',
            ],
            id="a trigger written otherwise",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)", "CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT 1; END"],
            ["CREATE TABLE t (a INT)", "CREATE TRIGGER g DELETE ON t BEGIN SELECT 1; END"],
            id="a trigger's usual moment",
        ),
        pytest.param(
            ["CREATE VIRTUAL TABLE f USING fts5(a, b)"],
            ["create virtual table if not exists f using FTS5 (a, b)"],
            id="a virtual table in other words",
        ),
        pytest.param(
            ["CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID"],
            ["CREATE TABLE t (a INTEGER PRIMARY KEY) WITHOUT ROWID, STRICT"],
            id="a strict table's options in another order",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)", "CREATE INDEX i ON t (a)", "INSERT INTO t VALUES (1)"],
            ["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)", "CREATE INDEX i ON t (a)"],
            id="an index before and behind the rows",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)", "CREATE INDEX i ON t (a)"],
            ["CREATE TABLE t (a INT)", "CREATE INDEX i ON t (a)", "REINDEX", "VACUUM", "ANALYZE"],
            id="written anew",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)"],
            ["CREATE TABLE t (a INT)", "CREATE TEMP TABLE x (a INT)", "CREATE TEMP VIEW y AS SELECT 1"],
            id="a temporary table",
        ),
        pytest.param(
            ["CREATE TABLE t (a TEXT COLLATE NOCASE, UNIQUE (a))"],
            ["CREATE TABLE t (a TEXT COLLATE nocase UNIQUE)"],
            id="a unique over columns in a key with collation",
        ),
        pytest.param(
            ["CREATE TABLE t (a INT)", "CREATE INDEX i ON t (a) WHERE a > 1"],
            ["CREATE TABLE t (a INT)", "CREATE INDEX i ON t (a) WHERE (a > 1)"],
            id="a partial index in brackets",
        ),
        pytest.param(
            ["CREATE TABLE t (a DOUBLE PRECISION)"],
            ['CREATE TABLE t (a "double precision")'],
            id="a type of two words",
        ),
    ],
)
def test_the_same_schema_is_the_same_however_it_was_made(one: list[str], other: list[str]) -> None:
    assert diff(catalog_of(*one), catalog_of(*other)) == ()


@given(st.randoms(use_true_random=False))
def test_case_and_space_are_no_facts(random: Random) -> None:
    def respelled(statement: str) -> str:
        parts = re.split(r"('[^']*')", statement)
        return "".join(part if part.startswith("'") else re.sub(r"[A-Z]{2,}|\s+", other, part) for part in parts)

    def other(match: re.Match[str]) -> str:
        spaces = (" ", "\n\t", " /* it's */ ", ' -- "\n')
        return (
            random.choice(spaces) if match.group().isspace() else random.choice((match.group(), match.group().lower()))
        )

    assert diff(catalog_of(*SCHOOL), catalog_of(*map(respelled, SCHOOL))) == ()


@pytest.mark.parametrize(
    ("statements", "commands"),
    [
        pytest.param(
            ["ALTER TABLE students DROP COLUMN label", "ALTER TABLE notes DROP COLUMN body"],
            [
                "ALTER TABLE notes ADD COLUMN body TEXT;",
                "ALTER TABLE students ADD COLUMN label TEXT GENERATED ALWAYS AS (first_name || '!') VIRTUAL;",
            ],
            id="dropped columns",
        ),
        pytest.param(
            ["ALTER TABLE notes ADD COLUMN extra TEXT"], ["ALTER TABLE notes DROP COLUMN extra;"], id="an added column"
        ),
        pytest.param(["CREATE TABLE extra (id INTEGER)"], ["DROP TABLE extra;"], id="an added table"),
        pytest.param(
            ["DROP TABLE notes"],
            ["CREATE TABLE notes (id INTEGER NOT NULL, body TEXT, spare INTEGER, PRIMARY KEY (id));"],
            id="a dropped table",
        ),
        pytest.param(
            ["DROP TABLE students"],
            [
                "CREATE TABLE students (id INTEGER NOT NULL, age INTEGER, first_name VARCHAR(50) DEFAULT 'x' NOT NULL, "
                "label TEXT GENERATED ALWAYS AS (first_name || '!') VIRTUAL, last_name VARCHAR(50), "
                "mail TEXT COLLATE NOCASE, team_id INTEGER, PRIMARY KEY (id), UNIQUE (mail), "
                "CONSTRAINT ck_age CHECK (age > 0), CONSTRAINT fk_team "
                "FOREIGN KEY (team_id) REFERENCES teams(id) ON DELETE CASCADE);",
                "CREATE UNIQUE INDEX ix_lower ON students (lower(last_name), age DESC);",
                "CREATE INDEX ix_students_age ON students (age) WHERE age > 10;",
                "CREATE TRIGGER touch after update on students begin update teams set name = 'It'; end;",
            ],
            id="a dropped table with all that is in it",
        ),
        pytest.param(
            ["DROP INDEX ix_students_age"],
            ["CREATE INDEX ix_students_age ON students (age) WHERE age > 10;"],
            id="a dropped index",
        ),
        pytest.param(["CREATE INDEX ix ON notes (body)"], ["DROP INDEX ix;"], id="an added index"),
        pytest.param(
            ["DROP INDEX ix_lower", "CREATE INDEX ix_lower ON students (age)"],
            [
                "DROP INDEX ix_lower;",
                "CREATE UNIQUE INDEX ix_lower ON students (lower(last_name), age DESC);",
            ],
            id="a changed index",
        ),
        pytest.param(
            ["DROP VIEW adults", "CREATE VIEW adults AS SELECT 1"],
            ["DROP VIEW adults;", "CREATE VIEW adults AS select id, first_name as Name from students where age >= 18;"],
            id="a changed view",
        ),
        pytest.param(["CREATE VIEW v AS SELECT 1"], ["DROP VIEW v;"], id="an added view"),
        pytest.param(
            ["DROP TRIGGER touch"],
            ["CREATE TRIGGER touch after update on students begin update teams set name = 'It'; end;"],
            id="a dropped trigger",
        ),
        pytest.param(
            ["CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END"], ["DROP TRIGGER t;"], id="an added trigger"
        ),
    ],
)
def test_the_offered_statements_bring_the_schema_back(statements: list[str], commands: list[str]) -> None:
    was = catalog_of(*SCHOOL)
    now = catalog_of(*SCHOOL, *statements)
    offered = [command for each in diff(was, now) for command in restore(each, was)]
    assert offered == commands
    assert catalog_of(*SCHOOL, *statements, *offered) == was


COLUMNS_THAT_COME_BACK = [
    pytest.param("c TEXT", id="a plain one"),
    pytest.param("c", id="one without a type"),
    pytest.param("c TEXT DEFAULT 'it''s' NOT NULL", id="one with a default"),
    pytest.param("c INTEGER DEFAULT -5", id="one with a signed default"),
    pytest.param("c TEXT COLLATE NOCASE", id="one with a collation"),
    pytest.param("c INTEGER CHECK (c > 0)", id="one with a check"),
    pytest.param("c INTEGER CONSTRAINT ck CHECK (c > 0 AND c < 9)", id="one with a named check"),
    pytest.param(
        "c INTEGER REFERENCES other (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED", id="one that refers"
    ),
    pytest.param("c INTEGER CONSTRAINT fk REFERENCES other", id="one with a named foreign key"),
    pytest.param("c INTEGER AS (a + 1) NOT NULL", id="a generated one"),
    pytest.param('"c d" TEXT', id="one with a space in its name"),
    pytest.param('"select" TEXT', id="one called as a keyword"),
]


@pytest.mark.parametrize("column", COLUMNS_THAT_COME_BACK)
def test_a_lost_column_comes_back_with_all_that_was_its_own(column: str) -> None:
    before = ("CREATE TABLE other (id INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER)")
    was, now = catalog_of(*before, f"ALTER TABLE t ADD COLUMN {column}"), catalog_of(*before)
    offered = [command for each in diff(was, now) for command in restore(each, was)]
    assert catalog_of(*before, *offered) == was


def test_lost_columns_come_back_without_the_check_that_names_both() -> None:
    before = ("CREATE TABLE t (a INTEGER)",)
    was = catalog_of("CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER, CONSTRAINT ck CHECK (b > 0 AND c <> 3))")
    offered = [command for each in diff(was, catalog_of(*before)) for command in restore(each, was)]
    assert offered == ["ALTER TABLE t ADD COLUMN b INTEGER;", "ALTER TABLE t ADD COLUMN c INTEGER;"]
    assert [each.name.kind for each in diff(was, catalog_of(*before, *offered))] == ["check"]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param("c TEXT NOT NULL", id="one that must be filled"),
        pytest.param("c TEXT DEFAULT CURRENT_TIMESTAMP", id="the current time as default"),
        pytest.param("c INTEGER DEFAULT (1 + 1)", id="a computed default"),
        pytest.param("c INTEGER AS (a + 1) STORED", id="a stored one"),
        pytest.param("c INTEGER PRIMARY KEY", id="the key"),
        pytest.param("c INTEGER DEFAULT 1 REFERENCES t (a)", id="one that refers and has a default"),
    ],
)
def test_no_column_is_offered_that_sqlite_may_refuse(column: str) -> None:
    was, now = catalog_of(f"CREATE TABLE t (a INTEGER, {column})"), catalog_of("CREATE TABLE t (a INTEGER)")
    differences = diff(was, now)
    assert [restore(each, was) for each in differences] == [()] * len(differences) != []


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", id="counted keys"),
        pytest.param("CREATE TABLE t (a TEXT, b TEXT, CONSTRAINT k PRIMARY KEY (b, a)) WITHOUT ROWID", id="no rowid"),
        pytest.param(
            "CREATE TABLE t (a TEXT PRIMARY KEY ON CONFLICT IGNORE, b ANY) STRICT, WITHOUT ROWID", id="strict"
        ),
        pytest.param("CREATE TABLE t (a TEXT DEFAULT (datetime('now')), b DEFAULT (1 + 2))", id="computed defaults"),
        pytest.param('CREATE TABLE "a.b ""c" ("x y" INT UNIQUE, CHECK ("x y" > 1))', id="quotes in names"),
        pytest.param("CREATE VIRTUAL TABLE t USING fts5(a, tokenize = 'porter ascii')", id="a virtual table"),
        pytest.param("CREATE TABLE t (a INT UNIQUE ON CONFLICT REPLACE NOT NULL ON CONFLICT FAIL)", id="conflicts"),
        pytest.param("CREATE TABLE t (a INT REFERENCES t, b INT REFERENCES nowhere MATCH FULL)", id="references"),
        pytest.param("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b", id="a table made of a query"),
        pytest.param("CREATE TABLE t (a INT CONSTRAINT c, b TEXT REFERENCES p NOT NULL DEFERRABLE)", id="odd grammar"),
    ],
)
def test_a_lost_table_comes_back(table: str) -> None:
    was = catalog_of(table)
    (difference,) = diff(was, catalog_of())
    assert catalog_of(*restore(difference, was)) == was


@pytest.mark.parametrize(
    ("statements", "table", "old", "new"),
    [
        pytest.param(SCHOOL, "notes", "body TEXT", "body BLOB", id="a changed type"),
        pytest.param(SCHOOL, "students", "age > 0", "age > 1", id="a changed check"),
        pytest.param(SCHOOL, "notes", "spare INTEGER)", "spare INTEGER) STRICT", id="a changed option"),
        pytest.param(SCHOOL, "teams", "name VARCHAR(20) NOT NULL, ", "", id="a lost column that must be filled"),
        pytest.param(SCHOOL, "students", ", UNIQUE (mail)", "", id="a lost unique"),
    ],
)
def test_nothing_is_offered_where_the_table_must_be_copied(
    statements: tuple[str, ...], table: str, old: str, new: str
) -> None:
    was, now = catalog_of(*statements), catalog_of(*statements, *rebuilt(table, old, new))
    differences = diff(was, now)
    assert differences
    assert [restore(each, was) for each in differences] == [()] * len(differences)


def test_an_old_sqlite_cannot_drop_a_column() -> None:
    was, now = catalog_of("CREATE TABLE t (a)"), catalog_of("CREATE TABLE t (a, b)")
    old = Catalog("sqlite", "3.31.1", was.objects)
    assert [restore(each, old) for each in diff(old, now)] == [()]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Students", id="upper case"),
        pytest.param("group", id="a reserved word"),
        pytest.param("two words", id="a space"),
        pytest.param("a.b", id="a dot"),
        pytest.param('say "hi"', id="double quotes"),
        pytest.param("it's", id="a single quote"),
        pytest.param("a`b]c", id="other quotes"),
        pytest.param("schüler", id="an umlaut"),
        pytest.param("🚀", id="an emoji"),
        pytest.param("a, b", id="a comma"),
        pytest.param("-- x", id="a comment"),
        pytest.param("100 (%)", id="digits and signs"),
        pytest.param(":name", id="what looks like a parameter"),
    ],
)
def test_odd_names_are_read_and_brought_back(name: str) -> None:
    quoted, index, view = ('"' + each.replace('"', '""') + '"' for each in (name, f"ix {name}", f"v {name}"))
    statements = (
        f"CREATE TABLE {quoted} ({quoted} TEXT UNIQUE, other INTEGER, CHECK ({quoted} <> 'x'), "
        f"FOREIGN KEY ({quoted}) REFERENCES {quoted} ({quoted}))",
        f"CREATE INDEX {index} ON {quoted} ({quoted} DESC) WHERE {quoted} IS NOT NULL",
        f"CREATE VIEW {view} AS SELECT {quoted} FROM {quoted}",
    )
    was = catalog_of(*statements)
    assert {(each.name.kind, each.name.name) for each in was.objects} >= {
        ("table", name),
        ("column", name),
        ("index", f"ix {name}"),
        ("view", f"v {name}"),
    }
    assert "sql" not in {attribute for each in was.objects for attribute, _ in each.facts}
    lost = diff(was, catalog_of())
    assert catalog_of(*(command for each in lost for command in restore(each, was))) == was


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "CREATE TABLE t (a INT, b INT REFERENCES p NOT NULL DEFERRABLE)",
            "CREATE TABLE t (a INT, b INT REFERENCES p NOT NULL DEFERRABLE INITIALLY DEFERRED)",
            id="DEFERRABLE far from its REFERENCES",
        ),
    ],
)
def test_what_is_not_understood_is_compared_as_text(one: str, other: str) -> None:
    spaced = one.replace(" ", "\n").lower()
    assert diff(catalog_of(one), catalog_of(spaced)) == ()
    (difference,) = diff(catalog_of(one), catalog_of(other))
    assert str(difference.name) == "t"
    assert [change.attribute for change in difference.changes] == ["sql"]


def test_a_statement_that_says_something_else_than_the_pragmas_is_compared_as_text() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        run(database, "CREATE TABLE t (a INT, b INT)", "PRAGMA writable_schema = 1")
        run(database, "UPDATE sqlite_master SET sql = 'CREATE TABLE t (a INT, b INT, c INT)'")
        (table,) = (item for item in read_all(database).objects if item.name.kind == "table")
    assert table["sql"] == "(a int, b int, c int)"


def test_version_tables_are_left_out() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        run(
            database,
            "CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)",
            "CREATE INDEX i ON alembic_version (version_num)",
        )
        assert read_all(database, Scope(left_out=frozenset({("", "alembic_version")}))).objects == ()
        assert read_all(database, Scope(left_out=frozenset({("other", "alembic_version")}))).objects != ()


def test_attached_databases_are_schemas_of_their_own(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        run(database, f"ATTACH '{tmp_path / 'other.db'}' AS other", "CREATE TABLE other.t (a INT UNIQUE)")
        run(database, "CREATE TABLE t (b INT)", "CREATE TEMP TABLE t (c INT)", "CREATE INDEX other.i ON t (a)")
        everything, default = read_all(database), read_all(database, Scope(schemas=frozenset({""})))
        was = read_all(database, Scope(schemas=frozenset({"other"})))
        run(database, "DROP TABLE other.t")
        now = read_all(database, Scope(schemas=frozenset({"other"})))
        run(database, *(command for each in diff(was, now) for command in restore(each, was)))
        assert read_all(database, Scope(schemas=frozenset({"other"}))) == was
    assert [str(each.name) for each in default.objects] == ["t.b", "t"]
    assert set(everything.objects) == {*default.objects, *was.objects}


def test_the_session_reads_one_state_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        run(writer, "PRAGMA journal_mode = WAL", "CREATE TABLE t (a INT)")
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            run(reader, *SESSION)
            before = read_all(reader)
            run(writer, "CREATE TABLE u (a INT)")
            assert read_all(reader) == before
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                run(reader, "CREATE TABLE w (a INT)")


def test_a_session_inside_the_drivers_own_transaction(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as database:
        run(database, "CREATE TABLE t (a INT)", "BEGIN", *SESSION)
        assert [str(each.name) for each in read_all(database).objects] == ["t.a", "t"]


def test_a_view_of_nothing_and_a_module_that_is_missing_are_read() -> None:
    statements = ["CREATE VIEW v AS SELECT * FROM nowhere", "CREATE TABLE t (a INT)"]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        run(database, *statements, "PRAGMA writable_schema = 1")
        run(
            database,
            "INSERT INTO sqlite_master VALUES ('table', 'm', 'm', 0, 'CREATE VIRTUAL TABLE m USING nomodule(x)')",
        )
        kinds = [(each.name.kind, each.name.name) for each in read_all(database).objects]
    assert kinds == [("column", "a"), ("table", "m"), ("table", "t"), ("view", "v")]


def test_shadow_tables_belong_to_their_virtual_table() -> None:
    catalog = catalog_of(
        "CREATE VIRTUAL TABLE search USING fts5(body)", "CREATE VIRTUAL TABLE area USING rtree(id, x, y)"
    )
    assert [str(each.name) for each in catalog.objects] == ["area", "search"]
