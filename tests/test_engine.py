"""A check never ends in "clean" where something that the user does not hear of kept it from looking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guarded import SAMPLES, Guarded

from driftguard import engine
from driftguard.config import Settings
from driftguard.findings import Severity

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
