"""Two branches, each fine alone, whose revisions meet: does it matter which runs first?"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chosen import chosen
from guarded import SAMPLES, Checked, Guarded
from hooked import HEAD, add_merge, told

from driftguard import engine
from driftguard.config import Settings
from driftguard.probe.guest_process import Guest

LEFT, RIGHT, MERGE = "1c9d55e0f3a8", "e2f7708bb641", "5b1e94c07d2f"
REVISION = '''"""{id}"""

import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down!r}
depends_on = None


def upgrade():
    {body}


def downgrade():
    pass
'''
LINE = 12
ADD = 'op.add_column("shelves", sa.Column("{}", sa.String(10)))'
ALTER = 'with op.batch_alter_table("shelves") as b:\n        b.alter_column("label", {})'
RENAME = 'op.execute("ALTER TABLE items RENAME COLUMN price TO cost")'
INDEX = 'op.create_index("ix_items_price", "items", ["price"])'
FILL = "op.execute(\"UPDATE shelves SET label = 'none' WHERE label = ''\")"
HIDDEN = "import filling\n    filling.widen(op, {})"
FILLING = """
import sqlalchemy as sa


def widen(op, length):
    with op.batch_alter_table("shelves") as batch:
        batch.alter_column("label", type_=sa.String(length))
"""


@pytest.fixture
def shop(tmp_path: Path, url: str) -> Guarded:
    project = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop", {"SHOP_DATABASE": url})
    project.write("filling.py", FILLING)
    project.write(".gitignore", "*.db\n")
    project.commit("a helper")
    return project


def write(project: Guarded, id_: str, body: str, down: str = HEAD) -> None:
    project.write(f"migrations/versions/{id_}_x.py", REVISION.format(id=id_, down=down, body=body))


def meet(project: Guarded, left: str, right: str) -> None:
    """A branch for either side, merged by git."""
    for name, id_, body in (("left", LEFT, left), ("right", RIGHT, right)):
        project.git("checkout", "--quiet", "-b", name, "main")
        write(project, id_, body)
        project.commit(name)
    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "--no-edit", "--no-ff", "left")
    project.git("merge", "--quiet", "--no-edit", "--no-ff", "right")


def check(project: Guarded, *arguments: str) -> Checked:
    return project.check("--live", "off", "--select", "DG111,DG407", *arguments)


def tried(checked: Checked) -> bool:
    return any(f"{LEFT} before {RIGHT}" in line for line in checked.report["checked"])


@pytest.mark.parametrize(
    ("left", "right", "codes", "replays"),
    chosen(
        [
            pytest.param(ADD.format("a"), ADD.format("b"), [], False, id="different columns of one table"),
            pytest.param(ADD.format("a"), INDEX, [], False, id="different tables"),
            pytest.param(
                ALTER.format("type_=sa.String(10)"),
                ALTER.format("type_=sa.String(10)"),
                [],
                True,
                id="both alter one column to the same",
            ),
            pytest.param(
                ALTER.format("type_=sa.String(10)"),
                ALTER.format("nullable=True"),
                [],
                True,
                id="type and nullability of one column",
            ),
            pytest.param(
                ALTER.format("type_=sa.String(10)"),
                ALTER.format("type_=sa.String(30)"),
                ["DG111", "DG407"],
                True,
                id="two types for one column",
            ),
            pytest.param(ALTER.format("nullable=True"), FILL, ["DG111"], True, id="rows that shadows do not have"),
            pytest.param(RENAME, INDEX, ["DG111", "DG407"], True, id="an index of a renamed column"),
            pytest.param(HIDDEN.format(10), HIDDEN.format(30), ["DG407"], True, id="what only running tells"),
            pytest.param(HIDDEN.format(10), HIDDEN.format(10), [], True, id="what only running tells, and the same"),
            pytest.param(HIDDEN.format(10), "pass", [], False, id="only one side does anything"),
        ],
        7,
    ),
)
def test_two_branches(left: str, right: str, codes: list[str], replays: bool, shop: Guarded) -> None:
    meet(shop, left, right)
    checked = check(shop)
    assert checked.codes == codes
    assert tried(checked) is replays
    assert checked.code == ("DG407" in codes)


def test_what_is_told_of_a_renamed_column(shop: Guarded) -> None:
    meet(shop, RENAME, INDEX)
    checked = check(shop)
    touching, failing = checked.one("DG111"), checked.one("DG407")
    assert touching["subject"] == "items.price"
    assert touching["message"] == f"{LEFT} renames items.price, {RIGHT} uses items.price, and either may run first"
    assert place(touching) == (f"migrations/versions/{LEFT}_x.py", LINE)
    assert any(f"{RIGHT}_x.py:{LINE} {RIGHT}: op.create_index(" in line for line in touching["details"])
    assert failing["subject"] == RIGHT
    assert place(failing) == (f"migrations/versions/{RIGHT}_x.py", LINE)
    assert f"where the side of {LEFT} runs before that of {RIGHT}" in failing["message"]
    assert any("CREATE INDEX ix_items_price" in line for line in failing["details"])
    assert f'if {LEFT} has run nowhere else, write down_revision = "{RIGHT}"' in failing["help"]


def place(finding: dict[str, Any]) -> tuple[str, int]:
    return finding["place"]["path"], finding["place"]["line"]


def test_an_order_is_all_that_it_takes(shop: Guarded) -> None:
    meet(shop, RENAME, INDEX)
    write(shop, LEFT, RENAME, down=RIGHT)
    assert (check(shop).code, check(shop).codes) == (0, [])


def test_a_merge_is_judged_while_it_is_new(shop: Guarded) -> None:
    meet(shop, RENAME, INDEX)
    add_merge(shop, MERGE, LEFT, RIGHT)
    merged = check(shop)
    assert merged.codes == ["DG111", "DG407"]
    assert f"{MERGE} joins them in no order" in merged.one("DG111")["message"]
    assert f'write depends_on = "{RIGHT}"' in merged.one("DG407")["help"]
    shop.replace(f"migrations/versions/{LEFT}_x.py", "depends_on = None", f'depends_on = "{RIGHT}"')
    assert (check(shop).code, check(shop).codes) == (0, [])
    shop.replace(f"migrations/versions/{LEFT}_x.py", f'depends_on = "{RIGHT}"', "depends_on = None")
    shop.commit("merge")
    assert check(shop).codes == []


def test_a_second_look_says_the_same(shop: Guarded) -> None:
    """What the first one kept of its shadows must not be taken for another order."""
    meet(shop, ALTER.format("type_=sa.String(10)"), ALTER.format("type_=sa.String(30)"))
    first, second = check(shop), check(shop)
    assert first.report["findings"] == second.report["findings"]
    [line] = second.one("DG407")["details"]
    assert re.search(rf"{LEFT} first: .*\(30\), {RIGHT} first: .*\(10\)", line)


def test_staged_revisions_are_judged_as_they_are_staged(shop: Guarded) -> None:
    meet(shop, ADD.format("a"), FILL)
    add_merge(shop, MERGE, LEFT, RIGHT)
    write(shop, LEFT, ALTER.format("nullable=True"))
    shop.git("add", "--all")
    write(shop, LEFT, ADD.format("a"))
    assert check(shop, "--staged").codes == ["DG111"]
    assert check(shop).codes == []


def test_nobody_replays_what_nobody_asked_for(shop: Guarded) -> None:
    meet(shop, RENAME, INDEX)
    checked = shop.check("--live", "off", "--select", "DG111")
    assert (checked.code, checked.codes, tried(checked)) == (0, ["DG111"], False)
    others = shop.check("--live", "off", "--ignore", "DG111,DG407")
    assert not {"DG111", "DG407"} & set(others.codes)
    assert not tried(others)


def test_a_hook_stops_the_merge_that_has_no_order(shop: Guarded) -> None:
    meet(shop, RENAME, INDEX)
    shop.driftguard("install")
    add_merge(shop, MERGE, LEFT, RIGHT)
    shop.git("add", "--all")
    stopped = shop.run("git", "commit", "-m", "merge")
    assert stopped.code != 0
    assert {"DG111", "DG407"} <= told(stopped)
    shop.replace(f"migrations/versions/{LEFT}_x.py", "depends_on = None", f'depends_on = "{RIGHT}"')
    shop.git("add", "--all")
    assert not {"DG111", "DG407"} & told(shop.run("git", "commit", "-m", "merge"))


def test_what_cannot_be_tried_is_said(shop: Guarded) -> None:
    meet(shop, RENAME, INDEX)
    shop.replace("migrations/env.py", "import os\n", "import os\n\nraise RuntimeError('no')\n")
    checked = check(shop)
    assert checked.codes == ["DG111", "DG901"]
    [note] = [each for each in checked.report["notes"] if "cannot tell" in each]
    assert f"which of {LEFT} and {RIGHT} runs first" in note


def test_what_would_take_too_long_is_said(shop: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    meet(shop, RENAME, INDEX)
    monkeypatch.setattr(Guest, "left", 0.01)
    settings = replace(Settings(), select=("DG111", "DG407"))
    verdict = engine.check(engine.Request(shop.root, settings, live="off"), environ=shop.environ)
    assert [each.finding.code for each in verdict.findings] == ["DG111"]
    assert any("two more replays would take longer" in each for each in verdict.notes)
