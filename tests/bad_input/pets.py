"""A project with one table and a live SQLite file, to be spoilt in one way per test."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from guarded import Answer, Guarded

SECRET = "hunter2"
ID = "5f0e6a2b91cd"
INI = """
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
sqlalchemy.url = {url}
"""
COLUMNS = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20))'
MODELS = f"""
import sqlalchemy as sa

metadata = sa.MetaData()
pets = sa.Table("pets", metadata, {COLUMNS})
"""
CREATE_PETS = f'op.create_table("pets", {COLUMNS})'
ENV = """
from alembic import context
from models import metadata
from sqlalchemy import engine_from_config, pool

def run(connection):
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()

engine = engine_from_config(context.config.get_section("alembic"), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    run(connection)
"""
REVISION = '''"""pets"""
import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down!r}


def upgrade():
{body}
'''
LIVE = f"""
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('{ID}');
CREATE TABLE pets (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20));
INSERT INTO pets VALUES (1, 'Rex');
"""


def revision(*lines: str, id: str = ID, down: str | None = None) -> str:  # noqa: A002  (as Alembic calls it)
    """A revision file with these statements in ``upgrade()``."""
    return REVISION.format(id=id, down=down, body="\n".join(f"    {line}" for line in lines or ("pass",)))


def configured(options: str) -> str:
    """The env.py with more arguments of ``context.configure()``."""
    return ENV.replace("target_metadata=metadata", f"target_metadata=metadata, {options}")


class Pets(Guarded):
    """The project; ``live`` is its SQLite file."""

    def __init__(self, root: Path, environ: Mapping[str, str] = {}) -> None:
        super().__init__(root, environ)
        self.live = root / "live.db"

    @classmethod
    def begin(cls, root: Path, url: str = "sqlite:///%(here)s/live.db") -> Pets:
        """A folder where all is well, without git."""
        pets = cls(root)
        pets.write("alembic.ini", INI.format(url=url))
        pets.write("models.py", MODELS)
        pets.write("migrations/env.py", ENV)
        pets.write(f"migrations/versions/{ID}_pets.py", revision(CREATE_PETS))
        pets.write(".gitignore", "*.db\n__pycache__\n")
        if url.startswith("sqlite"):
            pets.sql(LIVE)
        return pets

    def git_init(self) -> None:
        """A repository without a commit."""
        self.git("init", "--quiet", "--initial-branch=main")

    def sql(self, script: str) -> None:
        """Run a script on the live file."""
        connection = sqlite3.connect(self.live)
        connection.executescript(script)
        connection.close()

    def state(self) -> dict[str, tuple[int, bytes]]:
        """Time of change and contents of every file below the root, git's included, but for driftguard's own."""
        own = self.root / ".git" / "driftguard"
        files = (path for path in self.root.rglob("*") if path.is_file() and not path.is_relative_to(own))
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    def told(self, *arguments: str) -> Answer:
        """What driftguard says; it changes no file, repeats no password, and shows no traceback of its own."""
        return self._harmless(lambda: self.driftguard(*(arguments or ("check",))))

    def told_by(self, *command: str) -> Answer:
        """The same of any command that runs driftguard."""
        return self._harmless(lambda: self.run(*command))

    def _harmless(self, run: Callable[[], Answer]) -> Answer:
        before = self.state()
        answer = run()
        said = answer.out + answer.err
        assert self.state() == before
        assert SECRET not in said
        assert "a bug of driftguard" not in said and "Traceback" not in said, said
        return answer
