"""SQLite: its pragmas, and the tokens of the statements that it keeps in ``sqlite_schema``."""

from driftguard.catalog.sqlite.fingerprint import GLANCE, UNDER_WAY, exact, quick
from driftguard.catalog.sqlite.reading import IN_TURN, SESSION, read
from driftguard.catalog.sqlite.restoring import restore
from driftguard.catalog.sqlite.writing import MANNER, order, steps, way_round

__all__ = [
    "GLANCE",
    "IN_TURN",
    "MANNER",
    "SESSION",
    "UNDER_WAY",
    "exact",
    "order",
    "quick",
    "read",
    "restore",
    "steps",
    "way_round",
]
