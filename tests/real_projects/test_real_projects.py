"""Three released projects, unmodified: driftguard says what Alembic itself says, and sees what is done to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from chosen import chosen
from guarded import Checked, Guarded, sql
from real_project import JUPYTERHUB, MLFLOW, OPTUNA, RealProject
from real_projects.conftest import Upgraded, Workshop, directives

PROJECTS = (OPTUNA, MLFLOW, JUPYTERHUB)
EACH = [pytest.param(each, marks=pytest.mark.xdist_group(each.name), id=each.name) for each in PROJECTS]
EACH_DIALECT = [
    pytest.param(each, dialect, marks=pytest.mark.xdist_group(each.name), id=f"{each.name} on {dialect}")
    for each in PROJECTS
    for dialect in ("sqlite", "postgresql")
]
SECOND_HEAD = """
revision = "ee5f09a1b7c4"
down_revision = "{parent}"


def upgrade():
    pass
"""

Build = Callable[[RealProject], Workshop]
Upgrade = Callable[[Workshop, str], Upgraded]


def check(guarded: Guarded, project: RealProject, *options: str) -> Checked:
    return guarded.check("--environment", project.environment, *options)


def said(checked: Checked) -> Counter[str]:
    """What the DG201 of a check says that autogenerate would write."""
    lines = [line for each in checked.report["findings"] if each["code"] == "DG201" for line in each["details"]]
    return directives("\n".join(lines))


def others(checked: Checked) -> set[tuple[str, str]]:
    return {each for each in checked.told if each[0] != "DG201"}


@pytest.mark.parametrize("project", chosen(EACH, 1))
def test_without_settings_the_graph_is_read_and_the_replay_is_tried(
    project: RealProject, workshop: Build, tmp_path: Path
) -> None:
    checked = check(workshop(project).repository(tmp_path / "repository"), project)

    found = {each for each in checked.told if each[0] in ("DG401", "DG901", "DG902", "DG903", "DG905")}
    assert found == ({("DG401", project.unbuildable)} if project.unbuildable else set())


@pytest.mark.parametrize(("project", "dialect"), chosen(EACH_DIALECT, 2))
def test_alembic_and_driftguard_agree_at_head(
    project: RealProject, dialect: str, workshop: Build, upgraded: Upgrade, tmp_path: Path
) -> None:
    made = workshop(project)
    live = upgraded(made, dialect)

    checked = check(made.with_settings(tmp_path / "repository"), project, "--live", live.url)

    assert said(checked) == live.directives
    assert others(checked) == {("DG203", subject) for where, subject in project.unseen if where == dialect}
    unbuilt = [text for where, text in project.create_all_fails if where == dialect]
    assert [each for each in checked.report["notes"] if "cannot be built" not in each] == []
    assert all(any(text in each for each in checked.report["notes"]) for text in unbuilt)


@pytest.mark.parametrize(("project", "dialect"), chosen([*EACH_DIALECT[1:], *EACH_DIALECT[:1]], 1))
def test_a_column_of_the_models_and_one_of_the_database_are_told_apart(
    project: RealProject, dialect: str, workshop: Build, upgraded: Upgrade, tmp_path: Path
) -> None:
    made, addition = workshop(project), project.added_column
    live, guarded = upgraded(made, dialect), made.with_settings(tmp_path / "repository")
    table, column = project.live_column
    guarded.replace(addition.path, addition.behind, addition.behind + addition.line)
    sql(live.url, f"ALTER TABLE {table} DROP COLUMN {column}")

    off = check(guarded, project, "--live", live.url)
    [statement] = off.one("DG301")["commands"]
    sql(live.url, statement)
    guarded.git("checkout", "--quiet", ".")
    clean = check(guarded, project, "--live", live.url)

    assert off.told - clean.told == {("DG201", addition.subject), ("DG301", f"{table}.{column}")}
    assert clean.told <= off.told
    assert said(clean) == live.directives
    [added] = [each for each in off.report["findings"] if each["subject"] == addition.subject]
    lines = (guarded.root / addition.path).read_text().splitlines(keepends=True)
    assert (added["place"]["path"], added["place"]["line"]) == (addition.path, lines.index(addition.behind) + 2)
    assert off.one("DG301")["side"] == "live"


@pytest.mark.parametrize("project", chosen(EACH, 1))
def test_a_second_head_is_seen(project: RealProject, workshop: Build, tmp_path: Path) -> None:
    guarded = workshop(project).with_settings(tmp_path / "repository")
    path = f"{project.scripts}/versions/another.py"
    guarded.write(path, SECOND_HEAD.format(parent=project.below_head))

    off = check(guarded, project, "--live", "off")
    (guarded.root / path).unlink()
    clean = check(guarded, project, "--live", "off")

    assert {code for code, _ in off.told - clean.told} == {"DG101"}
    assert "DG101" not in clean.codes
    assert clean.told <= off.told
