"""``driftguard --version``: driftguard's own version, then what it found here to work with."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from driftguard import __version__
from driftguard.commands.guarded import root_of
from driftguard.config import load_settings
from driftguard.errors import DriftguardError
from driftguard.facts import versions
from driftguard.facts.versions import Packages
from driftguard.git import WorkingTree, find_repository
from driftguard.project import discover
from driftguard.redaction import redacted
from driftguard.report.visible import visible

NO_SERVER = "no database server; SQLite needs none"
NO_ENVIRONMENT = "no Alembic environment here"


def show(*, start: Path) -> None:
    """Print driftguard's version at once, as a line of its own, and what takes a while below."""
    print(f"driftguard {__version__}", flush=True)
    try:
        for name, part in parts(start):
            for line in told(part):
                print(f"  {name:<8}  {visible(redacted(line))}", flush=True)
    except BrokenPipeError:  # of `| head -1`, which has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parts(start: Path) -> Iterator[tuple[str, Callable[[], Iterable[str]]]]:
    """What there is to tell: names, and what finds out."""
    yield "host", lambda: (", ".join(versions.of_host()),)
    yield "project", lambda: of_project(start)
    yield "git", lambda: (versions.of_git(),)
    yield "shadows", lambda: (", ".join(versions.of_servers()) or NO_SERVER,)


def told(part: Callable[[], Iterable[str]]) -> tuple[str, ...]:
    """The lines of a part; where they cannot be had, why."""
    try:
        return tuple(part())
    except DriftguardError as error:
        return tuple(error.message.splitlines())
    except Exception as error:  # whoever asks this has trouble enough
        return (f"could not be found out: {type(error).__name__}",)


def of_project(start: Path) -> Iterator[str]:
    """A line for each interpreter of the project around ``start``."""
    repository = find_repository(start)
    root = root_of(start)
    tree = WorkingTree(root)
    settings = load_settings(tree)
    main = repository.main_work_tree if repository else None
    asked = versions.of_project(root, discover(tree, settings, os.environ), settings, os.environ, main)
    yield from (_line(each, root) for each in asked)
    if not asked:
        yield NO_ENVIRONMENT


def _line(packages: Packages, root: Path) -> str:
    names = ", ".join(packages.environments)
    known = packages.problem or ", ".join(packages.versions)
    return f"{names}: {known}{_where(packages, root)}"


def _where(packages: Packages, root: Path) -> str:
    if packages.interpreter is None:
        return ""
    python = Path(packages.interpreter.python)
    return f" ({python.relative_to(root) if python.is_relative_to(root) else python})"
