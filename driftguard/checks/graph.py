"""DG1xx: the revision graph, as far as it shows without running anything."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from driftguard.checks.words import listed
from driftguard.findings import Finding, Place, Severity, Side
from driftguard.graph import Graph, Revision, Trace, UnstagedRevision, collisions, double_merges

HEXADECIMAL = re.compile("[0-9a-f]{12}")
DIGITS = "0123456789abcdef"
FOLLOWING = frozenset({*map("".join, pairwise(DIGITS)), "90", "0a", "fa", "f0"})
"""Digits that stand beside each other where people count or spell."""

NOTHING: Mapping[str, str] = MappingProxyType({})
NOWHERE: Mapping[str, tuple[Trace, ...]] = MappingProxyType({})


class GraphInput(NamedTuple):
    """One environment's graph and what else the checks need; everything but the graph may be left out.

    ``readable_ids``: path to id of files that only the guest could read; their revisions stand in ``graph`` too.
    ``allowed_heads``: the setting ``heads``: ids or labels, each names a branch that is meant to stay apart.
    ``unstaged``: in a commit, the revision files that it would leave out or leave behind; ``models_lack_revision``:
    the staged models have something that the staged revisions do not; ``untracked_models``: files unknown to git that
    declare some of them.
    ``whereabouts``: by missing id; ``provenance``: by id, the commit of a revision's file.
    ``is_new``: whether nobody else has a revision yet, as far as git knows.
    ``tool`` comes before a subcommand (``alembic -c server/alembic.ini``, ``flask db``), ``options`` right after it.
    """

    graph: Graph
    allowed_heads: tuple[str, ...] = ()
    readable_ids: Mapping[str, str] = NOTHING
    unstaged: tuple[UnstagedRevision, ...] = ()
    models_lack_revision: bool = False
    untracked_models: tuple[Place, ...] = ()
    whereabouts: Mapping[str, tuple[Trace, ...]] = NOWHERE
    provenance: Mapping[str, str] = NOTHING
    tool: str = "alembic"
    options: str = ""
    is_new: Callable[[str], bool] = lambda id_: True


def multiple_heads(given: GraphInput) -> Iterator[Finding]:
    """Two branches each added a revision and nobody merged them, so the history has more than one end.

    Heads that are meant to stay apart are no finding: those that differ by branch label, those that start from
    separate bases in version locations of their own, and those that the setting `heads` names (an id or a label:
    everything above it counts as that branch).

    Why it hurts: Ann and Bob both started from revision 3f. Each pull request was green. After both were merged,
    the deployment stopped at `alembic upgrade head` with "Multiple head revisions are present", on a Friday, with the
    new code already running on the old tables.

    How to fix: if both sides have run anywhere else, join them with an empty merge revision:

        alembic merge heads -m "merge"

    With Flask-Migrate:

        flask db merge heads -m "merge"

    If one side has only ever run on your machine, downgrade it there, set `down_revision` of its first revision to the
    other side's head, and upgrade again: the history stays a line.
    """
    if _is_torn(given):
        return
    everything = given.graph.heads()
    for heads in _collisions(given):
        if any(set(heads) <= set(each.revision.down) for each in given.unstaged):
            continue
        names = "heads" if heads == everything else " ".join(map(shlex.quote, heads))
        yield Finding(
            code="DG101",
            side=Side.GRAPH,
            subject=", ".join(heads),
            message=_divergence(given.graph, heads),
            place=_place(given.graph[heads[0]]),
            details=tuple(_sides(given, heads)),
            help="; ".join(("join them with a merge revision", *_ways_to_reparent(given.graph, heads))),
            commands=(_command(given, "merge", f"{names} -m {shlex.quote('merge ' + ' and '.join(heads))}"),),
        )


def missing_parent(given: GraphInput) -> Iterator[Finding]:
    """A revision names a parent (`down_revision`) or a dependency (`depends_on`) that no revision file has.

    Why it hurts: Ann generated a revision while she was on a feature branch and cherry-picked it to main. Its parent
    stayed behind. From then on every alembic command on main ended in `KeyError: '9c2e…'`, in the container that was
    to migrate the database as well.

    How to fix: bring the missing file here, from the branch or commit that the finding names:

        git checkout feature -- migrations/versions/9c2e_add_age.py

    or, if that revision is never to come, set `down_revision` to the revision that really comes before.
    """
    missing: defaultdict[tuple[str, str], list[Revision]] = defaultdict(list)
    for name, attribute, revision in given.graph.missing():
        missing[name, attribute].append(revision)
    for (name, attribute), children in missing.items():
        if not _is_told_otherwise(given, name):
            traces = given.whereabouts.get(name, ())
            yield Finding(
                code="DG103",
                side=Side.GRAPH,
                subject=name,
                message=(
                    f"{attribute} of {listed([child.id for child in children])} names {name!r}, "
                    "and no revision file has that id"
                ),
                place=Place(children[0].path, children[0].down_line),
                details=tuple(str(trace) for trace in traces) or ("no branch of this repository has it either",),
                help=(
                    "bring its file here"
                    if traces
                    else f"ask whoever wrote {children[0].path} for it, or name the revision that really comes before"
                ),
                commands=tuple(trace.command for trace in traces[:1]),
            )


def duplicate_revision_id(given: GraphInput) -> Iterator[Finding]:
    """Two revision files have the same id; Alembic warns at most, takes the last one, and never runs the others.

    Why it hurts: Bob made his revision by copying the latest file and forgot to change the id. The upgrade ran, the
    version table said so, and the column of the copied-over revision was in no database that was built after that day.

    How to fix: give the newer file an id of its own, and let what follows it name that id in `down_revision`:

        revision = "5d1f0c3a9be2"

    If one file is a leftover copy, remove it:

        git rm migrations/versions/5d1f_copy.py
    """
    for twins in given.graph.duplicates():
        *earlier, taken = twins
        yield Finding(
            code="DG104",
            side=Side.GRAPH,
            subject=taken.id,
            message=f"revision id {taken.id!r} is in {len(twins)} files; Alembic runs only {taken.path}",
            place=_place(earlier[0]),
            details=tuple(_described(given, twin) for twin in twins),
            help=(
                "give the newer one an id of its own, for example "
                f'revision = "{_fresh_id(earlier[0])}", or remove it if it is a copy'
            ),
        )


def revision_cycle(given: GraphInput) -> Iterator[Finding]:
    """Revisions come, by `down_revision` or `depends_on`, after themselves, so no order runs them.

    Why it hurts: to mend two heads, Ann set her revision behind Bob's while Bob, on his branch, set his behind hers.
    Git merged the two edits without a conflict; Alembic then refused every command with "Cycle is detected".

    How to fix: decide which of the named revisions comes first and set its `down_revision` to what was there before,
    as git remembers it:

        git log -p -- migrations/versions/9c2e_add_age.py
    """
    for cycle in given.graph.cycles():
        revisions = [given.graph[id_] for id_ in cycle]
        steps = ", ".join(f"{id_} after {before}" for id_, before in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        yield Finding(
            code="DG105",
            side=Side.GRAPH,
            subject=cycle[0],
            message=f"these revisions come after themselves: {steps}",
            place=Place(revisions[0].path, revisions[0].down_line),
            details=tuple(_described(given, revision) for revision in revisions),
            help="decide which comes first, and set its down_revision to what was there before",
            commands=tuple(f"git log -p -- {shlex.quote(revision.path)}" for revision in revisions[:1]),
        )


def double_merge(given: GraphInput) -> Iterator[Finding]:
    """Two merge revisions join the same parents, so the history has two ends again.

    Why it hurts: main had two heads. Ann and Bob both saw it, both ran `alembic merge heads`, and both merged. Now the
    two merge revisions were the heads, and the deployment that the merges were to save stopped once more.

    How to fix: keep the one that others have. This removes the other one if it does nothing and nobody else can have
    run it, and else merges the two merges:

        driftguard merge
    """
    for group in double_merges(given.graph):
        merges, both = [given.graph[id_] for id_ in group], "both" if len(group) == 2 else "all"
        if not _ids_above_all(given.graph, group):
            yield Finding(
                code="DG110",
                side=Side.GRAPH,
                subject=", ".join(group),
                message=f"{listed(group)} {both} merge {listed(sorted(merges[0].down))}",
                place=_place(merges[-1]),
                details=tuple(_described(given, each) for each in merges),
                help="keep the one that others have; driftguard removes the other if that is safe, else it merges both",
                commands=("driftguard merge",),
            )


def stale_revises_line(given: GraphInput) -> Iterator[Finding]:
    """The docstring of a new revision says another id, or other parents, than its code.

    Alembic reads the code and people read the docstring; after a rebase by hand they part.

    Why it hurts: Ann had set `down_revision` behind Bob's revision and left the line `Revises:` as it was. A month
    later somebody who looked for the order of two changes read only the docstrings, and undid the wrong one.

    How to fix: let the docstring say what the code says:

        Revision ID: 9c2e5d1f0c3a
        Revises: 3f7a1b2c4d5e
    """
    for revision in given.graph.revisions:
        for line, text in revision.stale if revision.stale and given.is_new(revision.id) else ():
            about = "is revision " + revision.id if text.startswith("Revision") else _follows(revision)
            yield Finding(
                code="DG113",
                side=Side.GRAPH,
                subject=revision.id,
                message=f"the docstring says {text!r}, but this {about}",
                place=Place(revision.path, line),
                help="let the docstring say what the code says",
            )


def hand_typed_revision_id(given: GraphInput) -> Iterator[Finding]:
    """The id of a new revision is a pattern that somebody, or some program, typed: `a1b2c3d4e5f6`, `123456789abc`.

    Ids that a project numbers on purpose (`0001`, `2026_01_31`) are no finding.

    Why it hurts: two assistants wrote two revisions on two branches, and both thought of `a1b2c3d4e5f6`. Git merged the
    two files, Alembic took the last one, and the first one's table was never made.

    How to fix: let Alembic make the id, or take one that is random, while the revision has run nowhere else:

        python -c "import uuid; print(uuid.uuid4().hex[-12:])"
    """
    for revision in given.graph.revisions:
        if _is_pattern(revision.id) and given.is_new(revision.id):
            yield Finding(
                code="DG114",
                side=Side.GRAPH,
                subject=revision.id,
                message=f"the revision id {revision.id} is a pattern that others will think of too",
                place=_place(revision),
                help=(
                    "while it has run nowhere else, give it a random one, for example "
                    f'revision = "{_fresh_id(revision)}", and let what follows it name that'
                ),
            )


def unreadable_revision(given: GraphInput) -> Iterator[Finding]:
    """A file among the revisions does not say which revision it is.

    It has a syntax error, markers of an unfinished merge, no `revision` at all, or an id that only running code could
    tell.

    It is a note where the project's own Python could read the id: nothing is broken then, but every tool that reads
    the history without running it (and this one from other branches) is blind to that file.

    Why it hurts: the merge conflict was in a docstring and in `down_revision`; only the first was resolved. The tests
    built their tables with create_all and stayed green, and the migration failed where it mattered, in production.

    How to fix: finish the merge or mend the syntax at the line that the finding names, and write ids as plain texts:

        revision = "9c2e5d1f0c3a"
        down_revision = "3f7a1b2c4d5e"
    """
    for file in given.graph.unreadable:
        id_ = given.readable_ids.get(file.path)
        yield Finding(
            code="DG112",
            side=Side.GRAPH,
            subject=file.path,
            message=f"{file.path} does not say which revision it is: {file.reason}",
            place=Place(file.path, file.line),
            details=(f"run by the project's own Python, it is revision {id_}",) if id_ else (),
            help="write revision and down_revision as plain texts" if id_ else "mend it at the line named above",
            severity=Severity.NOTE if id_ else None,
        )


def unstaged_revision(given: GraphInput) -> Iterator[Finding]:
    """A revision file that this commit needs is untracked, ignored by git, or changed since it was staged.

    So is a file of models that the staged ones import and that git does not know.

    The commit needs a revision when a staged revision names it, when it ends a divergence of the staged ones, when its
    parents were edited after it was staged, or when the staged models have what the staged revisions lack.

    Why it hurts: Bob added a column and generated the revision, then typed `git add models.py` and committed. On his
    machine the folder was complete and every check passed. Everybody who pulled got a model without its column.

    How to fix: stage the file and commit again:

        git add migrations/versions/9c2e_add_age.py

    If git ignores it, add `--force`, and take the revision folder out of `.gitignore`.
    """
    for state, revision, _ in _needed(given):
        force = "--force " if state == "ignored" else ""
        said = {
            "untracked": "is not in this commit: it is untracked",
            "ignored": "is not in this commit: git ignores it",
            "modified": "was changed after it was staged: this commit has the older text",
        }[state]
        yield Finding(
            code="DG115",
            side=Side.GRAPH,
            subject=revision.id,
            message=f"revision {revision.id} {said}",
            place=_place(revision),
            help="stage it" if not force else "stage it, and take its folder out of .gitignore",
            commands=(f"git add {force}-- {shlex.quote(revision.path)}",),
        )
    for place in given.untracked_models:
        yield Finding(
            code="DG115",
            side=Side.GRAPH,
            subject=place.path,
            message=f"{place.path} declares models and is not in this commit: it is untracked",
            place=place,
            help="stage it; without it the staged models cannot be imported, or lack its tables",
            commands=(f"git add -- {shlex.quote(place.path)}",),
        )


def diverged(given: GraphInput) -> tuple[Revision, ...]:
    """The revisions on the sides of what ``multiple_heads`` tells, whose ``provenance`` it would say; newest first."""
    if _is_torn(given):
        return ()
    graph = given.graph
    sides = [graph.ancestors(*heads) - graph.shared_ancestors(*heads) for heads in _collisions(given)]
    return tuple(graph[id_] for id_ in reversed(graph.ordered()) if any(id_ in side for side in sides))


def colliding_heads(given: GraphInput) -> tuple[tuple[str, ...], ...]:
    """The groups of heads that ``multiple_heads`` looks at; none where Alembic could not load the graph."""
    return () if _is_torn(given) else tuple(_collisions(given))


def _is_torn(given: GraphInput) -> bool:
    """Whether Alembic could not load this graph at all: which heads it has is known when that is mended."""
    unread = any(file.path not in given.readable_ids for file in given.graph.unreadable)
    return unread or bool(given.graph.missing() or given.graph.cycles())


def _is_told_otherwise(given: GraphInput, missing: str) -> bool:
    """DG112 speaks of the file that seems to have it, DG115 of the one that is not staged."""
    return any(file.may_define(missing) for file in given.graph.unreadable) or any(
        missing in _names(each.revision) for each in given.unstaged
    )


def _collisions(given: GraphInput) -> Iterator[tuple[str, ...]]:
    """Groups of two and more heads that nothing tells apart."""
    return collisions(given.graph, given.allowed_heads)


def _divergence(graph: Graph, heads: tuple[str, ...]) -> str:
    forks = graph.fork_points(*heads)
    names = f"{listed(heads)} {'both' if len(heads) == 2 else 'all'}"
    if forks:
        return f"{names} follow {listed(forks)}, and no revision joins them"
    return f"{names} are heads, from separate bases, and no revision joins them"


def _sides(given: GraphInput, heads: tuple[str, ...]) -> Iterator[str]:
    graph = given.graph
    shared = graph.shared_ancestors(*heads)
    for fork in graph.fork_points(*heads):
        yield f"fork point: {_described(given, graph[fork])}"
    for head in heads:
        side = graph.ancestors(head) - shared
        for id_ in (id_ for id_ in graph.ordered() if id_ in side):
            yield f"side of {head}: {_described(given, graph[id_])}"


def _ways_to_reparent(graph: Graph, heads: tuple[str, ...]) -> Iterator[str]:
    """For two heads, how the one goes behind the other, as far as that is one edit in one file."""
    if len(heads) != 2:
        return
    shared = graph.shared_ancestors(*heads)
    for head, other in (heads, heads[::-1]):
        side = graph.ancestors(head) - shared
        firsts = [graph[id_] for id_ in side if not side.intersection(graph.parents(id_))]
        if len(firsts) == 1 and len(firsts[0].down) == 1:
            place = Place(firsts[0].path, firsts[0].down_line)
            yield f'or, if {head} has run nowhere else, write down_revision = "{other}" at {place}'


def _needed(given: GraphInput) -> Iterator[UnstagedRevision]:
    """What of the unstaged revisions the commit needs, in the order given."""
    staged = {revision.path: revision for revision in given.graph.revisions}
    by_name = {name: each.revision for each in given.unstaged for name in _names(each.revision)}
    torn = {file.path for file in given.graph.unreadable}
    off = any(_collisions(given)) or bool(given.graph.missing())
    left = [name for name, _, _ in given.graph.missing()]
    left += [
        each.revision.id
        for each in given.unstaged
        if given.models_lack_revision
        or any(set(heads) <= set(each.revision.down) for heads in _collisions(given))
        or each.revision.path in torn
        or ((each.in_commit or off) and each.revision.path in staged and _moved(staged[each.revision.path], each))
    ]
    needed: set[str] = set()
    while left:
        revision = by_name.get(left.pop())
        if revision and revision.id not in needed:
            needed.add(revision.id)
            left.extend((*revision.down, *revision.depends_on))
    return (each for each in given.unstaged if each.revision.id in needed)


def _names(revision: Revision) -> tuple[str, ...]:
    return (revision.id, *revision.labels)


def _moved(was: Revision, now: UnstagedRevision) -> bool:
    return (was.id, was.down, was.depends_on, was.labels) != (
        now.revision.id,
        now.revision.down,
        now.revision.depends_on,
        now.revision.labels,
    )


def _described(given: GraphInput, revision: Revision) -> str:
    """One line: place, id, first line of its docstring, commit."""
    doc = f" {revision.doc}" if revision.doc else ""
    origin = given.provenance.get(revision.id)
    return f"{_place(revision)} {revision.id}{doc}{f', {origin}' if origin else ''}"


def _ids_above_all(graph: Graph, ids: tuple[str, ...]) -> frozenset[str]:
    """The revisions in which these have come together again."""
    return frozenset.intersection(*(graph.descendants(each) for each in ids))


def _follows(revision: Revision) -> str:
    return f"revision follows {listed(revision.down)}" if revision.down else "revision follows nothing"


def _is_pattern(id_: str) -> bool:
    """Twelve hexadecimal digits, as Alembic's, in steps: all of them, in groups of equal size, or every second one."""
    if not HEXADECIMAL.fullmatch(id_) or (id_.isdigit() and id_.startswith("0")):  # numbers on purpose
        return False
    groups = [[id_[start : start + size] for start in range(0, len(id_), size)] for size in (3, 4, 6)]
    return any(_rows().issuperset(parts) for parts in (*groups, [id_[::2], id_[1::2]]))


@cache
def _rows() -> frozenset[str]:
    """Three, four and six digits of which each is the one before, or each follows it, or each precedes it."""
    upwards = list(DIGITS)
    rows = [digit * size for digit in DIGITS for size in (3, 4, 6)]
    for size in range(2, 7):
        upwards = [row + pair[1] for row in upwards for pair in FOLLOWING if row[-1] == pair[0]]
        rows += [each for row in upwards for each in (row, row[::-1]) if size in (3, 4, 6)]
    return frozenset(rows)


def _place(revision: Revision) -> Place:
    return Place(revision.path, revision.line)


def _command(given: GraphInput, subcommand: str, arguments: str) -> str:
    return " ".join(part for part in (given.tool, subcommand, given.options, arguments) if part)


def _fresh_id(revision: Revision) -> str:
    """An id in Alembic's form, the same every time for the same file."""
    return hashlib.sha256(f"{revision.id} {revision.path}".encode(errors="surrogateescape")).hexdigest()[:12]
