"""Colours: a function from text and style to text, which changes nothing unless somebody can see colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TextIO

Paint = Callable[[str, str], str]
"""``paint(text, style)``; the style as rich writes it, such as ``bold red``."""


def plain(text: str, style: str) -> str:
    """``text`` as it is, for files, pipes and ``NO_COLOR``."""
    return text


def painter(stream: TextIO, environ: Mapping[str, str]) -> Paint:
    """How to colour what goes to ``stream``.

    ``NO_COLOR`` (any value but the empty one, https://no-color.org) beats ``FORCE_COLOR``, which beats the question
    whether ``stream`` is a terminal that knows colours.
    """
    if environ.get("NO_COLOR"):
        return plain
    if not environ.get("FORCE_COLOR") and (not stream.isatty() or environ.get("TERM") == "dumb"):
        return plain

    from rich.color import ColorSystem
    from rich.style import Style

    def paint(text: str, style: str) -> str:
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    return paint
