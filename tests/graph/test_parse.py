"""Revision files, read without running them."""

from __future__ import annotations

import pytest

from driftguard.graph import Revision, Unreadable, parse_revision

HEADER = "revision = 'a'\ndown_revision = 'b'\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(HEADER, ("a", ("b",), (), ()), id="plain texts"),
        pytest.param("revision = 'a'\ndown_revision = None\n", ("a", (), (), ()), id="a base"),
        pytest.param("revision = 'a'\ndown_revision = ()\n", ("a", (), (), ()), id="a base, said with a tuple"),
        pytest.param("revision = 'a'\ndown_revision = (None,)\n", ("a", (), (), ()), id="a base, as Alembic takes it"),
        pytest.param(
            "from typing import *\nrevision: str = 'a'\ndown_revision: Union[str, None] = 'b'\n"
            "branch_labels: Union[str, None] = None\ndepends_on: Union[str, Sequence[str], None] = None\n",
            ("a", ("b",), (), ()),
            id="annotated, as newer templates write it",
        ),
        pytest.param(
            "revision = 'a'\ndown_revision = ('c', 'b')\nbranch_labels = ['x']\ndepends_on = ('d', 'y')\n",
            ("a", ("c", "b"), ("d", "y"), ("x",)),
            id="tuples and lists",
        ),
        pytest.param("revision = 'a'\ndown_revision = {'c', 'b'}\n", ("a", ("b", "c"), (), ()), id="a set"),
        pytest.param("REV = revision = 'a'\ndown_revision = 'b'\n", ("a", ("b",), (), ()), id="chained"),
        pytest.param("revision, down_revision = 'a', 'b'\n", ("a", ("b",), (), ()), id="assigned in pairs"),
        pytest.param(
            "REV = 'a'\nOLD = ('b',)\nrevision = REV\ndown_revision = OLD\n", ("a", ("b",), (), ()), id="by name"
        ),
        pytest.param("revision = 'a' 'c'\ndown_revision = f'b'\n", ("ac", ("b",), (), ()), id="joined, f-string"),
        pytest.param("revision = 'a' + 'c'\ndown_revision = f'{None}'\n", None, id="an f-string with a field"),
        pytest.param(
            "revision = 'x'\nrevision = 'a'\ndown_revision = 'b'\n", ("a", ("b",), (), ()), id="the last one counts"
        ),
        pytest.param(HEADER + "def upgrade():\n    revision = 'z'\n", ("a", ("b",), (), ()), id="locals do not count"),
        pytest.param(HEADER + "if True:\n    other = 'z'\n", ("a", ("b",), (), ()), id="other names may be anything"),
        pytest.param(
            HEADER + "depends_on = ''\nbranch_labels = ''\n", ("a", ("b",), (), ()), id="empty texts name nothing"
        ),
        pytest.param(HEADER + "x = '\\d'\n", ("a", ("b",), (), ()), id="an invalid escape elsewhere"),
        pytest.param("\ufeff" + HEADER, ("a", ("b",), (), ()), id="a byte order mark"),
        pytest.param(HEADER.replace("\n", "\r\n"), ("a", ("b",), (), ()), id="CRLF"),
        pytest.param("down_revision = 'b'\n", None, id="no revision"),
        pytest.param("", None, id="an empty file"),
    ],
)
def test_what_a_file_says(
    source: str, expected: tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None
) -> None:
    found = parse_revision(source.encode(), "versions/x_one.py")
    said = (found.id, found.down, found.depends_on, found.labels) if isinstance(found, Revision) else None
    assert said == expected


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        pytest.param("revision = 'a'\n", 1, "no `down_revision`", id="no down_revision"),
        pytest.param("x = 1\n", 1, "sets no `revision`", id="no revision"),
        pytest.param("\nrevision = make()\ndown_revision = None\n", 2, "`make()`", id="an id by call"),
        pytest.param(
            "revision = 'a'\ndown_revision = os.environ['B']\n", 2, "os.environ", id="a parent by environment"
        ),
        pytest.param("revision = 1\ndown_revision = None\n", 1, "is 1 and not a text", id="a number"),
        pytest.param(
            "revision = 'a-b'\ndown_revision = None\n", 1, "allows no -", id="a character that Alembic refuses"
        ),
        pytest.param(
            "revision = 'a'\ndown_revision = ('b', 1)\n", 2, "something else than texts", id="a tuple with a number"
        ),
        pytest.param("revision = 'a'\ndown_revision = {'b': 1}\n", 2, "computed", id="a dictionary"),
        pytest.param(
            "if x:\n    revision = 'a'\ndown_revision = None\n", 1, "set by `if x:`", id="an id under a condition"
        ),
        pytest.param(HEADER + "revision += 'c'\n", 3, "set by", id="an id that is added to"),
        pytest.param(HEADER + "def revision(): ...\n", 3, "`def` or `class`", id="a function of that name"),
        pytest.param("from ids import revision\ndown_revision = None\n", 1, "set by `from ids", id="an imported id"),
        pytest.param(
            "from ids import *\ndown_revision = None\n", 1, "set by `from ids", id="an id that may be imported"
        ),
        pytest.param("revision, down_revision = read()\n", 1, "unpacked from `read()`", id="unpacked"),
        pytest.param("revision = 'a'\ndown_revision = (\n", 2, "no valid Python", id="a syntax error"),
        pytest.param("revision = 'a\0'\n", 1, "no valid Python", id="a NUL byte"),
        pytest.param(
            "revision = 'a'\n<<<<<<< HEAD\ndown_revision = 'b'\n=======\ndown_revision = 'c'\n>>>>>>> theirs\n",
            2,
            "conflict markers",
            id="an unfinished merge",
        ),
        pytest.param("x = " + "-" * 100_000 + "1\n", 1, "", id="nested too deeply"),
    ],
)
def test_what_cannot_be_read(source: str, line: int, reason: str) -> None:
    found = parse_revision(source.encode(), "versions/x_one.py")
    assert isinstance(found, Unreadable)
    assert found.line == line
    assert reason in found.reason


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("versions/one.py", True, id="any name"),
        pytest.param("versions/é 1.py", True, id="spaces and accents"),
        pytest.param("versions/_one.py", True, id="a leading underscore"),
        pytest.param("versions/__init__.py", False, id="a package file"),
        pytest.param("versions/__init__one.py", False, id="what begins like a package file"),
        pytest.param("versions/.#one.py", False, id="an editor's lock"),
        pytest.param("versions/one.pyc", False, id="compiled"),
        pytest.param("versions/one.txt", False, id="no Python"),
        pytest.param("versions/.gitkeep", False, id="a place holder"),
    ],
)
def test_which_names_are_looked_into(path: str, expected: bool) -> None:
    assert (parse_revision(HEADER.encode(), path) is not None) == expected


def test_the_old_layout_has_its_id_in_the_file_name() -> None:
    found = parse_revision(b"down_revision = None\n", "versions/1a2b.py")
    assert isinstance(found, Revision)
    assert found.id == "1a2b"


def test_lines_docstring_and_place() -> None:
    source = '"""\nadd age\n\nRevises: b\n"""\n\nrevision = "a"\n\ndown_revision = "b"\n'
    assert parse_revision(source.encode(), "versions/a.py", "versions") == Revision(
        "a", ("b",), path="versions/a.py", line=7, down_line=9, doc="add age", location="versions"
    )


def test_the_coding_cookie_counts() -> None:
    found = parse_revision("# coding: latin-1\n'''née'''\n".encode("latin-1") + HEADER.encode(), "a.py")
    assert isinstance(found, Revision)
    assert found.doc == "née"


def test_an_unreadable_file_says_which_ids_it_may_have() -> None:
    found = parse_revision(b"revision = 'a1'\nrevision: str = \"b2\"\n)\n", "versions/c3_add_age.py")
    assert isinstance(found, Unreadable)
    assert [id_ for id_ in ("a1", "b2", "c3", "d4", "") if found.may_define(id_)] == ["a1", "b2", "c3"]


@pytest.mark.parametrize(
    ("docstring", "down", "stale"),
    [
        pytest.param("x\n\nRevision ID: a\nRevises: b\n", '"b"', (), id="as it is"),
        pytest.param("x\n\nRevision ID: a\nRevises: \n", "None", (), id="no parent, and none is said"),
        pytest.param("x\n\nRevises: None\n", "None", (), id="no parent, as old templates say it"),
        pytest.param("x\n\nRevises: c, b\n", '("b", "c")', (), id="two parents in another order"),
        pytest.param("x\n\nRevises: ('b', 'c')\n", '("b", "c")', (), id="two parents as a tuple"),
        pytest.param("x\n\nRevises: b (the head)\n", '"b"', (), id="words behind it"),
        pytest.param("x\n", '"b"', (), id="nothing is said"),
        pytest.param("x\n\nRevises: z\n", '"b"', ((3, "Revises: z"),), id="another parent"),
        pytest.param("x\n\nRevises:\n", '"b"', ((3, "Revises:"),), id="no parent is said, and there is one"),
        pytest.param("x\n\nRevises: z\n", "None", ((3, "Revises: z"),), id="a parent is said, and there is none"),
        pytest.param("x\n\nRevises: b\n", '("b", "c")', ((3, "Revises: b"),), id="one of two parents"),
        pytest.param("x\n\nRevision ID: z\nRevises: b\n", '"b"', ((3, "Revision ID: z"),), id="another id"),
    ],
)
@pytest.mark.parametrize("tail", ["", "if True:\n    pass\n"], ids=["usual", "unusual"])
def test_what_the_docstring_says(docstring: str, down: str, stale: tuple[tuple[int, str], ...], tail: str) -> None:
    source = f'"""{docstring}"""\nrevision = "a"\ndown_revision = {down}\n{tail}'
    found = parse_revision(source.encode(), "v/a.py")
    assert isinstance(found, Revision)
    assert found.stale == stale
