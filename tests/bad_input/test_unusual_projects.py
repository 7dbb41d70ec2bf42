"""Unusual configurations, env.py files and revisions that are all right: nothing is told, and drift still is."""

from __future__ import annotations

from pathlib import Path

import pytest
from chosen import chosen
from pets import COLUMNS, CREATE_PETS, ENV, ID, INI, MODELS, Pets, configured, revision

from driftguard import engine
from driftguard.config import load_settings
from driftguard.git import WorkingTree

LOGGING = """
file_template = %%(year)d_%%(rev)s
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARN
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(levelname)s 100%% %(message)s
"""
LOGS = "from logging.config import fileConfig\nfileConfig(context.config.config_file_name)\n"
INI_TEXT = INI.format(url="sqlite:///%(here)s/live.db")
LEFT_OUT = 'op.create_table("left_out", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))'
NAMED = "sa.MetaData(naming_convention={'ix': 'ix_%(column_0_label)s', 'ck': 'ck_%(table_name)s_%(constraint_name)s'})"


def codes(pets: Pets) -> list[str]:
    settings = load_settings(WorkingTree(pets.root))
    verdict = engine.check(engine.Request(root=pets.root, settings=settings))
    return [judged.finding.code for judged in verdict.findings]


@pytest.mark.parametrize(
    ("path", "text"),
    chosen(
        [
            pytest.param("alembic.ini", INI_TEXT + LOGGING, id="percent signs in alembic.ini"),
            pytest.param("alembic.ini", INI_TEXT.replace("\n", "\r\n"), id="CRLF in alembic.ini"),
            pytest.param("migrations/env.py", "import os\nos.chdir('/')\n" + ENV, id="env.py goes elsewhere"),
            pytest.param(
                "migrations/env.py",
                "import io, sys\nsys.stdout = io.StringIO()\n" + ENV + "sys.stdout.close()\n",
                id="own stdout",
            ),
            pytest.param("migrations/env.py", ENV + "import os\nos.closerange(0, 3)\n", id="standard streams closed"),
            pytest.param("migrations/env.py", ENV + "import sys\nsys.path.clear()\n", id="sys.path emptied"),
            pytest.param(
                "migrations/env.py",
                "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + ENV,
                id="a thread that goes on",
            ),
            pytest.param(
                "migrations/env.py",
                "import signal\nfor each in (signal.SIGINT, signal.SIGTERM): signal.signal(each, signal.SIG_IGN)\n"
                + ENV,
                id="signals ignored",
            ),
            pytest.param("migrations/env.py", configured("render_as_batch=True"), id="render_as_batch"),
            pytest.param(
                "migrations/env.py", configured("transaction_per_migration=True"), id="a transaction per revision"
            ),
            pytest.param(
                "migrations/env.py",
                ENV.replace("target_metadata=metadata", "target_metadata=[metadata, type(metadata)()]"),
                id="several MetaData",
            ),
            pytest.param("models.py", MODELS.replace("sa.MetaData()", NAMED), id="a naming convention"),
        ],
        8,
    ),
)
def test_unusual_files(pets: Pets, path: str, text: str) -> None:
    if path == "alembic.ini":
        pets.replace("migrations/env.py", "engine = ", f"{LOGS if 'loggers' in text else ''}engine = ")
        (pets.root / path).write_bytes(text.encode())
    else:
        pets.write(path, text)
    before = pets.state()
    assert codes(pets) == []
    assert pets.state() == before
    pets.sql("ALTER TABLE pets ADD COLUMN age INTEGER")
    assert codes(pets) == ["DG301"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            [
                "op.create_table('pets', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Integer))",
                "with op.batch_alter_table('pets') as batch:",
                "    batch.alter_column('name', type_=sa.String(20))",
            ],
            id="batch_alter_table",
        ),
        pytest.param(
            [f"pets = {CREATE_PETS}", "op.bulk_insert(pets, [{'id': 1, 'name': '100% :a; b'}])"], id="bulk_insert"
        ),
        pytest.param(
            [
                CREATE_PETS,
                "from sqlalchemy.orm import Session",
                "session = Session(bind=op.get_bind())",
                "session.execute(sa.text('INSERT INTO pets VALUES (:id, :name)'), {'id': 1, 'name': 'Rex'})",
                "session.commit()",
            ],
            id="a session of the ORM",
        ),
        pytest.param(
            [
                CREATE_PETS,
                "with op.get_bind().engine.connect() as connection:",
                "    connection.execute(sa.text('SELECT 1'))",
            ],
            id="a connection of its own",
        ),
    ],
)
def test_unusual_revisions(pets: Pets, body: list[str]) -> None:
    pets.write(f"migrations/versions/{ID}_pets.py", revision(*body))
    before = pets.state()
    assert codes(pets) == []
    assert pets.state() == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param("include_object=lambda o, n, t, r, c: n != 'left_out'", [], id="include_object"),
        pytest.param("include_name=lambda n, t, p: n != 'left_out'", [], id="include_name"),
        pytest.param(
            "include_name=lambda n, t, p: t != 'table' or n in metadata.tables", [], id="only what the models have"
        ),
        pytest.param("compare_type=True", ["DG201", "DG301", "DG301", "DG301"], id="nothing is left out"),
    ],
)
def test_what_env_py_leaves_out(pets: Pets, options: str, told: list[str]) -> None:
    pets.write("migrations/env.py", configured(options))
    pets.write(f"migrations/versions/{ID}_pets.py", revision(CREATE_PETS, LEFT_OUT))
    pets.sql(
        """
        CREATE TABLE left_out (id INTEGER NOT NULL PRIMARY KEY, n TEXT, m INTEGER);
        CREATE INDEX by_n ON left_out (n);
        """
    )
    assert codes(pets) == told


def test_a_renamed_version_table(pets: Pets) -> None:
    pets.write("migrations/env.py", configured("version_table='steps'"))
    pets.sql("ALTER TABLE alembic_version RENAME TO steps")
    assert codes(pets) == []


@pytest.mark.parametrize(
    ("env", "told"),
    [
        pytest.param(ENV.replace("target_metadata=metadata", "target_metadata=None"), ["DG205"], id="None"),
        pytest.param(ENV.replace(", target_metadata=metadata", ""), ["DG205"], id="left out"),
        pytest.param(configured("compare_type=lambda *each: 1 / 0"), ["DG901"], id="a comparison that raises"),
        pytest.param(configured("include_object=lambda *each: 1 / 0"), ["DG901"], id="a filter that raises"),
        pytest.param(configured("include_object=lambda *each: False"), ["DG901"], id="a filter that leaves out all"),
        pytest.param(configured("include_name=lambda *each: False"), ["DG901"], id="one by names that does"),
    ],
)
def test_models_that_are_not_compared_are_told(pets: Pets, env: str, told: list[str]) -> None:
    pets.write("migrations/env.py", env)
    assert sorted(set(codes(pets))) == told


def test_types_that_autogenerate_does_not_compare(pets: Pets, tmp_path: Path) -> None:
    pets.write("migrations/env.py", configured("compare_type=False"))
    pets.write("models.py", MODELS.replace(COLUMNS, COLUMNS.replace("20", "30")))
    assert codes(pets) == ["DG203"]


def test_what_env_py_lets_autogenerate_pass_over_is_said(pets: Pets) -> None:
    hook = "lambda context, revision, directives: directives.clear()"
    pets.write("migrations/env.py", configured(f"process_revision_directives={hook}"))
    pets.write("models.py", MODELS.replace(COLUMNS, COLUMNS + ', sa.Column("age", sa.Integer)'))
    told = "models and head differ in pets.age, but env.py has autogenerate write nothing of it"
    assert told in pets.told("check").out


def test_a_hook_that_only_drops_empty_revisions_is_no_matter(pets: Pets) -> None:
    hook = "lambda c, r, each: each.clear() if each[0].upgrade_ops.is_empty() else None"
    pets.write("migrations/env.py", configured(f"process_revision_directives={hook}"))
    assert "note" not in pets.told("check").out
