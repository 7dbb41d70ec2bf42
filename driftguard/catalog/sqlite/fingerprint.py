"""Whether somebody may have changed an SQLite database that only the project's own driver can open.

Plain files need no guest: ``driftguard.memo.sqlite_live``.
"""

from __future__ import annotations

from collections.abc import Sequence

from driftguard.catalog.sqlite.reading import SESSION
from driftguard.memo.sqlite_live import SCHEMA
from driftguard.schema.catalog import Query, Row, Scope

GLANCE = SESSION
UNDER_WAY = ""


def quick(query: Query, scope: Scope) -> Sequence[Row]:
    """The schema itself is the cheapest that tells every change."""
    return query(SCHEMA)


def exact(query: Query, scope: Scope) -> Sequence[Row]:
    """As ``quick``."""
    return quick(query, scope)
