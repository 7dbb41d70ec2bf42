"""The hooks that `driftguard install` writes, as git runs them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from chosen import chosen
from guarded import Answer, Guarded
from hooked import (
    COLOUR,
    FORGOTTEN,
    HEAD,
    LEFT,
    RIGHT,
    Step,
    add_merge,
    another_column,
    branch,
    column,
    commits,
    hooked,
    plain,
    readme,
    revision,
    silently,
    stage,
    told,
    two_branches,
)

UNREACHABLE = "postgresql+psycopg://ann:geheim@127.0.0.1:1/shop"


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    return hooked(tmp_path / "a shop, größer")


def staged_column_gone_from_the_folder(project: Guarded) -> None:
    text = (project.root / "models.py").read_text()
    column(project)
    project.git("add", "models.py")
    project.write("models.py", text)


def committed_column(project: Guarded) -> None:
    column(project)
    project.commit("without its revision")


def stashed_column(project: Guarded) -> None:
    column(project)
    project.git("stash", "--quiet")


def stash_pop(project: Guarded) -> None:
    project.git("stash", "pop", "--quiet")


@pytest.mark.parametrize(
    ("steps", "arguments", "codes"),
    chosen(
        [
            pytest.param([readme], [], set(), id="nothing that matters"),
            pytest.param([column], ["-a"], {"DG201"}, id="-a: a model change without a revision"),
            pytest.param([column, revision], ["-a"], FORGOTTEN, id="-a leaves the untracked revision out"),
            pytest.param([column, revision, stage(".")], [], set(), id="both staged"),
            pytest.param([column, revision, stage("models.py")], [], FORGOTTEN, id="the revision only in the folder"),
            pytest.param([column, revision, stage(".")], ["models.py"], FORGOTTEN, id="PATH leaves the revision out"),
            pytest.param([column, revision, stage(".")], ["models.py", "migrations"], set(), id="PATHs of both"),
            pytest.param([column, readme], ["README"], set(), id="PATH leaves the model change out"),
            pytest.param([column, readme], [], set(), id="the model change is not staged"),
            pytest.param([revision, readme], [], set(), id="a draft of a revision is not staged"),
            pytest.param([column, revision, stage("."), another_column], [], set(), id="half staged, complete"),
            pytest.param([staged_column_gone_from_the_folder], [], {"DG201"}, id="half staged, lacking"),
            pytest.param([column, stage("models.py")], ["--amend"], {"DG201"}, id="--amend adds the model change"),
            pytest.param(
                [committed_column, revision, stage(".")], ["--amend"], set(), id="--amend adds what was forgotten"
            ),
            pytest.param([stashed_column, readme], [], set(), id="the model change is stashed"),
            pytest.param(
                [stashed_column, stash_pop], ["-a"], {"DG201"}, id="the model change comes back from the stash"
            ),
        ],
        8,
    ),
)
def test_commit(project: Guarded, steps: list[Step], arguments: list[str], codes: set[str]) -> None:
    for step in steps:
        step(project)
    before = project.git("rev-parse", "HEAD")
    answer = project.run("git", "commit", "-m", "a change", *arguments)
    assert told(answer) == codes, answer.err
    assert (answer.code == 0) == (not codes)
    assert (project.git("rev-parse", "HEAD") != before) == (not codes)


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        pytest.param([], set(), id="complete"),
        pytest.param([column], {"DG201"}, id="without a revision"),
    ],
)
def test_the_first_commit(project: Guarded, steps: list[Step], codes: set[str]) -> None:
    for step in steps:
        step(project)
    project.git("update-ref", "-d", "HEAD")
    project.git("add", "--all")
    answer = project.run("git", "commit", "-m", "first")
    assert (told(answer), answer.code == 0) == (codes, not codes), answer.err


def test_a_commit_without_the_check(project: Guarded) -> None:
    column(project)
    project.environ["DRIFTGUARD_SKIP"] = "1"
    answer = project.run("git", "commit", "-am", "skipped")
    assert (answer.code, told(answer)) == (0, set())
    assert "skipped, because DRIFTGUARD_SKIP is set" in answer.err


def test_the_live_database_does_not_answer(project: Guarded) -> None:
    project.environ["SHOP_DATABASE"] = UNREACHABLE
    readme(project)
    answer = project.run("git", "commit", "-m", "no server")
    assert (answer.code, told(answer)) == (0, set())
    assert "1 note" in answer.err
    assert "geheim" not in answer.out + answer.err


def test_a_repository_without_an_environment(tmp_path: Path) -> None:
    project = Guarded(tmp_path)
    project.git("init", "--quiet")
    project.driftguard("install")
    project.write("README", "nothing to guard\n")
    project.git("add", "--all")
    assert project.run("git", "commit", "--quiet", "-m", "first") == Answer(0, "", "")


def test_the_deadline(project: Guarded) -> None:
    project.write("driftguard.toml", "deadline = 1\n")
    project.write("models.py", "import time\n\ntime.sleep(600)\n")
    project.git("add", "--all")
    answer = project.run("git", "commit", "-m", "slow")
    assert (answer.code != 0, told(answer)) == (True, {"DG905"}), answer.err


def test_from_a_subfolder(project: Guarded) -> None:
    column(project)
    answer = project.run("git", "commit", "-am", "from below", folder="migrations")
    assert told(answer) == {"DG201"}


def test_a_merge_of_two_branches(project: Guarded) -> None:
    two_branches(project)
    silently(project, "merge", "--quiet", LEFT.name)
    before = commits(project)
    refused = project.run("git", "merge", "--no-ff", "--no-edit", RIGHT.name)
    assert (refused.code != 0, told(refused)) == (True, {"DG101"})
    assert "to merge without this check" in refused.err
    assert commits(project) == before
    add_merge(project, "54a0c3d9be17", LEFT.revision, RIGHT.revision)
    project.git("add", "--all")
    joined = project.run("git", "commit", "--no-edit")
    assert (joined.code, told(joined)) == (0, set()), joined.err


def test_a_merge_made_elsewhere(project: Guarded) -> None:
    two_branches(project)
    silently(project, "checkout", "--quiet", "-b", "elsewhere", LEFT.name)
    project.git("merge", "--quiet", "--no-verify", "--no-edit", RIGHT.name)
    silently(project, "checkout", "--quiet", "main")
    answer = project.run("git", "merge", "--ff-only", "elsewhere")
    assert (answer.code, told(answer)) == (0, {"DG101"})
    assert "alembic merge heads -m" in answer.err
    assert "write down_revision =" in answer.err


def test_a_rebase_is_told_once(project: Guarded) -> None:
    two_branches(project)
    silently(project, "checkout", "--quiet", RIGHT.name)
    answer = project.run("git", "rebase", LEFT.name)
    assert (answer.code, told(answer)) == (0, {"DG101"})
    assert answer.err.count("error[DG101]") == 1


def test_what_cherry_pick_brings_is_refused_when_pushed(project: Guarded, remote: Path) -> None:
    two_branches(project)
    silently(project, "merge", "--quiet", LEFT.name)
    assert project.run("git", "cherry-pick", RIGHT.name).code == 0  # git runs no hook that could refuse it
    answer = project.run("git", "push", "origin", "main")
    assert (answer.code != 0, told(answer)) == (True, {"DG101"})


def test_a_branch_that_does_not_know_the_stamp(project: Guarded, tmp_path: Path) -> None:
    project.environ["SHOP_DATABASE"] = f"sqlite:///{tmp_path / 'live.db'}"
    branch(project, LEFT.name, LEFT.revision, "colour", "shelves")
    silently(project, "checkout", "--quiet", LEFT.name)
    project.alembic("upgrade", "head")
    answer = project.run("git", "checkout", "main")
    assert (answer.code, told(answer)) == (0, {"DG303"}), answer.err
    assert "left" in answer.err
    assert f"alembic downgrade {HEAD}" in answer.err
    back = project.run("git", "checkout", LEFT.name)
    assert (back.code, told(back)) == (0, set()), back.err


@pytest.fixture
def remote(project: Guarded, tmp_path: Path) -> Path:
    """A bare remote that has main."""
    folder = tmp_path / "remote.git"
    project.git("init", "--quiet", "--bare", str(folder))
    project.git("remote", "add", "origin", str(folder))
    project.git("push", "--quiet", "--no-verify", "origin", "main")
    return folder


def good_branch(project: Guarded) -> None:
    branch(project, "next", COLOUR, "colour", "shelves")


def bad_branch(project: Guarded) -> None:
    silently(project, "checkout", "--quiet", "-b", "next")
    committed_column(project)
    silently(project, "checkout", "--quiet", "main")


def bad_tag(project: Guarded) -> None:
    bad_branch(project)
    project.git("tag", "v1", "next")


@pytest.mark.parametrize(
    ("step", "what", "codes"),
    [
        pytest.param(good_branch, "next", set(), id="a good branch that is not checked out"),
        pytest.param(bad_branch, "next", {"DG201"}, id="a bad branch that is not checked out"),
        pytest.param(bad_branch, "main", set(), id="a good branch beside a bad one"),
        pytest.param(column, "main", set(), id="what is not committed does not count"),
        pytest.param(bad_tag, "v1", set(), id="a tag"),
    ],
)
def test_push(project: Guarded, remote: Path, step: Step, what: str, codes: set[str]) -> None:
    step(project)
    answer = project.run("git", "push", "origin", what)
    assert (told(answer), answer.code == 0) == (codes, not codes), answer.err


@pytest.mark.parametrize("venv", [".venv", "venv"])
def test_a_linked_worktree_uses_the_main_ones_environment(
    project: Guarded, tmp_path: Path, packages: Path, venv: str
) -> None:
    (project.root / venv).symlink_to(packages)
    project.write(".gitignore", f"{venv}\n__pycache__/\n*.db\n")
    project.replace(
        "models.py", "Base =", f"import sys\n\nassert sys.prefix == {str(project.root / venv)!r}, sys.prefix\nBase ="
    )
    project.commit("runs in its own environment only")
    silently(project, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = Guarded(tmp_path / "linked")
    readme(linked)
    good = linked.run("git", "commit", "-m", "readme")
    assert (good.code, told(good)) == (0, set()), good.err
    column(linked)
    bad = linked.run("git", "commit", "-am", "lacking")
    assert (bad.code != 0, told(bad)) == (True, {"DG201"})


OTHER = '#!/bin/sh\necho "$0" >> other-ran\n'


@pytest.mark.parametrize("folder", [".git/hooks", ".githooks"])
def test_a_hook_that_was_there_runs_first_and_stays(tmp_path: Path, folder: str) -> None:
    project = plain(tmp_path / "shop")
    project.git("config", "core.hooksPath", folder)
    project.write(f"{folder}/pre-commit", OTHER)
    (project.root / folder / "pre-commit").chmod(0o755)
    project.driftguard("install")
    column(project)
    refused = project.run("git", "commit", "-am", "lacking")
    assert (refused.code != 0, told(refused)) == (True, {"DG201"})
    assert (project.root / "other-ran").exists()
    project.driftguard("uninstall")
    allowed = project.run("git", "commit", "-am", "lacking")
    assert (allowed.code, told(allowed)) == (0, set())
    assert len((project.root / "other-ran").read_text().splitlines()) == 2
    assert (project.root / folder / "pre-commit").read_text() == OTHER


def test_a_hook_leaves_no_bytecode_and_no_database(project: Guarded) -> None:
    before = {path for path in project.root.rglob("*") if ".git" not in path.parts}
    readme(project)
    project.git("commit", "-m", "readme")
    now = {path for path in project.root.rglob("*") if ".git" not in path.parts}
    assert now - before == {project.root / "README"}


LAMPS = """
from sqlalchemy import Column, Integer

from models import Base


class Lamp(Base):
    __tablename__ = "lamps"

    id = Column(Integer, primary_key=True)
"""
LAMPS_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "6d2c91e0fa47"
down_revision = "3f2a8c01b7de"


def upgrade():
    op.create_table("lamps", sa.Column("id", sa.Integer(), primary_key=True))
"""


def test_an_untracked_file_with_models_is_missing_from_the_commit(tmp_path: Path) -> None:
    project = hooked(tmp_path / "shop")
    project.write("lamps.py", LAMPS)
    project.replace("migrations/env.py", "from models import Base", "import lamps\nfrom models import Base")
    project.write("migrations/versions/6d2c91e0fa47_lamps.py", LAMPS_REVISION)
    project.git("add", "migrations")

    answer = project.run("git", "commit", "-m", "lamps")
    assert answer.code != 0
    assert "lamps.py declares models and is not in this commit" in answer.out + answer.err

    project.git("add", "lamps.py")
    answer = project.run("git", "commit", "-m", "lamps")
    assert answer.code == 0, answer.out + answer.err


@pytest.mark.parametrize(
    ("setting", "code", "said"),
    [
        pytest.param('live = "env:STAGING"', 0, "1 note", id="unset is a note"),
        pytest.param(
            'live = "env:STAGING"\nlive_in_hook = "error"', 2, "STAGING is not set", id="unless told otherwise"
        ),
        pytest.param('live = "sqlite:////nowhere/away.db"', 0, "1 note", id="away is a note"),
    ],
)
def test_a_live_database_named_in_the_settings(tmp_path: Path, setting: str, code: int, said: str) -> None:
    project = hooked(tmp_path / "shop")
    project.write("driftguard.toml", setting)
    project.git("add", ".")
    answer = project.run(sys.executable, "-m", "driftguard.hook", "pre-commit")
    assert (answer.code, said in answer.out + answer.err) == (code, True), answer
