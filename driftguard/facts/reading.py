"""One look at a live database, and why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from driftguard.facts.guest import Probe
from driftguard.probe.answers import Address, Database
from driftguard.schema.catalog import Catalog, Scope

MAKE_IT = "make it by an upgrade, or mend the address; --live off leaves the live database out"
MEND = "start it or mend the address; --live off leaves the live database out"
WAIT = "somebody else holds a lock: check again when they are done; --live off leaves the live database out"
GRANT = "give the role the right to connect and SELECT; --live off leaves the live database out"
ADVICE = (
    ("database is locked", WAIT),
    ("lock timeout", WAIT),
    ("Lock wait timeout", WAIT),
    ("permission denied", GRANT),
    ("denied to user", GRANT),
    ("denied for user", GRANT),
)


class Reading(NamedTuple):
    """One consistent look: the stamp (None: there is no version table) and the catalog."""

    stamp: tuple[str, ...] | None
    catalog: Catalog


class Lost(NamedTuple):
    """Why a database could not be read, and what to do about it."""

    reason: str
    advice: str


def read(probe: Probe, number: int, database: Database, scope: Scope) -> Reading:
    """Stamp and catalog in one session of the guest's live address ``number``; raises GuestFailed, DeadlinePassed."""
    with probe.session(f"@{number}", database.dialect) as session:
        return Reading(probe.stamp(session, database), probe.read(session, database.dialect, scope))


def lost(dialect: str, address: Address, message: str) -> Lost:
    """What a driver's message means to the user."""
    if dialect == "sqlite":
        file = Path(address.database)
        if not file.exists():
            return Lost("there is no such file", MAKE_IT)
        if file.is_dir():
            return Lost("it is a folder", MEND)
    return Lost(message, next((advice for said, advice in ADVICE if said in message), MEND))
