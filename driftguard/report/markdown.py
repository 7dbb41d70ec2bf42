"""Markdown, for a comment on a pull request or a job's summary. What comes from outside stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftguard.findings import Finding, Severity
from driftguard.report.identity import page_of
from driftguard.report.paint import Paint, plain
from driftguard.report.source import Source, excerpt
from driftguard.report.text import counts
from driftguard.report.visible import visible, visible_lines
from driftguard.verdict import Judged, Verdict

MARKS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTE: "ℹ️"}
SPECIAL = re.compile(r"[\\`*_{}\[\]()#+\-.!|<>&~@:/]")


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """A heading with the counts, the state of each of the four, and each finding with what to type."""
    states = " · ".join(f"{side} {state}" for side, state in verdict.states)
    blocks = [f"### driftguard: {counts(verdict, plain)}", states]
    blocks += [_finding(judged, source) for judged in verdict.findings]
    notes = [f"- {_text(note)}" for note in verdict.notes]
    blocks += ["\n".join(["Notes:", "", *notes])] if notes else []
    blocks += ["\n".join(f"- {_text(line)}" for line in verdict.checked)] if verdict.checked else []
    return "\n\n".join(blocks) + "\n"


def _finding(judged: Judged, source: Source) -> str:
    finding = judged.finding
    rule = f"[{finding.code} {judged.rule}]({page_of(finding.code)})"
    return "\n".join(
        (
            f"{MARKS[judged.severity]} **{_text(finding.message)}** ({rule}{_where(finding)})",
            *_lines(finding, source),
        )
    )


def _where(finding: Finding) -> str:
    named = [
        f"{what} {_text(name)}"
        for what, name in (("environment", finding.environment), ("database", finding.database))
        if name
    ]
    place = [_code(str(finding.place))] if finding.place else []
    return "".join(f", {each}" for each in (*place, *named))


def _lines(finding: Finding, source: Source) -> Iterator[str]:
    found = excerpt(finding.place, source) if finding.place else None
    if found:
        yield from ("", *_block([found.line], "python"))
    yield from (f"\n> {_text(detail)}" for detail in finding.details)
    if finding.help:
        yield f"\n{_text(finding.help)}"
    if finding.commands:
        yield from ("", *_block([line for each in finding.commands for line in visible_lines(each)], ""))


def _block(lines: list[str], language: str) -> Iterator[str]:
    """Fenced by more marks than any line has."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from lines
    yield fence


def _code(text: str) -> str:
    shown = visible(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"`{shown}`"


def _text(text: str) -> str:
    """Every mark that could become more than itself, as the number of its letter: mentions and links included."""
    return SPECIAL.sub(lambda found: f"&#{ord(found[0])};", visible(text))
