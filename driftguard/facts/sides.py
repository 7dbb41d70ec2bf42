"""The schemas that can be compared: models, head, live, a revision, or the database at a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.live import LiveFacts
from driftguard.schema.catalog import Catalog, Name
from driftguard.schema.roles import as_run_by

BASE = "base"
ADDRESSES = ("env:", "://")


class Side(NamedTuple):
    """One schema, as it is called in sentences.

    ``ground`` makes a shadow that holds it, or what comes nearest: for a database what its stamp builds. ``order``
    tells the places of its columns. Both raise Unavailable.
    """

    called: str
    catalog: Catalog
    ground: Callable[[], str]
    order: Callable[[], Mapping[Name, int]]
    notes: tuple[str, ...] = ()
    is_live: bool = False


def side(
    word: str, environment: EnvironmentFacts, database: DatabaseFacts, neighbours: Callable[[], Sequence[Catalog]]
) -> Side:
    """What the user's word means; raises DriftguardError, Unavailable.

    ``neighbours`` gives what other chains build in the same database.
    """
    if word == "models":
        return _models(environment, database)
    if word == "live" or any(mark in word for mark in ADDRESSES):
        scene = environment.scene if word == "live" else replace(environment.scene, live=word)
        live = scene.live_of(environment.settings)
        if not live.wanted:
            raise DriftguardError("the live database is left alone, as --live or the setting says", "name its URL")
        return live_side(LiveFacts(environment, database, live, neighbours()), environment, database)
    if word == "head":
        return at(environment.graph.heads(), word, environment, database)
    if word == BASE:
        return at((), word, environment, database)
    revision = environment.graph.find(word).id
    return at((revision,), revision, environment, database)


def at(revisions: tuple[str, ...], called: str, environment: EnvironmentFacts, database: DatabaseFacts) -> Side:
    """What the chain builds up to some revisions."""
    chain = LiveFacts(environment, database, environment.scene.live_of(environment.settings))

    def ground() -> str:
        return chain.replay(revisions).shadow

    return Side(called, chain.at(revisions), ground, _order_on(ground, environment, database))


def live_side(live: LiveFacts, environment: EnvironmentFacts, database: DatabaseFacts) -> Side:
    """What a database holds."""

    def ground() -> str:
        stamp = environment.graph.heads() if live.unknown else live.reading.stamp or ()
        return live.replay(stamp).shadow

    def order() -> Mapping[Name, int]:
        return _order(live.url, environment, database)

    return Side(str(live.address), live.reading.catalog, ground, order, live.notes, is_live=True)


def run_by_one(first: Side, second: Side) -> tuple[Side, Side]:
    """Both as if one role had run their migrations: that of the live database, if one of them is."""
    one = next((each for each in (first, second) if each.is_live), first).catalog.role
    first, second = (each._replace(catalog=as_run_by(each.catalog, one)) for each in (first, second))
    return first, second


def _models(environment: EnvironmentFacts, database: DatabaseFacts) -> Side:
    with environment.failures():
        built = database.models
        if built.catalog is None:
            reason = built.failure.message if built.failure else ""
            raise DriftguardError(f"the models cannot be built on a shadow: {reason}", "see `driftguard check`")
        ground = database.build_models
        return Side("models", built.catalog, ground, _order_on(ground, environment, database))


def _order_on(
    ground: Callable[[], str], environment: EnvironmentFacts, database: DatabaseFacts
) -> Callable[[], Mapping[Name, int]]:
    def order() -> Mapping[Name, int]:
        url = ground()
        found = _order(url, environment, database)
        database.give_back(url)
        return found

    return order


def _order(url: str, environment: EnvironmentFacts, database: DatabaseFacts) -> Mapping[Name, int]:
    probe, dialect = environment.probe, database.database.dialect
    with environment.failures(), probe.session(url, dialect) as session:
        return probe.order(session, dialect)
