-- A role that can read a database's catalog and its stamp, and nothing else: no rows, no writing. PostgreSQL 14 or newer.
-- Run it in the guarded database, as its owner or a superuser:
--
--   psql --dbname shop --file reader.sql
--   psql --dbname shop --command '\password driftguard_reader'
--
-- Where the tables, or the version table, are in another schema than public, change that below.
CREATE ROLE driftguard_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 4;
ALTER ROLE driftguard_reader SET default_transaction_read_only = on;
ALTER ROLE driftguard_reader SET statement_timeout = '60s';
ALTER ROLE driftguard_reader SET lock_timeout = '5s';
ALTER ROLE driftguard_reader SET idle_in_transaction_session_timeout = '120s';
DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO driftguard_reader', current_database());
END
$$;
GRANT USAGE ON SCHEMA public TO driftguard_reader;
GRANT SELECT ON public.alembic_version TO driftguard_reader;
