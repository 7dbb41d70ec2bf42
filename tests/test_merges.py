"""Commits that nobody has made yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import Guarded

from driftguard import merges
from driftguard.errors import DriftguardError
from driftguard.git import RefTree, Repository, find_repository
from driftguard.merges import commit_of_index, merged, scratch_objects

LINES = "1\n2\n3\n4\n5\n6\n7\n"


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """Branch x and main, each with a file of its own, a change in b at another end, and a change in a."""
    project = Guarded(tmp_path / "a:b")
    project.root.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    for name, text in (("a", "1\n"), ("b", LINES), ("gone", "1\n")):
        project.write(name, text)
    project.commit("begin")
    project.git("checkout", "--quiet", "-b", "x")
    project.write("b", LINES.replace("1", "X"))
    project.write("n", "n")
    project.git("rm", "--quiet", "gone")
    project.commit("x")
    project.git("checkout", "--quiet", "main")
    project.write("m", "m")
    project.commit("main")
    return project


def repository_of(project: Guarded) -> Repository:
    found = find_repository(project.root)
    assert found is not None
    return found


@pytest.fixture(params=[pytest.param((2, 38), id="merge-tree"), pytest.param((99, 0), id="an older git")])
def git_version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merges, "MERGE_TREE", request.param)


def files(project: Guarded, ours: str, theirs: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    with merged(repository_of(project), ours, theirs) as merge:
        tree = RefTree(merge.repository, merge.commit)
        return tree.read_many(tree.files(".", recursive=True)), merge.conflicts


@pytest.mark.usefixtures("git_version")
def test_both_sides_are_in_it(shop: Guarded) -> None:
    found, conflicts = files(shop, "main", "x")
    assert (sorted(found), conflicts) == (["a", "b", "m", "n"], ())
    assert found["b"] == LINES.replace("1", "X").encode()


@pytest.mark.usefixtures("git_version")
def test_what_git_cannot_merge_is_named(shop: Guarded) -> None:
    shop.write("b", LINES.replace("1", "Y"))
    shop.commit("the same line")
    found, conflicts = files(shop, "main", "x")
    assert conflicts == ("b",)
    assert b"Y" in found["b"]
    assert sorted(found) == ["a", "b", "m", "n"]


@pytest.mark.usefixtures("git_version")
def test_histories_with_nothing_in_common(shop: Guarded) -> None:
    shop.git("checkout", "--quiet", "--orphan", "other")
    shop.git("rm", "-rfq", ".")
    shop.write("o", "o")
    shop.commit("other")
    assert sorted(files(shop, "main", "other")[0]) == ["a", "b", "gone", "m", "o"]


def test_lines_are_merged(shop: Guarded) -> None:
    shop.write("b", LINES.replace("7", "Y"))
    shop.commit("another line")
    assert files(shop, "main", "x") == (
        {"a": b"1\n", "b": LINES.replace("1", "X").replace("7", "Y").encode(), "m": b"m", "n": b"n"},
        (),
    )


def test_nothing_is_written_to_the_repository(shop: Guarded) -> None:
    before = shop.git("count-objects", "-v"), shop.git("status", "--porcelain"), shop.git("for-each-ref")
    shop.write("new", "new")
    shop.git("add", "new")
    staged = shop.git("count-objects", "-v"), shop.git("status", "--porcelain"), shop.git("for-each-ref")
    with scratch_objects(repository_of(shop)) as scratched:
        commit = commit_of_index(scratched)
        assert "new" in RefTree(scratched, commit).files(".", recursive=True)
        with merged(scratched, commit, "x") as merge:
            assert RefTree(merge.repository, merge.commit).files(".", recursive=True) == ("a", "b", "m", "n", "new")
    assert (shop.git("count-objects", "-v"), shop.git("status", "--porcelain"), shop.git("for-each-ref")) == staged
    assert before[2] == staged[2]


def test_a_staged_merge_has_both_parents(shop: Guarded) -> None:
    shop.git("merge", "--quiet", "--no-commit", "--no-ff", "x")
    with scratch_objects(repository_of(shop)) as scratched:
        assert scratched.merge_bases(commit_of_index(scratched), "x") == (shop.git("rev-parse", "x").strip(),)


def test_an_index_with_conflicts_is_no_commit(shop: Guarded) -> None:
    shop.write("b", LINES.replace("1", "Y"))
    shop.commit("the same line")
    assert shop.run("git", "merge", "x").code == 1
    with scratch_objects(repository_of(shop)) as scratched, pytest.raises(DriftguardError, match="write-tree"):
        commit_of_index(scratched)


def test_a_signing_identity_is_not_asked(shop: Guarded) -> None:
    shop.git("config", "commit.gpgSign", "true")
    shop.git("config", "gpg.program", "false")
    assert files(shop, "main", "x")[1] == ()
