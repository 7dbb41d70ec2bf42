"""What ``[tool.driftguard.environments.NAME]`` does to the environments that were found."""

from __future__ import annotations

from pathlib import Path

import pytest
from layouts import alembic_folder, environment, flask_folder, write

from driftguard.config import ConfigError, EnvironmentSettings, Settings
from driftguard.git import WorkingTree
from driftguard.project import Environment, discover

FILES = {
    "alembic.ini": "[alembic]\nscript_location = db\n[audit]\nscript_location = audit_db\n",
    **alembic_folder("db"),
    **alembic_folder("audit_db"),
    **alembic_folder("loose/scripts"),
    "old/site-packages/x/alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
    **alembic_folder("old/site-packages/x/db"),
    "tasks.conf": "[alembic]\nscript_location = loose/scripts\n",
    **flask_folder("web/migrations"),
    "web/app.py": "from flask import Flask\napp = Flask(__name__)\n",
    "web/other.py": "from flask import Flask\napp = Flask(__name__)\n",
}
AUDIT = environment("audit", "audit_db", section="audit")
DB = environment("db", "db")
WEB = environment(
    "web",
    "web/migrations",
    folder="web",
    config="web/migrations/alembic.ini",
    sys_path=("web",),
    flask=True,
    flask_app="app.py",
)


def named(environment: Environment, name: str, **others: object) -> Environment:
    values = {slot: getattr(environment, slot) for slot in Environment.__slots__}
    return Environment(**{**values, "name": name, **others})


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param((), (AUDIT, DB, WEB), id="nothing said"),
        pytest.param(
            (EnvironmentSettings("db", live="off"),), (AUDIT, DB, WEB), id="a table for a name that was found"
        ),
        pytest.param(
            (EnvironmentSettings("main", config="alembic.ini", section="alembic"),),
            (AUDIT, named(DB, "main"), WEB),
            id="another name by config and section",
        ),
        pytest.param(
            (EnvironmentSettings("log", section="audit"),), (named(AUDIT, "log"), DB, WEB), id="by section alone"
        ),
        pytest.param(
            (EnvironmentSettings("site", folder="web", flask_app="other.py"),),
            (AUDIT, DB, named(WEB, "site", flask_app="other.py")),
            id="by folder, with its application",
        ),
        pytest.param(
            (EnvironmentSettings("loose", script_location="loose/scripts"),),
            (
                AUDIT,
                DB,
                environment("loose", "loose/scripts", folder="loose", config=None),
                WEB,
            ),
            id="scripts without a configuration",
        ),
        pytest.param(
            (EnvironmentSettings("tasks", config="tasks.conf"),),
            (AUDIT, DB, environment("tasks", "loose/scripts", config="tasks.conf"), WEB),
            id="a configuration of an unusual name",
        ),
        pytest.param(
            (EnvironmentSettings("x", config="old/site-packages/x/alembic.ini"),),
            (
                AUDIT,
                DB,
                environment(
                    "x",
                    "old/site-packages/x/db",
                    folder="old/site-packages/x",
                    config="old/site-packages/x/alembic.ini",
                ),
                WEB,
            ),
            id="a configuration in a folder that is never searched",
        ),
    ],
)
def test_tables_name_and_correct(
    tmp_path: Path, tables: tuple[EnvironmentSettings, ...], expected: tuple[Environment, ...]
) -> None:
    tree = WorkingTree(write(tmp_path, FILES))
    assert discover(tree, Settings(environments=tables, source="pyproject.toml"), {}) == expected


@pytest.mark.parametrize(
    ("tables", "mistake"),
    [
        pytest.param(
            (EnvironmentSettings("main", config="alembic.ini"),),
            "[environments.main] could mean alembic.ini [audit], alembic.ini [alembic]: add config and section",
            id="two could be meant",
        ),
        pytest.param(
            (EnvironmentSettings("audits"),),
            '[environments.audits] points at no environment (found: audit, db, web), did you mean "audit"?; '
            "say config or script_location",
            id="a misspelt name",
        ),
        pytest.param(
            (EnvironmentSettings("x", config="gone.ini"),),
            "[environments.x] config: there is no file gone.ini",
            id="a config that is not there",
        ),
        pytest.param(
            (EnvironmentSettings("x", script_location="gone"),),
            "[environments.x] script_location: there is no gone/env.py",
            id="scripts that are not there",
        ),
        pytest.param(
            (EnvironmentSettings("x", config="alembic.ini", section="gone"),),
            "[environments.x] alembic.ini has no script_location in [gone]: say script_location here",
            id="a section that is not there",
        ),
        pytest.param(
            (EnvironmentSettings("db", section="audit"),),
            'two environments are called "db": [environments.db] means audit_db, and db has this name by itself; '
            "rename the table",
            id="two environments of one name",
        ),
        pytest.param(
            (EnvironmentSettings("a", section="audit"), EnvironmentSettings("b", script_location="audit_db")),
            "[environments.a] and [environments.b] point at the same environment",
            id="two tables for one environment",
        ),
    ],
)
def test_tables_that_lead_nowhere(tmp_path: Path, tables: tuple[EnvironmentSettings, ...], mistake: str) -> None:
    tree = WorkingTree(write(tmp_path, FILES))
    with pytest.raises(ConfigError) as caught:
        discover(tree, Settings(environments=tables, source="pyproject.toml"), {})
    assert caught.value.message == f"pyproject.toml: {mistake}"
