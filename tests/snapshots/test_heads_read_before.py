"""A head that was read before is not read again, as long as its databases are the very ones that were kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chosen import chosen
from snapshots.chains import Project
from snapshots.conftest import Make
from snapshots.test_edits import INVALIDATE, KEEP, Edit

from driftguard.facts import Lasting, Readings
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.readings import Reading
from driftguard.probe.answers import Database
from driftguard.shadow import Lifetime

MAKES_A_TABLE = "connection.execute(text('CREATE TABLE later (id INTEGER)')); connection.commit()"

Read = Callable[[], int]


@pytest.fixture
def lasting() -> Lasting:
    return Lasting(Readings(), Lifetime(), {})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """How many heads have been read since this was asked the last time."""
    made: list[Database] = []
    original = DatabaseFacts._read

    def noted(self: DatabaseFacts, database: Database) -> Reading:
        made.append(database)
        return original(self, database)

    def count() -> int:
        number = len(made)
        made.clear()
        return number

    monkeypatch.setattr(DatabaseFacts, "_read", noted)
    return count


def kept_and_read(project: Project, lasting: Lasting) -> None:
    """What the next look finds unread, if nothing changes."""
    project.head(lasting)
    project.head(lasting)


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_what_was_lent_is_read_once(dialect: str, make: Make, lasting: Lasting, read: Read) -> None:
    project = make(dialect)
    whole = project.head()
    project.forget()
    read()
    heads, counts = [], []
    for _ in range(4):
        heads.append(project.head(lasting))
        counts.append(read())
    assert counts == [1, 1, 0, 0]
    assert heads == [whole] * 4


@pytest.mark.parametrize(("prepare", "edit"), chosen(KEEP, 2))
def test_the_same_after_edits(prepare: Edit, edit: Edit, make: Make, lasting: Lasting) -> None:
    project = make()
    prepare(project)
    kept_and_read(project, lasting)
    edit(project)
    found = project.head(lasting)
    project.forget()
    assert found == project.head()


@pytest.mark.parametrize(("prepare", "edit", "visible"), chosen(INVALIDATE, 3))
def test_another_one_after_edits(
    prepare: Edit, edit: Edit, visible: str, make: Make, lasting: Lasting, read: Read
) -> None:
    project = make()
    prepare(project)
    kept_and_read(project, lasting)
    edit(project)
    read()
    assert visible in repr(project.head(lasting))
    assert read() == 1


def test_two_heads_take_turns(make: Make, lasting: Lasting, read: Read) -> None:
    project = make()
    kept_and_read(project, lasting)
    project.add("op.create_table('more', sa.Column('id', sa.Integer))")
    kept_and_read(project, lasting)
    (project.root / project.files.pop()).unlink()
    assert "more" not in repr(project.head(lasting))
    read()
    project.head(lasting)
    assert read() == 0


@pytest.mark.parametrize("where", ["# before", "# after"])
def test_what_env_py_does_to_it_now_is_seen(where: str, make: Make, lasting: Lasting, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    project = make()
    project.replace("migrations/env.py", where, f"if os.path.exists({str(flag)!r}): {MAKES_A_TABLE}")
    kept_and_read(project, lasting)
    flag.touch()
    assert "later" in repr(project.head(lasting))
    flag.unlink()
    assert "later" not in repr(project.head(lasting))
