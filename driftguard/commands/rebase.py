"""``driftguard rebase``: puts the revisions that only this branch has behind those of its base."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from driftguard.checks.words import counted
from driftguard.commands import repair
from driftguard.commands.guarded import repository_of
from driftguard.commands.repair import Refused, Repair, Site
from driftguard.config import Settings, load_settings
from driftguard.errors import DriftguardError
from driftguard.facts.tool import command
from driftguard.git import Repository, WorkingTree
from driftguard.graph import Base, Graph, find_base
from driftguard.graph.repair import edits
from driftguard.graph.reparent import Move, Tangled, moves_between, rebased
from driftguard.graph.stamps import BASE, below
from driftguard.report.visible import visible

MERGE_FIRST = "bring them here first: git merge {0}   (or: git rebase {0})"


def rebase(
    *, start: Path, environments: Sequence[str] = (), onto: str = "", live: str = "", dry_run: bool = False
) -> int:
    """Re-parent this branch's own revisions onto the heads of the base branch, or of ``onto``.

    With ``dry_run``, only show the changes. Returns 0, or 1 where something is in the way.
    """
    repository = repository_of(start)
    tree = WorkingTree(repository.work_tree)
    settings = load_settings(tree)
    base = _base(repository, onto, settings)
    try:
        planned = [_plan(repository, tree, settings, base, site) for site in repair.sites(tree, settings, environments)]
        repairs = [repair.with_databases_asked(tree.root, settings, live, each) for each in planned if each is not None]
        again = " ".join(("driftguard rebase", *(["--onto", shlex.quote(onto)] if onto else [])))
        for each in repairs:
            repair.refuse_run(each, again)
    except Refused as refused:
        return repair.told(refused)
    if not repairs:
        print(f"nothing to do: no revision of this branch stands beside those of {base.name}")
        return 0
    if dry_run:
        _tell_if_run(repairs, _before, sys.stderr)  # what goes to the other stream is a patch
        repair.show(repairs)
        return 0
    repair.write(tree.root, repairs)
    _tell_if_run(repairs, _after, sys.stdout)
    repair.tell_done(repository, repairs)
    return 0


def _base(repository: Repository, onto: str, settings: Settings) -> Base:
    head = repository.head
    if head is None:
        raise DriftguardError("there is no commit yet, so nothing is on another branch", "commit first")
    found = find_base(repository, head, onto, settings.base)
    if found is None:
        raise DriftguardError(
            "it is not known which branch this one is going to be merged into",
            "name it: driftguard rebase --onto BRANCH",
        )
    return found


def _plan(repository: Repository, tree: WorkingTree, settings: Settings, base: Base, site: Site) -> Repair | None:
    """What to do to one environment; None if nothing. Raises Refused."""
    shared = repair.shared_with(repository, settings, base, site)
    _refuse_other_history(site.graph, shared, base)
    repair.refuse_torn(site)
    try:
        graph = rebased(site.graph, shared, site.allowed_heads)
    except Tangled as tangle:
        raise Refused(f"{base.name}: {tangle}", "join its heads there first: driftguard merge") from tangle
    if graph == site.graph:
        return None
    moves = moves_between(site.graph, graph)
    changes, obstacles = edits(tree, site.graph, moves)
    if obstacles:
        raise Refused(
            "\n".join(("these files cannot be edited safely:", *map(str, obstacles))),
            "write down_revision there as a plain text, or edit it by hand",
        )
    moved = frozenset(move.id for move in moves)
    planned = Repair(site, graph, changes, moved, tuple(repair.told_of(site.graph, move) for move in moves))
    repair.refuse_unfinished(planned)
    return planned


def _refuse_other_history(graph: Graph, shared: Graph, base: Base) -> None:
    """Where this branch lacks revisions of the base, or says something else of them."""
    unread = {id_ for file in graph.unreadable for id_ in file.ids}
    missing = sorted(shared.by_id.keys() - graph.by_id.keys() - unread)
    if missing:
        paths = " ".join(shlex.quote(shared[each].path) for each in missing)
        deleted = base.forks == (base.commit,)
        raise Refused(
            f"{base.name} has {counted(len(missing), 'revision')} that this working tree lacks: {', '.join(missing)}",
            f"bring them back: git checkout {shlex.quote(base.name)} -- {paths}"
            if deleted
            else MERGE_FIRST.format(shlex.quote(base.name)),
        )
    changed = [each for each in shared.by_id if each in graph and graph[each].down != shared[each].down]
    if changed:
        first = graph[min(changed)]
        raise Refused(
            f"{first.path}:{first.down_line}: {first.id} has other parents here than in {base.name}",
            f"put it back: git checkout {shlex.quote(base.name)} -- {shlex.quote(first.path)}",
        )


def _before(planned: Repair, moved: Sequence[Move]) -> Iterator[str]:
    """For a database that nobody could ask, while the files are as they were."""
    tool, firsts = planned.site.environment, [move.id for move in moved]
    yield f"if a database has run {' or '.join(firsts)}, take it back while the files are as they are now:"
    yield f"    {command(tool, 'downgrade')} {shlex.quote(below(planned.site.graph, firsts))}"
    yield f"    {command(tool, 'upgrade')} {repair.heads_word(planned)}   (when they have changed)"


def _after(planned: Repair, moved: Sequence[Move]) -> Iterator[str]:
    """For a database that nobody could ask, when the files have changed."""
    tool = planned.site.environment
    match moved:
        case [Move(id=first, was=was, now=(ground,))]:
            yield f"if a database has run {first} and not {ground}, take it back there:"
            yield f"    {command(tool, 'downgrade')} {shlex.quote(ground)}"
            yield f"    {command(tool, 'stamp')} --purge {' '.join(map(shlex.quote, was)) or BASE}"
            yield f"    {command(tool, 'upgrade')} {repair.heads_word(planned)}"
        case _:
            firsts = " or ".join(move.id for move in moved)
            yield f"if a database has run {firsts}, undo this first (git checkout, or git stash) and see --dry-run"


def _tell_if_run(
    repairs: Sequence[Repair], advice: Callable[[Repair, Sequence[Move]], Iterator[str]], stream: TextIO
) -> None:
    """Print what to do for databases that could not be asked."""
    for each in repairs:
        for reason in each.asked.silent:
            print(visible(f"the live database was not asked: {reason}"), file=stream)
        moves = moves_between(each.site.graph, each.graph)
        if each.asked.silent and (moved := [move for move in moves if not move.is_straightened]):
            print(*map(visible, advice(each, moved)), sep="\n", file=stream)
