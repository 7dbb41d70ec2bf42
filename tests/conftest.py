"""What holds for every test: no real home, no real cache, no variable of the surrounding shell."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from chosen import ALL

from driftguard.shadow.place import server_account, servers_folder

signal.signal(
    signal.SIGINT, signal.default_int_handler
)  # a shell's background job ignores it, and so would its children

pytest_plugins = ["fixtures.postgresql", "fixtures.mariadb"]

FOREIGN = (
    "GITHUB_",
    "GITLAB_",
    "CI_",
    "BITBUCKET_",
    "BUILDKITE",
    "CIRCLE",
    "JENKINS_",
    "GIT_",
    "DRIFTGUARD_",
    "FLASK_",
    "ALEMBIC_",
    "PRE_COMMIT",
    "PG",
    "SQLALCHEMY_",
)
FOREIGN_NAMES = (
    *("TF_BUILD", "CHANGE_TARGET", "BRANCH_NAME", "BUILD_SOURCEBRANCH", "SYSTEM_PULLREQUEST_TARGETBRANCH"),
    *("DATABASE_URL", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"),
    *("NO_COLOR", "FORCE_COLOR", "COLUMNS"),
)
FOLDERS = {
    *("bad_input", "ci", "daemon", "faults", "fleet", "guests", "hooks", "journal", "memo", "probe", "project"),
    *("repair", "scenarios", "shadow", "snapshots", "templates"),
}
"""Where tests that have a folder of their own mostly start git, guests or servers."""

MODULES = {
    *("test_baseline", "test_doctor", "test_engine", "test_hook", "test_quick_starts", "test_watch_terminal"),
    *("test_fingerprint_mysql", "test_fingerprint_postgresql", "test_recording"),
}
"""Others of which each row starts something."""

TAKEN = 3
"""Of so many rows one."""

CACHE_VARIABLE = "TESTS_DRIFTGUARD_CACHE"


def pytest_collection_finish() -> None:
    """What thousands of tests consist of is looked through by no garbage collection."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of tests that start processes, an ordinary run takes every third row; which one is first depends on the test."""
    if os.environ.get(ALL) or any("::" in argument for argument in config.args):
        return
    rows: dict[str, list[pytest.Item]] = {}
    for item in filter(_is_slow, items):
        rows.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = {
        item
        for name, each in rows.items()
        for number, item in enumerate(each)
        if (number - crc32(name.encode()) % min(TAKEN, len(each))) % TAKEN
    }
    config.hook.pytest_deselected(items=sorted(left_out, key=lambda item: item.nodeid))
    items[:] = [item for item in items if item not in left_out]


def _is_slow(item: pytest.Item) -> bool:
    has_a_folder = "tmp_path" in getattr(item, "fixturenames", ())
    return item.path.stem in MODULES or (has_a_folder and item.path.parent.name in FOLDERS)


def pytest_configure(config: pytest.Config) -> None:
    """One cache folder for the run, as short as socket paths need it; only the controller makes it."""
    if not hasattr(config, "workerinput"):
        os.environ[CACHE_VARIABLE] = tempfile.mkdtemp(prefix="dgc-", dir="/tmp")
        os.environ["UV_COMPILE_BYTECODE"] = "1"  # guests write none, and would compile SQLAlchemy anew each time
        os.environ["UV_LINK_MODE"] = "copy"  # another link to a module is a change of it for those who have loaded it


def pytest_unconfigure(config: pytest.Config) -> None:
    """Only the controller: every worker is done by now."""
    if not hasattr(config, "workerinput") and (folder := os.environ.pop(CACHE_VARIABLE, "")):
        servers = servers_folder(Path(folder), server_account(("postgres",)))
        for each in (folder, servers):
            shutil.rmtree(each, ignore_errors=True)


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    for name in os.environ:
        if name.startswith(FOREIGN) or name in FOREIGN_NAMES:
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"  # always the same, and empty
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("DRIFTGUARD_CACHE_DIR", os.environ[CACHE_VARIABLE])
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann Author")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")
    yield
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def projects() -> Path:
    """The folder of sample projects."""
    return Path(__file__).parent / "projects"
