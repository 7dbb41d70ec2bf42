"""Real mappings: every table, column and named object is found exactly at the line that its marker names."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapper

from driftguard.models.locate import locate
from driftguard.schema.operations import ClassSource, ModelSources, TableSource

DECLARATIVE = """
    from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, String, UniqueConstraint
    from sqlalchemy.orm import declarative_base, declared_attr, deferred

    metadata = MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    })
    Base = declarative_base(metadata=metadata)

    class Named:
        name = Column(String(50), index=True)  # expect: departments.name, departments.ix_departments_name

        @declared_attr
        def code(cls):  # expect: departments.code
            return Column(String(8))

    class Model(Base):
        __abstract__ = True
        id = Column(Integer, primary_key=True)  # expect: departments.id, students.id

    class Department(Named, Model):  # expect: departments
        __tablename__ = "departments"
        __mapper_args__ = {"confirm_deleted_rows": False}

    class Student(Model):  # expect: students
        __tablename__ = "students"
        first_name = Column(String(50))  # expect: students.first_name
        surname = Column("last_name", String(50))  # expect: students.last_name
        biography = deferred(Column(String))  # expect: students.biography
        email = Column(  # expect: students.email, students.uq_students_email
            String(100),
            unique=True,
        )
        department_id = Column(  # expect: students.department_id, students.fk_students_department_id_departments
            ForeignKey("departments.id")
        )
        __table_args__ = (
            Index(
                "ix_full_name",  # expect: students.ix_full_name
                "first_name",
                "last_name",
            ),
            UniqueConstraint(first_name, surname, name="uq_full_name"),  # expect: students.uq_full_name
        )
"""

MAPPED = """
    from __future__ import annotations
    from datetime import datetime
    from typing import Annotated, Optional
    from sqlalchemy import ForeignKey, String
    from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

    text = Annotated[str, mapped_column(String(50))]

    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Stamped(MappedAsDataclass):
        created: Mapped[datetime]  # expect: students.created

    class Student(Stamped, Base):  # expect: students
        __tablename__ = "students"
        id: Mapped[int] = mapped_column(init=False, primary_key=True)  # expect: students.id
        age: Mapped[int]  # expect: students.age
        name: Mapped[text]  # expect: students.name
        nick: Mapped[Optional[str]] = mapped_column(  # expect: students.nickname
            "nickname", String(20), default=None
        )

    def make():
        class Mark(Base):  # expect: marks
            __tablename__ = "marks"
            id: Mapped[int] = mapped_column(init=False, primary_key=True)  # expect: marks.id
            student_id: Mapped[int] = mapped_column(ForeignKey("students.id"))  # expect: marks.student_id
        return Mark

    Mark = make()
    metadata = Base.metadata
"""

CORE = """
    import sqlalchemy as sa
    from sqlalchemy.orm import registry

    mapper_registry = registry()
    metadata = mapper_registry.metadata
    STUDENTS = "students"

    students = sa.Table(  # expect: students
        STUDENTS,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),  # expect: students.id
        sa.Column(  # expect: students.age
            "age",
            sa.Integer,
        ),
        sa.Index("ix_students_age", "age"),  # expect: students.ix_students_age
    )
    items_tags = sa.Table("items_tags", metadata,  # expect: items_tags
        sa.Column("item_id", sa.Integer), sa.Column("tag", sa.Integer))  # expect: items_tags.item_id, items_tags.tag

    class Student:
        pass

    mapper_registry.map_imperatively(Student, students)
"""

FLASK = """
    from flask_sqlalchemy import SQLAlchemy

    db = SQLAlchemy()

    class Animal(db.Model):  # expect: animal
        id = db.Column(db.Integer, primary_key=True)  # expect: animal.id
        kind = db.Column(db.String(9))  # expect: animal.kind

    class GuideDog(Animal):  # expect: guide_dog
        id = db.Column(db.ForeignKey(Animal.id), primary_key=True)  # expect: guide_dog.id
        owner = db.Column(db.String, nullable=False)  # expect: guide_dog.owner

    walks = db.Table("walks",  # expect: walks
        db.Column("dog_id", db.ForeignKey(GuideDog.id)))  # expect: walks.dog_id
    metadata = db.metadata
"""


def markers(source: str) -> set[tuple[str, int]]:
    """(object, line) of every ``# expect: object, object``."""
    return {
        (name.strip(), number)
        for number, line in enumerate(source.splitlines(), 1)
        if "# expect: " in line
        for name in line.partition("# expect: ")[2].split(",")
    }


@pytest.fixture
def imported() -> Iterator[list[ModuleType]]:
    """A list whose modules are forgotten by the interpreter at the end."""
    modules: list[ModuleType] = []
    yield modules
    for module in modules:
        del sys.modules[module.__name__]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"models_{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def sources_of(module: ModuleType, metadata: MetaData) -> ModelSources:
    file = str(module.__file__)
    mappers = {
        mapper.local_table: mapper
        for value in vars(module).values()
        if isinstance(mapper := getattr(value, "__mapper__", None), Mapper)
    }
    return ModelSources(
        tuple(
            TableSource(table.schema or "", table.name, class_sources(mappers.get(table), module))
            for table in metadata.tables.values()
        ),
        (file,),
    )


def class_sources(mapper: Mapper[object] | None, module: ModuleType) -> tuple[ClassSource, ...]:
    if mapper is None:
        return ()
    attributes = tuple(
        (column.name, mapper.get_property_by_column(column).key) for column in mapper.local_table.columns
    )
    return tuple(
        ClassSource(str(module.__file__), cls.__qualname__, attributes)
        for cls in mapper.class_.__mro__
        if cls.__module__ == module.__name__
    )


def names_in(metadata: MetaData) -> Iterator[tuple[str, str, str]]:
    """(schema, table, name) of every table, column, index and named constraint; a primary key has no line."""
    for table in metadata.tables.values():
        yield table.schema or "", table.name, ""
        constraints = {item.name for item in table.constraints if isinstance(item.name, str)}
        inner = {*(column.name for column in table.columns), *(str(index.name) for index in table.indexes)}
        for name in sorted(inner | constraints):
            yield table.schema or "", table.name, name


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(DECLARATIVE, id="declarative, with mixins, an abstract base and a naming convention"),
        pytest.param(MAPPED, id="Mapped[...] dataclasses, with a class made in a function"),
        pytest.param(CORE, id="Core tables, one mapped imperatively"),
        pytest.param(FLASK, id="Flask-SQLAlchemy with table names of its own making"),
    ],
)
def test_every_object_is_where_its_marker_says(source: str, tmp_path: Path, imported: list[ModuleType]) -> None:
    path = tmp_path / "models.py"
    path.write_text(dedent(source))
    module = load(path)
    imported.append(module)
    sources = sources_of(module, module.metadata)
    locator = locate(sources, lambda file: Path(file).read_text())
    found = {
        (f"{table}.{name}".rstrip("."), place.line)
        for schema, table, name in names_in(module.metadata)
        if (place := locator.find(schema, table, name))
    }
    assert found == markers(path.read_text())
