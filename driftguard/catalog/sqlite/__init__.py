"""SQLite: its pragmas, and the tokens of the statements that it keeps in ``sqlite_schema``."""

from driftguard.catalog.sqlite.fingerprint import GLANCE, exact, quick
from driftguard.catalog.sqlite.reading import SESSION, read
from driftguard.catalog.sqlite.restoring import restore

__all__ = ["GLANCE", "SESSION", "exact", "quick", "read", "restore"]
