"""Whether two texts of a revision do the same."""

from __future__ import annotations

import pytest

from driftguard.graph import does_the_same

TEXT = '''"""add age"""
from typing import Union
from alembic import op
import sqlalchemy as sa

revision: str = "b"
down_revision: Union[str, None] = "a"


def upgrade() -> None:
    """Upgrade."""
    # the age
    op.add_column("students", sa.Column("age", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("students", "age")
'''


def edit(was: str, now: str) -> str:
    assert was in TEXT
    return TEXT.replace(was, now)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(edit("# the age", "# how old"), id="a comment"),
        pytest.param(edit("add age", "add the age"), id="the docstring"),
        pytest.param(edit('    """Upgrade."""\n', ""), id="a function's docstring"),
        pytest.param(edit('"students", sa', "\n        'students',\n        sa"), id="layout and quotes"),
        pytest.param(
            edit("from alembic import op\nimport sqlalchemy as sa", "import sqlalchemy as sa\nfrom alembic import op"),
            id="order of imports",
        ),
        pytest.param(
            edit("from typing import Union\n", "").replace(": Union[str, None]", "").replace(" -> None", ""),
            id="annotations",
        ),
        pytest.param(edit('= "a"', '= "z"'), id="its parent"),
        pytest.param(TEXT.replace("\n", "\r\n"), id="line ends"),
    ],
)
def test_the_same(other: str) -> None:
    assert does_the_same(TEXT.encode(), other.encode())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(edit("Integer()", "BigInteger()"), id="a type"),
        pytest.param(edit("nullable=True", "nullable=False"), id="an argument"),
        pytest.param(edit('"age", sa', '"Age", sa'), id="a name"),
        pytest.param(edit('    op.drop_column("students", "age")', "    pass"), id="downgrade does nothing any more"),
        pytest.param(edit("import sqlalchemy as sa", "import other as sa"), id="where a name comes from"),
        pytest.param(edit("    # the age", "    op.execute('SELECT 1')"), id="one more statement"),
        pytest.param(TEXT + "\nWIDTH = 3\n", id="a constant"),
        pytest.param("<<<<<<<\n" + TEXT, id="no Python any more"),
    ],
)
def test_not_the_same(other: str) -> None:
    assert not does_the_same(TEXT.encode(), other.encode())


def test_two_texts_that_are_no_python() -> None:
    assert does_the_same(b"(", b"(")
    assert not does_the_same(b"(", b"((")
