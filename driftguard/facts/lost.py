"""Lost revisions: which live databases are stamped with one, which revisions follow one, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from driftguard.checks.lost import Diagnosis, LostInput, Way, diagnose, folders_of
from driftguard.checks.setup import Problem
from driftguard.checks.words import listed
from driftguard.errors import DriftguardError
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.live import LiveFacts
from driftguard.facts.tool import command
from driftguard.facts.unavailable import Unavailable, raise_for
from driftguard.findings import Place
from driftguard.graph import Graph, Revision, Where, applied_beside, recover, ways_down
from driftguard.schema.diff import diff

MOST_CANDIDATES = 20


class Stamped(NamedTuple):
    """A live database and the revisions that its version table names; None where there is no such table."""

    number: int
    database: str
    stamp: tuple[str, ...] | None


class Examined(NamedTuple):
    """An environment after a look: what to mend, what is fine, and what could not be looked at."""

    diagnoses: tuple[Diagnosis, ...]
    fine: tuple[str, ...]
    problems: tuple[Problem, ...]


class Resemblance(NamedTuple):
    """The revision here (``base``: none) whose schema is most like a live one, and how many objects differ."""

    revision: str
    differences: int


def examine(facts: EnvironmentFacts, revision: str = "", foreign: tuple[str, ...] = ()) -> Examined:
    """Look for one revision; without one, for what live databases are stamped with and revisions name as parents.

    ``foreign`` are the folders of other environments' revisions.
    """
    graph, problems, fine = facts.graph, [], []
    stamped: tuple[Stamped, ...] = ()
    try:
        stamped = read_stamps(facts)
    except Unavailable as missing:
        problems.append(missing.problem)
    if revision:
        ids, here = _lost_or_here(graph, revision)
        groups = [ids] if ids else []
        fine += here
    else:
        groups = _lost_together(graph, stamped)
        fine += [_told(live) for live in stamped if all(each in graph for each in live.stamp or ())]
    lost = [diagnose(_lost(facts, group, stamped, foreign)) for group in groups]
    return Examined((*lost, *(() if revision else _other_tears(graph))), tuple(fine), tuple(problems))


def _lost_together(graph: Graph, stamped: tuple[Stamped, ...]) -> list[tuple[str, ...]]:
    """First the parents that keep Alembic from loading anything, then what each database is stamped with."""
    groups = [tuple(each for each in live.stamp or () if each not in graph) for live in stamped]
    together = {id_ for group in groups for id_ in group}
    alone = [(missing.id,) for missing in graph.missing() if missing.id not in together]
    return list(filter(None, dict.fromkeys((*alone, *groups))))


def _lost_or_here(graph: Graph, revision: str) -> tuple[tuple[str, ...], list[str]]:
    try:
        found = graph.find(revision)
    except DriftguardError:
        return (revision,), []
    return (), [f"{found.id} is here: {found.path}:{found.line}"]


def _told(live: Stamped) -> str:
    if not live.stamp:
        return f"{live.database} is not stamped"
    return f"{live.database} is stamped {listed(live.stamp)}, which {'is' if len(live.stamp) == 1 else 'are'} here"


def _other_tears(graph: Graph) -> Iterator[Diagnosis]:
    codes = [("DG104", graph.duplicates()), ("DG105", graph.cycles()), ("DG112", graph.unreadable)]
    torn = ",".join(code for code, found in codes if found)
    if torn:
        yield Diagnosis(
            "Alembic cannot load the revisions, and not for want of one",
            ways=(Way("see why", (f"driftguard check --select {torn}",)),),
        )


def _lost(
    facts: EnvironmentFacts, ids: tuple[str, ...], stamped: tuple[Stamped, ...], foreign: tuple[str, ...]
) -> LostInput:
    graph, scene, environment = facts.graph, facts.scene, facts.environment
    repository = scene.repository if scene.repository and not scene.repository.bare else None
    scene.progress(f"{environment.name}: looking for {', '.join(ids)}")
    where = Where(repository, scene.root, environment.version_locations, ids[0], foreign)
    recovery = recover(where, graph, ids)
    live = next((each for each in stamped if ids[0] in (each.stamp or ())), None)
    stamp = live.stamp if live and live.stamp else ()
    given = LostInput(
        ids,
        recovery,
        database=live.database if live else "",
        children=_children(graph, ids),
        suspects=tuple(each for each in graph.unreadable if any(map(each.may_define, ids))),
        downgrades=ways_down(graph, recovery.files, stamp),
        upgrade=_upgrade(graph, applied_beside(graph, recovery.files, stamp)),
        new_folders=tuple(each for each in folders_of(recovery) if not (scene.root / each).is_dir()),
        has_remotes=bool(repository and repository.run("remote")),
        is_shallow=bool(repository and repository.is_shallow),
        has_git=repository is not None,
        upgrade_command=command(environment, "upgrade"),
        downgrade_command=command(environment, "downgrade"),
        stamp_command=command(environment, "stamp"),
    )
    if live is None or given.children:
        return given
    alike = None
    with suppress(Unavailable):  # then nobody knows
        alike = resemblance(facts, live.number)
    if alike is None:
        return given
    applied = graph.needed(*(each for each in (alike.revision,) if each in graph))
    return given._replace(
        resembles=alike.revision,
        differences=alike.differences,
        upgrade_from_there=_upgrade(graph, applied),
    )


def _children(graph: Graph, ids: tuple[str, ...]) -> tuple[Revision, ...]:
    return tuple(missing.revision for missing in graph.missing() if missing.id in ids)


def _upgrade(graph: Graph, applied: frozenset[str]) -> str:
    heads = graph.heads()
    return "" if applied.issuperset(heads) else "heads" if len(heads) > 1 else "head"


def read_stamps(facts: EnvironmentFacts) -> tuple[Stamped, ...]:
    """What each live database of the environment is stamped with; raises Unavailable.

    No revision is replayed, so that revisions that cannot be loaded do not matter.
    """
    live = facts.scene.live_of(facts.settings)
    if not live.wanted:
        return ()
    probe, name = facts.probe, facts.environment.name
    with facts.failures():
        run = probe.run((), compare=False, purpose="stamp")
    if run.error is not None:
        raise_for(run.error, name, facts.scene.root)
    if run.stand_in or not run.databases:
        problem = Problem(name, "env.py names no database, so there is no stamp to look at", help="name it with --live")
        raise Unavailable("DG904", problem)
    found = []
    for database in run.databases:
        place = Place(f"{facts.environment.script_location}/env.py")
        known = DatabaseFacts(probe, database, facts.scene, place)
        with facts.failures():
            known.give_back(database.shadow)
            read = LiveFacts(facts, known, live, databases=len(run.databases))
            found.append(Stamped(database.number, str(read.address), read.stamp))
    return tuple(found)


def resemblance(facts: EnvironmentFacts, number: int) -> Resemblance | None:
    """Of the newest revisions, the one whose schema the live database has, or nearly has; raises Unavailable."""
    live = LiveFacts(facts, facts.databases[number], facts.scene.live_of(facts.settings))
    here, best = live.reading.catalog, None
    for id_ in _candidates(facts):
        differences = len(diff(live.at((id_,) if id_ else ()), here))
        if best is None or differences < best.differences:
            best = Resemblance(id_ or "base", differences)
        if not differences:
            break
    return best


def _candidates(facts: EnvironmentFacts) -> Iterator[str]:
    yield from list(reversed(facts.graph.ordered()))[:MOST_CANDIDATES]
    yield ""
