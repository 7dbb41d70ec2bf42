"""The guest runs in other people's interpreters: old syntax, and nothing of ours but itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftguard.probe.guest_process import GUEST_FOLDER

FILES = sorted((GUEST_FOLDER / "driftguard_guest").glob("*.py"))
ALLOWED = {*sys.stdlib_module_names, "alembic", "sqlalchemy", "flask", "flask_migrate"}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_is_python_3_8_and_imports_only_what_every_project_has(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert set(imported(tree)) <= ALLOWED
