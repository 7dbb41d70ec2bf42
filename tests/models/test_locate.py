"""Snippets, each with ``# expect: OBJECT`` beside the line where the locator must find that object."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import dedent

import pytest

from driftguard.models.locate import SourcePlace, locate
from driftguard.schema.operations import ClassSource, ModelSources, TableSource

MARKER = re.compile(r"# expect: (.+)$")


def expected_places(files: dict[str, str]) -> set[tuple[str, str, int]]:
    """(object, file, line) of every marker; one marker may name several objects, separated by commas."""
    return {
        (name.strip(), file, number)
        for file, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (marker := MARKER.search(line))
        for name in marker[1].split(",")
    }


def found_places(sources: ModelSources, files: dict[str, str], names: Iterable[str]) -> set[tuple[str, str, int]]:
    locator = locate(sources, files.get)
    found = set()
    for name in names:
        table, _, inner = name.partition(".")
        if place := locator.find("", table, inner):
            found.add((name, place.file, place.line))
    return found


def mapped(*qualnames: str, table: str = "students", attributes: dict[str, str] | None = None) -> ModelSources:
    pairs = tuple((attributes or {}).items())
    classes = tuple(ClassSource("/p/m.py", qualname, pairs) for qualname in qualnames)
    return ModelSources((TableSource("", table, classes),), ("/p/m.py",))


CORE = ModelSources((TableSource("", "students"),), ("/p/m.py",))


@pytest.mark.parametrize(
    ("sources", "source"),
    [
        pytest.param(
            CORE,
            """
            students = Table(  # expect: students
                "students", metadata,
                Column("id", Integer),  # expect: students.id
                sa.Column(  # expect: students.age
                    "age",
                    Integer,
                ),
                Index(
                    "ix_students_age",  # expect: students.ix_students_age
                    "age",
                ),
            )
            pupils = Table("pupils", metadata, Column("age", Integer))
            """,
            id="a core table, with a column over several lines",
        ),
        pytest.param(
            CORE,
            """
            from sqlalchemy import Table as T, Column as C
            PREFIX = "stu"
            NAME = PREFIX + "dents"
            students = T(  # expect: students
                NAME, metadata,
                C("age", Integer),  # expect: students.age
            )
            """,
            id="a core table named by a constant and made by aliases",
        ),
        pytest.param(
            CORE,
            """
            students = db.Table("students", db.Column("id", db.Integer))  # expect: students, students.id
            other = db.Table("other", db.Column("id", db.Integer))
            """,
            id="a Flask-SQLAlchemy table on one line",
        ),
        pytest.param(
            CORE,
            """
            identity = Column("id", Integer)  # expect: students.id
            def stamps():
                return [Column("created", DateTime)]  # expect: students.created
            students = Table("students", metadata, identity, *stamps())  # expect: students
            students.append_column(Column("age", Integer))  # expect: students.age
            """,
            id="columns that stand beside the table",
        ),
        pytest.param(
            CORE,
            """
            def build(metadata):
                if True:
                    return Table("students", metadata, id_column("id"))  # expect: students, students.id
            """,
            id="a table in a function, with a column maker of the project's own",
        ),
        pytest.param(
            mapped("Student"),
            """
            class Student(Base):  # expect: students
                __tablename__ = "students"
                id = Column(Integer, primary_key=True)  # expect: students.id
                age: Mapped[int]  # expect: students.age
                name: Mapped[str] = mapped_column(  # expect: students.name
                    String(50),
                )
            """,
            id="a declarative class with assigned and annotated columns",
        ),
        pytest.param(
            mapped("Student", attributes={"years": "age", "age": "years"}),
            """
            class Student(Base):  # expect: students
                age = Column("years", Integer)  # expect: students.years
                years = Column("age", Integer)  # expect: students.age
            """,
            id="attributes that are named unlike their columns",
        ),
        pytest.param(
            mapped("Student"),
            """
            class Student(Base):  # expect: students
                age = Column("years", Integer)  # expect: students.years
                bio = deferred(  # expect: students.biography
                    Column("biography", Text))
            """,
            id="spelled column names without a known attribute",
        ),
        pytest.param(
            mapped("Student", "Person"),
            """
            class Person:
                name = Column(String)  # expect: students.name
                age = Column(Integer)
            class Student(Person, Base):  # expect: students
                age = Column(BigInteger)  # expect: students.age
            """,
            id="a column of a base, and one that the class declares again",
        ),
        pytest.param(
            mapped("School.Student"),
            """
            class Student:
                age = 1
            class School:
                class Student(Base):  # expect: students
                    age = Column(Integer)  # expect: students.age
            """,
            id="a nested class",
        ),
        pytest.param(
            mapped("make.<locals>.Student"),
            """
            class Student:
                age = 1
            def make():
                try:
                    class Student(Base):  # expect: students
                        age = Column(Integer)  # expect: students.age
                finally:
                    pass
            """,
            id="a class made inside a function",
        ),
        pytest.param(
            mapped("Student"),
            """
            class Student(Old):
                age = Column(Integer)
            class Student(Base):  # expect: students
                age = Column(Integer)  # expect: students.age
            """,
            id="of two classes with one name, the last",
        ),
        pytest.param(
            mapped("Student"),
            """
            class Student(Base):  # expect: students
                @declared_attr
                def owner_id(cls):  # expect: students.owner_id
                    return Column(ForeignKey("users.id"))
            Student.age = Column(Integer)  # expect: students.age
            """,
            id="a declared attribute, and a column added below the class",
        ),
        pytest.param(
            mapped("Student"),
            """
            students = Table("students", metadata,  # expect: students
                Column("age", Integer))  # expect: students.age
            class Student:
                pass
            mapper_registry.map_imperatively(Student, students)
            """,
            id="an imperative mapping: the table, not the class",
        ),
        pytest.param(
            mapped("Student"),
            """
            students = Table("students", metadata,
                Column("age", Integer))  # expect: students.age
            class Student(Base):  # expect: students
                __table__ = students
            """,
            id="a class around a core table: the class, with the table's columns",
        ),
        pytest.param(
            mapped("Student"),
            """
            class Student(Base):  # expect: students
                __table__ = Table("students", Base.metadata,
                    Column("id", Integer),
                    Column("age", Integer))  # expect: students.age
            """,
            id="a table inside the class",
        ),
        pytest.param(
            mapped("Student"),
            """
            class Student(SQLModel, table=True):  # expect: students
                age: int = Field("unknown", index=True)  # expect: students.age, students.ix_students_age
                name: str = Field(sa_column=Column("full_name", String))  # expect: students.full_name
            """,
            id="SQLModel fields, whose first argument is a default",
        ),
        pytest.param(
            mapped("Student"),
            """
            class Student(Base):  # expect: students, students.ck_unheard_of
                first = Column(String, unique=True)  # expect: students.uq_students_first
                email = Column(String, index=True)  # expect: students.ix_students_email
                dept_id = Column(ForeignKey("depts.id"))  # expect: students.fk_students_dept_id_depts
                __table_args__ = (
                    UniqueConstraint("first", "last", name="uq_names"),  # expect: students.uq_names
                    UniqueConstraint("first", "email"),  # expect: students.uq_students_first_email
                    CheckConstraint("age > 0", name=f"ck_{AGE}"),  # expect: students.ck_age
                    ForeignKeyConstraint(["town", "zip"], ["a.x", "a.y"]),  # expect: students.fk_town_zip
                )
            AGE = "age"
            Index("ix_below", Student.first)  # expect: students.ix_below
            """,
            id="indexes and constraints by spelled name, by derived name, or else the class",
        ),
    ],
)
def test_found_at_the_marked_lines(sources: ModelSources, source: str) -> None:
    files = {"/p/m.py": dedent(source)}
    expected = expected_places(files)
    assert found_places(sources, files, [name for name, _, _ in expected]) == expected


@pytest.mark.parametrize(
    ("sources", "files", "name"),
    [
        pytest.param(mapped("Student"), {}, "students", id="a file that cannot be read"),
        pytest.param(mapped("Student"), {"/p/m.py": "class Student(:"}, "students", id="newer or broken syntax"),
        pytest.param(mapped("Student"), {"/p/m.py": "a = 1\0"}, "students", id="a null byte"),
        pytest.param(mapped("Student"), {"/p/m.py": "x = " + "-" * 20000 + "1"}, "students", id="absurd nesting"),
        pytest.param(mapped("Student"), {"/p/m.py": "class Pupil: pass"}, "students", id="a class made at run time"),
        pytest.param(CORE, {"/p/m.py": 'Table("pupils", m, Column("id"))'}, "students", id="another table"),
        pytest.param(CORE, {"/p/m.py": "Table(name, m, Column('id'))"}, "students", id="a name made at run time"),
        pytest.param(
            CORE,
            {"/p/m.py": 'op.create_table("students", Column("id"))'},
            "students",
            id="a directive of a revision",
        ),
        pytest.param(CORE, {"/p/m.py": 'Table("students", m, schema="old")'}, "students", id="another schema"),
        pytest.param(ModelSources(), {"/p/m.py": "class Student: id = Column()"}, "students", id="no source at all"),
    ],
)
def test_no_place_rather_than_a_wrong_one(sources: ModelSources, files: dict[str, str], name: str) -> None:
    assert locate(sources, files.get).find("", name, "") is None


@pytest.mark.parametrize(
    ("source", "column"),
    [
        pytest.param("class Student(Base):\n    age = Column(Integer)", "name", id="a column set at run time"),
        pytest.param("class Student(Base):\n    age = Column('years', Integer)", "age", id="an attribute of that name"),
        pytest.param('class Student(Base):\n    def f(self): return g("age")', "age", id="a text in a method"),
    ],
)
def test_an_unknown_column_has_no_place_but_its_table_has(source: str, column: str) -> None:
    locator = locate(mapped("Student"), {"/p/m.py": source}.get)
    assert locator.column("", "students", column) is None
    assert locator.find("", "students", column) == SourcePlace("/p/m.py", 1)


def test_a_constant_of_another_file_names_the_table() -> None:
    files = {
        "/p/names.py": 'STUDENTS = "students"',
        "/p/m.py": "from names import STUDENTS as S\nTable(S, metadata)",
    }
    sources = ModelSources((), ("/p/m.py", "/p/names.py"))
    assert locate(sources, files.get).table("", "students") == SourcePlace("/p/m.py", 2)


def test_the_schema_tells_two_tables_of_one_name_apart() -> None:
    files = {"/p/m.py": 'Table("logs", m, schema="old")\nTable("logs", m)\nTable("logs", m, schema="new")'}
    locator = locate(ModelSources((), ("/p/m.py",)), files.get)
    places = [locator.table(schema, "logs") for schema in ("old", "", "new", "from_metadata")]
    assert [place and place.line for place in places] == [1, 2, 3, 2]


def test_a_mixin_in_another_file() -> None:
    files = {
        "/p/m.py": "class Student(Stamped, Base):\n    id = Column(Integer)",
        "/p/x.py": "class Stamped:\n    at: Mapped[int]",
    }
    classes = (ClassSource("/p/m.py", "Student"), ClassSource("/p/x.py", "Stamped"))
    locator = locate(ModelSources((TableSource("", "students", classes),)), files.get)
    assert locator.column("", "students", "at") == SourcePlace("/p/x.py", 2)


def test_every_file_is_read_once() -> None:
    read: list[str] = []

    def reading(path: str) -> str:
        read.append(path)
        return 'class Student(Base):\n    age = Column(Integer)\nTable("pupils", m)'

    locator = locate(mapped("Student"), reading)
    assert read == []
    for name in ("age", "name", "ix_age", ""):
        locator.find("", "students", name)
        locator.find("", "pupils", name)
    assert read == ["/p/m.py"]
