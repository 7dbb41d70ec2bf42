"""Judges findings: what is ignored, how much each weighs, and what the exit code is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from driftguard.findings import Finding, Severity, Side
from driftguard.graph import NOTHING_KNOWN, Graph, Known
from driftguard.redaction import redacted
from driftguard.rules import RULES, selects

NOWHERE: Mapping[str, Collection[str]] = MappingProxyType({})

CLEAN, FOUND, UNCHECKED = 0, 1, 2
"""Exit codes: nothing found, something found, something could not be checked."""

FOUR = (Side.MODELS, Side.HEAD, Side.LIVE, Side.GRAPH)
"""The four things that should agree, in the order in which they are named to the user."""

FAMILIES = {Side.MODELS: "DG2", Side.LIVE: "DG3", Side.GRAPH: "DG1"}
"""The rules that say whether they are off; the head is fine where its revisions could be run."""


class State(StrEnum):
    """What is known of one of the four."""

    OFF = "off"
    FINE = "fine"
    FAILED = "failed"
    """It should have been looked at and could not be."""
    SKIPPED = "skipped"
    """Nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with its rule's name and the severity that counts; ``known`` says who has it already, "" if nobody."""

    finding: Finding
    rule: str
    severity: Severity
    known: str = ""


class Member(NamedTuple):
    """One of several live databases or tenant schemas (``kind``).

    ``stamp`` is what its version table says, None if it has none or is not known.
    """

    environment: str
    kind: str
    name: str
    stamp: tuple[str, ...] | None
    state: State = State.FINE


class History(NamedTuple):
    """The revisions of one environment as they were looked at, and what is known of them beside their files."""

    environment: str
    graph: Graph
    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check ends in.

    ``states`` holds each of the four once. ``checked`` says, a line each, what was looked at; ``notes`` what nobody
    can tell ("cannot tell whether …"). ``environments`` holds the four once more for each environment, in its order;
    ``members`` are the live databases, where several were looked at. ``histories`` are the revisions of each
    environment, for a report that draws them.
    """

    findings: tuple[Judged, ...]
    states: tuple[tuple[Side, State], ...]
    exit_code: int
    checked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    environments: tuple[tuple[str, tuple[tuple[Side, State], ...]], ...] = ()
    members: tuple[Member, ...] = ()
    strict: bool = False
    histories: tuple[History, ...] = ()

    def fails(self, judged: Judged) -> bool:
        """Whether the check fails for this finding."""
        return _fails(judged, strict=self.strict)

    def count(self, severity: Severity) -> int:
        return sum(judged.severity == severity for judged in self.findings)

    def sides(self, state: State) -> tuple[Side, ...]:
        return tuple(side for side, its_state in self.states if its_state == state)


def judge(
    findings: Iterable[Finding],
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    ignored_in: Mapping[str, Collection[str]] = NOWHERE,
    severity: Iterable[tuple[str, Severity]] = (),
    strict: bool = False,
    looked_at: Collection[Side] = (),
    checked: Iterable[str] = (),
    notes: Iterable[str] = (),
    environments: Mapping[str, Collection[Side]] | None = None,
    known: Callable[[Finding], str] = lambda finding: "",
    members: Iterable[Member] = (),
) -> Verdict:
    """The verdict on ``findings``; ``looked_at`` are the sides that were really compared, ``environments`` those
    of each environment.

    ``select`` and ``ignore`` hold selectors (a rule's name, its code, or the beginning of a code). Only ``ignore``
    silences "could not check" (DG9xx): who selects ``DG2`` must still hear that the models did not load. ``ignored_in``
    has more selectors by environment. ``severity`` says what rules weigh, the last selector that fits counts; a finding
    with a severity of its own keeps it. What is ``known``, which says by whom, weighs as a note.

    Exit code: 1 when an error stands (with ``strict`` a warning is enough), whether or not something else could not be
    checked, because there is something to mend in any case; 2 when the only errors say "could not check"; else 0.
    """
    weights = tuple(severity)
    kept = tuple(
        _judged(finding, weights, known)
        for finding in sorted(map(_redacted, dict.fromkeys(findings)), key=_order)
        if is_told(finding.code, select, (*ignore, *ignored_in.get(finding.environment, ())))
    )
    return Verdict(
        findings=kept,
        states=_states(kept, _heard_of(looked_at, select, ignore)),
        exit_code=_exit_code(kept, strict=strict),
        checked=tuple(dict.fromkeys(checked)),
        notes=tuple(dict.fromkeys(map(redacted, notes))),
        environments=tuple(
            (
                name,
                _states(
                    [each for each in kept if each.finding.environment == name],
                    _heard_of(its_own, select, (*ignore, *ignored_in.get(name, ()))),
                ),
            )
            for name, its_own in (environments or {}).items()
        ),
        strict=strict,
        members=tuple(each._replace(state=_state_of(each, kept)) for each in members),
    )


def let_pass(judged: Judged, known: Callable[[Finding], str]) -> Judged:
    """The finding, which weighs no more than a note if ``known`` says why it is no news ("" if it is)."""
    told = known(judged.finding) if judged.severity is not Severity.NOTE else ""
    return replace(judged, severity=Severity.NOTE, known=told) if told else judged


def with_more(
    verdict: Verdict, findings: Iterable[Judged], *, checked: Iterable[str] = (), notes: Iterable[str] = ()
) -> Verdict:
    """The verdict with what another look has found besides."""
    kept = tuple(sorted((*verdict.findings, *findings), key=lambda judged: _order(judged.finding)))
    return replace(
        verdict,
        findings=kept,
        states=_states(kept, _compared(verdict.states)),
        exit_code=_exit_code(kept, strict=verdict.strict),
        checked=(*verdict.checked, *checked),
        notes=(*verdict.notes, *notes),
        environments=tuple(
            (name, _states([each for each in kept if each.finding.environment == name], _compared(states)))
            for name, states in verdict.environments
        ),
    )


def is_told(code: str, select: Collection[str], ignore: Collection[str]) -> bool:
    """Whether the user hears of a rule; "could not check" (DG9xx) is only silenced by ``ignore``."""
    if any(selects(selector, code) for selector in ignore):
        return False
    return not select or says_unchecked(code) or any(selects(selector, code) for selector in select)


def _heard_of(looked_at: Collection[Side], select: Collection[str], ignore: Collection[str]) -> frozenset[Side]:
    """The sides of which the user would hear something: nobody may call fine what only unselected rules look at."""
    families = {RULES[code].family for code in RULES if is_told(code, select, ignore)}
    return frozenset(side for side in looked_at if side not in FAMILIES or FAMILIES[side] in families)


def _judged(finding: Finding, weights: tuple[tuple[str, Severity], ...], known: Callable[[Finding], str]) -> Judged:
    severity = finding.severity or _weight(finding.code, weights)
    return let_pass(Judged(finding, RULES[finding.code].name, severity), known)


def _weight(code: str, severity: Iterable[tuple[str, Severity]]) -> Severity:
    said = [weight for selector, weight in severity if selects(selector, code)]
    return said[-1] if said else RULES[code].severity


def says_unchecked(code: str) -> bool:
    """Whether ``code`` belongs to the family "could not check"."""
    return RULES[code].family == "DG9"


def _order(finding: Finding) -> tuple[str, str, int, tuple[str, ...], str, str, int, str, str, str, tuple[str, ...]]:
    """What few of many databases have comes first."""
    place = finding.place
    return (
        finding.environment,
        finding.database,
        len(finding.databases),
        finding.databases,
        finding.code,
        place.path if place else "",
        (place.line or 0) if place else 0,
        finding.table,
        finding.subject,
        finding.message,
        finding.details,
    )


def _redacted(finding: Finding) -> Finding:
    """Every finding passes here, so no password that a driver or a traceback repeats gets into a report."""
    return replace(
        finding,
        message=redacted(finding.message),
        details=tuple(map(redacted, finding.details)),
        help=redacted(finding.help),
        commands=tuple(map(redacted, finding.commands)),
    )


def _exit_code(findings: Iterable[Judged], *, strict: bool) -> int:
    codes = {judged.finding.code for judged in findings if _fails(judged, strict=strict)}
    if not codes:
        return CLEAN
    return UNCHECKED if all(map(says_unchecked, codes)) else FOUND


def _fails(judged: Judged, *, strict: bool) -> bool:
    return judged.severity is Severity.ERROR or (strict and judged.severity is Severity.WARNING)


def _states(findings: Collection[Judged], looked_at: Collection[Side]) -> tuple[tuple[Side, State], ...]:
    return tuple((side, _state(side, findings, looked_at)) for side in FOUR)


def _compared(states: Iterable[tuple[Side, State]]) -> frozenset[Side]:
    return frozenset(side for side, state in states if state in (State.FINE, State.OFF))


def _state(side: Side, findings: Collection[Judged], looked_at: Collection[Side]) -> State:
    if any(is_off(side, judged) for judged in findings):
        return State.OFF
    failed = {judged.finding.side for judged in findings if says_unchecked(judged.finding.code)}
    if side in failed or (Side.SETUP in failed and side not in looked_at):
        return State.FAILED
    return State.FINE if side in looked_at else State.SKIPPED


def _state_of(member: Member, findings: Iterable[Judged]) -> State:
    own = [
        each
        for each in findings
        if each.finding.environment == member.environment and member.name in each.finding.databases
    ]
    if any(is_off(Side.LIVE, each) for each in own):
        return State.OFF
    return State.FAILED if any(says_unchecked(each.finding.code) for each in own) else State.FINE


def is_off(side: Side, judged: Judged) -> bool:
    """Whether a finding is why ``side`` is off."""
    finding = judged.finding
    weighs = judged.severity != Severity.NOTE or bool(judged.known)
    return finding.side == side and weighs and not says_unchecked(finding.code)
