"""What is looked at and its base branch, as trees that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from driftguard.git import RefTree, Repository
from driftguard.graph import Base, find_base
from driftguard.merges import commit_of_index, merged, scratch_objects


class BaseTrees(NamedTuple):
    """What is looked at, as a commit, and its base branch.

    ``head`` is the newest commit of the branch that somebody has made. ``merged`` is what git would make of both, None
    where the one contains the other; ``conflicts`` are the paths that it could not merge. The trees can be read as long
    as the context of ``base_trees`` lasts.
    """

    base: Base
    ours: RefTree
    tip: RefTree
    forks: tuple[RefTree, ...]
    head: str
    merged: RefTree | None = None
    conflicts: tuple[str, ...] = ()


@contextmanager
def base_trees(repository: Repository, ref: str, named: str, setting: str) -> Iterator[BaseTrees | None]:
    """For the commit ``ref`` ("": what is staged); ``named`` and ``setting`` as for ``find_base``.

    None if there is no base branch, or no commit yet. Raises DriftguardError.
    """
    here = repository.resolve(ref) if ref else repository.head
    base = find_base(repository, here, named, setting) if here else None
    if here is None or base is None:
        yield None
        return
    with scratch_objects(repository) as scratched:
        ours = here if ref else commit_of_index(scratched)
        tree, tip = RefTree(scratched, ours), RefTree(scratched, base.commit)
        trees = BaseTrees(base, tree, tip, tuple(RefTree(scratched, each) for each in base.forks), here)
        if base.commit in base.forks or ours in base.forks:
            yield trees
            return
        with merged(scratched, ours, base.commit) as merge:
            yield trees._replace(merged=RefTree(merge.repository, merge.commit), conflicts=merge.conflicts)
