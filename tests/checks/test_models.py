"""Rules DG2xx on operations and catalogs made here."""

from __future__ import annotations

import pytest

from driftguard.checks.models import (
    ModelsInput,
    empty_metadata,
    invisible_to_autogenerate,
    lacks_revision,
    missing_revision,
    rename_or_replace,
)
from driftguard.findings import Finding, Place, Severity, Side
from driftguard.schema.catalog import Catalog, Name, Object, make_catalog, make_object
from driftguard.schema.operations import Operation

RULES = (missing_revision, rename_or_replace, invisible_to_autogenerate, empty_metadata)


def operation(action: str, path: str, **facts: str) -> Operation:
    """``path``: table, or table.name; underscores in the facts' names stand for spaces."""
    table, _, name = path.partition(".")
    pairs = tuple(sorted((key.replace("_", " "), text) for key, text in facts.items()))
    return Operation(action, "", table, name, f"op.{action}({path!r})", pairs)


def item(kind: str, path: str, *, anonymous: bool = False, **facts: str) -> Object:
    """``path``: name for what belongs to no table, else table.name; underscores stand for spaces in the facts."""
    table, _, name = path.rpartition(".")
    pairs: dict[str, str | None] = {key.replace("_", " "): text for key, text in facts.items()}
    return make_object(Name(kind, "", table, name), pairs, anonymous=anonymous)


def catalog(*objects: Object) -> Catalog:
    return make_catalog("postgresql", "15.1", objects)


def place_of(schema: str, table: str, name: str) -> Place:
    return Place(f"{schema}{table}.{name}")


STUDENTS = (item("table", "students"), item("column", "students.id", type="integer", nullable="no"))
AGE = item("column", "students.age", type="integer", nullable="yes")
BIG_AGE = item("column", "students.age", type="bigint", nullable="yes")
EMAIL = item("column", "students.email", type="text", nullable="yes")
PK = item("primary key", "students.students_pkey", anonymous=True, columns="id")
UNIQUE = item("unique", "students.uq_email", columns="email")
UNNAMED_UNIQUE = item("unique", "students.students_email_key", anonymous=True, columns="email")
POSITIVE = item("check", "students.positive", expression="(age > 0)")
FOREIGN = item("foreign key", "students.fk_dept", columns="dept_id", references="depts(id)")
INDEX = item("index", "students.ix_email", columns="email", unique="no", method="btree")
MOOD = item("enum", "mood", values="sad, ok")
NEXT = "nextval('students_id_seq'::regclass)"

GIVEN = ModelsInput(
    operations=(),
    head=catalog(*STUDENTS),
    models=catalog(*STUDENTS),
    metadata_tables=1,
    place_of=place_of,
    revision_command="alembic revision --autogenerate -m",
    empty_revision_command="alembic revision -m",
    dialect="postgresql",
    env_file=Place("migrations/env.py"),
)


def writes(*operations: Operation) -> ModelsInput:
    return GIVEN._replace(operations=operations)


def differ(head: tuple[Object, ...], models: tuple[Object, ...], *operations: Operation) -> ModelsInput:
    return GIVEN._replace(
        head=catalog(*STUDENTS, AGE, EMAIL, *head),
        models=catalog(*STUDENTS, AGE, EMAIL, *models),
        operations=operations,
    )


def revised(head: Object, models: Object) -> ModelsInput:
    """The very same catalogs but for one object."""
    return GIVEN._replace(head=catalog(STUDENTS[0], head), models=catalog(STUDENTS[0], models))


def tell(given: ModelsInput) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(given)]


def told(given: ModelsInput) -> list[str]:
    return [f"{each.code} {each.message}" for each in tell(given)]


ADD_AGE = operation("add_column", "students.age", type="INTEGER")
DROP_NAME = operation("drop_column", "students.name", type="VARCHAR(50)")


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        pytest.param(writes(ADD_AGE), ["students.age is in the models but in no revision"], id="an added column"),
        pytest.param(
            writes(DROP_NAME), ["students.name is in the revisions but not in the models"], id="a dropped column"
        ),
        pytest.param(
            writes(
                operation("create_table", "marks", columns="id, student_id"),
                operation("create_index", "marks.ix_marks_student_id", columns="student_id"),
            ),
            ["table marks is in the models but in no revision"],
            id="a new table, its indexes with it",
        ),
        pytest.param(
            writes(operation("drop_index", "marks.ix_marks"), operation("drop_table", "marks", columns="id")),
            ["table marks is in the revisions but not in the models"],
            id="a dropped table, its indexes with it",
        ),
        pytest.param(
            writes(operation("alter_column", "students.age", changes="type", was_type="INTEGER", now_type="BIGINT")),
            ["students.age is INTEGER in the revisions and BIGINT in the models"],
            id="another type",
        ),
        pytest.param(
            writes(
                operation(
                    "alter_column", "students.age", changes="type, nullable", was_type="INTEGER", now_type="BIGINT"
                )
            ),
            ["students.age is not the same in revisions and models: type and nullable"],
            id="another type and nullability",
        ),
        pytest.param(
            writes(
                operation("alter_column", "students.age", changes="nullable", was_nullable="yes", now_nullable="no")
            ),
            ["students.age may be NULL in the revisions and not in the models"],
            id="another nullability",
        ),
        pytest.param(
            writes(
                operation("drop_index", "students.ix_email", columns="email"),
                operation("create_index", "students.ix_email", columns="email", unique="yes"),
            ),
            ["index ix_email of students is not the same in revisions and models"],
            id="an index that is dropped and created anew",
        ),
        pytest.param(
            writes(operation("create_unique_constraint", "students", kind="unique", columns="email")),
            ["unique constraint of students (email) is in the models but in no revision"],
            id="a constraint without a name",
        ),
        pytest.param(
            writes(
                operation("drop_constraint", "students.fk_dept", kind="foreign key", columns="dept_id"),
                operation("drop_constraint", "students.fk_town", kind="foreign key", columns="town_id"),
            ),
            [
                "foreign key fk_dept of students is in the revisions but not in the models",
                "foreign key fk_town of students is in the revisions but not in the models",
            ],
            id="two constraints",
        ),
        pytest.param(
            writes(
                operation("drop_constraint", "students.fk_dept", kind="foreign key", columns="dept_id"),
                operation("create_foreign_key", "students", kind="foreign key", columns="dept_id"),
            ),
            ["foreign key of students (dept_id) is not the same in revisions and models"],
            id="a foreign key that now refers to something else",
        ),
        pytest.param(
            writes(operation("create_table_comment", "students")),
            ["the comment of table students is not the same in revisions and models"],
            id="a comment",
        ),
        pytest.param(
            writes(operation("create_entity", "")),
            ["autogenerate would write create_entity"],
            id="a directive of somebody else's package",
        ),
    ],
)
def test_missing_revision(given: ModelsInput, messages: list[str]) -> None:
    findings = list(missing_revision(given))
    assert [each.message for each in findings] == messages
    assert all(each.code == "DG201" and each.side is Side.MODELS for each in findings)


@pytest.mark.parametrize(
    ("given", "subject", "place", "command"),
    [
        pytest.param(writes(ADD_AGE), "students.age", "students.age", "add students.age", id="an added column"),
        pytest.param(
            writes(DROP_NAME), "students.name", "students.", "drop students.name", id="a dropped one: the class"
        ),
        pytest.param(writes(operation("create_table", "marks")), "marks", "marks.", "add marks", id="a new table"),
        pytest.param(
            writes(operation("drop_table", "marks")), "marks", None, "drop marks", id="a dropped table: nowhere"
        ),
        pytest.param(
            writes(operation("alter_column", "students.age", changes="type")),
            "students.age",
            "students.age",
            "change students.age",
            id="an altered column",
        ),
        pytest.param(
            writes(operation("create_unique_constraint", "students", columns="email, age")),
            "unique constraint of students (email, age)",
            "students.email",
            "add unique constraint of students (email, age)",
            id="an unnamed constraint: its first column",
        ),
    ],
)
def test_place_and_command(given: ModelsInput, subject: str, place: str | None, command: str) -> None:
    (finding,) = missing_revision(given)
    assert finding.subject == subject
    assert finding.place == (None if place is None else Place(place))
    assert finding.commands == (f'alembic revision --autogenerate -m "{command}"',)


def test_the_type_is_said_as_the_server_spells_it() -> None:
    altered = operation("alter_column", "students.age", changes="type", was_type="INTEGER()", now_type="BIGINT()")
    given = GIVEN._replace(operations=(altered,), head=catalog(AGE), models=catalog(BIG_AGE))
    assert told(given) == ["DG201 students.age is integer in the revisions and bigint in the models"]


@pytest.mark.parametrize(
    ("was", "now", "severity"),
    [
        pytest.param(AGE, AGE, Severity.WARNING, id="models and revisions build the same: no revision would end it"),
        pytest.param(AGE, BIG_AGE, None, id="they build something else: a revision is missing"),
    ],
)
def test_an_alteration_that_alters_nothing(was: Object, now: Object, severity: Severity | None) -> None:
    altered = operation("alter_column", "students.age", changes="type", was_type="REAL()", now_type="Float(2)")
    given = GIVEN._replace(operations=(altered,), head=catalog(was), models=catalog(now))
    (finding,) = missing_revision(given)
    assert (finding.severity, bool(finding.commands), lacks_revision(given)) == (severity, not severity, not severity)


def test_a_name_with_quotes_stays_one_argument() -> None:
    (finding,) = missing_revision(writes(operation("add_column", 'students.a"$b')))
    assert finding.commands == ("alembic revision --autogenerate -m 'add students.a\"$b'",)


@pytest.mark.parametrize(
    ("dropped", "added", "directive"),
    [
        pytest.param(
            operation("drop_column", "users.username", type="VARCHAR(50)"),
            operation("add_column", "users.login", type="VARCHAR(80)"),
            'op.alter_column("users", "username", new_column_name="login")',
            id="columns of one kind of type",
        ),
        pytest.param(
            operation("drop_column", "users.birth_day", type="VARCHAR(50)"),
            operation("add_column", "users.birthday", type="DATE"),
            'op.alter_column("users", "birth_day", new_column_name="birthday")',
            id="columns of similar names",
        ),
        pytest.param(
            operation("drop_table", "department", columns="id, name, town"),
            operation("create_table", "departments", columns="id, name, city"),
            'op.rename_table("department", "departments")',
            id="tables with half of their columns the same",
        ),
    ],
)
def test_what_looks_renamed(dropped: Operation, added: Operation, directive: str) -> None:
    given = writes(added, dropped)
    (finding,) = rename_or_replace(given)
    assert finding.help.endswith(directive)
    assert "rename" in finding.commands[0]
    assert len(list(missing_revision(given))) == 2


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param((ADD_AGE,), id="an added column"),
        pytest.param((DROP_NAME,), id="a dropped column"),
        pytest.param((ADD_AGE, DROP_NAME), id="columns with neither type nor name alike"),
        pytest.param(
            (DROP_NAME, operation("add_column", "teachers.name", type="VARCHAR(50)")), id="columns of two tables"
        ),
        pytest.param(
            (
                operation("drop_table", "logs", columns="id, at, text"),
                operation("create_table", "marks", columns="id, student_id, points"),
            ),
            id="tables that share only their key",
        ),
        pytest.param(
            (operation("drop_table", "logs"), operation("create_table", "marks")), id="tables without columns"
        ),
        pytest.param(
            (
                operation("drop_index", "students.ix_a", columns="a"),
                operation("create_index", "students.ix_b", columns="a"),
            ),
            id="indexes, which lose no values",
        ),
    ],
)
def test_what_does_not_look_renamed(operations: tuple[Operation, ...]) -> None:
    assert list(rename_or_replace(writes(*operations))) == []


def test_of_several_candidates_each_is_told_once_and_the_best_first() -> None:
    given = writes(
        operation("drop_column", "users.name", type="TEXT"),
        operation("drop_column", "users.phone", type="TEXT"),
        operation("add_column", "users.phone_number", type="TEXT"),
        operation("add_column", "users.full_name", type="TEXT"),
        operation("add_column", "users.bio", type="TEXT"),
    )
    assert [each.commands[0] for each in rename_or_replace(given)] == [
        'alembic revision -m "rename users.name to full_name"',
        'alembic revision -m "rename users.phone to phone_number"',
    ]


def test_mysql_is_told_that_the_type_is_needed_again() -> None:
    given = writes(DROP_NAME, operation("add_column", "students.surname", type="TEXT"))._replace(dialect="mysql")
    (finding,) = rename_or_replace(given)
    assert "existing_type=" in finding.help


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            differ((), (POSITIVE,)), "check positive of students is in the models but in no revision", id="a new check"
        ),
        pytest.param(
            differ((POSITIVE,), ()),
            "check positive of students is in the revisions but not in the models",
            id="a check that refuses what the models may write",
        ),
        pytest.param(
            differ((POSITIVE,), (item("check", "students.positive", expression="(age > 17)"),)),
            "check positive of students: expression is (age > 0) in the revisions and (age > 17) in the models",
            id="another text of a check",
        ),
        pytest.param(
            differ(
                (item("check", "students.c1", anonymous=True, expression="mood IN ('sad')"),),
                (item("check", "students.c2", anonymous=True, expression="mood IN ('sad', 'ok')"),),
            ),
            "check of students (mood IN ('sad', 'ok')): "
            "expression is mood IN ('sad') in the revisions and mood IN ('sad', 'ok') in the models",
            id="an enum without a native type that gained a value",
        ),
        pytest.param(
            differ((MOOD,), (item("enum", "mood", values="sad, ok, happy"),)),
            "enum mood: values is sad, ok in the revisions and sad, ok, happy in the models",
            id="an enum's values",
        ),
        pytest.param(
            differ((PK,), (item("primary key", "students.pk_students", columns="id, email"),)),
            "primary key of students: columns is id in the revisions and id, email in the models",
            id="another primary key, under another name",
        ),
        pytest.param(
            differ((), (PK,)), "primary key of students is in the models but in no revision", id="no primary key"
        ),
        pytest.param(
            differ((), (UNNAMED_UNIQUE,)),
            "unique constraint of students (email) is in the models but in no revision",
            id="an unnamed unique, which autogenerate skips on SQLite",
        ),
        pytest.param(
            differ((INDEX,), (item("index", "students.ix_email", columns="email", unique="no", method="hash"),)),
            "index ix_email of students: method is btree in the revisions and hash in the models",
            id="an index's method",
        ),
        pytest.param(
            differ((), (INDEX,)), "index ix_email of students is in the models but in no revision", id="a missing index"
        ),
        pytest.param(
            differ((item("index", "students.ux", columns="lower(email)", unique="yes"),), ()),
            "index ux of students is in the revisions but not in the models",
            id="a unique index of the revisions, which refuses rows",
        ),
        pytest.param(
            differ((FOREIGN,), (make_object(FOREIGN.name, {**dict(FOREIGN.facts), "match": "FULL"}),)),
            "foreign key fk_dept of students: match is none in the revisions and FULL in the models",
            id="a foreign key's match",
        ),
        pytest.param(
            revised(AGE, item("column", "students.age", type="integer", nullable="yes", default="0")),
            "students.age: default is none in the revisions and 0 in the models",
            id="a default that only the models have",
        ),
        pytest.param(
            revised(
                item("column", "students.age", type="integer", default="1"),
                item("column", "students.age", type="integer", default="0"),
            ),
            "students.age: default is 1 in the revisions and 0 in the models",
            id="another default",
        ),
        pytest.param(
            revised(EMAIL, item("column", "students.email", type="text", nullable="yes", collation="C")),
            "students.email: collation is none in the revisions and C in the models",
            id="a collation",
        ),
        pytest.param(
            differ((), (item("sequence", "order_numbers", start="1"),)),
            "sequence order_numbers is in the models but in no revision",
            id="a sequence of the models' own",
        ),
    ],
)
def test_invisible_to_autogenerate(given: ModelsInput, message: str) -> None:
    assert told(given) == [f"DG203 {message}; autogenerate does not see it"]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(GIVEN, id="nothing differs"),
        pytest.param(GIVEN._replace(head=None), id="head could not be built"),
        pytest.param(GIVEN._replace(models=None), id="the models could not be built"),
        pytest.param(
            differ((POSITIVE,), (item("check", "students.c1", anonymous=True, expression="(age > 0)"),)),
            id="a check named by the revisions alone",
        ),
        pytest.param(
            differ(
                tuple(item("check", f"students.a{n}", anonymous=True, expression=f"(age > {n})") for n in (1, 2)),
                tuple(item("check", f"students.b{n}", anonymous=True, expression=f"(age > {n})") for n in (2, 1)),
            ),
            id="unnamed checks of one column in another order",
        ),
        pytest.param(differ((UNIQUE,), (UNNAMED_UNIQUE,)), id="a constraint named by the revisions alone"),
        pytest.param(differ((UNNAMED_UNIQUE,), (UNIQUE,)), id="a constraint named by the models alone"),
        pytest.param(
            differ((PK,), (item("primary key", "students.pk_students", columns="id"),)), id="a primary key renamed"
        ),
        pytest.param(
            revised(
                item("column", "students.age", type="integer", default="0"),
                item("column", "students.age", type="integer"),
            ),
            id="a default that filled a new NOT NULL column",
        ),
        pytest.param(
            revised(AGE, item("column", "students.age", type="integer", nullable="yes", comment="in years")),
            id="a comment",
        ),
        pytest.param(differ((INDEX,), ()), id="a plain index that only the revisions have"),
        pytest.param(differ((item("trigger", "students.audit", definition="x"),), ()), id="a trigger by raw SQL"),
        pytest.param(differ((item("view", "adults", definition="x"),), ()), id="a view by raw SQL"),
        pytest.param(differ((item("function", "f()", definition="x"),), ()), id="a function by raw SQL"),
        pytest.param(differ((item("extension", "citext"),), ()), id="an extension"),
        pytest.param(differ((MOOD,), ()), id="an enum that no column uses any more"),
        pytest.param(differ((item("sequence", "numbers", start="1"),), ()), id="a sequence by raw SQL"),
        pytest.param(differ((item("domain", "zip", type="text"),), ()), id="a domain by raw SQL"),
        pytest.param(differ((item("column", "students.raw", type="text"),), ()), id="a column that env.py left out"),
        pytest.param(differ((FOREIGN,), ()), id="a foreign key that env.py left out"),
        pytest.param(
            differ((item("table", "logs"), item("primary key", "logs.pk", columns="id")), ()),
            id="what belongs to a table of one side",
        ),
        pytest.param(
            differ(
                (
                    item("column", "students.active", type="BOOLEAN"),
                    item("check", "students.c", expression="active IN (0, 1)"),
                ),
                (item("column", "students.active", type="BOOLEAN"),),
            ),
            id="the check that older versions put on a boolean",
        ),
        pytest.param(
            GIVEN._replace(
                head=catalog(
                    STUDENTS[0], item("column", "students.id", type="integer", default=NEXT.replace("ts_", "t_"))
                ),
                models=catalog(
                    STUDENTS[0],
                    item("column", "students.id", type="integer", default=NEXT),
                    item("sequence", "students_id_seq", start="1"),
                ),
            ),
            id="a serial's sequence that kept the old table's name",
        ),
        pytest.param(
            differ((), (item("sequence", "students.seq", owned_by="students.age"),)), id="a sequence of a column"
        ),
    ],
)
def test_nothing_to_report(given: ModelsInput) -> None:
    assert told(given) == []


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        pytest.param(
            differ((), (UNIQUE,), operation("create_unique_constraint", "students.uq_email")),
            ["DG201"],
            id="the operation names it",
        ),
        pytest.param(
            differ(
                (), (UNNAMED_UNIQUE,), operation("create_unique_constraint", "students", kind="unique", columns="email")
            ),
            ["DG201"],
            id="the operation tells its columns",
        ),
        pytest.param(
            differ((POSITIVE,), (), operation("alter_column", "students.age", changes="type")),
            ["DG201"],
            id="it is about a column that an operation alters",
        ),
        pytest.param(
            differ((), (POSITIVE,), operation("alter_column", "students.email", changes="type")),
            ["DG201", "DG203"],
            id="the operation is about another column",
        ),
        pytest.param(
            differ((), (POSITIVE,), operation("alter_column", "teachers.age", changes="type")),
            ["DG201", "DG203"],
            id="the operation is about another table",
        ),
    ],
)
def test_what_an_operation_is_about_is_told_once(given: ModelsInput, codes: list[str]) -> None:
    assert [each.code for each in tell(given)] == codes


def test_what_is_invisible_has_a_place_both_sides_and_a_directive() -> None:
    (finding,) = tell(differ((POSITIVE,), (item("check", "students.positive", expression="(age > 17)"),)))
    assert finding.place == Place("students.positive")
    assert finding.details == ("expression: revisions (age > 0), models (age > 17)",)
    assert finding.help.endswith("op.drop_constraint and op.create_check_constraint")
    assert finding.commands == ('alembic revision -m "change students.positive"',)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        pytest.param(-1, "target_metadata is None, while the revisions build 1 table", id="no metadata"),
        pytest.param(0, "target_metadata has no table, while the revisions build 1 table", id="empty metadata"),
    ],
)
def test_empty_metadata_speaks_alone(tables: int, message: str) -> None:
    given = writes(operation("drop_table", "students"))._replace(metadata_tables=tables, models=catalog())
    assert told(given) == [f"DG205 {message}"]
    assert tell(given)[0].place == Place("migrations/env.py")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(
            GIVEN._replace(metadata_tables=0, head=catalog(), models=catalog()), id="a project without tables"
        ),
        pytest.param(GIVEN._replace(metadata_tables=-1, head=None, models=None), id="a head that could not be built"),
        pytest.param(
            GIVEN._replace(metadata_tables=-1, head=catalog(), models=None), id="revisions that only move data"
        ),
        pytest.param(GIVEN._replace(metadata_tables=9), id="metadata with tables"),
    ],
)
def test_empty_metadata_stays_silent(given: ModelsInput) -> None:
    assert list(empty_metadata(given)) == []
