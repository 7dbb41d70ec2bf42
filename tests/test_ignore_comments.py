"""Comments that ignore a finding: where they count, when they expire, and what is said of those that do nothing."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from guarded import Guarded
from hooked import column, hooked

from driftguard.findings import Finding, Place, Side
from driftguard.ignore_comments import apply, read_comments

TODAY = datetime.date(2026, 11, 21)
SOURCE = """\
from sqlalchemy import Column, Integer


# driftguard: ignore[DG203]
class Student(Base):  # driftguard: ignore[DG201] reason=it comes later until=2027-01-31
    __tablename__ = "students"
    id = Column(Integer, primary_key=True)
    age = Column(
        Integer,  # driftguard: ignore[missing-revision, DG202] reason="not yet"
    )
    text = "# driftguard: ignore[DG201]"
    name = Column(String)
    size = Column(Integer)  # driftguard: ignore[DG2] until=2026-11-20
"""


def finding(code: str, line: int | None, path: str = "m.py") -> Finding:
    return Finding(code=code, side=Side.MODELS, subject="t.c", message="x", place=Place(path, line))


def left(*findings: Finding, source: str = SOURCE, needs_reason: bool = False) -> list[tuple[str, int | None]]:
    applied = apply(findings, lambda path: read_comments(path, source.encode()), TODAY, needs_reason=needs_reason)
    return [(each.code, each.place.line if each.place else None) for each in applied.findings]


@pytest.mark.parametrize(
    ("code", "line", "is_left"),
    [
        pytest.param("DG201", 5, False, id="at the end of its line"),
        pytest.param("DG203", 5, False, id="on a line of its own before"),
        pytest.param("DG202", 5, True, id="another rule"),
        pytest.param("DG201", 6, True, id="another line of the class"),
        pytest.param("DG201", 8, False, id="at the first line of a statement, the comment in a later one"),
        pytest.param("DG201", 10, False, id="at its last line"),
        pytest.param("DG202", 8, False, id="the second of two rules"),
        pytest.param("DG201", 11, True, id="in a text"),
        pytest.param("DG201", 12, True, id="no comment"),
        pytest.param("DG201", 13, True, id="expired"),
        pytest.param("DG201", None, True, id="a file as a whole"),
    ],
)
def test_where_a_comment_counts(code: str, line: int | None, is_left: bool) -> None:
    assert (left(finding(code, line)) != []) == is_left


def test_until_is_the_last_day() -> None:
    source = "a = 1  # driftguard: ignore[DG201] until=2026-11-21\n"
    assert left(finding("DG201", 1), source=source) == []
    assert left(finding("DG201", 1), source=source.replace("11-21", "11-20")) == [("DG201", 1)]


def test_an_expired_comment_is_told_with_the_finding() -> None:
    applied = apply([finding("DG201", 13)], lambda path: read_comments(path, SOURCE.encode()), TODAY)
    assert applied.findings[0].details == ("the comment at m.py:13 that ignores this expired on 2026-11-20",)
    assert not applied.told


def test_what_was_ignored_is_said() -> None:
    applied = apply([finding("DG201", 8)], lambda path: read_comments(path, SOURCE.encode()), TODAY)
    assert applied.told == ("ignored by the comment at m.py:9: DG201 t.c: not yet",)


def test_a_reason_may_be_required() -> None:
    source = "a = 1  # driftguard: ignore[DG201]\nb = 1  # driftguard: ignore[DG201] reason=x\n"
    assert left(finding("DG201", 1), finding("DG201", 2), source=source) == []
    assert left(finding("DG201", 1), finding("DG201", 2), source=source, needs_reason=True) == [("DG201", 1)]


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        pytest.param("ignore", "it names no rule", id="no rule"),
        pytest.param("ignore[]", "it names no rule", id="an empty list"),
        pytest.param("ignore[DG999]", 'no rule is called "DG999"', id="an unknown rule"),
        pytest.param("ignore[mising-revision]", 'did you mean "missing-revision"?', id="a misspelt rule"),
        pytest.param("ignore[DG201] until=soon", "until= takes a day", id="no day"),
    ],
)
def test_what_is_wrong_with_a_comment(comment: str, problem: str) -> None:
    source = f"a = 1  # driftguard: {comment}\n"
    applied = apply([finding("DG201", 1)], lambda path: read_comments(path, source.encode()), TODAY)
    assert len(applied.findings) == 1
    assert problem in applied.problems[0]


@pytest.mark.parametrize("source", ["# driftguard: ignore[DG201]\nclass (:\n", "'''# driftguard: ignore[DG201]"])
def test_no_python_has_no_comments(source: str) -> None:
    assert read_comments("m.py", source.encode()) == ()


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """With a column that no revision has."""
    project = hooked(tmp_path / "shop")
    column(project)
    return project


def ignore(project: Guarded, words: str) -> None:
    project.replace("models.py", "colour = Column(String(10))", f"colour = Column(String(10))  # driftguard: {words}")


def test_the_commit_and_the_check_let_it_pass(shop: Guarded) -> None:
    ignore(shop, "ignore[DG201] reason=it comes with the next release")
    checked = shop.check("--live", "off")
    assert (checked.code, checked.codes, checked.report["notes"]) == (0, [], [])
    assert any("it comes with the next release" in line for line in checked.report["checked"])
    shop.git("add", "models.py")
    assert shop.run("git", "commit", "-m", "x").code == 0


def test_the_setting_asks_for_reasons(shop: Guarded) -> None:
    ignore(shop, "ignore[DG201]")
    shop.write("driftguard.toml", "require_reason = true\n")
    checked = shop.check("--live", "off")
    assert checked.codes == ["DG201"]
    assert "gives no reason" in checked.report["notes"][0]


def test_one_that_ignores_nothing_is_told(shop: Guarded) -> None:
    ignore(shop, "ignore[DG202] reason=x")
    [note] = shop.check("--live", "off").report["notes"]
    assert note.startswith("models.py:14: there is no DG202 here to ignore")
    assert shop.check("--select", "DG1").report["notes"] == []
    shop.git("add", "models.py")
    assert "ignore" not in shop.run("git", "commit", "-m", "x").out.replace("driftguard: ignore[DG202]", "")


def test_a_verdict_that_rests_on_the_day_is_not_remembered(shop: Guarded) -> None:
    memo = shop.root / ".git/driftguard/memo"
    ignore(shop, "ignore[DG201] until=2999-01-31")
    shop.git("add", "models.py")
    assert shop.run(".git/hooks/pre-commit").code == 0
    assert not list(memo.glob("*"))
    shop.replace("models.py", " until=2999-01-31", "")
    shop.git("add", "models.py")
    assert shop.run(".git/hooks/pre-commit").code == 0
    assert len(list(memo.glob("*"))) == 1
