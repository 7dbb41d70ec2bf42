"""Every template of Alembic and Flask-Migrate as its ``init`` writes it, with nothing said to driftguard."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from guarded import Guarded

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Pet(Base):
    __tablename__ = "pets"

    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(20))
"""
FLASK = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
migrate = Migrate()


class Pet(db.Model):
    __tablename__ = "pets"

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(20))


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///pets.db"
    app.config["SQLALCHEMY_BINDS"] = {binds}
    db.init_app(app)
    migrate.init_app(app, db)
    return app
"""
VET = """

class Vet(db.Model):
    __bind_key__ = "vets"
    __tablename__ = "vets"

    id = db.Column(db.Integer, primary_key=True)
"""
AGE = "    age = {module}.Column({module}.Integer)\n"


def alembic_project(template: str) -> Callable[[Path], Guarded]:
    def make(root: Path) -> Guarded:
        project = Guarded(root)
        project.write("models.py", MODELS)
        project.alembic("init", "-t", template, "migrations")
        project.replace(
            "migrations/env.py", "target_metadata = None", "from models import Base\ntarget_metadata = Base.metadata"
        )
        url = "sqlite+aiosqlite:///pets.db" if "async" in template else "sqlite:///pets.db"
        ini = (root / "alembic.ini").read_text()
        project.write("alembic.ini", re.sub(r"(?m)^sqlalchemy.url = .*$", f"sqlalchemy.url = {url}", ini))
        project.alembic("revision", "--autogenerate", "-m", "pets")
        project.alembic("upgrade", "head")
        return project

    return make


def multidb_project(root: Path) -> Guarded:
    project = Guarded(root)
    project.write(
        "models.py",
        MODELS.replace("Base = declarative_base()", "Base = declarative_base()\nOther = declarative_base()"),
    )
    project.alembic("init", "-t", "multidb", "migrations")
    metadatas = (
        'from models import Base, Other\ntarget_metadata = {"engine1": Base.metadata, "engine2": Other.metadata}'
    )
    project.replace("migrations/env.py", "target_metadata = {}", metadatas)
    for number, file in (("", "pets.db"), ("2", "others.db")):
        project.replace("alembic.ini", f"driver://user:pass@localhost/dbname{number}\n", f"sqlite:///{file}\n")
    project.alembic("revision", "--autogenerate", "-m", "pets")
    project.alembic("upgrade", "head")
    return project


def flask_project(*options: str, binds: str = "{}", more: str = "") -> Callable[[Path], Guarded]:
    def make(root: Path) -> Guarded:
        project = Guarded(root)
        project.write(
            "app.py", FLASK.replace("{binds}", binds).replace("\n\ndef create_app", f"{more}\n\ndef create_app")
        )
        project.flask("db", "init", *options)
        project.flask("db", "migrate", "-m", "pets")
        project.flask("db", "upgrade")
        return project

    return make


@pytest.mark.parametrize(
    ("make", "models", "module", "live"),
    [
        pytest.param(alembic_project("generic"), "models.py", "sa", "pets.db", id="generic"),
        pytest.param(alembic_project("async"), "models.py", "sa", "pets.db", id="async"),
        pytest.param(alembic_project("pyproject"), "models.py", "sa", "pets.db", id="pyproject"),
        pytest.param(alembic_project("pyproject_async"), "models.py", "sa", "pets.db", id="pyproject_async"),
        pytest.param(multidb_project, "models.py", "sa", "pets.db", id="multidb"),
        pytest.param(flask_project(), "app.py", "db", "instance/pets.db", id="Flask-Migrate"),
        pytest.param(
            flask_project("--multidb", binds='{"vets": "sqlite:///vets.db"}', more=VET),
            "app.py", "db", "instance/pets.db", id="Flask-Migrate with two databases",
        ),
    ],
)  # fmt: skip
def test_each_side_is_told(
    make: Callable[[Path], Guarded], models: str, module: str, live: str, tmp_path: Path
) -> None:
    project = make(tmp_path)
    checked = project.check()
    assert (checked.code, checked.codes) == (0, []), checked.report

    project.replace(models, "    name = ", AGE.format(module=module) + "    name = ")
    with sqlite3.connect(tmp_path / live) as connection:
        connection.execute("ALTER TABLE pets DROP COLUMN name")
    connection.close()
    checked = project.check()
    assert checked.told == {("DG201", "pets.age"), ("DG301", "pets.name")}
    place = checked.one("DG201")["place"]
    line = (tmp_path / place["path"]).read_text().splitlines()[place["line"] - 1]
    assert (place["path"], line.strip()) == (models, AGE.format(module=module).strip())
