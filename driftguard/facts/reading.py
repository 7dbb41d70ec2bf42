"""One look at a live database, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from driftguard.facts.guest import Probe
from driftguard.facts.readings import Lost, Reading
from driftguard.probe.answers import Address, Database
from driftguard.schema import select
from driftguard.schema.catalog import Scope

SCHEMAS = """
SELECT nspname::text, CASE WHEN pg_catalog.has_schema_privilege(oid, 'USAGE') THEN 'yes' ELSE 'no' END
FROM pg_catalog.pg_namespace
ORDER BY nspname COLLATE "C"
"""
BE_DEFAULT = "SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident('{schema}'), true)"
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


def read(probe: Probe, number: int, database: Database, scope: Scope, tenants: Sequence[str] = ()) -> Reading:
    """Stamp and catalog in one session of the guest's live address ``number``; raises GuestFailed, DeadlinePassed.

    ``tenants`` are patterns of schemas' names.
    """
    with probe.session(f"@{number}", database.dialect) as session:
        stamp = probe.stamp(session, database)
        reading = Reading(stamp, probe.read(session, database.dialect, scope))
        if not tenants or database.dialect != "postgresql":
            return reading
        found = probe.call("query", session=session, statement=SCHEMAS)
        own: list[tuple[str, Reading | Lost]] = []
        alike: dict[Reading, Reading] = {}  # kept once, however many tenants hold the same
        for name, may_look in found:
            if fits(name, tenants) and may_look == "yes":
                taken = _tenant(probe, session, database, name, stamp)
                own.append((name, alike.setdefault(taken, taken)))
            elif fits(name, tenants):
                own.append((name, Lost("permission denied for the schema", GRANT)))
        return reading._replace(tenants=tuple(own))


def fits(schema: str, tenants: Sequence[str]) -> bool:
    """Whether a schema is a tenant's."""
    return any(fnmatchcase(schema, pattern) for pattern in tenants)


def _tenant(probe: Probe, session: int, database: Database, schema: str, stamp: tuple[str, ...] | None) -> Reading:
    """What one schema holds; its own version table counts, else the database's."""
    quoted = schema.replace("'", "''")
    probe.call("query", session=session, statement=BE_DEFAULT.format(schema=quoted))
    table = database.version_table
    own = probe.call("stamp", session=session, table=table, schema=schema)
    left_out = frozenset({("", table), (database.version_table_schema, table)})
    catalog = probe.read(session, database.dialect, Scope(frozenset({""}), left_out, probe.privileges))
    return Reading(
        stamp if own is None else tuple(own), select.without(catalog, lambda name: name.kind in select.WITHOUT_SCHEMA)
    )


def lost(dialect: str, address: Address, message: str) -> Lost:
    """What a driver's message means to the user."""
    if dialect == "sqlite":
        file = Path(address.database)
        if not file.exists():
            return Lost("there is no such file", MAKE_IT)
        if file.is_dir():
            return Lost("it is a folder", MEND)
    return Lost(message, next((advice for said, advice in ADVICE if said in message), MEND))
