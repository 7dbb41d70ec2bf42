"""What is measured beside what, and how often: both sides in turn, so that a slower moment of the machine hits both."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from benchmarks import samples
from benchmarks.projects import Project
from benchmarks.samples import Missing, Sample
from benchmarks.table import Row


class Contest(NamedTuple):
    """``faster``: what ``bound`` (of a project) means, see ``table.Row``."""

    name: str
    ours: Sample
    beside: str
    theirs: Sample
    faster: bool = True
    bound: Callable[[Project], float | None] = lambda project: None


def warm_bound(project: Project) -> float | None:
    return {50: 20, 1000: 40}.get(project.revisions)


def watched_bound(project: Project) -> float | None:
    return 10 if project.dialect == "SQLite" else 5


def live_bound(project: Project) -> float | None:
    return 10 if project.dialect == "PostgreSQL" and project.tables == 1000 else None


def live_check_bound(project: Project) -> float | None:
    return 0.25 if project.dialect == "PostgreSQL" and project.tables == 1000 else None


def at_1000(bound: float) -> Callable[[Project], float | None]:
    return lambda project: bound if project.revisions == 1000 else None


CHECK, CHECK_EDITED = "`alembic check`", "`alembic check`, the same edit"

ALONE = (
    Contest("hook, warm", samples.hook, CHECK, samples.alembic_check, bound=warm_bound),
    Contest("`git commit` with the hook, warm", samples.commit, "without it", samples.commit_without_hook, False),
    Contest(
        "hook, a model edited, no watcher",
        samples.hook_edited,
        CHECK_EDITED,
        samples.alembic_check_edited,
        faster=False,
    ),
    Contest("graph, cold", samples.graph_from_nothing, "`alembic heads`", samples.alembic_heads, bound=at_1000(8)),
    Contest("graph, warm", samples.graph, "`alembic heads`", samples.alembic_heads, bound=at_1000(20)),
    Contest("check, snapshot of head", samples.check, CHECK, samples.alembic_check, faster=False),
    Contest(
        "check of live, replay remembered", samples.live_check, CHECK, samples.alembic_check, False, live_check_bound
    ),
    Contest(
        "check, snapshot and one new revision",
        samples.check_extended,
        "`alembic check`, the same revision",
        samples.alembic_check_extended,
        faster=False,
        bound=lambda project: 1.1,
    ),
)
"""No watcher runs."""

WATCHED = (
    Contest(
        "hook, a model edited, watcher running",
        samples.hook_edited_watched,
        CHECK_EDITED,
        samples.alembic_check_edited_watched,
        bound=watched_bound,
    ),
    Contest(
        "hook, a model edited, watcher running, at once",
        samples.hook_edited_watched_at_once,
        CHECK_EDITED,
        samples.alembic_check_edited_watched,
    ),
    Contest(
        "save → verdict in the watcher, after the debounce",
        samples.verdict_after_save,
        CHECK_EDITED,
        samples.alembic_check_edited_watched,
        faster=False,
        bound=lambda project: 0.25,
    ),
    Contest(
        "live changed by hand → verdict in the watcher",
        samples.live_changed_watched,
        CHECK,
        samples.alembic_check,
        bound=live_bound,
    ),
    Contest(
        "live changed by hand, hook at once, watcher running",
        samples.live_changed_hook,
        CHECK,
        samples.alembic_check,
    ),
    Contest(
        "check of live, replay remembered, watcher running",
        samples.live_check,
        CHECK,
        samples.alembic_check,
        False,
        live_check_bound,
    ),
)
"""A watcher runs all the time."""


def contest(project: Project, contests: Iterable[Contest], rounds: int) -> Iterator[Row]:
    """One sample of everything in each round; what cannot be had is not asked for again."""
    chosen = tuple(contests)
    wanted = list(dict.fromkeys(sample for each in chosen for sample in (each.theirs, each.ours)))
    taken: dict[Sample, list[float]] = {sample: [] for sample in wanted}
    missing: dict[Sample, str] = {}
    for _ in range(rounds):
        for sample in wanted:
            if sample in missing:
                continue
            try:
                taken[sample].append(sample(project))
            except Missing as reason:
                missing[sample] = str(reason)
            except RuntimeError as error:
                print(error, file=sys.stderr, flush=True)
                missing[sample] = "failed"
    for each in chosen:
        yield Row(
            name=each.name,
            beside=each.beside,
            revisions=f"{project.revisions:,}",
            tables=f"{project.tables:,}",
            database=project.dialect,
            ours=tuple(taken[each.ours]),
            theirs=tuple(taken[each.theirs]),
            faster=each.faster,
            bound=each.bound(project),
            missing=missing.get(each.ours, missing.get(each.theirs, "")),
        )
