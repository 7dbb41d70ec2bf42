"""``driftguard merge``: joins heads that collide by a merge revision, and settles merges that were made twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from driftguard.checks.words import listed
from driftguard.commands import repair
from driftguard.commands.guarded import root_of
from driftguard.commands.repair import Refused, Repair, Site
from driftguard.config import Settings, load_settings
from driftguard.errors import DriftguardError
from driftguard.git import Repository, WorkingTree, find_repository
from driftguard.graph import Graph, Revision, collisions, double_merges, find_base, whereabouts
from driftguard.graph.repair import edits, is_empty
from driftguard.graph.reparent import moves_between, with_parents, without_merge
from driftguard.graph.writing import Change
from driftguard.project.revision_file import NewFile, revision_file

HOOKS_LEFT = "the configured post-write hooks were not run on it"


class Settled(NamedTuple):
    """A graph without superfluous merges, which of them were dropped for which, and a line for each."""

    graph: Graph
    dropped: dict[str, str]
    told: tuple[str, ...]


def merge(
    *,
    start: Path,
    environments: Sequence[str] = (),
    message: str = "",
    heads: Sequence[str] = (),
    live: str = "",
    dry_run: bool = False,
) -> int:
    """Write a merge revision over each group of heads that collide, or over ``heads``.

    With ``dry_run``, only show the changes. Returns 0, or 1 where something is in the way.
    """
    root, repository = root_of(start), find_repository(start)
    tree = WorkingTree(root)
    settings = load_settings(tree)
    try:
        found = repair.sites(tree, settings, environments)
        if heads and len(found) > 1:
            names = ", ".join(site.environment.name for site in found)
            raise DriftguardError(f"heads of which environment? there are {names}", "name it with -e")
        planned = [_plan(tree, repository, settings, site, heads, message) for site in found]
        repairs = [_with_databases_asked(root, settings, live, each) for each in planned if each is not None]
        for each in repairs:
            repair.refuse_run(each, "driftguard merge")
    except Refused as refused:
        return repair.told(refused)
    if not repairs:
        print("nothing to do: no heads collide")
    elif dry_run:
        repair.show(repairs)
    else:
        repair.write(root, repairs)
        repair.tell_done(repository, repairs)
    return 0


def _with_databases_asked(root: Path, settings: Settings, live: str, planned: Repair) -> Repair:
    """A new merge is nothing to a database that has run its parents; one that goes may be."""
    dropped = planned.site.graph.by_id.keys() - planned.graph.by_id.keys()
    return repair.with_databases_asked(root, settings, live, planned) if dropped else planned


def _plan(
    tree: WorkingTree,
    repository: Repository | None,
    settings: Settings,
    site: Site,
    heads: Sequence[str],
    message: str,
) -> Repair | None:
    """What to do to one environment; None if nothing. Raises Refused."""
    repair.refuse_torn(site)
    settled = Settled(site.graph, {}, ())
    if not heads and double_merges(site.graph) and (own := _own(repository, settings, site)):
        settled = _settled(tree, site.graph, own)
    groups = [_named(site.graph, heads)] if heads else list(collisions(settled.graph, site.allowed_heads))
    if not groups and not settled.dropped:
        return None
    moves = moves_between(_with_ids_of(site.graph, settled.graph), settled.graph)
    changes, obstacles = edits(tree, site.graph, moves)
    if obstacles:
        raise Refused("\n".join(("these files cannot be edited safely:", *map(str, obstacles))), "edit them by hand")
    for each in settled.dropped:
        path = site.graph[each].path
        changes[path] = Change(tree.read(path), None)
    graph, told = settled.graph, [*settled.told, *(repair.told_of(site.graph, move) for move in moves)]
    mended = frozenset(move.id for move in moves)
    for group in groups:
        parents = tuple(graph[each] for each in group)
        new = revision_file(tree.root, site.environment, parents, _message(message, group))
        graph = _with_new(graph, new, group)
        changes[new.path] = Change(None, new.content)
        mended |= set() if heads else {new.id}
        told += _written(new, group)
    twins = {each: kept for each, kept in settled.dropped.items() if _is_empty(tree, site.graph[kept])}
    planned = Repair(site, graph, changes, mended, tuple(told), twins)
    repair.refuse_unfinished(planned)
    return planned


def _named(graph: Graph, names: Sequence[str]) -> tuple[str, ...]:
    """The heads that the user named, by id, label or the beginning of one."""
    every = list(names) == ["heads"]
    found = graph.heads() if every else tuple(dict.fromkeys(_head(graph, name) for name in names))
    if len(found) < 2:
        raise DriftguardError(f"{listed(found)} alone cannot be merged", "name two heads or more, or none")
    return found


def _head(graph: Graph, name: str) -> str:
    label = name.removesuffix("@head")
    id_ = graph.find(label).id
    if label != name or label in graph[id_].labels:
        above = [each for each in graph.heads() if id_ in graph.ancestors(each)]
        if len(above) == 1:
            return above[0]
    if graph.children(id_):
        raise Refused(f"{id_} is no head: {listed(graph.children(id_))} follows it", "see `driftguard graph`")
    return id_


def _message(message: str, group: Sequence[str]) -> str:
    return message or f"merge {listed(group)}"


def _with_new(graph: Graph, new: NewFile, down: tuple[str, ...]) -> Graph:
    return Graph((*graph.revisions, Revision(new.id, down, path=new.path, location=graph[down[0]].location)))


def _written(new: NewFile, group: Sequence[str]) -> Iterator[str]:
    yield f"{new.path}: {new.id} joins {listed(group)}"
    if new.has_hooks:
        yield f"{new.path}: {HOOKS_LEFT}"


def _with_ids_of(was: Graph, now: Graph) -> Graph:
    return Graph(tuple(each for each in was.revisions if each.id in now))


def _own(repository: Repository | None, settings: Settings, site: Site) -> frozenset[str]:
    """The revisions that the base does not have, without merges that another branch has; none without a base."""
    head = repository.head if repository else None
    base = find_base(repository, head, "", settings.base) if repository and head else None
    if repository is None or base is None:
        return frozenset()
    shared, here = repair.shared_with(repository, settings, base, site), (repository.branch, repository.upstream)
    locations, graph = site.environment.version_locations, site.graph
    merges = {each for group in double_merges(graph) for each in group if each not in shared}
    known = {each for each in merges if any(t.branch not in here for t in whereabouts(repository, locations, each))}
    return frozenset(graph.by_id) - shared.by_id.keys() - known


def _settled(tree: WorkingTree, graph: Graph, own: frozenset[str]) -> Settled:
    """The graph without merges that only this branch has, and that do nothing which a twin of theirs does not do."""
    dropped: dict[str, str] = {}
    told: list[str] = []
    for group in double_merges(graph):
        kept = min(group, key=lambda each: (each in own, -len(graph.descendants(each)), each))
        for each in group:
            if each != kept and _is_superfluous(tree, graph, own, each):
                graph = _dropped(graph, each, kept)
                dropped[each] = kept
                joined = listed(graph[kept].down)
                told.append(
                    f"{kept} and {each} both join {joined}: {kept} stays, {each} is on this branch alone and went"
                )
    return Settled(graph, dropped, tuple(told))


def _dropped(graph: Graph, dropped: str, kept: str) -> Graph:
    moved = with_parents(graph, without_merge(graph, dropped, kept))
    return Graph(tuple(each for each in moved.revisions if each.id != dropped))


def _is_superfluous(tree: WorkingTree, graph: Graph, own: frozenset[str], id_: str) -> bool:
    """Whether a merge can go: no other branch has it or what follows it, and nothing is in it."""
    revision = graph[id_]
    movable = own.issuperset({id_, *graph.children(id_)})
    needed = any(id_ in each.depends_on for each in graph.revisions)
    return movable and not needed and not revision.labels and not revision.depends_on and _is_empty(tree, revision)


def _is_empty(tree: WorkingTree, revision: Revision) -> bool:
    return is_empty(tree.read(revision.path) or b"")
