"""Who brought a revision, when, and by which pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.git import Commit, Repository
from driftguard.graph.revision import Revision

MOST_COMMITS = 20
MOST_BRANCHES = 5
MOST_REFS = 50
MOST_RENAMES = 5
SECONDS = 3.0
PULL_REQUEST = re.compile(r"^Merge pull request #(\d+)\b|^Merged PR (\d+):|\((?:pull request )?#(\d+)\)$")
"""GitHub's merge, Azure's; GitHub's squashed commit, Bitbucket's merge."""
MERGE_REQUEST = re.compile(r"^See merge request \S*!(\d+)$", re.MULTILINE)
MERGED_BRANCH = re.compile(r"^Merge (?:remote-tracking )?branch '(.{1,100}?)'(?: |$)")

Parents = Mapping[str, tuple[str, ...]]
"""By commit, every one behind its parents."""


class Ways(NamedTuple):
    """By commit: the first merge on the way here that brought it to a branch without it, and the other branches."""

    merges: Mapping[str, Commit]
    branches: Mapping[str, tuple[str, ...]]


def provenance(repository: Repository, revisions: Iterable[Revision], ref: str = "HEAD") -> dict[str, str]:
    """By id: the commit that added each revision's file, what merged it into ``ref``, and which branches have it.

    Answers for the first 20 revisions, and leaves out what git takes longer than some seconds to find out. Branches
    are the 50 that were committed to last.
    """
    added = _additions(repository, tuple(islice(revisions, MOST_COMMITS)), ref)
    ways = Ways({}, {})
    with suppress(DriftguardError):
        ways = _ways(repository, frozenset(commit.id for commit in added.values()), ref)
    return {
        id_: f"{commit}{_request(commit, ways.merges.get(commit.id))}{_on(ways.branches.get(commit.id, ()))}"
        for id_, commit in added.items()
    }


def _additions(repository: Repository, revisions: tuple[Revision, ...], ref: str) -> dict[str, Commit]:
    """The commit that added each file, under whatever name; the last one that touched it where that takes too long."""
    added: dict[str, Commit] = {}
    with suppress(DriftguardError):
        added = _followed(repository, {each.id: each.path for each in revisions}, ref)
    found = {each.id: added.get(each.id) or repository.last_commit(each.path, ref) for each in revisions}
    return {id_: commit for id_, commit in found.items() if commit}


def _followed(repository: Repository, paths: Mapping[str, str], ref: str) -> dict[str, Commit]:
    """By id (``paths`` has today's path of each): the commit that added the file, under whatever name."""
    added: dict[str, Commit] = {}
    starts = [ref]
    for _ in range(MOST_RENAMES):
        adding = _adding(repository, starts, frozenset(paths.values())) if paths else {}
        added |= {id_: adding[path] for id_, path in paths.items() if path in adding}
        before = _names_before(repository, frozenset(adding.values()))
        paths = {
            id_: before[added[id_].id, path]
            for id_, path in paths.items()
            if id_ in added and (added[id_].id, path) in before
        }
        starts = sorted({f"{added[id_].id}^" for id_ in paths})
    return added


def _adding(repository: Repository, starts: Iterable[str], paths: frozenset[str]) -> dict[str, Commit]:
    """By path: the newest commit that added it, as far as nobody looks for renames."""
    wanted = ("--no-renames", "--diff-filter=A", "--name-status")
    log = repository.history(*wanted, *starts, "--", *sorted(paths), deadline=SECONDS)
    return {change.path: each.commit for each in reversed(log) for change in each.changes}


def _names_before(repository: Repository, commits: frozenset[Commit]) -> dict[tuple[str, str], str]:
    """By (commit id, path): what a file was called before one of these commits renamed it."""
    ids = sorted(commit.id for commit in commits)
    if not ids:
        return {}
    log = repository.history("--no-walk=unsorted", "-M", "--diff-filter=R", "--name-status", *ids, deadline=SECONDS)
    return {(each.commit.id, change.path): change.was for each in log for change in each.changes}


def _ways(repository: Repository, commits: frozenset[str], ref: str) -> Ways:
    if not commits:
        return Ways({}, {})
    here, refs = repository.branch, repository.refs()[:MOST_REFS]
    parents = _parents(repository, commits, {ref, *(each.commit for each in refs)})
    has = _spread(parents, commits)
    others = [each for each in refs if each.name != here]
    return Ways(
        _merges(repository, _brought(_above(repository.resolve(ref), parents), has)),
        {commit: tuple(each.name for each in others if commit in has.get(each.commit, ())) for commit in commits},
    )


def _parents(repository: Repository, commits: frozenset[str], tips: Iterable[str]) -> Parents:
    """Of all that leads from what the commits have in common to the tips."""
    base = repository.fork_of(*sorted(commits))
    return repository.parents(*sorted(tips), *(f"^{each}" for each in base), deadline=SECONDS)


def _spread(parents: Parents, commits: frozenset[str]) -> dict[str, frozenset[str]]:
    """Which of ``commits`` each commit contains."""
    has = {commit: frozenset({commit}) for commit in commits}
    for each, above in parents.items():
        held = {has[one] for one in (each, *above) if one in has}
        if held:
            has[each] = held.pop() if len(held) == 1 else frozenset().union(*held)
    return has


def _above(tip: str, parents: Parents) -> Parents:
    """The part that leads to ``tip``."""
    found = {tip}
    for each in reversed(tuple(parents)):
        if each in found:
            found.update(parents[each])
    return {each: above for each, above in parents.items() if each in found}


def _brought(parents: Parents, has: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """By commit: the first merge that has it, and whose first parent has not."""
    brought: dict[str, str] = {}
    nothing: frozenset[str] = frozenset()
    for merge, (first, *others) in ((each, above) for each, above in parents.items() if len(above) > 1):
        for commit in nothing.union(*(has.get(other, nothing) for other in others)) - has.get(first, nothing):
            brought.setdefault(commit, merge)
    return brought


def _merges(repository: Repository, brought: Mapping[str, str]) -> dict[str, Commit]:
    """The same, with what git knows of each merge."""
    ids = sorted(set(brought.values()))
    log = repository.history("--no-walk=unsorted", *ids, deadline=SECONDS) if ids else ()
    merges = {each.commit.id: each.commit for each in log}
    return {commit: merges[merge] for commit, merge in brought.items()}


def _request(commit: Commit, merge: Commit | None) -> str:
    """The pull request that it came by, as the merge's message says, or the commit's own where it was squashed."""
    if merge is None:
        request = _numbered_request(commit)
        return f", {request}" if request else ""
    branch = MERGED_BRANCH.search(merge.subject)
    by = _numbered_request(merge)
    words = f"merged by {by}" if by else f"merged from {branch[1]}" if branch else "merged"
    return f", {words} (commit {merge.id[:7]}, {merge.author}, {merge.date})"


def _numbered_request(commit: Commit) -> str:
    if pull := PULL_REQUEST.search(commit.subject):
        return f"pull request #{pull[pull.lastindex or 0]}"
    if merge := MERGE_REQUEST.search(commit.body):
        return f"merge request !{merge[1]}"
    return ""


def _on(branches: tuple[str, ...]) -> str:
    return f", also on {', '.join(branches[:MOST_BRANCHES])}" if branches else ""
