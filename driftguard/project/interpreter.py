"""The Python interpreter in which the guarded project runs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from driftguard.config import Settings
from driftguard.errors import DriftguardError
from driftguard.process import run
from driftguard.project.environment import Environment
from driftguard.project.packages import has_package, libraries, prefix_of

CODE_NEEDED = ("alembic", "sqlalchemy")
FLASK_NEEDED = (*CODE_NEEDED, "flask_migrate")
VENV_FOLDERS = (".venv", "venv", "env")
PYTHONS = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")
DEADLINE = 10.0


class Interpreter(NamedTuple):
    """An interpreter's path, and in the user's words how it was found."""

    python: str
    source: str


class NoInterpreter(DriftguardError):
    """No interpreter has the project's packages."""


class Manager(NamedTuple):
    """A tool that keeps the project's environment, and the question that it answers without making anything."""

    name: str
    files: tuple[str, ...]
    table: str
    question: tuple[str, ...]


MANAGERS = (
    Manager("uv", ("uv.lock", "uv.toml"), "[tool.uv", ("python", "find")),
    Manager("poetry", ("poetry.lock",), "[tool.poetry", ("env", "info", "--executable")),
    Manager("pipenv", ("Pipfile", "Pipfile.lock"), "", ("--py",)),
    Manager("pdm", ("pdm.lock",), "[tool.pdm", ("info", "--python")),
    Manager("hatch", ("hatch.toml",), "[tool.hatch.envs", ("env", "find")),
)


class Host(NamedTuple):
    """driftguard's own interpreter, and the prefix of the environment that it stands in."""

    python: Path
    prefix: Path


def this_host() -> Host:
    return Host(Path(sys.executable), Path(sys.prefix))


def find_interpreter(
    root: Path,
    environment: Environment,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    main_worktree: Path | None = None,
    host: Host | None = None,
) -> Interpreter:
    """The first candidate whose site-packages hold Alembic and SQLAlchemy (and Flask-Migrate if it is needed).

    ``settings`` are those for this environment (``Settings.for_environment``); what they say is taken as it is.
    ``main_worktree`` is the main working tree's root when ``root`` is a linked one.
    Raises NoInterpreter naming everything that was tried.
    """
    host = host or this_host()
    if settings.python:
        return _as_told(root, settings.python, environ)
    needed = FLASK_NEEDED if environment.flask else CODE_NEEDED
    tried: list[str] = []
    for candidate in _candidates(root, environment, environ, main_worktree, host):
        missing = [name for name in needed if not has_package(Path(candidate.python), name)]
        if not missing:
            return candidate
        reason = f"lacks {', '.join(missing)}" if Path(candidate.python).exists() else "is not there"
        tried.append(f"  {candidate.python} ({candidate.source}) {reason}")
    listed = "\n".join(tried) or "  no virtual environment, lock file or active environment was found"
    raise NoInterpreter(
        f"no Python interpreter has the packages of {environment.name} ({', '.join(needed)}); tried:\n{listed}",
        'install the project into .venv, or set python = "path/to/python" in [tool.driftguard]',
    )


class Signs(NamedTuple):
    """What in the repository makes ``find_interpreter`` choose: files and folders (not all of them exist), and
    folders whose contents count."""

    paths: tuple[Path, ...]
    libraries: tuple[Path, ...]


def interpreter_signs(root: Path, environment: Environment, main_worktree: Path | None) -> Signs:
    """The signs for an environment, whichever interpreter they made it choose."""
    places = _places(root, environment, main_worktree)
    venvs = [place / name for place in places for name in VENV_FOLDERS]
    files = (place / name for place in places for manager in MANAGERS for name in manager.files)
    pythons = (Path(_python_in(venv)) for venv in venvs)
    return Signs((*venvs, *files, *pythons, *(venv / "pyvenv.cfg" for venv in venvs)), libraries(venvs))


def depends_on_path(interpreter: Interpreter) -> bool:
    """Whether it was found by what other programs and ``PATH`` say, and not beside the project."""
    beside = ("VIRTUAL_ENV", "python in the settings", *(f"{name} in " for name in VENV_FOLDERS))
    return not interpreter.source.startswith(beside)


def _candidates(
    root: Path, environment: Environment, environ: Mapping[str, str], main_worktree: Path | None, host: Host
) -> Iterator[Interpreter]:
    active = environ.get("VIRTUAL_ENV", "")
    foreign = bool(active) and _is_hook_runners(Path(active), environ, host)
    if active and not foreign:
        yield Interpreter(_python_in(Path(active)), "VIRTUAL_ENV")
    places = _places(root, environment, main_worktree)
    for place in places:
        for name in VENV_FOLDERS:
            if (place / name).is_dir():
                yield Interpreter(_python_in(place / name), f"{name} in {place}")
    asking = {name: value for name, value in environ.items() if not (foreign and name == "VIRTUAL_ENV")}
    for place in places:
        yield from _managed(place, asking)
    if environ.get("CONDA_PREFIX"):
        yield Interpreter(_python_in(Path(environ["CONDA_PREFIX"])), "CONDA_PREFIX")
    on_path = _on_path(environ)
    if on_path and not _same(prefix_of(Path(on_path)), host.prefix):
        yield Interpreter(on_path, "python on PATH")
    yield Interpreter(str(host.python), "driftguard's own environment")


def _on_path(environ: Mapping[str, str]) -> str:
    """The interpreter that ``python3`` or ``python`` starts; pyenv's and asdf's are scripts, which must be asked."""
    found = [shutil.which(name, path=environ.get("PATH", "")) for name in ("python3", "python")]
    command = found[0] or found[1] or ""
    if Path(command).parent.name == "shims":
        return _ask([command, "-c", "import sys; print(sys.executable)"], Path.cwd(), environ)
    return command


def _as_told(root: Path, python: str, environ: Mapping[str, str]) -> Interpreter:
    source = "python in the settings"
    path = root / Path(python).expanduser()
    if path.is_dir():
        return Interpreter(_python_in(path), source)
    if path.exists():
        return Interpreter(str(path), source)
    command = shutil.which(python, path=environ.get("PATH", "")) if Path(python).name == python else None
    if command:
        return Interpreter(command, source)
    raise NoInterpreter(f"python = {python!r} in the settings: there is no such interpreter", f"looked in {root}")


def _places(root: Path, environment: Environment, main_worktree: Path | None) -> tuple[Path, ...]:
    """Folders that may hold a virtual environment or a lock file: the environment's own, then upwards to the root."""
    roots = [root, *([main_worktree] if main_worktree and main_worktree != root else [])]
    parts = [part for part in environment.folder.split("/") if part != "."]
    return tuple(top.joinpath(*parts[:count]) for top in roots for count in range(len(parts), -1, -1))


def _managed(place: Path, environ: Mapping[str, str]) -> Iterator[Interpreter]:
    pyproject = place / "pyproject.toml"
    text = pyproject.read_text("utf-8", errors="replace") if pyproject.is_file() else ""
    for manager in MANAGERS:
        used = any((place / name).is_file() for name in manager.files) or (manager.table and manager.table in text)
        tool = shutil.which(manager.name, path=environ.get("PATH", "")) if used else None
        if tool:
            answer = _ask([tool, *manager.question], place, environ)
            if answer:
                yield Interpreter(answer, f"{manager.name} in {place}")


def _ask(command: list[str], place: Path, environ: Mapping[str, str]) -> str:
    """The interpreter in the command's answer, "" if it gave none in time."""
    try:
        finished = run(command, deadline=DEADLINE, cwd=place, environ=environ)
    except (DriftguardError, OSError):
        return ""
    lines = finished.output.decode(errors="replace").strip().splitlines()
    if finished.status != 0 or not lines:
        return ""
    path = Path(lines[-1].strip())
    return _python_in(path) if path.is_dir() else str(path) if path.is_file() else ""


def _is_hook_runners(active: Path, environ: Mapping[str, str], host: Host) -> bool:
    """Whether the active environment is one that a hook runner made for driftguard alone, and not the project's.

    pre-commit sets VIRTUAL_ENV to the environment that it built for the hook, and PRE_COMMIT=1.
    """
    return active.name.startswith("py_env-") or ("PRE_COMMIT" in environ and _same(active, host.prefix))


def _python_in(prefix: Path) -> str:
    """The interpreter of the environment in the folder ``prefix``; where it would be, if there is none."""
    found = next((prefix / name for name in PYTHONS if (prefix / name).is_file()), None)
    return str(found or prefix / PYTHONS[2 if os.name == "nt" else 0])


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
