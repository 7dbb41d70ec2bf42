"""Colours: a function from text and style to text, which changes nothing unless somebody can see colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TextIO

from driftguard.colours import shows_colours

Paint = Callable[[str, str], str]
"""``paint(text, style)``; the style as rich writes it, such as ``bold red``."""


def plain(text: str, style: str) -> str:
    """``text`` as it is, for files, pipes and ``NO_COLOR``."""
    return text


def colourful(text: str, style: str) -> str:
    """``text`` in colours, as terminals know them."""
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def painter(stream: TextIO, environ: Mapping[str, str]) -> Paint:
    """How to colour what goes to ``stream``."""
    return colourful if shows_colours(terminal=stream.isatty(), environ=environ) else plain
