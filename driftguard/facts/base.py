"""The graphs of one environment in its base branch, and in what a merge with that would be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from driftguard.checks.base import BaseInput
from driftguard.checks.graph import GraphInput, diverged
from driftguard.config import load_settings
from driftguard.errors import DriftguardError
from driftguard.facts.base_trees import BaseTrees
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.guest import is_revision_file
from driftguard.git import RefTree
from driftguard.graph import Graph, does_the_same, provenance
from driftguard.project import discover


def conflicts_in(facts: EnvironmentFacts, trees: BaseTrees) -> tuple[str, ...]:
    """The revision files that git could not merge."""
    return tuple(path for path in trees.conflicts if is_revision_file(path, facts.environment))


def base_input(facts: EnvironmentFacts, trees: BaseTrees, ours: GraphInput) -> BaseInput:
    """One environment's branch and base in the checks' terms."""
    tip, *forks = (_graph(facts, trees, tree) for tree in (trees.tip, *trees.forks))
    return BaseInput(
        ours=ours,
        name=trees.base.name,
        tip=_beside(facts, ours, tip),
        forks=tuple(forks),
        merged=_merged(facts, trees, ours),
        edited=frozenset(_edited(trees, ours.graph, (tip, *forks))),
    )


def _merged(facts: EnvironmentFacts, trees: BaseTrees, ours: GraphInput) -> GraphInput | None:
    if trees.merged is None or conflicts_in(facts, trees):
        return None
    given = _beside(facts, ours, _graph(facts, trees, trees.merged))
    sides, repository = diverged(given), trees.merged.repository
    origins = {**provenance(repository, sides, trees.tip.commit), **provenance(repository, sides, trees.head)}
    return given._replace(provenance=origins)


def _beside(facts: EnvironmentFacts, ours: GraphInput, graph: Graph) -> GraphInput:
    read = {path: each.id for path, each in facts.read_by_alembic.items() if each in graph.revisions}
    return ours._replace(
        graph=graph,
        readable_ids=read,
        unstaged=(),
        models_lack_revision=False,
        untracked_models=(),
        whereabouts={},
        provenance={},
    )


def _graph(facts: EnvironmentFacts, trees: BaseTrees, tree: RefTree) -> Graph:
    """With what Alembic has read from the same files here."""
    graph = facts.load_from(tree, _locations(facts, tree), trees.ours)
    if not graph.unreadable or not facts.read_by_alembic:
        return graph
    paths = [each.path for each in graph.unreadable]
    here, there = trees.ours.blob_ids(paths), tree.blob_ids(paths)
    read = {
        path: revision
        for path, revision in facts.read_by_alembic.items()
        if path in there and here.get(path) == there[path]
    }
    return Graph((*graph.revisions, *read.values()), tuple(each for each in graph.unreadable if each.path not in read))


def _locations(facts: EnvironmentFacts, tree: RefTree) -> tuple[str, ...]:
    """Where the environment of the same name has its revisions there, if not in the same folders as here."""
    here = facts.environment
    if any(tree.files(each, recursive=here.recursive) for each in here.version_locations):
        return here.version_locations
    try:
        found = discover(tree, load_settings(tree), facts.scene.environ)
    except DriftguardError:
        return here.version_locations
    return next((each.version_locations for each in found if each.name == here.name), here.version_locations)


def _edited(trees: BaseTrees, ours: Graph, known: Sequence[Graph]) -> Iterator[str]:
    """The revisions that the base branch has, and of which it never had what they run here."""
    sides = [(tree, graph) for tree, graph in zip((trees.tip, *trees.forks), known, strict=True)]
    shared = [id_ for id_ in ours.by_id if id_ in known[0]]
    blobs = [_blob_ids(tree, graph, shared) for tree, graph in ((trees.ours, ours), *sides)]
    for id_ in shared:
        here, *there = (each.get(id_) for each in blobs)
        if here is None or here in there:
            continue
        text = trees.ours.read(ours[id_].path) or b""
        others = (tree.read(graph[id_].path) or b"" for tree, graph in sides if id_ in graph)
        if not any(does_the_same(text, other) for other in others):
            yield id_


def _blob_ids(tree: RefTree, graph: Graph, ids: Iterable[str]) -> dict[str, str]:
    paths = {id_: graph[id_].path for id_ in ids if id_ in graph}
    blobs = tree.blob_ids(paths.values())
    return {id_: blobs[path] for id_, path in paths.items() if path in blobs}
