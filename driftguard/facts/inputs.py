"""What each family of checks looks at, put together from the facts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from driftguard.catalog import CATALOGS
from driftguard.checks.graph import GraphInput, diverged
from driftguard.checks.live import LiveInput, Pending, Sighting
from driftguard.checks.models import ModelsInput
from driftguard.errors import DriftguardError
from driftguard.facts.base_trees import BaseTrees
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.live import LiveFacts
from driftguard.facts.tool import command, directory_option, tool
from driftguard.findings import Place
from driftguard.git import RefTree
from driftguard.graph import Trace, apart, load, provenance, whereabouts
from driftguard.schema.catalog import Catalog, make_catalog
from driftguard.schema.diff import Difference
from driftguard.schema.ignoring import ignore

AUTOGENERATE = {True: "migrate", False: "revision --autogenerate"}


def graph_input(
    facts: EnvironmentFacts, *, models_lack_revision: bool, untracked_models: tuple[Place, ...]
) -> GraphInput:
    """The graph, and what git knows about its loose ends."""
    repository, graph = facts.scene.repository, facts.graph
    given = GraphInput(
        graph,
        allowed_heads=facts.settings.heads,
        readable_ids={path: revision.id for path, revision in facts.read_by_alembic.items()},
        unstaged=facts.unstaged,
        models_lack_revision=models_lack_revision,
        untracked_models=untracked_models,
        whereabouts={missing.id: _traces(facts, missing.id) for missing in graph.missing()},
        tool=tool(facts.environment),
        options=directory_option(facts.environment),
        is_new=_newness(facts),
    )
    if repository is None or repository.head is None:
        return given
    tree = facts.scene.tree
    commit = tree.commit if isinstance(tree, RefTree) else "HEAD"
    return given._replace(provenance=provenance(repository, diverged(given), commit))


def _newness(facts: EnvironmentFacts) -> Callable[[str], bool]:
    """Whether a revision is neither in the base branch nor, where there is none, in the last commit."""

    @cache
    def known() -> frozenset[str]:
        repository, locations = facts.scene.repository, facts.environment.version_locations
        if (trees := _base_trees(facts)) is not None:
            return frozenset(facts.load_from(trees.tip, locations, trees.ours).by_id)
        if repository is None or repository.head is None:
            return frozenset()
        return frozenset(facts.load_from(RefTree(repository, "HEAD"), locations).by_id)

    return lambda id_: id_ not in known()


def _base_trees(facts: EnvironmentFacts) -> BaseTrees | None:
    try:
        return facts.scene.base()
    except DriftguardError:  # told where the branches are compared
        return None


def models_input(facts: EnvironmentFacts, database: DatabaseFacts) -> ModelsInput:
    """Models against head."""
    known = database.database
    return ModelsInput(
        operations=database.operations,
        head=database.head,
        models=database.models.catalog if known.metadata_tables else None,
        metadata_tables=known.metadata_tables if known.has_metadata else -1,
        place_of=database.place_of,
        revision_command=f"{command(facts.environment, AUTOGENERATE[facts.environment.flask])} -m",
        empty_revision_command=f"{command(facts.environment, 'revision')} -m",
        dialect=known.dialect,
        env_file=database.env_file,
    )


def live_input(facts: EnvironmentFacts, database: DatabaseFacts, live: LiveFacts) -> LiveInput:
    """Live against what its own stamp builds."""
    reading, dialect = live.reading, database.database.dialect
    nothing = make_catalog(dialect, reading.catalog.version, ())
    kept = ignore(facts.settings.ignore, nothing if reading.stamp is None else live.expected, reading.catalog)
    module = CATALOGS.get(dialect)

    def restore(difference: Difference, was: Catalog) -> tuple[str, ...]:
        statements = module.restore(difference, was) if module else ()
        return tuple(f"{each.removesuffix(';')};" for each in statements)

    environment = facts.environment
    return LiveInput(
        stamp=reading.stamp,
        heads=facts.graph.heads(),
        pending=tuple(Pending(each.id, each.doc, Place(each.path, each.line)) for each in live.pending),
        unknown=live.unknown,
        expected=kept.expected,
        live=kept.live,
        head=database.head,
        in_models=lambda: database.names_in_models,
        matching=live.matching(reading.catalog) if reading.stamp is None and reading.catalog.objects else (),
        was_seen={
            each: tuple(_sighting(facts, each, trace) for trace in _traces(facts, each)) for each in live.unknown
        },
        restore=restore,
        database=live.called,
        upgrade_command=command(environment, "upgrade"),
        downgrade_command=command(environment, "downgrade"),
        stamp_command=command(environment, "stamp"),
        apart=apart(facts.graph, reading.stamp or (), facts.settings.heads),
        journal=lambda: live.journal,
        ignored=kept.differences,
    )


def _traces(facts: EnvironmentFacts, missing: str) -> tuple[Trace, ...]:
    repository = facts.scene.repository
    return whereabouts(repository, facts.environment.version_locations, missing) if repository else ()


def _sighting(facts: EnvironmentFacts, revision: str, trace: Trace) -> Sighting:
    return Sighting(trace.branch, trace.commit, trace.path, _known_ancestor(facts, revision, trace))


def _known_ancestor(facts: EnvironmentFacts, revision: str, trace: Trace) -> str:
    """The nearest revision below the given one, as the traced ref has them, that is here too."""
    environment, repository = facts.environment, facts.scene.repository
    if repository is None:
        return ""
    there = load(RefTree(repository, trace.ref), environment.version_locations, environment.recursive)
    shared = [each for each in there.ordered() if each in there.ancestors(revision) and each in facts.graph]
    return shared[-1] if shared else ""
