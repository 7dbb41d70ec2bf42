"""Which revisions the base branch has, and which refs that answer came from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from driftguard.git import RefTree, Repository, Tree
from driftguard.graph import Graph, Revision, find_base, parse_revision
from driftguard.graph.base import USUAL_NAMES, USUAL_REMOTE
from driftguard.memo.picture import Notes
from driftguard.project import Environment

PLACES = ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
"""Where git looks for a name (https://git-scm.com/docs/gitrevisions)."""

PLAIN_NAME = re.compile(r"[\w./-]+")


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


def note_base(notes: Notes, repository: Repository, setting: str) -> bool:
    """Note the files that ``base_tree`` depends on; whether that is all of them."""
    refs = repository.git_path("refs")
    common = refs.parent
    if (common / "reftable").exists() or (setting and not PLAIN_NAME.fullmatch(setting)):
        return False
    notes.file(str(common / "packed-refs"))
    for folder, _, _ in os.walk(refs / "remotes"):  # the branch that the present one follows may come back
        notes.folder(folder)
    for name in _names(repository, setting):
        for place in PLACES:
            notes.file(str(common / f"{place}{name}"))
        notes.file(str(common / f"refs/remotes/{name}/HEAD"))
    return True


def _names(repository: Repository, setting: str) -> Iterator[str]:
    here = repository.branch
    known = (repository.upstream, repository.default_branch(USUAL_REMOTE), USUAL_REMOTE)
    for name in (setting,) if setting else (*filter(None, known), *USUAL_NAMES):
        if name != here:
            yield from (name, f"{USUAL_REMOTE}/{name}")
