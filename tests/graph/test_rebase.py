"""Revisions of a branch go behind those of its base: on real git, with Alembic's own commands as the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import Guarded, sql
from hooked import HEAD, LEFT, REVISION, RIGHT, add_column, add_merge, add_revision, plain, silently, two_branches

BASE, OWN = LEFT.revision, RIGHT.revision
LATER = "5ac61b7d9e20"
OWN_FILE = f"migrations/versions/{OWN}_weight.py"


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    """main has a new revision; ``right`` has one as well, and has merged main."""
    project = plain(tmp_path / "shop")
    two_branches(project)
    silently(project, "merge", "--quiet", LEFT.name)
    silently(project, "checkout", "--quiet", RIGHT.name)
    silently(project, "merge", "--quiet", "--no-edit", "main")
    return project


def heads(project: Guarded) -> list[str]:
    return sorted(line.split()[0] for line in project.alembic("heads").splitlines())


def history(project: Guarded) -> list[str]:
    return [line.split(",")[0] for line in reversed(project.alembic("history").splitlines())]


def columns(project: Guarded, table: str) -> set[str]:
    return {row[1] for row in sql(f"sqlite:///{project.root}/shop.db", f"PRAGMA table_info({table})")}


def contents(project: Guarded) -> dict[str, bytes]:
    folder = project.root / "migrations"
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_the_branch_s_revision_follows_the_base_s(project: Guarded) -> None:
    assert heads(project) == sorted([BASE, OWN])
    text = (project.root / OWN_FILE).read_text()
    answer = project.driftguard("rebase")
    assert answer.code == 0, answer
    assert f"{OWN_FILE}: {OWN} follows {BASE} (it followed {HEAD})" in answer.out
    assert f"git add -- {OWN_FILE}" in answer.out
    assert (project.root / OWN_FILE).read_text() == text.replace(HEAD, BASE)
    assert project.git("status", "--porcelain").splitlines() == [f" M {OWN_FILE}"]
    assert history(project) == [f"<base> -> {HEAD}", f"{HEAD} -> {BASE}", f"{BASE} -> {OWN} (head)"]
    project.alembic("upgrade", "head")
    assert "colour" in columns(project, "shelves") and "weight" in columns(project, "items")
    project.alembic("downgrade", "base")
    again = project.driftguard("rebase", "--live", "off")
    assert (again.code, again.out) == (0, "nothing to do: no revision of this branch stands beside those of main\n")


def test_a_dry_run_shows_a_patch_and_writes_nothing(project: Guarded) -> None:
    before = contents(project)
    answer = project.driftguard("rebase", "--dry-run", "--live", "off")
    assert answer.code == 0
    assert contents(project) == before
    project.write("../a.patch", answer.out)
    project.git("apply", "../a.patch")
    assert heads(project) == [OWN]


def test_a_chain_moves_by_its_first_revision(project: Guarded) -> None:
    add_column(project, "height", "items")
    chained = add_revision(project, LATER, "height", "items", down=OWN)
    was = (project.root / chained).read_bytes()
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 0, answer
    assert heads(project) == [LATER]
    assert (project.root / chained).read_bytes() == was
    project.alembic("upgrade", "head")


def test_a_merge_that_joined_base_and_branch_becomes_a_link(project: Guarded) -> None:
    merge = add_merge(project, LATER, BASE, OWN)
    answer = project.driftguard("rebase", "--live", "off")
    assert f"{merge}: {LATER} follows {OWN}, and so joins nothing any more (it joined {BASE} and {OWN})" in answer.out
    assert history(project)[-1] == f"{OWN} -> {LATER} (head)"
    assert f'down_revision = "{OWN}"' in (project.root / merge).read_text().replace("'", '"')


def test_several_ends_come_one_behind_the_other(project: Guarded) -> None:
    add_column(project, "height", "items")
    add_revision(project, LATER, "height", "items", down=HEAD)
    assert len(heads(project)) == 3
    assert project.driftguard("rebase", "--live", "off").code == 0
    assert len(heads(project)) == 1
    project.alembic("upgrade", "head")
    assert project.driftguard("check", "--live", "off").code == 0


def test_a_labelled_branch_stays_apart(project: Guarded) -> None:
    project.replace(OWN_FILE, "branch_labels = None", 'branch_labels = ("stock",)')
    answer = project.driftguard("rebase", "--live", "off")
    assert (answer.code, answer.out[:13]) == (0, "nothing to do")
    project.replace(OWN_FILE, 'branch_labels = ("stock",)', "branch_labels = None")
    project.write("driftguard.toml", f'heads = ["{OWN}"]\n')
    assert project.driftguard("rebase", "--live", "off").out.startswith("nothing to do")


def test_labels_and_dependencies_of_a_chain_stay(project: Guarded) -> None:
    text = REVISION.format(id=LATER, column="height", table="items", down=OWN)
    path = f"migrations/versions/{LATER}_height.py"
    project.write(path, text.replace("depends_on = None", f'depends_on = "{BASE}"'))
    assert project.driftguard("rebase", "--live", "off").code == 0
    assert f'depends_on = "{BASE}"' in (project.root / path).read_text()
    project.alembic("upgrade", "head")


def test_base_revisions_that_are_not_here_have_to_come_first(tmp_path: Path) -> None:
    project = plain(tmp_path / "shop")
    two_branches(project)
    silently(project, "merge", "--quiet", LEFT.name)
    silently(project, "checkout", "--quiet", RIGHT.name)
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 1
    assert f"main has 1 revision that this working tree lacks: {BASE}" in answer.err
    assert "git merge main" in answer.err
    assert not project.git("status", "--porcelain")
    silently(project, "merge", "--quiet", "--no-edit", "main")
    assert project.driftguard("rebase", "--live", "off").code == 0


def test_a_base_revision_that_was_deleted_here_has_to_come_back(project: Guarded) -> None:
    path = f"migrations/versions/{BASE}_colour.py"
    (project.root / path).unlink()
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 1
    assert f"git checkout main -- {path}" in answer.err


def test_a_shared_revision_that_was_re_pointed_here_is_refused(project: Guarded) -> None:
    path = f"migrations/versions/{BASE}_colour.py"
    project.replace(path, f"down_revision = '{HEAD}'", f"down_revision = '{OWN}'")
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 1
    assert f"{path}:" in answer.err and "other parents here than in main" in answer.err


def test_parents_that_are_computed_are_refused_by_name(project: Guarded) -> None:
    project.replace(OWN_FILE, f"down_revision = '{HEAD}'", f"down_revision = '{HEAD[:4]}' + '{HEAD[4:]}'")
    before = contents(project)
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 1
    assert f"{OWN_FILE}:11: its `down_revision` is computed" in answer.err
    assert contents(project) == before


def test_a_file_with_conflict_markers_is_refused_by_name(project: Guarded) -> None:
    project.replace(OWN_FILE, f"down_revision = '{HEAD}'", f"<<<<<<< ours\ndown_revision = '{HEAD}'\n=======\n")
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 1
    assert f"{OWN_FILE}:11: it has conflict markers" in answer.err


def test_a_base_with_several_heads_is_refused(project: Guarded) -> None:
    silently(project, "checkout", "--quiet", "main")
    add_revision(project, LATER, "height", "items", down=HEAD)
    project.commit("two heads on main")
    silently(project, "checkout", "--quiet", RIGHT.name)
    silently(project, "merge", "--quiet", "--no-edit", "main")
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 1
    assert "are heads there already" in answer.err


@pytest.mark.parametrize("settings", ["", '[environments.shop]\nconfig = "alembic.ini"\n'])
def test_what_the_base_keeps_in_another_folder_is_shared_all_the_same(project: Guarded, settings: str) -> None:
    first = "0123456789ab"  # before all others, wherever only the ids decide
    add_revision(project, first, "height", "items", down=HEAD)
    project.git("add", "--all")
    project.git("mv", "migrations", "schema")
    project.replace("alembic.ini", "/migrations", "/schema")
    project.write("driftguard.toml", settings)
    project.git("add", "--all")
    answer = project.driftguard("rebase", "--live", "off")
    assert answer.code == 0, answer
    own = {f"schema/versions/{first}_height.py", f"schema/versions/{OWN}_weight.py"}
    assert set(project.git("diff", "--name-only").splitlines()) == own
    assert history(project)[1] == f"{HEAD} -> {BASE}" and len(heads(project)) == 1


def test_a_database_that_has_run_it_takes_it_back_first(project: Guarded) -> None:
    project.alembic("upgrade", OWN)
    before = contents(project)
    answer = project.driftguard("rebase")
    assert answer.code == 1
    assert f"shop.db has run {OWN}, and not what is to come before" in answer.err
    commands = [line.strip() for line in answer.err.splitlines() if line.startswith("    ")]
    assert commands == [f"alembic downgrade {HEAD}", "driftguard rebase", "alembic upgrade head"]
    assert contents(project).items() >= before.items()
    project.alembic("downgrade", HEAD)
    assert project.driftguard("rebase").code == 0
    project.alembic("upgrade", "head")
    assert project.check().code == 0


def test_a_database_that_has_run_both_sides_is_told_its_stamp(project: Guarded) -> None:
    project.alembic("upgrade", "heads")
    answer = project.driftguard("rebase")
    assert answer.code == 0, answer
    assert f"    alembic stamp --purge {OWN}" in answer.out.splitlines()
    project.alembic("stamp", "--purge", OWN)
    project.alembic("upgrade", "head")
    assert project.check().code == 0


def test_a_database_that_has_run_nothing_of_it_is_no_matter(project: Guarded) -> None:
    project.alembic("upgrade", BASE)
    answer = project.driftguard("rebase")
    assert answer.code == 0, answer
    assert "alembic stamp" not in answer.out and "downgrade" not in answer.out
    project.alembic("upgrade", "head")


def test_a_database_that_was_not_asked_can_be_mended_before(project: Guarded) -> None:
    project.alembic("upgrade", OWN)
    answer = project.driftguard("rebase", "--live", "off", "--dry-run")
    assert "the live database was not asked" in answer.err
    down, up = (line.strip() for line in answer.err.splitlines() if line.startswith("    "))
    assert down == f"alembic downgrade {HEAD}" and up.startswith("alembic upgrade head ")


def test_a_database_that_was_not_asked_can_be_mended_afterwards(project: Guarded) -> None:
    project.alembic("upgrade", OWN)
    answer = project.driftguard("rebase", "--live", "off")
    assert f"if a database has run {OWN} and not {BASE}, take it back there:" in answer.out
    commands = [line.strip() for line in answer.out.splitlines() if line.startswith("    alembic")]
    assert commands == [f"alembic downgrade {BASE}", f"alembic stamp --purge {HEAD}", "alembic upgrade head"]
    for command in commands:
        project.alembic(*command.split()[1:])
    assert project.check().code == 0


def test_no_base_is_said(tmp_path: Path) -> None:
    project = plain(tmp_path / "shop")
    answer = project.driftguard("rebase")
    assert answer.code == 2
    assert "--onto BRANCH" in answer.err
    assert project.driftguard("rebase", "--onto", "nowhere").code == 2
    assert project.driftguard("rebase", "--onto", "HEAD", "--live", "off").out.startswith("nothing to do")


def test_onto_another_branch(tmp_path: Path) -> None:
    project = plain(tmp_path / "shop")
    two_branches(project)
    silently(project, "checkout", "--quiet", RIGHT.name)
    silently(project, "merge", "--quiet", "--no-edit", LEFT.name)
    answer = project.driftguard("rebase", "--onto", LEFT.name, "--live", "off")
    assert answer.code == 0, answer
    assert history(project)[-1] == f"{BASE} -> {OWN} (head)"


def test_each_environment_has_a_database_of_its_own(project: Guarded) -> None:
    """The second one's files lie in a folder of their own; its database has run what is to move."""
    silently(project, "checkout", "--quiet", "main")
    (project.root / "store").mkdir()
    project.must("cp", "-r", "migrations", "models.py", "alembic.ini", "store")
    project.commit("a second environment")
    silently(project, "checkout", "--quiet", RIGHT.name)
    silently(project, "merge", "--quiet", "--no-edit", "main")
    project.must("cp", OWN_FILE, f"store/{OWN_FILE}")
    project.alembic("upgrade", OWN, folder="store")
    answer = project.driftguard("rebase")
    assert answer.code == 1, answer
    commands = [line.strip() for line in answer.err.splitlines() if line.startswith("    ")]
    assert commands[0] == f"cd store && alembic downgrade {HEAD}"
    assert not project.git("diff", "--name-only")
    project.alembic("downgrade", HEAD, folder="store")
    assert project.driftguard("rebase").code == 0
    for folder in (".", "store"):
        assert len(project.alembic("heads", folder=folder).splitlines()) == 1


def test_only_the_environment_that_was_named(project: Guarded) -> None:
    answer = project.driftguard("rebase", "-e", "nowhere", "--live", "off")
    assert answer.code == 2 and "there is no environment nowhere" in answer.err
    assert project.driftguard("rebase", "-e", "migrations", "--live", "off").code == 0
