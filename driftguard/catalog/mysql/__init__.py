"""MariaDB and MySQL: what a database holds, from information_schema and SHOW CREATE."""

from __future__ import annotations

from driftguard.catalog.mysql.fingerprint import GLANCE, UNDER_WAY, exact, quick
from driftguard.catalog.mysql.reading import IN_TURN, read
from driftguard.catalog.mysql.restoring import restore
from driftguard.catalog.mysql.statements import SESSION
from driftguard.catalog.mysql.writing import MANNER, order, steps, way_round

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
