"""Two sides of a fork or a merge: what commutes, what does not, and what either order built."""

from __future__ import annotations

import pytest

from driftguard.checks.graph import GraphInput
from driftguard.checks.order import (
    Encounter,
    Order,
    OrderInput,
    Trial,
    branches_touch_same_object,
    encounters,
    meetings,
    order_matters,
)
from driftguard.checks.replay import FailedUpgrade
from driftguard.findings import Finding, Place
from driftguard.graph import Graph, Revision
from driftguard.schema.catalog import Catalog, Name, make_catalog, make_object

HEAD = "import sqlalchemy as sa\nfrom alembic import op\n\ndef upgrade():\n    "
FIRST_LINE = 5


def rev(id_: str, down: str = "", after: str = "", labels: str = "") -> Revision:
    return Revision(
        id_, tuple(down.split()), tuple(after.split()), tuple(labels.split()), f"v/{id_}.py", 1, 2, location="v"
    )


FORK = (rev("base"), rev("left", "base"), rev("right", "base"))
MERGED = (*FORK, rev("merge", "left right"))


def given(graph: Graph, new: frozenset[str] | None = None) -> GraphInput:
    """All revisions are new, or these."""
    return GraphInput(graph) if new is None else GraphInput(graph, is_new=new.__contains__)


def met(graph: Graph, new: frozenset[str] | None = None, **bodies: str) -> tuple[Encounter, ...]:
    sources = {f"v/{id_}.py": f"{HEAD}{body}\n".encode() for id_, body in bodies.items()}
    return encounters(graph, meetings(given(graph, new)), sources)


def told(*found: Encounter, graph: Graph | None = None) -> list[Finding]:
    given = OrderInput(graph or Graph(FORK), found)
    return [*branches_touch_same_object(given), *order_matters(given)]


ADD = 'op.add_column("students", sa.Column("{}", sa.Integer()))'
ALTER = 'op.alter_column("students", "{}", nullable=False)'


@pytest.mark.parametrize(
    ("left", "right", "subject"),
    [
        pytest.param(ADD.format("age"), ADD.format("age"), "students.age", id="both add one column"),
        pytest.param(
            ADD.format("age"),
            'op.execute("ALTER TABLE public.students ADD COLUMN AGE int")',
            "students.age",
            id="both add one column, one of them in SQL",
        ),
        pytest.param(ALTER.format("age"), 'op.drop_column("students", "age")', "students.age", id="alter and drop"),
        pytest.param(ALTER.format("age"), ALTER.format("age"), "students.age", id="both alter one column"),
        pytest.param(
            'op.alter_column("students", "age", new_column_name="years")',
            ALTER.format("age"),
            "students.age",
            id="renamed",
        ),
        pytest.param(
            'op.alter_column("students", "age", new_column_name="years")',
            ADD.format("years"),
            "students.years",
            id="renamed to what the other one adds",
        ),
        pytest.param(
            'op.alter_column("students", "age", new_column_name="years")',
            'op.create_index("ix", "students", ["age"])',
            "students.age",
            id="renamed below an index",
        ),
        pytest.param(
            'op.alter_column("schools", "id", new_column_name="key")',
            'op.create_foreign_key("fk", "students", "schools", ["school"], ["id"])',
            "schools.id",
            id="renamed below a foreign key",
        ),
        pytest.param(
            'op.alter_column("students", "age", new_column_name="years")',
            'op.create_check_constraint("ck", "students", "age > 3")',
            "students.age",
            id="renamed below a check",
        ),
        pytest.param('op.drop_table("students")', ADD.format("age"), "students", id="dropped below a new column"),
        pytest.param(
            'op.rename_table("students", "pupils")',
            'with op.batch_alter_table("students") as b:\n        b.drop_constraint("ck")',
            "students",
            id="a renamed table whose constraint goes",
        ),
        pytest.param(
            'op.create_table("marks", sa.Column("id"))',
            'op.create_table("marks", sa.Column("key"))',
            "marks",
            id="both create one table",
        ),
        pytest.param(
            'op.create_index("ix", "students", ["a"])',
            'op.create_index("ix", "students", ["b"])',
            "index ix",
            id="one name for two indexes",
        ),
        pytest.param(
            'op.create_index("ix", "students", ["a"])', 'op.execute("DROP INDEX ix")', "index ix", id="an index goes"
        ),
        pytest.param(
            'op.drop_constraint("ck", "students")',
            'op.create_unique_constraint("ck", "students", ["a"])',
            "constraint ck",
            id="a constraint goes and comes",
        ),
        pytest.param(
            'op.create_primary_key("a", "students", ["a"])',
            'op.create_primary_key("b", "students", ["b"])',
            "constraint PRIMARY KEY",
            id="two primary keys",
        ),
        pytest.param(
            'op.alter_column("students", "age", type_=sa.Text())',
            'op.execute("UPDATE students SET age = 3")',
            "students.age",
            id="filled, and of another type",
        ),
        pytest.param(
            ALTER.format("age"),
            's = sa.table("students", sa.column("age"))\n    op.get_bind().execute(s.update().values(age=0))',
            "students.age",
            id="filled by a table object, and NOT NULL",
        ),
        pytest.param(
            "op.execute(\"ALTER TYPE status ADD VALUE 'a'\")",
            "op.execute(\"ALTER TYPE status ADD VALUE 'b'\")",
            "type status",
            id="both add to one enum",
        ),
        pytest.param(
            'op.create_table("a", sa.Column("s", sa.Enum("x", name="status")))',
            'op.create_table("b", sa.Column("s", sa.Enum("x", name="status")))',
            "type status",
            id="both create one enum",
        ),
        pytest.param(
            'op.execute("CREATE VIEW v AS SELECT * FROM students")', ADD.format("age"), "students.age", id="SELECT *"
        ),
        pytest.param(
            'op.execute("DROP VIEW v")', 'op.execute("CREATE OR REPLACE VIEW v AS SELECT 1")', "v", id="one view"
        ),
        pytest.param('op.drop_table("t", schema="s")', 'op.execute("DROP SCHEMA s")', "schema s", id="a schema goes"),
        pytest.param(
            'op.create_table_comment("t", "a")', 'op.create_table_comment("t", "b")', "t", id="both comment on a table"
        ),
    ],
)
def test_what_does_not_commute(left: str, right: str, subject: str) -> None:
    for one, other in ((left, right), (right, left)):
        [found] = told(*met(Graph(FORK), left=one, right=other))
        assert (found.code, found.subject) == ("DG111", subject)
        assert found.place is not None
        assert found.place.path == "v/left.py"
        assert any(detail.startswith("v/right.py:") for detail in found.details)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(ADD.format("age"), ADD.format("size"), id="different columns of one table"),
        pytest.param(ADD.format("age"), 'op.drop_column("students", "size")', id="add one, drop another"),
        pytest.param(ALTER.format("age"), ALTER.format("size"), id="alter different columns"),
        pytest.param(ALTER.format("age"), 'op.alter_column("schools", "age", nullable=True)', id="in different tables"),
        pytest.param(
            ALTER.format("age"), 'op.alter_column("students", "age", schema="s", nullable=True)', id="in other schemas"
        ),
        pytest.param(
            'op.execute("ALTER TABLE students ADD a int")', 'op.execute("ALTER TABLE students ADD b int")', id="in SQL"
        ),
        pytest.param(
            'op.create_index("ix", "students", ["age"])', 'op.create_index("iy", "students", ["age"])', id="two indexes"
        ),
        pytest.param(
            'op.create_index("ix", "a", ["age"])', 'op.create_index("ix", "b", ["age"])', id="one name, two tables"
        ),
        pytest.param(ADD.format("age"), 'op.create_index("ix", "students", ["name"])', id="a column, an index"),
        pytest.param(
            'op.create_table("a", sa.Column("s", sa.ForeignKey("students.id")))',
            'op.create_table("b", sa.Column("s", sa.ForeignKey("students.id")))',
            id="two tables that refer to one",
        ),
        pytest.param(
            'op.create_table("a", sa.Column("s", sa.ForeignKey("students.id")))', ADD.format("age"), id="referred to"
        ),
        pytest.param(
            'op.create_foreign_key("fk", "a", "students", ["s"], ["id"])', ALTER.format("name"), id="another column"
        ),
        pytest.param(
            'op.create_check_constraint(None, "t", "a > 0")',
            'op.create_check_constraint(None, "t", "b > 0")',
            id="two checks without a name",
        ),
        pytest.param(
            'op.execute("UPDATE students SET age = 3")', 'op.execute("UPDATE students SET age = 4")', id="both fill"
        ),
        pytest.param(
            "op.execute(\"INSERT INTO roles (name) VALUES ('a')\")",
            "op.execute(\"INSERT INTO roles (name) VALUES ('b')\")",
            id="both insert",
        ),
        pytest.param(
            "op.execute(\"INSERT INTO students (name) VALUES ('a')\")",
            ADD.format("age"),
            id="insert, and a column that it does not name",
        ),
        pytest.param('op.execute("UPDATE students SET age = 3")', ALTER.format("name"), id="another one is filled"),
        pytest.param('op.execute("DELETE FROM students")', ADD.format("age"), id="rows go, a column comes"),
        pytest.param(
            "op.execute(\"ALTER TYPE status ADD VALUE 'a'\")",
            'op.add_column("a", sa.Column("s", sa.Enum(name="status")))',
            id="an enum grows and is used",
        ),
        pytest.param(
            "op.execute(\"ALTER TYPE a ADD VALUE 'x'\")", "op.execute(\"ALTER TYPE b ADD VALUE 'x'\")", id="two enums"
        ),
        pytest.param(
            'op.execute("CREATE VIEW v AS SELECT name FROM students")', ADD.format("age"), id="a view of other columns"
        ),
        pytest.param(
            'op.execute("CREATE EXTENSION IF NOT EXISTS a")',
            'op.execute("CREATE EXTENSION IF NOT EXISTS a")',
            id="both make sure of an extension",
        ),
        pytest.param('op.execute("DO $$ BEGIN END $$")', ADD.format("age"), id="SQL that nobody can read"),
        pytest.param("op.drop_table(name())", ADD.format("age"), id="a name that nobody knows"),
        pytest.param("pass", 'op.drop_table("students")', id="one side does nothing"),
        pytest.param("pass", "pass", id="nobody does anything"),
    ],
)
def test_what_commutes(left: str, right: str) -> None:
    assert told(*met(Graph(FORK), left=left, right=right)) == []
    assert told(*met(Graph(FORK), left=right, right=left)) == []


@pytest.mark.parametrize(
    ("revisions", "new", "pairs"),
    [
        pytest.param(FORK[:2], None, [], id="a line"),
        pytest.param(FORK, None, [("", "left", "right")], id="a fork"),
        pytest.param(FORK, frozenset(), [("", "left", "right")], id="a fork that the base branch has, too"),
        pytest.param(
            (*FORK, rev("third", "base")),
            None,
            [("", "left", "right"), ("", "left", "third"), ("", "right", "third")],
            id="three heads",
        ),
        pytest.param(MERGED, None, [("merge", "left", "right")], id="a merge at the tip"),
        pytest.param(
            (*MERGED, rev("next", "merge")),
            frozenset({"merge", "next"}),
            [("merge", "left", "right")],
            id="a new merge that something follows",
        ),
        pytest.param(MERGED, frozenset({"left", "right"}), [], id="a merge that the base branch has"),
        pytest.param(MERGED, frozenset({"merge", "gone"}), [("merge", "left", "right")], id="new, but not here"),
        pytest.param(
            (rev("base"), rev("left", "base", labels="a"), rev("right", "base", labels="b")), None, [], id="labelled"
        ),
        pytest.param((*FORK, rev("lost", "gone")), None, [], id="a graph that Alembic cannot load"),
    ],
)
def test_what_is_judged(
    revisions: tuple[Revision, ...], new: frozenset[str] | None, pairs: list[tuple[str, str, str]]
) -> None:
    assert [(each.merge, *each.ends) for each in meetings(given(Graph(revisions), new))] == pairs


def test_a_side_is_all_that_the_other_one_lacks() -> None:
    graph = Graph((*FORK, rev("left2", "left"), rev("merge", "left2 right")))
    [found] = told(*met(graph, left=ALTER.format("age"), left2="pass", right=ALTER.format("age")), graph=graph)
    assert found.message == "left alters students.age, right alters students.age, and merge joins them in no order"
    assert found.place == Place("v/left.py", FIRST_LINE)
    assert 'write depends_on = "left2" at v/right.py:2' in found.help


def test_a_dependency_is_an_order() -> None:
    graph = Graph((*FORK[:2], rev("right", "base", after="left")))
    assert told(*met(graph, left=ALTER.format("age"), right=ALTER.format("age")), graph=graph) == []


def test_what_cannot_be_told_is_said_beside_a_conflict() -> None:
    [found] = told(*met(Graph(FORK), left=f"{ALTER.format('age')}\n    op.execute(SQL)", right=ALTER.format("age")))
    assert "v/left.py:6 left: op.execute(SQL) (it does not say what it touches)" in found.details


@pytest.mark.parametrize(
    ("left", "right", "worth"),
    [
        pytest.param(ALTER.format("a"), ALTER.format("a"), True, id="a conflict"),
        pytest.param("op.execute(SQL)", ADD.format("a"), True, id="something unknown"),
        pytest.param("op.execute(SQL)", "pass", False, id="something unknown, and nothing"),
        pytest.param(ADD.format("a"), ADD.format("b"), False, id="what commutes"),
        pytest.param('op.execute("DO $$ BEGIN END $$")', ADD.format("a"), False, id="SQL that does not name the table"),
        pytest.param('op.execute("DO $$ students $$")', ADD.format("a"), True, id="SQL that names the table"),
    ],
)
def test_what_is_worth_trying(left: str, right: str, worth: bool) -> None:
    [found] = met(Graph(FORK), left=left, right=right)
    assert found.is_worth_trying is worth


def catalog(*types: str) -> Catalog:
    columns = (make_object(Name("column", "", "students", f"c{i}"), {"type": each}) for i, each in enumerate(types))
    return make_catalog("sqlite", "3", columns)


FAILED = FailedUpgrade("right", "ALTER TABLE x", "no such table: x", (), Place("v/right.py", 5), "")
SAME = Trial("", (Order("left", "right", catalog("int"), None), Order("right", "left", catalog("int"), None)))
OTHER = Trial("", (Order("left", "right", catalog("int"), None), Order("right", "left", catalog("text"), None)))
MORE = Trial("", (Order("left", "right", catalog("int"), None), Order("right", "left", catalog("int", "int"), None)))
FAILS = Trial("shop", (Order("left", "right", None, FAILED), Order("right", "left", catalog("int"), None)))
FAILS_BACK = Trial("shop", (Order("left", "right", catalog("int"), None), Order("right", "left", None, FAILED)))
FAIL = Trial("", (Order("left", "right", None, FAILED), Order("right", "left", None, FAILED)))
FILLS = 'op.execute("UPDATE students SET age = 0")'


@pytest.mark.parametrize(
    ("right", "trials", "codes"),
    [
        pytest.param(ALTER, (), ["DG111"], id="not tried"),
        pytest.param(ALTER, (SAME,), [], id="proven not to matter"),
        pytest.param(FILLS, (SAME,), ["DG111"], id="the schema is the same, rows may not be"),
        pytest.param(ALTER, (OTHER,), ["DG111", "DG407"], id="another schema"),
        pytest.param(ALTER, (SAME, OTHER), ["DG111", "DG407"], id="another schema in one of two databases"),
        pytest.param(ALTER, (MORE,), ["DG111", "DG407"], id="one more object"),
        pytest.param(ALTER, (FAILS,), ["DG111", "DG407"], id="one order fails"),
        pytest.param(ALTER, (FAIL,), ["DG111"], id="both fail, which the replay tells"),
        pytest.param("op.execute(SQL)", (SAME,), [], id="unknown, and the same"),
        pytest.param("op.execute(SQL)", (OTHER,), ["DG407"], id="unknown, and not the same"),
        pytest.param("op.execute(SQL)", (), [], id="unknown, and not tried"),
    ],
)
def test_what_trials_settle(right: str, trials: tuple[Trial, ...], codes: list[str]) -> None:
    [found] = met(Graph(FORK), left=ALTER.format("age"), right=right.format("age"))
    assert [each.code for each in told(found._replace(trials=trials))] == codes


def test_what_differs_is_told_for_either_order() -> None:
    [found] = met(Graph(FORK), left="op.execute(SQL)", right=ADD.format("age"))
    [differs] = told(found._replace(trials=(OTHER,)))
    assert differs.subject == "students.c0"
    assert differs.message == ("students.c0 is not the same when left runs before right as when right runs before left")
    assert differs.details == ("students.c0: type: left first: int, right first: text",)
    [more] = told(found._replace(trials=(MORE,)))
    assert more.details == ("students.c1: only with right first",)


@pytest.mark.parametrize(("trial", "way_out"), [(FAILS, ("right", "left")), (FAILS_BACK, ("left", "right"))])
def test_the_way_out_is_the_order_that_goes_through(trial: Trial, way_out: tuple[str, str]) -> None:
    [found] = met(Graph(FORK), left="op.execute(SQL)", right=ADD.format("age"))
    [fails] = told(found._replace(trials=(trial,)))
    first, second = way_out
    assert (fails.subject, fails.place, fails.database) == ("right", FAILED.place, "shop")
    assert f"fails where the side of {second} runs before that of {first}" in fails.message
    assert f'if {second} has run nowhere else, write down_revision = "{first}" at v/{second}.py:2' in fails.help
