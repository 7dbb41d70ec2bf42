"""Writes guarded projects of any size: a package of models, a history, git, and a live database at head."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import create_engine

from benchmarks.history import History, Step, Table, history

MODULE_TABLES = 12
FEWEST_MODULES = 3

SETTINGS = """\
[tool.driftguard]
deadline = 900
"""

BASE = '''\
"""What all models have in common."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
'''

MODULE = '''\
"""Models, part {number}."""

from datetime import datetime
from typing import Optional

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.base import Base
{classes}'''

MODEL = """

class {classname}(Base):
    __tablename__ = "{table}"

{columns}
"""

REVISION = '''\
"""{message}

Revision ID: {id}
Revises: {down_text}
Create Date: 2024-01-01 12:00:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = {id!r}
down_revision: Union[str, Sequence[str], None] = {down!r}
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
{upgrade}


def downgrade() -> None:
    """Downgrade schema."""
{downgrade}
'''

MAPPED = {
    "amount": "amount: Mapped[Optional[int]]{index}",
    "note": "note: Mapped[Optional[str]] = mapped_column(Text)",
    "active": "active: Mapped[Optional[bool]]",
    "code": "code: Mapped[Optional[str]] = mapped_column(String(20))",
}

MAKE_LIVE = """
import sys
from shop import Base
from sqlalchemy import create_engine
Base.metadata.create_all(create_engine(sys.argv[1]))
"""


class Project(NamedTuple):
    """``url`` is live's, ``head`` the last revision; every command runs in ``root`` with ``environ``."""

    root: Path
    url: str
    revisions: int
    tables: int
    environ: dict[str, str]
    head: str = ""
    last_table: str = ""
    last_module: Path = Path()

    @property
    def dialect(self) -> str:
        return "SQLite" if self.url.startswith("sqlite") else "PostgreSQL"

    def must(self, *command: str | Path) -> None:
        """Run a command that succeeds, unheard."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")

    def git(self, *arguments: str | Path) -> None:
        self.must("git", *arguments)

    def sql(self, *statements: str) -> None:
        """Each committed."""
        engine = create_engine(self.url.replace("///", f"///{self.root}/") if self.dialect == "SQLite" else self.url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    @contextmanager
    def edited(self, column: str) -> Iterator[float]:
        """One more column in the last model, not staged; the index is as before afterwards. ``time.time()`` of it."""
        was = self.last_module.read_text()
        try:
            self.last_module.write_text(f"{was}    {column}: Mapped[Optional[int]]\n")
            yield self.last_module.stat().st_mtime
        finally:
            self.last_module.write_text(was)
            self.git("add", self.last_module)

    def stage_edit(self) -> None:
        self.git("add", self.last_module)

    @contextmanager
    def extended(self, column: str) -> Iterator[None]:
        """One more column in the model, in a revision on top of head, and in live."""
        step = Step("add", Table(self.last_table, "", 0), column, "Integer()")
        name = _hash(column)
        revision = self.root / "migrations" / "versions" / f"{name}_{column}.py"
        stamp = "UPDATE alembic_version SET version_num = '{}'"
        with self.edited(column):
            revision.write_text(revision_text(name, self.head, (step,)))
            self.sql(f"ALTER TABLE {self.last_table} ADD COLUMN {column} INTEGER", stamp.format(name))
            try:
                yield
            finally:
                revision.unlink()
                self.sql(f"ALTER TABLE {self.last_table} DROP COLUMN {column}", stamp.format(self.head))


def write(root: Path, revisions: int, tables: int, url: str, environ: Mapping[str, str] = os.environ) -> Project:
    """A project in the new folder ``root``; for SQLite ``url`` is relative to it. Live is empty."""
    root.mkdir(parents=True)
    made = history(revisions, tables)
    project = Project(root, url, revisions, tables, dict(environ))
    project.must(sys.executable, "-m", "alembic", "init", "migrations")
    _replace(root / "alembic.ini", "driver://user:pass@localhost/dbname", url.replace("%", "%%"))
    env = root / "migrations" / "env.py"
    _replace(env, "target_metadata = None", "target_metadata = Base.metadata")
    _replace(env, "from alembic import context\n", "from alembic import context\nfrom shop import Base\n")
    (root / "pyproject.toml").write_text(SETTINGS)
    (root / ".gitignore").write_text("__pycache__/\n*.db\n")
    last_module = _write_models(root / "shop", made)
    head = _write_revisions(root / "migrations" / "versions", made)
    project = project._replace(head=head, last_table=made.tables[-1].name, last_module=last_module)
    project.git("init", "--quiet", "--initial-branch=main")
    for name, value in (("user.name", "Bench"), ("user.email", "bench@example.org"), ("gc.auto", "0")):
        project.git("config", name, value)
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "begin")
    return project


def make_live(project: Project) -> None:
    """Live at head: the models' tables and the stamp, because the history ends exactly there."""
    project.must(sys.executable, "-c", MAKE_LIVE, project.url)
    project.must(sys.executable, "-m", "alembic", "stamp", "head")


def revision_text(name: str, down: str | None, steps: Iterable[Step]) -> str:
    """A revision file as Alembic writes it."""
    steps = tuple(steps)
    upgrade = [line for step in steps for line in _upgrade(step)] or ["pass"]
    downgrade = [line for step in reversed(steps) for line in _downgrade(step)] or ["pass"]
    return REVISION.format(
        message=_message(steps),
        id=name,
        down=down,
        down_text=down or "",
        upgrade="\n".join(f"    {line}" for line in upgrade),
        downgrade="\n".join(f"    {line}" for line in downgrade),
    )


def _write_revisions(folder: Path, made: History) -> str:
    down: str | None = None
    for number, steps in enumerate(made.revisions):
        name = _hash(str(number))
        slug = _message(steps).replace(" ", "_")[:40]
        (folder / f"{name}_{slug}.py").write_text(revision_text(name, down, steps))
        down = name
    assert down is not None
    return down


def _write_models(package: Path, made: History) -> Path:
    """The module that holds the last table."""
    count = max(FEWEST_MODULES, -(-len(made.tables) // MODULE_TABLES))
    bounds = [number * len(made.tables) // count for number in range(count + 1)]
    package.mkdir()
    (package / "base.py").write_text(BASE)
    imports = io.StringIO()
    imports.write('"""All models."""\n\nfrom shop.base import Base\n')
    for number in range(count):
        classes = "".join(map(_model, made.tables[bounds[number] : bounds[number + 1]]))
        (package / f"models_{number}.py").write_text(MODULE.format(number=number, classes=classes))
        imports.write(f"from shop import models_{number}\n")
    imports.write('\n__all__ = ["Base"]\n')
    (package / "__init__.py").write_text(imports.getvalue())
    return package / f"models_{count - 1}.py"


def _model(table: Table) -> str:
    columns = ["id: Mapped[int] = mapped_column(primary_key=True)", "name: Mapped[str] = mapped_column(String(80))"]
    columns.append("created_at: Mapped[Optional[datetime]]")
    if table.parent:
        columns.append(f'parent_id: Mapped[Optional[int]] = mapped_column(ForeignKey("{table.parent}.id"))')
    columns += [MAPPED[name].format(index=" = mapped_column(index=True)") for name, _ in (*table.columns, *table.added)]
    classname = table.name.title().replace("_", "")
    return MODEL.format(classname=classname, table=table.name, columns="\n".join(f"    {line}" for line in columns))


def _message(steps: tuple[Step, ...]) -> str:
    words = {"begin": "add", "end": "drop"}
    first = next(iter(steps), None)
    return f"{words.get(first.what, first.what)} {first.table.name} {first.column}".strip() if first else "nothing yet"


def _upgrade(step: Step) -> Iterator[str]:
    table = step.table
    match step.what:
        case "create":
            yield f"op.create_table({table.name!r},"
            yield "    sa.Column('id', sa.Integer(), nullable=False),"
            yield "    sa.Column('name', sa.String(length=80), nullable=False),"
            yield "    sa.Column('created_at', sa.DateTime(), nullable=True),"
            if table.parent:
                yield "    sa.Column('parent_id', sa.Integer(), nullable=True),"
            yield from (f"    sa.Column({name!r}, sa.{type_}, nullable=True)," for name, type_ in table.columns)
            if table.parent:
                yield f"    sa.ForeignKeyConstraint(['parent_id'], ['{table.parent}.id'], ),"
            yield "    sa.PrimaryKeyConstraint('id')"
            yield ")"
            if not table.changes:
                yield from _index("create", table, "amount", ", unique=False")
        case "index":
            yield from _index("create", table, step.column, ", unique=False")
        case "end":
            yield f"op.drop_column({table.name!r}, {step.column!r})"
        case _:
            yield f"op.add_column({table.name!r}, sa.Column({step.column!r}, sa.{step.type}, nullable=True))"


def _downgrade(step: Step) -> Iterator[str]:
    table = step.table
    match step.what:
        case "create":
            yield f"op.drop_table({table.name!r})"
        case "index":
            yield from _index("drop", table, step.column, "")
        case "end":
            yield from _upgrade(step._replace(what="begin"))
        case _:
            yield from _upgrade(step._replace(what="end"))


def _index(verb: str, table: Table, column: str, more: str) -> Iterator[str]:
    place = f"[{column!r}]" if verb == "create" else f"table_name={table.name!r}"
    between = f"{table.name!r}, {place}" if verb == "create" else place
    yield f"op.{verb}_index(op.f('ix_{table.name}_{column}'), {between}{more})"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _replace(path: Path, was: str, now: str) -> None:
    text = path.read_text()
    if was not in text:
        raise RuntimeError(f"{was!r} is not in {path}: this Alembic's template is another one")
    path.write_text(text.replace(was, now))
