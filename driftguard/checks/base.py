"""DG1xx: what a branch does to the revisions that its base branch already has, and what a merge of both would be."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import NamedTuple

from driftguard.checks import graph as alone
from driftguard.checks.graph import GraphInput
from driftguard.checks.words import listed
from driftguard.findings import Finding, Place, Side
from driftguard.graph import Graph, Revision

DIVERGENCES: dict[str, Callable[[GraphInput], Iterator[Finding]]] = {
    "DG101": alone.multiple_heads,
    "DG103": alone.missing_parent,
    "DG104": alone.duplicate_revision_id,
    "DG105": alone.revision_cycle,
}
"""The rules that make a merged tree a bad one."""


class BaseInput(NamedTuple):
    """A branch and its base.

    ``ours`` is the branch's own graph, ``name`` its base branch, as git knows it, ``tip`` that branch's graph, and
    ``forks`` the graphs of the commits from which both went apart. ``merged`` is the graph of both merged; None where
    the one contains the other, or git cannot merge the revisions by itself. ``edited``: the revisions of the base
    branch that run something else here.
    """

    ours: GraphInput
    name: str
    tip: GraphInput
    forks: tuple[Graph, ...]
    merged: GraphInput | None
    edited: frozenset[str]

    @property
    def shared(self) -> Graph:
        """What the base branch has."""
        return self.tip.graph

    def known(self, id_: str) -> list[Revision]:
        """How the base branch has a revision: now, and where the branches went apart."""
        return [graph[id_] for graph in (self.tip.graph, *self.forks) if id_ in graph]


def would_diverge(given: BaseInput) -> Iterator[Finding]:
    """This branch is fine, and so is the base branch, but what git would merge of both is not.

    Their revisions would have two heads, one id twice, a parent that is nowhere, or come after themselves.

    Why it hurts: Ann's pull request and Bob's each added a revision behind 3f. Both were green, and both were merged
    within the hour. No check had ever looked at what they were together; the next deployment did.

    How to fix: take the base branch into this one, put the new revisions behind its head, and push again:

        git merge origin/main
        driftguard rebase
    """
    if given.merged is None:
        return
    if _divergences(given.ours):
        return  # which is told for what it is
    theirs = {(finding.code, finding.subject) for finding in _divergences(given.tip)}
    for finding in _divergences(given.merged):
        origin = (finding.code, finding.subject)
        mend = f"take {given.name} into this branch, and put the revisions that only this branch has behind its head"
        yield Finding(
            code="DG102",
            side=Side.GRAPH,
            subject=finding.subject,
            message=f"merged with {given.name}: {finding.message}",
            place=_here(given, finding.place),
            details=(
                *finding.details,
                *((f"{given.name} alone has that already",) if origin in theirs else ()),
            ),
            help=f"mend {given.name} first" if origin in theirs else mend,
            commands=(f"git merge {shlex.quote(given.name)}", *_ways_out(finding)),
        )


def edited_shared_revision(given: BaseInput) -> Iterator[Finding]:
    """What a revision runs was changed, and the base branch already has that revision.

    Comments, layout, docstrings and annotations do not count. Databases that ran the revision as it was stay as they
    are: nothing runs it again.

    Why it hurts: a length of 40 was too short, so Bob corrected it where it stood. New databases got 80, and so did the
    one on which the tests ran. Production had run that revision in spring and kept 40, until a name was cut off.

    How to fix: put the revision back as the base branch has it, and write what is to change into a new one:

        git checkout origin/main -- migrations/versions/9c2e_add_name.py
        alembic revision -m "longer names"
    """
    for id_ in sorted(given.edited):
        ours, theirs = given.ours.graph[id_], given.shared[id_]
        yield Finding(
            code="DG106",
            side=Side.GRAPH,
            subject=id_,
            message=f"what revision {id_} runs was changed, and {given.name} already has it",
            place=Place(ours.path, ours.line),
            details=("databases that ran it as it was do not run it again",),
            help=f"put it back as {given.name} has it, and write the change into a new revision",
            commands=(_restore(given, theirs),),
        )


def repointed_shared_revision(given: BaseInput) -> Iterator[Finding]:
    """The parents of a revision that the base branch already has were changed.

    Databases that ran it are past that place: what was slid in below never runs there.

    Why it hurts: to avoid a second head Ann put her revision below one that had long been released. Her database was
    new and ran both. Everybody else's was stamped above hers, and her table was missing there for a month.

    How to fix: put the revision back as the base branch has it, and let the new revision follow the head instead:

        git checkout origin/main -- migrations/versions/9c2e_add_name.py
    """
    for id_ in sorted(given.shared.by_id.keys() & given.ours.graph.by_id.keys()):
        ours, known = given.ours.graph[id_], given.known(id_)
        if not any(_points(ours) == _points(theirs) for theirs in known):
            yield Finding(
                code="DG107",
                side=Side.GRAPH,
                subject=id_,
                message=(
                    f"revision {id_} follows {_named(ours)} here, but {_named(known[0])} in {given.name}, "
                    "which already has it"
                ),
                place=Place(ours.path, ours.down_line),
                details=("databases that ran it are past it, and never run what was put below",),
                help=f"put it back as {given.name} has it, and let new revisions follow the head",
                commands=(_restore(given, known[0]),),
            )


def deleted_shared_revision(given: BaseInput) -> Iterator[Finding]:
    """A revision that the base branch has is gone: no file here has its id.

    A file that was renamed, or moved to another folder, is fine as long as the id stays.

    Why it hurts: the column was never to come, so Bob deleted the revision that added it. The staging database had run
    it the night before, and from then on answered every command with "Can't locate revision identified by '9c2e…'".

    How to fix: put the file back, and undo with a new revision what it does:

        git checkout origin/main -- migrations/versions/9c2e_add_name.py
        alembic revision -m "drop name"
    """
    torn = given.ours.graph.unreadable
    for id_ in sorted(given.shared.by_id.keys() - given.ours.graph.by_id.keys()):
        theirs = given.shared[id_]
        kept = any(file.path == theirs.path or file.may_define(id_) for file in torn)
        if not kept and any(id_ in fork for fork in given.forks):
            yield Finding(
                code="DG108",
                side=Side.GRAPH,
                subject=id_,
                message=f"revision {id_} is gone, and {given.name} still has it",
                details=(f"{theirs.path} {theirs.doc}".rstrip(),),
                help="put it back, and undo what it does with a new revision",
                commands=(_restore(given, theirs),),
            )


def buried_revision(given: BaseInput) -> Iterator[Finding]:
    """A new revision lies below one that the base branch already has.

    Databases that are past that revision never run the new one.

    Why it hurts: the tests build their database from nothing and ran it. So did every developer who joined later. The
    databases that mattered were stamped above it, and `alembic upgrade head` told them that there was nothing to do.

    How to fix: let the new revision follow the head, and put back the parents of the one above it:

        git checkout origin/main -- migrations/versions/9c2e_add_name.py
    """
    graph = given.ours.graph
    new = graph.by_id.keys() - given.shared.by_id.keys()
    for id_ in sorted(new):
        if any(id_ in fork for fork in given.forks):
            continue  # the base branch has deleted it meanwhile
        above = [each for each in graph.dependents(id_) if each in given.shared]
        if above:
            revision = graph[id_]
            yield Finding(
                code="DG109",
                side=Side.GRAPH,
                subject=id_,
                message=f"the new revision {id_} lies below {listed(above)}, which {given.name} already has",
                place=Place(revision.path, revision.line),
                details=("databases that are past that never run it",),
                help=f"let it follow the head, and put {listed(above)} back as {given.name} has it",
                commands=tuple(_restore(given, given.shared[each]) for each in above),
            )


def _divergences(given: GraphInput) -> list[Finding]:
    return [finding for check in DIVERGENCES.values() for finding in check(given)]


def _ways_out(finding: Finding) -> tuple[str, ...]:
    return ("driftguard rebase",) if finding.code == "DG101" else finding.commands[:1]


def _here(given: BaseInput, place: Place | None) -> Place | None:
    """A place in the merged tree, if this branch has that file; else that of its own newest revision."""
    if place and any(each.path == place.path for each in given.ours.graph.revisions):
        return place
    graph = given.ours.graph
    new = [graph[id_] for id_ in graph.ordered() if id_ not in given.shared]
    return Place(new[-1].path, new[-1].line) if new else None


def _points(revision: Revision) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(revision.down), frozenset(revision.depends_on)


def _named(revision: Revision) -> str:
    return listed([*revision.down, *(f"{each} (depends_on)" for each in revision.depends_on)]) or "nothing"


def _restore(given: BaseInput, revision: Revision) -> str:
    return f"git checkout {shlex.quote(given.name)} -- {shlex.quote(revision.path)}"
