"""Keeps what a look at live has learnt, so that the next one needs neither env.py nor shadows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from driftguard.facts.database import server_of
from driftguard.facts.dependencies import around_guest
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.live import LiveFacts
from driftguard.facts.recalled import Learnt, Recollection, load, store
from driftguard.facts.unavailable import Unavailable
from driftguard.probe.guest_process import GuestFailed


def learn(facts: EnvironmentFacts, lives: Iterable[LiveFacts]) -> None:
    """Remember an environment, if all of its live databases were read and can be reached without env.py."""
    if not facts.has_run or facts.recalled is not None or facts.run.stand_in or facts.static_graph.unreadable:
        return
    read = [live for live in lives if live.environment is facts and live.has_read]
    name, terms = facts.recollection
    known = load(facts.scene.cache_folder, name, terms, facts.scene.environ)
    if known and known.python == facts.interpreter and all(map(_says_nothing_new, read, known.databases)):
        return
    with suppress(Unavailable, GuestFailed), facts.failures():
        learnt = _learnt(facts, read)
        around = around_guest(facts) if learnt else None
        if around is not None:
            store(facts.scene.cache_folder, name, Recollection(terms, facts.interpreter, facts.notes, around, learnt))


def _says_nothing_new(live: LiveFacts, known: Learnt) -> bool:
    facts = live.facts
    return (
        server_of(live.taken.catalog) == known.server
        and facts.built.keys() <= known.built.keys()
        and facts.kept.keys() <= known.kept.keys()
        and (facts.known_names is None or known.in_models is not None)
    )


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
