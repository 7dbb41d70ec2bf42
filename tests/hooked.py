"""Steps of stories about hooks: the plain sample project, its hooks installed, and changes to models and revisions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from guarded import SAMPLES, Answer, Guarded

Step = Callable[[Guarded], None]
"""Something that a user does in the project."""

HEAD = "3f2a8c01b7de"
"""The sample project's only revision."""


class Side(NamedTuple):
    """A branch and its only revision."""

    name: str
    revision: str


COLOUR = "7bd0e1f6a934"
"""The revision for the column ``colour``."""

FORGOTTEN = {"DG201", "DG115"}
"""What is told where a revision lies in the folder and is not in the commit."""

LEFT, RIGHT = Side("left", "1c9d55e0f3a8"), Side("right", "e2f7708bb641")

LAST_LINES = {
    "shelves": "    label = Column(String(20), nullable=False, unique=True)\n",
    "items": '    shelf_id = Column(Integer, ForeignKey("shelves.id", ondelete="CASCADE"))\n',
}
"""Of the two models: what is added goes behind them, far enough from each other for git to merge both."""

REVISION = '''"""{column}

Revision ID: {id}
Revises: {down}
"""

import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("{table}", sa.Column("{column}", sa.String(10)))


def downgrade():
    op.drop_column("{table}", "{column}")
'''
MERGE = """revision = "{id}"
down_revision = {down!r}


def upgrade():
    pass


def downgrade():
    pass
"""


def plain(root: Path) -> Guarded:
    """The sample project in git, committed, without hooks."""
    project = Guarded.copy_of(SAMPLES / "plain", root)
    project.write(".gitignore", "*.db\n.venv/\n__pycache__/\n")
    project.commit("ignore what is nobody's source")
    return project


def hooked(root: Path) -> Guarded:
    """The sample project with driftguard's own hooks."""
    project = plain(root)
    project.driftguard("install")
    return project


def add_column(project: Guarded, column: str, table: str = "shelves") -> None:
    """One more column of the model."""
    line = LAST_LINES[table]
    project.replace("models.py", line, f"{line}    {column} = Column(String(10))\n")


def add_revision(project: Guarded, id_: str, column: str, table: str = "shelves", down: str = HEAD) -> str:
    """A revision file that adds the column; its path."""
    path = f"migrations/versions/{id_}_{column}.py"
    project.write(path, REVISION.format(id=id_, column=column, table=table, down=down))
    return path


def column(project: Guarded) -> None:
    """A column in a model."""
    add_column(project, "colour")


def revision(project: Guarded) -> None:
    """Its revision."""
    add_revision(project, COLOUR, "colour")


def readme(project: Guarded) -> None:
    """Something else that is staged."""
    project.write("README", "a shop\n")
    project.git("add", "README")


def stage(*paths: str) -> Step:
    """``git add``."""

    def step(project: Guarded) -> None:
        project.git("add", *paths)

    return step


def another_column(project: Guarded) -> None:
    """A column in the other model."""
    add_column(project, "weight", "items")


def add_merge(project: Guarded, id_: str, *down: str) -> str:
    """A revision file that joins heads; its path."""
    path = f"migrations/versions/{id_}_merge.py"
    project.write(path, MERGE.format(id=id_, down=down))
    return path


def silently(project: Guarded, *arguments: str) -> None:
    """Run git without hooks."""
    project.git("-c", "core.hooksPath=/nowhere", *arguments)


def branch(project: Guarded, name: str, id_: str, column: str, table: str) -> None:
    """A branch from main with a column and its revision, committed without hooks; main is checked out again."""
    silently(project, "checkout", "--quiet", "-b", name, "main")
    add_column(project, column, table)
    add_revision(project, id_, column, table)
    project.commit(f"add {column}")
    silently(project, "checkout", "--quiet", "main")


def two_branches(project: Guarded) -> None:
    """Branches ``left`` and ``right``, each fine alone, whose merge git can make and Alembic cannot run."""
    branch(project, LEFT.name, LEFT.revision, "colour", "shelves")
    branch(project, RIGHT.name, RIGHT.revision, "weight", "items")


def told(answer: Answer) -> set[str]:
    """The rules whose errors and warnings hooks have printed; a live database that is not there is but a note."""
    return set(re.findall(r"^(?:error|warning)\[(DG\d+)\]", answer.out + answer.err, re.MULTILINE))


def commits(project: Guarded) -> int:
    """How many commits the current branch has."""
    return int(project.git("rev-list", "--count", "HEAD"))


def uv(*arguments: str, cache: Path) -> None:
    """Run uv with a cache that lives as long as the run."""
    subprocess.run(
        [sys.executable, "-m", "uv", *arguments, "--quiet"],
        env={**os.environ, "UV_CACHE_DIR": str(cache)},
        check=True,
    )
