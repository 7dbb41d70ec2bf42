"""GitHub's workflow commands: annotations on the lines of a pull request.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from driftguard.findings import Finding, Severity
from driftguard.report.paint import Paint, plain
from driftguard.report.source import Source
from driftguard.report.text import summary
from driftguard.report.visible import visible
from driftguard.verdict import Judged, Verdict

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
IN_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTY = {**IN_MESSAGE, ":": "%3A", ",": "%2C"}


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """A command for each finding and note, then the summary."""
    lines = [
        *map(_annotation, verdict.findings),
        *(said("notice", note) for note in verdict.notes),
        f"driftguard: {summary(verdict, plain)}",
    ]
    return "\n".join(lines) + "\n"


def said(command: str, text: str) -> str:
    """An annotation of the whole run, without a place."""
    return f"::{command} title=driftguard::{_escaped(visible(text), IN_MESSAGE)}"


def _annotation(judged: Judged) -> str:
    finding = judged.finding
    properties = ",".join(f"{name}={_escaped(value, IN_PROPERTY)}" for name, value in _properties(judged))
    text = "\n".join(_lines(finding))
    return f"::{COMMANDS[judged.severity]} {properties}::{_escaped(text, IN_MESSAGE)}"


def _properties(judged: Judged) -> Iterator[tuple[str, str]]:
    place = judged.finding.place
    if place:
        yield "file", visible(place.path)
        if place.line:
            yield "line", str(place.line)
    yield "title", f"{judged.finding.code} {judged.rule}"


def _lines(finding: Finding) -> Iterator[str]:
    yield visible(finding.message)
    yield from map(visible, finding.details)
    if finding.help:
        yield f"help: {visible(finding.help)}"
    for command in finding.commands:
        yield from (f"    {visible(line)}" for line in command.split("\n"))


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in text)
