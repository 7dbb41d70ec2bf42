"""What the statements leave to be read of PostgreSQL's catalogs: nothing, but what is named here.

Each row of a catalog either tells something of an object that the statements read (``SOURCES``), or is an object of a
kind of its own (``KINDS``), or a part of one (``PARTS``), or belongs to a catalog that is left out (``LEFT_OUT``).
Rows of other catalogs, those of servers to come, are objects of a kind that is called as the catalog is.
"""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """Rows of a catalog that tell of objects which the statements read.

    ``rows``: SQL behind FROM, with the catalog as ``t``; ``where``: which of them. ``name``: SQL for kind, schema,
    table and name of the object, ``part``: SQL for what of the object they tell. ``known``: columns that the statements
    read, as they are or through a function of the server. ``facts``: more to read, attribute to SQL.
    """

    catalog: str
    rows: str
    where: str
    name: str
    known: str = ""
    part: str = "NULL"
    facts: tuple[tuple[str, str], ...] = ()


class Kind(NamedTuple):
    """A catalog each of whose rows is an object; it is ``o`` in ``name`` and ``where``.

    ``name`` is SQL for what DROP needs behind the schema, ``namespace`` the column with the schema's oid.
    """

    catalog: str
    kind: str
    name: str
    namespace: str = ""
    where: str = "true"


class Part(NamedTuple):
    """A catalog whose rows are parts of objects: ``column`` holds the oid of one in the catalog ``of``."""

    catalog: str
    column: str
    of: str
    attribute: str


_INDEX_NAME = """CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'x' THEN 'exclusion'
  ELSE 'index' END, r.schema, r.name, c.relname::text"""
_CONSTRAINT_OF = "LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')"
_RELATION_NAME = """CASE r.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'c' THEN 'type'
  ELSE 'table' END, r.schema, '', r.name"""
_TYPE_NAME = "CASE y.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END, y.schema, '', y.name"
_ROUTINE_NAME = """CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END,
  p.schema, '', p.name"""

_OWNER = """coalesce((SELECT c.relname::text FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid
  WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    AND d.deptype = 'a'), '')"""

_CLASS = """relname relnamespace reloftype relam relpersistence relkind relrowsecurity relforcerowsecurity relreplident
  relispartition reloptions relpartbound"""
_ATTRIBUTE = """attrelid attname atttypid atttypmod attstorage attcompression attnotnull attidentity attgenerated
  attislocal attinhcount attcollation attstattarget attoptions attfdwoptions"""
_CONSTRAINT = """conname connamespace contype condeferrable condeferred conenforced convalidated conrelid contypid
  conindid conparentid confrelid confupdtype confdeltype confmatchtype conislocal connoinherit conperiod conkey confkey
  confdelsetcols conexclop conbin"""
_INDEX = """indexrelid indrelid indnkeyatts indisunique indnullsnotdistinct indisprimary indisexclusion indimmediate
  indisvalid indisreplident indkey indcollation indclass indoption indexprs indpred"""
_TRIGGER = """tgrelid tgparentid tgname tgfoid tgtype tgenabled tgisinternal tgconstrrelid tgconstraint tgdeferrable
  tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable"""
_PROCEDURE = """proname pronamespace prolang procost prorows provariadic prosupport prokind prosecdef proleakproof
  proisstrict proretset provolatile proparallel pronargs pronargdefaults prorettype proargtypes proallargtypes
  proargmodes proargnames proargdefaults protrftypes prosrc probin prosqlbody proconfig"""

SOURCES = (
    Source(
        "pg_class",
        "relation t JOIN relation r ON r.oid = t.oid",
        "t.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')",
        _RELATION_NAME,
        _CLASS,
        facts=(
            (
                "access method",
                "CASE WHEN t.relkind = 'm' THEN"
                " (SELECT amname FROM pg_am WHERE oid = t.relam AND amname <> 'heap') END",
            ),
            (
                "toast options",
                "CASE WHEN t.relkind = 'm' THEN"
                " (SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = t.reltoastrelid) END",
            ),
        ),
    ),
    Source(
        "pg_class",
        "pg_class t JOIN pg_class c ON c.oid = t.oid JOIN pg_index i ON i.indexrelid = c.oid"
        f" JOIN relation r ON r.oid = i.indrelid {_CONSTRAINT_OF}",
        "NOT c.relispartition",
        _INDEX_NAME,
        _CLASS,
    ),
    Source(
        "pg_attribute",
        "relation r JOIN pg_attribute t ON t.attrelid = r.oid AND t.attnum > 0 AND NOT t.attisdropped",
        "r.relkind IN ('r', 'p', 'f') AND (t.attislocal OR t.attinhcount = 0)",
        "'column', r.schema, r.name, t.attname::text",
        _ATTRIBUTE,
    ),
    Source(
        "pg_attribute",
        "relation r JOIN pg_attribute t ON t.attrelid = r.oid AND t.attnum > 0 AND NOT t.attisdropped"
        " AND t.attinhcount > 0 AND NOT t.attislocal"
        " JOIN pg_inherits i ON i.inhrelid = r.oid AND i.inhseqno = 1"
        " LEFT JOIN pg_attribute b ON b.attrelid = i.inhparent AND b.attname = t.attname",
        "r.relkind IN ('r', 'p', 'f')",
        _RELATION_NAME,
        _ATTRIBUTE,
        "concat('column ', quote_ident(t.attname))",
        (
            ("storage", "CASE WHEN t.attstorage <> b.attstorage THEN t.attstorage::text END"),
            ("compression", "CASE WHEN t.attcompression <> b.attcompression THEN concat('to ', t.attcompression) END"),
            ("statistics", "CASE WHEN t.attstattarget IS DISTINCT FROM b.attstattarget THEN t.attstattarget::text END"),
            ("options", "array_to_string(t.attoptions, ', ')"),
            ("server options", "array_to_string(t.attfdwoptions, ', ')"),
            ("comment", "col_description(t.attrelid, t.attnum)"),
        ),
    ),
    Source(
        "pg_attribute",
        "relation r JOIN pg_attribute t ON t.attrelid = r.oid AND t.attnum > 0 JOIN pg_type y ON y.oid = t.atttypid",
        "r.relkind IN ('v', 'm', 'c') AND NOT t.attisdropped",
        _RELATION_NAME,
        _ATTRIBUTE,
        "concat('column ', quote_ident(t.attname))",
        (
            ("storage", "CASE WHEN t.attstorage <> y.typstorage THEN t.attstorage::text END"),
            ("compression", "t.attcompression::text"),
            ("statistics", "t.attstattarget::text"),
            ("options", "array_to_string(t.attoptions, ', ')"),
        ),
    ),
    Source(
        "pg_attribute",
        "pg_index i JOIN relation r ON r.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid"
        f" JOIN pg_attribute t ON t.attrelid = i.indexrelid {_CONSTRAINT_OF}",
        "NOT c.relispartition AND t.attstattarget >= 0",
        _INDEX_NAME,
        _ATTRIBUTE,
        "concat('column ', t.attnum)",
        (("statistics", "t.attstattarget::text"),),
    ),
    Source(
        "pg_attrdef",
        "pg_attrdef t JOIN relation r ON r.oid = t.adrelid"
        " JOIN pg_attribute a ON a.attrelid = t.adrelid AND a.attnum = t.adnum",
        "r.relkind IN ('r', 'p', 'f')",
        "'column', r.schema, r.name, a.attname::text",
        "adrelid adnum adbin",
    ),
    Source(
        "pg_constraint",
        "pg_constraint t JOIN relation r ON r.oid = t.conrelid",
        "t.contype IN ('p', 'u', 'f', 'c', 'x') AND t.conislocal AND t.conparentid = 0",
        "CASE t.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'"
        " WHEN 'c' THEN 'check' ELSE 'exclusion' END, r.schema, r.name, t.conname::text",
        _CONSTRAINT,
    ),
    Source(
        "pg_constraint",
        "pg_constraint t JOIN relation r ON r.oid = t.conrelid"
        " JOIN pg_attribute a ON a.attrelid = t.conrelid AND a.attnum = t.conkey[1]",
        "t.contype = 'n' AND t.conislocal",
        "'column', r.schema, r.name, a.attname::text",
        _CONSTRAINT,
        "'not null'",
        (
            ("inherit", "CASE WHEN t.connoinherit THEN 'no' END"),
            ("comment", "obj_description(t.oid, 'pg_constraint')"),
        ),
    ),
    Source(
        "pg_constraint",
        "pg_constraint t JOIN type y ON y.oid = t.contypid",
        "t.contypid >= 16384",
        _TYPE_NAME,
        _CONSTRAINT,
        "concat('constraint ', quote_ident(t.conname))",
        (("comment", "obj_description(t.oid, 'pg_constraint')"),),
    ),
    Source(
        "pg_index",
        f"pg_index t JOIN relation r ON r.oid = t.indrelid JOIN pg_class c ON c.oid = t.indexrelid {_CONSTRAINT_OF}",
        "NOT c.relispartition",
        _INDEX_NAME,
        _INDEX,
    ),
    Source(
        "pg_inherits",
        "pg_inherits t JOIN relation r ON r.oid = t.inhrelid",
        "r.relkind IN ('r', 'p', 'f')",
        _RELATION_NAME,
        "inhrelid inhparent inhseqno",
    ),
    Source(
        "pg_partitioned_table",
        "pg_partitioned_table t JOIN relation r ON r.oid = t.partrelid",
        "true",
        _RELATION_NAME,
        "partrelid partstrat partnatts partattrs partclass partcollation partexprs",
    ),
    Source(
        "pg_foreign_table",
        "pg_foreign_table t JOIN relation r ON r.oid = t.ftrelid",
        "true",
        _RELATION_NAME,
        "ftrelid ftserver ftoptions",
    ),
    Source(
        "pg_sequence",
        "pg_sequence t JOIN relation r ON r.oid = t.seqrelid",
        "true",
        f"'sequence', r.schema, {_OWNER}, r.name",
        "seqrelid seqtypid seqstart seqincrement seqmin seqmax seqcache seqcycle",
    ),
    Source(
        "pg_trigger",
        "pg_trigger t JOIN relation r ON r.oid = t.tgrelid",
        "NOT t.tgisinternal AND t.tgparentid = 0",
        "'trigger', r.schema, r.name, t.tgname::text",
        _TRIGGER,
    ),
    Source(
        "pg_trigger",
        "pg_trigger t JOIN pg_trigger b ON b.oid = t.tgparentid JOIN relation r ON r.oid = t.tgrelid",
        "NOT t.tgisinternal AND t.tgenabled <> b.tgenabled",
        _RELATION_NAME,
        _TRIGGER,
        "concat('trigger ', quote_ident(t.tgname))",
        (("enabled", "t.tgenabled::text"),),
    ),
    Source(
        "pg_trigger",
        "pg_trigger t JOIN pg_constraint c ON c.oid = t.tgconstraint"
        " JOIN relation r ON r.oid = c.conrelid JOIN pg_class w ON w.oid = t.tgrelid",
        "t.tgisinternal AND t.tgenabled <> 'O' AND c.conislocal AND c.conparentid = 0",
        "CASE c.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'"
        " ELSE 'exclusion' END, r.schema, r.name, c.conname::text",
        _TRIGGER,
        "concat('triggers of ', quote_ident(w.relname))",
        (("enabled", "t.tgenabled::text"),),
    ),
    Source(
        "pg_rewrite",
        "pg_rewrite t JOIN relation r ON r.oid = t.ev_class",
        "t.rulename <> '_RETURN'",
        "'rule', r.schema, r.name, t.rulename::text",
        "rulename ev_class ev_type ev_enabled is_instead ev_qual ev_action",
    ),
    Source(
        "pg_policy",
        "pg_policy t JOIN relation r ON r.oid = t.polrelid",
        "true",
        "'policy', r.schema, r.name, t.polname::text",
        "polname polrelid polcmd polpermissive polroles polqual polwithcheck",
    ),
    Source(
        "pg_statistic_ext",
        "pg_statistic_ext t JOIN relation r ON r.oid = t.stxrelid",
        "true",
        "'statistics', r.schema, r.name, t.stxname::text",
        "stxrelid stxname stxnamespace stxkeys stxkind stxexprs",
    ),
    Source(
        "pg_type",
        "type t JOIN type y ON y.oid = t.oid",
        "t.typtype IN ('e', 'd', 'r')",
        _TYPE_NAME,
        "typname typnamespace typtype typnotnull typbasetype typtypmod typcollation typdefaultbin typdefault typrelid",
    ),
    Source(
        "pg_enum",
        "pg_enum t JOIN type y ON y.oid = t.enumtypid",
        "true",
        _TYPE_NAME,
        "enumtypid enumsortorder enumlabel",
    ),
    Source(
        "pg_range",
        "pg_range t JOIN type y ON y.oid = t.rngtypid",
        "true",
        _TYPE_NAME,
        "rngtypid rngsubtype rngcollation rngsubopc rngcanonical rngsubdiff",
    ),
    Source("pg_proc", "pg_proc t JOIN routine p ON p.oid = t.oid", "true", _ROUTINE_NAME, _PROCEDURE),
    Source(
        "pg_aggregate",
        "pg_aggregate t JOIN routine p ON p.oid = t.aggfnoid",
        "true",
        _ROUTINE_NAME,
        "aggfnoid aggkind aggtransfn aggtranstype agginitval aggfinalfn aggcombinefn aggsortop aggmtransfn",
    ),
    Source("pg_extension", "pg_extension t", "true", "'extension', '', '', t.extname::text", "extname extnamespace"),
    Source(
        "pg_event_trigger",
        "pg_event_trigger t",
        "true",
        "'event trigger', '', '', t.evtname::text",
        "evtname evtevent evtfoid evtenabled evttags",
    ),
    Source("pg_namespace", "pg_namespace t", "true", "'schema', '', '', t.nspname::text", "nspname"),
)

_SIDES = "CASE o.oprleft WHEN 0 THEN 'NONE' ELSE o.oprleft::regtype::text END, ', ', o.oprright::regtype"
_METHOD = "(SELECT quote_ident(amname) FROM pg_am WHERE oid = {})"

KINDS = (
    Kind("pg_am", "access method", "quote_ident(o.amname)"),
    Kind("pg_cast", "cast", "concat('(', o.castsource::regtype, ' AS ', o.casttarget::regtype, ')')"),
    Kind("pg_collation", "collation", "quote_ident(o.collname)", "collnamespace"),
    Kind("pg_conversion", "conversion", "quote_ident(o.conname)", "connamespace"),
    Kind("pg_foreign_data_wrapper", "foreign data wrapper", "quote_ident(o.fdwname)"),
    Kind("pg_foreign_server", "foreign server", "quote_ident(o.srvname)"),
    Kind("pg_language", "language", "quote_ident(o.lanname)"),
    Kind(
        "pg_opclass",
        "operator class",
        f"concat(quote_ident(o.opcname), ' USING ', {_METHOD.format('o.opcmethod')})",
        "opcnamespace",
    ),
    Kind("pg_operator", "operator", f"concat(o.oprname, ' (', {_SIDES}, ')')", "oprnamespace"),
    Kind(
        "pg_opfamily",
        "operator family",
        f"concat(quote_ident(o.opfname), ' USING ', {_METHOD.format('o.opfmethod')})",
        "opfnamespace",
    ),
    Kind("pg_publication", "publication", "quote_ident(o.pubname)"),
    Kind(
        "pg_transform",
        "transform",
        "concat('FOR ', o.trftype::regtype, ' LANGUAGE ', (SELECT quote_ident(lanname) FROM pg_language"
        " WHERE oid = o.trflang))",
    ),
    Kind("pg_ts_config", "text search configuration", "quote_ident(o.cfgname)", "cfgnamespace"),
    Kind("pg_ts_dict", "text search dictionary", "quote_ident(o.dictname)", "dictnamespace"),
    Kind("pg_ts_parser", "text search parser", "quote_ident(o.prsname)", "prsnamespace"),
    Kind("pg_ts_template", "text search template", "quote_ident(o.tmplname)", "tmplnamespace"),
    Kind(
        "pg_type",
        "base type",
        "quote_ident(o.typname)",
        "typnamespace",
        "o.typtype NOT IN ('c', 'd', 'e', 'm', 'r')",
    ),
    Kind(
        "pg_class",
        "relation",
        "quote_ident(o.relname)",
        "relnamespace",
        "o.relkind NOT IN ('r', 'p', 'f', 'v', 'm', 'c', 'i', 'I', 'S', 't')",
    ),
    Kind(
        "pg_constraint",
        "constraint",
        "concat(quote_ident(o.conname), ' of ', nullif(o.conrelid, 0)::regclass, nullif(o.contypid, 0)::regtype)",
        "connamespace",
        "o.contype NOT IN ('p', 'u', 'f', 'c', 'x', 'n', 't')",
    ),
)

PARTS = (
    Part("pg_amop", "amopfamily", "pg_opfamily", "operators"),
    Part("pg_amproc", "amprocfamily", "pg_opfamily", "functions"),
    Part("pg_publication_namespace", "pnpubid", "pg_publication", "schemas"),
    Part("pg_publication_rel", "prpubid", "pg_publication", "tables"),
    Part("pg_ts_config_map", "mapcfg", "pg_ts_config", "mappings"),
)

VOLATILE: dict[str, str] = {
    "pg_attribute": "attnum attlen attndims attcacheoff attbyval attalign atthasdef atthasmissing attisdropped"
    " attmissingval",
    "pg_class": "reltype relfilenode relpages reltuples relallvisible relallfrozen reltoastrelid relhasindex"
    " relisshared relnatts relchecks relhasrules relhastriggers relhassubclass relispopulated relrewrite relfrozenxid"
    " relminmxid",
    "pg_collation": "collversion",
    "pg_constraint": "coninhcount conpfeqop conppeqop conffeqop",
    "pg_extension": "extrelocatable extversion extconfig extcondition",
    "pg_index": "indnatts indcheckxmin indisready indislive indisclustered",
    "pg_partitioned_table": "partdefid",
    "pg_trigger": "tgconstrindid",
    "pg_type": "typlen typbyval typispreferred typisdefined typdelim typsubscript typelem typarray typinput typoutput"
    " typreceive typsend typmodin typmodout typanalyze typalign typstorage typndims typcategory typrelid",
}
"""Columns that say nothing of the schema: where it is stored, how it was reached, what other columns say too."""

VOLATILE_IN_KINDS: dict[str, str] = {
    "pg_collation": "collversion",
    "pg_type": "typarray typisdefined typrelid typdefaultbin",
}
"""As ``VOLATILE``, where a row is an object of its own."""

LEFT_OUT: dict[str, str] = {
    "labels, and what may hold passwords": "pg_init_privs pg_seclabel pg_user_mapping",
    "read with owners and privileges, where these are asked for": "pg_default_acl",
    "data": "pg_largeobject pg_largeobject_metadata pg_statistic pg_statistic_ext_data",
    "read through functions": "pg_depend pg_description",
    "of one server only": "pg_subscription_rel",
}
"""Why a catalog is not read, to catalogs. Those that all databases of a server share are not read either."""
