"""The line of the guarded project that a finding points to, and what to underline in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from driftguard.findings import Place
from driftguard.redaction import redacted
from driftguard.report.visible import cells, visible

Source = Callable[[str], Sequence[str] | None]
"""The lines of a file as it was checked (path relative to the root), or None if there is no such text."""

WIDEST = 160
"""Columns of an excerpt; generated and minified lines can have thousands."""

TRAILING_COMMENT = re.compile(r"\s{2,}#.*$")


class Excerpt(NamedTuple):
    """One line of source: its indentation, its code, and what comes after that, such as a comment."""

    number: int
    before: str
    code: str
    after: str

    @property
    def line(self) -> str:
        return f"{self.before}{self.code}{self.after}"

    @property
    def underline(self) -> str:
        """Carets below the code."""
        return " " * len(self.before) + "^" * cells(self.code)


def excerpt(place: Place, source: Source) -> Excerpt | None:
    """What stands at ``place``; None without a line number, a file, or anything to see in that line."""
    lines = source(place.path) if place.line else None
    if lines is None or place.line is None or place.line > len(lines):
        return None
    line = visible(redacted(lines[place.line - 1]).expandtabs(4).rstrip())
    if not line:
        return None
    shown = line if len(line) <= WIDEST else line[: WIDEST - 1] + "…"
    code = (TRAILING_COMMENT.sub("", shown) or shown).strip()
    before, code, after = shown.partition(code)
    return Excerpt(place.line, before, code, after)
