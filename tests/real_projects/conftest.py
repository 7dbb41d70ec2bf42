"""Each project's packages are installed once per run; each test has a repository and a live database of its own."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock
from fixtures.postgresql import PostgresqlServer
from guarded import Guarded, sql
from real_project import RealProject
from sqlalchemy import make_url

STOCK = Path(__file__).with_name("stock.py")
# As it is before any test: uv's download cache and index settings are those of whoever runs the tests.
SURROUNDINGS = dict(os.environ)
OWN_VARIABLES = ("VIRTUAL_ENV", "PYTHONPATH", "CONDA_PREFIX")


class Workshop(NamedTuple):
    """A project's files in ``source``, and what they need in the virtual environment ``packages``."""

    project: RealProject
    source: Path
    packages: Path

    def repository(self, root: Path) -> Guarded:
        """The project as its developer has it: cloned, with an editable install in ``.venv``."""
        guarded = Guarded.copy_of(self.source, root)
        guarded.write(".gitignore", "/.venv/\n__pycache__/\n")
        for path, text in self.project.files:
            guarded.write(path, text)
        uv("venv", root / ".venv")
        (site(root / ".venv") / "editable.pth").write_text(f"{root}\n{site(self.packages)}\n")
        guarded.commit("guard")
        return guarded

    def with_settings(self, root: Path) -> Guarded:
        """As ``repository``, with the settings that this project needs, if it needs any."""
        guarded = self.repository(root)
        if self.project.begins_on:
            table = f"tool.driftguard.environments.{self.project.environment}"
            text = f'[{table}]\nconfig = "{self.project.config}"\nbegins_on = "{self.project.begins_on}"\n'
            guarded.write("pyproject.toml", text)
            guarded.commit("settings")
        return guarded


class Upgraded(NamedTuple):
    """A database that Alembic itself brought to head, and each directive that autogenerate would write there."""

    url: str
    directives: Counter[str]


def uv(*arguments: str | Path) -> None:
    """Run uv as whoever runs the tests would."""
    environ = {name: value for name, value in SURROUNDINGS.items() if name not in OWN_VARIABLES}
    kind, *rest = arguments
    options = ["--python", sys.executable] if kind == "venv" else []
    command = [sys.executable, "-m", "uv", kind, *(["install"] if kind == "pip" else []), "--quiet", *options, *rest]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{command}: {done.stderr}"


def site(environment: Path) -> Path:
    """The folder of a virtual environment's packages."""
    [folder] = [*environment.glob("lib/python*/site-packages"), *environment.glob("Lib/site-packages")]
    return folder


def directives(code: str) -> Counter[str]:
    """The calls of ``op`` in Python code, spelt in one way."""
    statements = [each for each in ast.parse(code).body if isinstance(each, ast.Expr)]
    return Counter(ast.unparse(each) for each in statements)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run, the workers of pytest-xdist included."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "real-projects"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def workshop(run_folder: Path) -> Callable[[RealProject], Workshop]:
    def build(project: RealProject) -> Workshop:
        folder = run_folder / project.name
        made = Workshop(project, folder / "source", folder / "packages")
        with FileLock(run_folder / f"{project.name}.lock"):
            if not (folder / "ready").exists():
                shutil.rmtree(folder, ignore_errors=True)
                _install(made, folder)
                (folder / "ready").touch()
        return made

    return build


def _install(made: Workshop, folder: Path) -> None:
    uv("venv", made.packages)
    python = made.packages / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv("pip", "--python", python, made.project.requirement, *made.project.needs)
    made.source.mkdir()
    shutil.move(site(made.packages) / made.project.package, made.source)
    if made.project.older:
        requirement, package, name = made.project.older
        uv("pip", "--python", python, "--no-deps", "--target", folder / "older", requirement)
        shutil.move(folder / "older" / package, made.source / name)
        for each in ("alembic", "alembic.ini"):  # only one environment is the developer's
            _remove(made.source / name / each)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


@pytest.fixture
def upgraded(request: pytest.FixtureRequest, run_folder: Path, tmp_path: Path) -> Callable[[Workshop, str], Upgraded]:
    """Alembic's own work on a project, done once per run; the database is a copy for this test."""

    def upgrade(made: Workshop, dialect: str) -> Upgraded:
        described = run_folder / f"{made.project.name}-{dialect}.json"
        with FileLock(f"{described}.lock"):
            if not described.exists():
                url = f"sqlite:///{described.with_suffix('.db')}" if dialect == "sqlite" else server().create()
                code = _upgrade(made, tmp_path / "upgraded", url)
                described.write_text(json.dumps({"url": url, "code": code}))
        known = json.loads(described.read_text())
        return Upgraded(copy(known["url"]), directives(known["code"]))

    def server() -> PostgresqlServer:
        started: PostgresqlServer = request.getfixturevalue("postgresql_server")
        return started

    def copy(url: str) -> str:
        name = make_url(url).database or ""
        if url.startswith("sqlite"):
            return f"sqlite:///{shutil.copy(name, tmp_path / 'live.db')}"
        mine = f"live_{uuid.uuid4().hex[:12]}"
        sql(server().admin_url(), f'CREATE DATABASE "{mine}" TEMPLATE "{name}"')
        request.addfinalizer(lambda: server().drop(made_url))
        made_url = url.replace(name, mine)
        return made_url

    return upgrade


def _upgrade(made: Workshop, root: Path, url: str) -> str:
    """What stock Alembic would write after it brought the database at ``url`` to head."""
    guarded, project = made.repository(root), made.project
    answer = root.parent / "answer.py"
    guarded.environ["ANSWER"] = str(answer)
    python = root / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    guarded.must(python, STOCK, project.config, project.scripts, url, project.begins_on)
    return answer.read_text()
