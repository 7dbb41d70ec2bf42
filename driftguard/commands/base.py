"""Which revisions the base branch has, and which refs that answer came from."""

from __future__ import annotations

import os
import re
from pathlib import Path

from driftguard.git import RefTree, Repository, Tree
from driftguard.graph import Graph, Revision, find_base, parse_revision
from driftguard.graph.base import USUAL_NAMES
from driftguard.memo.picture import Notes
from driftguard.project import Environment

MOST_REFS = 2000
"""Files that are looked at each time before a picture is shown; git packs refs when there are many."""

PLACES = ("", "refs/", "refs/tags/", "refs/heads/")
"""Where git looks for a name before the remotes (https://git-scm.com/docs/gitrevisions)."""

FOLLOWED = re.compile(r"refs/heads/([^\s\"]+)")
"""Branches that others follow, in git's configuration."""

PLAIN_NAME = re.compile(r"[\w./-]*")
"""Of a branch or tag, unlike ``main~2``, which git works out from commits."""


def base_tree(repository: Repository, commit: str, setting: str) -> RefTree | None:
    """The files of the base of ``commit``; None if there is none or it is that commit.

    Raises DriftguardError for a setting that git does not know.
    """
    base = find_base(repository, commit, setting=setting)
    if base is None or base.commit == commit:
        return None
    tree = RefTree(repository, base.commit)
    tree.label = base.name
    return tree


def ids_in(base: RefTree, tree: Tree, environment: Environment, graph: Graph) -> frozenset[str]:
    """Ids that an environment has in the base branch, given its ``graph`` in ``tree``; only other files are read."""
    there = _blob_ids(base, environment)
    here = tree.blob_ids(path for path in (each.path for each in graph.revisions) if path in there)
    ids = {each.id for each in graph.revisions if here.get(each.path) == there.get(each.path, "")}
    for path, source in base.read_many(path for path in there if there[path] != here.get(path)).items():
        said = parse_revision(source, path)
        if said is not None:
            ids.update((said.id,) if isinstance(said, Revision) else said.ids)
    return frozenset(ids)


def _blob_ids(tree: Tree, environment: Environment) -> dict[str, str]:
    locations = environment.version_locations
    return tree.blob_ids(
        path for location in locations for path in tree.files(location, recursive=environment.recursive)
    )


def note_refs(notes: Notes, git_folder: Path, setting: str) -> bool:
    """Note the files that ``base_tree`` depends on, without asking git; False if that cannot be done.

    The branch that is checked out is none of them: while it is its own base, nothing is new.
    """
    here = _text(git_folder / "HEAD").removeprefix("ref: ")
    common = git_folder / (_text(git_folder / "commondir") or ".")
    if (common / "reftable").exists() or not PLAIN_NAME.fullmatch(setting):
        return False
    followed = FOLLOWED.findall(_text(common / "config"))
    for name in {*USUAL_NAMES, *followed, *filter(None, [setting])}:
        for place in (f"{each}{name}" for each in PLACES):
            if place != here:
                notes.file(str(common / place))
    notes.file(str(common / "packed-refs"))
    remotes, count = str(common / "refs/remotes"), 0
    notes.folder(remotes)  # it may not be there yet
    for folder, _, files in os.walk(remotes):
        notes.folder(folder)
        for name in files:
            notes.file(os.path.join(folder, name))  # noqa: PTH118  (of thousands of files, for which Path is slow)
        count += len(files)
    return count < MOST_REFS


def _text(path: Path) -> str:
    """What a file of git's says; nothing if there is no such file."""
    try:
        return os.fsdecode(path.read_bytes()).strip()
    except OSError:
        return ""
