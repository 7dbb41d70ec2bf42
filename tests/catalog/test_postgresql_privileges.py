"""Owners and privileges: read where they are asked for, named, and brought back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from fixtures.postgresql import PostgresqlServer
from postgresql_base import BASE
from postgresql_privileges import RESTORABLE, ROLES, SEEN_ONLY, TWO_WAYS, UNCHANGED
from sqlalchemy import make_url
from test_postgresql import address, database, described, execute, expected, queries, undo

from driftguard.catalog.postgresql import SESSION, read, remainder, restore
from driftguard.catalog.postgresql.coverage import KINDS, LEFT_OUT, PARTS, SOURCES
from driftguard.catalog.postgresql.granting import granted
from driftguard.catalog.postgresql.naming import quote
from driftguard.schema.catalog import Catalog, Scope
from driftguard.schema.diff import diff
from driftguard.schema.roles import as_run_by, is_about_roles

VERSIONS = frozenset({("", "alembic_version")})
PLAIN, ASKED_FOR = Scope(left_out=VERSIONS), Scope(left_out=VERSIONS, privileges=True)
VERSION_TABLE = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"


@pytest.fixture(scope="module")
def roles(postgresql_server: PostgresqlServer) -> Iterator[None]:
    """A cluster has its roles once, and another worker of the same run may be here too."""
    creating = "DO $$ BEGIN CREATE ROLE {0}; EXCEPTION WHEN OTHERS THEN NULL; END $$"
    for each in ROLES:
        execute(postgresql_server.admin_url(), creating.format(quote(each)))
    yield


@pytest.fixture(scope="module")
def base(postgresql_server: PostgresqlServer, roles: None) -> Iterator[str]:
    """The URL of a database with the base schema."""
    with database(postgresql_server, BASE, VERSION_TABLE) as url:
        yield url


@pytest.fixture
def rolled_back(base: str) -> Iterator[psycopg.Connection]:
    """A connection to the base whose changes nobody else sees."""
    with psycopg.connect(address(base)) as connection:
        yield connection
        connection.rollback()


def seen(connection: psycopg.Connection, scope: Scope = ASKED_FOR) -> Catalog:
    return read(queries(connection), scope)


@pytest.fixture(scope="module")
def before(base: str) -> Catalog:
    """The base with owners and privileges."""
    with psycopg.connect(address(base)) as connection:
        return seen(connection)


@pytest.mark.parametrize(("statement", "differences"), RESTORABLE)
def test_it_is_seen_and_named_and_undone_and_done_again(
    statement: str, differences: str, before: Catalog, rolled_back: psycopg.Connection
) -> None:
    rolled_back.execute(statement.encode())
    after = seen(rolled_back)
    assert described(diff(before, after)) == expected(differences)
    undo(rolled_back, [restore(each, before) for each in diff(before, after)])
    between = seen(rolled_back)
    assert described(diff(before, between)) == []
    undo(rolled_back, [restore(each, after) for each in diff(after, between)])
    assert described(diff(after, seen(rolled_back))) == []


def test_nothing_of_it_is_seen_unless_asked_for(base: str, rolled_back: psycopg.Connection) -> None:
    plain = seen(rolled_back, PLAIN)
    for drift in RESTORABLE:
        rolled_back.execute(str(drift.values[0]).encode())
    assert seen(rolled_back, PLAIN) == plain
    assert not any(is_about_roles(attribute) for each in plain.objects for attribute, _ in each.facts)


@pytest.mark.parametrize(("statement", "differences"), SEEN_ONLY)
def test_no_statement_is_offered_that_would_not_be_true(
    statement: str, differences: str, before: Catalog, rolled_back: psycopg.Connection
) -> None:
    rolled_back.execute(statement.encode())
    found = diff(before, seen(rolled_back))
    assert described(found) == expected(differences)
    assert [restore(each, before) for each in found] == [()]


@pytest.mark.parametrize("statements", UNCHANGED)
def test_what_changes_nothing(statements: str, before: Catalog, rolled_back: psycopg.Connection) -> None:
    rolled_back.execute(statements.encode())
    assert described(diff(before, seen(rolled_back))) == []


@pytest.mark.parametrize(("one_way", "another_way"), TWO_WAYS)
def test_two_ways_to_the_same_privileges(one_way: str, another_way: str, rolled_back: psycopg.Connection) -> None:
    catalogs = []
    for each in (one_way, another_way):
        rolled_back.execute(each.encode())
        catalogs.append(seen(rolled_back))
        rolled_back.rollback()
    assert described(diff(*catalogs)) == []


def test_the_statements_are_exact(before: Catalog, rolled_back: psycopg.Connection) -> None:
    rolled_back.execute(
        b'ALTER TABLE users OWNER TO boss; GRANT SELECT, UPDATE ON users TO "Odd ""one""" WITH GRANT OPTION;'
        b"GRANT SELECT (bio) ON users TO reader; REVOKE EXECUTE ON FUNCTION normalise(text) FROM PUBLIC"
    )
    found = [each for difference in diff(before, seen(rolled_back)) for each in restore(difference, before)]
    assert found == [
        "REVOKE SELECT (bio) ON TABLE users FROM reader",
        "GRANT EXECUTE ON FUNCTION normalise(value text) TO PUBLIC",
        "ALTER TABLE users OWNER TO postgres",
        'REVOKE SELECT, UPDATE ON TABLE users FROM "Odd ""one"""',
    ]


@pytest.mark.parametrize(
    "dropped", ["TABLE spare", "VIEW active_users", "FUNCTION normalise(text)", "SCHEMA quiet", "SEQUENCE loose"]
)
def test_what_comes_back_has_its_privileges(dropped: str, rolled_back: psycopg.Connection) -> None:
    rolled_back.execute(
        b"CREATE SCHEMA quiet; CREATE SEQUENCE loose; ALTER TABLE spare OWNER TO boss; GRANT SELECT (a) ON spare TO"
        b" reader; GRANT ALL ON spare, active_users, loose TO writer; GRANT USAGE ON SCHEMA quiet TO reader;"
        b"REVOKE EXECUTE ON FUNCTION normalise(text) FROM PUBLIC"
    )
    before = seen(rolled_back)
    rolled_back.execute(f"DROP {dropped}".encode())
    found = diff(before, seen(rolled_back))
    assert len(found) == 1
    undo(rolled_back, [restore(each, before) for each in found])
    assert described(diff(before, seen(rolled_back))) == []


def test_a_change_of_both_is_undone_in_one_go(before: Catalog, rolled_back: psycopg.Connection) -> None:
    rolled_back.execute(b"ALTER TABLE users SET (fillfactor = 70); GRANT SELECT ON users TO reader")
    [found] = diff(before, seen(rolled_back))
    assert restore(found, before) == (
        "ALTER TABLE users RESET (fillfactor)",
        "REVOKE SELECT ON TABLE users FROM reader",
    )


def test_a_role_that_may_only_select_reads_the_same(base: str) -> None:
    with psycopg.connect(address(base)) as connection:
        wanted = seen(connection)
        connection.execute(b"SET LOCAL SESSION AUTHORIZATION reader")
        found = seen(connection)
        connection.rollback()
    assert described(diff(wanted, found)) == []
    assert found.role == wanted.role == "postgres"


def test_who_runs_the_migrations_owns_the_version_table(rolled_back: psycopg.Connection) -> None:
    rolled_back.execute(b"ALTER TABLE alembic_version OWNER TO boss; GRANT SELECT ON users TO boss")
    found = seen(rolled_back)
    assert found.role == "boss"
    assert {each["owner"] for each in found.objects if each.name.kind == "table"} == {"postgres"}
    users = next(each for each in found.objects if str(each.name) == "users")
    assert users["privileges"] is None


@pytest.fixture
def by_two(postgresql_server: PostgresqlServer, roles: None) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """The same migrations, run by ``postgres`` and by ``boss``."""
    schema = (
        f"{VERSION_TABLE}; CREATE TABLE orders (id serial, note text); GRANT SELECT ON orders TO reader, boss;"
        "CREATE VIEW all_orders AS SELECT * FROM orders; CREATE SCHEMA audit; CREATE TYPE state AS ENUM ('new');"
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader"
    )
    with database(postgresql_server, schema) as one, database(postgresql_server) as other:
        granted = f'CREATE ON DATABASE "{make_url(other).database}" TO boss; GRANT CREATE ON SCHEMA public TO boss'
        execute(other, f"GRANT {granted}; SET ROLE boss; {schema}")
        with psycopg.connect(address(one)) as shadow, psycopg.connect(address(other)) as live:
            yield shadow, live


def test_another_role_may_run_the_migrations(by_two: tuple[psycopg.Connection, psycopg.Connection]) -> None:
    shadow, live = map(seen, by_two)
    assert described(diff(shadow, live)) != []
    assert described(diff(as_run_by(shadow, live.role), live)) == []


def test_what_somebody_else_owns_there_is_told(by_two: tuple[psycopg.Connection, psycopg.Connection]) -> None:
    by_two[1].execute(b"ALTER TABLE orders OWNER TO writer; GRANT INSERT ON orders TO boss, reader")
    shadow, live = map(seen, by_two)
    [found] = diff(as_run_by(shadow, live.role), live)
    assert [tuple(each) for each in found.changes] == [
        ("owner", "boss", "writer"),
        ("privileges", "reader: SELECT", "reader: INSERT, SELECT"),
    ]


def test_sessions_can_read_it(base: str) -> None:
    with psycopg.connect(address(base), autocommit=True) as connection:
        connection.execute(b"BEGIN")
        for statement in SESSION:
            connection.execute(statement.encode())
        assert granted(seen(connection).objects[0], seen(connection)) == ()


def test_every_column_with_roles_is_read_or_known_not_to_be(rolled_back: psycopg.Connection) -> None:
    found = remainder.columns(queries(rolled_back)(remainder.COLUMNS))
    listed = {each.catalog for each in (*SOURCES, *KINDS, *PARTS)}
    left_out = {name for names in LEFT_OUT.values() for name in names.split()}
    about = {each.catalog for each in found if each.type == "aclitem[]" or each.target == "pg_authid"}
    assert about - listed - left_out == set()
    of_kinds = {each.catalog for each in KINDS} - {"pg_class", "pg_type"}
    assert about - of_kinds - left_out == {
        "pg_attribute",
        "pg_class",
        "pg_event_trigger",
        "pg_extension",
        "pg_namespace",
        "pg_policy",
        "pg_proc",
        "pg_statistic_ext",
        "pg_type",
    }
