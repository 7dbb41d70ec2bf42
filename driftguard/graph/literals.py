"""What the names of a module stand for, as far as its text alone says so; nothing is ever executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_EXPRESSION = 60


class Known(NamedTuple):
    """A constant, or a tuple of constants where the text has a tuple, list or set of them."""

    value: object
    line: int


class Unknown(NamedTuple):
    """A name whose value only the running module knows; ``reason`` continues a sentence."""

    reason: str
    line: int


Binding = Known | Unknown


class Computed(Exception):
    """An expression that is no constant."""


def read_names(module: ast.Module) -> dict[str, Binding]:
    """The names that a module binds at its top level, each as it stands at the end of the file."""
    names: dict[str, Binding] = {}
    for statement in module.body:
        names.update(_bindings(statement, names))
    return names


def _bindings(statement: ast.stmt, names: dict[str, Binding]) -> Iterator[tuple[str, Binding]]:
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, value, names)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _assigned(target, value, names)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, Unknown("is defined by `def` or `class`", statement.lineno)
        case ast.AnnAssign() | ast.Expr():
            return
        case _:
            for name in _stored(statement):
                first_line = ast.unparse(statement).partition("\n")[0]
                yield name, Unknown(f"is set by `{_shortened(first_line)}`", statement.lineno)


def _assigned(target: ast.expr, value: ast.expr, names: dict[str, Binding]) -> Iterator[tuple[str, Binding]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, _binding(value, names)
        case ast.Tuple(elts=targets) | ast.List(elts=targets), ast.Tuple(elts=values) | ast.List(elts=values) if len(
            targets
        ) == len(values) and not any(isinstance(each, ast.Starred) for each in (*targets, *values)):
            for each, part in zip(targets, values, strict=True):
                yield from _assigned(each, part, names)
        case _:
            for name in _stored(target):
                yield name, Unknown(f"is unpacked from `{_shortened(ast.unparse(value))}`", value.lineno)


def _binding(value: ast.expr, names: dict[str, Binding]) -> Binding:
    try:
        return Known(_evaluate(value, names), value.lineno)
    except Computed:
        return Unknown(f"is computed (`{_shortened(ast.unparse(value))}`)", value.lineno)


def _evaluate(expression: ast.expr, names: dict[str, Binding]) -> object:
    match expression:
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_evaluate(part, names) for part in parts)
        case ast.Set(elts=parts):
            return tuple(sorted({_evaluate(part, names) for part in parts}, key=repr))
        case ast.JoinedStr(values=parts):
            return _joined(_evaluate(part, names) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined(_evaluate(part, names) for part in (left, right))
        case ast.Name(id=name) if isinstance(known := names.get(name), Known):
            return known.value
        case _:
            raise Computed


def _joined(parts: Iterator[object]) -> str:
    texts = list(parts)
    if not all(isinstance(text, str) for text in texts):
        raise Computed
    return "".join(str(text) for text in texts)


def _stored(node: ast.AST) -> Iterator[str]:
    """Names that a statement may bind in the module, those of inner functions and classes left out."""
    left = [node]
    while left:
        here = left.pop()
        match here:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.Lambda():
                continue
        left.extend(ast.iter_child_nodes(here))


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_EXPRESSION else f"{text[: LONGEST_EXPRESSION - 1]}…"
