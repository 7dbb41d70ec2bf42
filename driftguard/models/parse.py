"""One Python file as the classes, ``Table(...)`` calls and text constants in it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

Lookup = Callable[[str], str | None]
"""The text that a constant of this name stands for, or None."""

_NAMED_BY_FIRST_ARGUMENT = ("Column", "mapped_column")
_COLUMN_MAKERS = (*_NAMED_BY_FIRST_ARGUMENT, "Field")
_REVISION_DIRECTIVES = ("create_table", "batch_alter_table")


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed file. ``classes`` are known by qualified name; of two with one name the last one stands."""

    tree: ast.Module
    classes: dict[str, ast.ClassDef]
    tables: tuple[ast.Call, ...]
    constants: dict[str, str]
    aliases: dict[str, str]

    def called(self, call: ast.Call) -> str:
        """The last part of what is called, import aliases resolved: ``Table`` for ``sa.Table(...)``."""
        name = last_part(call.func)
        return self.aliases.get(name, name)

    def makes_column(self, node: ast.AST) -> bool:
        """Whether a node is a call such as ``Column(...)``, ``mapped_column(...)`` or ``db.Column(...)``."""
        return isinstance(node, ast.Call) and self.called(node) in _COLUMN_MAKERS

    def column_calls(self, node: ast.AST) -> Iterator[ast.Call]:
        """Every call that makes a column at or below a node."""
        return (each for each in ast.walk(node) if isinstance(each, ast.Call) and self.makes_column(each))

    def explicit_name(self, call: ast.Call, lookup: Lookup) -> str | None:
        """The database name that a column call spells out, or None."""
        if self.called(call) not in _NAMED_BY_FIRST_ARGUMENT:
            return None
        return named_argument(call, lookup)


def parse(text: str) -> Module | None:
    """The file's declarations; None if this Python cannot parse it (newer syntax, or no Python at all)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    aliases = dict(_aliases(tree))
    module = Module(tree, dict(_classes(tree.body, "")), (), _constants(tree), aliases)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return replace(module, tables=tuple(call for call in calls if _makes_table(module, call)))


def text_of(node: ast.AST | None, lookup: Lookup) -> str | None:
    """The text of an expression made of literals and constants (``PREFIX + "students"``), or None."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return lookup(name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([text_of(left, lookup), text_of(right, lookup)])
        case ast.JoinedStr(values=values):
            return _joined([text_of(value, lookup) for value in values])
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return text_of(value, lookup)
        case _:
            return None


def named_argument(call: ast.Call, lookup: Lookup) -> str | None:
    """The text of a call's ``name=`` or first positional argument, or None."""
    keyword = keyword_value(call, "name")
    return text_of(keyword if keyword is not None else next(iter(call.args), None), lookup)


def keyword_value(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument, or None where it is not given."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def last_part(node: ast.AST) -> str:
    """``Table`` for ``sa.Table`` and for ``Table``, "" for anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, those inside ``if``, ``try``, ``with`` and loops included, in order."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody"):
                yield from statements(getattr(statement, field, []))
            for part in chain(getattr(statement, "handlers", []), getattr(statement, "cases", [])):
                yield from statements(part.body)


def assignment(statement: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    """The target and the value of ``a = …``, ``a: T = …`` and ``a: T``; else (None, None)."""
    match statement:
        case ast.Assign(targets=[target], value=value):
            return target, value
        case ast.AnnAssign(target=target, value=value):
            return target, value
        case _:
            return None, None


def _joined(parts: list[str | None]) -> str | None:
    texts = [part for part in parts if part is not None]
    return "".join(texts) if len(texts) == len(parts) else None


def _classes(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for statement in statements(body):
        if isinstance(statement, ast.ClassDef):
            yield prefix + statement.name, statement
            yield from _classes(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(statement.body, f"{prefix}{statement.name}.<locals>.")


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names):
                yield from ((name.asname, name.name) for name in names if name.asname)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr=original)):
                yield name, original


def _constants(tree: ast.Module) -> dict[str, str]:
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    constants: dict[str, str] = {}
    for statement in chain.from_iterable(statements(body) for body in bodies):
        target, value = assignment(statement)
        # Every class has its own __tablename__, so as a constant it would mean the wrong class's.
        if isinstance(target, ast.Name) and not target.id.startswith("__"):
            text = text_of(value, constants.get)
            if text is not None:
                constants[target.id] = text
    return constants


def _makes_table(module: Module, call: ast.Call) -> bool:
    """Whether a call is ``Table(...)``, or a maker of the project's own that takes a name and columns."""
    called = module.called(call)
    has_columns = any(map(module.makes_column, call.args[1:])) and not module.makes_column(call.args[0])
    return called == "Table" or (has_columns and called not in (*_REVISION_DIRECTIVES, *_COLUMN_MAKERS))
