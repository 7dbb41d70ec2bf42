"""Reports: one pure renderer per file, from a verdict to text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Protocol, cast

from driftguard.formats import FORMATS
from driftguard.report.paint import Paint, colourful, painter, plain
from driftguard.report.source import Source
from driftguard.verdict import Verdict

__all__ = ["REPORTS", "Paint", "Report", "Source", "colourful", "painter", "plain"]

MODULES = {"html": "page", "json": "json_v1"}


class Report(Protocol):
    """What a renderer's module offers."""

    def render(self, verdict: Verdict, source: Source, paint: Paint) -> str:
        """The whole report, ending in a newline."""


class _Reports(Mapping[str, Report]):
    """By format; a renderer is imported when it is asked for."""

    def __getitem__(self, name: str) -> Report:
        if name not in FORMATS:
            raise KeyError(name)
        return cast("Report", import_module(f"driftguard.report.{MODULES.get(name, name)}"))

    def __iter__(self) -> Iterator[str]:
        return iter(FORMATS)

    def __len__(self) -> int:
        return len(FORMATS)


REPORTS: Mapping[str, Report] = _Reports()
