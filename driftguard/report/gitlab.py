"""GitLab's code quality report (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format)."""

from __future__ import annotations

import json

from driftguard.findings import Severity
from driftguard.report.identity import identified
from driftguard.report.paint import Paint
from driftguard.report.source import Source
from driftguard.report.visible import visible
from driftguard.verdict import Verdict

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """A list of findings; GitLab wants a file and a line even of what is in no file."""
    entries = []
    for name, judged in identified(verdict.findings):
        finding, place = judged.finding, judged.finding.place
        entries.append(
            {
                "description": f"{finding.code}: {visible(finding.message)}",
                "check_name": judged.rule,
                "fingerprint": name,
                "severity": SEVERITIES[judged.severity],
                "location": {
                    "path": visible(place.path if place else finding.environment or "."),
                    "lines": {"begin": (place.line if place else None) or 1},
                },
            }
        )
    return json.dumps(entries, indent=2) + "\n"
