"""A small project whose revisions, models and env.py can be changed, and whether its replay went on from a snapshot."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from driftguard import engine
from driftguard.config import Settings
from driftguard.facts import Lasting
from driftguard.facts.remembered import Loan
from driftguard.schema.catalog import Catalog

ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool, text
import models

def run():
    engine = create_engine(os.environ["SHOP_URL"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        # before
        context.configure(
            connection=connection,
            target_metadata=models.Base.metadata,
        )
        with context.begin_transaction():
            context.run_migrations()
        # after

run()
"""

MODELS = """\
from sqlalchemy import Column, Integer, MetaData, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()

class Student(Base):
    __tablename__ = "students"
    id = Column(Integer, primary_key=True)
    name = Column(String(40))
"""

REVISION = '''\
"""{doc}"""
{imports}
from alembic import op
import sqlalchemy as sa

revision = "{id}"
down_revision = {down!r}


def upgrade():
{body}


def downgrade():
    pass
'''

COMMON = (
    "op.create_table('students', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(40)))",
    "op.create_index('by_name', 'students', ['name'], unique=True)",
    "op.execute(\"INSERT INTO students (id, name) VALUES (1, 'Ann')\")",
    "op.create_table('marks', sa.Column('student', sa.Integer, sa.ForeignKey('students.id')), "
    "sa.CheckConstraint('student > 0', 'positive'))",
    "op.execute('CREATE VIEW names AS SELECT name FROM students')",
    "op.add_column('students', sa.Column('age', sa.Integer, server_default='18'))",
)
SQLITE = (
    *COMMON,
    "op.execute('CREATE TRIGGER t AFTER INSERT ON marks BEGIN DELETE FROM marks WHERE student = 0; END')",
    "op.execute('DROP VIEW names')",
    "with op.batch_alter_table('students') as batch:\n        batch.alter_column('age', new_column_name='years')",
    "op.drop_index('by_name', 'students')",
)
POSTGRESQL = (
    *COMMON,
    "op.execute(\"CREATE TYPE mood AS ENUM ('good', 'bad')\")",
    "op.add_column('students', sa.Column('mood', sa.Enum('good', 'bad', name='mood', create_type=False)))",
    "with op.get_context().autocommit_block():\n        op.execute(\"ALTER TYPE mood ADD VALUE 'so-so'\")",
    "op.execute('CREATE SCHEMA IF NOT EXISTS archive')",
    "op.create_table('old', sa.Column('id', sa.BigInteger, primary_key=True), schema='archive')",
    "op.execute('CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$')",
    "op.execute('CREATE SEQUENCE numbers START 7')",
    "op.execute(\"COMMENT ON TABLE students IS 'who learns'\")",
    "op.create_unique_constraint(None, 'marks', ['student'])",
)
MARIADB = (
    *COMMON,
    "op.execute('CREATE VIEW all_names AS SELECT name FROM names')",
    "op.execute('CREATE FUNCTION one() RETURNS integer DETERMINISTIC RETURN 1')",
    "op.execute('CREATE VIEW aged AS SELECT name, one() AS one FROM all_names')",
    "op.execute('CREATE TRIGGER later AFTER INSERT ON marks FOR EACH ROW INSERT INTO students (name) VALUES (NULL)')",
    "op.execute('INSERT INTO marks VALUES (1)')",
    "op.execute('CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END')",
    "op.alter_column('students', 'age', new_column_name='years', existing_type=sa.Integer)",
    "op.execute(\"ALTER TABLE students COMMENT 'who learns', AUTO_INCREMENT = 100\")",
    "op.create_table('parts', sa.Column('id', sa.Integer), mysql_engine='Aria')",
)
SETTLED = 0.03
"""Seconds after which a file no longer counts as one that may have changed while it was read."""

ELSEWHERE = "postgresql, shadows on a server of others"
CHAINS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, ELSEWHERE: POSTGRESQL, "mariadb": MARIADB}
NOWHERE = "postgresql+psycopg://nobody@shop.invalid/shop"
URLS = {
    "sqlite": "sqlite:///shop.db",
    "postgresql": NOWHERE,
    ELSEWHERE: NOWHERE,
    "mariadb": "mariadb+pymysql://nobody@shop.invalid/shop",
}


@dataclass
class Looked:
    """What one look found: the head, what it went on from (None: nothing), and whether that was abandoned."""

    head: Catalog
    lent: frozenset[str] | None
    abandoned: bool

    @property
    def went_on(self) -> bool:
        """Whether the head was built on a snapshot."""
        return self.lent is not None and not self.abandoned


class Project:
    """In ``root``; ``cache`` is the cache folder of its checks, ``shadow`` the setting."""

    def __init__(self, root: Path, cache: Path, dialect: str = "sqlite", shadow: str = "") -> None:
        self.root = root
        self.settings = Settings(shadow=shadow)
        self.cache = cache
        self.environ = {**os.environ, "DRIFTGUARD_CACHE_DIR": str(cache), "SHOP_URL": URLS[dialect]}
        self.files: list[str] = []
        self.write("alembic.ini", "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n")
        self.write("migrations/env.py", ENV)
        self.write("migrations/versions/.keep", "")
        self.write("models.py", MODELS)

    def write(self, path: str, text: str) -> None:
        """With its folders."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def replace(self, path: str, was: str, now: str) -> None:
        """A text that must be there."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert was in text, f"{was!r} is not in {path}"
        self.write(path, text.replace(was, now))

    def add(self, *bodies: str, imports: str = "") -> None:
        """One more revision for each body."""
        for body in bodies:
            number = len(self.files) + 1
            down = f"{number - 1:012d}" if number > 1 else None
            path = f"migrations/versions/{number:012d}_step.py"
            text = REVISION.format(
                doc=f"step {number}", imports=imports, id=f"{number:012d}", down=down, body=f"    {body}"
            )
            self.write(path, text)
            self.files.append(path)

    def forget(self) -> None:
        """Nothing is remembered any more."""
        shutil.rmtree(self.cache / "snapshots", ignore_errors=True)

    def head(self, lasting: Lasting | None = None) -> Catalog:
        """What a check builds, or one of several looks."""
        time.sleep(SETTLED)
        request = engine.Request(root=self.root, settings=self.settings, live="off")
        with engine.examine(request, environ=self.environ, lasting=lasting) as examination:
            [database] = examination._environments[0].databases
            assert database.database.failure is None
            return database.head

    def look(self, record: Callable[[], list[tuple[Loan, ...]]]) -> Looked:
        """Replay everything as a check does."""
        record().clear()
        head = self.head()
        [[lending, anew]] = record()
        return Looked(head, lending.snapshot.order if lending.snapshot else None, bool(anew.shadows))
