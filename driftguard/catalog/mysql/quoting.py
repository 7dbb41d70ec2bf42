"""Identifiers and literals, as MariaDB and MySQL quote them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLAIN = re.compile(r"[^\W\d][\w$]*")
_WORD = re.compile(r"`(?:[^`]|``)*`|[\w$]+")
_TABLE_NEXT = re.compile(r"\b(?:from|join|nextval|lastval)[ (]*$", re.IGNORECASE)
_TOKEN = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"|`(?:[^`]|``)*`|.", re.DOTALL)


def quote(name: str) -> str:
    """The name in backticks."""
    return "`" + name.replace("`", "``") + "`"


def qualify(schema: str, name: str) -> str:
    """The name in backticks, with its schema unless that is the default one."""
    return f"{quote(schema)}.{quote(name)}" if schema else quote(name)


def literal(text: str) -> str:
    """The text as a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def shown(name: str) -> str:
    """The name as people read it: in backticks only where it is not a plain word."""
    return name if _PLAIN.fullmatch(name) else quote(name)


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a list, split at commas that stand in no parentheses and no quotes."""
    parts, depth = [""], 0
    for token in tokens(text):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "," and not depth:
            parts.append("")
        else:
            parts[-1] += token
    return tuple(part.strip() for part in parts if part.strip())


def requote(part: str) -> str:
    """A list's part as SQL: ``email(10) DESC`` with its name in backticks; an expression in parentheses stays."""
    word = _WORD.match(part)
    if word is None or word[0].startswith("`"):
        return part
    return quote(word[0]) + part[word.end() :]


def requote_list(text: str) -> str:
    """``a, b(10) DESC`` with every name in backticks."""
    return ", ".join(requote(part) for part in split_list(text))


def tokens(text: str) -> Iterator[str]:
    """The text in pieces: string literals and quoted names whole, everything else one character at a time."""
    return (match[0] for match in _TOKEN.finditer(text))


def without_schema(text: str, schema: str) -> str:
    """A view's text without ``schema`` in front of names.

    The word counts as a schema in ``schema.table.column``, in ``schema.function(…)`` and where a table must stand;
    in ``schema.column`` it is a table, or a table's alias, of the same name.
    """
    pieces = list(tokens(text))
    kept: list[str] = []
    position = 0
    while position < len(pieces):
        begins = pieces[position : position + 2] == [quote(schema), "."] and kept[-1:] != ["."]
        if begins and (
            pieces[position + 3 : position + 4] in (["."], ["("]) or _TABLE_NEXT.search("".join(kept[-20:]))
        ):
            position += 2
        else:
            kept.append(pieces[position])
            position += 1
    return "".join(kept)


def first_name(text: str) -> str:
    """The name that a list begins with, without its backticks; "" for an expression."""
    word = _WORD.match(text)
    return "" if word is None else word[0][1:-1].replace("``", "`") if word[0].startswith("`") else word[0]
