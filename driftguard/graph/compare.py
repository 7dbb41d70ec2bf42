"""Whether two texts of one revision do the same."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache

IDENTIFIERS = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})
"""What says where a revision stands, and not what it does."""

FOR_READERS = ("__future__", "typing", "typing_extensions", "collections.abc")
"""Modules that annotations are made of."""


def does_the_same(one: bytes, other: bytes) -> bool:
    """Whether two texts differ in nothing that runs: comments, layout, docstrings and annotations do not count.

    Neither do the identifiers, the order of imports and what is imported for annotations. Texts that are no Python
    are the same if they are equal.
    """
    if one == other:
        return True
    first, second = _essence(one), _essence(other)
    return first is not None and first == second


@lru_cache(64)
def _essence(source: bytes) -> tuple[str, ...] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = _Bare().visit(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    body = [each for each in module.body if not _is_identifier(each)]
    imports = sorted({ast.dump(name) for each in body for name in _imported(each)})
    return (*imports, *(ast.dump(each) for each in body if not isinstance(each, (ast.Import, ast.ImportFrom))))


def _imported(statement: ast.stmt) -> list[ast.stmt]:
    """One import for each name."""
    match statement:
        case ast.Import(names=names):
            return [ast.Import([name]) for name in names]
        case ast.ImportFrom(module=module, names=names, level=level) if module not in FOR_READERS:
            return [ast.ImportFrom(module, [name], level) for name in names]
        case _:
            return []


def _is_identifier(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=targets):
            return all(isinstance(target, ast.Name) and target.id in IDENTIFIERS for target in targets)
        case _:
            return False


class _Bare(ast.NodeTransformer):
    """Takes away what is there for readers."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _says_nothing(each)]  # type: ignore[attr-defined]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        return None if node.value is None else ast.Assign([node.target], node.value)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
