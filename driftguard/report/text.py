"""The report for people: every finding with its place, its source line and what to type, then one line of summary."""

from __future__ import annotations

from collections.abc import Iterator

from driftguard.findings import Finding, Place, Severity, Side
from driftguard.report.drift import headline
from driftguard.report.fleet import some, summaries
from driftguard.report.paint import Paint
from driftguard.report.source import Source, excerpt
from driftguard.report.visible import visible, visible_lines
from driftguard.verdict import Judged, State, Verdict

COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
BLUE = "bold blue"
SAID = {
    State.OFF: ("is off", "are off"),
    State.FINE: ("is fine", "are fine"),
    State.FAILED: ("could not be checked", "could not be checked"),
    State.SKIPPED: ("was not looked at", "were not looked at"),
}


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """The verdict as lines of text; nothing is wrapped, so that commands can be copied from any terminal."""
    lines = [f"{paint('live', COLOURS[Severity.NOTE])}: {line}" for line in summaries(verdict)]
    lines += [""] if lines and verdict.findings else []
    for judged in verdict.findings:
        if first := headline(judged, verdict.findings):
            lines += [f"{paint('live', COLOURS[Severity.NOTE])}: {first}", ""]
        lines += [*finding_lines(judged, source, paint), ""]
    lines += [f"{paint('note', COLOURS[Severity.NOTE])}: {visible(note)}" for note in verdict.notes]
    lines += [f"{paint('checked', 'dim')}: {visible(line)}" for line in verdict.checked]
    lines += [summary(verdict, paint)]
    return "\n".join(lines) + "\n"


def summary(verdict: Verdict, paint: Paint) -> str:
    """One line: how many findings, and for each of the four what is known of it."""
    return f"{counts(verdict, paint)}: {states(verdict)}"


def counts(verdict: Verdict, paint: Paint) -> str:
    """``2 errors, 1 warning``, or ``clean``."""
    told = [
        paint(counted(verdict.count(severity), severity.value), COLOURS[severity])
        for severity in Severity
        if verdict.count(severity)
    ]
    return ", ".join(told) or paint("clean", "bold green")


def states(verdict: Verdict) -> str:
    """``models and live are off; head and graph are fine``."""
    return "; ".join(_said(verdict.sides(state), state) for state in State if verdict.sides(state))


def counted(count: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def finding_lines(judged: Judged, source: Source, paint: Paint) -> Iterator[str]:
    """One finding: what is off, where, and what to type."""
    finding = judged.finding
    label = paint(f"{judged.severity}[{finding.code}]", COLOURS[judged.severity])
    yield f"{label} {judged.rule}: {paint(visible(finding.message), 'bold')}"
    margin = "  "
    if finding.place:
        margin = " " * (len(str(finding.place.line or 0)) + 1)
        yield from _place(finding.place, source, paint)
    equals = f"{margin}{paint('=', BLUE)}"
    yield f"{equals} which: {_which(finding)}"
    if judged.known:
        yield f"{equals} known: {visible(judged.known)}"
    for detail in finding.details:
        yield from (f"{margin}{paint('|', BLUE)} {line}".rstrip() for line in visible_lines(detail))
    if finding.help or finding.commands:
        yield f"{equals} help: {visible(finding.help or 'run')}"
    for command in finding.commands:
        yield from (f"{margin}    {paint(line, 'bold')}" for line in visible_lines(command))


def _place(place: Place, source: Source, paint: Paint) -> Iterator[str]:
    margin = " " * len(str(place.line or 0))
    bar = paint("|", BLUE)
    yield f"{margin}{paint('-->', BLUE)} {visible(str(place))}"
    found = excerpt(place, source)
    if found:
        yield f"{margin} {bar}"
        yield f"{paint(str(found.number), BLUE)} {bar} {found.line}"
        yield f"{margin} {bar} {paint(found.underline, 'bold red')}"
        yield f"{margin} {bar}"


def _which(finding: Finding) -> str:
    number = len(finding.databases)
    named = (
        ("environment", visible(finding.environment)),
        ("database", visible(finding.database)),
        ("in" if number == 1 else f"in {number}:", some(finding.databases)),
    )
    where = [f"{what} {name}" for what, name in named if name]
    return f"{finding.side} ({', '.join(where)})" if where else str(finding.side)


def _said(sides: tuple[Side, ...], state: State) -> str:
    """``models and live are off``: the names with the verb that fits."""
    one, many = SAID[state]
    if len(sides) > 1:
        return f"{', '.join(sides[:-1])} and {sides[-1]} {many}"
    return f"{sides[0]} {many if sides[0] == Side.MODELS else one}"
