"""SQLite: its pragmas, and the tokens of the statements that it keeps in ``sqlite_schema``."""

from driftguard.catalog.sqlite.fingerprint import GLANCE, UNDER_WAY, exact, quick
from driftguard.catalog.sqlite.reading import SESSION, read
from driftguard.catalog.sqlite.restoring import restore

__all__ = ["GLANCE", "SESSION", "UNDER_WAY", "exact", "quick", "read", "restore"]
