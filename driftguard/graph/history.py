"""What git knows about revisions that are not where they should be."""

from __future__ import annotations

import shlex
from typing import Literal, NamedTuple

from driftguard.errors import DriftguardError
from driftguard.git import Ref, Repository
from driftguard.graph.graph import Graph
from driftguard.graph.revision import Revision, parse_revision

MOST_REFS = 50
MOST_ANSWERS = 5


class Trace(NamedTuple):
    """Where a revision can be found, in words, and the command that brings its file here.

    ``ref`` has the file at ``path``: a branch, or a commit's parent where no ``branch`` has it any more ("").
    """

    text: str
    command: str
    branch: str
    ref: str
    commit: str
    path: str

    def __str__(self) -> str:
        return self.text


class UnstagedRevision(NamedTuple):
    """A revision file of the working tree that a commit made now would not have, or not like this.

    ``revision`` is what the working tree's file says; ``in_commit``: the commit adds or changes the file.
    """

    state: Literal["untracked", "ignored", "modified"]
    revision: Revision
    in_commit: bool = False


def unstaged_revisions(repository: Repository, staged: Graph, working: Graph) -> tuple[UnstagedRevision, ...]:
    """How the revision files of the working tree differ from the index, sorted by path.

    ``staged`` and ``working`` are the same environment's graphs from the index and the working tree.
    """
    committed = {each.path for each in staged.revisions} | {each.path for each in staged.unreadable}
    modified = frozenset(repository.unstaged().modified) & committed
    new = {each.path for each in working.revisions} - committed
    ignored, staged_now = repository.ignored(new), repository.staged(modified)
    return tuple(
        UnstagedRevision(
            "ignored" if each.path in ignored else "untracked" if each.path in new else "modified",
            each,
            each.path in staged_now,
        )
        for each in sorted(working.revisions, key=lambda revision: revision.path)
        if each.path in new or each.path in modified
    )


def whereabouts(repository: Repository, locations: tuple[str, ...], id_: str) -> tuple[Trace, ...]:
    """Which branches have a file with revision ``id_`` ("branch feature, commit 1a2b3c4 (Ann, 2026-01-31)").

    Where none has one: which commit deleted it. Looks at the 50 most recently committed branches, and gives up
    (with no answer) after ten seconds each.
    """
    try:
        return _branches_with(repository, locations, id_) or _deletions_of(repository, locations, id_)
    except DriftguardError:
        return ()


def _branches_with(repository: Repository, locations: tuple[str, ...], id_: str) -> tuple[Trace, ...]:
    refs = repository.refs()[:MOST_REFS]
    commits = tuple(dict.fromkeys(ref.commit for ref in refs))
    if not commits:
        return ()
    holders = {
        commit: path
        for commit, path in repository.grep((f'"{id_}"', f"'{id_}'"), commits, locations)
        if _defines(repository, commit, path, id_)
    }
    named = [ref for ref in refs if ref.commit in holders][:MOST_ANSWERS]
    return tuple(_on_branch(repository, ref, holders[ref.commit]) for ref in named)


def _on_branch(repository: Repository, ref: Ref, path: str) -> Trace:
    commit = repository.last_commit(path, ref.commit)
    text = f"branch {ref.name}, {commit}" if commit else f"branch {ref.name}"
    command = f"git checkout {shlex.quote(ref.name)} -- {shlex.quote(path)}"
    return Trace(text, command, ref.name, ref.name, str(commit or ""), path)


def _deletions_of(repository: Repository, locations: tuple[str, ...], id_: str) -> tuple[Trace, ...]:
    for deleting, path in repository.deletions(id_, locations):
        if _defines(repository, f"{deleting}^", path, id_) and (commit := repository.commit(deleting)):
            text = f"{path} had it until {commit} deleted that file"
            ref = f"{commit.id[:10]}^"
            return (Trace(text, f"git checkout {ref} -- {shlex.quote(path)}", "", ref, str(commit), path),)
    return ()


def _defines(repository: Repository, commit: str, path: str, id_: str) -> bool:
    source = repository.read_at(commit, path)
    parsed = None if source is None else parse_revision(source, path)
    return isinstance(parsed, Revision) and parsed.id == id_
