"""The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit from a clone of this repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from chosen import chosen
from filelock import FileLock
from guarded import Answer, Guarded
from hooked import (
    FORGOTTEN,
    HEAD,
    LEFT,
    RIGHT,
    Step,
    add_column,
    another_column,
    branch,
    column,
    commits,
    plain,
    readme,
    revision,
    silently,
    stage,
    told,
    two_branches,
)

pytestmark = pytest.mark.xdist_group("pre-commit builds one environment")

ROOT = Path(__file__).parents[2]
PRE_COMMIT = (sys.executable, "-m", "pre_commit")
MOMENTS = ("pre-commit", "pre-merge-commit", "pre-push", "post-merge", "post-checkout", "post-rewrite")
CONFIG = """
repos:
- repo: {clone}
  rev: {commit}
  hooks:
  - id: driftguard
  - id: driftguard-push
  - id: driftguard-merge
"""


@pytest.fixture(scope="session")
def clone(run_folder: Path) -> Path:
    """A repository with this one's files as they lie here, committed or not; made once per run."""
    folder = run_folder / "driftguard"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            partial = run_folder / "driftguard.partial"
            copied = Guarded(partial)
            partial.mkdir()
            copied.git("init", "--quiet", "--initial-branch=main")
            for path in present_files():
                target = partial / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, target, follow_symlinks=False)
            copied.commit("as it lies here")
            partial.rename(folder)
    return folder


def present_files() -> list[str]:
    """What git knows or would add here, as far as it is there."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for path in dict.fromkeys(listing.stdout.split("\0")) if path and (ROOT / path).is_file()]


def environ(run_folder: Path) -> dict[str, str]:
    return {"PRE_COMMIT_HOME": str(run_folder / "pre-commit")}


def shop(root: Path, packages: Path, run_folder: Path) -> Guarded:
    """The sample project, whose models run in its own .venv and nowhere else."""
    project = plain(root)
    project.environ.update(environ(run_folder))
    (project.root / ".venv").symlink_to(packages)
    project.write(".gitignore", "*.db\n.venv\n__pycache__/\n")
    prefix = str(project.root / ".venv")
    project.replace("models.py", "Base =", f"import sys\n\nassert sys.prefix == {prefix!r}, sys.prefix\nBase =")
    project.commit("runs in its own environment only")
    return project


@pytest.fixture
def project(tmp_path: Path, packages: Path, run_folder: Path, clone: Path) -> Guarded:
    """A project with pre-commit's hooks installed for every moment; their environment is built once per run."""
    project = shop(tmp_path / "shop", packages, run_folder)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True, check=True).stdout
    project.write(".pre-commit-config.yaml", CONFIG.format(clone=clone, commit=commit.strip()))
    project.commit("guard it")
    with FileLock(run_folder / "pre-commit.lock"):
        project.must(*PRE_COMMIT, "install-hooks")
    project.must(*PRE_COMMIT, "install", *(word for moment in MOMENTS for word in ("-t", moment)))
    return project


def test_try_repo(tmp_path: Path, packages: Path, run_folder: Path, clone: Path) -> None:
    project = shop(tmp_path / "shop", packages, run_folder)
    add_column(project, "colour")
    project.git("add", "--all")
    answer = project.run(*PRE_COMMIT, "try-repo", clone, "driftguard", "--all-files")
    assert (answer.code, told(answer)) == (1, {"DG201"}), answer.out + answer.err


@pytest.mark.parametrize(
    ("steps", "arguments", "codes"),
    chosen(
        [
            pytest.param([column, stage("models.py")], [], {"DG201"}, id="a model change without a revision"),
            pytest.param([column, revision, stage(".")], [], set(), id="both staged"),
            pytest.param([column, revision, stage("models.py")], [], FORGOTTEN, id="the revision only in the folder"),
            pytest.param([column, readme], [], set(), id="pre-commit stashes the model change"),
            pytest.param([column, revision, stage("."), another_column], [], set(), id="pre-commit stashes a half"),
            pytest.param([column, revision], ["-a"], FORGOTTEN, id="-a leaves the untracked revision out"),
            pytest.param([column, revision, stage(".")], ["models.py"], FORGOTTEN, id="PATH leaves the revision out"),
            pytest.param([column, readme], ["README"], set(), id="PATH leaves the model change out"),
        ],
        4,
    ),
)
def test_commit(project: Guarded, steps: list[Step], arguments: list[str], codes: set[str]) -> None:
    for step in steps:
        step(project)
    folder = (project.root / "models.py").read_text()
    before = commits(project)
    answer = project.run("git", "commit", "-m", "a change", *arguments)
    assert told(answer) == codes, answer.err
    assert (answer.code == 0, commits(project) - before) == (not codes, int(not codes))
    assert (project.root / "models.py").read_text() == folder


def test_a_merge_is_refused(project: Guarded) -> None:
    two_branches(project)
    silently(project, "merge", "--quiet", LEFT.name)
    before = commits(project)
    answer = project.run("git", "merge", "--no-ff", "--no-edit", RIGHT.name)
    assert (answer.code != 0, told(answer)) == (True, {"DG101"}), answer.err
    assert commits(project) == before


def test_a_merge_made_elsewhere_is_told(project: Guarded) -> None:
    two_branches(project)
    silently(project, "checkout", "--quiet", "-b", "elsewhere", LEFT.name)
    project.git("merge", "--quiet", "--no-verify", "--no-edit", RIGHT.name)
    silently(project, "checkout", "--quiet", "main")
    answer = project.run("git", "merge", "--ff-only", "elsewhere")
    assert (answer.code, told(answer)) == (0, {"DG101"}), answer.err


def test_a_rebase_is_told_once(project: Guarded) -> None:
    two_branches(project)
    silently(project, "checkout", "--quiet", RIGHT.name)
    answer = project.run("git", "rebase", LEFT.name)
    assert (answer.code, told(answer)) == (0, {"DG101"}), answer.err
    assert (answer.out + answer.err).count("error[DG101]") == 1


def test_a_stamp_from_another_branch_is_told(project: Guarded, tmp_path: Path) -> None:
    project.environ["SHOP_DATABASE"] = f"sqlite:///{tmp_path / 'live.db'}"
    branch(project, LEFT.name, LEFT.revision, "colour", "shelves")
    silently(project, "checkout", "--quiet", LEFT.name)
    project.must(project.root / ".venv/bin/python", "-m", "alembic", "upgrade", "head")
    answer = project.run("git", "checkout", "main")
    assert (answer.code, told(answer)) == (0, {"DG303"}), answer.err
    assert f"alembic downgrade {HEAD}" in answer.out + answer.err


@pytest.mark.parametrize(
    ("lacking", "known"),
    [
        pytest.param(True, True, id="a bad commit"),
        pytest.param(True, False, id="a bad commit in a whole history"),
        pytest.param(False, True, id="a good commit"),
        pytest.param(False, False, id="a good history"),
    ],
)
def test_push(project: Guarded, tmp_path: Path, lacking: bool, known: bool) -> None:
    project.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    project.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    if known:
        project.git("push", "--quiet", "--no-verify", "origin", "main")
    column(project)
    if not lacking:
        revision(project)
    project.commit("a change")
    answer = project.run("git", "push", "origin", "main")
    assert (answer.code == 0, told(answer)) == (not lacking, {"DG201"} if lacking else set()), answer.err


def test_without_the_check(project: Guarded) -> None:
    column(project)
    project.environ["DRIFTGUARD_SKIP"] = "1"
    assert project.run("git", "commit", "-am", "skipped").code == 0


def test_run_by_hand(project: Guarded) -> None:
    answers: list[Answer] = [
        project.run(*PRE_COMMIT, "run", hook, "--all-files", "--hook-stage", stage)
        for hook, stage in (("driftguard", "pre-commit"), ("driftguard-merge", "post-rewrite"))
    ]
    assert [(answer.code, told(answer)) for answer in answers] == [(0, set()), (0, set())], answers
