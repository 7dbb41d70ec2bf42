"""Every renderer against its golden file; excerpts, escapes, colours and the picture of a graph as tables."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
import samples

from driftguard.findings import Finding, Place, Severity, Side
from driftguard.formats import FORMATS
from driftguard.report import REPORTS, painter, plain
from driftguard.report.lanes import Node, draw
from driftguard.report.source import excerpt
from driftguard.report.text import summary
from driftguard.report.visible import cells, visible
from driftguard.verdict import FOUR, judge

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"text": "txt", "junit": "xml", "markdown": "md", "github": "github.txt", "gitlab": "gitlab.json"}
REWRITE = bool(os.environ.get("REWRITE_GOLDEN"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("name", REPORTS)
def test_golden(name: str) -> None:
    """``REWRITE_GOLDEN=1`` writes the files anew; read the difference before you commit it."""
    path = GOLDEN / f"report.{ENDINGS.get(name, name)}"
    rendered = REPORTS[name].render(samples.verdict(), samples.source, plain)
    if REWRITE:
        path.write_text(rendered, encoding="utf-8", newline="\n")
    assert rendered == path.read_text(encoding="utf-8")


def test_text_holds_nothing_that_a_terminal_obeys() -> None:
    rendered = REPORTS["text"].render(samples.verdict(), samples.source, plain)
    assert all(line.isprintable() for line in rendered.split("\n"))


def test_colours_change_nothing_but_colours() -> None:
    paint = painter(Terminal(), {})
    coloured = REPORTS["text"].render(samples.verdict(), samples.source, paint)
    bare = REPORTS["text"].render(samples.verdict(), samples.source, plain)
    assert "\x1b[1;31merror[DG201]\x1b[0m" in coloured
    assert len(coloured) > len(bare)


def test_commands_stand_alone_in_their_lines() -> None:
    lines = REPORTS["text"].render(samples.verdict(), samples.source, plain).split("\n")
    stripped = [line.strip() for line in lines]
    assert "alembic revision --autogenerate -m 'add students.age'" in stripped
    assert "ALTER TABLE students ADD COLUMN last_name VARCHAR(50);" in stripped


def test_json_is_ascii_and_says_its_version() -> None:
    rendered = REPORTS["json"].render(samples.verdict(), samples.source, plain)
    assert rendered.isascii()
    assert json.loads(rendered)["version"] == 1


@pytest.mark.parametrize(
    ("stream", "environ", "coloured"),
    [
        pytest.param(Terminal(), {}, True, id="a terminal"),
        pytest.param(io.StringIO(), {"FORCE_COLOR": "1"}, True, id="a pipe, forced"),
        pytest.param(Terminal(), {"NO_COLOR": ""}, True, id="an empty NO_COLOR says nothing"),
        pytest.param(io.StringIO(), {}, False, id="a pipe"),
        pytest.param(Terminal(), {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, id="NO_COLOR beats FORCE_COLOR"),
        pytest.param(Terminal(), {"TERM": "dumb"}, False, id="a dumb terminal"),
    ],
)
def test_when_there_are_colours(stream: io.StringIO, environ: dict[str, str], coloured: bool) -> None:
    assert (painter(stream, environ)("x", "bold red") != "x") == coloured


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("students.age", "students.age", id="plain"),
        pytest.param("größe 姓名 naïve 🙂", "größe 姓名 naïve 🙂", id="other scripts and emoji"),
        pytest.param("\x1b[31m", "\\x1b[31m", id="an escape sequence"),
        pytest.param("a\nb\rc\td", "a\\nb\\rc\\td", id="line ends and tabs"),
        pytest.param("\x9b2J\x7f\x00", "\\x9b2J\\x7f\\x00", id="8-bit control characters"),
        pytest.param("\u202eevil\u2066", "\\u202eevil\\u2066", id="text direction"),
        pytest.param("a\u200bb\u2028c", "a\\u200bb\\u2028c", id="zero width and line separator"),
        pytest.param("::error::users.age", "\\x3a:error::users.age", id="what GitHub obeys"),
        pytest.param("  ::warning file=a::b", "  \\x3a:warning file=a::b", id="what GitHub obeys, indented"),
        pytest.param("t.::error::age", "t.::error::age", id="within a line it obeys nothing"),
        pytest.param("  ::text, b::integer", "  ::text, b::integer", id="casts in SQL"),
        pytest.param("table ##[group]x", "table \\x23#[group]x", id="what GitHub obeys anywhere"),
        pytest.param("##vso[task.complete]", "\\x23#vso[task.complete]", id="what Azure obeys"),
        pytest.param("## a heading [1]", "## a heading [1]", id="what nobody obeys"),
        pytest.param("caf\udce9", "caf\\udce9", id="a file name that is no UTF-8"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("line", "shown", "underline"),
    [
        pytest.param("x = 1", "x = 1", "^^^^^", id="from the margin"),
        pytest.param("    x = 1", "    x = 1", "    ^^^^^", id="indented"),
        pytest.param("\tx = 1", "    x = 1", "    ^^^^^", id="a tab"),
        pytest.param("x = 1  # why", "x = 1  # why", "^^^^^", id="not below the comment"),
        pytest.param("  # only a comment", "  # only a comment", "  ^^^^^^^^^^^^^^^^", id="only a comment"),
        pytest.param("x = '姓'", "x = '姓'", "^^^^^^^^", id="wide letters take two columns"),
        pytest.param("x\x1b[2J", "x\\x1b[2J", "^^^^^^^^", id="an escape sequence"),
    ],
)
def test_excerpt(line: str, shown: str, underline: str) -> None:
    found = excerpt(Place("m.py", 1), {"m.py": [line]}.get)
    assert found is not None
    assert (found.line, found.underline) == (shown, underline)
    assert found.underline.count("^") == cells(underline.strip())


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(Place("m.py"), id="no line"),
        pytest.param(Place("m.py", 2), id="an empty line"),
        pytest.param(Place("m.py", 3), id="behind the end"),
        pytest.param(Place("other.py", 1), id="no file"),
    ],
)
def test_no_excerpt(place: Place) -> None:
    assert excerpt(place, {"m.py": ["x = 1", ""]}.get) is None


def _found(code: str, side: Side, severity: Severity | None = None) -> Finding:
    return Finding(code, side, "it", "it is off", severity=severity)


@pytest.mark.parametrize(
    ("findings", "looked_at", "said"),
    [
        pytest.param([], FOUR, "clean: models, head, live and graph are fine", id="clean"),
        pytest.param(
            [],
            FOUR[:2],
            "clean: models and head are fine; live and graph were not looked at",
            id="clean, as far as seen",
        ),
        pytest.param(
            [_found("DG201", Side.MODELS), _found("DG301", Side.LIVE), _found("DG203", Side.MODELS)],
            FOUR,
            "2 errors, 1 warning: models and live are off; head and graph are fine",
            id="two are off",
        ),
        pytest.param(
            [_found("DG101", Side.GRAPH), _found("DG901", Side.MODELS), _found("DG904", Side.LIVE, Severity.NOTE)],
            (Side.GRAPH, Side.HEAD),
            "2 errors, 1 note: graph is off; head is fine; models and live could not be checked",
            id="some could not be checked",
        ),
    ],
)
def test_summary(findings: list[Finding], looked_at: tuple[Side, ...], said: str) -> None:
    assert summary(judge(findings, looked_at=looked_at), plain) == said


@pytest.mark.parametrize(
    ("edges", "picture"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"b": "a", "a": ""}, ["* b", "* a"], id="a line"),
        pytest.param({"a": "", "b": ""}, ["* a", "* b"], id="two bases"),
        pytest.param({"b": "a", "c": "a", "a": ""}, ["* b", "| * c", "|/", "* a"], id="a fork"),
        pytest.param(
            {"m": "b c", "b": "a", "c": "a", "a": ""},
            ["* m", "|\\", "* | b", "| * c", "|/", "* a"],
            id="fork and merge",
        ),
        pytest.param(
            {"b": "a", "c": "a", "d": "a", "a": ""},
            ["* b", "| * c", "| | * d", "|/  |", "|__/", "* a"],
            id="three sides",
        ),
        pytest.param(
            {"m": "b c d", "b": "", "c": "", "d": ""},
            ["* m", "|\\", "|-|\\", "* | | b", "  * | c", "    * d"],
            id="three parents without a common one",
        ),
        pytest.param({"b": "gone"}, ["* b"], id="a missing parent"),
        pytest.param({"a": "b", "b": "a"}, ["* a", "* b"], id="a cycle"),
        pytest.param({"a": "a"}, ["* a"], id="its own parent"),
    ],
)
def test_picture(edges: dict[str, str], picture: list[str]) -> None:
    assert list(draw([Node(name, tuple(parents.split()), name) for name, parents in edges.items()])) == picture


def test_the_command_line_offers_every_report() -> None:
    assert tuple(REPORTS) == FORMATS
