"""The SQL that reads owners and privileges, as facts of the objects that have them (``schema.roles``).

Those of large objects are not read, nor those of the database itself and of what all databases of a server share. What
somebody was granted twice, by two roles, counts once; an access control list that says what holds without one is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from driftguard.catalog.postgresql.coverage import KINDS, Kind
from driftguard.catalog.postgresql.naming import literal
from driftguard.catalog.postgresql.remainder import ITSELF, Column, is_users, namespace_of, schema_of
from driftguard.catalog.postgresql.statements import RELATIONS, ROUTINES, TYPES
from driftguard.schema.catalog import Row, Scope
from driftguard.schema.roles import DEFAULT_PRIVILEGES, DEFAULT_SCHEMA

LETTERS = {"pg_foreign_data_wrapper": "F", "pg_foreign_server": "S", "pg_language": "l", "pg_type": "T"}
"""Catalogs of ``KINDS`` with privileges, to what acldefault() calls them."""

_HELD = """
  SELECT CASE r.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
         r.schema, '' AS of_table, r.name, NULL AS part, r.relowner AS owner, r.relowner AS told_owner,
         r.relacl AS acl, 'r' AS letter
  FROM relation r WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm')
  UNION ALL
  SELECT 'sequence', r.schema, coalesce(o.name, ''), r.name, NULL, r.relowner,
         CASE WHEN o.name IS NULL THEN r.relowner END, r.relacl, 's'
  FROM relation r LEFT JOIN numbering o ON o.oid = r.oid
  WHERE r.relkind = 'S' AND o.deptype IS DISTINCT FROM 'i'
  UNION ALL
  SELECT 'column', o.schema, o.name, o.of_column, 'identity', r.relowner, NULL, r.relacl, 's'
  FROM relation r JOIN numbering o ON o.oid = r.oid AND o.deptype = 'i'
  UNION ALL
  SELECT 'column', r.schema, r.name, a.attname::text, NULL, r.relowner, NULL, a.attacl, 'c'
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
  WHERE a.attnum > 0 AND r.relkind IN ('r', 'p', 'f') AND (a.attislocal OR a.attinhcount = 0)
  UNION ALL
  SELECT CASE r.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END,
         r.schema, '', r.name, concat('column ', quote_ident(a.attname)), r.relowner, NULL, a.attacl, 'c'
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
  WHERE a.attnum < 0 OR r.relkind IN ('v', 'm') OR NOT (a.attislocal OR a.attinhcount = 0)
  UNION ALL
  SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END, t.schema, '', t.name, NULL,
         t.typowner, t.typowner, t.typacl, 'T'
  FROM type t
  UNION ALL
  SELECT 'type', r.schema, '', r.name, NULL, t.typowner, t.typowner, t.typacl, 'T'
  FROM relation r JOIN pg_type t ON t.oid = r.reltype WHERE r.relkind = 'c'
  UNION ALL
  SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END, p.schema, '', p.name,
         NULL, p.proowner, p.proowner, p.proacl, 'f'
  FROM routine p
  UNION ALL
  SELECT 'statistics', r.schema, r.name, s.stxname::text, NULL, s.stxowner, s.stxowner, NULL, 'c'
  FROM pg_statistic_ext s JOIN relation r ON r.oid = s.stxrelid
  UNION ALL
  SELECT 'event trigger', '', '', e.evtname::text, NULL, e.evtowner, e.evtowner, NULL, 'c'
  FROM pg_event_trigger e
  UNION ALL
  SELECT CASE WHEN n.nspname = current_schema() THEN 'default schema' ELSE 'schema' END, '', '', n.nspname::text, NULL,
         n.nspowner, CASE WHEN n.nspname <> current_schema() THEN n.nspowner END, n.nspacl, 'n'
  FROM pg_namespace n
"""
"""Whose each object is, and its access control list, as aclexplode() and acldefault() take it."""

_NUMBERING = """
numbering AS (
  SELECT d.objid AS oid, d.deptype, r.schema, r.name, a.attname::text AS of_column
  FROM pg_depend d JOIN relation r ON r.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
)
"""

_TEXTS = """
SELECT h.kind, h.schema, h.of_table, h.name, f.attribute, f.text
FROM held h CROSS JOIN migrator m
CROSS JOIN LATERAL (VALUES
  ('owner', quote_ident(pg_get_userbyid(h.told_owner))),
  (concat_ws(' ', h.part, 'privileges'), (
    SELECT string_agg(concat(g.role, ': ', g.words), '; ' ORDER BY g.role COLLATE "C")
    FROM (
      SELECT e.role, string_agg(concat(e.word, CASE WHEN e.can_grant THEN '*' END), ', ' ORDER BY e.word) AS words
      FROM (
        SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS role,
               x.privilege_type AS word, bool_or(x.is_grantable) AS can_grant
        FROM aclexplode(coalesce(h.acl, acldefault(h.letter::"char", h.owner))) x
        WHERE x.grantee NOT IN (h.owner, m.oid) GROUP BY 1, 2) e
      GROUP BY e.role) g)),
  ('owner lacks', (
    SELECT string_agg(d.privilege_type, ', ' ORDER BY d.privilege_type)
    FROM aclexplode(acldefault(h.letter::"char", h.owner)) d
    WHERE d.grantee = h.owner AND NOT EXISTS (
      SELECT FROM aclexplode(coalesce(h.acl, acldefault(h.letter::"char", h.owner))) x
      WHERE x.grantee = h.owner AND x.privilege_type = d.privilege_type)))
) f (attribute, text)
WHERE f.text IS NOT NULL
"""

# What is given in one schema comes on top of what is given in all of them.
_DEFAULTS = """
  SELECT 'default privileges', CASE WHEN n.nspname <> current_schema() THEN n.nspname::text ELSE '' END, '',
         concat('FOR ROLE ', quote_ident(pg_get_userbyid(d.defaclrole)), ' IN SCHEMA ' || quote_ident(n.nspname),
                ' ON ',
                CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                  WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END),
         NULL, d.defaclrole, NULL, d.defaclacl,
         CASE WHEN n.oid IS NOT NULL THEN 'c' WHEN d.defaclobjtype = 'S' THEN 's' ELSE d.defaclobjtype::text END
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
"""


def statement(scope: Scope, found: Sequence[Column]) -> str:
    """SQL for rows (kind, schema, table, name, attribute, text), as those of ``remainder``.

    The schema of default privileges is only for ``without_schemas``.
    """
    catalogs = {each.catalog for each in found}
    others = (_of_kind(each, found) for each in KINDS if each.catalog in catalogs)
    held = " UNION ALL ".join(filter(None, (_HELD, _DEFAULTS, *others)))
    kinds = f"'{DEFAULT_PRIVILEGES}', '{DEFAULT_SCHEMA}'"
    themselves = f"SELECT kind, schema, of_table, name, '{ITSELF}', '' FROM held WHERE kind IN ({kinds})"
    return (
        f"WITH {RELATIONS}, {TYPES}, {ROUTINES}, {_NUMBERING}, migrator AS ({_migrator(scope)}), held AS ({held})"
        f" {_TEXTS} UNION ALL {themselves}"
    )


def without_schemas(rows: Iterable[Row], scope: Scope) -> Iterator[Row]:
    """The rows of ``statement``, as default privileges have them: no schema, for their name says it."""
    for kind, schema, *rest in rows:
        if kind != DEFAULT_PRIVILEGES:
            yield kind, schema, *rest
        elif scope.schemas is None or schema in scope.schemas:
            yield kind, "", *rest


def migrator(scope: Scope) -> str:
    """SQL for the role that runs the migrations, as SQL needs its name."""
    return f"SELECT quote_ident(pg_get_userbyid(m.oid)) FROM ({_migrator(scope)}) m"


def _migrator(scope: Scope) -> str:
    """The owner of the version table; who is connected, where there is none."""
    owners = [
        "(SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname ="
        f" {literal(table)} AND n.nspname = {literal(schema) if schema else 'current_schema()'})"
        for schema, table in sorted(scope.left_out)
    ]
    connected = "(SELECT oid FROM pg_roles WHERE rolname = current_user)"
    return f"SELECT coalesce({', '.join((*owners, connected))}) AS oid"


def _of_kind(kind: Kind, found: Sequence[Column]) -> str:
    """A catalog that only ``remainder`` reads."""
    columns = [each for each in found if each.catalog == kind.catalog]
    owner = next((each.name for each in columns if each.target == "pg_authid" and not each.is_array), None)
    if owner is None:
        return ""
    acl = next((f"o.{each.name}" for each in columns if each.type == "aclitem[]"), "NULL")
    letter = LETTERS.get(kind.catalog, "c")
    return (
        f"SELECT '{kind.kind}', {schema_of(kind)}, '', {kind.name}, NULL, o.{owner}, o.{owner}, {acl}, '{letter}'"
        f" FROM {kind.catalog} o {namespace_of(kind)} WHERE {is_users(kind, columns)}"
    )
