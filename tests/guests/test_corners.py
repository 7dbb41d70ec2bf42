"""The oldest, a middle and the newest SQLAlchemy and Alembic, in every Python that this machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from chosen import chosen
from filelock import FileLock
from fixtures.postgresql import PostgresqlServer
from guarded import SAMPLES, Guarded, sql

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


class Corner(NamedTuple):
    """Versions as pip's wildcards take them; ``python`` is a minor version, "own" the one that runs the tests."""

    python: str
    sqlalchemy: str
    alembic: str

    def __str__(self) -> str:
        return f"python {self.python}, SQLAlchemy {self.sqlalchemy}, Alembic {self.alembic}"


CORNERS = [
    Corner("own", "1.4", "1.8"),
    Corner("own", "2.0", "1.13"),
    Corner("own", "2.1", "1.20"),
    Corner("3.8", "1.4", "1.8"),
    Corner("3.9", "2.0", "1.13"),
    Corner("3.10", "2.1", "1.16"),
    Corner("3.13", "2.1", "1.20"),
]


@pytest.fixture(scope="session")
def interpreter_of() -> Callable[[Corner], str]:
    """Makes a corner's virtual environment once per run, in the run's cache folder."""
    return _interpreter


def _interpreter(corner: Corner) -> str:
    folder = Path(os.environ["TESTS_DRIFTGUARD_CACHE"]) / "guests"
    folder.mkdir(exist_ok=True)
    home = folder / str(corner).replace(", ", "-").replace(" ", "")
    python = home / "bin" / "python"
    wanted = OWN if corner.python == "own" else corner.python
    uv = [sys.executable, "-m", "uv"]
    with FileLock(folder / "lock"):
        if not python.exists():
            base = _find_python(wanted) or pytest.skip(f"Python {wanted} is not on this machine")
            subprocess.run([*uv, "venv", "--quiet", "--python", base, home], check=True)
            packages = [f"sqlalchemy=={corner.sqlalchemy}.*", f"alembic=={corner.alembic}.*", "psycopg2-binary"]
            subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *packages], check=True)
    return str(python)


def _find_python(wanted: str) -> str:
    """An interpreter of this minor version: this one, pyenv's, or one on the path; "" if there is none."""
    if wanted == OWN:
        return sys.executable
    found = sorted(PYENV.glob(f"versions/{wanted}.*/bin/python"))
    if found:
        return str(found[-1])
    asked = subprocess.run(
        [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", wanted], capture_output=True, text=True
    )
    return asked.stdout.strip()


@pytest.fixture(params=CORNERS, ids=str)
def python(request: pytest.FixtureRequest, interpreter_of: Callable[[Corner], str]) -> str:
    return interpreter_of(request.param)


@pytest.mark.parametrize("server", chosen(["sqlite", "postgresql"], 1))
def test_models_and_live_are_told_apart(
    python: str, server: str, tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    if server == "postgresql":
        url = postgresql_server.create().replace("+psycopg", "+psycopg2")
    shop = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop", {"SHOP_DATABASE": url})
    shop.write("driftguard.toml", f'python = "{python}"\n')
    shop.must(python, "-m", "alembic", "upgrade", "head")
    checked = shop.check()
    assert (checked.code, checked.codes) == (0, []), checked.report

    sql(url.replace("+psycopg2", "+psycopg"), "ALTER TABLE items DROP COLUMN price")
    shop.replace("models.py", "    name = ", "    weight = Column(Integer)\n    name = ")
    checked = shop.check()
    assert checked.told == {("DG201", "items.weight"), ("DG301", "items.price")}
    assert checked.one("DG201")["place"]["line"] == 20
