"""The baseline: what an entry means, what is kept of it, what its file may hold, and what a check makes of it."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guarded import Guarded
from hooked import column, hooked, readme, told

from driftguard.baseline import FILE, Baseline, Entry, dumped, read
from driftguard.errors import DriftguardError
from driftguard.findings import Finding, Place, Side
from driftguard.verdict import judge

TODAY = datetime.date(2026, 11, 21)
DROPPED = Finding(
    "DG301",
    Side.LIVE,
    "students.last_name",
    "students.last_name was dropped directly: the revisions up to 3f2a have it, the live database has not",
    environment="school",
    exactly="students.last_name was dropped directly",
)
TYPE = replace(DROPPED, subject="students.age", exactly="students.age: type is TEXT, the revisions build INTEGER")
BASELINE = Baseline().with_findings([DROPPED, TYPE])


def with_day(until: datetime.date | None, reason: str = "") -> Baseline:
    return Baseline(tuple(replace(each, until=until, reason=reason) for each in BASELINE.entries))


@pytest.mark.parametrize(
    ("finding", "is_known"),
    [
        pytest.param(DROPPED, True, id="the very same"),
        pytest.param(replace(DROPPED, message="worded anew", details=("by ann",), help="h"), True, id="worded anew"),
        pytest.param(replace(DROPPED, place=Place("m.py", 3)), True, id="on another line"),
        pytest.param(replace(DROPPED, databases=("a", "b")), True, id="in more databases"),
        pytest.param(
            replace(TYPE, exactly="students.age: type is UUID, the revisions build INTEGER"), False, id="type"
        ),
        pytest.param(replace(TYPE, exactly="students.age was dropped directly"), False, id="another change"),
        pytest.param(replace(DROPPED, subject="students.name"), False, id="another object"),
        pytest.param(replace(DROPPED, environment="other"), False, id="another environment"),
        pytest.param(replace(DROPPED, database="second"), False, id="another database of the environment"),
        pytest.param(replace(DROPPED, code="DG203"), False, id="another rule"),
    ],
)
def test_what_an_entry_means(finding: Finding, is_known: bool) -> None:
    assert bool(BASELINE.known(finding, TODAY)) == is_known


@pytest.mark.parametrize(
    ("until", "is_known"),
    [
        pytest.param(None, True, id="no day"),
        pytest.param(TODAY, True, id="on the day"),
        pytest.param(TODAY - datetime.timedelta(1), False, id="the day after"),
    ],
)
def test_entries_that_expire(until: datetime.date | None, is_known: bool) -> None:
    baseline = with_day(until, "it is the old billing's")
    assert bool(baseline.known(DROPPED, TODAY)) == is_known
    [finding] = baseline.told([DROPPED], TODAY)
    assert any("expired on 2026-11-20" in each for each in finding.details) == (not is_known)
    assert not is_known or "it is the old billing's" in baseline.known(DROPPED, TODAY)


def test_what_people_wrote_is_kept() -> None:
    mine = with_day(TODAY, "why")
    more = replace(DROPPED, subject="marks.note", exactly="marks.note was added directly")
    now = read(dumped(mine.with_findings([DROPPED, more, more])))
    assert [(each.subject, each.reason, each.until) for each in now.entries] == [
        ("marks.note", "", None),
        ("students.age", "why", TODAY),
        ("students.last_name", "why", TODAY),
    ]
    assert dumped(read(dumped(now))) == dumped(now)


def test_the_order_of_findings_does_not_matter() -> None:
    assert dumped(Baseline().with_findings([TYPE, DROPPED])) == dumped(BASELINE)


def test_no_password_gets_into_the_file() -> None:
    secret = "postgresql://ann:geheim@host/db"
    finding = replace(DROPPED, subject=secret, exactly=f"server {secret}\n password=geheim", message=secret)
    baseline = Baseline().with_findings([finding])
    assert b"geheim" not in dumped(baseline)
    [judged] = judge([finding], known=lambda each: baseline.known(each, TODAY)).findings
    assert judged.known  # although a verdict's findings have their passwords taken out


def edited(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["entries"][0].update(changes)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        pytest.param(lambda document: document.update(version=2), "of version 2", id="a later version"),
        pytest.param(lambda document: document.update(version=True), "of version true", id="no number"),
        pytest.param(lambda document: document.pop("entries"), "list of", id="no entries"),
        pytest.param(lambda document: document["entries"].append(document["entries"][0]), "same finger", id="twice"),
        pytest.param(lambda document: document["entries"].append([]), "in entry 3", id="no table"),
        pytest.param(edited(until="soon"), "takes a day", id="no day"),
        pytest.param(edited(until=2027), "something else than texts", id="a number"),
        pytest.param(edited(untli="2027-01-31"), 'unknown key "untli" in entry 1', id="a misspelt key"),
        pytest.param(edited(fingerprint="../../x"), "no fingerprint", id="no fingerprint"),
        pytest.param(lambda document: document["entries"][0].pop("code"), 'lacks "code"', id="a key that lacks"),
    ],
)
def test_files_that_nobody_should_trust(edit: Callable[[dict[str, Any]], object], said: str) -> None:
    document = json.loads(dumped(BASELINE))
    edit(document)
    with pytest.raises(DriftguardError) as raised:
        read(json.dumps(document).encode())
    assert said in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "no JSON", id="empty"),
        pytest.param(b"<<<<<<< HEAD\n{}", "no JSON: Expecting value in line 1", id="a conflict"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="bytes"),
        pytest.param(b"[]", "must hold", id="a list"),
        pytest.param(b'{"version": 1, "version": 1, "entries": []}', "a key twice", id="a key twice"),
        pytest.param(b"[" * 200_000, "too many brackets", id="many brackets"),
    ],
)
def test_files_that_are_none(content: bytes, said: str) -> None:
    with pytest.raises(DriftguardError) as raised:
        read(content)
    assert said in raised.value.message


def test_no_file() -> None:
    assert read(None) == Baseline()


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """Old: somebody has added and changed things in the database by hand."""
    project = hooked(tmp_path / "shop")
    project.alembic("upgrade", "head")
    execute(project, "ALTER TABLE items DROP COLUMN price", "CREATE TABLE legacy (id INTEGER)")
    return project


def execute(project: Guarded, *statements: str) -> None:
    with closing(sqlite3.connect(project.root / "shop.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def entries(project: Guarded) -> tuple[Entry, ...]:
    return read((project.root / FILE).read_bytes()).entries


def test_from_the_first_day_on(shop: Guarded) -> None:
    assert shop.check().code == 1
    first = shop.driftguard("baseline")
    assert (first.code, len(entries(shop))) == (0, 2), first.err
    before = shop.check()
    assert (before.code, {each["known"] for each in before.report["findings"]}) == (0, {True})
    assert before.report["states"]["live"] == "off"
    assert shop.driftguard("baseline").out == f"{FILE}: 2 entries, as before\n"

    execute(shop, "ALTER TABLE items ADD COLUMN note TEXT", "DROP TABLE legacy")
    after = shop.check()
    assert [each["subject"] for each in after.report["findings"] if not each["known"]] == ["items.note"]
    assert any("DG301 legacy" in note and "--prune" in note for note in after.report["notes"])
    assert not any(FILE in note for note in shop.check("--live", "off").report["notes"])
    assert "1 taken out" in shop.driftguard("baseline", "--prune").out
    assert [each.subject for each in entries(shop)] == ["items.price"]
    assert shop.check().code == 1  # to prune writes nothing new down


def test_hooks_and_commits_read_the_file_that_they_are_about(shop: Guarded) -> None:
    readme(shop)
    refused = shop.run("git", "commit", "-m", "a change")
    assert told(refused) == {"DG301"}
    shop.driftguard("baseline")
    assert told(shop.run("git", "commit", "-m", "not staged")) == {"DG301"}
    shop.git("add", FILE)
    done = shop.run("git", "commit", "-m", "staged")
    assert (done.code, told(done)) == (0, set()), done.err
    assert "no news, and let pass: direct-ddl" in done.err
    (shop.root / FILE).unlink()
    live = f"sqlite:///{shop.root / 'shop.db'}"
    assert shop.check("--live", live).code == 1
    assert shop.check("--ref", "HEAD", "--live", live).code == 0
    shop.git("rm", "--quiet", "--cached", FILE)
    assert told(shop.run("git", "commit", "-m", "without it")) == {"DG301"}


def test_what_is_remembered_ends_with_the_entry(shop: Guarded) -> None:
    shop.driftguard("baseline")
    shop.git("add", FILE)
    assert shop.run(".git/hooks/pre-commit").code == 0
    assert list((shop.root / ".git/driftguard/memo").glob("*"))
    [first, *_] = entries(shop)
    shop.write(FILE, dumped(Baseline((first,))).decode())
    shop.git("add", FILE)
    assert shop.run(".git/hooks/pre-commit").code == 1


def test_findings_of_other_rules(shop: Guarded) -> None:
    column(shop)
    shop.driftguard("baseline", "--select", "DG2")
    assert [each.code for each in entries(shop)] == ["DG201"]
    shop.driftguard("baseline", "--all")
    assert [each.code for each in entries(shop)] == ["DG201", "DG301", "DG301"]
    assert shop.check().code == 0


def test_what_cannot_be_done(shop: Guarded) -> None:
    shop.write(FILE, "<<<<<<< HEAD\n")
    for command in ("check", "baseline"):
        answer = shop.driftguard(command)
        assert (answer.code, "no JSON" in answer.err, "git" in answer.err) == (2, True, True)
    (shop.root / FILE).unlink()
    away = shop.driftguard("baseline", "--live", f"sqlite:///{shop.root}/nowhere.db")
    assert (away.code, (shop.root / FILE).exists()) == (2, False)
    assert "no live database was looked at" in away.err
    assert shop.driftguard("baseline", "--prune", "--all").code == 2
