"""Takes the facts of a live database for a file, and reads them from there as from the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from driftguard import __version__
from driftguard.errors import DriftguardError
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.export import Export, Version
from driftguard.facts.guest import Probe
from driftguard.facts.reading import GRANT, fits, lost
from driftguard.facts.readings import Lost, Reading
from driftguard.probe.answers import Address, Database
from driftguard.probe.guest_process import GuestFailed
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Scope
from driftguard.schema.roles import without_all_roles

FAMILIES = {"mariadb": "mysql"}
WITH_SCHEMAS = ("postgresql", "sqlite")
"""Kinds of servers of which every schema is read; of others the connection's own one."""

ANEW_WITH_PRIVILEGES = "export it anew, where the setting privileges is true"
ANEW = "export it anew: driftguard facts URL > FILE"


def exported(facts: EnvironmentFacts) -> Export:
    """The facts of the one live database that is named or that env.py configures.

    Raises Unavailable, and DriftguardError if it cannot be read.
    """
    number, dialect, address = _target(facts)
    probe = facts.probe
    facts.scene.progress(f"{facts.environment.name}: reading {address}")
    with facts.failures():
        try:
            with probe.session(f"@{number}", dialect) as session:
                return _taken(probe, session, dialect, address)
        except GuestFailed as error:
            raise DriftguardError(*lost(dialect, address, error.message)) from error


def _target(facts: EnvironmentFacts) -> tuple[int, str, Address]:
    """The guest's number for it, its dialect and where it is."""
    live = facts.scene.live_of(facts.settings)
    if live.url:
        with facts.failures():
            answer = facts.probe.call("reach", url=live.url)
        return answer["live"], answer["dialect"], Address(**answer["address"])
    if len(facts.databases) > 1:
        raise DriftguardError("env.py configures several databases", "name one by its URL: driftguard facts URL")
    [database] = facts.databases
    return database.database.live, database.database.dialect, database.database.address


def _taken(probe: Probe, session: int, dialect: str, address: Address) -> Export:
    default = _default_schema(probe, session, dialect, address)
    everything = Scope(None if dialect in WITH_SCHEMAS else frozenset({""}))
    catalog = probe.read(session, dialect, everything)
    tables = select.version_tables(catalog)
    found = [
        (schema, table, probe.call("stamp", session=session, table=table, schema=schema))
        for schema, table in sorted(tables)
    ]
    if probe.privileges:
        others = probe.read(session, dialect, everything._replace(left_out=tables, privileges=True))
        own = (each for each in catalog.objects if select.inside(tables)(each.name))
        catalog = replace(others, objects=tuple(sorted((*others.objects, *own))))
    versions = tuple(Version(schema, table, tuple(stamp or ())) for schema, table, stamp in found)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Export(str(address), now, __version__, default, versions, catalog)


def reading_of(
    export: Export, database: Database, head: Catalog, scope: Scope, tenants: Sequence[str] = ()
) -> Reading | Lost:
    """What a look at the database itself would have given, of which ``scope`` is to be compared with ``head``.

    A schema that is to be read as the default one (a pattern of ``tenants`` fits) was not read in that way.
    """
    catalog = export.catalog
    inside = select.schemas(catalog) | {export.default_schema}
    if catalog.dialect == "postgresql" and any(fits(each, tenants) for each in inside):
        return Lost("exported facts hold no tenants, and some of its schemas are tenants'", "compare it directly")
    if _family(catalog.dialect) != _family(head.dialect):
        return Lost(f"env.py configures {head.dialect}, but these are facts of {catalog.dialect}", ANEW)
    if catalog.dialect not in WITH_SCHEMAS and (scope.schemas or frozenset()) - {"", export.default_schema}:
        return Lost("the revisions know other schemas, and of these the file holds nothing", "compare it directly")
    if scope.privileges and catalog.dialect == "postgresql" and not catalog.role:
        return Lost("owners and privileges are wanted, and of these the file holds nothing", ANEW_WITH_PRIVILEGES)
    catalog = catalog if scope.privileges else without_all_roles(catalog)
    schema, table = _plain(export, database.version_table_schema), database.version_table
    stamps = (each.revisions for each in export.versions if (each.schema, each.table) == (schema, table))
    wanted = Scope(
        None if scope.schemas is None else frozenset(_plain(export, each) for each in scope.schemas),
        frozenset((_plain(export, owner), left) for owner, left in scope.left_out),
    )
    return Reading(next(stamps, None), select.scoped(catalog, wanted))


def _plain(export: Export, schema: str) -> str:
    return "" if schema == export.default_schema else schema


def _family(dialect: str) -> str:
    return FAMILIES.get(dialect, dialect)


def _default_schema(probe: Probe, session: int, dialect: str, address: Address) -> str:
    if dialect == "postgresql":
        ((schema,),) = probe.call("query", session=session, statement="SELECT current_schema()::text")
        if schema is None:
            raise DriftguardError("permission denied for every schema of its search_path", GRANT)
        return str(schema)
    return "main" if dialect == "sqlite" else address.database
