"""Where no database may stay on a server, what was sent to one is kept: it makes the same head, or is not used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chosen import chosen
from guarded import sql
from snapshots.chains import ELSEWHERE, Looked, Project
from snapshots.conftest import Make

from driftguard import process
from driftguard.shadow.dumps import Dumps
from driftguard.shadow.kept import Files
from driftguard.shadow.rebuilt import Rebuilt
from driftguard.shadow.transcripts import Transcripts

Look = Callable[[Project], Looked]

SUFFIX, DUMP = f".{Transcripts.kind}", f".{Dumps.kind}"
LYING = "SELECT datname::text FROM pg_database WHERE left(datname, 11) = 'driftguard_'"
ENV = "migrations/env.py"
CONFIGURE = "            connection=connection,\n"

ASYNC_ENV = """\
import asyncio, os
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
import models

def migrate(connection):
    context.configure(connection=connection, target_metadata=models.Base.metadata)
    with context.begin_transaction():
        context.run_migrations()

async def run():
    engine = create_async_engine(os.environ["SHOP_URL"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

asyncio.run(run())
"""

ROWS = """import datetime, decimal, uuid
    t = sa.table('things', sa.column('id', sa.Integer), sa.column('name', sa.Text), sa.column('at', sa.DateTime),
        sa.column('price', sa.Numeric), sa.column('raw', sa.LargeBinary), sa.column('tags', sa.ARRAY(sa.Text)),
        sa.column('more', sa.JSON), sa.column('key', sa.Uuid))
    op.create_table('things', *(sa.Column(c.name, c.type) for c in t.columns))
    row = dict(id=1, name="100%s of O'Hara \\\\ :x ; --", at=datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
        price=decimal.Decimal('1.50'), raw=b'\\x00\\xff', tags=['a,b', '{'], more={'a': None}, key=uuid.UUID(int=7))
    op.bulk_insert(t, [row, dict(row, id=2, name=None, price=None)])
    op.get_bind().execute(t.update().where(t.c.id == 1).values(name=t.c.name + '%'))"""
ONE_ROW = """t = sa.table('things', sa.column('id', sa.Integer), sa.column('name', sa.Text))
    op.create_table('things', sa.Column('id', sa.Integer), sa.Column('name', sa.Text))
    op.execute(t.insert().values(id=1, name='Ann'))"""
TELLS_ROWS = """rows = op.get_bind().execute(sa.text('SELECT t::text FROM things AS t ORDER BY id')).scalars().all()
    op.create_table('told', sa.Column('id', sa.Integer), comment=repr(rows))"""


def lying(url: str) -> list[str]:
    """Shadows of this process that are left on the server."""
    return [name for (name,) in sql(url, LYING) if process.mark() in name]


def with_driver(project: Project, driver: str) -> None:
    """The live URL's."""
    project.environ["SHOP_URL"] = f"postgresql+{driver}://nobody@shop.invalid/shop"
    if driver == "asyncpg":
        project.write(ENV, ASYNC_ENV)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_rows_and_their_parameters(driver: str, make: Make, look: Look) -> None:
    project = make(ELSEWHERE, 1)
    with_driver(project, driver)
    project.add(ROWS)
    assert not look(project).went_on
    project.add(TELLS_ROWS)
    on_transcript = look(project)
    assert on_transcript.lent is not None and len(on_transcript.lent) == 2 and on_transcript.went_on
    assert "O" in repr(on_transcript.head) and "Hara" in repr(on_transcript.head)
    project.forget()
    assert on_transcript.head == look(project).head


@pytest.mark.parametrize(
    ("driver", "body", "is_kept"),
    [
        pytest.param("asyncpg", "pass", True, id="asyncpg, which sends one statement at once"),
        pytest.param("asyncpg", ONE_ROW, False, id="asyncpg with parameters, which it cannot write down"),
        pytest.param("psycopg_async", ONE_ROW, True, id="psycopg's asynchronous side"),
    ],
)
def test_other_drivers(driver: str, body: str, is_kept: bool, make: Make, look: Look) -> None:
    project = make(ELSEWHERE)
    with_driver(project, driver)
    if driver == "psycopg_async":
        project.write(ENV, ASYNC_ENV)
    project.add(body)
    whole = look(project).head
    again = look(project)
    assert (again.went_on, again.head) == (is_kept, whole)


@pytest.mark.parametrize(
    "prepare",
    chosen(
        [
            pytest.param(
                lambda project: project.replace(
                    ENV, CONFIGURE, f"{CONFIGURE}            transaction_per_migration=True,\n"
                ),
                id="a transaction for each revision",
            ),
            pytest.param(
                lambda project: project.replace(
                    ENV, "# before", "connection = connection.execution_options(isolation_level='AUTOCOMMIT')"
                ),
                id="no transactions at all",
            ),
            pytest.param(
                lambda project: project.add(
                    "with op.get_context().autocommit_block():\n"
                    "        op.create_index('ages', 'students', ['age'], postgresql_concurrently=True)"
                ),
                id="an index that is made concurrently",
            ),
            pytest.param(
                lambda project: project.add("op.execute('CREATE TABLE said (id integer); -- the last word')"),
                id="a comment at a statement's end",
            ),
            pytest.param(
                lambda project: project.add(
                    "with op.get_bind().begin_nested():\n        op.execute('CREATE TABLE nested (id integer)')"
                ),
                id="a savepoint that is released",
            ),
            pytest.param(
                lambda project: project.replace(
                    ENV,
                    "# before",
                    "connection.execute(text('CREATE SCHEMA IF NOT EXISTS app')); "
                    "connection.execute(text('SET search_path = app')); connection.commit()",
                ),
                id="env.py makes a schema and works in it",
            ),
        ],
        2,
    ),
)
def test_what_is_sent_again(prepare: Callable[[Project], None], make: Make, look: Look) -> None:
    project = make(ELSEWHERE, 7)
    prepare(project)
    whole = look(project).head
    again = look(project)
    assert (again.went_on, again.head) == (True, whole)
    project.add("op.create_table('more', sa.Column('id', sa.Integer))")
    with_tail = look(project)
    assert with_tail.went_on and "more" in repr(with_tail.head)
    longest = look(project)
    assert longest.lent == {*(again.lent or ()), f"{len(project.files):012d}"}
    assert longest.head == with_tail.head
    project.forget()
    assert longest.head == look(project).head
    assert lying(project.settings.shadow) == []


@pytest.mark.parametrize(
    "body",
    chosen(
        [
            pytest.param(
                "cursor = op.get_bind().connection.cursor(); cursor.execute('CREATE TABLE past (id integer)')",
                id="past SQLAlchemy, with a cursor of the driver",
            ),
            pytest.param(
                "op.get_bind().connection.driver_connection.execute('CREATE TABLE past (id integer)')",
                id="past SQLAlchemy, with the driver's connection",
            ),
            pytest.param(
                "savepoint = op.get_bind().begin_nested(); op.execute('CREATE TABLE gone (id integer)'); "
                "savepoint.rollback()",
                id="a savepoint that is rolled back",
            ),
            pytest.param(
                "other = op.get_bind().engine.connect(); other.execute(sa.text('CREATE TABLE other (id integer)')); "
                "other.commit(); other.close()",
                id="a second connection",
            ),
            pytest.param(
                "op.execute('COMMIT'); op.execute('BEGIN')", id="a transaction that the driver knows nothing of"
            ),
            pytest.param(
                "name = op.get_bind().scalar(sa.text('SELECT current_database()'))\n"
                "    op.execute(f\"COMMENT ON SCHEMA public IS '{name}'\")",
                id="the shadow's name",
            ),
            pytest.param(
                "op.get_bind().execute(sa.text(\"SELECT 1 FROM pg_roles WHERE rolname = 'app'\"))",
                id="a look at the server's roles",
            ),
            pytest.param(
                "op.create_table('many', sa.Column('name', sa.Text))\n"
                "    op.bulk_insert(sa.table('many', sa.column('name')), [{'name': 'x' * 100_000}] * 41)",
                id="more than is worth keeping",
            ),
            pytest.param(
                "op.execute(\"SELECT current_setting('server_version')\")", id="a look at the server's settings"
            ),
        ],
        2,
    ),
)
def test_what_is_not_kept(body: str, make: Make, look: Look) -> None:
    project = make(ELSEWHERE, 2)
    project.add(body)
    whole = look(project).head
    again = look(project)
    assert (again.lent, again.head) == (None, whole)
    assert lying(project.settings.shadow) == []


def test_what_does_not_become_the_same_is_tried_once(make: Make, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    lend = Rebuilt.lend
    monkeypatch.setattr(Rebuilt, "lend", lambda self, name: tried.append(name) or lend(self, name))
    project = make(ELSEWHERE, 2)
    # What a driver sends when it connects, SQLAlchemy never hears of.
    project.replace(
        ENV,
        "    with engine.connect()",
        "    from sqlalchemy import event\n"
        "    @event.listens_for(engine, 'connect')\n"
        "    def f(c, r):\n"
        "        c.autocommit = True; cursor = c.cursor()\n"
        "        cursor.execute('CREATE SCHEMA IF NOT EXISTS app'); cursor.execute('SET search_path = app')\n"
        "        c.autocommit = False\n"
        "    with engine.connect()",
    )
    heads = [look(project).head for _ in range(3)]
    assert heads[0] == heads[1] == heads[2]
    assert "app" in repr(heads[0])
    assert len(tried) == 1
    assert lying(project.settings.shadow) == []


def test_rows_of_which_only_a_library_knows(make: Make, look: Look, tmp_path: Path) -> None:
    project = make(ELSEWHERE)
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "quietly.py").write_text(
        "def fill(connection):\n    connection.connection.cursor().execute(\"INSERT INTO things VALUES (1, 'Ann')\")\n"
    )
    project.environ["PYTHONPATH"] = str(installed)
    project.add(
        "import quietly\n"
        "    op.create_table('things', sa.Column('id', sa.Integer), sa.Column('name', sa.Text))\n"
        "    quietly.fill(op.get_bind())"
    )
    look(project)
    project.add(TELLS_ROWS)
    with_tail = look(project)
    assert with_tail.lent is None
    assert "Ann" in repr(with_tail.head)


@pytest.mark.parametrize("dialect", [ELSEWHERE, "mariadb"])
@pytest.mark.parametrize(
    "content", [pytest.param(b"", id="empty"), pytest.param(b"x" * 40, id="damaged"), pytest.param(None, id="gone")]
)
def test_a_file_that_is_no_longer_what_it_was(content: bytes | None, dialect: str, make: Make, look: Look) -> None:
    project = make(dialect, 2)
    whole = look(project).head
    [file] = (each for each in Path(project.cache, "snapshots").iterdir() if each.suffix in (SUFFIX, DUMP))
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    found = look(project)
    assert (found.went_on, found.head) == (False, whole)
    assert look(project).went_on


def test_a_statement_that_the_server_refuses_now(make: Make, look: Look) -> None:
    project = make(ELSEWHERE, 2)
    whole = look(project).head
    [file] = Path(project.cache, "snapshots").glob(f"*{SUFFIX}")
    Files(file.parent, SUFFIX).write(file.stem, b'[["NO SQL"]]')
    for _ in range(2):
        found = look(project)
        assert (found.lent, found.head) == (None, whole)
    assert lying(project.settings.shadow) == []
    project.add("op.create_table('more', sa.Column('id', sa.Integer))")
    look(project)
    assert look(project).went_on
