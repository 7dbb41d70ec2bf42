"""What a revision touches, operation by operation and statement by statement; and what its text does not say."""

from __future__ import annotations

import subprocess
import sys
from textwrap import indent

import pytest

from driftguard.graph.operations import touched
from driftguard.graph.statements import looked_into
from driftguard.graph.touches import Statement, Touches

HEAD = """\
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TABLE = "students"
STATUS = sa.Enum("new", "old", name="status")
students = sa.table("students", sa.column("id"), sa.column("age"))


def upgrade():
"""


def revision(body: str, rest: str = "") -> bytes:
    return f"{HEAD}{indent(body, '    ')}\n\n{rest}".encode()


def said(touches: Touches) -> list[str]:
    return [f"{each.access} {each.thing}" for each in touches.touches]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("pass", [], id="nothing"),
        pytest.param('op.add_column("students", sa.Column("age", sa.Integer()))', ["creates students.age"], id="add"),
        pytest.param(
            'op.add_column("students", sa.Column("age", sa.Integer()), schema="school")',
            ["creates school.students.age"],
            id="add in a schema",
        ),
        pytest.param(
            'op.add_column(table_name="students", column=sa.Column(name="age"))', ["creates students.age"], id="by name"
        ),
        pytest.param(
            'op.add_column("students", sa.Column("school", sa.ForeignKey("schools.id")))',
            ["creates students.school", "uses table schools", "uses schools.id"],
            id="add with a foreign key",
        ),
        pytest.param(
            'op.add_column("students", sa.Column("status", STATUS))',
            ["creates students.status", "uses type status"],
            id="add with an enum",
        ),
        pytest.param('op.drop_column("students", "age")', ["drops students.age"], id="drop"),
        pytest.param('op.alter_column("students", "age", nullable=False)', ["alters students.age"], id="alter"),
        pytest.param(
            'op.alter_column("students", "age", new_column_name="years")',
            ["renames students.age", "creates students.years"],
            id="rename",
        ),
        pytest.param(
            'op.alter_column("students", "status", type_=postgresql.ENUM("a", name="status", schema="s"))',
            ["alters students.status", "uses type s.status"],
            id="alter to an enum",
        ),
        pytest.param('op.create_table("students", sa.Column("id"))', ["creates table students"], id="create a table"),
        pytest.param(
            'op.create_table("marks", sa.Column("s", sa.ForeignKey("school.students.id")), sa.Column("k", STATUS))',
            ["creates table marks", "uses table school.students", "uses school.students.id", "creates type status"],
            id="create a table with a foreign key and an enum",
        ),
        pytest.param(
            'op.create_table("marks", sa.Column("k", postgresql.ENUM(name="status", create_type=False)))',
            ["creates table marks"],
            id="an enum that is there already",
        ),
        pytest.param(
            'op.create_table("m", sa.ForeignKeyConstraint(["a", "b"], ["students.x", "students.y"]))',
            ["creates table m", "uses table students", "uses students.x", "uses students.y"],
            id="create a table with a foreign key of several columns",
        ),
        pytest.param('op.drop_table("students")', ["drops table students"], id="drop a table"),
        pytest.param(
            'op.rename_table("students", "pupils")',
            ["renames table students", "creates table pupils"],
            id="rename a table",
        ),
        pytest.param('op.create_table_comment("students", "x")', ["alters table students"], id="comment"),
        pytest.param('op.drop_table_comment("students")', ["alters table students"], id="drop a comment"),
        pytest.param(
            'op.create_index(op.f("ix"), "students", ["age", "name"], unique=True)',
            ["creates index ix", "uses students.age", "uses students.name"],
            id="create an index",
        ),
        pytest.param(
            'op.create_index("ix", "students", [sa.text("lower(name)")], postgresql_where=sa.text("age > 3"))',
            ["creates index ix", "uses table students", "uses students.age", "uses students.name"],
            id="create an index of SQL",
        ),
        pytest.param(
            'op.create_index(None, "students", ["b", "a"])',
            ["creates index (a, b)", "uses students.b", "uses students.a"],
            id="create an index without a name",
        ),
        pytest.param('op.drop_index(op.f("ix"), table_name="students")', ["drops index ix"], id="drop an index"),
        pytest.param('op.drop_index("ix")', ["drops index ix"], id="drop an index of some table"),
        pytest.param(
            'op.create_unique_constraint("uq", "students", ["name"])',
            ["creates constraint uq", "uses students.name"],
            id="unique constraint",
        ),
        pytest.param(
            'op.create_check_constraint("ck", "students", "age > 0")',
            ["creates constraint ck", "uses table students", "uses students.age"],
            id="check",
        ),
        pytest.param(
            'op.create_primary_key("pk", "students", ["id"])',
            ["creates constraint PRIMARY KEY", "creates constraint pk", "uses students.id"],
            id="primary key",
        ),
        pytest.param(
            'op.create_foreign_key("fk", "students", "schools", ["school"], ["id"], referent_schema="s")',
            ["creates constraint fk", "uses table s.schools", "uses students.school", "uses s.schools.id"],
            id="foreign key",
        ),
        pytest.param(
            'op.create_exclude_constraint("ex", "students", ("period", "&&"))',
            ["creates constraint ex"],
            id="exclusion constraint",
        ),
        pytest.param(
            'op.drop_constraint("fk", "students", type_="foreignkey")', ["drops constraint fk"], id="drop a constraint"
        ),
        pytest.param(
            'op.drop_constraint("pk", "students", type_="primary")',
            ["drops constraint pk", "drops constraint PRIMARY KEY"],
            id="drop a primary key",
        ),
        pytest.param(
            'op.bulk_insert(students, [{"id": 1}, {"id": 2}])', ["writes to students.id"], id="insert these columns"
        ),
        pytest.param(
            "op.bulk_insert(students, rows())",
            ["writes to students.id", "writes to students.age"],
            id="insert what the table declares",
        ),
        pytest.param(
            'made = op.create_table("a", sa.Column("x"))\nop.bulk_insert(made, [{"x": 1}])',
            ["creates table a", "writes to a.x"],
            id="insert into what was made",
        ),
        pytest.param(
            'with op.batch_alter_table("students", schema="s") as batch_op:\n'
            '    batch_op.add_column(sa.Column("a", sa.Integer()))\n'
            '    batch_op.drop_column("b")\n'
            '    batch_op.alter_column("c", new_column_name="d")\n'
            '    batch_op.create_index(batch_op.f("ix"), ["e"])\n'
            '    batch_op.drop_index("iy")\n'
            '    batch_op.create_foreign_key("fk", "schools", ["f"], ["id"])\n'
            '    batch_op.drop_constraint("ck", type_="check")\n'
            '    batch_op.create_unique_constraint("uq", ["g"])\n'
            '    batch_op.create_table_comment("x")',
            [
                "creates s.students.a",
                "drops s.students.b",
                "renames s.students.c",
                "creates s.students.d",
                "creates index ix",
                "uses s.students.e",
                "drops index iy",
                "creates constraint fk",
                "uses table schools",
                "uses s.students.f",
                "uses schools.id",
                "drops constraint ck",
                "creates constraint uq",
                "uses s.students.g",
                "alters table s.students",
            ],
            id="a batch",
        ),
        pytest.param('op.drop_column(TABLE, "age")', ["drops students.age"], id="a constant of the module"),
        pytest.param('op.drop_table(f"old_{TABLE}")', ["drops table old_students"], id="a constant in a text"),
        pytest.param('t = TABLE\nop.drop_table("old_" + t)', ["drops table old_students"], id="a constant in upgrade"),
        pytest.param(
            'for t, c in [("a", "x"), ("b", "y")]:\n    op.drop_column(t, c)', ["drops a.x", "drops b.y"], id="a loop"
        ),
        pytest.param(
            'if op.get_bind().dialect.name == "sqlite":\n    op.drop_table("a")\nelse:\n    op.drop_table("b")',
            ["drops table a", "drops table b"],
            id="both branches",
        ),
        pytest.param(
            'try:\n    op.drop_table("a")\nexcept Exception:\n    op.drop_table("b")\nfinally:\n    op.drop_table("c")',
            ["drops table a", "drops table b", "drops table c"],
            id="what may fail",
        ),
        pytest.param("STATUS.create(op.get_bind(), checkfirst=True)", ["creates type status"], id="create an enum"),
        pytest.param('sa.Enum(name="status").drop(op.get_bind())', ["drops type status"], id="drop an enum"),
        pytest.param(
            "op.execute(students.update().where(students.c.id == 3).values(age=1))",
            ["writes to students.age", "uses students.id", "uses table students"],
            id="update of a table object",
        ),
        pytest.param(
            'op.get_bind().execute(sa.update(students).values({"age": 1, students.c.id: 2}))',
            ["writes to students.age", "writes to students.id", "uses table students", "uses students.id"],
            id="sa.update",
        ),
        pytest.param(
            "connection = op.get_bind()\nconnection.execute(sa.insert(students), [])",
            ["writes to students.id", "writes to students.age", "uses table students"],
            id="sa.insert",
        ),
        pytest.param(
            'op.execute(sa.insert(students).values([{"id": 1}, {"id": 2}]))',
            ["writes to students.id", "uses table students"],
            id="sa.insert of rows",
        ),
        pytest.param(
            "op.execute(students.delete().where(students.c.age > 3))",
            ["writes to table students", "uses students.age", "uses table students"],
            id="delete from a table object",
        ),
        pytest.param(
            "for row in op.get_bind().execute(sa.select(students.c.age)):\n    print(row)",
            ["uses students.age", "uses table students"],
            id="sa.select",
        ),
        pytest.param(
            'op.execute("DROP TABLE students")\nop.execute(sa.text("DROP TABLE b"))\n'
            'op.get_bind().exec_driver_sql("DROP TABLE c")',
            ["drops table students", "drops table b", "drops table c"],
            id="SQL",
        ),
        pytest.param(
            'op.execute(sa.text("UPDATE students SET age = :age").bindparams(age=3))',
            ["writes to students.age", "uses table students", "uses students.age"],
            id="SQL with parameters",
        ),
        pytest.param(
            "with op.get_context().autocommit_block():\n    op.execute(\"ALTER TYPE status ADD VALUE 'x'\")",
            ["alters type status"],
            id="SQL outside of the transaction",
        ),
    ],
)
def test_operations(body: str, expected: list[str]) -> None:
    touches = looked_into(touched(revision(body)))
    assert sorted(set(said(touches))) == sorted(expected)
    assert touches.untold == ()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("", []),
        ("-- nothing yet", []),
        ("SELECT 1", []),
        ("SET lock_timeout = '2s'", []),
        ("PRAGMA foreign_keys=off", []),
        ("GRANT SELECT ON students TO bob", []),
        ("CREATE EXTENSION IF NOT EXISTS citext", []),
        ("CREATE SCHEMA IF NOT EXISTS audit", []),
        ("CREATE SCHEMA audit", ["creates schema audit"]),
        ("DROP SCHEMA audit CASCADE", ["drops schema audit"]),
        ("ALTER TABLE students ADD age int", ["creates students.age"]),
        ("ALTER TABLE s.students DROP COLUMN age, ADD COLUMN x int", ["drops s.students.age", "creates s.students.x"]),
        ("ALTER TABLE students ALTER COLUMN age TYPE bigint USING age::bigint", ["alters students.age"]),
        ("ALTER TABLE students ALTER age SET NOT NULL", ["alters students.age"]),
        ("ALTER TABLE students MODIFY COLUMN age BIGINT NOT NULL", ["alters students.age"]),
        ("ALTER TABLE students CHANGE age years INT", ["renames students.age", "creates students.years"]),
        ("ALTER TABLE students RENAME COLUMN age TO years", ["renames students.age", "creates students.years"]),
        ('ALTER TABLE "students" RENAME TO "pupils"', ["renames table students", "creates table pupils"]),
        ("ALTER TABLE students ADD CONSTRAINT ck CHECK (age > 0)", ["creates constraint ck", "uses students.age"]),
        (
            "ALTER TABLE students ADD CONSTRAINT fk FOREIGN KEY (school) REFERENCES schools (id)",
            ["creates constraint fk", "uses students.school", "uses table schools", "uses schools.id"],
        ),
        ("ALTER TABLE students DROP CONSTRAINT ck", ["drops constraint ck"]),
        ("ALTER TABLE students RENAME CONSTRAINT a TO b", ["renames constraint a", "creates constraint b"]),
        ("ALTER TABLE students ENABLE ROW LEVEL SECURITY", ["alters table students"]),
        ("ALTER TYPE status ADD VALUE IF NOT EXISTS 'x'", ["alters type status"]),
        ("ALTER TYPE status RENAME TO state", ["renames type status", "creates type state"]),
        ("CREATE TYPE status AS ENUM ('a', 'b')", ["creates type status"]),
        ("DROP TYPE IF EXISTS status", ["drops type status"]),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY ix ON students (lower(name)) WHERE age > 1",
            ["creates index ix", "uses students.name", "uses students.age"],
        ),
        ("DROP INDEX IF EXISTS ix", ["drops index ix"]),
        ("ALTER INDEX ix RENAME TO iy", ["renames index ix", "creates index iy"]),
        ("CREATE VIEW v AS SELECT s.name FROM students s", ["creates table v", "uses table students"]),
        ("CREATE VIEW v AS SELECT * FROM students", ["creates table v", "uses the columns of students"]),
        ("DROP VIEW v", ["drops table v"]),
        ("CREATE TABLE x (s int REFERENCES students (id))", ["creates table x", "uses students.id"]),
        ("DROP TABLE IF EXISTS a, b CASCADE", ["drops table a", "drops table b"]),
        ("CREATE SEQUENCE q", ["creates sequence q"]),
        ("UPDATE students SET age = 3 WHERE x = :x", ["writes to students.age", "uses students.x"]),
        ("INSERT INTO students (name) VALUES ('Ann')", ["writes to students.name"]),
        ("INSERT INTO students VALUES (1, 'Ann')", ["writes to the columns of students"]),
        ("DELETE FROM students WHERE age > 3", ["writes to table students", "uses students.age"]),
        ("TRUNCATE students, schools", ["writes to table students", "writes to table schools"]),
        ("COMMENT ON TABLE students IS 'x'", ["alters table students"]),
        ("COMMENT ON COLUMN students.age IS 'x'", ["alters students.age"]),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql", ["creates function f"]),
        ("DROP TRIGGER tr ON students", ["drops trigger tr"]),
        ("WITH old AS (SELECT id FROM students) DELETE FROM marks", ["writes to table marks", "uses table students"]),
        ("UPDATE a SET x = 1; ALTER TABLE a DROP COLUMN y;", ["writes to a.x", "drops a.y"]),
    ],
)
def test_statements(statement: str, expected: list[str]) -> None:
    touches = looked_into(Touches(statements=(Statement(statement, 1, "op.execute()"),)))
    assert set(expected) <= set(said(touches))
    assert {each for each in said(touches) if not each.startswith("uses")} <= set(expected)
    assert touches.untold == ()


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        pytest.param("op.drop_table(sys.argv[1])", "", id="a name that is computed"),
        pytest.param("op.execute(text_of('x.sql'))", "", id="SQL from elsewhere"),
        pytest.param('op.execute("DO $$ BEGIN PERFORM 1; END $$")', "", id="SQL that is code"),
        pytest.param('op.execute("frobnicate the students")', "", id="no SQL at all"),
        pytest.param("op.create_view(V)", "", id="an operation that Alembic does not have"),
        pytest.param("fill(op)", "from school.filling import fill\n", id="a function of the project"),
        pytest.param("filling.fill(op)", "from school import filling\n", id="a function in a module of the project"),
        pytest.param("Session(op.get_bind()).query(Student)", "", id="the ORM"),
    ],
)
def test_what_its_text_does_not_say(body: str, rest: str) -> None:
    touches = looked_into(touched(revision(body, rest)))
    assert said(touches) == []
    assert [each.line for each in touches.untold] == [11]


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        pytest.param('op.add_column("t", sa.Column("g", GUID()))', "from shop.types import GUID\n", id="a type"),
        pytest.param(
            'op.add_column("t", sa.Column("g", geo.types.Point(srid=1)))', "import geo\n", id="a type in a module"
        ),
        pytest.param('op.add_column("t", sa.Column("g"))\nprint(uuid.uuid4())', "import uuid\n", id="Python's own"),
        pytest.param(
            'op.add_column("t", sa.Column("g"))\nsa.inspect(op.get_bind()).get_columns("t")', "", id="looking at it"
        ),
    ],
)
def test_what_is_no_secret(body: str, rest: str) -> None:
    touches = touched(revision(body, rest))
    assert (said(touches), touches.untold) == (["creates t.g"], ())


def test_helpers_of_the_same_file() -> None:
    rest = (
        'def drop(kind, name="age", *, table):\n    if kind:\n        op.drop_column(table, name)\n        drop(kind)\n'
    )
    touches = touched(revision('drop(1, table=TABLE)\ndrop(1, "x", table="b")', rest))
    assert said(touches) == ["drops students.age", "drops b.x"]
    assert touches.touches[0].line == 16


@pytest.mark.parametrize("imported", ["from alembic import op as o", "import alembic as a\no = a.op", "import alembic"])
def test_names_of_alembic(imported: str) -> None:
    name = "alembic.op" if imported == "import alembic" else "o"
    assert said(touched(f'{imported}\ndef upgrade():\n    {name}.drop_table("x")\n'.encode())) == ["drops table x"]


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"def upgrade(:",
        b"\x00",
        b"def downgrade():\n    op.drop_table('x')",
        b"def upgrade():\n    upgrade()",
        b"def upgrade():\n    x = x\n    op.drop_table(x)",
        b"def upgrade():\n    return " + b"(" * 300 + b")" * 300,
    ],
)
def test_nothing_is_raised(source: bytes) -> None:
    assert touched(source).touches == ()


def test_only_the_upgrade_counts() -> None:
    source = revision(
        'op.drop_table("a")', 'def downgrade():\n    op.create_table("a")\n    op.execute("DROP TABLE b")\n'
    )
    assert touched(source).statements == ()
    assert said(touched(source)) == ["drops table a"]


def test_sql_is_parsed_by_nobody_who_does_not_ask() -> None:
    program = "import sys, driftguard.engine; sys.exit('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
