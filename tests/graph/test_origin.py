"""Who brought a revision, when, and by which pull request, on real git."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import Guarded

from driftguard.git import WorkingTree, find_repository
from driftguard.graph import load, provenance

DAY = 1769860800
"""2026-01-31, noon."""


class Project(Guarded):
    """A repository whose commits have an author and a day of their own."""

    def by(self, who: str, day: int, *arguments: str) -> str:
        """Run git as somebody, so many days later; the commit that is checked out then."""
        moment = f"{DAY + day * 86400} +0000"
        dates = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        names = {"GIT_AUTHOR_NAME": who, "GIT_COMMITTER_NAME": who}
        Guarded(self.root, {**dates, **names}).git(*arguments)
        return self.git("rev-parse", "--short=7", "HEAD").strip()

    def add(self, who: str, day: int, id_: str, message: str = "add it", text: str = "") -> str:
        """A revision of its own commit."""
        self.write(f"versions/{id_}.py", text or f"revision = {id_!r}\ndown_revision = None\n")
        self.git("add", "--all")
        return self.by(who, day, "commit", "--quiet", "-m", message)

    def merge(self, who: str, day: int, branch: str, *messages: str) -> str:
        texts = [word for message in messages for word in ("-m", message)]
        return self.by(who, day, "merge", "--quiet", "--no-ff", *texts, branch)

    def origin(self, id_: str, folder: str = "versions") -> str:
        """What is told of a revision."""
        repository = find_repository(self.root)
        assert repository is not None
        graph = load(WorkingTree(self.root), (folder,), False)
        return provenance(repository, graph.revisions).get(id_, "")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.git("init", "--quiet", "--initial-branch=main")
    made.write("README", "")
    made.git("add", "README")
    made.by("Ann", 0, "commit", "--quiet", "-m", "begin")
    return made


@pytest.mark.parametrize(
    ("messages", "by"),
    [
        pytest.param(("Merge pull request #12 from ann/feature", "Add age"), "merged by pull request #12", id="github"),
        pytest.param(
            ("Merge branch 'feature' into 'main'", "Add age", "See merge request shop/api!34"),
            "merged by merge request !34",
            id="gitlab",
        ),
        pytest.param(("Merged in feature (pull request #7)",), "merged by pull request #7", id="bitbucket"),
        pytest.param(("Merged PR 815: add age",), "merged by pull request #815", id="azure"),
        pytest.param(("Merge branch 'feature'",), "merged from feature", id="a branch"),
        pytest.param(
            ("Merge remote-tracking branch 'origin/it's' into main",), "merged from origin/it's", id="a remote branch"
        ),
        pytest.param(("add age at last",), "merged", id="a message of somebody's own"),
        pytest.param(
            ("we Merge pull request #12 by hand", "as in See merge request !3 of old"), "merged", id="only alike"
        ),
    ],
)
def test_the_merge_that_brought_it(project: Project, messages: tuple[str, ...], by: str) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    added = project.add("Ann", 1, "aaaa")
    project.git("checkout", "--quiet", "main")
    project.add("Bob", 2, "bbbb")
    merge = project.merge("Bob", 3, "feature", *messages)
    assert project.origin("aaaa") == (
        f"commit {added} (Ann, 2026-02-01), {by} (commit {merge}, Bob, 2026-02-03), also on feature"
    )


@pytest.mark.parametrize(
    ("message", "end"),
    [
        pytest.param("Add age (#12)", ", pull request #12", id="squashed on github"),
        pytest.param("Add age\n\nSee merge request shop/api!34", ", merge request !34", id="squashed on gitlab"),
        pytest.param("Add age", "", id="pushed"),
        pytest.param("Add age (#12) to users", "", id="a number in a sentence"),
        pytest.param("Revert #12", "", id="a number"),
    ],
)
def test_a_commit_without_a_merge(project: Project, message: str, end: str) -> None:
    added = project.add("Ann", 1, "aaaa", message)
    project.add("Bob", 2, "bbbb")
    assert project.origin("aaaa") == f"commit {added} (Ann, 2026-02-01){end}"


def test_a_merge_into_its_own_branch_did_not_bring_it(project: Project) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    added = project.add("Ann", 1, "aaaa")
    project.git("checkout", "--quiet", "main")
    project.add("Bob", 2, "bbbb")
    project.git("checkout", "--quiet", "feature")
    project.merge("Ann", 3, "main", "Merge branch 'main' into feature")
    assert "merged" not in project.origin("aaaa")
    project.git("checkout", "--quiet", "main")
    merge = project.merge("Bob", 4, "feature", "Merge pull request #12 from ann/feature")
    assert project.origin("aaaa") == (
        f"commit {added} (Ann, 2026-02-01), merged by pull request #12 (commit {merge}, Bob, 2026-02-04), "
        "also on feature"
    )


def test_what_came_to_a_branch_is_told_by_the_pull_request_and_not_by_the_merge_of_main(project: Project) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    project.add("Ann", 1, "aaaa")
    project.git("checkout", "--quiet", "-b", "other", "main")
    project.add("Bob", 2, "bbbb")
    project.git("checkout", "--quiet", "main")
    pulled = project.merge("Bob", 3, "other", "Merge pull request #5 from bob/other")
    project.git("branch", "--quiet", "-D", "other")
    project.git("checkout", "--quiet", "feature")
    project.merge("Ann", 4, "main", "Merge branch 'main' into feature")
    assert f"merged by pull request #5 (commit {pulled}, Bob, 2026-02-03), also on main" in project.origin("bbbb")
    assert "merged" not in project.origin("aaaa")


def test_each_is_told_by_its_own_merge(project: Project) -> None:
    for number, id_ in enumerate(("aaaa", "bbbb"), 1):
        project.git("checkout", "--quiet", "-b", f"feature{number}", "main")
        project.add("Ann", number, id_)
        project.git("checkout", "--quiet", "main")
        project.merge("Bob", number + 2, f"feature{number}", f"Merge pull request #{number} from ann/feature{number}")
    assert "#1 (" in project.origin("aaaa")
    assert "#2 (" in project.origin("bbbb")


BODY = "revision = 'aaaa'\ndown_revision = None\n" + "".join(f"step_{number} = {number}\n" for number in range(20))


def test_the_author_is_who_added_it_and_not_who_formatted_it(project: Project) -> None:
    added = project.add("Ann", 1, "aaaa", text=BODY)
    project.add("Formatter", 2, "aaaa", text=BODY.replace("'", '"'))
    assert project.origin("aaaa") == f"commit {added} (Ann, 2026-02-01)"


def test_it_is_followed_through_renames_and_moves(project: Project) -> None:
    added = project.add("Ann", 1, "aaaa", text=BODY)
    project.git("mv", "versions/aaaa.py", "versions/aaaa_named.py")
    project.write("versions/aaaa_named.py", BODY.replace("'", '"'))
    project.by("Bob", 2, "commit", "--quiet", "--all", "-m", "name it")
    (project.root / "server").mkdir()
    project.git("mv", "versions", "server/versions")
    project.by("Bob", 3, "commit", "--quiet", "-m", "move them")
    assert project.origin("aaaa", "server/versions") == f"commit {added} (Ann, 2026-02-01)"


def test_a_new_file_is_not_taken_for_one_that_was_removed_long_before(project: Project) -> None:
    project.add("Ann", 1, "aaaa", text=BODY)
    project.git("rm", "--quiet", "versions/aaaa.py")
    project.by("Ann", 2, "commit", "--quiet", "-m", "away with it")
    again = project.add("Bob", 3, "aaaa", text=BODY)
    assert project.origin("aaaa") == f"commit {again} (Bob, 2026-02-03)"


def test_a_file_that_is_not_committed_has_no_origin(project: Project) -> None:
    project.write("versions/aaaa.py", BODY)
    assert project.origin("aaaa") == ""


def test_a_revision_that_only_the_merge_itself_has(project: Project) -> None:
    project.git("checkout", "--quiet", "-b", "feature")
    project.add("Ann", 1, "aaaa")
    project.git("checkout", "--quiet", "main")
    project.add("Bob", 2, "bbbb")
    project.git("merge", "--quiet", "--no-ff", "--no-commit", "feature")
    merge = project.add("Bob", 3, "cccc", "Merge branch 'feature'")
    assert project.origin("cccc") == f"commit {merge} (Bob, 2026-02-03)"


def test_settings_of_git_change_nothing(project: Project) -> None:
    added = project.add("Ann", 1, "aaaa")
    for name, value in (("color.ui", "always"), ("log.showSignature", "true"), ("log.date", "relative")):
        project.git("config", name, value)
    project.git("config", "format.pretty", "fuller")
    assert project.origin("aaaa") == f"commit {added} (Ann, 2026-02-01)"
