"""PostgreSQL 12 to 18: what a database holds, and the statements that bring it back."""

from __future__ import annotations

from driftguard.catalog.postgresql.fingerprint import GLANCE, UNDER_WAY, exact, quick
from driftguard.catalog.postgresql.reading import IN_TURN, read
from driftguard.catalog.postgresql.restoring import restore
from driftguard.catalog.postgresql.statements import SESSION
from driftguard.catalog.postgresql.writing import MANNER, order, steps, way_round

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
