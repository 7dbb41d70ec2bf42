"""The branch that the present one is going to be merged into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.git import Branch, Repository

USUAL_NAMES = ("main", "master")
USUAL_REMOTE = "origin"
PATTERNS = ("refs/heads", *(f"refs/remotes/*/{name}" for name in ("HEAD", *USUAL_NAMES)))


class Base(NamedTuple):
    """The base branch: ``name`` as git knows it, its commit, and the commits from which both branches went apart.

    There are several ``forks`` after merges crosswise, and none where the histories have nothing in common.
    """

    name: str
    commit: str
    forks: tuple[str, ...]


def find_base(repository: Repository, commit: str, named: str = "", setting: str = "") -> Base | None:
    """The base of ``commit``: the one that was ``named``, else the ``setting``, else what git knows.

    Without a name that is the upstream of the branch that is checked out (unless it is that branch itself on a server),
    then the remote's default branch, then main or master. None if there is none, or the present branch is it.
    Raises DriftguardError for a name that git does not know, and for a history that is cut off before the fork.
    """
    wanted = named or setting
    if wanted:
        return _base(repository, commit, wanted, _resolved(repository, wanted))
    for name in _candidates(repository.branches(*PATTERNS)):
        if (found := repository.find(name)) is not None:
            return _base(repository, commit, name, found)
    if repository.is_shallow:
        raise DriftguardError(
            "this clone has neither its whole history nor a branch to compare with",
            "fetch both, and name the branch with --base or the setting `base`: git fetch --unshallow origin",
        )
    return None


def _base(repository: Repository, commit: str, name: str, found: str) -> Base:
    forks = repository.merge_bases(commit, found)
    if not forks and repository.is_shallow:
        raise DriftguardError(
            f"this clone's history ends before the commit that it shares with {name}",
            f"fetch more of it: {_fetch_more(repository)}",
        )
    return Base(name, found, forks)


def _resolved(repository: Repository, name: str) -> str:
    """A name in the settings is the same on every machine, where the branch may be known from the remote only."""
    for each in (name, f"{USUAL_REMOTE}/{name}"):
        if (found := repository.find(each)) is not None:
            return found
    if repository.is_shallow:
        branch = name.removeprefix(f"{USUAL_REMOTE}/")
        raise DriftguardError(
            f"the base {name!r} is not in this clone, which was made without its whole history",
            f"fetch it: {_fetch_more(repository)} {USUAL_REMOTE} +refs/heads/{branch}:refs/remotes/origin/{branch}",
        )
    return repository.resolve(name)


def _fetch_more(repository: Repository) -> str:
    return "git fetch --unshallow" if repository.is_shallow else "git fetch"


def _candidates(branches: tuple[Branch, ...]) -> Iterator[str]:
    names = {each.name: each for each in branches}
    here = next((each for each in branches if each.is_checked_out), None)
    if here and here.upstream and not here.upstream.endswith(f"/{here.name}"):
        yield here.upstream
    remotes = sorted({each.remote for each in branches if each.remote}, key=lambda remote: remote != USUAL_REMOTE)
    for remote in remotes[:1]:
        if default := names.get(f"{remote}/HEAD"):
            yield default.alias_of
        yield from (f"{remote}/{name}" for name in USUAL_NAMES if f"{remote}/{name}" in names)
    yield from (name for name in USUAL_NAMES if name in names and names[name] != here)
