"""A column was dropped by hand, another was added to the model: each is told, neither is blamed for the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.mariadb import MariadbServer
from fixtures.postgresql import PostgresqlServer
from guarded import EXAMPLES, Guarded, sql

COLUMN = "    last_name = db.Column(db.String(50))\n"
AGE = '''"""age

Revision ID: c41d7e90ab35
Revises: 8b1f04c9d2e7
"""

import sqlalchemy as sa
from alembic import op

revision = "c41d7e90ab35"
down_revision = "8b1f04c9d2e7"


def upgrade():
    op.add_column("students", sa.Column("age", sa.Integer()))


def downgrade():
    op.drop_column("students", "age")
'''


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'school.db'}"
    server: PostgresqlServer | MariadbServer = request.getfixturevalue(f"{request.param}_server")
    return server.create()


@pytest.fixture
def school(tmp_path: Path, url: str) -> Guarded:
    guarded = Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "school", {"SCHOOL_DATABASE": url})
    guarded.flask("db", "upgrade")
    return guarded


def test_nothing_is_told_while_all_agree(school: Guarded) -> None:
    checked = school.check()
    assert (checked.code, checked.codes) == (0, [])


def test_each_is_told_where_it_is(school: Guarded, url: str) -> None:
    sql(url, "ALTER TABLE students DROP COLUMN last_name")
    school.replace("app.py", COLUMN, f"{COLUMN}    age = db.Column(db.Integer)\n")

    checked = school.check()

    assert checked.code == 1
    assert checked.told == {("DG201", "students.age"), ("DG301", "students.last_name")}
    lacking, dropped = checked.one("DG201"), checked.one("DG301")
    assert (lacking["side"], dropped["side"]) == ("models", "live")
    assert (lacking["place"]["path"], lacking["place"]["line"]) == ("app.py", 21)
    assert 'flask db migrate -m "add students.age"' in lacking["commands"]
    [statement] = dropped["commands"]

    school.write("migrations/versions/c41d7e90ab35_age.py", AGE)
    checked = school.check()
    assert checked.told == {("DG301", "students.last_name"), ("DG302", "c41d7e90ab35")}

    sql(url, statement)
    school.flask("db", "upgrade")
    checked = school.check()
    assert (checked.code, checked.codes) == (0, [])
