"""Changes to several files that are all made, or none of them."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from driftguard.errors import DriftguardError

ENDING = ".driftguard"
"""Of the files that lie beside the real ones for a moment; Alembic looks at no file of such a name."""


class Change(NamedTuple):
    """A file's contents before and after; None where there is no file."""

    was: bytes | None
    now: bytes | None


@contextmanager
def written(root: Path, changes: Mapping[str, Change]) -> Iterator[None]:
    """The files below ``root`` as ``changes`` (by path) say; as they were before, if the context is left by an error.

    Everything that takes room is written before the first file changes. Modes stay, and what is undone is the very same
    file again. Raises DriftguardError where a file is not what ``was`` says.
    """
    files = [_prepared(root, path, change) for path, change in sorted(changes.items())]
    folders: list[Path] = []
    stuck: list[_File] = []
    try:
        for file in files:
            _make_folders(file.place.parent, folders)
            file.lay_out()
        for file in files:
            file.put()
        yield
    except BaseException as error:
        with _undisturbed():
            stuck += _undone(files)
            for folder in reversed(folders):
                with suppress(OSError):  # somebody else has put something there meanwhile
                    folder.rmdir()
        if stuck:
            raise DriftguardError(
                f"{', '.join(str(each.place) for each in stuck)} could not be put back: {error}",
                f"the originals are here: {', '.join(str(each.original) for each in stuck)}",
            ) from error
        raise
    finally:
        for file in files:
            if file not in stuck:
                file.clean()


def _undone(files: list[_File]) -> Iterator[_File]:
    """Put back one after the other; gives those that cannot be."""
    for file in reversed(files):
        try:
            file.undo()
            file.clean()
        except OSError:
            yield file


@dataclass
class _File:
    """One of them: ``draft`` holds what it is going to say, ``original`` is a second name of what it was."""

    place: Path
    change: Change
    draft: Path
    original: Path
    is_put: bool = False

    def lay_out(self) -> None:
        """Write what is going to be there, and keep a second name for what is there."""
        if self.change.was is not None:
            try:
                os.link(self.place, self.original)
            except OSError:  # a file system without such names
                shutil.copy2(self.place, self.original)
        if self.change.now is not None:
            self.draft.write_bytes(self.change.now)
            if self.change.was is not None:
                _take_after(self.draft, self.place)

    def put(self) -> None:
        if self.change.was is None and self.place.exists():
            raise DriftguardError(f"{self.place.name} has just been made by somebody else", "try again")
        self.is_put = True
        if self.change.now is None:
            self.place.unlink()
        else:
            self.draft.replace(self.place)

    def undo(self) -> None:
        if not self.is_put:
            return
        if self.change.was is None:
            self.place.unlink(missing_ok=True)
        elif self.original.exists():
            self.original.replace(self.place)

    def clean(self) -> None:
        for path in (self.draft, self.original):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _prepared(root: Path, path: str, change: Change) -> _File:
    place = (root / path).resolve()
    if not place.is_relative_to(root.resolve()):
        raise DriftguardError(f"{path} is a link to {place}, outside of this project", "edit that file by hand")
    if (place.read_bytes() if place.exists() else None) != change.was:
        raise DriftguardError(f"{path} has just been changed by somebody else", "try again")
    mark = os.urandom(8).hex()
    return _File(place, change, place.with_name(f".{mark}-new{ENDING}"), place.with_name(f".{mark}-was{ENDING}"))


def _take_after(draft: Path, model: Path) -> None:
    """Mode and owner of the file that it replaces, and another second: Python takes a compiled file of the same second
    and size for that of the new text."""
    found = model.stat()
    with suppress(OSError):
        os.chown(draft, found.st_uid, found.st_gid)
    draft.chmod(stat.S_IMODE(found.st_mode))
    made = draft.stat()
    if int(made.st_mtime) == int(found.st_mtime):
        os.utime(draft, (made.st_atime, made.st_mtime + 1))


def _make_folders(folder: Path, made: list[Path]) -> None:
    """Make what is missing, outermost first, and note it in ``made``."""
    for each in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        each.mkdir()
        made.append(each)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Another Ctrl-C does not stop what is done here; only the main thread is told of one at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
