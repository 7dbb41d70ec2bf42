"""Text inside XML and HTML."""

from __future__ import annotations

from html import escape

from driftguard.report.visible import visible

NO_CHARACTERS = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}
"""The two that XML cannot hold, besides control characters (https://www.w3.org/TR/xml/#charsets)."""


def xml(text: str) -> str:
    """``text`` as what stands between tags or in a quoted attribute."""
    return escape(visible(text).translate(NO_CHARACTERS))


def in_ascii(document: str) -> str:
    """A document that any encoding can carry, with references for all other characters."""
    return document.encode("ascii", "xmlcharrefreplace").decode()
