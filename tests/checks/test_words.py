"""How objects and differences are said."""

from __future__ import annotations

import pytest

from driftguard.checks.words import between, called, change_lines, counted, directly, listed, subject
from driftguard.schema.catalog import Name, Object, make_object
from driftguard.schema.diff import Change, Difference

AGE = make_object(Name("column", "", "students", "age"), {"type": "INTEGER", "nullable": "yes"})
INDEX = make_object(Name("index", "", "students", "ix_students_email"), {"columns": "email"})


def unnamed(kind: str, name: str = "made_up", **facts: str | None) -> Object:
    return make_object(Name(kind, "", "students", name), facts, anonymous=True)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param(AGE, "students.age", id="a column by its path"),
        pytest.param(Object(Name("column", "school", "students", "age")), "school.students.age", id="with its schema"),
        pytest.param(Object(Name("table", "", "", "students")), "table students", id="a table"),
        pytest.param(Object(Name("enum", "school", "", "mood")), "enum school.mood", id="an enum"),
        pytest.param(INDEX, "index ix_students_email", id="an index whose name tells the table"),
        pytest.param(
            Object(Name("index", "", "students", "by_age")), "index by_age of students", id="one that does not"
        ),
        pytest.param(Object(Name("trigger", "", "students", "audit")), "trigger audit of students", id="a trigger"),
        pytest.param(Object(Name("unique", "", "students", "uq")), "unique constraint uq of students", id="a unique"),
        pytest.param(Object(Name("primary key", "", "students", "pk")), "primary key of students", id="a primary key"),
        pytest.param(unnamed("unique", columns="a, b"), "unique constraint of students (a, b)", id="an unnamed unique"),
        pytest.param(unnamed("check", expression="age > 0"), "check of students (age > 0)", id="an unnamed check"),
        pytest.param(unnamed("check"), "check of students", id="an unnamed check without a text"),
    ],
)
def test_called(item: Object, words: str) -> None:
    assert called(item) == words


def test_the_subject_is_the_path_unless_the_server_made_the_name_up() -> None:
    assert subject(INDEX) == "students.ix_students_email"
    assert subject(unnamed("unique", columns="email")) == "unique constraint of students (email)"


def changed(*changes: Change) -> Difference:
    return Difference(AGE.name, AGE, AGE, changes)


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        pytest.param(Difference(INDEX.name, None, INDEX), "index ix_students_email was added directly", id="added"),
        pytest.param(Difference(AGE.name, AGE, None), "students.age was dropped directly", id="dropped"),
        pytest.param(
            changed(Change("type", "INTEGER", "BIGINT")),
            "students.age: type is BIGINT, the revisions build INTEGER",
            id="another type",
        ),
        pytest.param(
            changed(Change("nullable", "no", "yes")),
            "students.age: nullability is NULL, the revisions build NOT NULL",
            id="another nullability",
        ),
        pytest.param(
            changed(Change("default", "0", None)),
            "students.age: default is none, the revisions build 0",
            id="a default that is gone",
        ),
        pytest.param(
            changed(Change("default", "0", None), Change("type", "A", "B")),
            "students.age: default and type are not what the revisions build",
            id="two attributes",
        ),
        pytest.param(
            changed(Change("definition", "SELECT 1\nFROM a", "SELECT 2\nFROM a")),
            "students.age: definition is not what the revisions build",
            id="a text of several lines",
        ),
    ],
)
def test_directly(difference: Difference, sentence: str) -> None:
    assert directly(difference) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            [Change("type", "INTEGER", "BIGINT")], "x is INTEGER in the revisions and BIGINT in the models", id="type"
        ),
        pytest.param(
            [Change("nullable", "yes", "no")], "x may be NULL in the revisions and not in the models", id="NOT NULL"
        ),
        pytest.param(
            [Change("nullable", "no", "yes")], "x may be NULL in the models and not in the revisions", id="NULL"
        ),
        pytest.param(
            [Change("default", None, "0")], "x: default is none in the revisions and 0 in the models", id="default"
        ),
        pytest.param(
            [Change("default", None, "0"), Change("type", "A", "B")],
            "x is not the same in revisions and models: default and type",
            id="several",
        ),
    ],
)
def test_between(changes: list[Change], sentence: str) -> None:
    assert between("x", changes) == sentence


def test_change_lines_show_both_sides_and_of_long_texts_only_the_lines_that_differ() -> None:
    changes = [Change("type", "A", "B"), Change("definition", "SELECT 1\nFROM a", "SELECT 2\nFROM a")]
    assert list(change_lines(changes, "was", "is")) == [
        "type: was A, is B",
        "definition:",
        "  - SELECT 1",
        "  + SELECT 2",
    ]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["a"], "a", id="one"),
        pytest.param(["a", "b"], "a and b", id="two"),
        pytest.param(["a", "b", "c"], "a, b and c", id="three"),
    ],
)
def test_listed(words: list[str], text: str) -> None:
    assert listed(words) == text


def test_counted() -> None:
    assert (counted(1, "table"), counted(0, "table"), counted(2, "table")) == ("1 table", "0 tables", "2 tables")
