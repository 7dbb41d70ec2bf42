"""Single samples: each function does something once in a project and gives the seconds that it took.

What has to be prepared or put back is done outside of the time. ``Missing`` is raised for what there is not (yet).
"""

from __future__ import annotations

import itertools
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.projects import Project, make_live
from benchmarks.server import Server

ALEMBIC = (sys.executable, "-m", "alembic")
DRIFTGUARD = (sys.executable, "-P", "-m", "driftguard")
HOOK = ".git/hooks/pre-commit"
CLEAN, FOUND = 0, 1
PATIENCE, LIVE_PATIENCE = 120.0, 30.0
"""Seconds in which a watcher has to have looked."""

POLL = 0.02
QUIET = 0.6
"""Seconds in which a watcher that has nothing to do does nothing; longer than its debounce."""

Sample = Callable[[Project], float]

_numbers = itertools.count(1)


class Missing(Exception):
    """This cannot be measured here; says why in a few words."""


def environment(folder: Path) -> dict[str, str]:
    """For both sides: Python keeps its bytecode, and nothing of the caller's is remembered or meant."""
    unwanted = ("GIT_", "DRIFTGUARD_", "ALEMBIC_", "PRE_COMMIT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "VIRTUAL_ENV": sys.prefix, "DRIFTGUARD_CACHE_DIR": str(folder), "NO_COLOR": "1"}


def timed(project: Project, *command: str, expect: int | None = CLEAN, environ: Mapping[str, str] = {}) -> float:
    """``expect`` None: any failure."""
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=project.root, env={**project.environ, **environ}, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - begin
    if "No such command" in done.stderr:
        raise Missing("no such command")
    if done.returncode != expect if expect is not None else done.returncode == 0:
        raise RuntimeError(f"{command} in {project.root} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return seconds


# Stock Alembic


def alembic_check(project: Project) -> float:
    return timed(project, *ALEMBIC, "check")


def alembic_check_edited(project: Project) -> float:
    with project.edited(_column()):
        return timed(project, *ALEMBIC, "check", expect=None)


def alembic_heads(project: Project) -> float:
    return timed(project, *ALEMBIC, "heads")


def alembic_upgrade_and_check(project: Project, server: Server) -> float:
    """On an empty database."""
    _empty(project, server)
    try:
        return timed(project, *ALEMBIC, "upgrade", "head") + timed(project, *ALEMBIC, "check")
    finally:
        _empty(project, server)
        make_live(project)


def alembic_check_edited_watched(project: Project) -> float:
    """Not before the watcher has done its own work, which would slow Alembic down."""
    with project.edited(_column()) as moment:
        _look_since(project, moment)
        _settled(project)
        seconds = timed(project, *ALEMBIC, "check", expect=None)
    _settled(project)
    return seconds


# The git hook


def hook(project: Project) -> float:
    """Nothing is staged that was not seen before."""
    return timed(project, HOOK)


def hook_edited(project: Project) -> float:
    """A model is edited and staged; no watcher runs."""
    with project.edited(_column()):
        project.stage_edit()
        return timed(project, HOOK, expect=FOUND)


def hook_edited_watched(project: Project) -> float:
    """The same after the watcher has looked, as when somebody types a commit message."""
    with project.edited(_column()) as moment:
        _look_since(project, moment)
        _settled(project)
        project.stage_edit()
        seconds = timed(project, HOOK, expect=FOUND)
        _settled(project)
    _settled(project)
    return seconds


def hook_edited_watched_at_once(project: Project) -> float:
    """The same without any pause between saving, ``git add`` and the hook."""
    with project.edited(_column()):
        project.stage_edit()
        seconds = timed(project, HOOK, expect=FOUND)
        _settled(project)
    _settled(project)
    return seconds


def commit(project: Project) -> float:
    return timed(project, "git", "commit", "--quiet", "--allow-empty", "-m", "empty")


def commit_without_hook(project: Project) -> float:
    return timed(project, "git", "commit", "--quiet", "--allow-empty", "--no-verify", "-m", "empty")


# driftguard check and graph


def check(project: Project) -> float:
    return timed(project, *DRIFTGUARD, "check")


def live_check(project: Project) -> float:
    """The live database alone."""
    return timed(project, *DRIFTGUARD, "check", "--select", "DG3")


def check_from_nothing(project: Project) -> float:
    forget(project)
    return timed(project, *DRIFTGUARD, "check")


def check_extended(project: Project) -> float:
    """With a new revision on top of a head that is remembered."""
    with project.extended(_column()):
        return timed(project, *DRIFTGUARD, "check")


def alembic_check_extended(project: Project) -> float:
    with project.extended(_column()):
        return timed(project, *ALEMBIC, "check")


def graph(project: Project) -> float:
    return timed(project, *DRIFTGUARD, "graph")


def graph_from_nothing(project: Project) -> float:
    with tempfile.TemporaryDirectory(prefix="dgbench-") as folder:
        return timed(project, *DRIFTGUARD, "graph", environ={"DRIFTGUARD_CACHE_DIR": folder})


def forget(project: Project) -> None:
    """Everything that driftguard remembers, but for its private servers' own files."""
    shutil.rmtree(project.root / ".git" / "driftguard" / "memo", ignore_errors=True)
    try:
        timed(project, *DRIFTGUARD, "cache", "clear")
    except Missing:
        for each in Path(project.environ["DRIFTGUARD_CACHE_DIR"]).iterdir():
            if each.is_dir() and each.name != "servers":
                shutil.rmtree(each)


# The watcher


@contextmanager
def watching(project: Project) -> Iterator[int]:
    """The daemon's process number, once it has looked for the first time."""
    try:
        from driftguard.daemon import lifecycle
    except ImportError as error:
        raise Missing("no daemon") from error
    lifecycle.start(project.root, project.environ)
    try:
        _look_since(project, 0.0)
        _settled(project)
        yield lifecycle.status(project.root, project.environ).pid
    finally:
        lifecycle.stop(project.root, project.environ)


def verdict_after_save(project: Project) -> float:
    """From the end of the debounce."""
    from driftguard.daemon import changes

    with project.edited(_column()) as moment:
        look = _look_since(project, moment)
        if look.verdict is None or look.verdict.exit_code != FOUND:
            raise RuntimeError(f"the watcher of {project.root} saw nothing: {look}")
        _settled(project)  # what comes at once after a look is taken for its echo
    _settled(project)
    return float(max(look.at + look.seconds - moment - changes.QUIET, look.seconds))


def live_changed_watched(project: Project) -> float:
    """A column is added to live by hand; what the watcher needs once it has noticed."""

    def act(moment: float) -> float:
        return float(_look_since(project, moment, "live database", LIVE_PATIENCE).seconds)

    return _with_live_changed(project, act)


def live_changed_hook(project: Project) -> float:
    """A column is added to live by hand; the hook that comes at once has to notice it."""
    return _with_live_changed(project, lambda _: timed(project, HOOK, expect=FOUND))


def _with_live_changed(project: Project, act: Callable[[float], float]) -> float:
    column = _column()
    moment = time.time()
    project.sql(f"ALTER TABLE {project.last_table} ADD COLUMN {column} INTEGER")
    try:
        return act(moment)
    finally:
        moment = time.time()
        project.sql(f"ALTER TABLE {project.last_table} DROP COLUMN {column}")
        _settled(project)


def _look_since(project: Project, moment: float, cause: str = "", patience: float = PATIENCE) -> Any:
    """The first look that began after ``moment``, of that cause; raises Missing if there is none in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        state = _state(project)
        looks = [look for look in (state.looks if state else ()) if look.at >= moment and look.cause.startswith(cause)]
        if looks:
            return looks[-1]
        time.sleep(POLL)
    raise Missing(f"the watcher did not look within {patience:g} seconds")


def _settled(project: Project) -> None:
    """Wait until the watcher has seen everything and has nothing to do."""
    quiet_since = time.monotonic()
    end = quiet_since + PATIENCE
    was = None
    while time.monotonic() < min(end, quiet_since + QUIET):
        state = _state(project)
        now = (state.busy, state.looks[:1]) if state else None
        if now != was or (state and state.busy):
            was, quiet_since = now, time.monotonic()
        time.sleep(POLL)


def _state(project: Project) -> Any:
    """Of the watcher; asked so often that it must cost nothing, so not through ``lifecycle``, which runs git."""
    from driftguard.daemon.client import ask

    answer = ask(str(project.root / ".git" / "driftguard"), (b"status",), PATIENCE)
    return pickle.loads(answer[0])[2] if answer else None


def _empty(project: Project, server: Server) -> None:
    if project.dialect == "SQLite":
        (project.root / "shop.db").unlink(missing_ok=True)
    else:
        server.empty(project.url)


def _column() -> str:
    return f"more_{os.getpid()}_{next(_numbers)}"
