"""What a daemon costs while nothing happens, with all of its children (proc(5))."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Idle(NamedTuple):
    """``share``: of one core, in percent. ``memory``: PSS in MB (10⁶ bytes)."""

    share: float
    memory: float
    processes: int


def idle(pid: int, seconds: float) -> Idle:
    """Look at the tree of processes for so long."""
    before, begin = _ticks(pid), time.monotonic()
    time.sleep(seconds)
    used = (_ticks(pid) - before) / TICKS
    share = 100 * used / (time.monotonic() - begin)
    members = tuple(tree(pid))
    return Idle(share, sum(map(_pss, members)) / 1e6, len(members))


def tree(pid: int) -> Iterator[int]:
    """The process and all below it."""
    yield pid
    for task in (PROC / str(pid) / "task").iterdir():
        for child in (task / "children").read_text().split():
            yield from tree(int(child))


def _ticks(pid: int) -> int:
    """User and system time, children that ended included."""
    return sum(sum(map(int, _fields(each)[11:15])) for each in tree(pid))


def _fields(pid: int) -> list[str]:
    """Those of proc_pid_stat(5) from the third on: the second may hold anything."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _pss(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", (PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else 0
