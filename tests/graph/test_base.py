"""Which branch is taken for the base, and what is said where it cannot be known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from guarded import Guarded

from driftguard.errors import DriftguardError
from driftguard.git import Repository, find_repository
from driftguard.graph import Base, find_base

Step = Callable[[Guarded], object]


def git(*arguments: str) -> Step:
    return lambda project: project.git(*arguments)


def commit(name: str) -> Step:
    def step(project: Guarded) -> None:
        project.write(name, name)
        project.commit(name)

    return step


@pytest.fixture
def origin(tmp_path: Path) -> Guarded:
    """A repository with three commits on main and one on develop."""
    project = Guarded(tmp_path / "origin")
    project.root.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    for name in ("one", "two", "three"):
        commit(name)(project)
    project.git("branch", "develop")
    return project


@pytest.fixture
def clone(origin: Guarded, tmp_path: Path) -> Guarded:
    origin.git("clone", "--quiet", f"file://{origin.root}", str(tmp_path / "clone"))
    return Guarded(tmp_path / "clone")


def repository_of(project: Guarded) -> Repository:
    found = find_repository(project.root)
    assert found is not None
    return found


def base_of(project: Guarded, named: str = "", setting: str = "") -> Base | None:
    repository = repository_of(project)
    return find_base(repository, repository.resolve("HEAD"), named, setting)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param((), "origin/main", id="on main"),
        pytest.param((git("checkout", "--quiet", "-b", "x"),), "origin/main", id="a branch of main"),
        pytest.param(
            (git("checkout", "--quiet", "-b", "x", "--track", "origin/develop"),),
            "origin/develop",
            id="it follows another",
        ),
        pytest.param(
            (git("checkout", "--quiet", "-b", "x"), git("push", "--quiet", "--set-upstream", "origin", "x")),
            "origin/main",
            id="it follows itself on the server",
        ),
        pytest.param((git("checkout", "--quiet", "--detach"),), "origin/main", id="no branch at all"),
        pytest.param((git("remote", "set-head", "origin", "develop"),), "origin/develop", id="another default branch"),
        pytest.param(
            (git("remote", "set-head", "origin", "--delete"),), "origin/main", id="no default branch is known"
        ),
        pytest.param((git("remote", "rename", "origin", "server"),), "server/main", id="another remote"),
        pytest.param(
            (git("remote", "remove", "origin"), git("checkout", "--quiet", "-b", "x")), "main", id="no remote"
        ),
    ],
)
def test_without_a_name(clone: Guarded, steps: tuple[Step, ...], expected: str) -> None:
    for step in steps:
        step(clone)
    base = base_of(clone)
    assert base is not None
    assert base.name == expected


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((git("remote", "remove", "origin"),), id="on main without a remote"),
        pytest.param((git("remote", "remove", "origin"), git("branch", "-m", "main", "trunk")), id="no usual name"),
    ],
)
def test_there_is_none(clone: Guarded, steps: tuple[Step, ...]) -> None:
    for step in steps:
        step(clone)
    assert base_of(clone) is None


def test_with_a_name(clone: Guarded) -> None:
    three = clone.git("rev-parse", "HEAD").strip()
    two = clone.git("rev-parse", "HEAD~1").strip()
    assert base_of(clone, "HEAD~1", "develop") == Base("HEAD~1", two, (two,))
    assert base_of(clone, setting="develop") == Base("develop", three, (three,))
    with pytest.raises(DriftguardError, match="no commit called 'devlop'"):
        base_of(clone, "devlop")


def test_where_two_branches_went_apart(clone: Guarded) -> None:
    fork = clone.git("rev-parse", "HEAD").strip()
    clone.git("checkout", "--quiet", "-b", "x")
    commit("four")(clone)
    clone.git("checkout", "--quiet", "main")
    commit("five")(clone)
    clone.git("checkout", "--quiet", "x")
    assert (base_of(clone, "main") or Base("", "", ())).forks == (fork,)


def test_a_shallow_clone_is_told_what_to_fetch(origin: Guarded, tmp_path: Path) -> None:
    origin.git("checkout", "--quiet", "-b", "x", "main~1")
    commit("mine")(origin)
    shallow = Guarded(tmp_path / "shallow")
    origin.git("clone", "--quiet", "--depth=1", "--branch=x", f"file://{origin.root}", str(shallow.root))
    shallow.git("remote", "set-head", "origin", "--delete")  # as what CI makes has none
    with pytest.raises(DriftguardError, match="neither its whole history nor a branch") as nothing:
        base_of(shallow)
    assert "git fetch --unshallow" in nothing.value.hint
    with pytest.raises(DriftguardError, match="'main' is not in this clone") as absent:
        base_of(shallow, "main")
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    with pytest.raises(DriftguardError, match="ends before the commit that it shares with origin/main"):
        base_of(shallow)
    shallow.must("sh", "-c", absent.value.hint.partition(": ")[2])
    base = base_of(shallow)
    assert base is not None
    assert base.forks == (shallow.git("rev-parse", "origin/main~1").strip(),)
