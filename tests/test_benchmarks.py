"""The benchmarks' projects are what they say they are, and their table is computed right. No timings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from chosen import chosen

from benchmarks.history import MOST_CHANGES, Step, history
from benchmarks.idle import idle
from benchmarks.projects import make_live, write
from benchmarks.samples import DRIFTGUARD
from benchmarks.table import Fact, Row, markdown

ALEMBIC = (sys.executable, "-m", "alembic")


@pytest.mark.parametrize(
    ("revisions", "tables"),
    [
        pytest.param(1, 1, id="nothing but a table"),
        pytest.param(2, 1, id="a revision that does nothing"),
        pytest.param(5, 20, id="more tables than revisions"),
        pytest.param(20, 10, id="one later change for each table"),
        pytest.param(50, 10, id="all changes are later ones"),
        pytest.param(300, 10, id="mostly columns that come and go"),
        pytest.param(5000, 100, id="a long history"),
        pytest.param(50, 1000, id="many tables"),
    ],
)
def test_a_history_has_its_sizes_and_ends_in_its_tables(revisions: int, tables: int) -> None:
    made = history(revisions, tables)
    assert (len(made.revisions), len(made.tables)) == (revisions, tables)
    assert made == history(revisions, tables)
    steps = [step for revision in made.revisions for step in revision]
    assert [step.table for step in steps if step.what == "create"] == list(made.tables)
    begun = [step._replace(what="") for step in steps if step.what == "begin"]
    assert begun == [step._replace(what="") for step in steps if step.what == "end"]
    later = [step for step in steps if step.what in ("add", "index")]
    assert len(later) == sum(table.changes for table in made.tables)
    assert all(0 <= table.changes <= MOST_CHANGES for table in made.tables)


@pytest.mark.parametrize("revisions", [6, 50, 301])
def test_nothing_is_done_to_a_table_that_is_not_there(revisions: int) -> None:
    there: set[Step | str] = set()
    for step in (step for revision in history(revisions, 6).revisions for step in revision):
        if step.what == "create":
            assert not step.table.parent or step.table.parent in there
            there.add(step.table.name)
        assert step.table.name in there


@pytest.mark.parametrize(
    ("revisions", "tables"),
    chosen(
        [pytest.param(4, 14, id="more tables than revisions"), pytest.param(31, 4, id="more revisions than tables")], 1
    ),
)
def test_a_project_is_clean_and_live_is_what_its_revisions_build(tmp_path: Path, revisions: int, tables: int) -> None:
    environ = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    project = write(tmp_path / "project", revisions, tables, "sqlite:///shop.db", environ)
    project.must(*ALEMBIC, "upgrade", "head")
    project.must(*ALEMBIC, "check")
    (project.root / "shop.db").unlink()
    make_live(project)
    project.must(*ALEMBIC, "check")
    project.must(*DRIFTGUARD, "check", "--strict")
    with project.extended("more"):
        project.must(*ALEMBIC, "check")
        project.must(*DRIFTGUARD, "check", "--strict")
    with project.edited("more"), pytest.raises(RuntimeError, match="DG201"):
        project.must(*DRIFTGUARD, "check", "--strict")
    project.must(*DRIFTGUARD, "check", "--strict", "--staged")


SIZES = ("50", "10", "SQLite")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        pytest.param(
            Row("hook", "check", *SIZES, (0.02, 0.02, 9.0), (1.0, 0.5, 2.0), bound=20),
            "| 50× faster | ≥ 20× faster | reached | 20 / 1000 |",
            id="medians, not means",
        ),
        pytest.param(
            Row("hook", "check", *SIZES, (0.1,), (1.0,), bound=20),
            "| 10.0× faster | ≥ 20× faster | **not reached** | 100 / 1000 |",
            id="not fast enough",
        ),
        pytest.param(
            Row("check", "check", *SIZES, (1.1,), (1.0,), False, 1.1),
            "| 1.10 × | ≤ 1.1 × | reached | 1100 / 1000 |",
            id="just as long as it may take",
        ),
        pytest.param(
            Row("check", "check", *SIZES, (1.2,), (1.0,), False, 1.1),
            "| 1.20 × | ≤ 1.1 × | **not reached** | 1200 / 1000 |",
            id="longer than it may take",
        ),
        pytest.param(
            Row("check", "check", *SIZES, (0.004,), (1.0,)), "| 250× faster |  |  | 4.0 / 1000 |", id="no bound"
        ),
        pytest.param(
            Row("check", "check", *SIZES, (), (1.0,), bound=2, missing="no daemon"),
            "| not available (no daemon) | ≥ 2× faster |  |  |",
            id="no samples",
        ),
    ],
)
def test_a_ratio_is_told_beside_its_bound(row: Row, told: str) -> None:
    assert markdown([row], []).splitlines()[-1].endswith(f"| SQLite {told}")


def test_rows_of_one_name_stand_together_in_the_order_of_their_coming() -> None:
    rows = [Row(name, "", size, "", "") for size in "12" for name in "ab"]
    found = [line.split("|")[1:4:2] for line in markdown(rows, []).splitlines()[2:]]
    assert found == [[" a ", " 1 "], [" a ", " 2 "], [" b ", " 1 "], [" b ", " 2 "]]


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        pytest.param(Fact("memory", *SIZES, 79.9, "MB", 80), "| 80 MB | < 80 MB | reached |", id="below"),
        pytest.param(Fact("memory", *SIZES, 80.0, "MB", 80), "| 80 MB | < 80 MB | **not reached** |", id="not below"),
        pytest.param(
            Fact("memory", *SIZES, None, "MB", missing="none runs"), "| not available (none runs) |  |  |", id="none"
        ),
    ],
)
def test_a_figure_is_told_beside_its_bound(fact: Fact, told: str) -> None:
    assert markdown([], [fact]).splitlines()[-1].endswith(f"| SQLite {told}")


def test_what_a_process_costs_includes_its_children() -> None:
    found = idle(os.getpid(), 0.0)
    assert found.processes >= 1
    assert found.memory > 1
