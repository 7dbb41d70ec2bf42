"""Text that a terminal cannot be tricked with: what would be invisible or obeyed is shown escaped."""

from __future__ import annotations

import re
import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of control, format (bidirectional overrides, zero width), surrogate and line separators."""

OBEYED = re.compile(r"^\s*:(?=:[\w-]+(?: .*)?::)|#(?=#\w*\[)")
"""Where CI services see a command in what a program prints: GitHub's ``::error::`` at the beginning of a line and
``##[group]`` anywhere, ``##vso[…]`` of Azure Pipelines, ``##teamcity[…]``."""


def visible(text: str) -> str:
    """``text`` on one line, with an escape such as ``\\x1b`` or ``\\u202e`` for every character that does not print.

    Of what a CI service would obey, one character is escaped too.
    """
    if "::" in text or "##" in text:
        text = OBEYED.sub(lambda found: f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}", text)
    if text.isprintable():
        return text
    return "".join(_escape(letter) if unicodedata.category(letter) in HIDDEN else letter for letter in text)


def visible_lines(text: str) -> tuple[str, ...]:
    """The lines of ``text``, each of them visible, tabs as blanks; for what may rightly have several lines."""
    return tuple(visible(line.expandtabs(4)) for line in text.split("\n"))


def cells(text: str) -> int:
    """How many terminal columns ``text`` takes (wide characters take two, combining ones none)."""
    return sum(_width(letter) for letter in text)


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
