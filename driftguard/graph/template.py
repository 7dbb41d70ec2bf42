"""Revision files in the form that Alembic's templates give them, read by pattern: far cheaper than a syntax tree.

Whatever is the least unusual is left to ``revision.parse_revision``, whose answers these have to be.
"""

from __future__ import annotations

import re
import symtable
import warnings
from inspect import cleandoc
from keyword import kwlist
from typing import NamedTuple

# Python's other white space, coding cookies and what else would make bytes mean something else than they seem to.
UNUSUAL = (b"\r", b"\f", b"\0", b"coding")
# Where none of these stands, no statement can bind what a revision file is asked for ("revision" has two of them).
NAMES = (b"revision", b"depends_on", b"branch_labels")

_NAME = rf"(?!(?:{'|'.join(kwlist)}|revision|down_revision|depends_on|branch_labels)\b)[A-Za-z_][A-Za-z_0-9]*"
_DOTTED = rf"{_NAME}(?:\.{_NAME})*"
_IMPORTS = (
    rf"import {_DOTTED}(?: as {_NAME})?",
    rf"from {_DOTTED} import {_NAME}(?: as {_NAME})?(?:, {_NAME}(?: as {_NAME})?)*",
)
_TYPE = r"(?:str|None|Sequence\[str\]|Optional\[str\]|Union\[str, None\]|Union\[str, Sequence\[str\], None\])"
_TEXT = r"""(?:'[^'\\\n]*'|"[^"\\\n]*")"""
_TUPLE = rf"\({_TEXT}(?:,|(?:, {_TEXT})+,?)\)"
_ASSIGNMENT = (
    rf"(revision|down_revision|depends_on|branch_labels)(?:: {_TYPE}(?: \| {_TYPE})*)? ?= ?(None|{_TEXT}|{_TUPLE})"
)
_END = r"[ \t]*(?:#[^\n]*)?\n"

DOCSTRING = re.compile(rf'(?>{_END})*"""((?>[^"\\]|"(?!""))*)"""{_END}'.encode())
HEAD = re.compile(rf"(?>(?:{'|'.join((*_IMPORTS, _ASSIGNMENT))})?{_END})*".encode())
ASSIGNMENT = re.compile(rf"^{_ASSIGNMENT}".encode(), re.MULTILINE)
TEXT = re.compile(_TEXT.encode())
IMPORT_OF_ALL = re.compile(rb"import[\s\\]*\*")
OTHER_STATEMENT = re.compile(rb"""\n(?!def |async def |class |@|[ \t\n#)\]}]|(?:\'{3}|\"{3})[)\],.]*\n|\Z)""")


class Said(NamedTuple):
    """One assignment of the head: a text, a tuple of texts, or None, and its line."""

    value: str | tuple[str, ...] | None
    line: int


class Head(NamedTuple):
    """By name what the file assigns to it last; the docstring, its first line, and the line where it starts."""

    names: dict[str, Said]
    doc: str = ""
    docstring: str = ""
    docstring_line: int = 0

    def value(self, name: str) -> str | tuple[str, ...] | None:
        return self.names[name].value if name in self.names else None


def read_head(source: bytes) -> Head | None:
    """What a file says whose every statement is plain to see; None for all others, and for what is no valid Python."""
    if not source.isascii() or any(each in source for each in UNUSUAL):
        return None
    docstring = DOCSTRING.match(source)
    start = docstring.end() if docstring else 0
    head = HEAD.match(source, start)
    end = head.end() if head else start
    if not end or _may_bind(source, end) or not _is_python(source[end:].decode()):
        return None
    names: dict[str, Said] = {}
    line, counted = 1, 0
    for found in ASSIGNMENT.finditer(source, start, end):
        line, counted = line + source.count(b"\n", counted, found.start()), found.start()
        names[found[1].decode()] = Said(_value(found[2]), line)
    if not docstring:
        return Head(names)
    text = docstring[1].decode()
    return Head(names, _first_line(text), text, source.count(b"\n", 0, docstring.start(1)) + 1)


def _may_bind(source: bytes, start: int) -> bool:
    """Whether anything but functions and classes of other names stands behind the head."""
    if any(source.find(name, start) >= 0 for name in NAMES):
        return True
    return bool(OTHER_STATEMENT.search(source, start - 1) or IMPORT_OF_ALL.search(source, start))


def _is_python(source: str) -> bool:
    """Whether it is valid syntax by itself, and so behind other whole statements; no objects are made of its tree."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            symtable.symtable(source, "", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _value(text: bytes) -> str | tuple[str, ...] | None:
    if text == b"None":
        return None
    if text.startswith(b"("):
        return tuple(each[1:-1].decode() for each in TEXT.findall(text))
    return text[1:-1].decode()


def _first_line(docstring: str) -> str:
    """As ``ast.get_docstring`` has it."""
    first = docstring.partition("\n")[0]
    usual = first.strip() and "\t" not in first
    return (first if usual else cleandoc(docstring).partition("\n")[0]).strip()
