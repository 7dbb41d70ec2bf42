"""JUnit's XML, as CI servers read it: a test for each environment and family of rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from driftguard.findings import Severity, Side
from driftguard.report.paint import Paint, plain
from driftguard.report.source import Source
from driftguard.report.text import finding_lines
from driftguard.report.visible import visible
from driftguard.rules import RULES
from driftguard.verdict import Judged, State, Verdict, says_unchecked

FAMILIES = {
    "DG1": ("the revision graph", Side.GRAPH),
    "DG2": ("models against head", Side.MODELS),
    "DG3": ("live against its stamp", Side.LIVE),
    "DG4": ("the revisions themselves", Side.HEAD),
    "DG9": ("could be checked", None),
}


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """A failure holds its findings as the text report has them; what was not looked at is skipped."""
    suite = Element("testsuite", name="driftguard")
    for environment, states in _environments(verdict):
        own = [judged for judged in verdict.findings if judged.finding.environment == environment]
        for family, (title, side) in FAMILIES.items():
            found = [judged for judged in own if RULES[judged.finding.code].family == family]
            case = SubElement(
                suite, "testcase", classname=visible(environment) or "driftguard", name=f"{family} {title}"
            )
            _fill(case, found, states.get(side) if side else None, source)
    cases = list(suite)
    suite.set("tests", str(len(cases)))
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(kind) is not None for case in cases)))
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _environments(verdict: Verdict) -> Iterator[tuple[str, dict[Side, State]]]:
    known = dict(verdict.environments)
    named = dict.fromkeys((*known, *(judged.finding.environment for judged in verdict.findings)))
    for name in named or ("",):
        yield name, dict(known.get(name, verdict.states))


def _fill(case: Element, found: list[Judged], state: State | None, source: Source) -> None:
    errors = [judged for judged in found if judged.severity is Severity.ERROR]
    others = [judged for judged in found if judged.severity is not Severity.ERROR]
    if errors:
        kind = "error" if says_unchecked(errors[0].finding.code) else "failure"
        told = SubElement(case, kind, message=visible(errors[0].finding.message), type=errors[0].finding.code)
        told.text = _lines(errors, source)
    elif state in (State.SKIPPED, State.FAILED):
        SubElement(case, "skipped", message="it was not looked at" if state is State.SKIPPED else "it could not be")
    if others:
        SubElement(case, "system-out").text = _lines(others, source)


def _lines(found: Iterable[Judged], source: Source) -> str:
    return "\n".join(line for judged in found for line in (*finding_lines(judged, source, plain), ""))
