"""A commit is refused for what is new in it, not for what the last one has already."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import Answer, Guarded
from hooked import COLOUR, HEAD, Step, another_column, column, hooked, readme, revision, stage, told

NO_NEWS = "no news, and let pass: missing-revision shelves.colour"
WALKING = """import importlib, pathlib

for each in pathlib.Path(__file__).parent.glob("more_*.py"):
    importlib.import_module(each.stem)
"""
MORE = """from sqlalchemy import Column, Integer

from models import Base


class Crate(Base):
    __tablename__ = "crates"
    id = Column(Integer, primary_key=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    """Its last commit has a column without a revision, which `git commit --no-verify` let in."""
    project = hooked(tmp_path / "shop")
    column(project)
    project.commit("without its revision")
    return project


def commit(project: Guarded) -> Answer:
    return project.run("git", "commit", "-am", "a change")


def strict(project: Guarded) -> None:
    project.write("driftguard.toml", 'known_in_hook = "error"\n')


def other_type(project: Guarded) -> None:
    """Of a column that a revision makes otherwise."""
    project.replace("models.py", "colour = Column(String(10))", "colour = Column(String(99))")


def revision_of_the_column(project: Guarded) -> None:
    revision(project)
    project.commit("the revision")
    other_type(project)
    project.commit("another length")
    project.replace("models.py", "colour = Column(String(99))", "colour = Column(String(77))")


@pytest.fixture
def whole(tmp_path: Path) -> Guarded:
    """Its last commit has nothing to be told of."""
    return hooked(tmp_path / "shop")


@pytest.mark.parametrize(
    ("standing", "rule"),
    [
        pytest.param(("def upgrade():", "def upgrade():\n    op.drop_table('nowhere')"), "DG401", id="failing upgrade"),
        pytest.param(("down_revision = None", 'down_revision = "0d7c1b94e2f5"'), "DG103", id="missing parent"),
    ],
)
def test_what_stands_and_keeps_from_looking_excuses_nothing(
    whole: Guarded, standing: tuple[str, str], rule: str
) -> None:
    path = f"migrations/versions/{HEAD}_begin.py"
    whole.replace(path, *standing)
    whole.commit("let in without the check")
    column(whole)
    answer = commit(whole)
    assert answer.code != 0
    assert told(answer) == {"DG901"}, answer.err
    assert f"{rule} stands in the way" in answer.err
    whole.git("checkout", "HEAD", "models.py")
    whole.replace(path, *reversed(standing))
    answer = commit(whole)
    assert (answer.code, told(answer)) == (0, set()), answer.err


def test_neither_does_it_in_a_baseline_or_a_base(whole: Guarded) -> None:
    look = ("check", "--live", "off")
    whole.replace(
        f"migrations/versions/{HEAD}_begin.py", "def upgrade():", "def upgrade():\n    op.drop_table('nowhere')"
    )
    whole.commit("let in without the check")
    whole.git("checkout", "-b", "side")
    column(whole)
    whole.commit("a column on a branch")
    by_base = whole.driftguard(*look, "--base", "main")
    assert (by_base.code, told(by_base)) == (2, {"DG901"}), by_base.out
    assert whole.driftguard("baseline", "--all", "--live", "off").code == 0
    by_baseline = whole.driftguard(*look)
    assert (by_baseline.code, told(by_baseline)) == (2, {"DG901"}), by_baseline.out


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        pytest.param([readme], set(), id="nothing that matters"),
        pytest.param([another_column], {"DG201"}, id="one more of the kind"),
        pytest.param([revision, stage("migrations")], set(), id="what was missing"),
        pytest.param([readme, strict, stage(".")], {"DG201"}, id="known_in_hook = error"),
        pytest.param([revision_of_the_column], {"DG201"}, id="the same column, otherwise"),
    ],
)
def test_after_a_commit_without_the_check(project: Guarded, steps: list[Step], codes: set[str]) -> None:
    for step in steps:
        step(project)
    answer = commit(project)
    assert (told(answer), answer.code == 0) == (codes, not codes), answer.err


def test_it_is_said_and_remembered(project: Guarded) -> None:
    readme(project)
    assert NO_NEWS in commit(project).err
    project.write("README", "a larger shop\n")
    project.run("git", "add", "README")
    assert NO_NEWS in project.run(".git/hooks/pre-commit").out  # after a commit, the last one is another


def test_a_module_that_lies_in_the_folder_before_it_is_committed(tmp_path: Path) -> None:
    project = hooked(tmp_path / "shop")
    project.write("models.py", (project.root / "models.py").read_text() + "\n" + WALKING)
    project.commit("models are looked for")
    project.write("more_crates.py", MORE)
    project.git("add", "--all")
    answer = commit(project)
    assert (told(answer), answer.code == 0) == ({"DG201"}, False), answer.err


def test_the_last_commit_needs_a_file_that_git_ignores(project: Guarded) -> None:
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "secret.py\n")
    project.write("secret.py", "LENGTH = 10\n")
    project.write("models.py", "from secret import LENGTH\n" + (project.root / "models.py").read_text())
    project.commit("a secret")
    readme(project)
    answer = commit(project)
    assert (told(answer), answer.code, NO_NEWS in answer.err) == (set(), 0, True), answer.err


def test_the_revision_is_missing_where_it_was_there(project: Guarded) -> None:
    path = f"migrations/versions/{COLOUR}_colour.py"
    revision(project)
    project.commit("the revision")
    project.git("rm", "--quiet", "--cached", path)
    answer = commit(project)
    assert answer.code != 0, answer.err
    assert "DG201" in told(answer)
