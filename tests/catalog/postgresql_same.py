"""What is no drift: one schema reached by two ways, and what happens to a schema without changing it."""

from __future__ import annotations

import pytest

same = pytest.param

LONG, LONG_COLUMN = "x" * 63, "y" * 60

TWO_WAYS = [
    same(
        "CREATE TABLE t (id serial)",
        "CREATE SEQUENCE t_id_seq AS integer;"
        "CREATE TABLE t (id integer NOT NULL DEFAULT nextval('t_id_seq')); ALTER SEQUENCE t_id_seq OWNED BY t.id",
        id="serial and its parts",
    ),
    same(
        "CREATE TABLE t (a integer PRIMARY KEY, b text UNIQUE CHECK (b <> ''))",
        "CREATE TABLE t (a integer, b text); ALTER TABLE t ADD CHECK (b <> '');"
        "ALTER TABLE t ADD UNIQUE (b); ALTER TABLE t ADD PRIMARY KEY (a)",
        id="constraints inline and added",
    ),
    same(
        "CREATE TABLE t (a integer UNIQUE)",
        "CREATE TABLE t (a integer); CREATE UNIQUE INDEX i ON t (a);"
        "ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE USING INDEX i",
        id="a constraint and one made from an index",
    ),
    same(
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a_id integer REFERENCES a)",
        "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a_id integer);"
        "ALTER TABLE b ADD CONSTRAINT b_a_id_fkey FOREIGN KEY (a_id) REFERENCES public.a (id) ON DELETE NO ACTION",
        id="a foreign key short and long",
    ),
    same(
        "CREATE TABLE t (a integer, b text, c date)",
        "CREATE TABLE t (c date, a integer); ALTER TABLE t ADD COLUMN b text",
        id="columns in another order",
    ),
    same(
        "CREATE TABLE t (a integer, b text)",
        "CREATE TABLE t (a integer, b text, c text); ALTER TABLE t DROP COLUMN b, DROP COLUMN c;"
        "ALTER TABLE t ADD COLUMN b text",
        id="a column dropped and added again",
    ),
    same(
        "CREATE TABLE users (id serial PRIMARY KEY, mail text UNIQUE CHECK (mail <> '')); CREATE INDEX ON users (mail);"
        "CREATE TABLE logins (user_id integer REFERENCES users)",
        "CREATE TABLE people (id serial PRIMARY KEY, mail text UNIQUE CHECK (mail <> ''));"
        "CREATE INDEX ON people (mail);"
        "CREATE TABLE entries (user_id integer REFERENCES people);"
        "ALTER TABLE people RENAME TO users; ALTER TABLE entries RENAME TO logins",
        id="names made up before a table was renamed",
    ),
    same(
        "CREATE TABLE users (id serial, mail text UNIQUE CHECK (mail <> '')); CREATE INDEX ON users (mail)",
        "CREATE TABLE users (no serial, email text UNIQUE CHECK (email <> '')); CREATE INDEX ON users (email);"
        "ALTER TABLE users RENAME COLUMN email TO mail; ALTER TABLE users RENAME COLUMN no TO id",
        id="names made up before a column was renamed",
    ),
    same(
        "CREATE TABLE t (a integer UNIQUE)",
        "CREATE TABLE t_a_key (x integer); CREATE TABLE t (a integer UNIQUE); DROP TABLE t_a_key",
        id="a made-up name with a number",
    ),
    same(
        "CREATE TABLE p (a integer PRIMARY KEY, b text CHECK (b <> '')) PARTITION BY RANGE (a); CREATE INDEX ON p (b);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE p (a integer PRIMARY KEY, b text CHECK (b <> '')) PARTITION BY RANGE (a);"
        "CREATE TABLE p1 (a integer NOT NULL, b text, CONSTRAINT p_b_check CHECK (b <> ''));"
        "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (10); CREATE INDEX ON p (b)",
        id="a partition made and one attached",
    ),
    same(
        "CREATE TABLE p (a integer, b text) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
        "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
        "ALTER TABLE p ADD COLUMN c text, ADD COLUMN b text; ALTER TABLE p DROP COLUMN c",
        id="partitions with columns dropped",
    ),
    same(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
        "CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
        "CREATE TRIGGER t AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
        "CREATE TABLE p (a integer) PARTITION BY LIST (a);"
        "CREATE TRIGGER t AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
        id="a trigger before and behind its partition",
    ),
    same(
        "CREATE TYPE mood AS ENUM ('bad', 'fair', 'good')",
        "CREATE TYPE mood AS ENUM ('bad', 'well'); ALTER TYPE mood ADD VALUE 'fair' BEFORE 'well';"
        "ALTER TYPE mood RENAME VALUE 'well' TO 'good'",
        id="enum values at once and one by one",
    ),
    same(
        "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE t (id integer NOT NULL); ALTER TABLE t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
        id="an identity at once and later",
    ),
    same(
        "CREATE TABLE t (a varchar(5) DEFAULT 'x', b int4, c timestamptz, d numeric(5), e int[])",
        "CREATE TABLE t (a character varying(5) DEFAULT 'x'::character varying, b integer,"
        " c timestamp with time zone, d decimal(5, 0), e integer ARRAY)",
        id="types and defaults in other words",
    ),
    same(
        "CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t WHERE a > 1",
        "CREATE TABLE t (a integer); create view public.v as select t.a from public.t where (((t.a) > (1)))",
        id="a view in other words",
    ),
    same(
        "CREATE TABLE t (a integer, b text); CREATE INDEX i ON t (a) WHERE b IS NOT NULL",
        "CREATE TABLE t (a integer, b text);"
        "CREATE INDEX i ON public.t USING btree (a ASC NULLS LAST) WHERE (b IS NOT NULL)",
        id="an index in other words",
    ),
    same(
        "CREATE TABLE t (a integer CHECK (a IN (1, 2)))",
        "CREATE TABLE t (a integer CHECK (a = ANY (ARRAY[1, 2])))",
        id="a check in other words",
    ),
    same(
        "CREATE TABLE t (a text) WITH (fillfactor = 80, autovacuum_enabled = false)",
        "CREATE TABLE t (a text); ALTER TABLE t SET (autovacuum_enabled = false); ALTER TABLE t SET (fillfactor = 80)",
        id="storage parameters in another order",
    ),
    same(
        "CREATE DOMAIN d AS text CONSTRAINT c CHECK (VALUE <> '')",
        "CREATE DOMAIN d AS text; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE <> '')",
        id="a domain's check at once and later",
    ),
    same(
        "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';"
        "CREATE OR REPLACE FUNCTION public.f(a int4) RETURNS int4 LANGUAGE sql VOLATILE COST 100 AS 'SELECT 1'",
        id="a function and one replaced",
    ),
    same(
        "CREATE TABLE t (a integer)",
        "CREATE TABLE t (a integer); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (true);"
        "DROP POLICY p ON t; ALTER TABLE t DISABLE ROW LEVEL SECURITY",
        id="row security there and back",
    ),
    same(
        "CREATE TABLE t (a integer)",
        "CREATE UNLOGGED TABLE u (a integer); ALTER TABLE u SET LOGGED; ALTER TABLE u RENAME TO t;"
        "COMMENT ON TABLE t IS 'x'; COMMENT ON TABLE t IS NULL",
        id="logged and comments there and back",
    ),
    same(
        "CREATE TABLE t (id serial PRIMARY KEY)",
        "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY); ALTER TABLE t ALTER id DROP "
        "IDENTITY; CREATE SEQUENCE t_id_seq AS integer OWNED BY t.id; ALTER TABLE t ALTER id SET DEFAULT "
        "nextval('t_id_seq')",
        id="serial without its default and identity turned back",
    ),
    same(
        "CREATE TABLE t (id bigserial)",
        "CREATE TABLE t (id serial); ALTER TABLE t ALTER id TYPE bigint; ALTER SEQUENCE t_id_seq AS bigint",
        id="bigserial made of serial",
    ),
    same(
        "CREATE TABLE t (a text DEFAULT 'x', b numeric(8,2) DEFAULT 0, c varchar(9) DEFAULT NULL, d date DEFAULT "
        "'2020-01-01', e boolean DEFAULT 't', f bigint DEFAULT 1)",
        "CREATE TABLE t (a text DEFAULT 'x'::text, b numeric(8,2) DEFAULT 0, c varchar(9), d date DEFAULT "
        "'2020-01-01'::date, e boolean DEFAULT true, f bigint DEFAULT 1)",
        id="defaults that differ by a cast",
    ),
    same(
        "CREATE TABLE t (a varchar(9) DEFAULT 'x')",
        "CREATE TABLE t (a varchar(9) DEFAULT 'x'::character varying)",
        id="a varchar default with and without its cast",
    ),
    same(
        "CREATE TABLE t (a varchar(9) DEFAULT 'x')",
        "CREATE TABLE t (a varchar(9) DEFAULT 'x'::text)",
        id="a varchar default cast to text",
    ),
    same(
        "CREATE TABLE t (a integer DEFAULT 0)",
        "CREATE TABLE t (a integer DEFAULT '0')",
        id="a number in quotes as default",
    ),
    same(
        "CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (a m DEFAULT 'a')",
        "CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (a m DEFAULT 'a'::m)",
        id="an enum default with and without its cast",
    ),
    same(
        "CREATE TABLE t (a timestamptz DEFAULT now())",
        "CREATE TABLE t (a timestamptz); ALTER TABLE t ALTER a SET DEFAULT pg_catalog.now()",
        id="a function's name with its schema",
    ),
    same(
        "CREATE TABLE t (a jsonb DEFAULT '{}')",
        "CREATE TABLE t (a jsonb DEFAULT '{}'::jsonb)",
        id="a jsonb default",
    ),
    same(
        "CREATE TABLE t (a text[] DEFAULT '{}')",
        "CREATE TABLE t (a text[] DEFAULT '{}'::text[])",
        id="an array default",
    ),
    same(
        "CREATE TABLE t (a integer[])",
        "CREATE TABLE t (a integer[3][3])",
        id="an array with dimensions",
    ),
    same(
        "CREATE TABLE t (a varchar, b char(3), c bool, d float8, e int8, f timetz, g bit varying(3), h decimal)",
        "CREATE TABLE t (a character varying, b character(3), c boolean, d double precision, e bigint, f time "
        "with time zone, g varbit(3), h numeric)",
        id="a type's long and short name",
    ),
    same(
        "CREATE TABLE t (a integer, CONSTRAINT c CHECK ((a > 0) AND (a < 9)))",
        "CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0 AND a < 9))",
        id="a check in other brackets",
    ),
    same(
        "CREATE TABLE t (a integer, CONSTRAINT c CHECK (a BETWEEN 1 AND 5))",
        "CREATE TABLE t (a integer, CONSTRAINT c CHECK (a >= 1 AND a <= 5))",
        id="BETWEEN and what it means",
    ),
    same(
        "CREATE TABLE t (a integer CHECK (a > 0))",
        "CREATE TABLE t (a integer, CHECK (a > 0))",
        id="a check on the table and on the column",
    ),
    same(
        "CREATE TABLE t (a integer CONSTRAINT c CHECK (a > 0))",
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t "
        "VALIDATE CONSTRAINT c",
        id="a check that was validated later",
    ),
    same(
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (a integer REFERENCES p)",
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (a integer); ALTER TABLE t ADD FOREIGN KEY (a) "
        "REFERENCES p NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT t_a_fkey",
        id="a foreign key that was validated later",
    ),
    same(
        "CREATE TABLE t (a integer NOT NULL, CONSTRAINT pk_t PRIMARY KEY (a))",
        "CREATE TABLE t (a integer NOT NULL); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT pk_t "
        "PRIMARY KEY USING INDEX i",
        id="a primary key made of an index",
    ),
    same(
        "CREATE TABLE t (a integer PRIMARY KEY)",
        "CREATE TABLE t (a integer NOT NULL); ALTER TABLE t ADD PRIMARY KEY (a)",
        id="not null before and with the key",
    ),
    same(
        "CREATE TABLE t (a text); CREATE INDEX i ON t (lower(a))",
        "CREATE TABLE t (a text); CREATE INDEX i ON t ((lower(a)))",
        id="columns of an index with and without brackets",
    ),
    same(
        "CREATE TABLE t (a text); CREATE INDEX i ON t (a)",
        "CREATE TABLE t (a text); CREATE INDEX i ON t USING btree (a text_ops)",
        id="an index with its default operator class",
    ),
    same(
        "CREATE TABLE t (a text); CREATE INDEX i ON t (a)",
        "CREATE TABLE t (a text); CREATE INDEX j ON t (a); ALTER INDEX j RENAME TO i",
        id="an index renamed",
    ),
    same(
        "CREATE TABLE t (a integer, b integer); CREATE VIEW v AS SELECT a, b FROM t",
        "CREATE TABLE t (a integer, b integer); CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS "
        "SELECT * FROM t",
        id="a view replaced",
    ),
    same(
        "CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE s (a integer); CREATE VIEW v AS SELECT a FROM s; ALTER TABLE s RENAME TO t",
        id="a view on a table that was renamed",
    ),
    same(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE t (a "
        "integer); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE t (a "
        "integer); CREATE TRIGGER g BEFORE INSERT ON t FOR ROW EXECUTE PROCEDURE f()",
        id="a trigger in old and new words",
    ),
    same(
        "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION f(IN a int) RETURNS int AS 'SELECT 1' LANGUAGE SQL VOLATILE CALLED ON NULL INPUT "
        "SECURITY INVOKER PARALLEL UNSAFE",
        id="function options spelt out",
    ),
    same(
        "CREATE TABLE t (a integer); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a > 1)",
        "CREATE TABLE t (a integer); CREATE POLICY p ON t AS PERMISSIVE FOR ALL TO PUBLIC USING ((a > 1)); ALTER "
        "TABLE t ENABLE ROW LEVEL SECURITY",
        id="row security by two ways",
    ),
    same(
        "CREATE DOMAIN d AS integer CONSTRAINT b CHECK (VALUE > 0) CONSTRAINT a CHECK (VALUE < 9)",
        "CREATE DOMAIN d AS integer CONSTRAINT a CHECK (VALUE < 9); ALTER DOMAIN d ADD CONSTRAINT b CHECK (VALUE > 0)",
        id="a domain with constraints in another order",
    ),
    same(
        "CREATE TYPE c AS (a integer, b text)",
        "CREATE TYPE c AS (a integer); ALTER TYPE c ADD ATTRIBUTE x text; ALTER TYPE c DROP ATTRIBUTE x; ALTER "
        "TYPE c ADD ATTRIBUTE b text",
        id="a composite type grown",
    ),
    same(
        "CREATE SEQUENCE s",
        "CREATE SEQUENCE s AS bigint INCREMENT 1 MINVALUE 1 MAXVALUE 9223372036854775807 START 1 CACHE 1 NO CYCLE",
        id="a sequence spelt out",
    ),
    same(
        "CREATE SCHEMA x; CREATE TABLE x.a (id integer PRIMARY KEY); CREATE TABLE x.b (a integer REFERENCES x.a)",
        "CREATE SCHEMA x CREATE TABLE b (a integer) CREATE TABLE a (id integer PRIMARY KEY); ALTER TABLE x.b ADD "
        "FOREIGN KEY (a) REFERENCES x.a",
        id="a schema's tables in another order",
    ),
    same(
        "CREATE SCHEMA x; CREATE TABLE x.t (id serial PRIMARY KEY, b text UNIQUE)",
        "CREATE SCHEMA x; CREATE TABLE t (id serial PRIMARY KEY, b text UNIQUE); ALTER TABLE t SET SCHEMA x",
        id="tables moved between schemas",
    ),
    same(
        "CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY)",
        "CREATE TABLE t (id serial); ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq; ALTER TABLE t "
        "ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",
        id="an identity made of a serial",
    ),
    same(
        "CREATE TABLE t (a integer PRIMARY KEY); CREATE TABLE u (a integer PRIMARY KEY); CREATE PUBLICATION p FOR"
        " TABLE t, u",
        "CREATE TABLE u (a integer PRIMARY KEY); CREATE TABLE t (x text, a integer PRIMARY KEY); ALTER TABLE t "
        "DROP COLUMN x; CREATE PUBLICATION p FOR TABLE u WITH (publish = 'delete, insert, update, truncate'); "
        "ALTER PUBLICATION p ADD TABLE t",
        id="publication options spelt out",
    ),
    same(
        "CREATE TABLE t (a integer PRIMARY KEY, b text); CREATE PUBLICATION p FOR TABLE t (a, b)",
        "CREATE TABLE t (x text, b text, a integer PRIMARY KEY); ALTER TABLE t DROP COLUMN x; CREATE PUBLICATION "
        "p FOR TABLE t (b, a)",
        id="published columns of a table with a dropped one",
    ),
    same(
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t",
        "CREATE TABLE t (x text, b integer, a integer); ALTER TABLE t DROP COLUMN x; CREATE STATISTICS s ON b, a "
        "FROM t",
        id="a statistics object on reordered columns",
    ),
    same(
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t",
        "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s (ndistinct, dependencies, mcv) ON a, b FROM t",
        id="statistics with all kinds",
    ),
    same(
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (a '1', b '2')",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (b '2'); ALTER SERVER s "
        "OPTIONS (ADD a '1')",
        id="server options in another order",
    ),
    same(
        "CREATE TEXT SEARCH CONFIGURATION c (PARSER = default); ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR"
        " word, email WITH simple",
        "CREATE TEXT SEARCH CONFIGURATION c (PARSER = default); ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR"
        " email WITH simple; ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple",
        id="text search mappings one by one",
    ),
    same(
        "CREATE FUNCTION f(integer, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE FUNCTION g(text, "
        "integer) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR === (LEFTARG = integer, RIGHTARG"
        " = text, FUNCTION = f, COMMUTATOR = ===); CREATE OPERATOR === (LEFTARG = text, RIGHTARG = integer, "
        "FUNCTION = g, COMMUTATOR = ===)",
        "CREATE FUNCTION g(text, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE FUNCTION "
        "f(integer, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR === (LEFTARG = text, "
        "RIGHTARG = integer, FUNCTION = g, COMMUTATOR = ===); CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = "
        "text, FUNCTION = f, COMMUTATOR = ===)",
        id="operators with a commutator first and second",
    ),
    same(
        "CREATE TABLE p (a integer, b text, c date) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR "
        "VALUES IN (1, 2); CREATE INDEX i ON p (b); ALTER TABLE p ADD CONSTRAINT u UNIQUE (a, b)",
        "CREATE TABLE p (a integer, b text, c date) PARTITION BY LIST (a); ALTER TABLE p ADD CONSTRAINT u UNIQUE "
        "(a, b); CREATE TABLE p1 (x text, c date, b text, a integer); ALTER TABLE p1 DROP COLUMN x; CREATE INDEX "
        "own ON p1 (b); ALTER TABLE p1 ADD CONSTRAINT p1_a_b_key UNIQUE (a, b); ALTER TABLE p ATTACH PARTITION p1"
        " FOR VALUES IN (1, 2); CREATE INDEX i ON p (b)",
        id="partitions of different shape",
    ),
    same(
        "CREATE TABLE p (a integer PRIMARY KEY) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p FOR VALUES"
        " FROM (0) TO (9); CREATE TABLE t (a integer REFERENCES p)",
        "CREATE TABLE p (a integer PRIMARY KEY) PARTITION BY RANGE (a); CREATE TABLE t (a integer REFERENCES p); "
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)",
        id="a foreign key to a partitioned table",
    ),
    same(
        "CREATE TABLE a (n text NOT NULL DEFAULT 'x', l integer); CREATE TABLE b (m text) INHERITS (a)",
        "CREATE TABLE a (l integer, n text NOT NULL DEFAULT 'x'); CREATE TABLE b (x text, m text) INHERITS (a); "
        "ALTER TABLE b DROP COLUMN x",
        id="a child made and a table that became one",
    ),
    same(
        "CREATE TABLE t (a text, b integer)",
        "CREATE TABLE t (a text, b integer); ALTER TABLE t ALTER a SET STORAGE extended, ALTER b SET STORAGE "
        "plain, ALTER a SET STATISTICS 5, ALTER a SET (n_distinct = 3); ALTER TABLE t ALTER a SET STATISTICS -1, "
        "ALTER a RESET (n_distinct)",
        id="storage set to what it is",
    ),
    same(
        "CREATE TABLE t (a integer PRIMARY KEY)",
        "CREATE TABLE t (a integer PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY FULL; ALTER TABLE t REPLICA "
        "IDENTITY DEFAULT",
        id="replica identity there and back",
    ),
    same(
        "CREATE TABLE t (a integer); CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE t (a integer); CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; GRANT SELECT"
        " (a) ON t TO PUBLIC; REVOKE ALL ON FUNCTION f() FROM PUBLIC; ALTER DEFAULT PRIVILEGES GRANT SELECT ON "
        "TABLES TO PUBLIC; ALTER TABLE t OWNER TO pg_monitor",
        id="privileges and owners",
    ),
    same(
        "CREATE TABLE t (a integer PRIMARY KEY)",
        "CREATE TABLE t (a integer PRIMARY KEY); ALTER TABLE t CLUSTER ON t_pkey",
        id="clustered on an index",
    ),
    same(
        "CREATE TABLE t (a integer); CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
        "CREATE TABLE t (a integer); CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA",
        id="a materialised view without data",
    ),
    same(
        "CREATE TABLE t (a integer NOT NULL)",
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE "
        "t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP CONSTRAINT c",
        id="a not null that is validated later",
    ),
    same(
        "CREATE TABLE t (a boolean, b varchar(5), CONSTRAINT e CHECK (b IN ('x', 'y')))",
        "CREATE TABLE t (a bool, b character varying(5), CONSTRAINT e CHECK (b::text = ANY (ARRAY['x'::varchar, "
        "'y'::varchar]::text[])))",
        id="SQLAlchemy's boolean and enum",
    ),
    same(
        f'CREATE TABLE "{LONG}" (id serial PRIMARY KEY, "{LONG_COLUMN}" text UNIQUE)',
        f'CREATE TABLE u (id serial PRIMARY KEY, "{LONG_COLUMN}" text UNIQUE); ALTER TABLE u RENAME TO "{LONG}"',
        id="names made up that are too long, before the table was renamed",
    ),
]

UNCHANGED = [
    same("ANALYZE", id="statistics collected"),
    same("VACUUM FULL", id="rewritten by vacuum"),
    same("CLUSTER users USING users_pkey", id="clustered"),
    same("REINDEX TABLE users", id="indexes rebuilt"),
    same(
        "INSERT INTO users (username, mail) SELECT 'u' || n, n || '@x' FROM generate_series(1, 100) n",
        id="rows inserted",
    ),
    same("TRUNCATE users, orders, audit.events", id="rows deleted"),
    same("SELECT setval('users_id_seq', 900), nextval('ticket_number')", id="sequences advanced"),
    same("ALTER SEQUENCE ticket_number RESTART WITH 5000", id="a sequence restarted"),
    same("REFRESH MATERIALIZED VIEW sales", id="materialised view refreshed"),
    same("ALTER TABLE users RENAME TO people;; ALTER TABLE people RENAME TO users", id="table renamed there and back"),
    same(
        "ALTER TABLE users RENAME COLUMN bio TO life;; ALTER TABLE users RENAME COLUMN life TO bio",
        id="column renamed there and back",
    ),
    same("ALTER TABLE orders DROP COLUMN note;; ALTER TABLE orders ADD COLUMN note varchar(200)", id="column anew"),
    same("ALTER TABLE spare ALTER a SET NOT NULL;; ALTER TABLE spare ALTER a DROP NOT NULL", id="null there and back"),
    same(
        "ALTER TABLE users DISABLE TRIGGER ALL;; ALTER TABLE users ENABLE TRIGGER ALL", id="triggers off and on again"
    ),
    same("DROP INDEX ix_orders_state;; CREATE INDEX CONCURRENTLY ix_orders_state ON orders (state)", id="index anew"),
    same(
        "ALTER TABLE users RENAME CONSTRAINT users_username_key TO users_username_key1",
        id="a made-up name with another number",
    ),
    same("ALTER TABLE users OWNER TO CURRENT_USER;; GRANT SELECT ON users TO PUBLIC", id="owner and privileges"),
]
