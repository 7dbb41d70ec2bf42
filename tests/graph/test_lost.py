"""Every corner of git and of the folder that may have a revision, and what takes too long."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import Guarded

from driftguard.errors import DriftguardError
from driftguard.git import Repository, WorkingTree, find_repository
from driftguard.graph import Where, load, lost, recover, search, ways_down

FOLDER = "my versions"


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    made = Guarded(tmp_path)
    made.git("init", "--quiet", "--initial-branch=main")
    add(made, "aaaa")
    made.commit("begin")
    return made


def add(project: Guarded, id_: str, down: str | None = "aaaa", path: str = "") -> str:
    path = path or f"{FOLDER}/{id_}.py"
    project.write(path, f"revision = {id_!r}\ndown_revision = {down!r}\n")
    return path


def where(project: Guarded, id_: str) -> Where:
    return Where(find_repository(project.root), project.root, (FOLDER,), id_)


def places(project: Guarded, id_: str) -> list[str]:
    return [f"{find.place}: {find.revision.path}" for find in search(where(project, id_)).finds]


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("bbbb", id="only named as a parent"),
        pytest.param("aaa", id="the beginning of another one"),
        pytest.param("a.aa", id="an expression that another one matches"),
        pytest.param("zzzz", id="nowhere"),
        pytest.param("--output=x", id="what git would take for an option"),
        pytest.param("'\n$(touch x)", id="what a shell would run"),
        pytest.param("", id="nothing"),
        pytest.param("a\0b", id="what no argument can hold"),
        pytest.param("\udc80\ud800", id="what is no text"),
    ],
)
def test_what_nobody_has(project: Guarded, id_: str) -> None:
    add(project, "cccc", "bbbb")
    project.commit("add it")
    assert places(project, id_) == []
    assert not (project.root / "x").exists()


@pytest.mark.parametrize("id_", ["a.b*[c]", "0001", "it's", "(x|y)^$", "a\\b"])
def test_ids_that_are_no_hexadecimal_numbers(project: Guarded, id_: str) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    project.write(f"{FOLDER}/x.py", f"revision = {id_!r}\ndown_revision = None\n")
    project.commit("add it")
    project.git("checkout", "--quiet", "main")
    expected = [] if "\\" in id_ else [f"branch feature: {FOLDER}/x.py"]  # in a file it is written twice
    assert places(project, id_) == expected


def test_before_the_first_commit(tmp_path: Path) -> None:
    empty = Guarded(tmp_path)
    empty.git("init", "--quiet")
    assert search(where(empty, "aaaa")) == ((), (), ())


def test_without_git_the_folder_is_searched(tmp_path: Path) -> None:
    folder = Guarded(tmp_path)
    add(folder, "bbbb", path="attic/deep/b.py")
    add(folder, "bbbb", path="node_modules/b.py")
    found = search(Where(None, tmp_path, (FOLDER,), "bbbb")).finds
    assert [each.revision.path for each in found] == ["attic/deep/b.py"]


def test_the_best_comes_first(project: Guarded) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    add(project, "bbbb")
    project.commit("add it")
    project.git("tag", "v1")
    project.git("update-ref", "refs/remotes/origin/feature", "HEAD")
    project.git("update-ref", "refs/pull/7/head", "HEAD")
    project.git("checkout", "--quiet", "main")
    path = f": {FOLDER}/bbbb.py"
    expected = ["branch feature", "remote branch origin/feature", "tag v1", "refs/pull/7/head"]
    assert places(project, "bbbb") == [f"{each}{path}" for each in expected]
    for find in search(where(project, "bbbb")).finds:
        assert "bbbb" in project.git("show", f"{find.ref}:{find.revision.path}")


def test_stashed_files_are_found_at_once(project: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    add(project, "bbbb")
    project.git("stash", "--quiet", "--include-untracked")
    project.write("note", "another stash\n")
    project.git("stash", "--quiet", "--include-untracked")
    monkeypatch.setattr(lost, "SEARCHES", lost.SEARCHES[:1])
    assert places(project, "bbbb") == [f"stash@{{1}}, untracked: {FOLDER}/bbbb.py"]


def test_a_tag_of_the_same_name_is_not_taken_for_the_branch(project: Guarded) -> None:
    project.git("tag", "feature")
    project.git("checkout", "--quiet", "-b", "feature")
    add(project, "bbbb")
    project.commit("add it")
    project.git("checkout", "--quiet", "main")
    [find] = search(where(project, "bbbb")).finds
    assert find.ref == "refs/heads/feature"


def test_a_folder_that_was_moved_since(project: Guarded) -> None:
    project.git("checkout", "--quiet", "-b", "old")
    add(project, "bbbb", path="alembic/versions/b.py")
    project.commit("add it")
    project.git("checkout", "--quiet", "main")
    recovery = recover(where(project, "bbbb"), load(WorkingTree(project.root), (FOLDER,), False), ("bbbb",))
    assert recovery.files["bbbb"].revision.path == "alembic/versions/b.py"
    assert recovery.homes == {"bbbb": f"{FOLDER}/b.py"}


def test_what_another_environment_has_does_not_belong_here(project: Guarded) -> None:
    add(project, "bbbb", path="other/versions/b.py")
    project.commit("another environment")
    found = search(where(project, "bbbb")._replace(foreign=("other/versions",)))
    assert found.finds == ()
    assert found.hints == ("another environment has it: a folder where Alembic does not look: other/versions/b.py",)


def test_nothing_is_overwritten(project: Guarded) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    path = add(project, "bbbb")
    project.commit("add it")
    project.git("checkout", "--quiet", "main")
    project.write(path, "mine = 1\n")
    recovery = recover(where(project, "bbbb"), load(WorkingTree(project.root), (FOLDER,), False), ("bbbb",))
    assert recovery.homes == {"bbbb": f"{FOLDER}/recovered0_bbbb.py"}


def test_an_id_that_was_changed_in_its_file(project: Guarded) -> None:
    path = add(project, "bbbb")
    project.commit("add it")
    add(project, "cccc", path=path)
    project.commit("another id")
    [find] = search(where(project, "bbbb")).finds
    assert find.place.startswith("branch main had it until commit ")
    assert find.place.endswith(" changed the file")


def test_a_search_that_takes_too_long_is_said_and_the_others_go_on(
    project: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(project, "bbbb", path="attic/b.py")
    monkeypatch.setattr(Repository, "history", slow)
    found = search(where(project, "bbbb"))
    assert [each.revision.path for each in found.finds] == ["attic/b.py"]
    assert found.gave_up == ("branches, tags, stashes and reflogs: `git log` took more than 15 seconds",)
    monkeypatch.setattr(lost, "SECONDS", -1.0)
    found = search(where(project, "bbbb"))
    assert found.finds == ()
    assert [each.partition(":")[0] for each in found.gave_up] == [
        "branches, tags, stashes and reflogs",
        "working trees",
        "all files of all commits",
    ]


def slow(repository: Repository, *arguments: str, deadline: float) -> bytes:
    """A git log that does not come to an end."""
    raise DriftguardError(f"`git log` took more than {deadline:.0f} seconds")


@pytest.mark.parametrize(
    ("here", "there", "stamp", "targets"),
    [
        pytest.param({"a": ""}, {"b": "a"}, "b", ["a"], id="one"),
        pytest.param({"a": ""}, {"b": "a", "c": "b"}, "c", ["a"], id="two in a row"),
        pytest.param({"a": "", "d": "a"}, {"b": "a"}, "b", ["a"], id="beside a revision that was not run"),
        pytest.param({"a": "", "d": "a"}, {"b": "a"}, "b d", ["b@a"], id="beside a revision that was run"),
        pytest.param({"a": "", "d": "a"}, {"b": "a", "m": "b d"}, "m", ["d", "b@a"], id="joined with one that was run"),
        pytest.param({"a": "", "x": "a", "y": "a"}, {"m": "x y"}, "m", ["y"], id="only a merge"),
        pytest.param({"a": ""}, {"b": "a", "c": "a"}, "b c", ["a"], id="two heads"),
        pytest.param({}, {"b": "", "c": "b"}, "c", ["b@base"], id="all of it"),
        pytest.param({"a": ""}, {}, "a", [], id="none"),
    ],
)
def test_ways_down(tmp_path: Path, here: dict[str, str], there: dict[str, str], stamp: str, targets: list[str]) -> None:
    project = Guarded(tmp_path)
    for folder, revisions in (("here", here), ("there", there)):
        for id_, down in revisions.items():
            project.write(f"{folder}/{id_}.py", f"revision = {id_!r}\ndown_revision = {tuple(down.split())!r}\n")
    tree = WorkingTree(tmp_path)
    elsewhere = load(tree, ("there",), False)
    files = {each.id: lost.Find("there", "", each) for each in elsewhere.revisions}
    assert list(ways_down(load(tree, ("here",), False), files, stamp.split())) == targets
