"""Commits that nobody has made yet: of what is staged, and of two branches merged. The repository stays as it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from driftguard.git import Repository
from driftguard.process import scratch

MERGE_TREE = (2, 38)
"""The version of git since which it merges without a work tree (https://git-scm.com/docs/git-merge-tree)."""

NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "driftguard"), ("EMAIL", "driftguard@localhost"), ("DATE", "1000000000 +0000"))
}


class Merge(NamedTuple):
    """Two commits merged: the new commit, and the paths that git cannot merge by itself, sorted.

    ``repository`` knows the commit. A path in conflict has conflict markers, or the text of the first commit.
    """

    repository: Repository
    commit: str
    conflicts: tuple[str, ...]


@contextmanager
def scratch_objects(repository: Repository) -> Iterator[Repository]:
    """The same repository, whose new objects lie in a temporary folder."""
    with scratch("objects") as folder:
        before = str(repository.objects_folder)
        others = repository.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
        environ = {
            **repository.environ,
            **NOBODY,
            "GIT_OBJECT_DIRECTORY": str(folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(filter(None, (_quoted(before), others))),
        }
        yield replace(repository, environ=environ)


def commit_of_index(repository: Repository) -> str:
    """What `git commit` would make of the index now, an unfinished merge included.

    The repository should be one with ``scratch_objects``. Raises DriftguardError where the index holds conflicts.
    """
    parents = [each for each in (repository.head, repository.find("MERGE_HEAD")) if each]
    return _commit(repository, repository.run("write-tree").decode().strip(), *parents)


@contextmanager
def merged(repository: Repository, ours: str, theirs: str) -> Iterator[Merge]:
    """What `git merge` of two commits would make, as long as the context lasts; raises DriftguardError."""
    with scratch_objects(repository) as scratched:
        merge = _merge_trees if _git_version(repository) >= MERGE_TREE else _merge_files
        tree, conflicts = merge(scratched, ours, theirs)
        yield Merge(scratched, _commit(scratched, tree, ours, theirs), tuple(sorted(conflicts)))


def _merge_trees(repository: Repository, ours: str, theirs: str) -> tuple[str, set[str]]:
    asked = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "--allow-unrelated-histories")
    done = repository.ask(*asked, ours, theirs)
    if done.returncode > 1:
        repository.run(*asked, ours, theirs)  # which says what is wrong
    tree, *conflicts = (os.fsdecode(each) for each in done.stdout.split(b"\0") if each)
    return tree, set(conflicts)


def _merge_files(repository: Repository, ours: str, theirs: str) -> tuple[str, set[str]]:
    """For older git: whole files only, so that one which both sides have changed is a conflict."""
    forks = repository.merge_bases(ours, theirs)
    with scratch("index") as folder:
        environ = {**repository.environ, "GIT_INDEX_FILE": str(folder / "index")}
        indexed = replace(repository, environ=environ)
        base = forks[0] if forks else repository.run("mktree").decode().strip()
        indexed.run("read-tree", "-i", "-m", "--aggressive", base, ours, theirs)
        stages = [each for each in indexed.run("ls-files", "-u", "-z").split(b"\0") if each]
        conflicts = {entry.partition(b"\t")[2] for entry in stages}
        removed = b"".join(b"0 %b\t%b\0" % (b"0" * 40, path) for path in conflicts)
        kept = b"".join(
            head.rpartition(b" ")[0] + b"\t" + path + b"\0"
            for head, _, path in (entry.partition(b"\t") for entry in stages)
            if head.endswith(b" 2")
        )
        if conflicts:
            indexed.run("update-index", "-z", "--index-info", stdin=removed + kept)
        return indexed.run("write-tree").decode().strip(), set(map(os.fsdecode, conflicts))


def _commit(repository: Repository, tree: str, *parents: str) -> str:
    arguments = [word for parent in parents for word in ("-p", parent)]
    made = repository.run("-c", "commit.gpgSign=false", "commit-tree", tree, *arguments, "-m", "not made yet")
    return made.decode().strip()


def _git_version(repository: Repository) -> tuple[int, ...]:
    found = re.search(rb"(\d+)\.(\d+)", repository.run("--version"))
    return tuple(map(int, found.groups())) if found else (0, 0)


def _quoted(folder: str) -> str:
    """As git expects a path in a list of object folders."""
    if os.pathsep not in folder and not folder.startswith('"'):
        return folder
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
