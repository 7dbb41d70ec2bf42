"""Which edits leave a snapshot usable, and which do not: then the whole chain is replayed, and says what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chosen import chosen
from snapshots.chains import ELSEWHERE, Looked, Project
from snapshots.conftest import Make

REVISION = "migrations/versions/000000000002_step.py"
CHECK = "migrations/versions/000000000004_step.py"
HEAD = "migrations/versions/000000000010_step.py"
BASE = "Base = declarative_base()\n"
TIP = "op.add_column('students', sa.Column('email', sa.String(80)))"
COLUMN = "name = Column(String(40))\n"

SETS_FOREIGN_KEYS = """
from sqlalchemy import event
from sqlalchemy.engine import Engine

@event.listens_for(Engine, 'connect')
def f(c, r):
    c.execute('PRAGMA foreign_keys=ON').close()
"""
SETS_WHAT_SETTINGS_SAY = """
import settings
from sqlalchemy import event
from sqlalchemy.engine import Engine

@event.listens_for(Engine, 'connect')
def f(c, r):
    c.execute('PRAGMA foreign_keys=' + settings.MODE).close()
"""
ADDS_COLUMNS = """
from sqlalchemy import Table, event

@event.listens_for(Table, 'before_create')
def f(table, *a, **k):
    if table.name == 'marks':
        table.append_column(Column('extra', Integer))
"""
REWRITES = """
from sqlalchemy import event
from sqlalchemy.engine import Engine

@event.listens_for(Engine, 'before_cursor_execute', retval=True)
def f(connection, cursor, statement, parameters, context, many):
    return statement.replace('by_name', 'by_other'), parameters
"""
COMPILES = """
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

@compiles(CreateColumn, 'sqlite')
def f(element, compiler, **k):
    return compiler.visit_create_column(element, **k).replace('VARCHAR(40)', 'VARCHAR(41)')
"""
PATCHES = """
from sqlalchemy.dialects.sqlite.base import SQLiteTypeCompiler

SQLiteTypeCompiler.visit_VARCHAR = lambda self, t, **k: 'VARCHAR(42)'
"""
REGISTERS = """
from alembic.operations import MigrateOperation, Operations

@Operations.register_operation('shout')
class Shout(MigrateOperation):
    @classmethod
    def shout(cls, operations):
        pass
"""
HEARS_TABLE = """
from sqlalchemy import event

@event.listens_for(Student.__table__, 'after_create')
def f(*a, **k):
    pass
"""

Edit = Callable[[Project], None]


def replace(path: str, was: str, now: str) -> Edit:
    """A text in a file becomes another."""
    return lambda project: project.replace(path, was, now)


def add(path: str, text: str) -> Edit:
    """At a file's end."""
    return lambda project: project.write(path, (project.root / path).read_text() + text)


def write(path: str, text: str) -> Edit:
    """A whole file."""
    return lambda project: project.write(path, text)


def variable(name: str, value: str) -> Edit:
    """An environment variable of the check."""
    return lambda project: project.environ.update({name: value})


def several(*edits: Edit) -> Edit:
    """One after the other."""

    def all_of_them(project: Project) -> None:
        for edit in edits:
            edit(project)

    return all_of_them


def nothing(project: Project) -> None:
    """Nothing at all."""


def touch(project: Project) -> None:
    """Every file, with the same contents."""
    for path in [*project.root.rglob("*.py")]:
        path.write_bytes(path.read_bytes())


KEEP = [
    pytest.param(nothing, nothing, id="nothing"),
    pytest.param(nothing, touch, id="files are written anew"),
    pytest.param(nothing, lambda project: project.add(TIP), id="a revision at the tip"),
    pytest.param(
        nothing, replace("models.py", COLUMN, COLUMN + "    age = Column(Integer)\n"), id="a column in a model"
    ),
    pytest.param(nothing, add("models.py", "# a word\n"), id="a comment in a model"),
    pytest.param(
        nothing,
        add(
            "models.py", "from sqlalchemy import event\n@event.listens_for(Student, 'before_update')\ndef f(*a): pass\n"
        ),
        id="a listener to a mapped class",
    ),
    pytest.param(
        nothing,
        add(
            "models.py",
            HEARS_TABLE,
        ),
        id="a listener to a table of the models",
    ),
    pytest.param(
        add(
            "models.py",
            SETS_FOREIGN_KEYS,
        ),
        replace("models.py", "class Student", "# moved down\n\n\nclass Student"),
        id="a model beside a listener that says all in its own code",
    ),
    pytest.param(nothing, write("other.py", "import os\n"), id="a file that nobody imports"),
    pytest.param(nothing, variable("UNREAD", "1"), id="a variable that nobody reads"),
    pytest.param(
        replace("models.py", "from sqlalchemy import Column", "import os\nfrom sqlalchemy import Column"),
        add("models.py", "os.environ.get('NEW')\n"),
        id="the models read one more variable",
    ),
    pytest.param(
        replace(
            "migrations/env.py", "# before", "connection.execute(text('PRAGMA foreign_keys=ON')); connection.commit()"
        ),
        add("models.py", "# a word\n"),
        id="env.py sets something for the session",
    ),
    pytest.param(
        several(
            write("helpers.py", "SIZE = 40\n"),
            replace(REVISION, "import sqlalchemy as sa", "import sqlalchemy as sa\nfrom helpers import SIZE"),
        ),
        add("models.py", "# a word\n"),
        id="a model beside a helper of revisions",
    ),
]

INVALIDATE = [
    pytest.param(nothing, replace(CHECK, "'positive'", "'above_zero'"), "above_zero", id="an old revision"),
    pytest.param(nothing, replace(HEAD, '"""step 10', '"""step ten'), "", id="a comment in the last revision"),
    pytest.param(nothing, add("migrations/env.py", "# a word\n"), "", id="env.py"),
    pytest.param(nothing, add("alembic.ini", "version_num_format = x\n"), "", id="alembic.ini"),
    pytest.param(
        several(
            write("helpers.py", "SIZE = 40\n"),
            replace(REVISION, "import sqlalchemy as sa", "import sqlalchemy as sa\nfrom helpers import SIZE"),
        ),
        write("helpers.py", "SIZE = 50\n"),
        "",
        id="a helper that a revision imports",
    ),
    pytest.param(
        several(
            write("tools/__init__.py", ""),
            write("tools/names.py", "from .base import NAME\n"),
            write("tools/base.py", "NAME = 'a'\n"),
            replace(REVISION, "    op.", "    from tools import names\n    op."),
        ),
        write("tools/base.py", "NAME = 'b'\n"),
        "",
        id="what a helper imports, within a function",
    ),
    pytest.param(
        several(write("tools.py", "NAME = 'a'\n"), replace(REVISION, "    op.", "    import tools\n    op.")),
        write("tools/__init__.py", "NAME = 'b'\n"),
        "",
        id="a package in front of a helper",
    ),
    pytest.param(
        replace(REVISION, "import sqlalchemy as sa", "import sqlalchemy as sa\nfrom models import Student"),
        replace("models.py", "String(40)", "String(50)"),
        "",
        id="the models, which a revision imports",
    ),
    pytest.param(
        replace(REVISION, "    op.", "    op.get_context().opts['target_metadata']\n    op."),
        replace("models.py", "String(40)", "String(50)"),
        "",
        id="the models, which a revision reaches by the options",
    ),
    pytest.param(
        replace(REVISION, "    op.", "    import importlib; importlib.import_module('mod' + 'els')\n    op."),
        add("models.py", "# a word\n"),
        "",
        id="the models, which a revision imports by name",
    ),
    pytest.param(
        several(
            replace(REVISION, "import sqlalchemy as sa", "import sqlalchemy as sa\nimport pathlib"),
            replace(
                REVISION,
                "    op.create_index(",
                "    unused = pathlib.Path('add.sql').read_text()\n    op.create_index(",
            ),
            write("add.sql", "1"),
        ),
        write("add.sql", "2"),
        "",
        id="a file that a revision reads",
    ),
    pytest.param(
        replace(REVISION, "    op.", "    import os; os.path.exists('add.sql')\n    op."),
        write("add.sql", "2"),
        "",
        id="a file that a revision looks for",
    ),
    pytest.param(
        replace(REVISION, "    op.", "    import os; os.environ.get('TENANT')\n    op."),
        variable("TENANT", "a"),
        "",
        id="a variable that a revision reads",
    ),
    pytest.param(
        replace(
            "models.py",
            "from sqlalchemy import Column",
            "import os\nos.environ.get('TENANT')\nfrom sqlalchemy import Column",
        ),
        variable("TENANT", "a"),
        "",
        id="a variable that the models read",
    ),
    pytest.param(
        nothing,
        replace(
            "models.py",
            BASE,
            "Base = declarative_base(metadata=MetaData(naming_convention={'ck': 'ck_%(constraint_name)s'}))\n",
        ),
        "ck_positive",
        id="a naming convention",
    ),
    pytest.param(
        nothing,
        add(
            "models.py",
            ADDS_COLUMNS,
        ),
        "extra",
        id="a listener to tables",
    ),
    pytest.param(
        nothing,
        add(
            "models.py",
            REWRITES,
        ),
        "",
        id="a listener to statements",
    ),
    pytest.param(
        add(
            "models.py",
            SETS_FOREIGN_KEYS,
        ),
        replace("models.py", "foreign_keys=ON", "foreign_keys=OFF"),
        "",
        id="what a listener does",
    ),
    pytest.param(
        several(
            write("settings.py", "MODE = 'ON'\n"),
            add(
                "models.py",
                SETS_WHAT_SETTINGS_SAY,
            ),
        ),
        write("settings.py", "MODE = 'OFF'\n"),
        "",
        id="what a listener looks up",
    ),
    pytest.param(
        nothing,
        add(
            "models.py",
            COMPILES,
        ),
        "41",
        id="a compiler of columns",
    ),
    pytest.param(
        nothing,
        add(
            "models.py",
            PATCHES,
        ),
        "42",
        id="a function put in the place of SQLAlchemy's",
    ),
    pytest.param(
        nothing,
        add(
            "models.py",
            "from alembic.ddl.sqlite import SQLiteImpl\nclass Own(SQLiteImpl):\n    __dialect__ = 'sqlite'\n",
        ),
        "",
        id="an implementation of Alembic",
    ),
    pytest.param(
        nothing,
        add(
            "models.py",
            REGISTERS,
        ),
        "",
        id="an operation of Alembic",
    ),
    pytest.param(
        nothing,
        several(
            replace("models.py", "from sqlalchemy import Column", "import os\nfrom sqlalchemy import Column"),
            lambda project: project.replace(
                REVISION, "down_revision = '000000000001'", "down_revision = ('000000000001',)"
            ),
        ),
        "",
        id="a parent that is written otherwise",
    ),
]

NEVER_KEPT = [
    pytest.param(
        replace(
            "migrations/env.py",
            "# before",
            "connection.execute(text('CREATE TABLE early (id INTEGER)')); connection.commit()",
        ),
        nothing,
        id="env.py makes tables before",
    ),
    pytest.param(
        replace(
            "migrations/env.py",
            "# after",
            "connection.execute(text('CREATE TABLE later (id INTEGER)')); connection.commit()",
        ),
        nothing,
        id="env.py makes tables after",
    ),
    pytest.param(
        replace(
            "migrations/env.py",
            "# before",
            "connection.execute(text('DROP TABLE IF EXISTS later')); connection.commit()",
        ),
        nothing,
        id="env.py drops something before",
    ),
    pytest.param(
        replace(REVISION, "    op.", "    import subprocess; subprocess.run(['true'])\n    op."),
        nothing,
        id="a revision runs a program",
    ),
    pytest.param(
        replace(REVISION, "    op.", "    op.execute('CREATE TEMPORARY TABLE left_over (id INTEGER)')\n    op."),
        nothing,
        id="a revision leaves something in the session",
    ),
    pytest.param(
        replace(REVISION, "    op.", "    sa.event.listen(sa.Table, 'after_create', lambda *a, **k: None)\n    op."),
        nothing,
        id="a revision leaves a listener behind",
    ),
]


READER = """DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN CREATE ROLE reader; END IF;
    GRANT SELECT ON students TO reader;
END $$"""
ON_POSTGRESQL = [
    pytest.param("SET search_path = public, pg_temp", id="a search_path that is left"),
    pytest.param("COMMENT ON DATABASE %I IS ''x''", id="a comment on the database"),
    pytest.param("ALTER DATABASE %I SET work_mem = 65", id="a setting of the database"),
    pytest.param(READER, id="a role that may do something"),
]


@pytest.mark.parametrize("dialect", ["postgresql", ELSEWHERE])
@pytest.mark.parametrize("statement", chosen(ON_POSTGRESQL, 2))
def test_nothing_is_kept_on_postgresql(
    statement: str, dialect: str, make: Make, look: Callable[[Project], Looked]
) -> None:
    project = make(dialect, 1)
    if "%I" in statement:
        statement = f"DO $$ BEGIN EXECUTE format('{statement}', current_database()); END $$"
    project.add(f"op.get_bind().exec_driver_sql({statement.replace('%', '%%')!r})")
    assert not look(project).went_on
    assert look(project).lent is None


@pytest.mark.parametrize(("prepare", "edit"), chosen(KEEP, 4))
def test_a_snapshot_stays_usable(prepare: Edit, edit: Edit, make: Make, look: Callable[[Project], Looked]) -> None:
    project = make()
    prepare(project)
    assert not look(project).went_on
    edit(project)
    found = look(project)
    assert found.went_on
    project.forget()
    assert found.head == look(project).head


@pytest.mark.parametrize(("prepare", "edit", "visible"), chosen(INVALIDATE, 6))
def test_a_snapshot_is_not_used(
    prepare: Edit, edit: Edit, visible: str, make: Make, look: Callable[[Project], Looked]
) -> None:
    project = make()
    prepare(project)
    look(project)
    assert look(project).went_on
    edit(project)
    found = look(project)
    assert not found.went_on or len(found.lent or ()) < 2
    assert visible in repr(found.head)
    assert look(project).went_on


@pytest.mark.parametrize(("prepare", "edit"), NEVER_KEPT)
def test_nothing_is_kept(prepare: Edit, edit: Edit, make: Make, look: Callable[[Project], Looked]) -> None:
    project = make()
    prepare(project)
    edit(project)
    assert not look(project).went_on
    assert look(project).lent is None


def test_a_listener_that_two_runs_of_env_py_add(make: Make, look: Callable[[Project], Looked]) -> None:
    project = make(count=2)
    project.replace(
        "migrations/env.py",
        "    with engine.connect()",
        "    from sqlalchemy import event\n"
        "    event.listen(engine, 'connect', lambda c, r: c.execute('PRAGMA foreign_keys=ON').close())\n"
        "    with engine.connect()",
    )
    look(project)
    project.write("alembic.ini", (project.root / "alembic.ini").read_text() + "version_num_format = x\n")
    assert look(project).abandoned
    assert look(project).went_on
