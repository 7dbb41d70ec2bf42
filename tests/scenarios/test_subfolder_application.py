"""An application below the repository's root: git runs hooks one level up, and a database behind is no drift."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded, sql

HEAD = "c2906b5fe8a7"
UPGRADE = "cd server && flask db upgrade head"
LOCATION = "    location = db.Column(db.String)\n"


@pytest.fixture
def company(tmp_path: Path) -> Guarded:
    """With the migrations folder that today's ``flask db init`` makes, and a live database at head."""
    guarded = Guarded.copy_of(SAMPLES / "subfolder_application", tmp_path / "company")
    guarded.flask("db", "init", folder="server")
    for revision in (guarded.root / "revisions").iterdir():
        revision.rename(guarded.root / "server/migrations/versions" / revision.name)
    guarded.flask("db", "upgrade", folder="server")
    guarded.commit("migrations")
    return guarded


def live(company: Guarded) -> str:
    return f"sqlite:///{company.root / 'server/instance/app.db'}"


@pytest.mark.parametrize("folder", [".", "server", "server/migrations/versions"])
def test_nothing_is_told_while_all_agree(company: Guarded, folder: str) -> None:
    checked = company.check(folder=folder)
    assert (checked.code, checked.codes) == (0, [])


def test_downgraded_by_one_it_is_pending_and_not_drifted(company: Guarded) -> None:
    company.flask("db", "downgrade", folder="server")
    checked = company.check()
    assert (checked.code, checked.told) == (0, {("DG302", HEAD)})
    assert checked.one("DG302")["commands"] == [UPGRADE]

    company.must("sh", "-c", UPGRADE)
    checked = company.check()
    assert (checked.code, checked.codes) == (0, [])


@pytest.mark.parametrize(
    "revision",
    [
        pytest.param("3b58d7e0f162", id="before the table was renamed"),
        pytest.param("0a6f2c9b41de", id="before the table was there"),
        pytest.param("base", id="before anything was there"),
    ],
)
def test_further_behind_it_is_still_not_drifted(company: Guarded, revision: str) -> None:
    company.flask("db", "downgrade", revision, folder="server")
    checked = company.check()
    assert (checked.code, checked.codes) == (0, ["DG302"])


def test_a_change_by_hand_is_told_while_it_is_behind(company: Guarded) -> None:
    company.flask("db", "downgrade", folder="server")
    sql(live(company), "ALTER TABLE employees DROP COLUMN salary")

    checked = company.check()

    assert (checked.code, checked.told) == (1, {("DG301", "employees.salary"), ("DG302", HEAD)})

    sql(live(company), *checked.one("DG301")["commands"])
    assert company.check().told == {("DG302", HEAD)}


def test_the_next_revision_done_by_hand_is_told_to_be_in_its_way(company: Guarded) -> None:
    company.flask("db", "downgrade", folder="server")
    sql(live(company), "ALTER TABLE departments RENAME COLUMN address TO location")
    told = company.check().told
    assert told == {("DG301", "departments.address"), ("DG302", HEAD)}


def test_the_hook_runs_above_the_application(company: Guarded) -> None:
    company.driftguard("install")
    company.flask("db", "downgrade", folder="server")
    company.write("server/README.md", "How to run the server.\n")
    company.must("git", "add", "README.md", folder="server")
    behind = company.run("git", "commit", "-m", "behind", folder="server")
    assert behind.code == 0, behind.err
    assert "DG302" in behind.err

    company.replace("server/models.py", LOCATION, f"{LOCATION}    floor = db.Column(db.Integer)\n")
    refused = company.run("git", "commit", "--all", "-m", "floor", folder="server")
    assert refused.code == 1
    assert "departments.floor is in the models but in no revision" in refused.err
    assert "server/models.py:22" in refused.err
    assert "DG301" not in refused.err
