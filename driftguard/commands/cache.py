"""``driftguard cache``: what is kept to be faster the next time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from driftguard.cache import cache_folder
from driftguard.checks.words import counted
from driftguard.facts.recalled import FOLDER as EXPECTED
from driftguard.git import find_repository
from driftguard.report.visible import visible
from driftguard.shadow import forget_server, private_servers
from driftguard.snapshots import Snapshot, Store

GRAPHS = "graphs"
UNITS = ("bytes", "kB", "MB", "GB")
SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"))


KEPT = ("memo", "pictures", "standing")
"""In driftguard's part of the git folder: what hooks and ``driftguard graph`` remember."""


def show(start: Path) -> int:
    """Print every snapshot, how large everything is, and what is remembered of the repository around ``start``."""
    folder = cache_folder()
    store = Store(folder)
    remembered = store.all()
    print(f"snapshots of replays: {len(remembered)}, {_size(sum(each.snapshot.size for each in remembered))}")
    for snapshot, used in remembered:
        print(visible(f"  {_described(snapshot)}, used {_ago(time.time() - used)}"))
    for home in private_servers(folder):
        print(f"private server {home.name}: {_size(_bytes_in(home))}, {home}")
    print(f"revisions read: {_size(_bytes_in(folder / GRAPHS))}")
    print(f"what live databases are compared with: {_size(_bytes_in(folder / EXPECTED))}")
    print(f"these in {folder}")
    for each in _remembered_of(start):
        print(visible(f"remembered of this repository: {_size(_bytes_in(each))}, {each}"))
    print("remove all of it: driftguard cache clear")
    return 0


def clear(start: Path) -> int:
    """Remove everything that nobody uses, and what is remembered of the repository around ``start``."""
    folder = cache_folder()
    before = 0
    for each in (Store(folder).folder, folder / GRAPHS, folder / EXPECTED, *_remembered_of(start)):
        before += _bytes_in(each)
        shutil.rmtree(each, ignore_errors=True)
    for home in private_servers(folder):
        size = _bytes_in(home)
        if forget_server(home):
            before += size
        else:
            print(f"private server {home.name} is in use and stays")
    print(f"removed {_size(before)}")
    return 0


def _remembered_of(start: Path) -> tuple[Path, ...]:
    repository = find_repository(start)
    folders = () if repository is None else [repository.git_folder / "driftguard" / each for each in KEPT]
    return tuple(each for each in folders if each.is_dir())


def _described(snapshot: Snapshot) -> str:
    revisions = counted(len(snapshot.order), "revision")
    dialects = ", ".join(dict.fromkeys(each.dialect for each in snapshot.databases))
    heads = ", ".join(snapshot.heads)
    where = f"{snapshot.environment} in {snapshot.root}"
    return f"{where}: {dialects}, {revisions} up to {heads}, {_size(snapshot.size)}"


def _bytes_in(folder: Path) -> int:
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        try:
            yield 0 if path.is_dir() else path.lstat().st_size
        except OSError:  # it is gone by now
            continue


def _size(count: int) -> str:
    number, unit = float(count), 0
    while number >= 1000 and unit < len(UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {UNITS[unit]}" if unit == 0 or number >= 10 else f"{number:.1f} {UNITS[unit]}"


def _ago(seconds: float) -> str:
    return next((f"{counted(int(seconds // span), name)} ago" for span, name in SPANS if seconds >= span), "just now")
