"""Whether somebody may have changed a PostgreSQL database (12 to 18): cheap answers that change if so.

A changed answer only means that it is worth looking again: TRUNCATE and VACUUM FULL, for instance, write to pg_class.
"""

from __future__ import annotations

from collections.abc import Sequence

from driftguard.schema.catalog import Query, Row, Scope

GLANCE = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL statement_timeout = '5s'",
    "SET LOCAL lock_timeout = '500ms'",
    "SET LOCAL idle_in_transaction_session_timeout = '10s'",
)
"""As ``statements.SESSION``, for one short question."""

# Catalogs have oids below 10000; by them the index is used, however many tables there are. Those that are shared by all
# databases move with every shadow that comes and goes; statistics and large objects move with data.
COUNTERS = """
SELECT CASE WHEN pg_catalog.pg_is_in_recovery() OR NOT pg_catalog.current_setting('track_counts')::boolean
            THEN 'no' ELSE 'yes' END,
       d.oid::text, pg_catalog.pg_postmaster_start_time()::text,
       pg_catalog.pg_stat_get_db_stat_reset_time(d.oid)::text,
       coalesce(pg_catalog.current_schema()::text, ''), pg_catalog.current_setting('server_version_num'),
       (SELECT pg_catalog.concat_ws(' ', sum(pg_catalog.pg_stat_get_tuples_inserted(c.oid)),
                                    sum(pg_catalog.pg_stat_get_tuples_updated(c.oid)),
                                    sum(pg_catalog.pg_stat_get_tuples_deleted(c.oid)))
        FROM pg_catalog.pg_class c
        WHERE c.oid < 10000 AND c.relkind = 'r' AND NOT c.relisshared
          AND c.relname NOT IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_largeobject_metadata'))
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""
"""Whether the server counts (a standby does not count what it replays), who answers, and the counters.

A database, or a whole server, that was made anew by the same script has the same counters and transaction ids, hence
the oid and the start time. A session tells what it did when it ends; while it stays connected, at the end of a
transaction if the last time is a second ago, else after ten idle seconds (before 15: with its next transaction), see
https://www.postgresql.org/docs/current/monitoring-stats.html. A snapshot of the counters ends with its transaction.
"""

UNDER_WAY = """
SELECT CASE WHEN n.nspname = pg_catalog.current_schema() THEN '' ELSE n.nspname::text END, c.relname::text
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.granted AND l.pid <> pg_catalog.pg_backend_pid()
  AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
UNION
SELECT NULL, 'an index' FROM pg_catalog.pg_stat_progress_create_index
WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
ORDER BY 1, 2
"""
"""Schema and name of the tables that other sessions write to; without schema: what else is being changed."""

WHO = """
SELECT d.oid::text, pg_catalog.pg_postmaster_start_time()::text,
       coalesce(pg_catalog.current_schema()::text, ''), pg_catalog.current_setting('server_version_num')
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""

# Every change of a catalog's row gives it a new xmin, but for those that VACUUM and ANALYZE make in place. Oids of the
# server's own objects are below 16384. What temporary tables consist of is left out, as far as it is cheap.
WRITERS = """
WITH passing AS (
  SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't'
), written (catalog, key, xmin) AS (
  SELECT 'aggregate', aggfnoid::oid, xmin FROM pg_aggregate WHERE aggfnoid::oid >= 16384
  UNION ALL SELECT 'am', oid, xmin FROM pg_am WHERE oid >= 16384
  UNION ALL SELECT 'family operator', oid, xmin FROM pg_amop WHERE oid >= 16384
  UNION ALL SELECT 'family function', oid, xmin FROM pg_amproc WHERE oid >= 16384
  UNION ALL SELECT 'attrdef', oid, xmin FROM pg_attrdef WHERE adrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'attribute', attrelid, xmin FROM pg_attribute
    WHERE attrelid >= 16384 AND attnum > 0 AND attrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'cast', oid, xmin FROM pg_cast WHERE oid >= 16384
  UNION ALL SELECT 'class', oid, xmin FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't'
  UNION ALL SELECT 'collation', oid, xmin FROM pg_collation WHERE oid >= 16384
  UNION ALL SELECT 'constraint', oid, xmin FROM pg_constraint WHERE oid >= 16384 AND conrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'conversion', oid, xmin FROM pg_conversion WHERE oid >= 16384
  UNION ALL SELECT 'default privileges', oid, xmin FROM pg_default_acl
  UNION ALL SELECT 'depend', objid, xmin FROM pg_depend
    WHERE objid >= 16384 AND (deptype IN ('e', 'P') OR (classid = 'pg_class'::regclass AND deptype IN ('a', 'i'))
                              OR classid = to_regclass('pg_publication_namespace'))
      AND objid NOT IN (TABLE passing)
  UNION ALL SELECT 'description', objoid, xmin FROM pg_description WHERE objoid >= 16384
  UNION ALL SELECT 'enum', oid, xmin FROM pg_enum
  UNION ALL SELECT 'event trigger', oid, xmin FROM pg_event_trigger
  UNION ALL SELECT 'extension', oid, xmin FROM pg_extension
  UNION ALL SELECT 'foreign data wrapper', oid, xmin FROM pg_foreign_data_wrapper
  UNION ALL SELECT 'foreign server', oid, xmin FROM pg_foreign_server
  UNION ALL SELECT 'foreign table', ftrelid, xmin FROM pg_foreign_table
  UNION ALL SELECT 'index', indexrelid, xmin FROM pg_index
    WHERE indexrelid >= 16384 AND indrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'inherits', inhrelid, xmin FROM pg_inherits WHERE inhrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'language', oid, xmin FROM pg_language
  UNION ALL SELECT 'namespace', oid, xmin FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT 'opclass', oid, xmin FROM pg_opclass WHERE oid >= 16384
  UNION ALL SELECT 'operator', oid, xmin FROM pg_operator WHERE oid >= 16384
  UNION ALL SELECT 'opfamily', oid, xmin FROM pg_opfamily WHERE oid >= 16384
  UNION ALL SELECT 'partitioned table', partrelid, xmin FROM pg_partitioned_table
    WHERE partrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'policy', oid, xmin FROM pg_policy
  UNION ALL SELECT 'proc', oid, xmin FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT 'publication', oid, xmin FROM pg_publication
  UNION ALL SELECT 'published table', oid, xmin FROM pg_publication_rel
  UNION ALL SELECT 'range', rngtypid, xmin FROM pg_range WHERE rngtypid >= 16384
  UNION ALL SELECT 'rewrite', oid, xmin FROM pg_rewrite WHERE oid >= 16384 AND ev_class NOT IN (TABLE passing)
  UNION ALL SELECT 'sequence', seqrelid, xmin FROM pg_sequence WHERE seqrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'statistic', oid, xmin FROM pg_statistic_ext WHERE stxrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'transform', oid, xmin FROM pg_transform
  UNION ALL SELECT 'trigger', oid, xmin FROM pg_trigger WHERE tgrelid NOT IN (TABLE passing)
  UNION ALL SELECT 'text search configuration', oid, xmin FROM pg_ts_config WHERE oid >= 16384
  UNION ALL SELECT 'text search mapping', mapcfg, xmin FROM pg_ts_config_map WHERE mapcfg >= 16384
  UNION ALL SELECT 'text search dictionary', oid, xmin FROM pg_ts_dict WHERE oid >= 16384
  UNION ALL SELECT 'text search parser', oid, xmin FROM pg_ts_parser WHERE oid >= 16384
  UNION ALL SELECT 'text search template', oid, xmin FROM pg_ts_template WHERE oid >= 16384
  UNION ALL SELECT 'type', oid, xmin FROM pg_type
    WHERE oid >= 16384 AND typnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_temp_')
)
SELECT catalog, count(*)::text, sum(hashint8extended(key::bigint, xmin::text::bigint))::text
FROM written GROUP BY catalog ORDER BY catalog
"""
"""Of each catalog that ``statements`` looks at: how many rows there are, and which transactions wrote them."""


def quick(query: Query, scope: Scope) -> Sequence[Row]:
    """Moves with every DDL, rolled-back ones included, if not at once (``COUNTERS``); as cheap for a large schema."""
    rows = query(COUNTERS)
    return rows if all(row[0] == "yes" for row in rows) else exact(query, scope)


def exact(query: Query, scope: Scope) -> Sequence[Row]:
    """Moves with every committed change of a catalog's rows in any schema, and at once."""
    return [*query(WHO), *query(WRITERS)]
