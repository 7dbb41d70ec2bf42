"""The files of the working tree, with notes of what was looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from driftguard.git import SKIPPED_FOLDERS, Signature, WorkingTree
from driftguard.memo.picture import Notes
from driftguard.project.inventory import VIRTUAL_ENVIRONMENT_MARK


@dataclass(frozen=True)
class NotedTree(WorkingTree):
    """Notes everything before it looks at it."""

    notes: Notes

    def read(self, path: str) -> bytes | None:
        self.notes.file(self._there(path))
        return super().read(path)

    def signatures(self, paths: Iterable[str]) -> dict[str, Signature]:
        asked = tuple(paths)
        for path in asked:
            self.notes.file(self._there(path))
        return super().signatures(asked)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        self.notes.folder(self._there(folder))
        entries = super()._entries(folder)
        for entry in entries:
            if entry.is_symlink():
                self.notes.mark(entry.path)
            elif entry.is_dir() and entry.name not in SKIPPED_FOLDERS:
                self._note_virtual_environment(entry.path)
        return entries

    def _note_virtual_environment(self, folder: str) -> None:
        """It is not listed, as long as it is one. What becomes one is listed until then."""
        mark = f"{folder}/{VIRTUAL_ENVIRONMENT_MARK}"
        if os.path.lexists(mark):
            self.notes.mark(mark)

    def _there(self, path: str) -> str:
        return str(self.root) if path == "." else f"{self.root}/{path}"
