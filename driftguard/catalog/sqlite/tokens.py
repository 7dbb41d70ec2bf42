"""SQLite's SQL as tokens, and tokens as one canonical text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from driftguard.catalog.sqlite.keywords import KEYWORDS, RESERVED

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<blob>[xX]'[0-9a-fA-F]*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<identifier>`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<number>0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)
    |(?P<word>[A-Za-z_\x80-\U0010FFFF][\w$\x80-\U0010FFFF]*)
    |(?P<operator>\|\||->>|->|<<|>>|<=|>=|<>|!=|==|[^'"`\[])
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class NotUnderstood(ValueError):
    """A statement is not written in the grammar that is known here."""


class Kind(StrEnum):
    """What a token is; ``quoted`` stands in double quotes, where SQLite takes a name or else a string."""

    WORD = "word"
    QUOTED = "quoted"
    IDENTIFIER = "identifier"
    STRING = "string"
    BLOB = "blob"
    NUMBER = "number"
    OPERATOR = "operator"


_KINDS = {kind.value: kind for kind in Kind}
_WITH_WORD = (Kind.WORD, Kind.OPERATOR)


class Token(NamedTuple):
    """``text`` is what stands between the quotes, with doubled quotes made single, or the bare text.

    ``word`` is the bare word or the operator in lower case; "" for anything quoted and for literals.
    """

    kind: Kind
    text: str
    word: str = ""


STATEMENTS = 2000
"""Kept in memory: head, models and live mostly say the same, and say it again at the watcher's next look."""


def fold(identifier: str) -> str:
    """``identifier`` as SQLite compares it: only ASCII letters have no case."""
    return identifier.translate(_LOWER)


@lru_cache(STATEMENTS)
def tokenize(sql: str) -> tuple[Token, ...]:
    """The tokens of ``sql`` without white space and comments; raises NotUnderstood at an open quote."""
    tokens, position = [], 0
    for match in _TOKEN.finditer(sql):
        if match.start() != position:
            break
        position = match.end()
        kind = _KINDS.get(match.lastgroup or "")
        if kind in _WITH_WORD:
            tokens.append(Token(kind, match.group(), fold(match.group())))
        elif kind:
            tokens.append(Token(kind, _unquoted(kind, match.group())))
    if position != len(sql):
        raise NotUnderstood(f"a quote is not closed: {sql[position : position + 20]}")
    return tuple(tokens)


def _unquoted(kind: Kind, text: str) -> str:
    if kind is Kind.BLOB:
        return text[2:-1].upper()
    if text.startswith("["):
        return text[1:-1]
    if kind in (Kind.STRING, Kind.QUOTED, Kind.IDENTIFIER):
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def identifier(name: str) -> str:
    """``name`` as it can stand in a statement: bare where that is possible, else in double quotes."""
    return name if _is_bare_name(name) else '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    """Several names as they stand in a list of columns."""
    return ", ".join(map(identifier, names))


def string(text: str) -> str:
    """``text`` as a literal."""
    return "'" + text.replace("'", "''") + "'"


def spelled(tokens: Sequence[Token], names: frozenset[str]) -> str:
    """One text for all spellings of the same tokens.

    ``names`` are the names, folded, that are known where they stand: in double quotes these are names, and anything
    else is a string (https://www.sqlite.org/quirks.html#dblquote).
    """
    return _joined([(token, _spelled(token, *around, names)) for token, around in _with_neighbours(tokens)])


def expression(tokens: Sequence[Token], names: frozenset[str]) -> str:
    """As ``spelled``, without the parentheses that enclose the whole."""
    return spelled(without_parentheses(tokens), names)


def query(tokens: Sequence[Token], names: frozenset[str]) -> str:
    """As ``spelled``, but the names that the query gives keep their case: clients see them."""
    return _joined(
        [
            (token, identifier(token.text) if _is_alias(token, *around) else _spelled(token, *around, names))
            for token, around in _with_neighbours(tokens)
        ]
    )


def verbatim(tokens: Sequence[Token]) -> str:
    """The tokens with nothing folded but white space and comments."""
    return _joined([(token, _literal(token) or _as_written(token)) for token in tokens])


def without_parentheses(tokens: Sequence[Token]) -> Sequence[Token]:
    """``tokens`` without the parentheses that enclose all of them."""
    while len(tokens) > 2 and tokens[0].word == "(" and closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the parenthesis that closes the one at ``opening``; raises NotUnderstood without one."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].word, 0)
        if depth == 0:
            return index
    raise NotUnderstood("a parenthesis is not closed")


def split(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """``tokens`` at the commas that stand in no parentheses."""
    parts, start, depth = [], 0, 0
    for index, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if token.word == "," and depth == 0:
            parts.append(tokens[start:index])
            start = index + 1
    return [*parts, tokens[start:]]


def _with_neighbours(tokens: Sequence[Token]) -> Iterator[tuple[Token, tuple[Token | None, Token | None]]]:
    padded = [None, *tokens, None]
    yield from zip(tokens, zip(padded, padded[2:], strict=False), strict=True)


def _spelled(token: Token, before: Token | None, after: Token | None, names: frozenset[str]) -> str:
    if token.kind is Kind.WORD:
        return token.word
    follows, precedes = before.word if before else "", after.word if after else ""
    known = fold(token.text) in names or precedes == "("
    if token.kind is Kind.QUOTED and not (known or precedes == "." or follows in (".", "as")):
        return string(token.text)
    if token.kind in (Kind.QUOTED, Kind.IDENTIFIER):
        return identifier(fold(token.text))
    return _literal(token) or token.text


def _is_alias(token: Token, before: Token | None, after: Token | None) -> bool:
    """Whether a query gives this name, with AS (that of CAST gives none) or without."""
    if before is None or token.kind not in (Kind.WORD, Kind.QUOTED, Kind.IDENTIFIER) or token.word in KEYWORDS:
        return False
    if before.word == "as":
        return after is None or after.word not in ("(", ")")
    return before.word == ")" or (before.kind is not Kind.OPERATOR and before.word not in KEYWORDS)


def _literal(token: Token) -> str:
    match token.kind:
        case Kind.STRING:
            return string(token.text)
        case Kind.BLOB:
            return f"x'{token.text}'"
        case Kind.NUMBER:
            return fold(token.text)
        case _:
            return ""


def _as_written(token: Token) -> str:
    quoted = token.kind in (Kind.QUOTED, Kind.IDENTIFIER)
    return '"' + token.text.replace('"', '""') + '"' if quoted else token.text


def _joined(spelled: Sequence[tuple[Token, str]]) -> str:
    """The spellings with the white space that people write."""
    text, before, unary = "", "", False
    for token, spelling in spelled:
        text += _gap(before, spelling, unary) + spelling
        unary = token.word in ("-", "+", "~") and (unary or not _ends_operand(before))
        before = spelling
    return text


def _gap(before: str, spelling: str, unary: bool) -> str:
    if before in ("", "(", ".") or spelling in (")", ",", ".", ";"):
        return ""
    if unary:
        return " " if spelling in ("-", "+") else ""
    if spelling == "(":
        return "" if _is_bare_name(before) else " "
    return " "


def _ends_operand(spelling: str) -> bool:
    return spelling == ")" or spelling[:1] in ("'", '"') or spelling[:1].isdigit() or _is_bare_name(spelling)


def _is_bare_name(spelling: str) -> bool:
    return bool(_PLAIN.match(spelling)) and fold(spelling) not in RESERVED
