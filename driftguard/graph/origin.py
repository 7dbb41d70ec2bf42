"""Who brought a revision, when, and by which pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice

from driftguard.errors import DriftguardError
from driftguard.git import Commit, Repository
from driftguard.graph.revision import Revision

MOST_COMMITS = 20
MOST_BRANCHES = 5
MOST_RENAMES = 5
SECONDS = 3.0
PULL_REQUEST = re.compile(r"^Merge pull request #(\d+)\b|^Merged PR (\d+):|\((?:pull request )?#(\d+)\)$")
"""GitHub's merge, Azure's; GitHub's squashed commit, Bitbucket's merge."""
MERGE_REQUEST = re.compile(r"^See merge request \S*!(\d+)$", re.MULTILINE)
MERGED_BRANCH = re.compile(r"^Merge (?:remote-tracking )?branch '(.{1,100}?)'(?: |$)")


def provenance(repository: Repository, revisions: Iterable[Revision], ref: str = "HEAD") -> dict[str, str]:
    """By id: the commit that added each revision's file, what merged it into ``ref``, and which branches have it.

    Answers for the first 20 revisions, because each costs git walks through the history.
    """
    added = _additions(repository, tuple(islice(revisions, MOST_COMMITS)), ref)
    merges = _merges(repository, frozenset(commit.id for commit in added.values()), ref)
    here = repository.branch
    others = {
        commit.id: [name for name in repository.branches_with(commit.id) if name != here] for commit in added.values()
    }
    return {
        id_: f"{commit}{_request(commit, merges.get(commit.id))}{_on(others[commit.id])}"
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


def _merges(repository: Repository, commits: frozenset[str], ref: str) -> dict[str, Commit]:
    """By commit: the first merge on the way to ``ref`` that brought it to a branch that did not have it."""
    if not commits:
        return {}
    try:
        base = repository.fork_of(*sorted(commits))
        parents = repository.parents(ref, *(f"^{each}" for each in base), deadline=SECONDS)
        brought = _brought(parents, commits)
        ids = sorted(set(brought.values()))
        log = repository.history("--no-walk=unsorted", *ids, deadline=SECONDS) if ids else ()
    except DriftguardError:
        return {}
    merges = {each.commit.id: each.commit for each in log}
    return {commit: merges[merge] for commit, merge in brought.items() if merge in merges}


def _brought(parents: Mapping[str, tuple[str, ...]], commits: frozenset[str]) -> dict[str, str]:
    """By commit: the first merge (``parents`` are in order) that has it, and whose first parent has not."""
    has: dict[str, frozenset[str]] = {commit: frozenset({commit}) for commit in commits}
    brought: dict[str, str] = {}
    for each, above in parents.items():
        sides = [has.get(parent, frozenset()) for parent in above]
        has[each] = frozenset().union(has.get(each, ()), *sides)
        for commit in has[each].difference(*sides[:1], (each,)) if len(sides) > 1 else ():
            brought.setdefault(commit, each)
    return brought


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


def _on(branches: list[str]) -> str:
    return f", also on {', '.join(branches[:MOST_BRANCHES])}" if branches else ""
