"""What a revision file says about its way back, read without running it."""

from __future__ import annotations

import ast
from typing import NamedTuple


class WayBack(NamedTuple):
    """The line of ``downgrade()``, 1 where there is none; ``is_declined``: it does nothing but raise."""

    line: int = 1
    is_declined: bool = False


def way_back(source: bytes) -> WayBack:
    """Of a revision's file; nothing is raised, whatever is in it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return WayBack()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "downgrade":
            body = [each for each in node.body if not _is_text(each)]
            return WayBack(node.lineno, bool(body) and isinstance(body[0], ast.Raise))
    return WayBack()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
