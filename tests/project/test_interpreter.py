"""Which interpreter runs the project: real folders laid out as virtual environments are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from layouts import environment, write

from driftguard.config import EnvironmentSettings, Settings
from driftguard.project import Interpreter, NoInterpreter, find_interpreter
from driftguard.project.interpreter import Host

PLAIN = ("alembic", "sqlalchemy")
FLASK = (*PLAIN, "flask_migrate")
ROOT = environment("main", "alembic")
BELOW = environment("api", "services/api/alembic", folder="services/api")
WITH_FLASK = environment("web", "migrations", flask=True)


def venv(folder: Path, packages: tuple[str, ...] = PLAIN, *, windows: bool = False) -> Path:
    """A folder laid out as a virtual environment with ``packages``."""
    python, library = (
        ("Scripts/python.exe", "Lib/site-packages") if windows else ("bin/python", "lib/python3.12/site-packages")
    )
    write(folder, {python: "", "pyvenv.cfg": "include-system-site-packages = false\n"})
    write(folder, {f"{library}/{package}/__init__.py": "" for package in packages})
    return folder


def host(folder: Path, packages: tuple[str, ...] = ()) -> Host:
    return Host(venv(folder, packages) / "bin/python", folder)


@pytest.mark.parametrize(
    ("made", "variables", "where", "expected"),
    [
        pytest.param({"r/.venv": PLAIN}, {}, ROOT, ("r/.venv", ".venv in {r}"), id=".venv in the root"),
        pytest.param({"r/venv": PLAIN}, {}, ROOT, ("r/venv", "venv in {r}"), id="venv in the root"),
        pytest.param({"r/env": PLAIN}, {}, ROOT, ("r/env", "env in {r}"), id="env in the root"),
        pytest.param(
            {"r/.venv": PLAIN, "active": PLAIN},
            {"VIRTUAL_ENV": "active"},
            ROOT,
            ("active", "VIRTUAL_ENV"),
            id="the active environment goes first",
        ),
        pytest.param(
            {"r/.venv": PLAIN, "active": ()},
            {"VIRTUAL_ENV": "active"},
            ROOT,
            ("r/.venv", ".venv in {r}"),
            id="an active environment without the packages is passed over",
        ),
        pytest.param(
            {"r/.venv": PLAIN, "cache/repo1/py_env-python3.12": PLAIN},
            {"VIRTUAL_ENV": "cache/repo1/py_env-python3.12"},
            ROOT,
            ("r/.venv", ".venv in {r}"),
            id="pre-commit's own environment is not the project's",
        ),
        pytest.param(
            {"r/.venv": PLAIN, "host": PLAIN},
            {"VIRTUAL_ENV": "host", "PRE_COMMIT": "1"},
            ROOT,
            ("r/.venv", ".venv in {r}"),
            id="a hook runner's environment in which driftguard itself runs is not the project's",
        ),
        pytest.param(
            {"r/.venv": PLAIN, "host": PLAIN},
            {"VIRTUAL_ENV": "host"},
            ROOT,
            ("host", "VIRTUAL_ENV"),
            id="driftguard installed in the active environment of the project",
        ),
        pytest.param(
            {"r/.venv": PLAIN, "r/services/api/.venv": PLAIN},
            {},
            BELOW,
            ("r/services/api/.venv", ".venv in {r}/services/api"),
            id="the environment's own folder goes before the root",
        ),
        pytest.param(
            {"r/services/venv": PLAIN}, {}, BELOW, ("r/services/venv", "venv in {r}/services"), id="a folder between"
        ),
        pytest.param({"main/.venv": PLAIN}, {}, ROOT, ("main/.venv", ".venv in {main}"), id="the main working tree's"),
        pytest.param(
            {"r/.venv": PLAIN, "r/venv": FLASK}, {}, WITH_FLASK, ("r/venv", "venv in {r}"), id="Flask-Migrate is needed"
        ),
        pytest.param({"conda": PLAIN}, {"CONDA_PREFIX": "conda"}, ROOT, ("conda", "CONDA_PREFIX"), id="conda"),
        pytest.param(
            {"r/.venv": PLAIN, "conda": PLAIN},
            {"CONDA_PREFIX": "conda"},
            ROOT,
            ("r/.venv", ".venv in {r}"),
            id="conda comes after .venv",
        ),
        pytest.param({"usr": PLAIN}, {"PATH": "usr/bin"}, ROOT, ("usr", "python on PATH"), id="python on PATH"),
        pytest.param({"host": PLAIN}, {}, ROOT, ("host", "driftguard's own environment"), id="the host is the last"),
    ],
)
def test_the_first_that_has_the_packages(
    tmp_path: Path,
    made: dict[str, tuple[str, ...]],
    variables: dict[str, str],
    where: object,
    expected: tuple[str, str],
) -> None:
    root, main = tmp_path / "r", tmp_path / "main"
    root.mkdir()
    own = host(tmp_path / "host")
    for folder, packages in made.items():
        venv(tmp_path / folder, packages)
        (tmp_path / folder / "bin/python").chmod(0o755)
    places = {name: value if name == "PRE_COMMIT" else str(tmp_path / value) for name, value in variables.items()}
    found = find_interpreter(root, where, Settings(), places, main_worktree=main, host=own)  # type: ignore[arg-type]
    folder, source = expected
    assert found == Interpreter(str(tmp_path / folder / "bin/python"), source.format(r=root, main=main))


def test_windows_layout(tmp_path: Path) -> None:
    venv(tmp_path / ".venv", windows=True)
    found = find_interpreter(tmp_path, ROOT, Settings(), {}, host=host(tmp_path / "host"))
    assert found.python == str(tmp_path / ".venv/Scripts/python.exe")


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        pytest.param("tools/py", "tools/py/bin/python", id="a folder of an environment"),
        pytest.param("tools/py/bin/python", "tools/py/bin/python", id="a path"),
        pytest.param("{root}/tools/py/bin/python", "tools/py/bin/python", id="an absolute path"),
        pytest.param("mypython", "bin/mypython", id="a command on PATH"),
    ],
)
def test_the_setting_is_taken_as_it_is(tmp_path: Path, python: str, expected: str) -> None:
    venv(tmp_path / ".venv")
    venv(tmp_path / "tools/py", ())
    write(tmp_path, {"bin/mypython": ""})
    (tmp_path / "bin/mypython").chmod(0o755)
    settings = Settings(
        python="nowhere", environments=(EnvironmentSettings("main", python=python.format(root=tmp_path)),)
    )
    found = find_interpreter(tmp_path, ROOT, settings.for_environment("main"), {"PATH": str(tmp_path / "bin")})
    assert found == Interpreter(str(tmp_path / expected), "python in the settings")


def test_a_setting_that_leads_nowhere(tmp_path: Path) -> None:
    venv(tmp_path / ".venv")
    with pytest.raises(NoInterpreter, match="there is no such interpreter"):
        find_interpreter(tmp_path, ROOT, Settings(python="gone/python"), {"PATH": ""})


@pytest.mark.parametrize(
    ("tool", "file", "question"),
    [
        pytest.param("uv", {"uv.lock": ""}, "python find", id="uv"),
        pytest.param("poetry", {"poetry.lock": ""}, "env info --executable", id="poetry by its lock"),
        pytest.param(
            "poetry", {"pyproject.toml": "[tool.poetry]\n"}, "env info --executable", id="poetry by its table"
        ),
        pytest.param("pipenv", {"Pipfile": ""}, "--py", id="pipenv"),
        pytest.param("pdm", {"pdm.lock": ""}, "info --python", id="pdm"),
        pytest.param("hatch", {"hatch.toml": ""}, "env find", id="hatch"),
    ],
)
def test_package_managers_are_asked(tmp_path: Path, tool: str, file: dict[str, str], question: str) -> None:
    kept = venv(tmp_path / "kept")
    answer = kept if tool == "hatch" else kept / "bin/python"
    script = f'#!/bin/sh\n[ "$*" = "{question}" ] && [ -z "$VIRTUAL_ENV" ] && echo a warning && echo "{answer}"\n'
    root = write(tmp_path / "r", {"README": "", **file})
    write(tmp_path, {f"bin/{tool}": script})
    (tmp_path / "bin" / tool).chmod(0o755)
    own = host(tmp_path / "host", PLAIN)
    variables = {"PATH": str(tmp_path / "bin"), "VIRTUAL_ENV": str(own.prefix), "PRE_COMMIT": "1"}
    found = find_interpreter(root, ROOT, Settings(), variables, host=own)
    assert found == Interpreter(str(kept / "bin/python"), f"{tool} in {root}")
    without_lock = find_interpreter(tmp_path / "bin", ROOT, Settings(), variables, host=own)
    assert without_lock.source == "driftguard's own environment"


@pytest.mark.parametrize("script", ["exit 3", "echo", "echo /nowhere/python", "echo failed >&2; false"])
def test_a_package_manager_without_an_answer(tmp_path: Path, script: str) -> None:
    write(tmp_path, {"uv.lock": "", "bin/uv": f"#!/bin/sh\n{script}\n"})
    (tmp_path / "bin/uv").chmod(0o755)
    own = host(tmp_path / "host", PLAIN)
    found = find_interpreter(tmp_path, ROOT, Settings(), {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}, host=own)
    assert found.source in ("driftguard's own environment", "python on PATH")


def test_nothing_found_names_everything_that_was_tried(tmp_path: Path) -> None:
    venv(tmp_path / ".venv", ("alembic",))
    own = host(tmp_path / "host")
    with pytest.raises(NoInterpreter) as caught:
        find_interpreter(tmp_path, WITH_FLASK, Settings(), {"VIRTUAL_ENV": str(tmp_path / "gone")}, host=own)
    assert caught.value.message.splitlines() == [
        "no Python interpreter has the packages of web (alembic, sqlalchemy, flask_migrate); tried:",
        f"  {tmp_path}/gone/bin/python (VIRTUAL_ENV) is not there",
        f"  {tmp_path}/.venv/bin/python (.venv in {tmp_path}) lacks sqlalchemy, flask_migrate",
        f"  {tmp_path}/host/bin/python (driftguard's own environment) lacks alembic, sqlalchemy, flask_migrate",
    ]
    assert "python =" in caught.value.hint


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param({"lib/python3.12/site-packages/x.pth": "{src}\nimport x\n"}, True, id="an editable install"),
        pytest.param({"lib/python3.12/site-packages/x.pth": "# {src}\n"}, False, id="a comment in a .pth file"),
        pytest.param({"lib/python3.12/site-packages/alembic-1.0.dist-info/METADATA": ""}, False, id="only metadata"),
    ],
)
def test_links_in_site_packages(tmp_path: Path, files: dict[str, str], found: bool) -> None:
    src = write(tmp_path / "src", {f"{package}/__init__.py": "" for package in PLAIN})
    folder = venv(tmp_path / "r/.venv", ())
    write(folder, {path: text.format(src=src) for path, text in files.items()})
    own = host(tmp_path / "host", PLAIN)
    chosen = find_interpreter(tmp_path / "r", ROOT, Settings(), {}, host=own)
    assert (chosen.source != "driftguard's own environment") is found


def test_the_packages_of_another_version_under_the_same_prefix_do_not_count(tmp_path: Path) -> None:
    usr = write(
        tmp_path / "usr",
        {
            "bin/python3.11": "",
            "lib/python3.11/site-packages/README": "",
            **{f"lib/python3.9/site-packages/{package}/__init__.py": "" for package in PLAIN},
        },
    )
    (usr / "bin/python3.11").chmod(0o755)
    (usr / "bin/python3").symlink_to("python3.11")
    own = host(tmp_path / "host", PLAIN)
    found = find_interpreter(tmp_path, ROOT, Settings(), {"PATH": str(usr / "bin")}, host=own)
    assert found.source == "driftguard's own environment"


def test_a_real_virtual_environment(tmp_path: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    environ = {**os.environ, "UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    command = [str(uv), "venv", "-q", "--python", sys.executable, str(tmp_path / ".venv")]
    subprocess.run(command, env=environ, check=True)
    own = host(tmp_path / "host")
    with pytest.raises(NoInterpreter, match="lacks alembic, sqlalchemy"):
        find_interpreter(tmp_path, ROOT, Settings(), {}, host=own)
    (library,) = (tmp_path / ".venv").glob("lib/python*/site-packages")
    write(library, {f"{package}/__init__.py": "" for package in PLAIN})
    found = find_interpreter(tmp_path, ROOT, Settings(), {}, host=own)
    assert found == Interpreter(str(tmp_path / ".venv/bin/python"), f".venv in {tmp_path}")
    subprocess.run([found.python, "-c", "import alembic, sqlalchemy"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("seen", ["true", "false"])
def test_packages_of_the_base_interpreter_count_if_they_are_seen(tmp_path: Path, seen: str) -> None:
    base = write(tmp_path / "base", {"bin/python3.11": ""})
    write(base, {f"lib/python3.11/site-packages/{package}/__init__.py": "" for package in PLAIN})
    folder = write(tmp_path / "r/.venv", {"pyvenv.cfg": f"include-system-site-packages = {seen}\n", "bin/": ""})
    (folder / "bin/python").symlink_to(base / "bin/python3.11")
    own = host(tmp_path / "host", PLAIN)
    found = find_interpreter(tmp_path / "r", ROOT, Settings(), {}, host=own)
    assert (found.source == f".venv in {tmp_path / 'r'}") is (seen == "true")


def test_this_interpreter_has_what_is_needed(tmp_path: Path) -> None:
    assert find_interpreter(tmp_path, WITH_FLASK, Settings(), {}).python == sys.executable


def test_a_shim_on_path_is_asked_for_its_interpreter(tmp_path: Path) -> None:
    python = venv(tmp_path / "versions/3.12") / "bin/python"
    write(tmp_path, {"shims/python3": f'#!/bin/sh\necho "{python}"\n'})
    (tmp_path / "shims/python3").chmod(0o755)
    own = host(tmp_path / "host", PLAIN)
    found = find_interpreter(tmp_path, ROOT, Settings(), {"PATH": str(tmp_path / "shims")}, host=own)
    assert found == Interpreter(str(python), "python on PATH")
