"""Where git has a revision that is not here, on real git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from driftguard.git import IndexTree, Repository, WorkingTree, find_repository
from driftguard.graph import load, provenance, unstaged_revisions, whereabouts

DATE = "2026-01-31T12:00:00+00:00"
WHO = {
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_EMAIL": "a@b",
    "GIT_AUTHOR_DATE": DATE,
    "GIT_COMMITTER_DATE": DATE,
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, env={**os.environ, **WHO}
    )
    return done.stdout.strip()


def revision(root: Path, id_: str, down: str | None = None) -> Path:
    path = root / "my versions" / f"{id_}_x.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"revision = {id_!r}\ndown_revision = {down!r}\n")
    return path


def commit(root: Path) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")
    return git(root, "rev-parse", "--short=7", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    revision(tmp_path, "aaaa")
    commit(tmp_path)
    return tmp_path


def opened(root: Path) -> Repository:
    repository = find_repository(root)
    assert repository is not None
    return repository


def asked(root: Path, id_: str) -> list[tuple[str, str]]:
    return [(each.text, each.command) for each in whereabouts(opened(root), ("my versions",), id_)]


def test_a_revision_of_another_branch(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "feature/x")
    revision(root, "bbbb", "aaaa")
    made = commit(root)
    git(root, "checkout", "-q", "main")
    assert asked(root, "bbbb") == [
        (
            f"branch feature/x, commit {made} (Ann, 2026-01-31)",
            "git checkout feature/x -- 'my versions/bbbb_x.py'",
        )
    ]


def test_a_deleted_revision(root: Path) -> None:
    revision(root, "bbbb", "aaaa")
    revision(root, "cccc", "bbbb")
    commit(root)
    (root / "my versions/bbbb_x.py").unlink()
    deleted = commit(root)
    ((text, command),) = asked(root, "bbbb")
    assert text == f"my versions/bbbb_x.py had it until commit {deleted} (Ann, 2026-01-31) deleted that file"
    git(root, *command.replace("'", "").removeprefix("git ").split(" ", 2)[:2], "--", "my versions/bbbb_x.py")
    assert (root / "my versions/bbbb_x.py").exists()


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("bbbb", id="an id that is only named as a parent"),
        pytest.param("dddd", id="an id that is only in another folder"),
        pytest.param("zzzz", id="an id that is nowhere"),
        pytest.param("-e", id="what git would take for an option"),
        pytest.param("", id="nothing"),
    ],
)
def test_revisions_that_git_does_not_have(root: Path, id_: str) -> None:
    revision(root, "cccc", "bbbb")
    (root / "dddd.py").write_text("revision = 'dddd'\ndown_revision = None\n")
    commit(root)
    assert asked(root, id_) == []


def test_before_the_first_commit_nothing_is_known(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert asked(tmp_path, "aaaa") == []


def test_where_revisions_come_from(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "feature")
    revision(root, "bbbb", "aaaa")
    made = commit(root)
    git(root, "checkout", "-q", "-b", "other")
    revision(root, "cccc", "bbbb")
    graph = load(WorkingTree(root), ("my versions",), False)
    found = provenance(opened(root), [graph["bbbb"], graph["cccc"]])
    assert found == {"bbbb": f"commit {made} (Ann, 2026-01-31), also on feature"}


def test_what_a_commit_would_leave_out(root: Path) -> None:
    (root / ".gitignore").write_text("*ignored*\n")
    for id_ in ("same", "half", "gone", "torn"):
        revision(root, id_)
    commit(root)
    revision(root, "staged")
    revision(root, "torn").write_text("revision = (")
    git(root, "add", "-A")
    revision(root, "half", "aaaa")
    revision(root, "torn", "aaaa")
    revision(root, "new", "aaaa")
    revision(root, "ignored", "aaaa")
    (root / "my versions/gone_x.py").unlink()
    repository, folders = opened(root), ("my versions",)
    staged, working = (load(tree, folders, False) for tree in (IndexTree(repository), WorkingTree(root)))
    found = unstaged_revisions(repository, staged, working)
    assert [(each.state, each.revision.id) for each in found] == [
        ("modified", "half"),
        ("ignored", "ignored"),
        ("untracked", "new"),
        ("modified", "torn"),
    ]
