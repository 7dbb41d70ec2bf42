"""What a Python module is, seen from its syntax alone: what it imports and whether it holds a Flask application."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

APPLICATION_NAMES = ("app", "application")
FACTORY_NAMES = ("create_app", "make_app")


class Module(NamedTuple):
    """``applications``: top-level names bound to ``Flask(…)``; ``made``: to a factory's result; ``imported``: to
    another module's application. ``factories``: functions that can be called without arguments and return one.
    ``directories``: what is written as ``directory=`` of Flask-Migrate's ``Migrate``.
    """

    imports: frozenset[str]
    applications: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    factories: tuple[str, ...] = ()
    uses_flask_script: bool = False
    uses_migrate: bool = False
    uses_current_app: bool = False
    pushes_context: bool = False
    directories: tuple[str, ...] = ()


def read_module(content: bytes | None) -> Module:
    """The module in ``content``; an empty one if it cannot be parsed."""
    try:
        tree = ast.parse(content or b"")
    except (SyntaxError, ValueError):
        return Module(frozenset())
    imported = frozenset(_imports(tree))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = frozenset(_called(call) for call in calls)
    statements = tuple(_top_level(tree.body))
    functions = [node for node in statements if isinstance(node, ast.FunctionDef)]
    made_by = {node.name for node in functions} | set(FACTORY_NAMES)
    bound = tuple(_bindings(statements))
    return Module(
        imports=frozenset(name.partition(".")[0] for name in imported),
        applications=tuple(name for name, call in bound if _is_flask(_called(call))),
        made=tuple(name for name, call in bound if _called(call) in made_by and name in APPLICATION_NAMES),
        imported=tuple(_imported_applications(statements)),
        factories=tuple(node.name for node in functions if _is_factory(node)),
        uses_flask_script=any(name.startswith(("flask_script", "flask.ext.script")) for name in imported),
        uses_migrate=bool({"Migrate", "MigrateCommand"} & names) or any("flask_migrate" in name for name in imported),
        uses_current_app="flask.current_app" in imported,
        pushes_context=bool({"app_context", "test_request_context"} & names),
        directories=tuple(_directories(calls)),
    )


def _imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names of everything imported absolutely, anywhere in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "flask":
            yield f"flask.{node.attr}"


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the module is imported (not those under ``if __name__ == "__main__"``)."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "__name__" not in {
            each.id for each in ast.walk(node.test) if isinstance(each, ast.Name)
        }:
            yield from _top_level([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            handled = [statement for handler in node.handlers for statement in handler.body]
            yield from _top_level([*node.body, *handled, *node.orelse])
        elif isinstance(node, ast.With):
            yield from _top_level(node.body)


def _bindings(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.Call]]:
    """(name, call) of each ``name = call(…)``."""
    for node in statements:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if isinstance(value, ast.Call):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _imported_applications(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for node in statements:
        if isinstance(node, ast.ImportFrom):
            names = (alias.asname or alias.name for alias in node.names)
            yield from (name for name in names if name in (*APPLICATION_NAMES, *FACTORY_NAMES))


def _called(call: ast.Call) -> str:
    """The last name of what is called: ``flask.Flask(…)`` → Flask."""
    function = call.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _is_flask(name: str) -> bool:
    return name.endswith("Flask")  # and its subclasses, which are named like it: APIFlask, …


def _is_factory(function: ast.FunctionDef) -> bool:
    arguments = function.args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    required += sum(default is None for default in arguments.kw_defaults)
    builds = any(isinstance(node, ast.Call) and _is_flask(_called(node)) for node in ast.walk(function))
    return required == 0 and (builds or function.name in FACTORY_NAMES)


def _directories(calls: Iterable[ast.Call]) -> Iterator[str]:
    for call in calls:
        if _called(call) in ("Migrate", "init_app"):
            for keyword in call.keywords:
                if keyword.arg == "directory" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)
