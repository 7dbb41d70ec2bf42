"""A repaired history as changes to files, and whether the files then say what they were meant to say."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from typing import NamedTuple

from driftguard.git import Tree
from driftguard.graph.collisions import collisions
from driftguard.graph.edit import Uneditable, reparented
from driftguard.graph.graph import Graph
from driftguard.graph.reparent import Move
from driftguard.graph.revision import Revision
from driftguard.graph.writing import Change


class Obstacle(NamedTuple):
    """A file that cannot be changed: ``reason`` is a sentence without its full stop."""

    path: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


def edits(tree: Tree, graph: Graph, moves: Iterable[Move]) -> tuple[dict[str, Change], tuple[Obstacle, ...]]:
    """The moved revisions' files by path, and what cannot be edited; ``graph`` says which files they are."""
    changes: dict[str, Change] = {}
    obstacles: list[Obstacle] = []
    for move in moves:
        path = graph[move.id].path
        source = tree.read(path) or b""
        try:
            changes[path] = Change(source, reparented(source, path, move.now))
        except Uneditable as refusal:
            obstacles.append(Obstacle(path, refusal.line, refusal.reason))
    return changes, tuple(obstacles)


def is_empty(source: bytes) -> bool:
    """Whether a revision file does nothing: its functions hold ``pass`` and docstrings alone."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return all(_does_nothing(statement) for statement in module.body)


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.FunctionDef(body=body, decorator_list=[]):
            return all(_does_nothing(each) and not isinstance(each, ast.Import | ast.ImportFrom) for each in body)
        case ast.Expr(value=ast.Constant()) | ast.Return(value=None) | ast.Pass() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            return not any(isinstance(each, ast.Call | ast.Await) for each in ast.walk(value or statement))
    return False


def torn(graph: Graph) -> tuple[str, ...]:
    """Why Alembic could not load these revisions, in one sentence each."""
    return (
        *(f"{each.path}:{each.line}: {each.reason}" for each in graph.unreadable),
        *(
            f"{each.revision.path}:{each.revision.down_line}: {each.attribute} names {each.id}, which is in no file"
            for each in graph.missing()
        ),
        *(f"{twins[0].id} is in {len(twins)} files: {_paths(twins)}" for twins in graph.duplicates()),
        *(f"these come after themselves: {', '.join(cycle)}" for cycle in graph.cycles()),
    )


def _paths(revisions: Iterable[Revision]) -> str:
    return ", ".join(each.path for each in revisions)


def differences(found: Graph, meant: Graph, mended: Collection[str], allowed_heads: Collection[str]) -> tuple[str, ...]:
    """What the files say and were not meant to say; () if the repair came out as it was meant.

    ``mended``: revisions that must not be among heads that collide.
    """
    ids = sorted(found.by_id.keys() | meant.by_id.keys())
    return (
        *torn(found),
        *(f"{each} has other parents than it should have" for each in ids if _down(found, each) != _down(meant, each)),
        *(still_apart(found, mended, allowed_heads)),
    )


def still_apart(graph: Graph, mended: Collection[str], allowed_heads: Collection[str]) -> tuple[str, ...]:
    """The heads that collide above one of ``mended``, in one sentence for each group."""
    above = graph.descendants(*(each for each in mended if each in graph))
    groups = (group for group in collisions(graph, allowed_heads) if above.intersection(group))
    return tuple(f"{', '.join(group)} are heads, and nothing joins them" for group in groups)


def _down(graph: Graph, id_: str) -> tuple[str, ...] | None:
    found = graph.get(id_)
    return found.down if found else None
