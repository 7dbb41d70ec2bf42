"""Reports: one pure renderer per file, from a verdict to text."""

from __future__ import annotations

from typing import Protocol

from driftguard.report import json_v1, text
from driftguard.report.paint import Paint, colourful, painter, plain
from driftguard.report.source import Source
from driftguard.verdict import Verdict

__all__ = ["REPORTS", "Paint", "Report", "Source", "colourful", "painter", "plain"]


class Report(Protocol):
    """What a renderer's module offers."""

    def render(self, verdict: Verdict, source: Source, paint: Paint) -> str:
        """The whole report, ending in a newline."""


REPORTS: dict[str, Report] = {"text": text, "json": json_v1}
