"""The SQL that reads PostgreSQL's catalog (servers 12 to 18): one statement per family of objects.

Every statement gives rows (kind, schema, table, name, made from, fact, fact, ...), all of them text or NULL.
"made from" holds the column names, joined by "_", that the server would use to make up the object's name. The rows have
no order.
The statements hold no percent sign and no word behind a single colon, because drivers would interpolate those.
"""

from __future__ import annotations

from typing import NamedTuple

SESSION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    """
SELECT pg_catalog.set_config(own.name, own.value, true)
FROM (VALUES ('statement_timeout', '30s'), ('lock_timeout', '3s'), ('idle_in_transaction_session_timeout', '60s'),
             ('jit', 'off')) AS own (name, value)
JOIN pg_catalog.pg_settings AS setting ON setting.name = own.name
WHERE setting.source <> 'client'
""",
)
"""All of it ends with the transaction, so that a connection pooler's next client finds nothing changed.

What the user sets for this connection (``options`` in the URL, ``PGOPTIONS``) is kept. To compile a statement for a
large schema takes longer than to run it.
"""

SERVER = """
SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num'),
       coalesce(pg_catalog.current_schema()::text, '')
"""
"""Version text, version number, the schema that unqualified names mean."""

SEARCH_PATH = """
SELECT pg_catalog.set_config(
  'search_path', pg_catalog.concat_ws(', ', pg_catalog.quote_ident(pg_catalog.current_schema()), 'pg_temp'), true)
"""
"""From here on the server writes names of the default schema without, all others with their schema."""


class Statement(NamedTuple):
    """``kinds`` of objects that it reads; ``facts`` names the columns behind the first five."""

    kinds: tuple[str, ...]
    sql: str
    facts: tuple[str, ...]


RELATIONS = """
relation AS (
  SELECT c.*, c.relname::text AS name,
         CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname::text END AS schema
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
"""

"""The common table expression ``relation``: what the user has, without what an extension brought."""

_COLLATION = """
, named_collation AS (
  SELECT l.oid, CASE WHEN n.nspname IN ('pg_catalog', current_schema()) THEN '' ELSE quote_ident(n.nspname) || '.' END
                || quote_ident(l.collname) AS name
  FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
)
"""

TYPES = """
type AS (
  SELECT t.*, t.typname::text AS name,
         CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname::text END AS schema
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype IN ('d', 'e', 'r') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
)
"""

# Functions that a range type brings with it depend on it internally.
ROUTINES = """
routine AS (
  SELECT p.*, quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
         n.nspname, CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname::text END AS schema
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
)
"""

# "public" comes with every database, whether or not it is the default schema.
SCHEMAS = Statement(
    ("schema",),
    """
SELECT 'schema', '', '', n.nspname::text, NULL, obj_description(n.oid, 'pg_namespace')
FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
  AND n.nspname IS DISTINCT FROM current_schema()
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
""",
    ("comment",),
)

TABLES = Statement(
    ("table",),
    f"WITH {RELATIONS}"
    + """
SELECT 'table', r.schema, '', r.name, NULL,
       CASE r.relkind WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'ordinary' END,
       CASE r.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END,
       CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END,
       CASE WHEN r.relispartition THEN parent.names END,
       pg_get_expr(r.relpartbound, r.oid),
       CASE WHEN NOT r.relispartition THEN parent.names END,
       CASE WHEN parent.names IS NOT NULL THEN (
         SELECT string_agg(concat(quote_ident(a.attname), CASE WHEN a.attnotnull THEN ' NOT NULL' END,
                                  ' DEFAULT ' || pg_get_expr(e.adbin, e.adrelid)), ', ' ORDER BY a.attname)
         FROM pg_attribute a
         LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
         WHERE a.attrelid = r.oid AND a.attinhcount > 0 AND NOT a.attislocal AND NOT a.attisdropped AND NOT EXISTS (
           SELECT FROM pg_inherits i
           JOIN pg_attribute b ON b.attrelid = i.inhparent AND b.attname = a.attname AND b.attnotnull = a.attnotnull
           LEFT JOIN pg_attrdef f ON f.adrelid = b.attrelid AND f.adnum = b.attnum
           WHERE i.inhrelid = r.oid
             AND pg_get_expr(f.adbin, f.adrelid) IS NOT DISTINCT FROM pg_get_expr(e.adbin, e.adrelid))) END,
       CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END,
       array_to_string(ARRAY(SELECT o FROM unnest(r.reloptions) o ORDER BY o COLLATE "C"), ', '),
       (SELECT array_to_string(ARRAY(SELECT o FROM unnest(t.reloptions) o ORDER BY o COLLATE "C"), ', ')
        FROM pg_class t WHERE t.oid = r.reltoastrelid),
       CASE WHEN m.amname <> 'heap' THEN m.amname::text END,
       nullif(concat_ws(', ', CASE WHEN r.relrowsecurity THEN 'enabled' END,
                        CASE WHEN r.relforcerowsecurity THEN 'forced' END), ''),
       CASE r.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing'
         WHEN 'i' THEN 'index ' || (SELECT quote_ident(x.relname)
                                    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                                    WHERE i.indrelid = r.oid AND i.indisreplident) END,
       s.srvname::text,
       array_to_string(ARRAY(SELECT o FROM unnest(f.ftoptions) o ORDER BY o COLLATE "C"), ', '),
       about.description
FROM relation r
LEFT JOIN pg_description about
  ON about.objoid = r.oid AND about.classoid = 'pg_class'::regclass AND about.objsubid = 0
LEFT JOIN pg_am m ON m.oid = r.relam
LEFT JOIN pg_foreign_table f ON f.ftrelid = r.oid
LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
LEFT JOIN LATERAL (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) AS names
                   FROM pg_inherits i WHERE i.inhrelid = r.oid) parent ON true
WHERE r.relkind IN ('r', 'p', 'f')
""",
    (
        "kind",
        "persistence",
        "partition by",
        "partition of",
        "bound",
        "inherits",
        "inherited columns",
        "of type",
        "options",
        "toast options",
        "access method",
        "row security",
        "replica identity",
        "server",
        "server options",
        "comment",
    ),
)

# Inherited columns are the parent's; where a child's differ is a fact of the child.
COLUMNS = Statement(
    ("column",),
    f"WITH {RELATIONS}"
    + _COLLATION
    + """
SELECT 'column', r.schema, r.name, a.attname::text, NULL,
       format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(e.adbin, e.adrelid) END,
       CASE a.attgenerated WHEN 's' THEN pg_get_expr(e.adbin, e.adrelid) || ' STORED'
                           WHEN 'v' THEN pg_get_expr(e.adbin, e.adrelid) || ' VIRTUAL' END,
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
       CASE WHEN a.attidentity <> '' THEN
         (SELECT concat('START WITH ', s.seqstart, ' INCREMENT BY ', s.seqincrement, ' MINVALUE ', s.seqmin,
                        ' MAXVALUE ', s.seqmax, ' CACHE ', s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' END)
          FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
          WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i') END,
       CASE WHEN a.attcollation <> t.typcollation THEN
         (SELECT l.name FROM named_collation l WHERE l.oid = a.attcollation) END,
       CASE WHEN a.attstorage <> t.typstorage THEN
         CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END,
       nullif(a.attstattarget, -1)::text,
       CASE WHEN a.attoptions IS NOT NULL THEN
         array_to_string(ARRAY(SELECT o FROM unnest(a.attoptions) o ORDER BY o COLLATE "C"), ', ') END,
       CASE WHEN a.attfdwoptions IS NOT NULL THEN
         array_to_string(ARRAY(SELECT o FROM unnest(a.attfdwoptions) o ORDER BY o COLLATE "C"), ', ') END,
       about.description
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef e ON e.adrelid = r.oid AND e.adnum = a.attnum
LEFT JOIN pg_description about
  ON about.objoid = r.oid AND about.classoid = 'pg_class'::regclass AND about.objsubid = a.attnum
WHERE r.relkind IN ('r', 'p', 'f')
  AND (a.attislocal OR a.attinhcount = 0)
""",
    (
        "type",
        "nullable",
        "default",
        "generated",
        "identity",
        "identity options",
        "collation",
        "storage",
        "statistics",
        "options",
        "server options",
        "comment",
    ),
)

# Constraints of a parent that its children merely carry (conislocal, conparentid) are the parent's.
CONSTRAINTS = Statement(
    ("primary key", "unique", "foreign key", "check", "exclusion"),
    f"WITH {RELATIONS}"
    + """
SELECT CASE c.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
                      WHEN 'c' THEN 'check' ELSE 'exclusion' END,
       r.schema, r.name, c.conname::text,
       CASE WHEN c.contype = 'p' THEN ''
            WHEN c.contype = 'f' THEN own.plain
            WHEN c.contype = 'c' THEN CASE WHEN cardinality(c.conkey) = 1 THEN own.plain ELSE '' END
            ELSE (SELECT string_agg(a.attname::text, '_' ORDER BY a.attnum)
                  FROM pg_attribute a WHERE a.attrelid = c.conindid) END,
       CASE WHEN c.contype IN ('p', 'u', 'f') THEN own.quoted END,
       CASE WHEN c.contype = 'f' THEN
         (SELECT concat(c.confrelid::regclass::text,
                        '(', string_agg(quote_ident(a.attname), ', ' ORDER BY k.position), ')')
          FROM unnest(c.confkey) WITH ORDINALITY k(number, position)
          JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) END,
       CASE WHEN c.contype = 'f' THEN CASE c.confdeltype
         WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END END,
       CASE WHEN c.contype = 'f' THEN CASE c.confupdtype
         WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END END,
       CASE WHEN c.contype = 'f' AND c.confmatchtype = 'f' THEN 'FULL' END,
       CASE WHEN c.condeferred THEN 'initially deferred' WHEN c.condeferrable THEN 'initially immediate' END,
       CASE WHEN NOT c.convalidated THEN 'not valid' END,
       CASE WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid) END,
       CASE WHEN c.contype = 'c' AND c.connoinherit THEN 'no' END,
       CASE WHEN c.contype = 'x' THEN pg_get_constraintdef(c.oid) END,
       CASE WHEN c.contype IN ('p', 'u') THEN
         (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
          FROM pg_attribute a WHERE a.attrelid = c.conindid AND a.attnum > x.indnkeyatts) END,
       CASE WHEN c.contype IN ('p', 'u') THEN
         (SELECT array_to_string(ARRAY(SELECT o FROM unnest(s.reloptions) o ORDER BY o COLLATE "C"), ', ')
          FROM pg_class s WHERE s.oid = c.conindid) END,
       about.description
FROM pg_constraint c
JOIN relation r ON r.oid = c.conrelid
LEFT JOIN pg_description about ON about.objoid = c.oid AND about.classoid = 'pg_constraint'::regclass
LEFT JOIN pg_index x ON x.indexrelid = c.conindid
LEFT JOIN LATERAL (
  SELECT string_agg(a.attname::text, '_' ORDER BY k.position) AS plain,
         string_agg(quote_ident(a.attname), ', ' ORDER BY k.position) AS quoted
  FROM unnest(c.conkey) WITH ORDINALITY k(number, position)
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) own ON true
WHERE c.contype IN ('p', 'u', 'f', 'c', 'x') AND c.conislocal AND c.conparentid = 0
""",
    (
        "columns",
        "references",
        "on delete",
        "on update",
        "match",
        "deferrable",
        "validity",
        "expression",
        "inherit",
        "definition",
        "include",
        "options",
        "comment",
    ),
)

# The operator class is told where the server itself would have taken another one.
INDEXES = Statement(
    ("index",),
    f"WITH {RELATIONS}"
    + _COLLATION
    + """
SELECT 'index', r.schema, r.name, c.relname::text,
       (SELECT string_agg(a.attname::text, '_' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indexrelid),
       (SELECT string_agg(concat(
                 pg_get_indexdef(i.indexrelid, k.position, false),
                 CASE WHEN l.oid IS NOT NULL AND l.oid <> coalesce(b.attcollation, t.typcollation) THEN
                   ' COLLATE ' || l.name END,
                 CASE WHEN a.attoptions IS NOT NULL OR NOT (o.opcdefault AND (o.opcintype = key.type OR NOT EXISTS (
                        SELECT FROM pg_opclass d
                        WHERE d.opcmethod = o.opcmethod AND d.opcdefault AND d.opcintype = key.type))) THEN
                   concat(' ', CASE WHEN o.opcnamespace <> 'pg_catalog'::regnamespace
                                      AND o.opcnamespace::regnamespace::text <> quote_ident(current_schema())
                                    THEN o.opcnamespace::regnamespace::text || '.' END, quote_ident(o.opcname),
                          '(' || array_to_string(a.attoptions, ', ') || ')') END,
                 CASE WHEN i.indoption[k.position - 1] & 1 = 1 THEN ' DESC' END,
                 CASE i.indoption[k.position - 1] & 3 WHEN 2 THEN ' NULLS FIRST' WHEN 1 THEN ' NULLS LAST' END),
               ', ' ORDER BY k.position)
        FROM generate_series(1, i.indnkeyatts) k(position)
        JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = k.position
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attribute b ON b.attrelid = i.indrelid AND b.attnum = i.indkey[k.position - 1] AND b.attnum > 0
        LEFT JOIN pg_opclass o ON o.oid = i.indclass[k.position - 1]
        CROSS JOIN LATERAL (SELECT coalesce(b.atttypid, CASE o.opckeytype WHEN 0 THEN a.atttypid ELSE o.opcintype END)
                            AS type) key
        LEFT JOIN named_collation l ON l.oid = i.indcollation[k.position - 1]),
       CASE WHEN i.indisunique THEN 'yes' ELSE 'no' END,
       m.amname::text,
       pg_get_expr(i.indpred, i.indrelid),
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attnum > i.indnkeyatts),
       array_to_string(ARRAY(SELECT o FROM unnest(c.reloptions) o ORDER BY o COLLATE "C"), ', '),
       CASE WHEN NOT i.indisvalid THEN 'not valid' END,
       about.description
FROM pg_index i
JOIN relation r ON r.oid = i.indrelid
JOIN pg_class c ON c.oid = i.indexrelid AND NOT c.relispartition
LEFT JOIN pg_description about
  ON about.objoid = c.oid AND about.classoid = 'pg_class'::regclass AND about.objsubid = 0
JOIN pg_am m ON m.oid = c.relam
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
""",
    ("columns", "unique", "method", "where", "include", "options", "validity", "comment"),
)

# A sequence that belongs to a column is told with its table; those of identity columns are facts of the column.
SEQUENCES = Statement(
    ("sequence",),
    f"WITH {RELATIONS}"
    + """
SELECT 'sequence', r.schema, coalesce(o.table_name, ''), r.name, o.column_name,
       quote_ident(o.table_name) || '.' || quote_ident(o.column_name),
       format_type(s.seqtypid, NULL), s.seqstart::text, s.seqincrement::text, s.seqmin::text, s.seqmax::text,
       s.seqcache::text, CASE WHEN s.seqcycle THEN 'yes' ELSE 'no' END,
       CASE WHEN r.relpersistence = 'u' THEN 'unlogged' END,
       obj_description(r.oid, 'pg_class')
FROM relation r
JOIN pg_sequence s ON s.seqrelid = r.oid
LEFT JOIN (
  SELECT d.objid, d.deptype, c.relname::text AS table_name, a.attname::text AS column_name
  FROM pg_depend d
  JOIN pg_class c ON c.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
) o ON o.objid = r.oid
WHERE o.deptype IS DISTINCT FROM 'i'
""",
    (
        "owned by",
        "type",
        "start",
        "increment",
        "minimum",
        "maximum",
        "cache",
        "cycle",
        "persistence",
        "comment",
    ),
)

VIEWS = Statement(
    ("materialized view", "view"),
    f"WITH {RELATIONS}"
    + """
SELECT CASE r.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, r.schema, '', r.name, NULL,
       pg_get_viewdef(r.oid),
       array_to_string(ARRAY(SELECT o FROM unnest(r.reloptions) o ORDER BY o COLLATE "C"), ', '),
       (SELECT string_agg(concat(quote_ident(a.attname), ' DEFAULT ' || pg_get_expr(e.adbin, e.adrelid),
                                 ' COMMENT ' || quote_literal(col_description(r.oid, a.attnum))),
                          ', ' ORDER BY a.attnum)
        FROM pg_attribute a LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND (e.oid IS NOT NULL OR col_description(r.oid, a.attnum) IS NOT NULL)),
       obj_description(r.oid, 'pg_class')
FROM relation r
WHERE r.relkind IN ('v', 'm')
""",
    ("definition", "options", "columns", "comment"),
)

# The copies on partitions depend on the parent's trigger (deptype P).
TRIGGERS = Statement(
    ("trigger",),
    f"WITH {RELATIONS}"
    + """
SELECT 'trigger', r.schema, r.name, t.tgname::text, NULL, pg_get_triggerdef(t.oid, true),
       CASE t.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replica' WHEN 'A' THEN 'always' ELSE 'yes' END,
       obj_description(t.oid, 'pg_trigger')
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'P')
""",
    ("definition", "enabled", "comment"),
)

RULES = Statement(
    ("rule",),
    f"WITH {RELATIONS}"
    + """
SELECT 'rule', r.schema, r.name, w.rulename::text, NULL, pg_get_ruledef(w.oid, true),
       CASE w.ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replica' WHEN 'A' THEN 'always' ELSE 'yes' END,
       obj_description(w.oid, 'pg_rewrite')
FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'
""",
    ("definition", "enabled", "comment"),
)

POLICIES = Statement(
    ("policy",),
    f"WITH {RELATIONS}"
    + """
SELECT 'policy', r.schema, r.name, p.polname::text, NULL,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                     ELSE 'ALL' END,
       CASE WHEN p.polpermissive THEN 'yes' ELSE 'no' END,
       (SELECT string_agg(CASE WHEN u = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(u)) END, ', '
                          ORDER BY pg_get_userbyid(u) COLLATE "C") FROM unnest(p.polroles) u),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
       obj_description(p.oid, 'pg_policy')
FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
""",
    ("command", "permissive", "roles", "using", "with check", "comment"),
)

# The object's own schema is taken out of the text: it is the one name that the server always qualifies. The columns
# come in the order of the table's, which says nothing.
STATISTICS = Statement(
    ("statistics",),
    f"WITH {RELATIONS}"
    + """
SELECT 'statistics', r.schema, r.name, s.stxname::text, NULL,
       replace(CASE WHEN n.nspname = current_schema()
                 THEN 'CREATE STATISTICS '
                      || substr(pg_get_statisticsobjdef(s.oid), 20 + length(quote_ident(n.nspname)))
                 ELSE pg_get_statisticsobjdef(s.oid) END,
               concat(' ON ', k.by_number, ' FROM '), concat(' ON ', k.by_name, ' FROM ')),
       obj_description(s.oid, 'pg_statistic_ext')
FROM pg_statistic_ext s
CROSS JOIN LATERAL (
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS by_number,
         string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C") AS by_name
  FROM pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys)) k
JOIN relation r ON r.oid = s.stxrelid
JOIN pg_namespace n ON n.oid = s.stxnamespace
""",
    ("definition", "comment"),
)

ENUMS = Statement(
    ("enum",),
    f"WITH {TYPES}"
    + """
SELECT 'enum', t.schema, '', t.name, NULL,
       (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = t.oid),
       obj_description(t.oid, 'pg_type')
FROM type t WHERE t.typtype = 'e'
""",
    ("values", "comment"),
)

DOMAINS = Statement(
    ("domain",),
    f"WITH {TYPES}"
    + _COLLATION
    + """
SELECT 'domain', t.schema, '', t.name, NULL,
       format_type(t.typbasetype, t.typtypmod), CASE WHEN t.typnotnull THEN 'no' ELSE 'yes' END, t.typdefault,
       CASE WHEN t.typcollation <> b.typcollation THEN
         (SELECT l.name FROM named_collation l WHERE l.oid = t.typcollation) END,
       (SELECT string_agg(concat('CONSTRAINT ', quote_ident(c.conname), ' ', pg_get_constraintdef(c.oid)), ' '
                          ORDER BY c.conname COLLATE "C")
        FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c'),
       obj_description(t.oid, 'pg_type')
FROM type t JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.typtype = 'd'
""",
    ("type", "nullable", "default", "collation", "checks", "comment"),
)

COMPOSITES = Statement(
    ("type",),
    f"WITH {RELATIONS}"
    + _COLLATION
    + """
SELECT 'type', r.schema, '', r.name, NULL,
       (SELECT string_agg(concat(quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod),
                                 CASE WHEN a.attcollation <> b.typcollation THEN ' COLLATE ' || l.name END,
                                 ' COMMENT ' || quote_literal(col_description(r.oid, a.attnum))),
                          ', ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid LEFT JOIN named_collation l ON l.oid = a.attcollation
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
       obj_description(r.reltype, 'pg_type')
FROM relation r
WHERE r.relkind = 'c'
""",
    ("attributes", "comment"),
)

RANGES = Statement(
    ("type",),
    f"WITH {TYPES}"
    + _COLLATION
    + """
SELECT 'type', t.schema, '', t.name, NULL,
       format_type(r.rngsubtype, NULL), o.opcname::text, l.name,
       nullif(r.rngcanonical::oid, 0)::regproc::text, nullif(r.rngsubdiff::oid, 0)::regproc::text,
       obj_description(t.oid, 'pg_type')
FROM type t
JOIN pg_range r ON r.rngtypid = t.oid
JOIN pg_opclass o ON o.oid = r.rngsubopc
LEFT JOIN named_collation l ON l.oid = r.rngcollation
""",
    ("range of", "operator class", "collation", "canonical", "difference", "comment"),
)

FUNCTIONS = Statement(
    ("procedure", "function"),
    f"WITH {ROUTINES}"
    + """
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.schema, '', p.name, NULL,
       CASE WHEN p.schema <> '' THEN pg_get_functiondef(p.oid)
            WHEN p.prokind = 'p' THEN
              'CREATE OR REPLACE PROCEDURE ' || substr(pg_get_functiondef(p.oid), 30 + length(quote_ident(p.nspname)))
            ELSE 'CREATE OR REPLACE FUNCTION ' || substr(pg_get_functiondef(p.oid), 29 + length(quote_ident(p.nspname)))
       END,
       obj_description(p.oid, 'pg_proc')
FROM routine p
WHERE p.prokind IN ('f', 'p', 'w')
""",
    ("definition", "comment"),
)

AGGREGATES = Statement(
    ("aggregate",),
    f"WITH {ROUTINES}"
    + """
SELECT 'aggregate', p.schema, '', p.name, NULL,
       pg_get_function_result(p.oid), a.aggkind::text, a.aggtransfn::regproc::text, format_type(a.aggtranstype, NULL),
       a.agginitval, nullif(a.aggfinalfn::oid, 0)::regproc::text, nullif(a.aggcombinefn::oid, 0)::regproc::text,
       nullif(a.aggsortop, 0)::regoperator::text, p.proparallel::text, nullif(a.aggmtransfn::oid, 0)::regproc::text,
       obj_description(p.oid, 'pg_proc')
FROM routine p JOIN pg_aggregate a ON a.aggfnoid = p.oid
""",
    (
        "result",
        "kind",
        "state function",
        "state type",
        "initial state",
        "final function",
        "combine function",
        "sort operator",
        "parallel",
        "moving state function",
        "comment",
    ),
)

EXTENSIONS = Statement(
    ("extension",),
    """
SELECT 'extension', '', '', e.extname::text, NULL,
       CASE WHEN n.nspname IS DISTINCT FROM current_schema() THEN n.nspname::text END
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
""",
    ("schema",),
)

EXTENSION_VERSIONS = 'SELECT extname::text, extversion FROM pg_extension ORDER BY extname COLLATE "C"'

EVENT_TRIGGERS = Statement(
    ("event trigger",),
    """
SELECT 'event trigger', '', '', e.evtname::text, NULL,
       e.evtevent::text, array_to_string(e.evttags, ', '), e.evtfoid::regproc::text,
       CASE e.evtenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replica' WHEN 'A' THEN 'always' ELSE 'yes' END,
       obj_description(e.oid, 'pg_event_trigger')
FROM pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
""",
    ("event", "tags", "function", "enabled", "comment"),
)

STATEMENTS = (
    SCHEMAS,
    SEQUENCES,
    TABLES,
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    VIEWS,
    TRIGGERS,
    RULES,
    POLICIES,
    STATISTICS,
    ENUMS,
    DOMAINS,
    COMPOSITES,
    RANGES,
    FUNCTIONS,
    AGGREGATES,
    EXTENSIONS,
    EVENT_TRIGGERS,
)

# Facts that only newer servers know; rows (kind, schema, table, name, attribute, text) for what is not the default.
FACTS_14 = (
    f"WITH {RELATIONS}"
    + """
SELECT 'column', r.schema, r.name, a.attname::text, 'compression',
       CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END
FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE r.relkind IN ('r', 'p', 'f') AND a.attcompression <> ''
"""
)

FACTS_15 = (
    f"WITH {RELATIONS}"
    + """
SELECT CASE k.contype WHEN 'u' THEN 'unique' ELSE 'index' END, r.schema, r.name, c.relname::text,
       'nulls', 'not distinct'
FROM relation r
JOIN pg_index i ON i.indrelid = r.oid AND i.indnullsnotdistinct
JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
UNION ALL
SELECT 'foreign key', r.schema, r.name, k.conname::text, 'on delete columns',
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY p.position)
        FROM unnest(k.confdelsetcols) WITH ORDINALITY p(number, position)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number)
FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.confdelsetcols IS NOT NULL
"""
)

FACTS_18 = (
    f"WITH {RELATIONS}"
    + """
SELECT CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' ELSE 'foreign key' END,
       r.schema, r.name, k.conname::text, 'period', 'yes'
FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.conperiod AND k.contype IN ('p', 'u', 'f')
UNION ALL
SELECT CASE k.contype WHEN 'f' THEN 'foreign key' ELSE 'check' END, r.schema, r.name, k.conname::text, 'enforced', 'no'
FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND NOT k.conenforced AND k.contype IN ('f', 'c')
UNION ALL
SELECT 'column', r.schema, r.name, a.attname::text, 'not null', 'not valid'
FROM relation r
JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'n' AND NOT k.convalidated
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
"""
)

LATER_FACTS = {140000: FACTS_14, 150000: FACTS_15, 180000: FACTS_18}
"""First server_version_num that has them, to the statement."""

LATER = {
    "check": ("enforced",),
    "column": ("compression", "not null"),
    "foreign key": ("enforced", "on delete columns", "period"),
    "index": ("nulls",),
    "primary key": ("period",),
    "unique": ("nulls", "period"),
}
"""Kind to the facts that ``LATER_FACTS`` reads."""

SUBSCRIPTIONS = """
SELECT NULL, pg_catalog.concat('subscription ', s.subname, ' (not compared)')
FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database()
"""
"""Rows as of ``UNREAD`` for the only kind that is not compared on a server from 14 on: one names another server."""

UNREAD = """
SELECT found.schema, concat(found.kind, ' ', nullif(found.schema, '') || '.', found.name, ' (not compared)')
FROM (
  SELECT o.classid, o.oid, o.kind, o.name,
         CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname::text END AS schema
  FROM (
    SELECT 'pg_operator'::regclass AS classid, oid, 'operator' AS kind, oprname::text AS name, oprnamespace AS namespace
      FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid, 'operator class', opcname::text, opcnamespace
      FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, 'operator family', opfname::text, opfnamespace
      FROM pg_opfamily WHERE NOT EXISTS (SELECT FROM pg_opclass WHERE opcfamily = pg_opfamily.oid)
    UNION ALL SELECT 'pg_collation'::regclass, oid, 'collation', collname::text, collnamespace
      FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid, 'conversion', conname::text, connamespace
      FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, 'text search configuration', cfgname::text, cfgnamespace
      FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, 'text search dictionary', dictname::text, dictnamespace
      FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid, 'text search parser', prsname::text, prsnamespace
      FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template'::regclass, oid, 'text search template', tmplname::text, tmplnamespace
      FROM pg_ts_template
    UNION ALL SELECT 'pg_type'::regclass, oid, 'base type', typname::text, typnamespace
      FROM pg_type WHERE typtype IN ('b', 'p') AND typcategory <> 'A'
    UNION ALL SELECT 'pg_language'::regclass, oid, 'language', lanname::text, NULL
      FROM pg_language
    UNION ALL SELECT 'pg_am'::regclass, oid, 'access method', amname::text, NULL
      FROM pg_am
    UNION ALL SELECT 'pg_publication'::regclass, oid, 'publication', pubname::text, NULL
      FROM pg_publication
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'foreign data wrapper', fdwname::text, NULL
      FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 'foreign server', srvname::text, NULL
      FROM pg_foreign_server
    UNION ALL SELECT 'pg_cast'::regclass, oid, 'cast',
                     concat(format_type(castsource, NULL), ' AS ', format_type(casttarget, NULL)), NULL
      FROM pg_cast
    UNION ALL SELECT 'pg_transform'::regclass, t.oid, 'transform',
                     concat(format_type(t.trftype, NULL), ' for ', l.lanname), NULL
      FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
  ) o
  LEFT JOIN pg_namespace n ON n.oid = o.namespace
  WHERE o.oid >= 16384 AND n.nspname IS DISTINCT FROM 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype IN ('e', 'i'))
) found
"""
"""Rows (schema or NULL, text) for the user's objects of the kinds that no statement above reads, before 14."""
