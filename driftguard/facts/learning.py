"""Keeps what a look at live has learnt, so that the next one needs neither env.py nor shadows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from driftguard.facts.database import server_of
from driftguard.facts.dependencies import around_guest
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.live import LiveFacts
from driftguard.facts.recalled import Learnt, Recollection, store
from driftguard.facts.unavailable import Unavailable
from driftguard.probe.guest_process import GuestFailed


def learn(facts: EnvironmentFacts, lives: Iterable[LiveFacts]) -> None:
    """Remember an environment, if all of its live databases were read and can be reached without env.py."""
    if not facts.has_run or facts.recalled is not None or facts.run.stand_in or facts.static_graph.unreadable:
        return
    with suppress(Unavailable, GuestFailed), facts.failures():
        learnt = _learnt(facts, [live for live in lives if live.environment is facts and live.has_read])
        around = around_guest(facts) if learnt else None
        if around is not None:
            name, terms = facts.recollection
            store(facts.scene.cache_folder, name, Recollection(terms, facts.interpreter, facts.notes, around, learnt))


def _learnt(facts: EnvironmentFacts, lives: list[LiveFacts]) -> tuple[Learnt, ...]:
    """Of all databases, or of none; what a guest is told to reach gets its numbers in that order."""
    if [live.facts for live in lives] != list(facts.databases):
        return ()
    numbers = list(dict.fromkeys(each.database.live for each in facts.databases))
    is_named = bool(facts.scene.live_of(facts.settings).url)
    ways = [None for _ in numbers] if is_named else facts.probe.call("ways", lives=numbers)
    if None in ways and not is_named:
        return ()
    return tuple(
        Learnt(
            replace(each.database, live=numbers.index(each.database.live), shadow="", operations=()),
            ways[numbers.index(each.database.live)],
            server_of(live.taken.catalog),
            each.head,
            each.built,
            each.known_names,
            each.kept,
        )
        for each, live in zip(facts.databases, lives, strict=True)
    )
