"""What is ignored, how much a finding weighs, and which exit code that makes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import samples

from driftguard.findings import Finding, Place, Severity, Side
from driftguard.redaction import redacted
from driftguard.verdict import FOUR, State, judge, let_pass, with_more


def finding(
    code: str, side: Side = Side.MODELS, severity: Severity | None = None, environment: str = "", database: str = ""
) -> Finding:
    return Finding(code, side, "it", "it is off", severity=severity, environment=environment, database=database)


ERROR, WARNING, NOTE = finding("DG201"), finding("DG203"), finding("DG201", severity=Severity.NOTE)
UNCHECKED = finding("DG901", Side.SETUP)
UNREACHABLE_NOTE = finding("DG904", Side.LIVE, Severity.NOTE)


@pytest.mark.parametrize(
    ("findings", "strict", "exit_code"),
    [
        pytest.param([], False, 0, id="nothing is clean"),
        pytest.param([], True, 0, id="nothing is clean under strict"),
        pytest.param([NOTE], True, 0, id="a note never fails"),
        pytest.param([WARNING], False, 0, id="a warning passes"),
        pytest.param([UNREACHABLE_NOTE], True, 0, id="an unreachable database that is a mere note passes"),
        pytest.param([WARNING], True, 1, id="a warning fails under strict"),
        pytest.param([ERROR], False, 1, id="an error fails"),
        pytest.param([finding("DG203", severity=Severity.ERROR)], False, 1, id="a finding's own severity counts"),
        pytest.param([UNCHECKED], False, 2, id="could not check"),
        pytest.param([UNCHECKED, WARNING], False, 2, id="could not check, and a warning"),
        pytest.param([UNCHECKED, WARNING], True, 1, id="could not check, and a warning that fails"),
        pytest.param([UNCHECKED, ERROR], False, 1, id="an error is there to mend, whatever could not be checked"),
        pytest.param([finding("DG904", severity=Severity.WARNING)], True, 2, id="strict, could not check"),
    ],
)
def test_exit_code(findings: list[Finding], strict: bool, exit_code: int) -> None:
    assert judge(findings, strict=strict).exit_code == exit_code


@pytest.mark.parametrize(
    ("severity", "weights"),
    [
        pytest.param((), ["error", "error", "warning", "note"], id="as the rules say"),
        pytest.param((("DG2", "note"),), ["error", "note", "note", "note"], id="a family"),
        pytest.param(
            (("DG2", "note"), ("invisible-to-autogenerate", "error")), ["error", "note", "error", "note"], id="narrower"
        ),
        pytest.param((("DG1", "warning"),), ["warning", "error", "warning", "note"], id="lighter"),
    ],
)
def test_severity(severity: tuple[tuple[str, str], ...], weights: list[str]) -> None:
    own = finding("DG904", severity=Severity.NOTE)
    verdict = judge(
        [finding("DG101", Side.GRAPH), ERROR, WARNING, own], severity=[(a, Severity(b)) for a, b in severity]
    )
    assert [judged.severity.value for judged in verdict.findings] == weights


def test_an_environment_may_ignore_more() -> None:
    found = [replace(ERROR, environment=name) for name in ("billing", "shop")]
    verdict = judge(found, ignored_in={"billing": ["DG2"]})
    assert [judged.finding.environment for judged in verdict.findings] == ["shop"]


@pytest.mark.parametrize(
    ("select", "ignore", "left"),
    [
        pytest.param((), (), ["DG101", "DG201", "DG203", "DG901"], id="all by default"),
        pytest.param(("DG2",), (), ["DG201", "DG203", "DG901"], id="a family, and what could not be checked"),
        pytest.param(("DG2",), ("DG9",), ["DG201", "DG203"], id="what could not be checked goes by name only"),
        pytest.param(("multiple-heads",), ("DG901",), ["DG101"], id="a name"),
        pytest.param((), ("missing-revision",), ["DG101", "DG203", "DG901"], id="ignored by name"),
        pytest.param((), ("DG2",), ["DG101", "DG901"], id="ignored by prefix"),
        pytest.param(("DG201",), ("DG2",), ["DG901"], id="ignore wins over select"),
        pytest.param((), ("DG",), [], id="everything ignored"),
    ],
)
def test_selection(select: tuple[str, ...], ignore: tuple[str, ...], left: list[str]) -> None:
    found = [finding("DG101", Side.GRAPH), ERROR, WARNING, UNCHECKED]
    assert [judged.finding.code for judged in judge(found, select=select, ignore=ignore).findings] == left


M, H, L, G = FOUR


@pytest.mark.parametrize(
    ("findings", "looked_at", "states"),
    [
        pytest.param([], FOUR, "fine fine fine fine", id="all fine"),
        pytest.param([], (), "skipped skipped skipped skipped", id="nothing looked at"),
        pytest.param([], (M, H, G), "fine fine skipped fine", id="live was left out"),
        pytest.param([ERROR], FOUR, "off fine fine fine", id="models off"),
        pytest.param([WARNING], FOUR, "off fine fine fine", id="a warning says off too"),
        pytest.param([NOTE], FOUR, "fine fine fine fine", id="a note does not say off"),
        pytest.param([UNREACHABLE_NOTE], (M, H, G), "fine fine failed fine", id="unreachable, even as a note"),
        pytest.param([UNCHECKED], (G,), "failed failed failed fine", id="a broken setup fails what was not looked at"),
        pytest.param([finding("DG901", M), ERROR], FOUR, "off fine fine fine", id="off here, unknown there: off"),
        pytest.param([finding("DG901", M)], FOUR, "failed fine fine fine", id="fine here, unknown there: unknown"),
    ],
)
def test_states(findings: list[Finding], looked_at: tuple[Side, ...], states: str) -> None:
    expected = tuple(zip(FOUR, map(State, states.split()), strict=True))
    assert judge(findings, looked_at=looked_at).states == expected


@pytest.mark.parametrize(
    ("select", "ignore", "fine"),
    [
        pytest.param((), (), FOUR, id="everything is looked for"),
        pytest.param(("DG3",), (), (Side.HEAD, Side.LIVE), id="nothing of models and graph was wanted"),
        pytest.param(("DG201",), (), (Side.MODELS, Side.HEAD), id="one rule is enough"),
        pytest.param((), ("DG1", "DG201"), (Side.MODELS, Side.HEAD, Side.LIVE), id="a whole family is ignored"),
        pytest.param(("DG9",), (), (Side.HEAD,), id="only what cannot be checked"),
    ],
)
def test_only_what_was_wanted_is_fine(select: tuple[str, ...], ignore: tuple[str, ...], fine: tuple[Side, ...]) -> None:
    verdict = judge((), select=select, ignore=ignore, looked_at=FOUR, environments={"main": FOUR})
    assert verdict.sides(State.FINE) == fine
    [(_, states)] = verdict.environments
    assert tuple(side for side, state in states if state is State.FINE) == fine


def test_the_order_does_not_depend_on_who_found_what_first() -> None:
    found = (
        finding("DG201", environment="b"),
        finding("DG201", environment="a", database="y"),
        finding("DG301", environment="a", database="x"),
        Finding("DG201", Side.MODELS, "a", "a", Place("m.py", 10), environment="a", database="x"),
        Finding("DG201", Side.MODELS, "b", "b", Place("m.py", 9), environment="a", database="x"),
        Finding("DG201", Side.MODELS, "c", "c", environment="a", database="x"),
    )
    assert {judge(each).findings for each in itertools.permutations(found)} == {judge(found).findings}
    assert [judged.finding.subject for judged in judge(found).findings] == ["c", "b", "a", "it", "it", "it"]


def test_the_same_finding_counts_once() -> None:
    assert judge([ERROR, ERROR]).count(Severity.ERROR) == 1


def test_no_password_passes() -> None:
    assert "s3cr3t" not in repr(samples.verdict())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("postgresql://ann:pw@h/d", "postgresql://ann:***@h/d", id="a URL"),
        pytest.param("see mysql+pymysql://ann:p@/w@h:5/d!", "see mysql+pymysql://ann:***@h:5/d!", id="@ and /"),
        pytest.param("host=h password=pw dbname=d", "host=h password=*** dbname=d", id="a connection string"),
        pytest.param("connect(password='p w', x=1)", "connect(password=***, x=1)", id="a keyword argument"),
        pytest.param("postgresql://ann@h/d", "postgresql://ann@h/d", id="a URL without a password"),
        pytest.param("http://h:80/d and ann@example.org", "http://h:80/d and ann@example.org", id="a port, an address"),
        pytest.param("users.password is in no revision", "users.password is in no revision", id="a column"),
        pytest.param("CHECK (password = 'x')", "CHECK (password = 'x')", id="SQL"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_another_look_adds_to_a_verdict() -> None:
    """What is known there weighs nothing, and the exit code follows."""
    first = judge([], looked_at={Side.MODELS}, environments={"main": {Side.MODELS}}, checked=["here"])
    [lacking] = judge([finding(code="DG201", side=Side.MODELS, environment="main")]).findings
    [unchecked] = judge([finding(code="DG901", side=Side.SETUP, environment="main")]).findings
    both = [let_pass(each, lambda found: "it is old" if found.code == "DG201" else "") for each in (lacking, unchecked)]
    assert [(each.known, each.severity) for each in both] == [("it is old", Severity.NOTE), ("", Severity.ERROR)]

    more = with_more(first, [lacking], checked=["there"], notes=["a note"])
    assert (first.exit_code, more.exit_code) == (0, 1)
    assert (more.checked, more.notes) == (("here", "there"), ("a note",))
    assert dict(more.states)[Side.MODELS] is State.OFF
    assert dict(dict(more.environments)["main"])[Side.MODELS] is State.OFF
    assert with_more(first, both).exit_code == 2
