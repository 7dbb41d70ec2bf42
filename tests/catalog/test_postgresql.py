"""PostgreSQL: every drift is seen and named and can be undone, and nothing else is ever said."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psycopg
import pytest
from fixtures.postgresql import PostgresqlServer
from postgresql_base import BASE
from postgresql_drifts import RESTORABLE, SEEN_ONLY
from postgresql_same import TWO_WAYS, UNCHANGED
from sqlalchemy import create_engine, make_url, text

from driftguard.catalog.postgresql import IN_TURN, SESSION, read, remainder, restore
from driftguard.catalog.postgresql.coverage import SOURCES, VOLATILE, VOLATILE_IN_KINDS
from driftguard.schema.catalog import Catalog, Query, Row, Scope
from driftguard.schema.diff import Difference, diff

EVERYTHING = Scope()


def address(url: str) -> str:
    """The URL as the driver itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def queries(connection: psycopg.Connection) -> Query:
    """How the catalog asks; every value must be text or None."""

    def query(sql: str) -> list[Row]:
        rows = connection.execute(sql.encode()).fetchall()
        assert all(value is None or isinstance(value, str) for row in rows for value in row)
        return rows

    return query


def catalog_of(url: str, scope: Scope = EVERYTHING, *, first: str = "", user: str = "postgres") -> Catalog:
    """What the database holds, read as a guest would."""
    with psycopg.connect(address(url), autocommit=True, user=user) as connection:
        if first:
            connection.execute(first.encode())
        connection.execute(b"BEGIN")
        for statement in SESSION:
            connection.execute(statement.encode())
        return read(queries(connection), scope)


def execute(url: str, statements: str) -> None:
    with psycopg.connect(address(url), autocommit=True) as connection:
        for statement in statements.split(";;"):
            connection.execute(statement.encode())


def described(differences: tuple[Difference, ...]) -> list[str]:
    """The differences in the notation of the drift table."""
    return sorted(
        f"{'+' if each.was is None else '-' if each.now is None else '~'} {each.name.kind} {each.name}"
        + (f", {' '.join(change.attribute for change in each.changes)}" if each.changes else "")
        for each in differences
    )


@contextmanager
def database(server: PostgresqlServer, *statements: str) -> Iterator[str]:
    url = server.create()
    try:
        for each in statements:
            execute(url, each)
        yield url
    finally:
        server.drop(url)


def undo(connection: psycopg.Connection, restored: list[tuple[str, ...]]) -> None:
    """Run what is offered for each difference, again where it needs what another one brings back."""
    for _ in restored:
        failed = []
        for statements in restored:
            try:
                with connection.transaction():
                    for each in statements:
                        connection.execute(each.encode())
            except psycopg.Error:
                failed.append(statements)
        restored = failed


@pytest.fixture(scope="module")
def base(postgresql_server: PostgresqlServer) -> Iterator[tuple[str, Catalog]]:
    """The URL of a database with the base schema, and its catalog."""
    with database(postgresql_server, BASE) as url:
        yield url, catalog_of(url)


@pytest.fixture
def rolled_back(base: tuple[str, Catalog]) -> Iterator[psycopg.Connection]:
    """A connection to the base whose changes nobody else sees."""
    with psycopg.connect(address(base[0])) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def empty(postgresql_server: PostgresqlServer) -> Iterator[psycopg.Connection]:
    """A connection to an empty database."""
    with database(postgresql_server) as url, psycopg.connect(address(url)) as connection:
        yield connection


def built(connection: psycopg.Connection, ddl: str) -> Catalog:
    """What the statements make of an empty database, which is empty again afterwards."""
    connection.execute(ddl.encode())
    catalog = read(queries(connection), EVERYTHING)
    connection.rollback()
    return catalog


def test_what_is_read_in_turn_is_asked_for_without_a_break(empty: psycopg.Connection) -> None:
    asked: list[str] = []

    def query(sql: str) -> Sequence[Row]:
        asked.append(sql)
        return queries(empty)(sql)

    read(query, EVERYTHING)
    empty.rollback()
    begin = asked.index(IN_TURN[0])
    assert tuple(asked[begin : begin + len(IN_TURN)]) == IN_TURN
    assert len(IN_TURN) > len(asked) / 2


def expected(text: str) -> list[str]:
    return sorted(each.strip() for each in text.split(";") if each.strip())


@pytest.mark.parametrize(("statement", "differences"), RESTORABLE)
def test_drift_is_seen_and_named_and_undone(
    statement: str, differences: str, base: tuple[str, Catalog], rolled_back: psycopg.Connection
) -> None:
    query = queries(rolled_back)
    rolled_back.execute(statement.encode())
    found = diff(base[1], read(query, EVERYTHING))
    assert described(found) == expected(differences)
    undo(rolled_back, [restore(each, base[1]) for each in found])
    assert described(diff(base[1], read(query, EVERYTHING))) == []


@pytest.mark.parametrize(("statement", "differences"), SEEN_ONLY)
def test_no_statement_is_offered_that_would_not_be_true(
    statement: str, differences: str, base: tuple[str, Catalog], rolled_back: psycopg.Connection
) -> None:
    rolled_back.execute(statement.encode())
    found = diff(base[1], read(queries(rolled_back), EVERYTHING))
    assert described(found) == expected(differences)
    assert () in [restore(each, base[1]) for each in found]


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("aggregate", "state function"),
        ("check", "expression"),
        ("column", "type"),
        ("domain", "checks"),
        ("enum", "values"),
        ("exclusion", "definition"),
        ("foreign key", "references"),
        ("function", "definition"),
        ("index", "columns"),
        ("materialized view", "definition"),
        ("policy", "roles"),
        ("primary key", "columns"),
        ("procedure", "definition"),
        ("rule", "definition"),
        ("sequence", "increment"),
        ("statistics", "definition"),
        ("table", "kind"),
        ("trigger", "definition"),
        ("unique", "columns"),
        ("view", "definition"),
    ],
)
def test_no_text_is_swallowed_by_a_missing_part(kind: str, fact: str, base: tuple[str, Catalog]) -> None:
    texts = [each[fact] for each in base[1].objects if each.name.kind == kind]
    assert texts
    assert all(texts)


@pytest.mark.parametrize(("one_way", "another_way"), TWO_WAYS)
def test_two_ways_to_one_schema(one_way: str, another_way: str, empty: psycopg.Connection) -> None:
    one, other = (built(empty, ddl) for ddl in (one_way, another_way))
    assert described(diff(one, other)) == []


@pytest.fixture(scope="module")
def clone(base: tuple[str, Catalog], postgresql_server: PostgresqlServer) -> Iterator[str]:
    """A copy of the base that keeps whatever happens to it."""
    with database(postgresql_server) as url:
        postgresql_server.drop(url)
        name, template = make_url(url).database, make_url(base[0]).database
        execute(postgresql_server.admin_url(), f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield url


@pytest.mark.parametrize("statements", UNCHANGED)
def test_what_leaves_a_schema_as_it_is(statements: str, base: tuple[str, Catalog], clone: str) -> None:
    execute(clone, statements)
    assert described(diff(base[1], catalog_of(clone))) == []


def test_what_a_dump_brings_back(base: tuple[str, Catalog], postgresql_server: PostgresqlServer) -> None:
    folder = Path(postgresql_server.bindir)
    if not (folder / "pg_dump").exists() or not (folder / "psql").exists():
        pytest.skip("this server has no pg_dump")
    dumped = subprocess.run(
        [folder / "pg_dump", f"--dbname={address(base[0])}"], capture_output=True, check=True, timeout=60
    )
    with database(postgresql_server) as url:
        command = [folder / "psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={address(url)}"]
        subprocess.run(command, input=dumped.stdout, capture_output=True, check=True, timeout=60)
        assert described(diff(base[1], catalog_of(url))) == []


def test_temporary_tables_are_nobodys_drift(base: tuple[str, Catalog], rolled_back: psycopg.Connection) -> None:
    rolled_back.execute(b"CREATE TEMP TABLE spare (id serial PRIMARY KEY, a text UNIQUE)")
    rolled_back.execute(b"CREATE TEMP VIEW passing AS SELECT 1 AS one")
    assert diff(base[1], read(queries(rolled_back), EVERYTHING)) == ()


def test_the_default_schema_may_have_any_name(postgresql_server: PostgresqlServer, base: tuple[str, Catalog]) -> None:
    path = 'SET search_path = "My.App", public;'
    with database(postgresql_server, f'CREATE SCHEMA "My.App"; {path} {BASE}') as url:
        assert described(diff(base[1], catalog_of(url, first=path))) == []


def test_without_a_default_schema_every_name_is_qualified(base: tuple[str, Catalog]) -> None:
    names = {str(each.name) for each in catalog_of(base[0], first="SET search_path = nowhere").objects}
    assert "public.users.bio" in names
    assert "users.bio" not in names


def test_schemas_and_version_tables_outside_the_scope(postgresql_server: PostgresqlServer) -> None:
    ddl = """
      CREATE SCHEMA other; CREATE SCHEMA third; CREATE TABLE t (a integer); CREATE TABLE third.t (a integer);
      CREATE TABLE alembic_version (version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY);
      CREATE TABLE other.alembic_version (version_num serial PRIMARY KEY); CREATE TABLE other.t (a integer);
    """
    left_out = frozenset({("public", "alembic_version"), ("other", "alembic_version")})
    with database(postgresql_server, ddl) as url:
        some = catalog_of(url, Scope(frozenset({"public", "other"}), left_out))
        assert [f"{each.name.kind} {each.name}" for each in some.objects] == [
            "column t.a",
            "column other.t.a",
            "extension plpgsql",
            "schema other",
            "table t",
            "table other.t",
        ]


@pytest.mark.parametrize("extension", ["citext", "hstore", "vector", "postgres_fdw"])
def test_objects_of_an_extension_are_the_extensions(extension: str, postgresql_server: PostgresqlServer) -> None:
    with database(postgresql_server) as url:
        before = catalog_of(url)
        try:
            execute(url, f"CREATE EXTENSION {extension}")
        except psycopg.errors.FeatureNotSupported:
            pytest.skip(f"this server has no {extension}")
        after = catalog_of(url)
        assert described(diff(before, after)) == [f"+ extension {extension}"]
        assert after.unread == ()


def test_subscriptions_are_named_because_they_are_not_compared(base: tuple[str, Catalog]) -> None:
    execute(base[0], "CREATE SUBSCRIPTION afar CONNECTION 'dbname=nowhere' PUBLICATION news WITH (connect = false)")
    try:
        assert catalog_of(base[0]).unread == ("subscription afar (not compared)",)
    finally:
        execute(base[0], "ALTER SUBSCRIPTION afar SET (slot_name = NONE);; DROP SUBSCRIPTION afar")
    assert base[1].unread == ()


LONG = "a_table_whose_name_is_as_long_as_the_server_allows_it_to_be____"
LONG_COLUMN = "ein_sehr_länger_und_länger_werdender_name_für_eine_spalte_äöü"


@pytest.mark.parametrize(
    ("ddl", "made_up"),
    [
        pytest.param("CREATE TABLE t (a serial PRIMARY KEY, b text UNIQUE CHECK (b <> ''))", True, id="inline"),
        pytest.param("CREATE TABLE t (a integer, b integer, UNIQUE (a, b), CHECK (a > b))", True, id="of the table"),
        pytest.param(
            "CREATE TABLE t (a text); CREATE INDEX ON t (lower(a), (a || 'x')) INCLUDE (a)", True, id="expression"
        ),
        pytest.param("CREATE TABLE t (a int4range, EXCLUDE USING gist (a WITH &&))", True, id="exclusion"),
        pytest.param("CREATE TABLE t (a integer UNIQUE, b integer REFERENCES t (a))", True, id="foreign key"),
        pytest.param(
            f'CREATE TABLE "{LONG}" ("{LONG_COLUMN}" serial UNIQUE CHECK ("{LONG_COLUMN}" > 0), b integer PRIMARY KEY,'
            f' UNIQUE ("{LONG_COLUMN}", b))',
            True,
            id="names too long for the server",
        ),
        pytest.param("CREATE TABLE t (a integer CONSTRAINT pk_t PRIMARY KEY)", False, id="key named by somebody"),
        pytest.param("CREATE TABLE t (a text); CREATE INDEX ix_t_a ON t (a)", False, id="index named by somebody"),
        pytest.param(
            "CREATE TABLE t (a text CONSTRAINT t_a_check_it CHECK (a <> ''))", False, id="check named by somebody"
        ),
        pytest.param("CREATE TABLE t (a text CONSTRAINT other_thing_key UNIQUE)", False, id="a key of something else"),
        pytest.param("CREATE SEQUENCE t_a_seq", False, id="a sequence of nobody"),
    ],
)
def test_names_that_the_server_made_up(ddl: str, made_up: bool, empty: psycopg.Connection) -> None:
    named = [each for each in built(empty, ddl).objects if each.name.kind not in ("column", "extension", "table")]
    assert named
    assert [each.anonymous for each in named] == [made_up] * len(named)


ODD_NAMES = [
    pytest.param(name, id=reason)
    for name, reason in [
        ("Users", "upper case"),
        ("two words", "a space"),
        ('quo"te', "a double quote"),
        ("it's", "a single quote"),
        ("a.b", "a dot"),
        ("back\\slash", "a backslash"),
        ("🐘", "an emoji"),
        ("select", "a reserved word"),
        ("between", "a word that is no function name"),
        ("a%sb:c$1", "what drivers interpolate"),
        ("a, b", "a comma"),
        ("x" * 63, "63 bytes"),
        ("ä" * 31, "63 bytes that are 31 letters"),
        ("a$b", "a dollar"),
        ("1st", "a leading digit"),
    ]
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_read_and_brought_back(name: str, rolled_back: psycopg.Connection) -> None:
    quoted, query = '"' + name.replace('"', '""') + '"', queries(rolled_back)
    ddl = f"""
      CREATE SCHEMA {quoted};
      CREATE TABLE {quoted}.{quoted} ({quoted} serial PRIMARY KEY, a integer, b text DEFAULT '%s :name \\');
      CREATE INDEX ON {quoted}.{quoted} (lower(b), a);
      CREATE TABLE {quoted} ({quoted} serial UNIQUE CHECK ({quoted} > 0), a integer);
      ALTER TABLE {quoted}.{quoted} ADD FOREIGN KEY (a) REFERENCES {quoted} ({quoted});
      CREATE VIEW {quoted}.v AS SELECT {quoted} FROM {quoted};
      COMMENT ON COLUMN {quoted}.{quoted} IS 'it''s \\ %s';
    """
    rolled_back.execute(ddl.encode())
    was = read(query, EVERYTHING)
    for drift in (
        f"ALTER TABLE {quoted}.{quoted} DROP COLUMN {quoted}",
        f"DROP TABLE {quoted} CASCADE",
        f"DROP SCHEMA {quoted} CASCADE",
    ):
        rolled_back.execute(drift.encode())
        differences = diff(was, read(query, EVERYTHING))
        assert differences
        undo(rolled_back, [restore(each, was) for each in differences])
        assert diff(was, read(query, EVERYTHING)) == ()


def test_a_role_that_may_only_select_reads_the_same(
    base: tuple[str, Catalog], postgresql_server: PostgresqlServer
) -> None:
    execute(base[0], "CREATE ROLE only_reads LOGIN;; GRANT SELECT ON users TO only_reads")
    try:
        assert catalog_of(base[0], user="only_reads") == base[1]
    finally:
        execute(base[0], "DROP OWNED BY only_reads;; DROP ROLE only_reads")


def test_the_session_cannot_write_and_leaves_nothing_behind(base: tuple[str, Catalog]) -> None:
    with psycopg.connect(address(base[0]), autocommit=True) as connection:
        names = [b"search_path", b"statement_timeout", b"lock_timeout", b"transaction_read_only"]
        before = [connection.execute(b"SHOW " + name).fetchone() for name in names]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), connection.transaction():
            for statement in SESSION:
                connection.execute(statement.encode())
            read(queries(connection), EVERYTHING)
            connection.execute(b"CREATE TABLE written (a integer)")
        assert [connection.execute(b"SHOW " + name).fetchone() for name in names] == before


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("", ["30s", "3s", "1min"], id="nobody waits for ever"),
        pytest.param("-c statement_timeout=7s", ["7s", "3s", "1min"], id="the URL's own limit"),
        pytest.param("-c lock_timeout=0", ["30s", "0", "1min"], id="the URL wants none"),
    ],
)
def test_the_limits_of_the_session(base: tuple[str, Catalog], options: str, expected: list[str]) -> None:
    names = [b"statement_timeout", b"lock_timeout", b"idle_in_transaction_session_timeout"]
    with psycopg.connect(address(base[0]), options=options) as connection:
        for statement in SESSION:
            connection.execute(statement.encode())
        assert [(connection.execute(b"SHOW " + name).fetchone() or [""])[0] for name in names] == expected
        assert connection.execute(b"SHOW jit").fetchone() == ("off",)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_sqlalchemy_reads_the_same(driver: str, base: tuple[str, Catalog]) -> None:
    engine = create_engine(make_url(base[0]).set(drivername=f"postgresql+{driver}"))
    with engine.connect() as connection:
        for statement in SESSION:
            connection.exec_driver_sql(statement)
        assert read(lambda sql: [tuple(row) for row in connection.execute(text(sql))], EVERYTHING) == base[1]
        assert read(lambda sql: [tuple(row) for row in connection.exec_driver_sql(sql)], EVERYTHING) == base[1]
    engine.dispose()


def test_asyncpg_reads_the_same(base: tuple[str, Catalog]) -> None:
    url = make_url(base[0])
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(host=url.query["host"], user=url.username, database=url.database))
        transaction = connection.transaction()
        runner.run(transaction.start())
        for statement in SESSION:
            runner.run(connection.execute(statement))
        assert read(lambda sql: [tuple(row) for row in runner.run(connection.fetch(sql))], EVERYTHING) == base[1]
        runner.run(transaction.rollback())
        runner.run(connection.close())


def test_every_column_of_the_server_is_read_or_known_not_to_be(empty: psycopg.Connection) -> None:
    found = remainder.columns(queries(empty)(remainder.COLUMNS))
    catalogs = {each.catalog for each in found}
    assert remainder.unknown(catalogs) == ()
    rest = {
        f"{source.catalog}.{column.name}"
        for source in SOURCES
        for column in remainder.generic(
            source.catalog,
            source.known,
            [each for each in found if each.catalog == source.catalog],
            VOLATILE.get(source.catalog, ""),
        )
    }
    assert rest == {
        *(f"pg_aggregate.agg{name}" for name in AGGREGATES.split()),
        "pg_class.reltablespace",
        "pg_inherits.inhdetachpending",
        "pg_range.rngmultitypid",
        "pg_statistic_ext.stxstattarget",
    }


AGGREGATES = """numdirectargs serialfn deserialfn minvtransfn mfinalfn finalextra mfinalextra finalmodify mfinalmodify
  transspace mtranstype mtransspace minitval"""


def test_no_column_is_listed_that_no_server_has(empty: psycopg.Connection) -> None:
    later = {"attcacheoff", "relallfrozen", "conenforced", "conperiod", "colliculocale", "indnullsnotdistinct"}
    later |= {"confdelsetcols", "daticulocale"}
    rows = queries(empty)("SELECT attname::text FROM pg_attribute WHERE attrelid < 16384 AND attnum > 0")
    listed = " ".join([*(each.known for each in SOURCES), *VOLATILE.values(), *VOLATILE_IN_KINDS.values()])
    assert set(listed.split()) - {name for (name,) in rows} - later == set()


def test_what_nobody_has_said_anything_of_is_compared(
    base: tuple[str, Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a later server had brought these catalogs, and every column of the others."""
    new = ("pg_foreign_table", "pg_statistic_ext")
    sources = tuple(each._replace(known="", facts=()) for each in SOURCES if each.catalog not in new)
    monkeypatch.setattr(remainder, "SOURCES", sources)
    monkeypatch.setattr(remainder, "VOLATILE", {})
    found = {(each.name.kind, str(each.name)): each for each in catalog_of(base[0]).objects}
    assert found["foreign table", "remote"]["options"] == "called=r"
    assert found["statistic ext", "products_maker_name"]["relid"] == "products"
    assert found["column", "users.username"]["attnum"] == "2"
    assert found["index", "orders.ix_orders_state"]["indrelid"] == "orders"
    assert found["policy", "users.only_active"]["polqual"] == "yes"
    assert found["unique", "products.products_maker_name_key"]["conkey"] == "maker, name"
