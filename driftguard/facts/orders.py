"""What comes of running the two sides of a fork, or of a merge, in either order on shadows."""

from __future__ import annotations

from driftguard.checks.graph import GraphInput
from driftguard.checks.order import Meeting, Order, OrderInput, Trial, encounters, meetings
from driftguard.checks.setup import Problem
from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.unavailable import Unavailable, raise_for
from driftguard.probe.answers import Database

UNTOLD = "{}: cannot tell whether it matters which of {} and {} runs first: {}"
BOTH_ORDERS = 3
"""How many times as long as the longest replay until now both orders may take, with some room."""


def order_input(facts: EnvironmentFacts, given: GraphInput, *, tries: bool) -> tuple[OrderInput, tuple[str, ...]]:
    """What the sides that meet do to each other, and notes on what could not be tried.

    ``tries``: run both orders where the text leaves it open. Nothing is read where no two sides meet.
    """
    met = meetings(given)
    if not met:
        return OrderInput(given.graph), ()
    paths = {given.graph[id_].path for meeting in met for side in meeting.sides for id_ in side}
    found = encounters(given.graph, met, facts.scene.tree.read_many(paths))
    if not tries:
        return OrderInput(given.graph, found), ()
    tried, notes = [], []
    for encounter in found:
        trials: tuple[Trial, ...] = ()
        if encounter.is_worth_trying:
            try:
                trials = _trials(facts, encounter.meeting)
            except Unavailable as missing:
                notes.append(UNTOLD.format(facts.environment.name, *encounter.meeting.ends, missing.problem.message))
        tried.append(encounter._replace(trials=trials))
    return OrderInput(given.graph, tuple(tried)), tuple(notes)


def _trials(facts: EnvironmentFacts, meeting: Meeting) -> tuple[Trial, ...]:
    """Both orders, for every database as far as env.py came; raises Unavailable."""
    if not facts.has_run:
        raise Unavailable("DG901", Problem(facts.environment.name, "the revisions could not be replayed"))
    if facts.probe.left < BOTH_ORDERS * facts.probe.longest_run:
        message = f"two more replays would take longer than what is left of {facts.settings.deadline} seconds"
        raise Unavailable("DG905", Problem(facts.environment.name, message))
    one, other = meeting.ends
    pairs = zip(_orders(facts, one, other), _orders(facts, other, one), strict=False)
    return tuple(Trial(facts.databases[number].database.name, pair) for number, pair in enumerate(pairs))


def _orders(facts: EnvironmentFacts, first: str, second: str) -> list[Order]:
    """For each database what came of running one side before the other."""
    facts.scene.progress(f"{facts.environment.name}: replaying {first} before {second}")
    with facts.failures():
        run = facts.probe.run((first, second), begin=(first,), compare=False, purpose="order", loans=facts.loans(first))
        orders = [
            _order(facts, database, first, second, replayed)
            for database, replayed in zip(facts.databases, run.databases, strict=False)
        ]
    if run.error is not None and not any(order.failed for order in orders):
        raise_for(run.error, facts.environment.name, facts.scene.root)
    return orders


def _order(facts: EnvironmentFacts, database: DatabaseFacts, first: str, second: str, replayed: Database) -> Order:
    if replayed.failure is None:
        return Order(first, second, database.replayed(replayed), None)
    facts.raise_for_shadow(replayed.failure)
    database.give_back(replayed.shadow)
    return Order(first, second, None, facts.failed_upgrade(replayed.failure))
