"""A column is renamed in the models: autogenerate would lose its values, a hand-written revision keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded, sql

USERNAME = "    username: Mapped[str] = mapped_column(String(64), index=True)\n"
LOGIN = "    login: Mapped[str] = mapped_column(String(64), index=True)\n"
ROLE = '    role_id: Mapped[int | None] = mapped_column(ForeignKey("roles.id"))\n'
RENAME_COLUMN = '    op.alter_column("users", "username", new_column_name="login")\n'
RENAME_INDEX = """\
    op.drop_index("ix_users_username", "users")
    op.create_index("ix_users_login", "users", ["login"])
"""
UPGRADE = "def upgrade():\n"
PASS = f"{UPGRADE}    pass\n"
BOTH_INDEXES = {("DG201", "users.ix_users_username"), ("DG201", "users.ix_users_login")}


@pytest.fixture
def accounts(tmp_path: Path, url: str) -> Guarded:
    guarded = Guarded.copy_of(SAMPLES / "roles_and_users", tmp_path / "accounts", {"ACCOUNTS_DATABASE": url})
    guarded.alembic("upgrade", "head")
    sql(url, "INSERT INTO users (id, username) VALUES (1, 'ada')")
    return guarded


@pytest.mark.parametrize(
    ("was", "now"),
    [
        pytest.param("class", "class", id="nothing changed"),
        pytest.param("    username:", "    # what they log in with\n    username:", id="a comment in the models"),
        pytest.param("class User(Base):", "class Account(Base):", id="the class is renamed, the table is not"),
        pytest.param(
            "    username: Mapped[str] = mapped_column(",
            '    login: Mapped[str] = mapped_column("username", ',
            id="the attribute is renamed, the column is not",
        ),
    ],
)
def test_nothing_is_told_while_all_agree(accounts: Guarded, was: str, now: str) -> None:
    accounts.replace("models.py", was, now)
    checked = accounts.check()
    assert (checked.code, checked.codes) == (0, [])


def test_a_rename_is_told_before_its_values_are_lost(accounts: Guarded, url: str) -> None:
    accounts.replace("models.py", USERNAME, LOGIN)

    checked = accounts.check()

    assert checked.code == 1
    assert checked.told == {
        *BOTH_INDEXES,
        ("DG201", "users.username"),
        ("DG201", "users.login"),
        ("DG202", "users.login"),
    }
    renamed = checked.one("DG202")
    assert renamed["place"] == {"path": "models.py", "line": 22}
    assert RENAME_COLUMN.strip() in renamed["help"]

    [command] = renamed["commands"]
    accounts.must("sh", "-c", command)
    [revision] = accounts.root.glob("migrations/versions/*_rename_users_username_to_login.py")
    path = revision.relative_to(accounts.root).as_posix()
    accounts.replace(path, PASS, UPGRADE + RENAME_COLUMN)
    assert accounts.check("--live", "off").told == BOTH_INDEXES

    accounts.replace(path, RENAME_COLUMN, RENAME_COLUMN + RENAME_INDEX)
    checked = accounts.check()
    assert (checked.code, checked.codes) == (0, ["DG302"])

    accounts.alembic("upgrade", "head")
    checked = accounts.check()
    assert (checked.code, checked.codes) == (0, [])
    assert sql(url, "SELECT login FROM users") == [("ada",)]


def test_another_column_in_place_of_one_is_no_rename(accounts: Guarded) -> None:
    accounts.replace("models.py", ROLE, "    biography: Mapped[str | None]\n")
    checked = accounts.check("--live", "off")
    assert "DG202" not in checked.codes
    assert {("DG201", "users.role_id"), ("DG201", "users.biography")} <= checked.told
