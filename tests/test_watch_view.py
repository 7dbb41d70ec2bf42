"""The picture of a watch: golden files, screens of any size, hostile names; and the same as lines of a log."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import samples

from driftguard.daemon.state import Look, State
from driftguard.daemon.view import Header, log_lines, screen
from driftguard.findings import Finding, Severity, Side
from driftguard.report import colourful, plain
from driftguard.report.visible import cells
from driftguard.verdict import FOUR, Verdict, judge

GOLDEN = Path(__file__).parent / "golden"
REWRITE = bool(os.environ.get("REWRITE_GOLDEN"))
NOON = 1_800_014_400.0
HEADER = Header(NOON - 3600, branch="add-age")
ROOT = Path("/home/ann/school")

CLEAN = judge([], looked_at=FOUR, environments={"school": FOUR})
ONE = judge(samples.FINDINGS[1:2], looked_at=FOUR, environments={"school": FOUR})
MANY = judge(
    samples.FINDINGS,
    looked_at=FOUR,
    notes=samples.verdict().notes,
    environments={"school": FOUR, "billing": [Side.GRAPH], "hostile": FOUR[:2]},
)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def look(verdict: Verdict | None, cause: str = "app/models.py", after: float = 0.0, error: str = "") -> Look:
    return Look(NOON + after, 0.26, cause, verdict, error)


def lines(state: State, height: int = 60, width: int = 100, header: Header = HEADER) -> tuple[str, ...]:
    def rows(line: str) -> int:
        return max(1, math.ceil(cells(line) / width))

    return screen(state, header, samples.source, plain, height=height, rows=rows)


FIRST = look(CLEAN, "the start", -3599.0)
STATES = {
    "nothing": State(ROOT, busy="looking: the start"),
    "clean": State(ROOT, (look(CLEAN, "live database"), FIRST)),
    "many": State(
        ROOT,
        (
            look(MANY, "HEAD", 9),
            look(None, "app/mod\x1bels.py", 7, "settings: no\nmend"),
            look(ONE),
            look(CLEAN),
            FIRST,
        ),
        "upgrading to head",
        ("too many folders to be watched: they are looked at every second",),
    ),
    "failed": State(
        ROOT, (look(None, "pyproject.toml", 5, 'no rule is called "DG9999"\ndid you mean "DG999"?'), FIRST)
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_golden(name: str) -> None:
    """``REWRITE_GOLDEN=1`` writes the files anew; read the difference before you commit it."""
    path = GOLDEN / f"watch-{name}.txt"
    shown = "\n".join(lines(STATES[name])) + "\n"
    if REWRITE:
        path.write_text(shown, encoding="utf-8", newline="\n")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize(("width", "height"), [(40, 34), (80, 24), (80, 40), (200, 24), (200, 200)])
def test_it_fits(name: str, width: int, height: int) -> None:
    """Wherever there is room for more than the findings."""
    rows = [max(1, math.ceil(cells(line) / width)) for line in lines(STATES[name], height, width)]
    assert sum(rows) <= height


@pytest.mark.parametrize(
    ("verdict", "height", "said"),
    [
        pytest.param(ONE, 40, [], id="all fits"),
        pytest.param(ONE, 16, ["…"], id="the beginning of the only one"),
        pytest.param(MANY, 24, ["… and 9 more"], id="the first and no other"),
        pytest.param(MANY, 40, ["… and 7 more"], id="some"),
        pytest.param(MANY, 200, [], id="many, on a tall screen"),
        pytest.param(CLEAN, 10, [], id="nothing to shorten"),
    ],
)
def test_what_is_left_out_is_counted(verdict: Verdict, height: int, said: list[str]) -> None:
    shown = lines(State(ROOT, (look(verdict),)), height, 200)
    assert [line for line in shown if line.startswith("…")] == said


def test_errors_come_before_notes() -> None:
    shown = [line.partition("[")[0] for line in lines(STATES["many"]) if line.partition("[")[0] in [*Severity]]
    assert shown == sorted(shown, key=[*Severity].index)


@pytest.mark.parametrize("name", STATES)
def test_nothing_is_obeyed(name: str) -> None:
    hostile = STATES[name]._replace(root=Path("/x\x1b[2J"), busy="[bold]\x1b[2J", notes=("\u202enote",))
    shown = lines(hostile, header=HEADER._replace(branch="b\x07"))
    assert all(line.isprintable() for line in shown)
    assert any("[bold]" in line for line in shown)


def test_colours_change_nothing_but_colours() -> None:
    from rich.text import Text

    coloured = screen(STATES["many"], HEADER, samples.source, colourful, height=200, rows=lambda line: 1)
    assert any("\x1b[" in line for line in coloured)
    bare = screen(STATES["many"], HEADER, samples.source, plain, height=200, rows=lambda line: 1)
    assert tuple(Text.from_ansi(line).plain for line in coloured) == bare


def _log(*states: State) -> list[str]:
    """What each state adds."""
    pairs = zip((None, *states), states, strict=False)
    return [line for was, now in pairs for line in log_lines(now, was, samples.source, plain)]


OTHER = replace(ONE, findings=(*ONE.findings, *CLEAN.findings), notes=("cannot tell",))
START = "2027-01-15 12:00:00 app/models.py: clean: models, head, live and graph are fine (0.3 s)"
OFF = "2027-01-15 12:00:01 app/models.py: 1 error: models are off; head, live and graph are fine (0.3 s)"
AGAIN = "2027-01-15 12:00:02 app/models.py: 1 error: models are off; head, live and graph are fine (0.3 s)"


@pytest.mark.parametrize(
    ("states", "looks", "reports"),
    [
        pytest.param([State(ROOT, busy="looking")], [], 0, id="nothing yet"),
        pytest.param([State(ROOT, (look(CLEAN),))], [START], 0, id="clean: a line"),
        pytest.param([State(ROOT, (look(CLEAN),)), State(ROOT, (look(CLEAN),), "busy")], [START], 0, id="said once"),
        pytest.param(
            [State(ROOT, (look(CLEAN),)), State(ROOT, (look(ONE, after=1), look(CLEAN)))], [START, OFF], 1, id="off"
        ),
        pytest.param(
            [State(ROOT, (look(ONE, after=1),)), State(ROOT, (look(ONE, after=2), look(ONE, after=1)))],
            [OFF, AGAIN],
            1,
            id="the same findings are reported once",
        ),
        pytest.param(
            [State(ROOT, (look(ONE, after=1),)), State(ROOT, (look(OTHER, after=2), look(ONE, after=1)))],
            [OFF, AGAIN],
            2,
            id="others are reported again",
        ),
        pytest.param(
            [State(ROOT, (look(ONE, after=1), look(CLEAN)))], [START, OFF], 1, id="several at once, the oldest first"
        ),
        pytest.param(
            [State(ROOT, (look(None, error="no\x1b\nhint"),))],
            ["2027-01-15 12:00:00 app/models.py: could not look: no\\x1b (0.3 s)"],
            0,
            id="a look that failed",
        ),
    ],
)
def test_log(states: list[State], looks: list[str], reports: int) -> None:
    told = _log(*states)
    assert [line for line in told if line.startswith("2027")] == looks
    assert sum(line.startswith("error[") for line in told) == reports


def test_notes_are_logged_once() -> None:
    first = State(ROOT).noting("polls")
    assert _log(first, first, first.noting("\x07")) == ["note: polls", "note: \\x07"]


def test_each_environment_has_its_own_row() -> None:
    finding = Finding("DG301", Side.LIVE, "t", "t was dropped", environment="b")
    verdict = judge([finding], looked_at=FOUR, environments={"a": FOUR[:2], "b": FOUR, "c": FOUR})
    table = [line.split() for line in lines(State(ROOT, (look(verdict),))) if line[:3] in ("a  ", "b  ", "c  ")]
    assert table == [
        ["a", "fine", "fine", "skipped", "skipped"],
        ["b", "fine", "fine", "off", "fine"],
        ["c", "fine", "fine", "fine", "fine"],
    ]
