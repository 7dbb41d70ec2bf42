"""What create_all makes and what Alembic's operations make of the same table is the same catalog."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp
from alembic.runtime.migration import MigrationContext

from driftguard.catalog.sqlite import read
from driftguard.schema.catalog import Catalog, Scope
from driftguard.schema.diff import diff

Step = Callable[[Operations, sa.Connection], None]
Column, Integer, String = sa.Column, sa.Integer, sa.String


def table(*parts: sa.schema.SchemaItem, name: str = "t", **options: object) -> sa.Table:
    """A table with a key, beside the parent that foreign keys mean."""
    metadata = sa.MetaData()
    sa.Table("parent", metadata, Column("id", Integer, primary_key=True), Column("code", String(5), unique=True))
    return sa.Table(name, metadata, Column("id", Integer, primary_key=True), *parts, **options)


TABLES = [
    pytest.param(lambda: table(), id="a key alone"),
    pytest.param(lambda: table(Column("a", String(50), nullable=False), Column("b", sa.Numeric(10, 2))), id="types"),
    pytest.param(
        lambda: table(Column("a", String, server_default="it's"), Column("n", Integer, server_default="0")),
        id="defaults",
    ),
    pytest.param(
        lambda: table(Column("at", sa.DateTime, server_default=sa.func.current_timestamp())), id="the current time"
    ),
    pytest.param(
        lambda: table(Column("at", sa.DateTime, server_default=sa.text("(datetime('now'))"))), id="a computed default"
    ),
    pytest.param(
        lambda: table(Column("a", String, unique=True), Column("b", String, index=True)), id="unique and indexed"
    ),
    pytest.param(
        lambda: table(Column("a", String), Column("b", String), sa.UniqueConstraint("a", "b", name="uq")),
        id="a named unique",
    ),
    pytest.param(lambda: table(Column("p", Integer, sa.ForeignKey("parent.id"))), id="a foreign key"),
    pytest.param(
        lambda: table(
            Column("p", Integer, sa.ForeignKey("parent.id", ondelete="CASCADE", onupdate="SET NULL", name="fk")),
            Column("q", String, sa.ForeignKey("parent.code", deferrable=True, initially="DEFERRED", name="fq")),
        ),
        id="foreign keys with actions",
    ),
    pytest.param(lambda: table(Column("up", Integer, sa.ForeignKey("t.id"))), id="a table that means itself"),
    pytest.param(
        lambda: table(Column("select", String, index=True), Column("Two Words", Integer), name="Order"), id="odd names"
    ),
]
LOST_BY_BATCH = [
    pytest.param(lambda: table(Column("a", String(collation="NOCASE"))), id="a collation"),
    pytest.param(lambda: table(sqlite_autoincrement=True), id="AUTOINCREMENT"),
    pytest.param(
        lambda: table(Column("a", Integer), sa.Index("ix", sa.text("lower(a) DESC"), sqlite_where=sa.text("a > 0"))),
        id="an index with an expression and a predicate",
    ),
]
CHECKED = [
    pytest.param(lambda: table(Column("a", Integer), sa.CheckConstraint("a > 0", name="ck")), id="a named check"),
    pytest.param(
        lambda: table(Column("a", Integer), sa.CheckConstraint("a > 0 AND a IN (1, 2)")), id="an unnamed check"
    ),
    pytest.param(lambda: table(Column("a", sa.Boolean(create_constraint=True))), id="a boolean"),
    pytest.param(lambda: table(Column("a", sa.Enum("x", "Y", name="e", create_constraint=True))), id="an enum"),
    pytest.param(
        lambda: table(Column("a", Integer), Column("b", Integer, sa.Computed("a + 1"))), id="a computed column"
    ),
    pytest.param(lambda: table(sqlite_with_rowid=False), id="no rowid"),
]


def catalog_after(*steps: Step) -> Catalog:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        operations = Operations(MigrationContext.configure(connection))
        for step in steps:
            step(operations, connection)
        return read(lambda statement: [tuple(row) for row in connection.exec_driver_sql(statement)], Scope())


@pytest.mark.parametrize("make", [*TABLES, *LOST_BY_BATCH, *CHECKED])
def test_create_table_is_create_all(make: Callable[[], sa.Table]) -> None:
    def operate(operations: Operations, connection: sa.Connection) -> None:
        for each in make().metadata.sorted_tables:
            operations.invoke(CreateTableOp.from_table(each))
            for index in each.indexes:
                operations.create_index(
                    index.name, each.name, list(index.expressions), unique=index.unique, **index.kwargs
                )

    built = catalog_after(create_all(make))
    assert diff(built, catalog_after(operate)) == ()
    assert "sql" not in {attribute for each in built.objects for attribute, _ in each.facts}


def create_all(make: Callable[[], sa.Table]) -> Step:
    def step(_: Operations, connection: sa.Connection) -> None:
        make().metadata.create_all(connection)

    return step


def copy_twice(make: Callable[[], sa.Table]) -> Step:
    def step(operations: Operations, _: sa.Connection) -> None:
        with operations.batch_alter_table(make().name, recreate="always") as batch:
            batch.add_column(Column("extra", Integer))
        with operations.batch_alter_table(make().name, recreate="always") as batch:
            batch.drop_column("extra")

    return step


@pytest.mark.parametrize("make", TABLES)
def test_a_copy_by_batch_mode_is_the_table(make: Callable[[], sa.Table]) -> None:
    assert diff(catalog_after(create_all(make)), catalog_after(create_all(make), copy_twice(make))) == ()


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
@pytest.mark.parametrize("make", LOST_BY_BATCH)
def test_what_batch_mode_forgets_to_copy_is_told(make: Callable[[], sa.Table]) -> None:
    (difference,) = diff(catalog_after(create_all(make)), catalog_after(create_all(make), copy_twice(make)))
    assert difference.now is None or [change.now for change in difference.changes] == [None]


@pytest.mark.parametrize("make", [*TABLES, *LOST_BY_BATCH, *CHECKED])
def test_a_renamed_table_is_the_table(make: Callable[[], sa.Table]) -> None:
    def rename(operations: Operations, connection: sa.Connection) -> None:
        operations.rename_table(make().name, "meanwhile")
        operations.alter_column("meanwhile", "id", new_column_name="key")
        connection.exec_driver_sql('ALTER TABLE meanwhile RENAME COLUMN "key" TO id')
        operations.rename_table("meanwhile", make().name)

    assert diff(catalog_after(create_all(make)), catalog_after(create_all(make), rename)) == ()
