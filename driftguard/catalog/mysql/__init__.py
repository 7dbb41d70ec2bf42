"""MariaDB and MySQL: what a database holds, from information_schema and SHOW CREATE."""

from __future__ import annotations

from driftguard.catalog.mysql.fingerprint import GLANCE, UNDER_WAY, exact, quick
from driftguard.catalog.mysql.reading import read
from driftguard.catalog.mysql.restoring import restore
from driftguard.catalog.mysql.statements import SESSION

__all__ = ["GLANCE", "SESSION", "UNDER_WAY", "exact", "quick", "read", "restore"]
