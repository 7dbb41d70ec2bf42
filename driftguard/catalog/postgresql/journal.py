"""The journal of schema changes in a PostgreSQL database (12 to 18): the SQL that sets it up, reads it and removes it.

Event triggers write what each statement changed into a table; row triggers on version tables write when a stamp moved.
All of it is in one schema. As in ``statements``, there is no percent sign and no word behind a single colon; nor is
there a backslash in what servers keep, because its meaning depends on the session.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from driftguard.schema.catalog import Name, Query, Row
from driftguard.schema.journal import Entry, Move, Origin, Touched

SCHEMA = "driftguard_journal"
CHANNEL = "driftguard_journal"
MARK = "driftguard journal, version 1: who changed the schema; see and remove it with `driftguard journal`"
"""The comment on everything that is ours: a name alone could be anybody's."""

STAMP = "STAMP"
"""The tag of entries about a version table's rows."""

BEGIN = (
    "SET LOCAL lock_timeout = '3s'",
    "SET LOCAL statement_timeout = '30s'",
    "SET LOCAL search_path = pg_catalog, pg_temp",
    "SET LOCAL client_min_messages = 'warning'",
    "SELECT pg_catalog.pg_advisory_xact_lock(7020221834512017)",
)
"""One of us at a time, and never long in the way of an upgrade."""

REFUSE_STRANGERS = f"""
DO $driftguard$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = '{SCHEMA}'
             AND pg_catalog.obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM '{MARK}') THEN
    RAISE EXCEPTION 'the schema {SCHEMA} is not driftguard''s, its comment is another';
  END IF;
END
$driftguard$
"""

DROP_EVENT_TRIGGERS = (
    f"DROP EVENT TRIGGER IF EXISTS {SCHEMA}_command",
    f"DROP EVENT TRIGGER IF EXISTS {SCHEMA}_drop",
)

CREATE_SCHEMA = f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"

COLUMNS = {
    "id": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "at": "timestamptz NOT NULL",
    "tag": "text NOT NULL",
    "statement": "text NOT NULL",
    "objects": "jsonb NOT NULL",
    "user": "text NOT NULL",
    "role": "text NOT NULL",
    "application": "text NOT NULL",
    "address": "text NOT NULL",
    "pid": "integer NOT NULL",
    "session_began": "timestamptz",
    "txid": "bigint NOT NULL",
    "transaction_began": "timestamptz NOT NULL",
    "statement_began": "timestamptz NOT NULL",
}
CREATE_TABLE = f"""
CREATE TABLE IF NOT EXISTS {SCHEMA}.entry ({", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())})
"""

# Subscribers of FOR ALL TABLES would stop at a row of a table that they lack; what is unlogged is not published.
UNPUBLISHED = f"""
DO $driftguard$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_publication WHERE puballtables) THEN
    ALTER TABLE {SCHEMA}.entry SET UNLOGGED;
  END IF;
END
$driftguard$
"""

# A full queue of notifications would fail a transaction when it commits, and a transaction that has notified cannot be
# prepared. Reading the table could fail two serializable transactions that both do, hence the old entries are then left
# to the next one. Where a password may stand, no text of the statement is kept: it ends before the first one.
KEEP = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.keep(tag text, objects jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $driftguard$
DECLARE
  said text = coalesce(current_query(), '');
  number bigint;
BEGIN
  IF said ~* '(passw|pwd|passphrase|secret|token|credential|private|api_?key|mapping|subscription|server|[/][/])' THEN
    said = regexp_replace(said, '[''$].*', '...');
  END IF;
  IF length(said) > 2000 THEN
    said = left(said, 2000) || '...';
  END IF;
  INSERT INTO {SCHEMA}.entry (at, tag, statement, objects, "user", role, application, address, pid, session_began,
                              txid, transaction_began, statement_began)
  VALUES (clock_timestamp(), tag, said, objects, session_user,
          coalesce(nullif(current_setting('role'), 'none'), ''), current_setting('application_name'),
          coalesce(host(inet_client_addr()), ''), pg_backend_pid(),
          (SELECT s.backend_start FROM pg_stat_get_activity(pg_backend_pid()) s),
          txid_current(), transaction_timestamp(), statement_timestamp())
  RETURNING id INTO number;
  IF current_setting('max_prepared_transactions') = '0' AND pg_notification_queue_usage() < 0.5 THEN
    PERFORM pg_notify('{CHANNEL}', '');
  END IF;
  IF mod(number, 100) = 0 AND current_setting('transaction_isolation') <> 'serializable' THEN
    BEGIN
      DELETE FROM {SCHEMA}.entry WHERE id IN (
        SELECT e.id FROM {SCHEMA}.entry e WHERE e.id <= number - 10000 ORDER BY e.id LIMIT 1000 FOR UPDATE SKIP LOCKED);
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END IF;
END
$driftguard$
"""

WATCH = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.watch(version_table oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $driftguard$
DECLARE
  quoted text = (SELECT concat(quote_ident(n.nspname), '.', quote_ident(c.relname))
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = version_table);
BEGIN
  IF quoted IS NULL OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = version_table AND t.tgname = '{SCHEMA}') THEN
    RETURN;
  END IF;
  EXECUTE concat('CREATE TRIGGER {SCHEMA} AFTER INSERT OR UPDATE OR DELETE ON ', quoted,
                 ' FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.note_stamp()');
  EXECUTE concat('ALTER TABLE ', quoted, ' ENABLE ALWAYS TRIGGER {SCHEMA}');
  EXECUTE concat('COMMENT ON TRIGGER {SCHEMA} ON ', quoted, ' IS ', quote_literal('{MARK}'));
END
$driftguard$
"""

NOTE_STAMP = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.note_stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $driftguard$
BEGIN
  IF NOT {SCHEMA}.is_version_table(tg_relid) THEN
    RETURN NULL;
  END IF;
  PERFORM {SCHEMA}.keep('{STAMP}', jsonb_build_array(jsonb_build_object(
    'names', jsonb_build_array(tg_table_schema, tg_table_name),
    'was', CASE WHEN tg_op <> 'INSERT' THEN old.version_num END,
    'now', CASE WHEN tg_op <> 'DELETE' THEN new.version_num END)));
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$driftguard$
"""

# Version tables are those with the one column version_num. Watching one is DDL, too, which is not worth an entry.
NOTE_COMMAND = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.note_command() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $driftguard$
DECLARE
  changed jsonb;
BEGIN
  IF tg_tag IN ('REFRESH MATERIALIZED VIEW', 'REINDEX') THEN
    RETURN;
  END IF;
  SELECT jsonb_agg(jsonb_build_object(
    'kind', c.object_type,
    'names', CASE WHEN t.oid IS NULL THEN to_jsonb(a.object_names) ELSE jsonb_build_array(c.schema_name, t.typname) END,
    'identity', c.object_identity))
  INTO changed
  FROM (SELECT classid, objid, objsubid, object_type, schema_name, object_identity
        FROM pg_event_trigger_ddl_commands()
        WHERE NOT in_extension AND schema_name IS DISTINCT FROM 'pg_temp'
          AND NOT EXISTS (SELECT FROM pg_trigger w JOIN pg_proc p ON p.oid = w.tgfoid
                          WHERE p.proname = 'note_stamp' AND p.pronamespace = to_regnamespace('{SCHEMA}')
                            AND ((classid = 'pg_trigger'::regclass AND objid = w.oid)
                                 OR (tg_tag = 'ALTER TABLE' AND classid = 'pg_class'::regclass AND objid = w.tgrelid)))
        LIMIT 500) c
  LEFT JOIN pg_type t ON c.classid = 'pg_type'::regclass AND t.oid = c.objid
  LEFT JOIN LATERAL pg_identify_object_as_address(c.classid, c.objid, c.objsubid) a ON true;
  IF changed IS NOT NULL THEN
    PERFORM {SCHEMA}.keep(tg_tag, changed);
  END IF;
  BEGIN
    PERFORM {SCHEMA}.watch(c.objid) FROM pg_event_trigger_ddl_commands() c
    WHERE c.command_tag IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') AND {SCHEMA}.is_version_table(c.objid);
  EXCEPTION WHEN OTHERS THEN
    NULL;
  END;
EXCEPTION WHEN OTHERS THEN
  NULL;
END
$driftguard$
"""

NOTE_DROP = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.note_drop() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $driftguard$
DECLARE
  dropped jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object(
    'kind', d.object_type,
    'names', CASE WHEN d.classid = 'pg_type'::regclass THEN jsonb_build_array(d.schema_name, d.object_name)
                  ELSE to_jsonb(d.address_names) END,
    'identity', d.object_identity, 'dropped', true))
  INTO dropped
  FROM (SELECT classid, object_type, schema_name, object_name, object_identity, address_names
        FROM pg_event_trigger_dropped_objects()
        WHERE NOT is_temporary AND schema_name IS DISTINCT FROM 'pg_toast' AND right(object_identity, 2) <> '[]'
        ORDER BY original DESC, normal DESC
        LIMIT 500) d;
  IF dropped IS NOT NULL THEN
    PERFORM {SCHEMA}.keep(tg_tag, dropped);
  END IF;
EXCEPTION WHEN OTHERS THEN
  NULL;
END
$driftguard$
"""

# A value of any other type could bring a cast along: somebody else's function, run with the rights of our owner.
IS_VERSION_TABLE = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.is_version_table(candidate oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $driftguard$
  SELECT coalesce(bool_and(a.attname = 'version_num'
                           AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)), false)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.oid = candidate AND c.relkind = 'r' AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
$driftguard$
"""

WATCH_ALL = f"""
SELECT {SCHEMA}.watch(a.attrelid) FROM pg_catalog.pg_attribute a
WHERE a.attname = 'version_num' AND a.attnum > 0 AND NOT a.attisdropped AND {SCHEMA}.is_version_table(a.attrelid)
"""

FUNCTIONS = {
    "is_version_table": "candidate oid",
    "keep": "tag text, objects jsonb",
    "note_command": "",
    "note_drop": "",
    "note_stamp": "",
    "watch": "version_table oid",
}
"""By name: their arguments."""

COMMENTS = (
    f"COMMENT ON SCHEMA {SCHEMA} IS '{MARK}'",
    f"COMMENT ON TABLE {SCHEMA}.entry IS '{MARK}'",
    *(f"COMMENT ON FUNCTION {SCHEMA}.{name}({arguments}) IS '{MARK}'" for name, arguments in FUNCTIONS.items()),
)

REVOKES = (
    f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC",
    f"REVOKE ALL ON TABLE {SCHEMA}.entry FROM PUBLIC",
    *(f"REVOKE ALL ON FUNCTION {SCHEMA}.{name}({arguments}) FROM PUBLIC" for name, arguments in FUNCTIONS.items()),
)

# Last, so that the journal does not tell of itself. Without ALWAYS, sessions with the role "replica" slip by.
CREATE_EVENT_TRIGGERS = tuple(
    statement
    for name, event in (("command", "ddl_command_end"), ("drop", "sql_drop"))
    for statement in (
        f"CREATE EVENT TRIGGER {SCHEMA}_{name} ON {event} EXECUTE FUNCTION {SCHEMA}.note_{name}()",
        f"ALTER EVENT TRIGGER {SCHEMA}_{name} ENABLE ALWAYS",
        f"COMMENT ON EVENT TRIGGER {SCHEMA}_{name} IS '{MARK}'",
    )
)

INSTALL = (
    *BEGIN,
    REFUSE_STRANGERS,
    *DROP_EVENT_TRIGGERS,
    CREATE_SCHEMA,
    COMMENTS[0],
    CREATE_TABLE,
    UNPUBLISHED,
    KEEP,
    WATCH,
    IS_VERSION_TABLE,
    NOTE_STAMP,
    NOTE_COMMAND,
    NOTE_DROP,
    *COMMENTS[1:],
    *REVOKES,
    WATCH_ALL,
    *CREATE_EVENT_TRIGGERS,
)
"""In one transaction; where there is a journal already, its entries stay and the rest is made anew."""

REMOVE = (
    *BEGIN,
    REFUSE_STRANGERS,
    *DROP_EVENT_TRIGGERS,
    *(f"DROP FUNCTION IF EXISTS {SCHEMA}.{name}({arguments}) CASCADE" for name, arguments in FUNCTIONS.items()),
    f"DROP TABLE IF EXISTS {SCHEMA}.entry",
    f"DROP SCHEMA IF EXISTS {SCHEMA}",
)
"""In one transaction; the triggers on version tables go with their function."""

IS_INSTALLED = f"""
SELECT 'yes' FROM pg_catalog.pg_namespace n
WHERE n.nspname = '{SCHEMA}' AND pg_catalog.obj_description(n.oid, 'pg_namespace') = '{MARK}'
"""

# What a client sent as one statement is one entry, though each command in it and each event has a row.
ENTRIES = f"""
WITH line AS (
  SELECT e.*, e.tag = '{STAMP}' AS is_stamp,
         pg_catalog.bool_or(e.tag = '{STAMP}') OVER (PARTITION BY e.txid, e.transaction_began) AS with_stamp,
         pg_catalog.min(e.at) FILTER (WHERE e.tag = '{STAMP}') OVER (
           PARTITION BY e.pid, e.session_began, e."user", e.application
           ORDER BY e.id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_stamp,
         EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
                 WHERE t.tgname = '{SCHEMA}' AND p.proname = 'note_stamp'
                   AND p.pronamespace = pg_catalog.to_regnamespace('{SCHEMA}')) AS watched
  FROM {SCHEMA}.entry e
), judged AS (
  SELECT line.*, CASE WHEN is_stamp THEN 'STAMP' WHEN with_stamp THEN 'REVISION'
                      WHEN next_stamp - at < pg_catalog.make_interval(mins => 10) THEN 'SESSION'
                      WHEN watched THEN 'HAND' ELSE 'UNKNOWN' END AS origin
  FROM line
)
SELECT pg_catalog.min(id)::text, extract(epoch FROM pg_catalog.min(at))::text, origin,
       (pg_catalog.jsonb_agg(tag ORDER BY id))::text, statement, "user", role, application, address, pid::text,
       txid::text, (pg_catalog.jsonb_agg(objects ORDER BY id))::text, pg_catalog.current_schema()::text
FROM judged
GROUP BY origin, statement, "user", role, application, address, pid, session_began, txid, transaction_began,
         statement_began
ORDER BY pg_catalog.min(id) DESC
"""


MARKED = frozenset(
    (
        Name("schema", "", "", SCHEMA),
        Name("table", SCHEMA, "", "entry"),
        Name("event trigger", "", "", f"{SCHEMA}_command"),
        Name("event trigger", "", "", f"{SCHEMA}_drop"),
        *(Name("function", SCHEMA, "", f"{name}({arguments})") for name, arguments in FUNCTIONS.items()),
    )
)
PARTS = frozenset(
    (
        Name("primary key", SCHEMA, "entry", "entry_pkey"),
        *(Name("column", SCHEMA, "entry", name) for name in COLUMNS),
    )
)
WATCHING = f"EXECUTE FUNCTION {SCHEMA}.note_stamp()"


def is_own(name: Name, facts: Mapping[str, str | None]) -> bool:
    """Whether an object is the journal's: by its name, and by the mark on it.

    What a table consists of bears no mark; it counts if the journal's table was made with it.
    """
    if name in PARTS:
        return True
    watches = name.kind == "trigger" and name.name == SCHEMA and (facts.get("definition") or "").endswith(WATCHING)
    return (name in MARKED or watches) and facts.get("comment") == MARK


def read_entries(query: Query, most: int) -> tuple[Entry, ...]:
    """The newest entries, newest first; () where there is no journal. Raises what the driver raises."""
    if not query(IS_INSTALLED):
        return ()
    return tuple(map(_entry, query(f"{ENTRIES} LIMIT {most:d}")))


def _entry(row: Row) -> Entry:
    texts = tuple(each or "" for each in row)
    number, at, origin, tags, statement, user, role, application, address, pid, transaction, objects, default = texts
    objects_of_all = [each for part in json.loads(objects) for each in part]
    is_stamp = Origin[origin] is Origin.STAMP
    return Entry(
        number=int(number),
        at=float(at),
        origin=Origin[origin],
        tags=tuple(dict.fromkeys(json.loads(tags))),
        statement=statement,
        user=user,
        role=role,
        application=application,
        address=address,
        pid=int(pid),
        transaction=int(transaction),
        touched=() if is_stamp else tuple(dict.fromkeys(_touched(objects_of_all, default))),
        moves=tuple(_moves(objects_of_all, default)) if is_stamp else (),
    )


def _touched(objects: list[dict[str, Any]], default: str) -> Iterator[Touched]:
    for each in objects:
        names = _names(each, default)
        yield Touched(str(each["kind"]), names, str(each["identity"] or ""), bool(each.get("dropped")))


def _moves(objects: list[dict[str, Any]], default: str) -> Iterator[Move]:
    for each in objects:
        yield Move(".".join(filter(None, _names(each, default))), each["was"], each["now"])


def _names(described: dict[str, Any], default: str) -> tuple[str, ...]:
    """With "" for the default schema, where there is one."""
    first, *rest = described["names"] or [""]
    return ("" if rest and first == default else first, *rest)
