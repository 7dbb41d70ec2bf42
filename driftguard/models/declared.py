"""The lines at which a class or a ``Table(...)`` call declares its columns, indexes and constraints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from driftguard.models.parse import (
    Lookup,
    Module,
    assignment,
    keyword_value,
    last_part,
    named_argument,
    statements,
    text_of,
)

Declaration = ast.ClassDef | ast.Call
"""A mapped class, or a ``Table(...)`` call."""

_TABLE_OBJECTS = (
    "Index",
    "UniqueConstraint",
    "ForeignKeyConstraint",
    "PrimaryKeyConstraint",
    "CheckConstraint",
    "ExcludeConstraint",
)


class _Candidate(NamedTuple):
    columns: tuple[str, ...]
    line: int


def declares_table(module: Module, node: Declaration) -> bool:
    """Whether a class body says anything about a table; a class that is mapped from outside does not."""
    says = {"__tablename__", "__table__", "__table_args__"}
    return bool(says & _member_names(node)) or any(module.column_calls(node))


def wraps_table(node: Declaration) -> bool:
    """Whether a class takes a table that may be declared elsewhere (``__table__ = students``)."""
    return "__table__" in _member_names(node)


def column_line(module: Module, node: Declaration, column: str, attribute: str | None, lookup: Lookup) -> int | None:
    """The line that declares a column, or None.

    ``attribute`` is the class attribute that is known to stand for it, None if that is not known.
    """
    if isinstance(node, ast.Call):
        return _line_in_call(module, node, column, lookup)
    return _line_in_class(module, node, column, attribute, lookup)


def named_line(module: Module, node: ast.AST, name: str, lookup: Lookup) -> int | None:
    """The line at or below a node where the name of an index or constraint is spelled, or None."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            spelled = keyword_value(call, "name")
            if spelled is None and module.called(call) == "Index":
                spelled = next(iter(call.args), None)
            if spelled is not None and text_of(spelled, lookup) == name:
                return spelled.lineno
    return None


def derived_line(module: Module, node: Declaration, name: str, lookup: Lookup) -> int | None:
    """The line of the column or constraint that a name such as ``ix_students_email`` was derived from."""
    words = f"_{name.lower()}_"
    fitting = [
        candidate
        for candidate in (*_constraint_candidates(module, node), *_column_candidates(module, node, lookup))
        if candidate.columns and all(f"_{column.lower()}_" in words for column in candidate.columns)
    ]
    return max(fitting, key=lambda each: len("_".join(each.columns)), default=_Candidate((), 0)).line or None


def _line_in_class(
    module: Module, node: ast.ClassDef, column: str, attribute: str | None, lookup: Lookup
) -> int | None:
    members = dict(_members(node)) | dict(_members_from_outside(module, node))
    if attribute is not None and attribute in members:
        return members[attribute].lineno
    for call in module.column_calls(node):
        if module.explicit_name(call, lookup) == column:
            return next((each.lineno for each in members.values() if _holds(module, each, call)), call.lineno)
    member = members.get(column)
    if member is None or any(module.explicit_name(call, lookup) for call in module.column_calls(member)):
        return None
    return member.lineno


def _holds(module: Module, member: ast.stmt, call: ast.Call) -> bool:
    """Whether a column call is a member's own, and not one among many of its ``Table(...)`` value."""
    value = assignment(member)[1]
    return isinstance(value, ast.Call) and value not in module.tables and call in module.column_calls(value)


def _member_names(node: Declaration) -> set[str]:
    return {name for name, _ in _members(node)} if isinstance(node, ast.ClassDef) else set()


def _members(node: ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    for statement in statements(node.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement.name, statement
        target, _ = assignment(statement)
        if isinstance(target, ast.Name):
            yield target.id, statement


def _members_from_outside(module: Module, node: ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    """``Student.age = Column(...)`` below the class."""
    for statement in statements(module.tree.body):
        match assignment(statement)[0]:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == node.name:
                yield name, statement


def _line_in_call(module: Module, table: ast.Call, column: str, lookup: Lookup) -> int | None:
    for argument in (*table.args, *_appended(module, table)):
        for call in _column_calls_of(module, argument):
            if named_argument(call, lookup) == column:
                return call.lineno
    return None


def _column_calls_of(module: Module, argument: ast.expr) -> Iterator[ast.Call]:
    """The column calls of one argument of a table: its own, or those of what it names in the same file."""
    inner = argument.value if isinstance(argument, ast.Starred) else argument
    if isinstance(inner, ast.Call) and module.called(inner) in _TABLE_OBJECTS:
        return
    yield from module.column_calls(inner)
    if isinstance(inner, ast.Call) and not module.makes_column(inner):
        # A project's own column maker, `created_at("created")`, counts by its first argument too.
        yield inner
    named = last_part(inner.func) if isinstance(inner, ast.Call) else last_part(inner)
    for statement in statements(module.tree.body):
        if named and named == _defined_name(statement):
            yield from module.column_calls(statement)


def _defined_name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name
    target, _ = assignment(statement)
    return last_part(target) if target is not None else ""


def _appended(module: Module, table: ast.Call) -> Iterator[ast.expr]:
    """What ``students.append_column(...)`` adds to the variable that holds the table."""
    body = list(statements(module.tree.body))
    holders = {_defined_name(statement) for statement in body if assignment(statement)[1] is table}
    for statement in body:
        match statement:
            case ast.Expr(ast.Call(func=ast.Attribute(ast.Name(name), "append_column"), args=arguments)):
                if name in holders:
                    yield from arguments


def _calls(module: Module, node: ast.AST, names: Iterable[str]) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call) and module.called(each) in names)


def _constraint_candidates(module: Module, node: Declaration) -> Iterator[_Candidate]:
    for call in _calls(module, node, _TABLE_OBJECTS):
        if module.called(call) == "CheckConstraint":
            text = text_of(next(iter(call.args), None), lambda _: None) or ""
            columns = tuple(re.findall(r"[a-z_]\w*", text.lower())[:1])
        else:
            columns = tuple(filter(None, map(_column_named_by, _flattened(call.args))))
        yield _Candidate(columns, call.lineno)


def _flattened(arguments: list[ast.expr]) -> Iterator[ast.expr]:
    for argument in arguments:
        if isinstance(argument, ast.List | ast.Tuple):
            yield from argument.elts
            return  # the first list of a foreign key holds its own columns, the second the referred ones
        yield argument


def _column_named_by(argument: ast.expr) -> str:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return last_part(argument)


def _column_candidates(module: Module, node: Declaration, lookup: Lookup) -> Iterator[_Candidate]:
    """Columns that carry an index or a constraint in their own declaration."""
    if isinstance(node, ast.ClassDef):
        for name, statement in (*_members(node), *_members_from_outside(module, node)):
            for call in module.column_calls(statement):
                if _carries_something(module, call):
                    yield _Candidate((module.explicit_name(call, lookup) or name,), statement.lineno)
    for call in module.column_calls(node):
        explicit = module.explicit_name(call, lookup)
        if explicit and _carries_something(module, call):
            yield _Candidate((explicit,), call.lineno)


def _carries_something(module: Module, call: ast.Call) -> bool:
    flags = (keyword_value(call, flag) for flag in ("index", "unique", "primary_key", "foreign_key"))
    return any(flag is not None for flag in flags) or any(
        _calls(module, call, ("ForeignKey", "CheckConstraint", "Enum", "Boolean"))
    )
