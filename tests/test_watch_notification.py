"""Desktop notifications: which news is told, in which words, and through which program."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import samples

from driftguard.daemon.notification import MISSING, Notifier, command, news, notifier
from driftguard.daemon.state import Look, State
from driftguard.findings import Finding, Severity, Side
from driftguard.verdict import FOUR, Verdict, judge

CLEAN = judge([], looked_at=FOUR)
MODELS = judge(samples.FINDINGS[1:2], looked_at=FOUR)
MODELS_AND_MORE = judge(samples.FINDINGS[1:3], looked_at=FOUR)
LIVE = judge(samples.FINDINGS[:1], looked_at=FOUR)
OTHER_LIVE = judge(samples.FINDINGS[5:6], looked_at=FOUR)
NOTE = judge([Finding("DG904", Side.LIVE, "live", "it does not answer", severity=Severity.NOTE)])
UNCHECKED = judge([Finding("DG901", Side.SETUP, "env", "env.py failed at m://u:s3cr3t@h")])
LONG = judge([Finding("DG201", Side.MODELS, "x", "x\x1b" * 300)])

AGE = "students.age is in the models but in no revision (DG201)"
DROPPED = "students.last_name is in the head revision but not in the live database (DG301)"


@pytest.mark.parametrize(
    ("was", "now", "cause", "told"),
    [
        pytest.param(CLEAN, MODELS, "models.py", AGE, id="clean, then not"),
        pytest.param(CLEAN, MODELS_AND_MORE, "models.py", f"{AGE} and 1 more", id="clean, then two"),
        pytest.param(CLEAN, UNCHECKED, "env.py", "env.py failed at m://u:***@h (DG901)", id="clean, then unchecked"),
        pytest.param(MODELS, CLEAN, "models.py", "clean again", id="not clean, then clean"),
        pytest.param(UNCHECKED, NOTE, "env.py", "clean again", id="notes are no matter"),
        pytest.param(CLEAN, LIVE, "live database", DROPPED, id="live goes off"),
        pytest.param(MODELS, LIVE, "live database", f"the live database has changed: {DROPPED}", id="live too"),
        pytest.param(
            judge([*samples.FINDINGS[:2]]),
            MODELS,
            "live database",
            "the live database has changed: it is fine",
            id="live is mended, the rest is not",
        ),
        pytest.param(CLEAN, CLEAN, "models.py", "", id="still clean"),
        pytest.param(CLEAN, CLEAN, "live database", "", id="live changed, and is still fine"),
        pytest.param(
            CLEAN, NOTE, "live database", "the live database has changed: it does not answer (DG904)", id="gone"
        ),
        pytest.param(MODELS, MODELS_AND_MORE, "models.py", "", id="still not clean"),
        pytest.param(LIVE, OTHER_LIVE, "HEAD", "", id="live compared with something else"),
        pytest.param(LIVE, LIVE, "live database", "", id="live is as it was"),
        pytest.param(CLEAN, None, "models.py", "", id="the look failed"),
    ],
)
def test_news(was: Verdict, now: Verdict | None, cause: str, told: str) -> None:
    assert news(was, Look(1.0, 0.1, cause, now)) == told


def test_long_and_hostile_texts_are_cut_and_escaped() -> None:
    told = news(CLEAN, Look(1.0, 0.1, "models.py", LONG))
    assert len(told) < 250
    assert told.isprintable()


class Desktop:
    """Keeps what would be sent."""

    def __init__(self, program: str | None = "/usr/bin/notify-send") -> None:
        self.sent: list[Sequence[str]] = []
        self.log: list[str] = []
        self.notifier = Notifier(program, self.log.append, self.sent.append)

    def tell(self, *verdicts: Verdict | None) -> list[str]:
        state = State(Path("/home/ann/shop"))
        for number, verdict in enumerate(verdicts):
            state = state.looked(Look(float(number), 0.1, "models.py", verdict))
            for shown in (state, state._replace(busy="answering pre-commit"), state):
                self.notifier.tell(shown)
        return [words[-1] for words in self.sent]


@pytest.mark.parametrize(
    ("verdicts", "sent"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([MODELS], [], id="what was so at the start is on the screen"),
        pytest.param([CLEAN, MODELS, MODELS, CLEAN], [AGE, "clean again"], id="off and on, once each"),
        pytest.param([CLEAN, None, CLEAN], [], id="a failed look is forgotten"),
        pytest.param([CLEAN, None, MODELS], [AGE], id="a failed look in between"),
    ],
)
def test_once_for_each_look(verdicts: list[Verdict | None], sent: list[str]) -> None:
    assert Desktop().tell(*verdicts) == sent


def test_without_a_program_it_is_said_once() -> None:
    desktop = Desktop(None)
    assert desktop.tell(CLEAN, MODELS, CLEAN) == []
    assert desktop.log == [MISSING]


def test_what_is_run() -> None:
    text = 'a <b>&"\\n$(id)'
    assert command("/usr/bin/notify-send", "shop", text) == (
        *("/usr/bin/notify-send", "--app-name=driftguard", "--", "shop"),
        'a &lt;b&gt;&amp;"\\\\n$(id)',
    )
    program, *script, title, told = command("/usr/bin/osascript", "shop", text)
    assert (program, title, told) == ("/usr/bin/osascript", "shop", text)
    assert not [line for line in script if "shop" in line or "id" in line]


@pytest.mark.parametrize(
    ("script", "logged"),
    [
        pytest.param('printf "%s|" "$@" > "$0.told"', "", id="it works"),
        pytest.param("echo no bus >&2; exit 1", "no desktop notification: no bus", id="it fails"),
    ],
)
def test_a_real_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, logged: str) -> None:
    program = tmp_path / "notify-send"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    log: list[str] = []
    desktop = notifier(log.append)
    state = State(Path("/home/ann/shop")).looked(Look(1.0, 0.1, "models.py", CLEAN))
    desktop.tell(state)
    desktop.tell(state.looked(Look(2.0, 0.1, "models.py", MODELS)))
    for thread in threading.enumerate():
        if thread.name == "driftguard notification":
            thread.join(10)
    assert log == ([logged] if logged else [])
    if not logged:
        told = (tmp_path / "notify-send.told").read_text()
        assert told == f"--app-name=driftguard|--|driftguard: shop|{AGE}|"
