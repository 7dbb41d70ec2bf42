"""Model and revision are written, only the model is added: what is committed counts, not what lies in the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import SAMPLES, Answer, Guarded

TITLE = "    title = Column(String(80), nullable=False)\n"
DONE = "    done = Column(Boolean)\n"
OWNER = "    owner = Column(String(40))\n"
REVISION = "migrations/versions/b7f30e92c5a4_done.py"
REVISION_TEXT = '''"""done

Revision ID: b7f30e92c5a4
Revises: 61d0c8a4f3b5
"""

import sqlalchemy as sa
from alembic import op

revision = "b7f30e92c5a4"
down_revision = "61d0c8a4f3b5"


def upgrade():
    op.add_column("tasks", sa.Column("done", sa.Boolean()))


def downgrade():
    op.drop_column("tasks", "done")
'''


@pytest.fixture
def tasks(tmp_path: Path) -> Guarded:
    """The live database is at head, the hooks are installed."""
    guarded = Guarded.copy_of(SAMPLES / "forgotten_add", tmp_path / "tasks")
    guarded.alembic("upgrade", "head")
    answer = guarded.driftguard("install")
    assert answer.code == 0, answer.err
    return guarded


def commit(tasks: Guarded) -> Answer:
    return tasks.run("git", "commit", "-m", "done")


def write_model(tasks: Guarded, *columns: str) -> None:
    tasks.replace("models.py", "Column, Integer", "Boolean, Column, Integer")
    tasks.replace("models.py", TITLE, TITLE + "".join(columns))


def told(tasks: Guarded) -> set[tuple[str, str]]:
    """Of the index, without live: a revision that was not run here is another story."""
    return tasks.check("--staged", "--live", "off").told


def test_a_commit_of_what_is_no_concern_passes(tasks: Guarded) -> None:
    tasks.write("README.md", "Tasks.\n")
    tasks.git("add", "README.md")
    answer = commit(tasks)
    assert (answer.code, answer.err) == (0, "")


def test_the_commit_is_refused_until_the_revision_is_added(tasks: Guarded) -> None:
    write_model(tasks, DONE)
    tasks.write(REVISION, REVISION_TEXT)
    tasks.git("add", "models.py")
    assert tasks.check("--live", "off").codes == []

    refused = commit(tasks)

    assert refused.code == 1
    assert "DG201" in refused.err
    assert "tasks.done is in the models but in no revision" in refused.err
    assert "DG115" in refused.err
    assert f"git add -- {REVISION}" in refused.err
    assert told(tasks) == {("DG201", "tasks.done"), ("DG115", "b7f30e92c5a4")}

    tasks.must("sh", "-c", f"git add -- {REVISION}")
    passed = commit(tasks)
    assert passed.code == 0, passed.err
    assert "DG302" in passed.err
    assert tasks.git("status", "--porcelain") == ""


def test_a_half_staged_model_is_read_as_staged(tasks: Guarded) -> None:
    write_model(tasks, DONE)
    tasks.git("add", "models.py")
    tasks.replace("models.py", DONE, DONE + OWNER)
    assert told(tasks) == {("DG201", "tasks.done")}

    tasks.write(REVISION, REVISION_TEXT)
    tasks.git("add", REVISION)
    assert told(tasks) == set()
    assert tasks.check("--live", "off").told == {("DG201", "tasks.owner")}
    assert commit(tasks).code == 0
    assert OWNER in (tasks.root / "models.py").read_text()


def test_a_model_that_is_not_staged_does_not_count(tasks: Guarded) -> None:
    write_model(tasks, DONE)
    tasks.write("README.md", "Tasks.\n")
    tasks.git("add", "README.md")
    assert told(tasks) == set()
    assert commit(tasks).code == 0
    assert tasks.check("--live", "off").told == {("DG201", "tasks.done")}


@pytest.mark.parametrize(
    ("staged", "now", "expected"),
    [
        pytest.param(REVISION_TEXT, REVISION_TEXT, set(), id="staged as it is"),
        pytest.param(REVISION_TEXT, REVISION_TEXT + "# note\n", set(), id="a comment came after it was staged"),
        pytest.param(REVISION_TEXT, None, set(), id="deleted in the folder after it was staged"),
        pytest.param(None, REVISION_TEXT, {("DG201", "tasks.done"), ("DG115", "b7f30e92c5a4")}, id="untracked"),
        pytest.param(
            REVISION_TEXT.replace('"done", sa.Boolean()', '"other", sa.Boolean()'),
            REVISION_TEXT,
            {("DG201", "tasks.done"), ("DG201", "tasks.other"), ("DG202", "tasks.done"), ("DG115", "b7f30e92c5a4")},
            id="staged before it was mended",
        ),
    ],
)
def test_the_revision_is_read_as_staged(
    tasks: Guarded, staged: str | None, now: str | None, expected: set[tuple[str, str]]
) -> None:
    write_model(tasks, DONE)
    tasks.git("add", "models.py")
    if staged:
        tasks.write(REVISION, staged)
        tasks.git("add", REVISION)
    tasks.write(REVISION, now) if now else (tasks.root / REVISION).unlink()
    assert told(tasks) == expected


def test_an_untracked_revision_that_nothing_needs_is_none_of_the_commit(tasks: Guarded) -> None:
    tasks.write(REVISION, REVISION_TEXT)
    tasks.write("README.md", "Tasks.\n")
    tasks.git("add", "README.md")
    assert told(tasks) == set()
    assert commit(tasks).code == 0


def test_a_revision_without_its_model_is_refused(tasks: Guarded) -> None:
    write_model(tasks, DONE)
    tasks.write(REVISION, REVISION_TEXT)
    tasks.git("add", REVISION)
    assert told(tasks) == {("DG201", "tasks.done")}
    assert commit(tasks).code == 1


def test_a_commit_of_named_files_is_read_without_what_else_is_staged(tasks: Guarded) -> None:
    write_model(tasks, DONE)
    tasks.write(REVISION, REVISION_TEXT)
    tasks.git("add", "models.py", REVISION)

    refused = tasks.run("git", "commit", "-m", "done", "models.py")
    assert refused.code == 1
    assert "DG201" in refused.err
    assert "DG115" in refused.err

    assert tasks.run("git", "commit", "-m", "done", "models.py", REVISION).code == 0
