"""What is no drift: one schema reached by two ways, and what happens to a schema without changing it."""

from __future__ import annotations

import pytest

same = pytest.param

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
