"""A check never ends in "clean" where something that the user does not hear of kept it from looking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guarded import SAMPLES, Guarded, sql

from driftguard import engine, git
from driftguard.config import Settings
from driftguard.facts import Lasting, Readings, live
from driftguard.facts.reading import read
from driftguard.facts.readings import Reading
from driftguard.findings import Severity
from driftguard.schema.catalog import Catalog
from driftguard.shadow import Lifetime

REVISION = "migrations/versions/3f2a8c01b7de_begin.py"
TORN = ("down_revision = None", 'down_revision = "0123456789ab"')
FAILING = ("def upgrade():", "def upgrade():\n    op.drop_table('nowhere')")
LIGHT = (("DG1", Severity.WARNING), ("DG401", Severity.WARNING))
WHOLE = ("def upgrade():", "def upgrade():")


@pytest.mark.parametrize(
    ("change", "asked", "codes", "exit_code"),
    [
        pytest.param(WHOLE, {"select": ("DG2",)}, [], 0, id="nothing stands in the way"),
        pytest.param(TORN, {}, ["DG103"], 1, id="a torn graph speaks for itself"),
        pytest.param(TORN, {"select": ("DG2",)}, ["DG901"], 2, id="a torn graph that is not selected"),
        pytest.param(TORN, {"ignore": ("missing-parent",)}, ["DG901"], 2, id="a torn graph that is ignored"),
        pytest.param(FAILING, {}, ["DG401"], 1, id="a failing upgrade speaks for itself"),
        pytest.param(FAILING, {"select": ("DG2", "DG3")}, ["DG901"], 2, id="a failing upgrade that is not selected"),
        pytest.param(FAILING, {"ignore": ("DG401",)}, ["DG901"], 2, id="a failing upgrade that is ignored"),
        pytest.param(TORN, {"severity": LIGHT}, ["DG103", "DG901"], 2, id="a torn graph that weighs as a warning"),
        pytest.param(FAILING, {"severity": LIGHT}, ["DG401", "DG901"], 2, id="a failing upgrade, as a warning"),
        pytest.param(TORN, {"ignore": ("DG1", "DG9")}, [], 0, id="everything is ignored on purpose"),
    ],
)
def test_what_stands_in_the_way_is_told(
    change: tuple[str, str], asked: dict[str, Any], codes: list[str], exit_code: int, tmp_path: Path
) -> None:
    project = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop")
    project.replace(REVISION, *change)
    request = engine.Request(root=project.root, settings=replace(Settings(), **asked), live="off")
    verdict = engine.check(request)
    assert ([judged.finding.code for judged in verdict.findings], verdict.exit_code) == (codes, exit_code)


def test_live_is_read_again_only_after_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop")
    project.alembic("upgrade", "head")
    request, lasting, times = engine.Request(project.root, Settings()), Lasting(Readings(), Lifetime(), {}), []

    def noted(*arguments: Any) -> Reading:
        times.append(arguments)
        return read(*arguments)

    monkeypatch.setattr(live, "read", noted)
    monkeypatch.setattr(git, "STILL", 0)  # a revision that was copied just now counts as one written long ago

    def look() -> list[str]:
        with engine.examine(request, environ=project.environ, lasting=lasting) as examination:
            examination.live_fingerprint(True)
            return [judged.finding.code for judged in examination.verdict.findings]

    assert (look(), len(times)) == ([], 1)
    [loaded] = lasting.graphs.values()
    assert (look(), len(times)) == ([], 1)
    assert lasting.graphs == {(("migrations/versions",), False): loaded}
    sql(f"sqlite:///{project.root}/shop.db", "DROP INDEX ix_items_name")
    assert (look(), len(times)) == (["DG301"], 2)
    assert (look(), len(times)) == (["DG301"], 2)


@pytest.mark.parametrize(("was", "now", "holds"), [("1", "1", True), ("1", "2", False), ("", "", False)])
def test_a_reading_holds_as_long_as_its_fingerprint(was: str, now: str, holds: bool) -> None:
    readings, reading = Readings(), Reading(("1f",), Catalog("sqlite", "3", ()))
    readings.keep("here", was, reading)
    assert (readings.get("here", now) is reading) == holds
    assert readings.get("elsewhere", was) is None


def test_a_reading_during_which_live_changed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop")
    project.alembic("upgrade", "head")
    request, lasting = engine.Request(project.root, Settings()), Lasting(Readings(), Lifetime(), {})
    with engine.examine(request, environ=project.environ, lasting=lasting) as examination:
        sql(f"sqlite:///{project.root}/shop.db", "DROP INDEX ix_items_name")
        examination.live_fingerprint(True)
    with engine.examine(request, environ=project.environ, lasting=lasting) as examination:
        assert [judged.finding.code for judged in examination.verdict.findings] == ["DG301"]
