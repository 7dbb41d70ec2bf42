"""SARIF 2.1.0, which code scanning services read (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import inspect
import json
from typing import Any
from urllib.parse import quote

from driftguard import __version__
from driftguard.checks import CHECKS
from driftguard.findings import Finding, Severity
from driftguard.report.identity import identified, page_of
from driftguard.report.paint import Paint
from driftguard.report.source import Source
from driftguard.report.visible import visible
from driftguard.rules import RULES, Rule
from driftguard.verdict import UNCHECKED, Judged, Verdict, says_unchecked

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
ROOT = "%SRCROOT%"


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """One run, with the rules that spoke."""
    rules = sorted({judged.finding.code for judged in verdict.findings})
    run = {
        "tool": {
            "driver": {
                "name": "driftguard",
                "version": __version__,
                "informationUri": "https://github.com/driftguard/driftguard",
                "rules": [_rule(RULES[code]) for code in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": verdict.exit_code != UNCHECKED,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": visible(note)}} for note in verdict.notes
                ],
            }
        ],
        "results": [_result(name, judged, rules) for name, judged in identified(verdict.findings)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    page = inspect.getdoc(CHECKS[rule.code]) or rule.name
    first = " ".join(page.partition("\n\n")[0].split())
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.name.replace("-", " ")},
        "fullDescription": {"text": first},
        "help": {"text": page, "markdown": page},
        "helpUri": page_of(rule.code),
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": ["database", "migrations", *(["setup"] if says_unchecked(rule.code) else [])]},
    }


def _result(name: str, judged: Judged, rules: list[str]) -> dict[str, Any]:
    finding = judged.finding
    return {
        "ruleId": finding.code,
        "ruleIndex": rules.index(finding.code),
        "level": LEVELS[judged.severity],
        "message": {"text": _text(finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"driftguard/v1": name},
        "properties": {
            "side": finding.side.value,
            "environment": visible(finding.environment),
            "database": visible(finding.database),
        },
    }


def _text(finding: Finding) -> str:
    lines = [visible(finding.message), *map(visible, finding.details)]
    lines += [f"help: {visible(finding.help)}"] if finding.help else []
    lines += [f"    {line}" for command in finding.commands for line in map(visible, command.split("\n"))]
    return "\n".join(lines)


def _location(finding: Finding) -> dict[str, Any]:
    """Services want a line of a file even of what is in none: that is the environment's folder then."""
    path, line = (finding.place.path, finding.place.line) if finding.place else (finding.environment or ".", None)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(visible(path)), "uriBaseId": ROOT},
            "region": {"startLine": line or 1},
        },
        "logicalLocations": [{"fullyQualifiedName": visible(finding.subject), "kind": "resource"}],
    }
