"""Is there a verdict on exactly what is staged now? Asked by a git hook, before anything else is loaded."""

from __future__ import annotations

import os
from _collections_abc import Callable
from select import select
from time import monotonic

from driftguard import __version__
from driftguard.memo.index import Index, as_staged
from driftguard.memo.record import Around, Live, Record, Staged
from driftguard.memo.shelf import Shelf
from driftguard.memo.world import contents, listing, signature, values

SIGKILL = 9  # the module signal takes longer to import than git takes to answer
SECONDS = 5
"""After which git is not waited for."""

LIST = ("ls-files", "-s", "-z")
LIST_COMMITTED = ("ls-tree", "-r", "-z", "--full-tree", "HEAD")
COMPARE = ("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD", "--")


def git_folder(environ: dict[str, str]) -> str | None:
    """The git folder of the work tree whose top is the current folder; None where that takes git to tell."""
    folder = ".git"
    if not os.path.isdir(folder):
        try:
            with open(folder, encoding="utf-8", errors="surrogateescape") as file:
                kind, _, folder = file.read(4096).partition(": ")
        except OSError:
            return None
        folder = folder.rstrip("\n")
        if kind != "gitdir" or not os.path.isdir(folder):
            return None
    named = environ.get("GIT_DIR")
    if "GIT_WORK_TREE" in environ or (named and not os.path.samefile(named, folder)):
        return None
    index = environ.get("GIT_INDEX_FILE")
    if index and os.path.dirname(os.path.realpath(index)) != os.path.realpath(folder):
        return None
    return folder


def maker(root: str) -> str:
    """Which driftguard answers, and for which work tree."""
    return f"{__version__}\n{os.path.realpath(root)}"


def remembered(folder: str, environ: dict[str, str]) -> Record | None:
    """The record of a verdict that holds for what is staged now, live databases on servers left aside."""
    quiet = {**environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1"}

    def ask_git(*commands: tuple[str, ...]) -> list[bytes]:
        return _outputs([("git", *command) for command in commands], quiet)

    return find(Shelf(os.path.join(folder, "driftguard")), maker(os.curdir), environ, ask_git)


def find(shelf: Shelf, made_by: str, environ: dict[str, str], ask_git: Callable[..., list[bytes]]) -> Record | None:
    """The first record that holds; ``ask_git`` gives the outputs of git commands, none at all if one fails."""
    index, committed, new_revisions = None, b"", frozenset[bytes]()
    for path, record in shelf.records():
        if record.maker != made_by:
            continue
        if index is None:
            locations = tuple(location for location, _ in record.staged.locations)
            outputs = ask_git(LIST, (*COMPARE, *map(os.fsdecode, locations)))
            if not outputs:
                return None
            index, new_revisions = Index(outputs[0], locations), frozenset(outputs[1].split(b"\0")) - {b""}
        fits = index.agrees_with(record.staged) and new_revisions.issubset(record.staged.new_revisions)
        if not fits or not holds(record.around, environ) or not _live_as_it_was(record.live):
            continue
        if record.head is not None:
            committed = committed or b"".join(map(as_staged, ask_git(LIST_COMMITTED)))
            if not _stood(record.head, committed, environ):
                continue
        shelf.mark_used(path)
        return record
    return None


def _stood(head: tuple[Staged, Around], committed: bytes, environ: dict[str, str]) -> bool:
    """Whether the last commit has all that its findings depended on."""
    staged, around = head
    locations = tuple(location for location, _ in staged.locations)
    return Index(committed, locations).agrees_with(staged) and holds(around, environ)


def holds(around: Around, environ: dict[str, str]) -> bool:
    """Whether files, folders and variables are as they were."""
    names, everything, kept = around.variables
    if values(names, everything, environ) != kept:
        return False
    for path, was, digest in around.files:
        if signature(path) != was and (not digest or contents(path) != digest):
            return False
    return all(
        signature(path) == was or listing(path, importable) == digest
        for path, importable, was, digest in around.folders
    )


def _live_as_it_was(live: Live) -> bool:
    """Whether the live databases that are files have the schema and the stamp that they had."""
    if not live.files:
        return True
    from driftguard.memo.sqlite_live import fingerprint, stat_signature

    return all(stat_signature(path) == was or fingerprint(path, table) == kept for path, table, was, kept in live.files)


def _outputs(commands: list[tuple[str, ...]], environ: dict[str, str]) -> list[bytes]:
    """What the commands write, run at the same time; nothing if one fails or all take too long."""
    begun: list[tuple[int, int]] = []
    try:
        begun += [_begin(command, environ) for command in commands]
        outputs = _read([reader for _, reader in begun])
    except OSError:
        outputs = []
    fine = True
    for process, reader in begun:
        if not outputs:
            os.kill(process, SIGKILL)
        os.close(reader)
        fine = os.waitpid(process, 0)[1] == 0 and fine
    return outputs if fine else []


def _begin(command: tuple[str, ...], environ: dict[str, str]) -> tuple[int, int]:
    """The number of a process and the descriptor of its output."""
    reader, writer = os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, 0), (os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)]
    try:
        return os.posix_spawnp(command[0], command, environ, file_actions=actions), reader
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
        os.close(nothing)


def _read(readers: list[int]) -> list[bytes]:
    """Everything that comes out of each; nothing when time is up."""
    parts: dict[int, list[bytes]] = {reader: [] for reader in readers}
    left, end = set(readers), monotonic() + SECONDS
    while left:
        ready, _, _ = select(left, (), (), max(0.0, end - monotonic()))
        if not ready:
            return []
        for reader in ready:
            parts[reader].append(os.read(reader, 1 << 20))
            if not parts[reader][-1]:
                left.remove(reader)
    return [b"".join(parts[reader]) for reader in readers]
