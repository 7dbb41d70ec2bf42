"""Whatever becomes of the journal, statements go on as if there were none; and taking it away leaves nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from fixtures.postgresql import PostgresqlServer
from hands import Hand
from sqlalchemy import make_url

from driftguard.catalog.postgresql.journal import INSTALL, MARK, SCHEMA
from driftguard.schema.journal import Origin

FULL = """
CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RAISE disk_full; END'; CREATE TRIGGER full_disk BEFORE INSERT ON driftguard_journal.entry FOR EACH ROW
EXECUTE FUNCTION public.full_disk()
"""
CHANGES = (
    "CREATE TABLE t (i int)",
    "ALTER TABLE t ADD j int",
    "INSERT INTO alembic_version VALUES ('a')",
    "UPDATE alembic_version SET version_num = 'b'",
    "DELETE FROM alembic_version",
    "CREATE TABLE versions (version_num text)",
    "DROP TABLE t, versions",
)
"""Commands, drops, each way to move a stamp, and a version table that is to be watched."""


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param((FULL,), id="full disk"),
        pytest.param(("DROP TABLE driftguard_journal.entry",), id="no table"),
        pytest.param(("ALTER TABLE driftguard_journal.entry DROP tag",), id="another table"),
        pytest.param(("ALTER TABLE driftguard_journal.entry RENAME TO old",), id="a renamed table"),
        pytest.param(("ALTER SCHEMA driftguard_journal RENAME TO old",), id="a renamed schema"),
        pytest.param(("DROP SCHEMA driftguard_journal CASCADE",), id="no schema"),
        pytest.param(("DROP FUNCTION driftguard_journal.keep",), id="no function"),
        pytest.param(("DROP FUNCTION driftguard_journal.note_stamp CASCADE",), id="nothing watched"),
        pytest.param(
            ("ALTER TABLE driftguard_journal.entry ALTER id RESTART 9223372036854775807", "CREATE TABLE last (i int)"),
            id="no number left",
        ),
        pytest.param(("ALTER TABLE driftguard_journal.entry ENABLE ROW LEVEL SECURITY",), id="row security"),
        pytest.param(("CREATE RULE no AS ON INSERT TO driftguard_journal.entry DO INSTEAD NOTHING",), id="a rule"),
    ],
)
def test_a_broken_journal_stops_nothing(noted: Hand, harm: Sequence[str]) -> None:
    noted.run(*harm)
    noted.run(*CHANGES)
    noted.together(*CHANGES)


@pytest.mark.parametrize(
    "harm", ["LOCK TABLE driftguard_journal.entry", "ALTER TABLE driftguard_journal.entry ADD x int"]
)
def test_a_locked_journal_stops_nothing(noted: Hand, harm: str) -> None:
    with noted.session(autocommit=False) as locking:
        locking.execute(harm.encode())
        noted.run("SET statement_timeout = '10s'", *CHANGES)


def test_a_role_without_rights_is_noted_and_reads_nothing(noted: Hand, nobody: str) -> None:
    noted.run("CREATE TABLE mine (i int)", "ALTER TABLE mine ADD j int", "DROP TABLE mine", user=nobody)
    assert [each.user for each in noted.entries] == [nobody] * 3
    for forbidden in (
        "TABLE driftguard_journal.entry",
        "DELETE FROM driftguard_journal.entry",
        "SELECT driftguard_journal.keep('x', '[]')",
        "SELECT driftguard_journal.watch('pg_class'::regclass)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            noted.run(forbidden, user=nobody)


def test_who_set_it_up_may_lose_all_rights(noted: Hand, nobody: str) -> None:
    noted.remove()
    noted.run(f"ALTER ROLE {nobody} SUPERUSER")
    with noted.session(nobody, autocommit=False) as connection:
        for statement in INSTALL:
            connection.execute(statement.encode())
    noted.run(f"ALTER ROLE {nobody} NOSUPERUSER", f"REVOKE ALL ON SCHEMA public FROM {nobody}, PUBLIC", *CHANGES)
    assert len(noted.entries) >= len(CHANGES) - 1, "all but the stamps of a table that it may not watch"


def test_a_role_s_own_objects_are_not_called_by_the_journal(noted: Hand, nobody: str) -> None:
    trap = "RETURNS {} LANGUAGE plpgsql AS 'BEGIN RAISE ''caught''; END'"
    noted.run(
        f"CREATE FUNCTION public.current_query() {trap.format('text')}",
        f"CREATE FUNCTION public.length(text) {trap.format('int')}",
        f"CREATE FUNCTION public.pg_notify(text, text) {trap.format('void')}",
        "CREATE TYPE public.jsonb AS ENUM ()",
        "SET search_path = public, pg_catalog",
        "CREATE TABLE mine (i int)",
        user=nobody,
    )
    assert noted.by_hand[-1] == "CREATE TABLE mine (i int)"


@pytest.mark.parametrize(
    "table",
    [
        ("CREATE TABLE mine (version_num trap)",),
        ("CREATE TABLE mine (version_num text)", "ALTER TABLE mine ALTER version_num TYPE trap USING 'a'"),
        ("CREATE TABLE mine (version_num text)", "ALTER TABLE mine ADD other trap"),
    ],
)
@pytest.mark.parametrize("target", ["text", "json", "jsonb"])
def test_nobody_gains_rights_by_a_version_table(noted: Hand, nobody: str, table: Sequence[str], target: str) -> None:
    body = f"BEGIN ALTER ROLE {nobody} SUPERUSER; RETURN '{{}}'; END"
    noted.run(
        "CREATE TYPE trap AS ENUM ('a')",
        f"CREATE FUNCTION spring(trap) RETURNS {target} LANGUAGE plpgsql AS $$ {body} $$",
        f"CREATE CAST (trap AS {target}) WITH FUNCTION spring AS IMPLICIT",
        *table,
        "INSERT INTO mine VALUES ('a')",
        user=nobody,
    )
    assert noted.rows(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{nobody}'") == [(False,)]


def test_a_read_only_transaction_fails_as_ever(noted: Hand) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction, match="CREATE TABLE"):
        noted.run("SET default_transaction_read_only = on", "CREATE TABLE t (i int)")


def test_a_replica_s_session_is_noted(noted: Hand) -> None:
    noted.run("SET session_replication_role = replica", "CREATE TABLE t (i int)")
    noted.run("SET session_replication_role = replica", "INSERT INTO alembic_version VALUES ('a')")
    assert [each.origin for each in noted.entries] == [Origin.HAND, Origin.STAMP]


@pytest.mark.parametrize(
    "setting",
    [
        "standard_conforming_strings = off",
        "quote_all_identifiers = on",
        "client_encoding = latin1",
        "row_security = off",
        "default_tablespace = pg_default",
        "DateStyle = 'German'",
        "bytea_output = escape",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_isolation = 'repeatable read'",
        "check_function_bodies = off",
        "plpgsql.extra_errors = 'all'",
        "plpgsql.variable_conflict = use_column",
        "default_transaction_deferrable = on",
    ],
)
def test_settings_of_a_session_change_nothing(noted: Hand, setting: str) -> None:
    noted.run(f"SET {setting}", *CHANGES)
    assert len(noted.entries) == len(CHANGES)


def test_serializable_transactions_do_not_meet_in_the_journal(noted: Hand) -> None:
    noted.run(
        "INSERT INTO driftguard_journal.entry OVERRIDING SYSTEM VALUE"
        " SELECT n, now(), 'x', '', '[]', '', '', '', '', 1, now(), 1, now(), now() FROM generate_series(1, 20) n",
        "ALTER TABLE driftguard_journal.entry ALTER id RESTART 10150",
    )
    with noted.session(autocommit=False) as one, noted.session(autocommit=False) as other:
        for name, connection in (("a", one), ("b", other)):
            connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            connection.execute(f"CREATE TABLE {name} (i int)".encode())
        for name, connection in (("a", one), ("b", other), ("a", one)):
            for number in range(100):  # each would prune
                connection.execute(f"COMMENT ON TABLE {name} IS '{number}'".encode())
        one.commit()
        other.commit()
    assert sum(each.startswith("COMMENT") for each in noted.by_hand) == 300


def test_many_at_once(noted: Hand) -> None:
    noted.run("ALTER TABLE driftguard_journal.entry ALTER id RESTART 10000")

    def work(number: int) -> None:
        noted.run(*(f"CREATE TABLE t{number}_{each} (i int)" for each in range(20)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(noted.by_hand) == 161


def test_many_in_long_transactions_do_not_wait_for_each_other(noted: Hand) -> None:
    noted.run(
        "INSERT INTO driftguard_journal.entry OVERRIDING SYSTEM VALUE"
        " SELECT n, now(), 'x', '', '[]', '', '', '', '', 1, now(), 1, now(), now() FROM generate_series(1, 500) n",
        "ALTER TABLE driftguard_journal.entry ALTER id RESTART 10099",
    )
    with noted.session(autocommit=False) as slow:
        slow.execute("CREATE TABLE a (i int)")  # number 10100 prunes, and holds what it deletes
        noted.run("SET lock_timeout = '5s'", *(f"CREATE TABLE t{number} (i int)" for number in range(150)))
        slow.commit()
    [(least,)] = noted.rows("SELECT min(id) FROM driftguard_journal.entry")
    assert least == 201


def test_what_subscribers_of_all_tables_would_lack_is_not_published(bare: Hand) -> None:
    bare.run("CREATE PUBLICATION everything FOR ALL TABLES")
    bare.install()
    assert bare.rows("SELECT tablename FROM pg_publication_tables") == []
    bare.run("CREATE TABLE t (i int)")
    assert len(bare.entries) == 1


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_any_encoding(postgresql_server: PostgresqlServer, encoding: str) -> None:
    url = postgresql_server.create()
    hand, name = Hand(url), make_url(url).database
    hand.run(f"CREATE DATABASE {name}_e TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    other = Hand(url.replace(str(name), f"{name}_e"))
    try:
        other.install()
        other.run("CREATE TABLE t (i int, secret text DEFAULT 'x')")
        assert [each.statement for each in other.entries] == ["CREATE TABLE t (i int, secret text DEFAULT ..."]
    finally:
        postgresql_server.drop(other.url)
        postgresql_server.drop(url)


def test_removing_leaves_nothing(postgresql_server: PostgresqlServer, noted: Hand) -> None:
    noted.remove()
    before = dump(postgresql_server, noted)
    noted.install()
    noted.run("CREATE TABLE t (i int)", "DROP TABLE t")
    assert dump(postgresql_server, noted) != before
    noted.install()
    noted.remove()
    assert dump(postgresql_server, noted) == before
    noted.remove()


@pytest.mark.parametrize(
    "harm",
    [
        "DROP TABLE driftguard_journal.entry",
        "DROP FUNCTION driftguard_journal.note_stamp CASCADE",
        "DROP EVENT TRIGGER driftguard_journal_drop",
        "DROP SCHEMA driftguard_journal CASCADE",
        "DROP TABLE IF EXISTS alembic_version",
    ],
)
def test_what_is_left_of_a_journal_is_removed_or_renewed(
    postgresql_server: PostgresqlServer, noted: Hand, harm: str
) -> None:
    whole = noted.catalog
    noted.run(harm)
    noted.install()
    noted.run("CREATE TABLE t (i int)", "DROP TABLE t")
    assert [each.statement for each in noted.entries][-2:] == ["CREATE TABLE t (i int)", "DROP TABLE t"]
    noted.run(harm)
    noted.remove()
    assert SCHEMA not in dump(postgresql_server, noted)
    assert set(noted.catalog.objects) <= set(whole.objects)


def test_installing_again_keeps_what_was_noted(noted: Hand) -> None:
    noted.run("CREATE TABLE t (i int)")
    noted.install()
    assert noted.by_hand == ["CREATE TABLE t (i int)"]


def test_a_schema_of_somebody_else_is_left_alone(bare: Hand) -> None:
    bare.run(f"CREATE SCHEMA {SCHEMA}", f"CREATE TABLE {SCHEMA}.entry (i int)")
    for change in (bare.install, bare.remove):
        with pytest.raises(psycopg.errors.RaiseException, match="is not driftguard's"):
            change()
    assert bare.rows(f"TABLE {SCHEMA}.entry") == []


def test_a_table_of_somebody_else_in_it_is_not_removed(noted: Hand) -> None:
    noted.run(f"CREATE TABLE {SCHEMA}.mine (i int)")
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        noted.remove()
    noted.run("DROP TABLE students")
    assert noted.by_hand[-1] == "DROP TABLE students", "all of it is still there"


def test_the_journal_is_no_drift(bare: Hand) -> None:
    bare.run("CREATE TABLE alembic_version (version_num text)")
    before = bare.catalog
    bare.install()
    assert bare.catalog == before


@pytest.mark.parametrize(
    "hidden",
    [
        f"CREATE TABLE {SCHEMA}.mine (i int)",
        f"ALTER TABLE {SCHEMA}.entry ADD mine int",
        f"CREATE INDEX mine ON {SCHEMA}.entry (at)",
        f"CREATE FUNCTION {SCHEMA}.keep() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        f"CREATE TRIGGER {SCHEMA} BEFORE UPDATE ON students FOR EACH ROW"
        f" EXECUTE FUNCTION suppress_redundant_updates_trigger(); COMMENT ON TRIGGER {SCHEMA} ON students IS '{MARK}'",
        f"COMMENT ON TABLE {SCHEMA}.entry IS 'mine'",
        f"CREATE EVENT TRIGGER mine ON sql_drop EXECUTE FUNCTION {SCHEMA}.note_drop()",
    ],
)
def test_nobody_hides_drift_behind_it(noted: Hand, hidden: str) -> None:
    before = noted.catalog
    noted.run(hidden)
    assert noted.catalog != before


def test_a_dump_is_restored_with_it(postgresql_server: PostgresqlServer, noted: Hand) -> None:
    noted.run("CREATE TABLE t (i int)", "INSERT INTO alembic_version VALUES ('a')")
    copy = Hand(postgresql_server.create())
    try:
        script = dump(postgresql_server, noted, "--inserts")
        client(postgresql_server, copy, "psql", "-qX", "--set=ON_ERROR_STOP=1", given=script)
        assert [each.origin for each in copy.entries] == [each.origin for each in noted.entries]
        copy.run("CREATE TABLE u (i int)")
        assert copy.by_hand[-1] == "CREATE TABLE u (i int)"
        assert copy.catalog.objects != noted.catalog.objects
        copy.remove()
        assert SCHEMA not in dump(postgresql_server, copy)
    finally:
        postgresql_server.drop(copy.url)


def dump(server: PostgresqlServer, hand: Hand, *options: str) -> str:
    text = client(server, hand, "pg_dump", *options)
    return "\n".join(line for line in text.splitlines() if "restrict " not in line)


def client(server: PostgresqlServer, hand: Hand, program: str, *options: str, given: str = "") -> str:
    database = str(make_url(hand.url).database)
    command = [f"{server.bindir}/{program}", *options, "-h", server.folder, "-U", "postgres", database]
    return subprocess.run(command, input=given, check=True, capture_output=True, text=True).stdout
