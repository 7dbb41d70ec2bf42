"""Which statements a difference is put down to, and which are left out of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from driftguard.schema.catalog import Name, Object, make_object
from driftguard.schema.diff import Change, Difference
from driftguard.schema.journal import Entry, Move, Origin, Touched, behind

STUDENTS = Touched("table", ("", "students"), "public.students")
LAST_NAME = Name("column", "", "students", "last_name")
AGE = Name("column", "", "students", "age")
TABLE = Name("table", "", "", "students")


def entry(statement: str, *touched: Touched, tag: str = "ALTER TABLE", origin: Origin = Origin.HAND) -> Entry:
    return Entry(1, 0.0, origin, (tag,), statement, "ann", "", "psql", "", 1, 1, touched)


def dropped(kind: str, *names: str) -> Touched:
    return Touched(kind, names, ".".join(names), True)


def gone(name: Name, *, anonymous: bool = False, **facts: str | None) -> Difference:
    return Difference(name, make_object(name, facts, anonymous=anonymous), None)


def new(name: Name) -> Difference:
    return Difference(name, None, Object(name))


def changed(name: Name, attribute: str) -> Difference:
    return Difference(name, Object(name), Object(name), (Change(attribute, "x", "y"),))


DROP_COLUMN = entry(
    "ALTER TABLE students DROP last_name", dropped("table column", "", "students", "last_name"), STUDENTS
)
ADD_AGE = entry("ALTER TABLE students ADD age int", STUDENTS)
INDEX_AGE = entry("CREATE INDEX ix ON students (age)", Touched("index", ("", "ix"), "public.ix"), tag="CREATE INDEX")
WIDEN = entry('ALTER TABLE students ALTER "last_name" TYPE text', STUDENTS)
FILL = entry("ALTER TABLE students SET (fillfactor = 80)", STUDENTS)
RENAME = entry(
    "ALTER TABLE students RENAME last_name TO surname", Touched("table column", ("", "students", "surname"), "")
)
SAY = entry(
    "COMMENT ON COLUMN students.last_name IS 'x'",
    Touched("table column", ("", "students", "last_name"), ""),
    tag="COMMENT",
)
CREATE = entry("CREATE TABLE students (last_name text)", STUDENTS, tag="CREATE TABLE")
UNIQUE = entry("alter table students add unique (last_name, email)", STUDENTS)
FUNCTION = entry(
    "CREATE FUNCTION ...", Touched("function", ("", "F x"), 'public."F x"(integer)'), tag="CREATE FUNCTION"
)
TRIGGER = entry(
    "CREATE TRIGGER t AFTER UPDATE OF age ON students ...",
    Touched("trigger", ("", "students", "t"), "t on public.students"),
    tag="CREATE TRIGGER",
)
BY_ALEMBIC = WIDEN._replace(origin=Origin.REVISION)


@pytest.mark.parametrize(
    ("entries", "difference", "expected"),
    [
        pytest.param([FILL, DROP_COLUMN, WIDEN], gone(LAST_NAME), [DROP_COLUMN], id="a dropped column"),
        pytest.param([FILL, RENAME], gone(LAST_NAME), [RENAME], id="a column of another name"),
        pytest.param([FILL, RENAME], new(LAST_NAME._replace(name="surname")), [RENAME], id="its new name"),
        pytest.param([FILL, INDEX_AGE, ADD_AGE], new(AGE), [ADD_AGE], id="an added column"),
        pytest.param([TRIGGER], new(AGE), [], id="a trigger adds no column"),
        pytest.param([TRIGGER], new(Name("trigger", "", "students", "t")), [TRIGGER], id="a trigger"),
        pytest.param([WIDEN, FILL], changed(LAST_NAME, "type"), [WIDEN], id="a changed column"),
        pytest.param([SAY, WIDEN], changed(LAST_NAME, "type"), [WIDEN], id="a comment changes no type"),
        pytest.param([SAY, WIDEN], changed(LAST_NAME, "comment"), [SAY], id="nor a type the comment"),
        pytest.param([WIDEN] * 5, changed(LAST_NAME, "type"), [WIDEN] * 3, id="many that may be behind it"),
        pytest.param([FILL], changed(TABLE, "options"), [FILL], id="a changed table"),
        pytest.param([FILL, ADD_AGE], changed(TABLE, "options"), [], id="a table that several have changed"),
        pytest.param([FILL, CREATE], new(TABLE), [CREATE], id="an added table"),
        pytest.param(
            [entry("", dropped("table", "", "students"), tag="DROP TABLE")], new(TABLE), [], id="the other way"
        ),
        pytest.param([INDEX_AGE], new(Name("index", "", "students", "ix")), [INDEX_AGE], id="an index"),
        pytest.param([FUNCTION], new(Name("function", "", "", '"F x"(a integer)')), [FUNCTION], id="a function"),
        pytest.param([FUNCTION], new(Name("function", "", "", "f(a integer)")), [], id="another function"),
        pytest.param(
            [FILL, UNIQUE],
            Difference(
                Name("unique", "", "students", "students_last_name_email_key"),
                None,
                make_object(Name("unique", "", "students", "k"), {"columns": "last_name, email"}, anonymous=True),
            ),
            [UNIQUE],
            id="a constraint without a name",
        ),
        pytest.param([BY_ALEMBIC], changed(LAST_NAME, "type"), [], id="Alembic's own"),
        pytest.param([BY_ALEMBIC, WIDEN], changed(LAST_NAME, "type"), [], id="Alembic came later"),
        pytest.param([WIDEN, BY_ALEMBIC], changed(LAST_NAME, "type"), [WIDEN], id="Alembic came before"),
        pytest.param([WIDEN._replace(origin=Origin.SESSION)], changed(LAST_NAME, "type"), [], id="probably Alembic's"),
        pytest.param([WIDEN._replace(origin=Origin.UNKNOWN)], changed(LAST_NAME, "type"), [], id="nobody knows whose"),
        pytest.param([WIDEN], changed(LAST_NAME._replace(name="last"), "type"), [], id="part of a name"),
        pytest.param([WIDEN], changed(LAST_NAME._replace(table="teachers"), "type"), [], id="another table"),
        pytest.param([WIDEN], changed(LAST_NAME._replace(schema="old"), "type"), [], id="another schema"),
        pytest.param([entry("DO ...", STUDENTS)], changed(LAST_NAME, "type"), [], id="a text that is not kept"),
        pytest.param([WIDEN._replace(moves=(Move("v", "a", "b"),))], changed(LAST_NAME, "type"), [], id="a stamp"),
        pytest.param([], gone(LAST_NAME), [], id="nothing noted"),
    ],
)
def test_whom_a_difference_is_put_down_to(
    entries: Sequence[Entry], difference: Difference, expected: Sequence[Entry]
) -> None:
    assert list(behind(entries, difference)) == list(expected)
