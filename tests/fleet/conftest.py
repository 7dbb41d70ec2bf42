"""The plain project with many live databases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from guarded import Guarded, sql
from hooked import plain


class Fleet:
    """SQLite files that are all as the first revision left them; a test spoils some."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.project: Guarded = plain(folder / "shop")
        self.project.environ["SHOP_DATABASE"] = self.url("first")
        self.project.alembic("upgrade", "head")
        for name in names:
            shutil.copy(self.file("first"), self.file(name))
        self.names = names

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    def url(self, name: str) -> str:
        return f"sqlite:///{self.file(name)}"

    def by_hand(self, name: str, *statements: str) -> None:
        sql(self.url(name), *statements)

    def listed(self, *more: str) -> str:
        """The argument of ``--live`` for all of them, with more lines in the list."""
        lines = ["# every tenant", "", *(f"{name} = {self.url(name)}" for name in self.names), *more]
        (self.folder / "tenants").write_text("\n".join(lines), encoding="utf-8")
        return f"@{self.folder / 'tenants'}"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, *(f"tenant_{number}" for number in range(1, 8)))
