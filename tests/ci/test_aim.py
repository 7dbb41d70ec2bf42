"""What a branch is going into, and what is said where that cannot be known; real git, hostile names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from guarded import Guarded

from driftguard.commands.ci import event_of
from driftguard.errors import DriftguardError
from driftguard.gate import Aim, find_aim
from driftguard.git import Repository, find_repository
from driftguard.pipelines import NO_SERVICE, SERVICES, Pipeline

BY_NAME = {each.name: each for each in SERVICES}
GITHUB, GITLAB, AZURE = BY_NAME["GitHub Actions"], BY_NAME["GitLab CI"], BY_NAME["Azure Pipelines"]


def commit(project: Guarded, name: str) -> None:
    project.write(name, name)
    project.commit(name)


@pytest.fixture
def clone(tmp_path: Path) -> Guarded:
    """``mine`` is checked out, one commit ahead of main, one behind it; ``old`` is merged already."""
    origin = Guarded(tmp_path / "origin")
    origin.root.mkdir()
    origin.git("init", "--quiet", "--initial-branch=main")
    commit(origin, "one")
    origin.git("branch", "old")
    origin.git("checkout", "--quiet", "-b", "mine")
    commit(origin, "two")
    origin.git("checkout", "--quiet", "main")
    commit(origin, "three")
    origin.git("clone", "--quiet", f"file://{origin.root}", str(tmp_path / "clone"))
    project = Guarded(tmp_path / "clone")
    project.git("checkout", "--quiet", "--detach", "origin/mine")
    return project


def repository_of(project: Guarded) -> Repository:
    found = find_repository(project.root)
    assert found is not None
    return found


def aim(project: Guarded, pipeline: Pipeline, named: str = "", setting: str = "") -> Aim:
    return find_aim(repository_of(project), pipeline, named, setting)


@pytest.mark.parametrize(
    ("pipeline", "named", "setting", "expected"),
    [
        pytest.param(Pipeline(GITHUB, "main"), "", "", "origin/main", id="a pull request"),
        pytest.param(Pipeline(GITHUB, "", "mine", "main"), "", "", "origin/main", id="a push to another branch"),
        pytest.param(Pipeline(AZURE, "", "mine"), "", "", "origin/main", id="no default is named: what git knows"),
        pytest.param(Pipeline(AZURE, "", "mine"), "", "origin/main", "origin/main", id="the setting"),
        pytest.param(Pipeline(GITHUB, "main"), "", "nowhere", "origin/main", id="a pull request's target comes first"),
        pytest.param(Pipeline(GITHUB, "nowhere"), "origin/main", "", "origin/main", id="what is named comes first"),
        pytest.param(Pipeline(NO_SERVICE), "", "", "origin/main", id="no service at all"),
    ],
)
def test_the_base(clone: Guarded, pipeline: Pipeline, named: str, setting: str, expected: str) -> None:
    found = aim(clone, pipeline, named, setting)
    assert found.base is not None
    assert found.base.name == expected
    assert found.said.startswith(expected)


@pytest.mark.parametrize(
    ("at", "pipeline", "named", "setting", "said"),
    [
        pytest.param("origin/main", Pipeline(GITHUB, "", "main", "main"), "", "", "main is the base", id="default"),
        pytest.param("origin/mine", Pipeline(GITLAB, "", "mine", "main"), "", "mine", "mine is the base", id="setting"),
        pytest.param("origin/old", Pipeline(GITHUB, "", "old", "main"), "", "", "origin/main has all", id="merged"),
        pytest.param("origin/main", Pipeline(NO_SERVICE), "main", "", "main has all of it", id="named, and equal"),
    ],
)
def test_nothing_excuses_what_is_off(
    clone: Guarded, at: str, pipeline: Pipeline, named: str, setting: str, said: str
) -> None:
    clone.git("checkout", "--quiet", "--detach", at)
    found = aim(clone, pipeline, named, setting)
    assert found.base is None
    assert said in found.said
    assert "everything counts" in found.said


def refused(project: Guarded, pipeline: Pipeline, named: str = "", setting: str = "") -> DriftguardError:
    with pytest.raises(DriftguardError) as caught:
        aim(project, pipeline, named, setting)
    return caught.value


def test_a_base_that_is_not_here(clone: Guarded) -> None:
    error = refused(clone, Pipeline(GITHUB, "release"))
    assert "release" in error.message
    assert error.hint == "fetch it: git fetch origin +refs/heads/release:refs/remotes/origin/release"


@pytest.mark.parametrize("service", [each for each in SERVICES if each.whole], ids=lambda each: each.name)
def test_a_clone_without_its_history(clone: Guarded, tmp_path: Path, service: object) -> None:
    """Made as the services make theirs: one branch, one commit; then with both branches, and no common commit."""
    url = clone.git("remote", "get-url", "origin").strip()
    clone.git("clone", "--quiet", "--depth=1", "--branch=mine", url, str(tmp_path / "shallow"))
    shallow = Guarded(tmp_path / "shallow")
    pipeline = Pipeline(service, "main")  # type: ignore[arg-type]
    fetch = "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main"
    error = refused(shallow, pipeline)
    assert error.hint == f"{pipeline.service.whole}, or: {fetch}"
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    error = refused(shallow, pipeline)
    assert "history ends before" in error.message
    assert error.hint == f"{pipeline.service.whole}, or: {fetch}"
    shallow.must(*fetch.split())
    assert aim(shallow, pipeline).base is not None


def test_a_clone_without_its_history_where_no_base_is_named(clone: Guarded, tmp_path: Path) -> None:
    url = clone.git("remote", "get-url", "origin").strip()
    clone.git("clone", "--quiet", "--depth=1", "--branch=mine", url, str(tmp_path / "shallow"))
    error = refused(Guarded(tmp_path / "shallow"), Pipeline(BY_NAME["Bitbucket Pipelines"], "", "mine"))
    assert error.hint == "give the step `clone: depth: full`, and name the base with --base, or with the setting `base`"


def test_a_branch_that_goes_nowhere(clone: Guarded) -> None:
    """Only the branch itself was fetched: a gate that compares nothing must not pass."""
    for name in ("HEAD", "main"):
        clone.git("update-ref", "--no-deref", "-d", f"refs/remotes/origin/{name}")
    clone.git("update-ref", "-d", "refs/heads/main")
    assert "not known" in refused(clone, Pipeline(AZURE, "", "mine")).message
    assert aim(clone, Pipeline(NO_SERVICE)).base is None


def test_a_change_that_is_not_checked_out(clone: Guarded) -> None:
    """As under pull_request_target, which checks the base branch out."""
    clone.git("checkout", "--quiet", "--detach", "origin/main")
    assert "nothing of the change" in refused(clone, Pipeline(GITHUB, "main")).message


def test_a_merge_that_the_service_made(clone: Guarded) -> None:
    """As refs/pull/N/merge: what was merged is the base itself."""
    clone.git("merge", "--quiet", "--no-edit", "origin/main")
    base = aim(clone, Pipeline(GITHUB, "main")).base
    assert base is not None
    assert base.forks == (base.commit,)


@pytest.mark.parametrize(
    "name",
    [
        "--upload-pack=touch it-ran",
        "main~1",
        "main@{1}",
        "a..b",
        "x:y",
        "refs/../main",
        "main^{commit}",
        "a b",
        ":/one",
    ],
)
def test_names_that_no_branch_has(clone: Guarded, name: str) -> None:
    error = refused(clone, Pipeline(GITHUB, name))
    assert "cannot be a branch" in error.message or "is not in this clone" in error.message
    assert not (clone.root / "it-ran").exists()


@pytest.mark.parametrize("name", ["$(touch${IFS}it-ran)", "--upload-pack=x", "`x`", "a;b", "x'y"])
def test_names_that_a_branch_may_have(clone: Guarded, name: str) -> None:
    clone.git("update-ref", f"refs/remotes/origin/{name}", "origin/main")
    base = aim(clone, Pipeline(GITHUB, name)).base
    assert base is not None
    assert base.name == f"origin/{name}"


def test_what_is_to_be_typed_is_quoted(clone: Guarded) -> None:
    error = refused(clone, Pipeline(GITHUB, "$(touch${IFS}it-ran)"))
    clone.run("sh", "-c", error.hint.removeprefix("fetch it: "))
    assert not (clone.root / "it-ran").exists()


def test_a_tag_does_not_stand_in_for_the_branch(clone: Guarded) -> None:
    clone.git("tag", "origin/main", "origin/old")
    base = aim(clone, Pipeline(GITHUB, "main")).base
    assert base is not None
    assert (base.name, base.commit) == (
        "refs/remotes/origin/main",
        clone.git("rev-parse", "refs/remotes/origin/main").strip(),
    )


def test_before_the_first_commit(tmp_path: Path) -> None:
    project = Guarded(tmp_path)
    project.git("init", "--quiet")
    assert "no commit yet" in refused(project, Pipeline(GITHUB, "main")).message


def test_an_event_file_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    broken, listed, good = (tmp_path / name for name in ("broken", "listed", "good"))
    broken.write_text("{")
    listed.write_text("[1]")
    good.write_text(json.dumps({"repository": {"default_branch": "trunk"}}))
    for path in (broken, listed, tmp_path / "nowhere"):
        assert event_of({"GITHUB_EVENT_PATH": str(path)}) == {}
    assert event_of({"GITHUB_EVENT_PATH": str(good)})["repository"]["default_branch"] == "trunk"
