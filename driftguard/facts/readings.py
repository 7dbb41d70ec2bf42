"""What was read of live databases."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from driftguard.graph import Loaded
from driftguard.schema.catalog import Catalog
from driftguard.shadow import Lifetime


class Reading(NamedTuple):
    """One consistent look: the stamp (None: there is no version table) and the catalog.

    ``tenants``: by schema, what each of those that the setting names holds, as if it were the default one; Lost where
    the role may not look into it.
    """

    stamp: tuple[str, ...] | None
    catalog: Catalog
    tenants: tuple[tuple[str, Reading | Lost], ...] = ()


class Readings:
    """What the live databases held when they were last read, for a process that looks again and again."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[str, Reading]] = {}

    def get(self, place: Hashable, fingerprint: str) -> Reading | None:
        """Of a database as it was read then, if its exact fingerprint is still the same."""
        was, reading = self._kept.get(place, ("", None))
        return reading if fingerprint and was == fingerprint else None

    def keep(self, place: Hashable, fingerprint: str, reading: Reading) -> None:
        """Of each place the last one."""
        self._kept[place] = (fingerprint, reading)


class Lasting(NamedTuple):
    """What each look of a process leaves to the next one.

    ``graphs``: the last ones that were loaded, by version locations and whether those below them count.
    """

    readings: Readings
    lifetime: Lifetime
    graphs: dict[tuple[tuple[str, ...], bool], Loaded]


class Lost(NamedTuple):
    """Why a database could not be read, and what to do about it."""

    reason: str
    advice: str
