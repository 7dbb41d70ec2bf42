"""Other parents for a revision file: only their literal and the docstring's ``Revises:`` line change."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from driftguard.graph.revision import Revision, parse_revision

NAME = "down_revision"
LINE_END = re.compile(r"\r\n|\r|\n")
OPENING = re.compile(r"""(?P<prefix>[uU]?)(?P<quote>["'])(?!(?P=quote))""")
DOCSTRING = re.compile(r"""[rRuU]?(?P<quote>\"{3}|'{3}|"|')(?P<body>.*)(?P=quote)""", re.DOTALL)
REVISES = re.compile(
    r"(?<![^\r\n])(?P<label>[ \t]*Revises:)(?P<blank>[ \t]*)(?P<ids>(?:[^\s,]+(?:,[ \t]*[^\s,]+)*)?)[ \t]*(?![^\r\n])"
)
BRACKETS: dict[type, tuple[str, str]] = {ast.List: ("[", "]"), ast.Set: ("{", "}"), ast.Tuple: ("(", ")")}


class Uneditable(Exception):
    """A file whose parents cannot be replaced safely; the text is a sentence without its full stop."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class _Span(NamedTuple):
    """A part of a text, by its letters."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def replaced(self, text: str, new: str) -> str:
        return text[: self.start] + new + text[self.end :]


class _File(NamedTuple):
    """A file's text, its syntax tree, and the encoding that gives back its bytes."""

    text: str
    module: ast.Module
    encoding: str

    def span(self, node: ast.expr) -> _Span:
        """Where an expression stands; the tree counts UTF-8's bytes, in lines that end as Python's do."""
        starts = [0, *(found.end() for found in LINE_END.finditer(self.text))]
        return _Span(
            self._place(starts[node.lineno - 1], node.col_offset),
            self._place(starts[(node.end_lineno or node.lineno) - 1], node.end_col_offset or 0),
        )

    def _place(self, line_start: int, column: int) -> int:
        # No letter takes less than a byte, so this much of the text is enough.
        line = self.text[line_start : line_start + column].encode()
        return line_start + len(line[:column].decode())

    def holds(self, text: str) -> bool:
        """Whether the file's encoding has all letters of ``text``."""
        try:
            return text.encode(self.encoding).decode(self.encoding) == text
        except UnicodeError:
            return False


def reparented(source: bytes, path: str, down: tuple[str, ...]) -> bytes:
    """The file with ``down`` as its parents, byte for byte the same but for their literal and its ``Revises:`` line.

    Raises Uneditable where the text does not say them plainly, and wherever the outcome would say anything else.
    """
    was = parse_revision(source, path)
    if not isinstance(was, Revision):
        raise Uneditable("it does not say which revision it is", 1)
    if was.down == down:
        return source
    try:
        return _edited(source, was, down)
    except RecursionError as error:
        raise Uneditable("it is nested too deeply to be edited", was.down_line) from error


def _edited(source: bytes, was: Revision, down: tuple[str, ...]) -> bytes:
    file = _read(source, was.down_line)
    value = _value(file.module, was.down_line)
    undocumented = file._replace(text=_with_literal(file, value, down))
    edited = _with_revises(undocumented, down).encode(file.encoding)
    if not _says_the_same_but(source, edited, was, down):
        raise Uneditable(f"its `{NAME}` cannot be replaced without changing something else", value.lineno)
    return edited


def _read(source: bytes, line: int) -> _File:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        file = _File(source.decode(encoding), _parsed(source), encoding)
        kept = file.text.encode(encoding) == source
    except (SyntaxError, ValueError, LookupError) as error:
        raise Uneditable("its encoding cannot be told", line) from error
    if not kept:
        raise Uneditable(f"its encoding, {encoding}, has several ways to write the same text", line)
    return file


def _parsed(source: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _value(module: ast.Module, line: int) -> ast.expr:
    """The one expression that the file assigns to ``down_revision``, which has to be a literal."""
    bound = [node for node in ast.walk(module) if isinstance(node, ast.Name) and node.id == NAME and _is_bound(node)]
    values = [value for statement in module.body for value in _assigned(statement)]
    if len(bound) != 1 or len(values) != 1:
        raise Uneditable(f"its `{NAME}` is not set by one plain assignment", line)
    value = values[0]
    if not _is_literal(value):
        raise Uneditable(f"its `{NAME}` is computed (`{ast.unparse(value)}`)", value.lineno)
    return value


def _is_bound(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del)


def _assigned(statement: ast.stmt) -> Iterator[ast.expr]:
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _paired(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _paired(target, value)


def _paired(target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    match target, value:
        case ast.Name(id="down_revision"), _:
            yield value
        case ast.Tuple(elts=targets) | ast.List(elts=targets), ast.Tuple(elts=values) | ast.List(elts=values) if len(
            targets
        ) == len(values):
            for each, part in zip(targets, values, strict=True):
                yield from _paired(each, part)


def _is_literal(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=None | str()):
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return all(isinstance(part, ast.Constant) and isinstance(part.value, str | None) for part in parts)
    return False


def _with_literal(file: _File, value: ast.expr, down: tuple[str, ...]) -> str:
    parts = value.elts if isinstance(value, ast.Tuple | ast.List | ast.Set) else [value]
    if len(parts) == len(down) and all(_text_of(part) is not None for part in parts):
        text = file.text
        for part, id_ in reversed(list(zip(parts, down, strict=True))):
            if _text_of(part) != id_:
                text = _replaced(file, text, part, _spelled(file, id_, file.span(part).of(file.text)))
        return text
    like = next((part for part in (*parts, *_ids(file.module)) if _text_of(part) is not None), None)
    style = file.span(like).of(file.text) if like else ""
    return _replaced(file, file.text, value, _written(file, value, [_spelled(file, id_, style) for id_ in down]))


def _replaced(file: _File, text: str, node: ast.expr, new: str) -> str:
    """``text``, which is the file's as far as the end of ``node``, with ``new`` in its place."""
    span = file.span(node)
    if _holds_comment(file, node):
        raise Uneditable(f"comments stand inside its `{NAME}`", node.lineno)
    return span.replaced(text, new)


def _holds_comment(file: _File, node: ast.expr) -> bool:
    """Whether a comment stands between its parts, which are texts."""
    here = file.span(node).of(file.text)
    if not LINE_END.search(here):
        return False
    tokens = tokenize.generate_tokens(io.StringIO(f"({LINE_END.sub(chr(10), here)})").readline)
    return any(token.type == tokenize.COMMENT for token in tokens)


def _written(file: _File, value: ast.expr, ids: list[str]) -> str:
    """The literals ``ids`` together: in the brackets that a list or set has, else as Alembic writes them."""
    if not ids:
        return "None"
    if len(ids) == 1 and not isinstance(value, ast.List | ast.Set):
        return ids[0]
    opening, closing = BRACKETS.get(type(value), BRACKETS[ast.Tuple])
    return f"{opening}{', '.join(ids)}{closing}"


def _spelled(file: _File, id_: str, like: str) -> str:
    """A literal of the id, in the quotes of the literal ``like`` if they can hold it."""
    opening = OPENING.match(like)
    usual = f"{opening['prefix']}{opening['quote']}{id_}{opening['quote']}" if opening else repr(id_)
    return next(each for each in (usual, repr(id_), ascii(id_)) if _means(each, id_) and file.holds(each))


def _means(literal: str, id_: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(ast.literal_eval(literal) == id_)
    except (SyntaxError, ValueError):
        return False


def _text_of(part: ast.expr) -> str | None:
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else None


def _ids(module: ast.Module) -> Iterator[ast.expr]:
    """The literal of the file's own id, whose quotes are those that its author likes."""
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="revision")], value=value):
                yield value
            case ast.AnnAssign(target=ast.Name(id="revision"), value=ast.expr() as value):
                yield value


def _with_revises(file: _File, down: tuple[str, ...]) -> str:
    """The text with these parents in the line that Alembic's templates write about them, if there is just one such."""
    match file.module.body[:1]:
        case [ast.Expr(value=ast.Constant(value=str()) as docstring)]:
            span = file.span(docstring)
        case _:
            return file.text
    literal = DOCSTRING.fullmatch(span.of(file.text))
    lines = list(REVISES.finditer(literal["body"])) if literal else []
    ids = ", ".join(down)
    is_told = REVISES.fullmatch(f"Revises: {ids}") and ids.isprintable() and not {"\\", '"', "'"} & set(ids)
    if literal is None or len(lines) != 1 or not is_told or not file.holds(ids):
        return file.text
    [line] = lines
    start = span.start + literal.start("body")
    blank = line["blank"] or (" " if ids else "")
    return _Span(start + line.start("blank"), start + line.end("ids")).replaced(file.text, blank + ids)


def _says_the_same_but(source: bytes, edited: bytes, was: Revision, down: tuple[str, ...]) -> bool:
    """Whether the edited file has these parents, and in all else the same syntax tree."""
    now = parse_revision(edited, was.path)
    if not isinstance(now, Revision) or now.down != down:
        return False
    same = was._replace(down=now.down, line=now.line, down_line=now.down_line, stale=now.stale)
    return now == same and _skeleton(source) == _skeleton(edited)


def _skeleton(source: bytes) -> str:
    """The syntax tree without the parents, and without what the docstring says of them."""
    module = _parsed(source)
    _Without(_value(module, 1)).visit(module)
    match module.body[:1]:
        case [ast.Expr(value=ast.Constant(value=str(text)) as docstring)]:
            docstring.value = REVISES.sub("", text)
    return ast.dump(module)


class _Without(ast.NodeTransformer):
    """Puts None in the place of one node."""

    def __init__(self, node: ast.AST) -> None:
        self._node = node

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.Constant(None) if node is self._node else self.generic_visit(node)
