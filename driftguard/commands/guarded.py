"""What a command is asked about: the root folder, and its files as they lie there, are staged or committed."""

from __future__ import annotations

from pathlib import Path

from driftguard.git import IndexTree, RefTree, Repository, Tree, WorkingTree, find_repository, no_repository


def root_of(start: Path, source: str = "working") -> Path:
    """The top of the repository around ``start``; without git, ``start`` itself.

    Raises DriftguardError for a bare repository, unless only a commit of it is looked at.
    """
    repository = find_repository(start)
    if repository is None:
        return start
    return repository.root if source in ("ref", "merged") else repository.work_tree


def repository_of(start: Path) -> Repository:
    """The repository around ``start``; raises DriftguardError if there is none."""
    repository = find_repository(start)
    if repository is None:
        raise no_repository(start)
    return repository


def open_tree(root: Path, source: str, ref: str) -> Tree:
    """The files to look at: of the folder (``working``), the ``index``, or the commit ``ref`` (``ref``).

    What a merge would be (``merged``) is not known yet: it is the commit that is checked out.
    """
    if source == "working":
        return WorkingTree(root)
    repository = repository_of(root)
    return IndexTree(repository) if source == "index" else RefTree(repository, "HEAD" if source == "merged" else ref)
