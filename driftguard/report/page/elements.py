"""Pieces that several parts of the page are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from driftguard.findings import Severity
from driftguard.report.markup import xml
from driftguard.report.visible import visible_lines
from driftguard.verdict import State

SAID = {
    State.OFF: "off",
    State.FINE: "fine",
    State.FAILED: "could not be checked",
    State.SKIPPED: "not looked at",
}
_CIRCLE = "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13"
_CROSS = f"{_CIRCLE}M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6"
ICONS: Mapping[State | Severity, str] = {
    State.OFF: _CROSS,
    State.FINE: f"{_CIRCLE}M5 8.2l2.1 2.1L11 6",
    State.FAILED: f"{_CIRCLE}M6.2 6.3a1.85 1.85 0 1 1 2.6 1.7q-.8.4-.8 1.3M8 11.4v.1",
    State.SKIPPED: f"{_CIRCLE}M5 8h6",
    Severity.ERROR: _CROSS,
    Severity.WARNING: "M8 1.8L15 14H1zM8 6.3v3.6M8 11.9v.1",
    Severity.NOTE: f"{_CIRCLE}M8 7.4v3.6M8 4.9v.1",
}
"""Paths in a square of 16; a word always stands beside them."""


class Section(NamedTuple):
    """A part of the page that can be gone to."""

    id: str
    title: str
    markup: str


def section(id_: str, title: str, body: str) -> Section:
    """A landmark with a heading; ``title`` and ``body`` are markup already."""
    return Section(
        id_,
        title,
        f'<section id="{id_}" aria-labelledby="{id_}-title">\n<h2 id="{id_}-title">{title}</h2>\n{body}\n</section>',
    )


def icon(of: State | Severity) -> str:
    return f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{ICONS[of]}"/></svg>'


def state(of: State) -> str:
    """A state as icon and word."""
    return f'<span class="state {of}">{icon(of)} {SAID[of]}</span>'


def in_list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{xml(line)}</li>' for line in lines)}</ul>"


def in_lines(text: str) -> str:
    """What may rightly have several lines."""
    return "\n".join(map(xml, visible_lines(text)))
