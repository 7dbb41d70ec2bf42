"""``python -m benchmarks [--quick] [--point POINT] [--only WORDS]``: prints Markdown; the rest goes to stderr."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import samples, server
from benchmarks.contests import ALONE, WATCHED, Contest, contest
from benchmarks.idle import idle
from benchmarks.projects import Project, make_live, write
from benchmarks.samples import Missing
from benchmarks.table import Fact, Row, markdown
from driftguard.shadow.place import server_account, servers_folder

LARGE = 1000
"""Revisions or tables from which on a sample takes so long that fewer must do."""


class Point(NamedTuple):
    """``from_nothing``: how often everything is replayed."""

    dialect: str
    revisions: int
    tables: int
    from_nothing: int = 2


QUICK = (
    Point("SQLite", 50, 10),
    Point("SQLite", 1000, 100, 1),
    Point("PostgreSQL", 50, 10),
    Point("PostgreSQL", 1000, 100, 1),
)
ALL = (
    Point("SQLite", 50, 10, 3),
    Point("SQLite", 300, 100, 3),
    Point("SQLite", 50, 1000),
    Point("SQLite", 1000, 10),
    Point("SQLite", 1000, 100),
    Point("SQLite", 5000, 10, 0),
    Point("SQLite", 5000, 100, 1),
    Point("PostgreSQL", 50, 10, 3),
    Point("PostgreSQL", 300, 1000, 1),
    Point("PostgreSQL", 1000, 100),
    Point("PostgreSQL", 1000, 1000, 1),
    Point("PostgreSQL", 5000, 10, 0),
)
FLAT = ((50, 10), (5000, 10))
"""Revisions and tables between which the warm hook must not become slower."""

FLAT_BOUND = 1.3
FLAT_ROUNDS = 15
CPU_BELOW, MEMORY_BELOW = 0.5, 80.0


class Results:
    """What has been measured until now."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.facts: list[Fact] = []


class Run(NamedTuple):
    """``server`` runs live PostgreSQL databases; ``only`` are words of the contests that are wanted, () all of them."""

    folder: Path
    environ: dict[str, str]
    server: server.Server
    quick: bool
    only: tuple[str, ...]
    results: Results

    def wanted(self, contests: Iterable[Contest]) -> list[Contest]:
        return [each for each in contests if not self.only or any(words in each.name for words in self.only)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="dev.py bench", description="driftguard beside stock Alembic, as ratios")
    parser.add_argument("--quick", action="store_true", help="50 and 1,000 revisions only: a few minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every sample, in seconds")
    parser.add_argument(
        "--point",
        action="append",
        metavar="DIALECT:REVISIONS:TABLES",
        help="only this project, such as SQLite:300:100; may be given again",
    )
    parser.add_argument(
        "--only", action="append", metavar="WORDS", help="only what has these words in its name; may be given again"
    )
    chosen = parser.parse_args(arguments)
    points = [_point(text) for text in chosen.point or ()] or (QUICK if chosen.quick else ALL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begin = time.monotonic()
    with _run(chosen.quick, tuple(chosen.only or ())) as run:
        try:
            projects = [_measure(run, point) for point in points]
            _compare_sizes(run, {(each.dialect, each.revisions, each.tables): each for each in projects})
        except KeyboardInterrupt:
            _say("interrupted; what was measured until now:")
    said = machine(run.server.version, chosen.quick, time.monotonic() - begin)
    print(said, markdown(run.results.rows, run.results.facts), sep="\n")
    if chosen.json:
        rows = [row._asdict() for row in run.results.rows]
        facts = [fact._asdict() for fact in run.results.facts]
        chosen.json.write_text(json.dumps({"machine": said, "rows": rows, "facts": facts}, indent=1))
    return 0


def machine(postgresql: str, quick: bool, seconds: float) -> str:
    """What the figures were taken on."""
    version = importlib.metadata.version
    parts = [
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()})",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("SQLAlchemy", "alembic", "psycopg")),
        f"driftguard {version('alembic-driftguard')}",
        f"PostgreSQL {postgresql}",
        f"{'quick run' if quick else 'run'} of {seconds / 60:.0f} minutes",
    ]
    return ", ".join(parts) + ".\n"


@contextmanager
def _run(quick: bool, only: tuple[str, ...]) -> Iterator[Run]:
    """Nothing of it is left afterwards, the private servers that driftguard made included."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dgbench-")))
        cache = folder / "cache"
        cache.mkdir(mode=0o700)
        stack.callback(shutil.rmtree, servers_folder(cache, server_account(["postgres"])), ignore_errors=True)
        yield Run(folder, samples.environment(cache), stack.enter_context(server.running()), quick, only, Results())


def _measure(run: Run, point: Point) -> Project:
    _say(f"{point.dialect}, {point.revisions} revisions, {point.tables} tables")
    url = "sqlite:///shop.db" if point.dialect == "SQLite" else run.server.create()
    root = run.folder / f"{point.dialect}-{point.revisions}-{point.tables}".lower()
    project = write(root, point.revisions, point.tables, url, run.environ)
    make_live(project)
    project.must(*samples.DRIFTGUARD, "install")
    large = max(point.revisions, point.tables) >= LARGE
    rounds = 3 if large else 5 if run.quick else 7
    for warming in (samples.alembic_check, samples.hook, samples.check, samples.live_check, samples.hook):
        _try(project, warming)
    _say("  without a watcher")
    run.results.rows += contest(project, run.wanted(ALONE), rounds)
    _say("  with a watcher")
    _with_watcher(run, project, rounds)
    _say("  from nothing")
    nothing = Contest(
        "check, nothing remembered",
        samples.check_from_nothing,
        "`alembic upgrade head` + `alembic check`",
        partial(samples.alembic_upgrade_and_check, server=run.server),
        faster=False,
        bound=lambda project: 1.0 if project.revisions == LARGE else None,
    )
    if point.from_nothing:
        run.results.rows += contest(project, run.wanted([nothing]), point.from_nothing)
    return project


def _with_watcher(run: Run, project: Project, rounds: int) -> None:
    sizes = (f"{project.revisions:,}", f"{project.tables:,}", project.dialect)
    try:
        with samples.watching(project) as pid:
            found = idle(pid, 10 if run.quick else 20)
            run.results.facts += [
                Fact("CPU time", *sizes, found.share, "% of a core", CPU_BELOW),
                Fact(f"memory (PSS) of {found.processes} processes", *sizes, found.memory, "MB", MEMORY_BELOW),
            ]
            run.results.rows += contest(project, run.wanted(WATCHED), min(rounds, 5))
    except (Missing, OSError) as reason:
        run.results.facts.append(Fact("CPU time and memory", *sizes, None, "", missing=str(reason)))


def _compare_sizes(run: Run, projects: dict[tuple[str, int, int], Project]) -> None:
    """The warm hook of a long history beside that of a short one."""
    for dialect in ("SQLite", "PostgreSQL"):
        small, large = (projects.get((dialect, *sizes)) for sizes in FLAT)
        if small is None or large is None:
            continue
        _say(f"{dialect}: the warm hook, short and long history")
        for project in (small, large):
            _try(project, samples.hook)
        theirs, ours = [], []
        for _ in range(FLAT_ROUNDS):
            theirs.append(samples.hook(small))
            ours.append(samples.hook(large))
        name, beside = "hook, warm, long history", f"hook, warm, {small.revisions} revisions"
        sizes = (f"{large.revisions:,}", f"{large.tables:,}", dialect)
        run.results.rows.append(Row(name, beside, *sizes, tuple(ours), tuple(theirs), False, FLAT_BOUND))


def _try(project: Project, sample: samples.Sample) -> None:
    try:
        sample(project)
    except (Missing, RuntimeError) as error:
        print(error, file=sys.stderr, flush=True)


def _point(text: str) -> Point:
    dialect, revisions, tables = text.split(":")
    asked = Point(dialect, int(revisions), int(tables))
    return next((each for each in ALL if each[:3] == asked[:3]), asked)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
