"""Pictures of revision graphs, remembered with everything that they depended on.

Asked by ``driftguard graph`` before anything else is loaded, so it imports only what Python has loaded already.
"""

from __future__ import annotations

import marshal
import os
import sys
from _collections_abc import Iterator, Sequence
from os import stat

from driftguard import __version__
from driftguard.memo.record import DIGEST_BYTES, Signature, digest
from driftguard.memo.world import GIT_VARIABLES, NEVER_LISTED, signature, values

FORMAT = 1
SHELF = "pictures"
MOST = 8
"""Pictures that are kept of one work tree; every folder, choice of environments and set of variables has its own."""

SLACK = 20_000_000
"""Nanoseconds: file systems stamp changes with the time of the kernel's last tick."""

OPTIONS = ("-e", "--environment")

# Of all that begins with GIT_, these do not change what git takes for the work tree. Whom git trusts is a matter of its
# configuration only where the work tree belongs to somebody else.
HARMLESS = (
    *("GIT_ASKPASS", "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"),
    *("GIT_EDITOR", "GIT_MERGE_AUTOEDIT", "GIT_PAGER", "GIT_PROXY_", "GIT_PS1_", "GIT_SEQUENCE_EDITOR", "GIT_SSH"),
    *("GIT_SSL_", "GIT_TERMINAL_PROMPT"),
)


class Notes:
    """What was looked at, as it was before that.

    ``files``: also those that are not there. ``folders``: that were listed. ``marks``: paths of which it matters only
    whether they are a file, and whether they are there at all.
    """

    __slots__ = ("files", "folders", "marks")

    def __init__(self) -> None:
        self.files: dict[str, Signature | None] = {}
        self.folders: dict[str, Signature | None] = {}
        self.marks: dict[str, tuple[bool, bool]] = {}

    def file(self, path: str) -> None:
        """It is going to be read."""
        if path not in self.files:
            self.files[path] = signature(path)

    def folder(self, path: str) -> None:
        """It is going to be listed."""
        if path not in self.folders:
            self.folders[path] = signature(path)

    def mark(self, path: str) -> None:
        """Its kind is going to be asked for."""
        self.marks[path] = _kind(path)


class Place:
    """Where one picture is kept: in ``git_folder``, which belongs to the work tree ``top`` around ``start``."""

    __slots__ = ("git_folder", "name", "start", "top")

    def __init__(self, start: str, top: str, git_folder: str, name: str) -> None:
        self.start = start
        self.top = top
        self.git_folder = git_folder
        self.name = name

    @property
    def shelf(self) -> str:
        return os.path.join(self.git_folder, "driftguard")

    @property
    def path(self) -> str:
        return os.path.join(self.shelf, SHELF, self.name)


class Look:
    """One look at the graph, from before anything is read until the picture is kept."""

    __slots__ = ("_began", "notes", "place")

    def __init__(self, place: Place, began: int) -> None:
        self.place = place
        self.notes = Notes()
        self._began = began - SLACK
        _note_git(place, self.notes)

    def keep(self, text: str) -> bool:
        """Remember the picture, unless something may have changed since the look began; whether it is kept."""
        from driftguard.memo.shelf import Shelf

        try:
            content = self._record(text)
        except OSError:
            return False
        return bool(content) and Shelf(self.place.shelf, SHELF, MOST).write(self.place.name, digest(content) + content)

    def _record(self, text: str) -> bytes:
        """Empty if there can be none."""
        from shutil import which  # only when a picture was drawn, and this is loaded anyway

        git = which("git")
        if git is None:
            return b""
        self.notes.mark(git)
        device, notes = stat(self.place.shelf).st_dev, self.notes
        own = tuple((path, signature(path)) for path in _own_modules())
        folders = tuple((path, was, _listing(path)) for path, was in notes.folders.items())
        if any(was is None or was[1] >= self._began for _, was in own):
            return b""
        if any(not self._stayed(path, was, device) for path, was in (*notes.files.items(), *notes.folders.items())):
            return b""
        marks = tuple((path, was) for path, was in notes.marks.items())
        if any(_kind(path) != was for path, was in marks):
            return b""
        return marshal.dumps((FORMAT, text, _by_folder((*own, *notes.files.items())), folders, marks))

    def _stayed(self, path: str, was: Signature | None, device: int) -> bool:
        """A time counts only if it is by the clock of the same file system, and old enough not to come again."""
        if was is None:
            return signature(path) is None
        return was[1] < self._began and signature(path) == was and stat(path).st_dev == device


def remembered(arguments: Sequence[str]) -> str | None:
    """What ``driftguard`` with these arguments, of which ``graph`` is the first, would print; None if unknown."""
    words = tuple(arguments[1:])
    if len(words) % 2 or any(word not in OPTIONS for word in words[::2]):
        return None
    try:
        place = find(os.getcwd(), words[1::2], dict(os.environ))
        return None if place is None else _recall(place.path)
    except OSError:
        return None


def begin(start: str, environments: Sequence[str], environ: dict[str, str]) -> Look | None:
    """Before a picture is drawn; None where it cannot be kept."""
    from driftguard.memo.shelf import Shelf

    try:
        place = find(start, environments, environ)
        began = place and Shelf(place.shelf, SHELF, MOST).moment()
        return Look(place, began) if place and began else None
    except OSError:
        return None


def find(start: str, environments: Sequence[str], environ: dict[str, str]) -> Place | None:
    """The place for the picture of these environments; None outside of git, and where only git can tell."""
    if any(name.startswith(GIT_VARIABLES) and not name.startswith(HARMLESS) for name in environ):
        return None
    top = start
    while (kind := signature(os.path.join(top, ".git"))) is None and top != os.path.dirname(top):
        top = os.path.dirname(top)
    link = os.path.join(top, ".git")
    folder = None if kind is None else link if os.path.isdir(link) else _pointed(link, "gitdir: ")
    if folder is None or not hasattr(os, "geteuid"):
        return None
    user = os.geteuid()
    if any(stat(each).st_uid != user for each in (top, link, folder)):
        return None
    about = "\0".join((__version__, sys.version, str(user), start, *environments)).encode("utf-8", "surrogateescape")
    return Place(start, top, folder, digest(about + values((), True, environ)).hex())


def _recall(path: str) -> str | None:
    with open(path, "rb") as file:
        content = file.read()
    if digest(content[DIGEST_BYTES:]) != content[:DIGEST_BYTES]:
        return None
    try:
        format_, text, files, folders, marks = marshal.loads(content[DIGEST_BYTES:])
        fits = (
            format_ == FORMAT
            and all(_as_they_were(folder, inside) for folder, inside in files)
            and all(signature(path) == was or _listing(path) == names for path, was, names in folders)
            and all(_kind(path) == was for path, was in marks)
        )
    except (EOFError, TypeError, ValueError):
        return None
    return str(text) if fits else None


def _by_folder(
    files: tuple[tuple[str, Signature | None], ...],
) -> tuple[tuple[str, tuple[tuple[str, Signature | None], ...]], ...]:
    folders: dict[str, list[tuple[str, Signature | None]]] = {}
    for path, was in files:
        folder, name = os.path.split(path)
        folders.setdefault(folder, []).append((name, was))
    return tuple((folder, tuple(inside)) for folder, inside in folders.items())


def _as_they_were(folder: str, files: tuple[tuple[str, Signature | None], ...]) -> bool:
    """Whether all files in a folder have their signatures; of thousands it is quicker to ask from near by."""
    try:
        near = os.open(folder, os.O_RDONLY)
    except OSError:
        return all(signature(os.path.join(folder, name)) == was for name, was in files)
    try:
        for name, was in files:
            try:
                found = stat(name, dir_fd=near)
            except OSError:
                if was is not None:
                    return False
                continue
            if (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino) != was:
                return False
    finally:
        os.close(near)
    return True


def _pointed(path: str, mark: str) -> str | None:
    """The folder that a file names from its own place, as ``.git`` does in linked work trees."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read(4096).rstrip("\n")
    folder = os.path.normpath(os.path.join(os.path.dirname(path), text.removeprefix(mark)))
    return folder if text.startswith(mark) and os.path.isdir(folder) else None


def _note_git(place: Place, notes: Notes) -> None:
    """What makes git take the folder for a repository, and its work tree for one."""
    link = os.path.join(place.top, ".git")
    if link != place.git_folder:
        notes.file(link)
    commondir = os.path.join(place.git_folder, "commondir")
    for name in ("HEAD", "commondir", "config.worktree"):
        notes.file(os.path.join(place.git_folder, name))
    common = _pointed(commondir, "") if notes.files[commondir] else None
    notes.file(os.path.join(common or place.git_folder, "config"))
    for name in ("objects", "refs"):
        notes.mark(os.path.join(common or place.git_folder, name))
    between = place.start
    while between != place.top:  # one of them may become a repository
        notes.folder(between)
        between = os.path.dirname(between)


def _own_modules() -> Iterator[str]:
    """driftguard's, as far as they are loaded."""
    for name, module in tuple(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if path and name.partition(".")[0] == "driftguard":
            yield path


def _kind(path: str) -> tuple[bool, bool]:
    return os.path.isfile(path), os.path.lexists(path)


def _listing(path: str) -> bytes:
    """The digest of the names in a folder and of their kinds; empty if it cannot be listed."""
    try:
        with os.scandir(path) as entries:
            names = [f"{each.name}{_letter(each)}" for each in entries if each.name != NEVER_LISTED]
    except (OSError, ValueError):
        return b""
    return digest("\0".join(sorted(names)).encode("utf-8", "surrogateescape"))


def _letter(entry: os.DirEntry[str]) -> str:
    if entry.is_file(follow_symlinks=False):
        return ""
    return "/" if entry.is_dir(follow_symlinks=False) else "/@" if entry.is_symlink() else "/?"
