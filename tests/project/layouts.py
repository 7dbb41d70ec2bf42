"""Folders with files in them, and what Alembic itself says of a configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from driftguard.project import Environment

ENV_PY = "from alembic import context\n"
FLASK_ENV_PY = "from alembic import context\nfrom flask import current_app\n"
FLASK_INI = "[alembic]\n# template used to generate migration files\n\n[loggers]\nkeys = root\n"

ASK_ALEMBIC = """
import json, sys, warnings
warnings.simplefilter("ignore")
from alembic.config import Config
from alembic.script import ScriptDirectory
ini, toml, section = json.loads(sys.argv[1])
scripts = ScriptDirectory.from_config(Config(ini, toml_file=toml, ini_section=section))
print(json.dumps([str(scripts.dir), [str(each) for each in scripts._version_locations],
                  scripts.recursive_version_locations]))
"""


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write ``files`` (path → text) below ``root``; a path that ends in "/" is an empty folder."""
    for path, text in files.items():
        place = root / path
        if path.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
    return root


def alembic_folder(path: str) -> dict[str, str]:
    """A script folder at ``path`` with one revision."""
    return {f"{path}/env.py": ENV_PY, f"{path}/versions/a1_first.py": "revision = 'a1'\n"}


def flask_folder(path: str) -> dict[str, str]:
    """A Flask-Migrate folder at ``path``."""
    return {f"{path}/env.py": FLASK_ENV_PY, f"{path}/alembic.ini": FLASK_INI, f"{path}/versions/": ""}


def environment(name: str, script_location: str, **others: object) -> Environment:
    """An environment as the generic template makes one, with ``others`` put over it."""
    base = Environment(
        name=name,
        folder=".",
        config="alembic.ini",
        section="alembic",
        script_location=script_location,
        version_locations=(f"{script_location}/versions",),
        recursive=False,
        sys_path=(),
        flask=False,
        flask_app="",
    )
    return replace(base, **others)  # type: ignore[arg-type]


def run_python(*arguments: str, cwd: Path, **variables: str) -> str:
    """Run this interpreter in ``cwd``; what it printed."""
    environ = {**os.environ, "PYTHONPATH": "", **variables}
    finished = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@dataclass(frozen=True)
class Answer:
    """What Alembic found, as paths below the root."""

    script_location: str
    version_locations: tuple[str, ...]
    recursive: bool


def ask_alembic(root: Path, found: Environment) -> Answer:
    """What Alembic makes of the environment's configuration when it is run in its folder."""
    folder = root / found.folder
    config = root / (found.config or "")
    ini, toml = (config, folder / "pyproject.toml") if config.suffix != ".toml" else (folder / "alembic.ini", config)
    arguments = json.dumps([str(ini), str(toml), found.section])
    scripts, versions, recursive = json.loads(run_python("-c", ASK_ALEMBIC, arguments, cwd=folder))

    def below(path: str) -> str:
        return (folder / path).resolve().relative_to(root.resolve()).as_posix()

    return Answer(below(scripts), tuple(below(each) for each in versions), recursive)


def as_answer(found: Environment) -> Answer:
    return Answer(found.script_location, found.version_locations, found.recursive)
