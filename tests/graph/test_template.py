"""The fast way to read a revision file says what the whole syntax tree says, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftguard.graph import Revision, Unreadable, parse_revision
from driftguard.graph import revision as module
from driftguard.graph.template import read_head

USUAL = '''"""add age

Revision ID: a1
Revises: b2
Create Date: 2026-01-02 10:00:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = 'a1'
down_revision: Union[str, Sequence[str], None] = 'b2'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('students', sa.Column('age', sa.Integer(), nullable=True))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('students', 'age')
'''
BODY = USUAL[USUAL.index("\n\ndef upgrade") :]


def in_full(source: bytes) -> Revision | Unreadable | None:
    """What the whole syntax tree says."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_usual_revision", lambda *arguments: None)
        return parse_revision(source, "versions/a1_add_age.py", "versions")


def agree(source: bytes) -> bool:
    return parse_revision(source, "versions/a1_add_age.py", "versions") == in_full(source)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(USUAL, id="as the template writes it"),
        pytest.param(USUAL.replace("'", '"'), id="as a formatter leaves it"),
        pytest.param(USUAL.replace(": Union[str, Sequence[str], None]", "").replace(": str", ""), id="an old template"),
        pytest.param(USUAL.replace("Union[str, Sequence[str], None]", "str | Sequence[str] | None"), id="with bars"),
        pytest.param(USUAL.replace("'b2'", "('b2', 'c3')"), id="a merge"),
        pytest.param(USUAL.replace("'b2'", "('b2',)"), id="a tuple of one"),
        pytest.param(USUAL.replace("'b2'", "None"), id="a base"),
        pytest.param(USUAL.replace("branch_labels: Union[str, Sequence[str], None] = None", "branch_labels = ('x',)")),
        pytest.param(USUAL.replace("revision: str = 'a1'", "revision='a1'  # noqa"), id="comments behind"),
        pytest.param(USUAL[USUAL.index("from typing") :], id="without a docstring"),
        pytest.param(USUAL.replace("add age", "\n  add\tage ", 1), id="a docstring that begins below, with a tab"),
        pytest.param(USUAL.replace("    op.add_column", "    op.execute('''\n    select 1\n''')\n    op.add_column")),
        pytest.param("revision = 'a1'\ndown_revision = None\n", id="nothing else"),
        pytest.param(USUAL.replace("import sqlalchemy as sa", "import sqlalchemy as sa, os  # x").replace(", os", "")),
    ],
)
def test_usual_files_are_read_the_fast_way(source: str) -> None:
    assert read_head(source.encode()) is not None
    assert agree(source.encode())


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(USUAL + "\nrevision = 'z'\n", id="assigned again at the end"),
        pytest.param(USUAL + "\nif True:\n    down_revision = 'z'\n", id="assigned again under a condition"),
        pytest.param(USUAL + "\nx = 1\n", id="another statement behind"),
        pytest.param(USUAL + "\nx = " + "-" * 900 + "1\n", id="another statement behind, nested deeply"),
        pytest.param(USUAL + "\nfrom ids import *\n", id="everything imported"),
        pytest.param(USUAL + "\nfrom ids import \\\n *\n", id="everything imported, over two lines"),
        pytest.param(USUAL.replace("import op", "import revision"), id="the id imported"),
        pytest.param(USUAL.replace("import op", "import class"), id="a keyword as a name"),
        pytest.param(USUAL.replace("import op", "import op as None"), id="a keyword as an alias"),
        pytest.param(USUAL.replace("'b2'", "'b\\x32'"), id="an escape"),
        pytest.param(USUAL.replace("'b2'", "'b2' 'c'"), id="texts side by side"),
        pytest.param(USUAL.replace("'b2'", "('b2')"), id="a text in parentheses"),
        pytest.param(USUAL.replace("'b2'", "'''b2'''"), id="three quotes"),
        pytest.param(USUAL.replace("'b2'", "OTHER"), id="by name"),
        pytest.param(USUAL.replace("'b2'", "'b2'; revision = 'z'"), id="two statements in a line"),
        pytest.param(USUAL.replace("'a1'", "'a-1'"), id="a character that Alembic refuses"),
        pytest.param(USUAL.replace("'a1'", "''"), id="an empty id"),
        pytest.param(USUAL.replace("'a1'", "None"), id="no id"),
        pytest.param(USUAL.replace("down_revision", "parent"), id="no parent"),
        pytest.param(USUAL + ")\n", id="a syntax error at the end"),
        pytest.param(USUAL.replace("True)", "True"), id="a parenthesis that stays open"),
        pytest.param(USUAL.replace("    op.drop", "\top.drop"), id="tabs and blanks"),
        pytest.param(USUAL + "    \\", id="a backslash at the end"),
        pytest.param(USUAL.replace("def downgrade", "<<<<<<< HEAD\ndef downgrade"), id="a conflict marker"),
        pytest.param(USUAL.replace("'students',", "'\\d',"), id="an invalid escape"),
        pytest.param(USUAL.replace("add age", "née"), id="an accent"),
        pytest.param(USUAL.replace("add age", 'an "" end""'), id="quotes in the docstring"),
        pytest.param(USUAL.replace('10:00:00.000000\n\n"""', '""""'), id="four quotes"),
        pytest.param(USUAL.replace("add age", "add\\\nage"), id="a backslash in the docstring"),
        pytest.param(USUAL.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(USUAL.replace("\n", "\r"), id="CR"),
        pytest.param("# coding: rot13\n" + USUAL, id="another coding"),
        pytest.param("\ufeff" + USUAL, id="a byte order mark"),
        pytest.param(USUAL + "\0", id="a NUL byte"),
        pytest.param(USUAL.replace("\n\ndef up", "\n\f\ndef up"), id="a form feed"),
        pytest.param(" " + USUAL, id="an indented beginning"),
        pytest.param(USUAL.replace("def upgrade", "  def upgrade"), id="an indented function"),
        pytest.param(USUAL.replace("def upgrade", "async def upgrade"), id="an async function"),
        pytest.param(USUAL.replace("def upgrade", "@decorated\ndef upgrade"), id="a decorator"),
        pytest.param(USUAL + "@decorated\n", id="a decorator of nothing"),
        pytest.param(USUAL + "\nclass revision: pass\n", id="a class of that name"),
        pytest.param(USUAL.replace("def upgrade", "def revision"), id="a function of that name"),
        pytest.param(USUAL + "\ndef more(): pass; x = 1\n", id="two statements in a function's line"),
        pytest.param(USUAL + "\ndef more():\n    return (yield)\n", id="what only a function may"),
        pytest.param(USUAL + "\nclass More:\n    return 1\n", id="what only the compiler refuses"),
        pytest.param(USUAL + "\nelse:\n    pass\n", id="an else of nothing"),
        pytest.param(USUAL.replace("revision: str", "\uff52evision: str"), id="a wide letter"),
        pytest.param(USUAL + "\ndef more(\uff52evision): ...\n\uff52evision = 'z'\n", id="a wide letter, later"),
        pytest.param(USUAL + "\ndef more():\n    return " + "(" * 300 + "1" + ")" * 300 + "\n", id="nested deeply"),
        pytest.param(USUAL + "\ndef more():\n    return " + "-" * 100_000 + "1\n", id="nested too deeply"),
        pytest.param("", id="nothing"),
        pytest.param("\n# nothing\n", id="a comment"),
    ],
)
def test_odd_files_are_read_as_ever(source: str) -> None:
    assert agree(source.encode())


PIECES = sorted(
    {*USUAL.split("\n"), "revision = 'z'", "x = (", ")", '"""', "'''", "from x import *", "    \\", "\t", "@x"}
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=4), st.integers(0, USUAL.count("\n")), st.integers(0, 3))
def test_lines_put_in_and_taken_out(added: list[str], place: int, removed: int) -> None:
    lines = USUAL.split("\n")
    lines[place : place + removed] = added
    assert agree("\n".join(lines).encode())


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, len(USUAL)),
    st.integers(0, 4),
    st.text(st.sampled_from("'\"()[]\\\n\t =#:;,.*a1\r\f\0é"), max_size=4),
)
def test_characters_put_in_and_taken_out(place: int, removed: int, added: str) -> None:
    assert agree((USUAL[:place] + added + USUAL[place + removed :]).encode())
