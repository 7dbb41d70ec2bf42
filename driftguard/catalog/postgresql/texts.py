"""Expressions that the server writes in several ways although they are one."""

from __future__ import annotations

import re

_LITERAL = r"E?'(?:[^']|'')*'"
_ELEMENT = rf"{_LITERAL}::[a-z][a-z ]*"
_ARRAY = re.compile(rf"\(ARRAY\[({_ELEMENT}(?:, {_ELEMENT})*)\]\)::([a-z][a-z ]*)\[\]")
_TEXT = re.compile(rf"({_LITERAL})::(?:text|character varying)")
_MODIFIERS = re.compile(r"\([\d,]*\)")


def expression(text: str) -> str:
    """An array's cast taken to its elements: what a dump has been restored from writes it so, the original does not.

    ``(ARRAY['a'::character varying])::text[]`` is ``ARRAY[('a'::character varying)::text]``.
    """
    return _ARRAY.sub(_cast_each, text) if "])::" in text else text


def default(text: str | None, type_: str | None) -> str | None:
    """A column's default without a cast that its type makes anyway; none where it is NULL, which is what that means."""
    kind = _MODIFIERS.sub("", type_ or "")
    if text == f"NULL::{kind}":
        return None
    if text and kind in ("text", "character varying") and (literal := _TEXT.fullmatch(text)):
        return literal[1]
    return text


def _cast_each(found: re.Match[str]) -> str:
    elements = re.findall(_ELEMENT, found[1])
    return f"ARRAY[{', '.join(f'({each})::{found[2]}' for each in elements)}]"
