"""New revisions down and up again: what is told, what is but a note, and what is nobody's business."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from guarded import SAMPLES, Guarded
from hooked import HEAD

from driftguard import engine
from driftguard.config import Settings
from driftguard.facts.way_back import stops
from driftguard.graph import WayBack, way_back

FIRST, SECOND = "1c9d55e0f3a8", "e2f7708bb641"
REVISION = '''"""{id}"""

import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down!r}


def upgrade():
    {up}


def downgrade():
    {back}
'''
TABLE = 'op.create_table("racks", sa.Column("id", sa.Integer, primary_key=True))'
NO_TABLE = 'op.drop_table("racks")'
SHADES = 'op.create_table("shades", sa.Column("shade", sa.Enum("red", "blue", name="shade")))'
COLUMN = 'op.add_column("shelves", sa.Column("colour", sa.String(10)))'
NO_COLUMN = 'op.drop_column("shelves", "colour")'
SEED = 'op.execute("INSERT INTO racks (id) VALUES (1)")'
BROKEN = "op.drop_table('nowhere')"
DEEP = "declined()\n\n\ndef declined():\n    raise NotImplementedError('gone')"


class New(NamedTuple):
    """What a new revision does, and undoes."""

    up: str
    back: str


def found_in(project: Guarded) -> set[tuple[str, str, str]]:
    request = engine.Request(project.root, Settings(select=("DG4",), base="main"), live="off", base="", ways_back=True)
    verdict = engine.check(request, environ=project.environ)
    assert any("new revision" in line for line in verdict.checked), verdict
    return {(each.finding.code, each.finding.subject, str(each.severity)) for each in verdict.findings}


def branch(root: Path, *new: New, environ: dict[str, str] | None = None) -> Guarded:
    project = Guarded.copy_of(SAMPLES / "plain", root, environ or {})
    project.git("checkout", "--quiet", "-b", "mine")
    down = HEAD
    for id_, each in zip((FIRST, SECOND), new, strict=False):
        project.write(f"migrations/versions/{id_}_x.py", REVISION.format(id=id_, down=down, up=each.up, back=each.back))
        down = id_
    project.commit("mine")
    return project


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        pytest.param([New(COLUMN, NO_COLUMN), New(TABLE, NO_TABLE)], set(), id="both lead back"),
        pytest.param([New(COLUMN, BROKEN)], {("DG402", FIRST, "warning")}, id="it raises"),
        pytest.param([New(COLUMN, 'raise RuntimeError("never")')], {("DG402", FIRST, "note")}, id="it says no"),
        pytest.param(
            [New(COLUMN, DEEP), New(TABLE, "pass")],
            {("DG402", FIRST, "note"), ("DG403", SECOND, "warning")},
            id="it says no further down, and the one above it leaves its table",
        ),
        pytest.param(
            [New(COLUMN, "pass"), New(TABLE, NO_TABLE)],
            {("DG403", FIRST, "warning")},
            id="the older one leaves a column",
        ),
        pytest.param(
            [New(TABLE, NO_TABLE), New('op.add_column("racks", sa.Column("x", sa.Integer))', "pass")],
            {("DG403", SECOND, "warning")},
            id="the newer one leaves a column that the older one takes away with its table",
        ),
        pytest.param(
            [New(TABLE, NO_TABLE), New(SEED, "pass")],
            {("DG402", SECOND, "warning")},
            id="what the newer one inserted is in its way",
        ),
        pytest.param(
            [New(COLUMN, BROKEN), New(TABLE, "pass")],
            {("DG402", FIRST, "warning"), ("DG403", SECOND, "warning")},
            id="each has its own",
        ),
    ],
)
def test_what_is_told(tmp_path: Path, new: list[New], expected: set[tuple[str, str, str]]) -> None:
    assert found_in(branch(tmp_path / "shop", *new)) == expected


def test_an_enum_is_left_behind_on_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    project = branch(
        tmp_path / "shop",
        New(TABLE, NO_TABLE),
        New(SHADES, 'op.drop_table("shades")'),
        environ={"SHOP_DATABASE": postgresql_url},
    )
    assert found_in(project) == {("DG403", SECOND, "warning")}


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1, [0]), (2, [1, 0]), (10, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]), (12, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0])],
)
def test_long_routes_are_not_undone_one_by_one(length: int, expected: list[int]) -> None:
    assert list(stops(length)) == expected


def test_nothing_is_undone_that_the_base_has(tmp_path: Path) -> None:
    project = branch(tmp_path / "shop", New(COLUMN, BROKEN))
    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "mine")
    verdict = engine.check(
        engine.Request(project.root, Settings(select=("DG4",), base="main"), live="off", base="", ways_back=True),
        environ=project.environ,
    )
    assert (verdict.findings, [line for line in verdict.checked if "new revision" in line]) == ((), [])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(b"def downgrade():\n    raise NotImplementedError\n", WayBack(1, True), id="raises"),
        pytest.param(b'x = 1\ndef downgrade():\n    """No."""\n    raise No("x")\n', WayBack(2, True), id="says why"),
        pytest.param(b"def downgrade():\n    pass\n", WayBack(1, False), id="does nothing"),
        pytest.param(b"def downgrade():\n    f()\n    raise No\n", WayBack(1, False), id="does something first"),
        pytest.param(b"def downgrade():\n    '''Only words.'''\n", WayBack(1, False), id="only words"),
        pytest.param(b"def upgrade():\n    raise No\n", WayBack(1, False), id="another function"),
        pytest.param(b"def downgrade(:\n", WayBack(1, False), id="no Python"),
        pytest.param(b"\0", WayBack(1, False), id="no text"),
    ],
)
def test_what_a_file_says(source: bytes, expected: WayBack) -> None:
    assert way_back(source) == expected
