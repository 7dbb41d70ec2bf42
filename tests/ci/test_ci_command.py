"""`driftguard ci` as CI services run it: what fails, what is known, where it is told, and what cannot be checked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from guarded import Guarded, sql
from hooked import COLOUR, LAST_LINES, add_column, add_revision
from racks import NEW

SUMMARY = re.compile(r"^  (base|new|known|so) +(.*)$", re.MULTILINE)


def summary(out: str) -> dict[str, str]:
    return dict(SUMMARY.findall(out))


def on(project: Guarded, **variables: str) -> Guarded:
    return Guarded(project.root, {**project.environ, **variables})


def test_a_pull_request_on_github(clone: Guarded, tmp_path: Path) -> None:
    """What only the merge of both has is told with what the branch has, and what the base had is a note."""
    add_column(clone, "fresh", "items")
    clone.commit("one more column without a revision")
    page = tmp_path / "summary.md"
    job = on(clone, GITHUB_ACTIONS="true", GITHUB_BASE_REF="main", GITHUB_STEP_SUMMARY=str(page))
    answer = job.driftguard("ci")
    assert answer.code == 1, answer
    assert re.findall(r"^::(\w+) file=models.py,.*?::(.*?) (?:is|in) ", answer.out, re.MULTILINE) == [
        ("notice", "shelves.old"),
        ("error", "items.fresh"),
        ("error", "merged with origin/main: racks.label"),
    ]
    assert summary(answer.out) == {
        "base": f"origin/main ({clone.git('rev-parse', '--short=12', 'origin/main').strip()})",
        "new": "2 errors",
        "known": "1 finding: the base branch has it as well",
        "so": "failed (exit code 1)",
    }
    assert len(answer.out.splitlines()) < 25
    assert "DG201" in page.read_text()


def test_what_the_base_has_mended_is_not_known_any_more(shop: Guarded, clone: Guarded) -> None:
    """The branch makes the column longer that lacked a revision; main, meanwhile, has written that revision."""
    add_revision(shop, COLOUR, "old")
    shop.commit("the missing revision")
    clone.git("fetch", "--quiet")
    clone.git("checkout", "--quiet", "--detach", "origin/main~1")
    clone.replace("models.py", "old = Column(String(10))", "old = Column(String(30))")
    clone.commit("longer")
    answer = on(clone, BUILDKITE="true", BUILDKITE_PULL_REQUEST_BASE_BRANCH="main").driftguard("ci")
    assert re.findall(r"^(\w+)\[(DG\d+)\] [\w-]+: (merged with )?", answer.out, re.MULTILINE) == [
        ("error", "DG201", "merged with "),
        ("note", "DG201", ""),
    ], answer
    assert answer.code == 1


def test_a_merge_request_on_gitlab(clone: Guarded) -> None:
    """Made fit for the merge, it passes; the report is a file, and the log is text."""
    clone.replace(f"migrations/versions/{NEW}_racks.py", "sa.String(20)", "sa.String(40)")
    clone.write("kinds.py", "from sqlalchemy import String\n\nLABEL = String(40)\n")
    clone.commit("longer racks")
    clone.write("alembic.ini", (clone.root / "alembic.ini").read_text() + "# changed\n")
    job = on(clone, GITLAB_CI="true", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    answer = job.driftguard("ci", "--format", "json=all.json")
    assert answer.code == 0, answer
    assert "note[DG201]" in answer.out
    assert summary(answer.out)["new"] == "nothing"
    entries = json.loads((clone.root / "gl-code-quality-report.json").read_text())
    assert [entry["severity"] for entry in entries] == ["info"]
    assert json.loads((clone.root / "all.json").read_text())["findings"][0]["known"] is True


def test_the_base_branch_itself_is_excused_nothing(clone: Guarded, tmp_path: Path) -> None:
    """And the live database is asked where one is named."""
    clone.git("checkout", "--quiet", "--detach", "origin/main")
    url = f"sqlite:///{tmp_path / 'live.db'}"
    on(clone, SHOP_DATABASE=url).alembic("upgrade", "head")
    sql(url, "DROP TABLE items")
    job = on(clone, GITLAB_CI="true", CI_COMMIT_BRANCH="main", CI_DEFAULT_BRANCH="main", LIVE=url)
    answer = job.driftguard("ci", "--live", "env:LIVE", "--format", "json")
    report = json.loads(answer.out)
    assert answer.code == 1
    assert {(each["code"], each["severity"]) for each in report["findings"]} == {("DG201", "error"), ("DG301", "error")}
    assert (clone.root / "gl-code-quality-report.json").exists()


def test_a_database_that_does_not_answer_is_not_passed_over(clone: Guarded) -> None:
    clone.git("checkout", "--quiet", "--detach", "origin/main")
    job = on(clone, GITLAB_CI="true", CI_COMMIT_BRANCH="main", CI_DEFAULT_BRANCH="main")
    answer = job.driftguard("ci", "--live", "sqlite:////nowhere/shop.db", "--select", "DG3")
    assert (answer.code, summary(answer.out)["so"]) == (2, "could not be checked (exit code 2)"), answer
    assert "error[DG904]" in answer.out


def test_both_cannot_be_merged(clone: Guarded) -> None:
    """And what a file says is no command of the runner's."""
    clone.write("kinds.py", "from sqlalchemy import String\n\nLABEL = String(30)\n")
    line = "    weight = Column(Integer)  # ##vso[task.setvariable variable=x]y\n"
    clone.replace("models.py", LAST_LINES["items"], LAST_LINES["items"] + line)
    clone.commit("others")
    job = on(clone, TF_BUILD="True", SYSTEM_PULLREQUEST_TARGETBRANCH="refs/heads/main")
    answer = job.driftguard("ci", "--select", "DG201")
    assert answer.code == 1, answer
    assert "note: git cannot merge origin/main by itself" in answer.out
    assert "kinds.py in conflict" in answer.out
    assert ("weight = " in answer.out, "##vso[" in answer.out) == (True, False), answer.out
    assert "<testsuites" in (clone.root / "driftguard-junit.xml").read_text()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"GITHUB_BASE_REF": "nowhere"}, "the branch nowhere", id="a base that was not fetched"),
        pytest.param({"GITHUB_BASE_REF": "mine"}, "nothing of the change", id="nothing of the change"),
        pytest.param({"GITHUB_BASE_REF": "a::b"}, "cannot be a branch", id="no branch"),
    ],
)
def test_what_cannot_be_checked_is_an_annotation(clone: Guarded, variables: dict[str, str], said: str) -> None:
    answer = on(clone, GITHUB_ACTIONS="true", **variables).driftguard("ci")
    assert answer.code == 2
    assert re.findall(r"^::(\w+) title=driftguard::", answer.out, re.MULTILINE) == ["error"]
    assert said in answer.err
    assert said in answer.out


def test_outside_of_git(tmp_path: Path) -> None:
    answer = Guarded(tmp_path).driftguard("ci")
    assert (answer.code, "no git repository" in answer.err) == (2, True)
