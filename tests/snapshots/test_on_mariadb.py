"""What a replay on MariaDB left is written down, and made anew; what no dump would show is not kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chosen import chosen
from snapshots.chains import Looked, Project
from snapshots.conftest import Make

from driftguard.shadow.rebuilt import Rebuilt

Look = Callable[[Project], Looked]

ENV = "migrations/env.py"

ROWS = """t = sa.table('students', sa.column('id', sa.Integer), sa.column('name', sa.String))
    op.bulk_insert(t, [{'id': 5, 'name': "100% O'Hara :x ?"}, {'id': 6, 'name': None}])
    op.get_bind().connection.cursor().execute("INSERT INTO students (id, name) VALUES (7, 'unheard')")"""
TELLS_ROWS = """rows = op.get_bind().execute(sa.text('SELECT id, name FROM students ORDER BY id')).fetchall()
    op.create_table('told', sa.Column('id', sa.Integer), comment=repr(rows))"""


def test_rows(make: Make, look: Look) -> None:
    project = make("mariadb", 3)
    project.add(ROWS)
    assert not look(project).went_on
    project.add(TELLS_ROWS)
    found = look(project)
    assert found.lent is not None and len(found.lent) == 4 and found.went_on
    assert all(each in repr(found.head) for each in ("Ann", "Hara", "unheard"))
    project.forget()
    assert found.head == look(project).head


@pytest.mark.parametrize(
    "body",
    chosen(
        [
            pytest.param("pass", id="nothing"),
            pytest.param("op.execute('ALTER DATABASE COLLATE latin1_swedish_ci')", id="the database's own collation"),
            pytest.param("op.execute('SELECT 1 -- use no role')", id="words in a comment"),
            pytest.param(
                "op.execute('SET foreign_key_checks = 0'); op.execute('SET foreign_key_checks = 1')", id="put back"
            ),
            pytest.param(
                "op.execute('UPDATE students SET name = (SELECT MAX(name) FROM (SELECT name FROM students) AS s)')",
                id="rows that come from rows",
            ),
        ],
        2,
    ),
)
def test_what_is_kept(body: str, make: Make, look: Look) -> None:
    project = make("mariadb", 4)
    project.add(body)
    whole = look(project).head
    again = look(project)
    assert (again.went_on, again.head) == (True, whole)
    project.add("op.create_table('more', sa.Column('id', sa.Integer))")
    longer = look(project)
    assert longer.went_on and "more" in repr(longer.head)


@pytest.mark.parametrize(
    "body",
    chosen(
        [
            pytest.param("op.execute('SET foreign_key_checks = 0')", id="a variable of the session"),
            pytest.param("op.execute('SET @last = 5')", id="a variable of the user's"),
            pytest.param("op.execute('SELECT MAX(id) INTO @last FROM students')", id="a variable that a query sets"),
            pytest.param("op.execute('CREATE TEMPORARY TABLE passing (id INT)')", id="a temporary table"),
            pytest.param("op.execute('SET GLOBAL sort_buffer_size = @@GLOBAL.sort_buffer_size')", id="the server's"),
            pytest.param("op.execute('CREATE SEQUENCE numbers')", id="a sequence"),
            pytest.param("op.execute('ALTER TABLE students ADD SYSTEM VERSIONING')", id="a table with a past"),
        ],
        2,
    ),
)
def test_what_is_not_kept(body: str, make: Make, look: Look) -> None:
    project = make("mariadb", 4)
    project.add(body)
    whole = look(project).head
    again = look(project)
    assert (again.lent, again.head) == (None, whole)


def test_a_script_that_a_revision_reads_counts_as_its_text(make: Make, look: Look) -> None:
    project = make("mariadb", 1)
    project.write("last.sql", "SET @last = 5")
    project.add("op.execute(open('last.sql').read())")
    assert look(project).lent is None
    assert look(project).lent is None
    project.write("last.sql", "INSERT INTO students (id) VALUES (7)")
    assert not look(project).went_on
    assert look(project).went_on


def test_what_does_not_become_the_same_is_tried_once(make: Make, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    lend = Rebuilt.lend
    monkeypatch.setattr(Rebuilt, "lend", lambda self, name: tried.append(name) or lend(self, name))
    monkeypatch.setattr("driftguard.shadow.dumps._inserted", lambda *arguments: iter(()))
    project = make("mariadb", 4)
    heads = [look(project).head for _ in range(3)]
    assert heads[0] == heads[1] == heads[2]
    assert len(tried) == 1
