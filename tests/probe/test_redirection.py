"""Whatever env.py does to connect, only shadows are written and the live database stays as it is."""

from __future__ import annotations

import sqlite3
import textwrap
from pathlib import Path

import pytest
from guarded import Guarded

from driftguard import engine
from driftguard.config import load_settings
from driftguard.git import WorkingTree
from driftguard.verdict import Verdict

INI = """
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
sqlalchemy.url = {url}
"""
MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
pets = sa.Table("pets", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
"""
REVISION = '''
"""pets"""
import sqlalchemy as sa
from alembic import op
revision = "5f0e6a2b91cd"
down_revision = None

def upgrade():
    op.create_table("pets", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
'''
RUN = """
def run(connection):
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
HEAD = "from alembic import context\nfrom models import metadata\n" + RUN
GENERIC = """
from sqlalchemy import engine_from_config, pool
engine = engine_from_config(context.config.get_section("alembic"), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    run(connection)
"""
ASYNC = """
import asyncio
from sqlalchemy.ext.asyncio import async_engine_from_config
async def main():
    engine = async_engine_from_config(context.config.get_section("alembic"), prefix="sqlalchemy.")
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()
asyncio.run(main())
"""
CREATOR = """
import sqlite3
from sqlalchemy import create_engine
engine = create_engine("sqlite://", creator=lambda: sqlite3.connect({path!r}))
with engine.connect() as connection:
    run(connection)
"""
READY_POOL = """
import sqlite3
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool
engine = create_engine("sqlite://", pool=QueuePool(lambda: sqlite3.connect({path!r})))
with engine.connect() as connection:
    run(connection)
"""
LISTENER = """
import sqlite3
from sqlalchemy import create_engine, event
engine = create_engine("sqlite:///{path}")
@event.listens_for(engine, "do_connect")
def connect(dialect, record, arguments, parameters):
    return sqlite3.connect({path!r})
with engine.connect() as connection:
    run(connection)
"""
CREATES_ON_IMPORT = """
import database
with database.engine.connect() as connection:
    run(connection)
"""
DATABASE = """
import sqlalchemy as sa
from models import metadata
engine = sa.create_engine("sqlite:///{path}")
metadata.create_all(engine)
"""
NOISY = (
    """
import sys
print("hello from env.py")
print('{"result": 1}')
sys.stdin.read()
"""
    + GENERIC
)


class Site:
    """A project with one revision; ``live`` is an SQLite file with one row in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.live = root / "live.db"
        guarded = Guarded(root)
        guarded.write("models.py", MODELS)
        guarded.write("migrations/versions/5f0e6a2b91cd_pets.py", REVISION)
        self.write_ini(f"sqlite:///{self.live}")
        with sqlite3.connect(self.live) as connection:
            connection.executescript(
                """
                CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
                INSERT INTO alembic_version VALUES ('5f0e6a2b91cd');
                CREATE TABLE pets (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20));
                INSERT INTO pets VALUES (1, 'Rex');
                """
            )
        connection.close()

    def write_ini(self, url: str) -> None:
        (self.root / "alembic.ini").write_text(INI.format(url=url))

    def write_env(self, text: str) -> None:
        (self.root / "migrations" / "env.py").write_text(
            text.replace("{path!r}", repr(str(self.live))).replace("{path}", str(self.live))
        )

    def check(self, live: str = "") -> Verdict:
        settings = load_settings(WorkingTree(self.root))
        return engine.check(engine.Request(root=self.root, settings=settings, live=live))

    def state(self) -> tuple[bytes, int, frozenset[str]]:
        """The live file's bytes and time of change, and the names of all files beside it."""
        return (
            self.live.read_bytes(),
            self.live.stat().st_mtime_ns,
            frozenset(each.name for each in self.root.iterdir()),
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def codes(verdict: Verdict) -> list[str]:
    return [judged.finding.code for judged in verdict.findings]


@pytest.mark.parametrize(
    "env",
    [
        pytest.param(HEAD + GENERIC, id="an engine from the ini file"),
        pytest.param(HEAD + CREATOR, id="an engine with creator="),
        pytest.param(HEAD + READY_POOL, id="an engine on a ready-made pool"),
        pytest.param(HEAD + LISTENER, id="an engine whose own listener connects"),
        pytest.param(HEAD + CREATES_ON_IMPORT, id="an engine of a module that calls create_all when imported"),
        pytest.param(HEAD + NOISY, id="an env.py that prints JSON and reads standard input"),
    ],
)
def test_live_is_compared_and_not_touched(site: Site, env: str) -> None:
    site.write_env(env)
    (site.root / "database.py").write_text(DATABASE.replace("{path}", str(site.live)))
    before = site.state()

    verdict = site.check()

    assert (codes(verdict), verdict.exit_code) == ([], 0)
    assert site.state() == before
    with sqlite3.connect(site.live) as connection:
        connection.execute("ALTER TABLE pets ADD COLUMN age INTEGER")
    connection.close()
    assert codes(site.check()) == ["DG301"]


def test_an_async_engine(site: Site) -> None:
    site.write_ini(f"sqlite+aiosqlite:///{site.live}")
    site.write_env(HEAD + ASYNC)
    before = site.state()
    assert codes(site.check()) == []
    assert site.state() == before


def test_a_live_file_in_wal_mode_gets_no_files_beside_it(site: Site) -> None:
    with sqlite3.connect(site.live) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    site.write_env(HEAD + GENERIC)
    before = site.state()
    assert codes(site.check()) == []
    assert site.state() == before


def test_a_missing_live_file_stays_missing_and_is_named(site: Site) -> None:
    site.live.unlink()
    site.write_env(HEAD + GENERIC)
    verdict = site.check()
    assert (codes(verdict), verdict.exit_code) == (["DG904"], 0)
    assert "live.db" in verdict.findings[0].finding.message
    assert not site.live.exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg2://ann:secret@192.0.2.1:1/nowhere",
        "postgresql+psycopg://ann:secret@db.invalid/nowhere",
        "postgresql+asyncpg://ann:secret@127.0.0.1:1/nowhere",
    ],
)
def test_models_and_graph_need_no_live_server(site: Site, url: str) -> None:
    site.write_ini(url)
    site.write_env(HEAD + (ASYNC if "asyncpg" in url else GENERIC))
    (site.root / "models.py").write_text(MODELS.replace("String(20)", "String(30)"))
    verdict = site.check(live="off")
    assert codes(verdict) == ["DG201"]
    assert "secret" not in str(verdict)


def test_an_unreachable_live_server_is_a_note_without_its_password(site: Site) -> None:
    site.write_ini("postgresql+psycopg://ann:secret@127.0.0.1:1/nowhere")
    site.write_env(HEAD + GENERIC)
    verdict = site.check()
    assert (codes(verdict), verdict.exit_code) == (["DG904"], 0)
    assert "127.0.0.1:1/nowhere" in verdict.findings[0].finding.message
    assert "secret" not in str(verdict)
    named = site.check(live="postgresql://ann:secret@127.0.0.1:1/other")
    assert (codes(named), named.exit_code) == (["DG904"], 2)
    assert "secret" not in str(named)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        pytest.param("import os\nos.environ['NO_SUCH_VARIABLE']\n", "NO_SUCH_VARIABLE", id="a missing variable"),
        pytest.param("import no_such_module\n", "no_such_module", id="a missing module"),
        pytest.param("def broken(:\n", "SyntaxError", id="a syntax error"),
        pytest.param("import sys\nsys.exit('not today')\n", "not today", id="an exit"),
        pytest.param("import os\nos._exit(7)\n", "exit code 7", id="an exit without goodbye"),
        pytest.param(
            HEAD + "import sqlite3\nsqlite3.connect({path!r}).execute('DROP TABLE pets')\n",
            "readonly",
            id="raw sqlite3 that writes to the live file",
        ),
        pytest.param(
            HEAD + "import sqlite3\nsqlite3.connect(':memory:').execute('ATTACH ? AS live', [{path!r}])\n",
            "not authorized",
            id="a live file that is attached to another database",
        ),
        pytest.param(
            HEAD + "import sqlite3\nsqlite3.connect({path!r}).execute(\"VACUUM INTO '{path}.copy'\")\n",
            "authorization denied",
            id="a copy of the live file",
        ),
        pytest.param(
            HEAD + "import sqlite3\nsqlite3.Connection({path!r}).execute('DROP TABLE pets')\n",
            "past driftguard",
            id="a connection made without connect()",
        ),
        pytest.param(HEAD, "without running the migrations", id="an env.py that runs no migrations"),
    ],
)
def test_a_failing_env_py_is_named_and_writes_nothing(site: Site, env: str, said: str) -> None:
    site.write_env(env)
    before = site.state()
    verdict = site.check()
    assert (codes(verdict), verdict.exit_code) == (["DG901"], 2)
    assert said in str(verdict.findings[0].finding)
    assert site.state() == before


def test_directives_emptied_by_env_py_are_its_own_decision(site: Site) -> None:
    emptying = textwrap.dedent(
        """
        def nothing(context, revision, directives):
            directives[:] = []
        """
    )
    site.write_env(
        (HEAD + GENERIC)
        .replace("target_metadata=metadata", "target_metadata=metadata, process_revision_directives=nothing")
        .replace("def run(", emptying + "\ndef run(")
    )
    (site.root / "models.py").write_text(MODELS.replace("String(20)", "String(30)"))
    assert "DG201" not in codes(site.check())


def test_an_env_py_that_never_commits_is_named(site: Site) -> None:
    rolled_back = GENERIC.replace(
        "    run(connection)", "    transaction = connection.begin()\n    run(connection)\n    transaction.rollback()"
    )
    site.write_ini("postgresql+psycopg://127.0.0.1:1/nowhere")
    site.write_env(HEAD + rolled_back)
    verdict = site.check(live="off")
    assert (codes(verdict), verdict.exit_code) == (["DG901"], 2)
    assert "commit" in verdict.findings[0].finding.message


def test_autogenerate_that_fails_is_no_silent_pass(site: Site) -> None:
    site.write_env(
        (HEAD + GENERIC)
        .replace("target_metadata=metadata", "target_metadata=metadata, process_revision_directives=broken")
        .replace(
            "def run(", "def broken(context, revision, directives):\n    raise ValueError('too clever')\n\ndef run("
        )
    )
    verdict = site.check()
    assert (codes(verdict), verdict.exit_code) == (["DG901"], 2)
    assert "too clever" in str(verdict.findings[0].finding)
