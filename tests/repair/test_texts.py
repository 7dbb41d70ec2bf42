"""What is written into revisions and scripts means what was tried, and what is lost is said."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from driftguard.catalog.losses import losses
from driftguard.facts.adopting import lines
from driftguard.schema.catalog import Name, Object, make_object
from driftguard.schema.diff import Difference
from driftguard.schema.plan import Manner, Step, in_working_order, script


class Operations:
    """What op.execute() is given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def execute(self, statement: str) -> None:
        self.given.append(statement)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("DROP TABLE t", id="a plain one"),
        pytest.param("ALTER TABLE t ALTER a SET DEFAULT 'x'::character varying", id="a cast"),
        pytest.param('ALTER TABLE t ALTER a SET DEFAULT \'{"a":1, "b": :c}\'', id="JSON and a parameter"),
        pytest.param("ALTER TABLE t ALTER a SET DEFAULT '12:30:00 :x ::y'", id="colons of all kinds"),
        pytest.param("COMMENT ON TABLE t IS 'back\\slash, 100 %, it''s \"so\"'", id="a backslash, quotes, a percent"),
        pytest.param('CREATE FUNCTION f()\nAS $$ BEGIN\n  x := """; END $$', id="lines and three quotes"),
        pytest.param('CREATE VIEW v AS\n SELECT 1 AS "a"', id="lines that end with a quote"),
        pytest.param("COMMENT ON TABLE t IS '🚀 naïve {x}'", id="other letters"),
    ],
)
def test_a_line_of_a_revision_executes_the_statement(statement: str) -> None:
    operations = Operations()
    [line] = lines([f"{statement};"])
    exec(line, {"op": operations})
    [given] = operations.given
    for dialect in (postgresql.dialect(), sqlite.dialect()):
        compiled: Any = text(given).compile(dialect=dialect)
        assert not compiled.params
        assert str(compiled).replace("%%", "%").rstrip() == statement.rstrip()


def test_sqlite_copies_only_where_no_row_can_go_with_it() -> None:
    body = list(lines(["CREATE TABLE x (a)", "PRAGMA legacy_alter_table = ON;"]))
    assert "foreign_keys = OFF" in "\n".join(body)
    assert "raise RuntimeError" in "\n".join(body)
    compile("\n".join(body), "revision", "exec")


def test_a_semicolon_inside_gets_another_delimiter() -> None:
    manner = Manner((), (), False, ("BEGIN;",), ("COMMIT;",), delimiter="$$")
    written = script(["DROP TABLE a;", "CREATE TRIGGER b BEGIN x; END"], manner)
    assert written == "BEGIN;\nDROP TABLE a;\nDELIMITER $$\nCREATE TRIGGER b BEGIN x; END\n$$\nDELIMITER ;\nCOMMIT;\n"


def item(kind: str, path: str, **facts: str) -> Object:
    table, _, name = path.rpartition(".")
    return make_object(Name(kind, "", table, name), facts)


def lost(one: Object) -> Difference:
    return Difference(one.name, one, None)


def come(one: Object) -> Difference:
    return Difference(one.name, None, one)


def test_dependents_go_first_and_come_last() -> None:
    differences = [
        lost(item("table", "t")),
        lost(item("foreign key", "u.fk")),
        lost(item("view", "v")),
        come(item("table", "x")),
        come(item("view", "y")),
        come(item("column", "t.c")),
    ]
    ordered = in_working_order(Step((each,), ()) for each in differences)
    assert [str(step.differences[0].name) for step in ordered] == ["y", "t.c", "x", "t", "u.fk", "v"]


def changed(was: Object, now: Object) -> Difference:
    return Difference(was.name, was, now)


NUMBER, TEXT = {"type": "integer", "nullable": "yes"}, {"type": "text", "nullable": "yes"}


@pytest.mark.parametrize(
    ("differences", "told"),
    [
        pytest.param([come(item("table", "t"))], ["dropped with its rows"], id="a table goes"),
        pytest.param([lost(item("table", "t"))], ["without the rows"], id="a table comes back"),
        pytest.param([come(item("column", "t.c", **TEXT))], ["dropped with its values"], id="a column goes"),
        pytest.param([lost(item("column", "t.c", **TEXT))], ["without the values"], id="a column comes back"),
        pytest.param(
            [lost(item("column", "t.c", type="text", nullable="no"))],
            ["without the values", "lack a value"],
            id="a column comes back that must be filled",
        ),
        pytest.param(
            [lost(item("column", "t.c", **TEXT)), come(item("column", "t.d", **TEXT))],
            ["without the values", "looks like t.c renamed", "dropped with its values"],
            id="a column that may have been renamed",
        ),
        pytest.param(
            [changed(item("column", "t.c", **NUMBER), item("column", "t.c", **TEXT))],
            ["becomes integer"],
            id="narrower",
        ),
        pytest.param([changed(item("column", "t.c", **TEXT), item("column", "t.c", **NUMBER))], [], id="wider"),
        pytest.param(
            [changed(item("column", "t.c", type="varchar(20)"), item("column", "t.c", type="varchar(9)"))],
            [],
            id="longer",
        ),
        pytest.param(
            [changed(item("column", "t.c", type="varchar(9)"), item("column", "t.c", type="varchar(20)"))],
            ["becomes varchar(9)"],
            id="shorter",
        ),
        pytest.param([come(item("index", "t.ix")), lost(item("view", "v"))], [], id="nothing with rows of its own"),
    ],
)
def test_what_is_lost_is_said(differences: list[Difference], told: list[str]) -> None:
    found = [each.sentence for each in losses(differences, frozenset(), "postgresql")]
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True)), found


def test_a_renamed_column_loses_nothing() -> None:
    names = (item("column", "t.c", **TEXT), item("column", "t.d", **TEXT))
    renamed = frozenset(each.name for each in names)
    assert list(losses([lost(names[0]), come(names[1])], renamed, "postgresql")) == []
