"""Formats for machines: valid by their schemas, and nothing that comes from outside is more than text in them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import samples
from guarded import Guarded
from hooked import plain as plain_project

from driftguard.commands.reports import Output, deliver
from driftguard.errors import DriftguardError
from driftguard.findings import Finding, Place, Severity, Side
from driftguard.graph import Graph, Known, Unreadable
from driftguard.report import REPORTS, plain
from driftguard.verdict import FOUR, History, Member, Verdict, judge

ROOT = Path(__file__).parents[1]
HOSTILE = (
    "::error::",
    "\n::set-output name=a::b",
    "<script>alert(1)</script>",
    "]]><x/>",
    "%0A::error::x",
    "a,line=1::b",
    "![x](https://evil.invalid/x.png)",
    "@everyone #12 `rm` ```x",
    "```\n<img src=x>",
    "\x1b[2J\x00\ud800\u202e",
    "&amp;&#64;",
)


def rendered(name: str, verdict: Verdict) -> str:
    return REPORTS[name].render(verdict, samples.source, plain)


def hostile() -> Verdict:
    """Every text that could be obeyed, everywhere that text from outside may stand."""
    judged = judge(
        [
            Finding(
                code="DG301",
                side=Side.LIVE,
                subject=text,
                message=f"{text} is there",
                place=Place(f"v/{text}.py", 1),
                details=(text,),
                help=text,
                commands=(f'DROP TABLE "{text}";',),
                environment=text,
                database=text,
            )
            for text in HOSTILE
        ],
        notes=HOSTILE,
        checked=HOSTILE,
        environments=dict.fromkeys(HOSTILE, FOUR),
        members=[Member(text, text, text, (text,)) for text in HOSTILE],
    )
    return replace(judged, histories=tuple(map(hostile_history, HOSTILE)))


def hostile_history(text: str) -> History:
    """The same in a revision graph."""
    graph = Graph((samples.revision(text, doc=text),), (Unreadable(f"v/{text}.py", 1, text),))
    return History(text, graph, Known(text, frozenset({f"{text}2"}), ((text, text),), (text,)))


@pytest.mark.parametrize("verdict", [samples.verdict(), hostile(), judge([])], ids=["samples", "hostile", "clean"])
class TestSchemas:
    def test_sarif(self, verdict: Verdict) -> None:
        schema = json.loads((ROOT / "tests/schemas/sarif-2.1.0.json").read_text())
        jsonschema.validate(json.loads(rendered("sarif", verdict)), schema)

    def test_json(self, verdict: Verdict) -> None:
        schema = json.loads((ROOT / "docs/report-v1.schema.json").read_text())
        jsonschema.validate(json.loads(rendered("json", verdict)), schema)

    def test_junit(self, verdict: Verdict) -> None:
        root = ElementTree.fromstring(rendered("junit", verdict))
        for suite in root.iter("testsuite"):
            cases = list(suite.iter("testcase"))
            assert int(suite.get("tests", "")) == len(cases)
            assert int(suite.get("failures", "")) == sum(case.find("failure") is not None for case in cases)
            assert int(suite.get("errors", "")) == sum(case.find("error") is not None for case in cases)

    def test_gitlab(self, verdict: Verdict) -> None:
        entries = json.loads(rendered("gitlab", verdict))
        assert len({entry["fingerprint"] for entry in entries}) == len(entries) == len(verdict.findings)
        for entry in entries:
            assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
            assert entry["location"]["lines"]["begin"] >= 1
            assert entry["location"]["path"]


def test_a_fingerprint_outlives_new_words_and_moved_lines() -> None:
    def names(message: str, line: int) -> list[str]:
        finding = Finding(code="DG201", side=Side.MODELS, subject="t.a", message=message, place=Place("m.py", line))
        return [entry["fingerprint"] for entry in json.loads(rendered("gitlab", judge([finding])))]

    assert names("one", 3) == names("other", 30)


COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def test_github_annotations_are_one_line_each() -> None:
    verdict = hostile()
    *lines, last = rendered("github", verdict).splitlines()
    assert len(lines) == len(verdict.findings) + len(verdict.notes)
    for line in lines:
        found = COMMAND.fullmatch(line)
        assert found, line
        assert set(dict(part.split("=", 1) for part in found[2].split(","))) <= {"file", "line", "title"}
    assert last.startswith("driftguard: ")


def test_markdown_has_no_markup_of_others() -> None:
    text = rendered("markdown", hostile())
    outside = "".join(without_code(text))
    for mark in ("<", "@", "#12", "![", "https://evil"):
        assert mark not in outside, mark


def without_code(text: str) -> Iterator[str]:
    """The lines that are neither in fenced blocks nor in code spans."""
    fence = ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.rstrip("abcdefghijklmnopqrstuvwxyz")
        else:
            yield re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line) + "\n"
    assert not fence


def test_what_was_not_looked_at_is_skipped_in_junit() -> None:
    verdict = judge([], looked_at=[Side.GRAPH], environments={"shop": [Side.GRAPH]})
    root = ElementTree.fromstring(rendered("junit", verdict))
    skipped = {case.get("name") for case in root.iter("testcase") if case.find("skipped") is not None}
    assert skipped == {"DG2 models against head", "DG3 live against its stamp", "DG4 the revisions themselves"}


def test_a_warning_fails_no_junit_case() -> None:
    finding = Finding(code="DG202", side=Side.MODELS, subject="t.a", message="x", severity=Severity.WARNING)
    root = ElementTree.fromstring(rendered("junit", judge([finding], looked_at=[Side.MODELS])))
    assert not list(root.iter("failure"))
    assert [each.text for each in root.iter("system-out")]


def test_several_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [Output("sarif", str(tmp_path / "x.sarif")), Output("github"), Output("junit", str(tmp_path / "x.xml"))]
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    (tmp_path / "summary.md").write_text("before\n")
    deliver(outputs, samples.verdict(), samples.source, plain, environ)
    assert capsys.readouterr().out == rendered("github", samples.verdict())
    assert (tmp_path / "x.sarif").read_text() == rendered("sarif", samples.verdict())
    assert (tmp_path / "x.xml").read_text() == rendered("junit", samples.verdict())
    assert (tmp_path / "summary.md").read_text() == "before\n" + rendered("markdown", samples.verdict())


def test_a_line_on_standard_output_where_all_goes_into_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver([Output("json", str(tmp_path / "x"))], samples.verdict(), samples.source, plain, {})
    assert capsys.readouterr().out == "6 errors, 2 warnings, 1 note: models, live and graph are off; head is fine\n"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DriftguardError, match="cannot be written: Is a directory"):
        deliver([Output("json", str(tmp_path))], samples.verdict(), lambda path: None, plain, {})


def test_on_the_command_line(tmp_path: Path) -> None:
    shop: Guarded = plain_project(tmp_path / "shop")
    shop.environ.pop("GITHUB_STEP_SUMMARY", None)
    answer = shop.driftguard("check", "--select", "DG1", "--format", f"sarif={tmp_path / 'x.sarif'}")
    assert (answer.code, answer.out) == (0, "clean: graph is fine; models, head and live were not looked at\n")
    assert json.loads((tmp_path / "x.sarif").read_text())["runs"][0]["results"] == []
    assert shop.driftguard("check", "--select", "DG1", "--format", f"json={tmp_path}/no/x").code == 2
