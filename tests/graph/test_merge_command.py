"""``driftguard merge``: files as Alembic's own command writes them, and merges that were made twice."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from guarded import Guarded
from hooked import HEAD, LEFT, RIGHT, add_column, add_merge, add_revision, plain, silently, two_branches

ONE, OTHER = sorted((LEFT.revision, RIGHT.revision))
FIRST, SECOND, THIRD = "61f0aa2b9c3d", "93b5dd104e7f", "c40e18f7a265"


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    """Two branches were merged into main; git could, and Alembic has two heads now."""
    project = plain(tmp_path / "shop")
    two_branches(project)
    for side in (LEFT, RIGHT):
        silently(project, "merge", "--quiet", "--no-edit", side.name)
    return project


def heads(project: Guarded) -> list[str]:
    return sorted(line.split()[0] for line in project.alembic("heads").splitlines())


def revisions(project: Guarded, folder: str = "migrations/versions") -> set[str]:
    return {str(each.relative_to(project.root)) for each in (project.root / folder).rglob("*.py")}


def added(project: Guarded, was: set[str]) -> str:
    [new] = revisions(project) - was
    return new


def general(text: str) -> str:
    """A new revision's text or name without what differs each time."""
    return re.sub(r"\d\d\d\d-\d\d-\d\d [\d:.+]+", "DATE", re.sub(r"[0-9a-f]{12}", "ID", text))


def test_it_writes_what_alembic_would(project: Guarded) -> None:
    twin = Guarded(Path(shutil.copytree(project.root, project.root.with_name("twin"))))
    was = revisions(project)
    answer = project.driftguard("merge", "-m", "Both sides, at last")
    assert answer.code == 0, answer
    mine = added(project, was)
    assert f"git add -- {mine}" in answer.out
    twin.alembic("merge", "heads", "-m", "Both sides, at last")
    theirs = added(twin, was)
    assert general(mine) == general(theirs)
    ours, alembics = ((each.root / path).read_text() for each, path in ((project, mine), (twin, theirs)))
    parents = re.compile(r"(Revises: |down_revision = ).*")
    assert parents.sub(r"\1", general(ours)) == parents.sub(r"\1", general(alembics))
    assert f"down_revision = ({ONE!r}, {OTHER!r})" in ours and f"Revises: {ONE}, {OTHER}" in ours
    assert len(heads(project)) == 1
    project.alembic("upgrade", "head")
    again = project.driftguard("merge")
    assert (again.code, again.out) == (0, "nothing to do: no heads collide\n")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param("", rf"ID_merge_{ONE}_and_{OTHER[:4]}_?", id="the usual name"),
        pytest.param("file_template = %%(year)d/x-%%(rev)s\nrecursive_version_locations = true\n", r"20\d\d/x-ID"),
        pytest.param("file_template = %%(slug)s\ntruncate_slug_length = 9\n", "merge_"),
        pytest.param("timezone = Asia/Tokyo\n", None, id="a time zone"),
        pytest.param("output_encoding = utf-16\n", None, id="an encoding that cannot be Python's"),
    ],
)
def test_options_of_the_ini_count(project: Guarded, options: str, name: str | None) -> None:
    project.replace("alembic.ini", "prepend_sys_path", f"{options}prepend_sys_path")
    project.replace("migrations/script.py.mako", "\nimport", "\nCREATED = '${create_date}'\nimport")
    was = revisions(project)
    answer = project.driftguard("merge")
    if "utf-16" in options:
        assert answer.code == 2, answer
        assert revisions(project) == was
        return
    assert answer.code == 0, answer
    new = added(project, was)
    if "Tokyo" in options:
        assert "+09:00'" in (project.root / new).read_text()
    if name is not None and "ID_" not in name:
        assert re.fullmatch(name, general(new).removeprefix("migrations/versions/").removesuffix(".py")), new
    assert len(heads(project)) == 1


def test_options_of_pyproject_count(project: Guarded) -> None:
    (project.root / "alembic.ini").unlink()
    project.write(
        "pyproject.toml",
        "[tool.alembic]\nscript_location = '%(here)s/migrations'\n"
        "file_template = 'm_%%(rev)s'\nprepend_sys_path = ['.']\n",
    )
    was = revisions(project)
    assert project.driftguard("merge").code == 0
    assert re.fullmatch(r"migrations/versions/m_[0-9a-f]{12}\.py", added(project, was))


def test_it_goes_beside_the_first_head_where_there_are_several_locations(project: Guarded) -> None:
    project.write("more/.keep", "")
    project.git("mv", f"migrations/versions/{ONE}_{'colour' if LEFT.revision == ONE else 'weight'}.py", "more")
    versions = "version_locations = %(here)s/migrations/versions more\n"
    project.replace("alembic.ini", "prepend_sys_path", f"{versions}prepend_sys_path")
    answer = project.driftguard("merge")
    assert re.search(r"^more/[0-9a-f]{12}_merge\w*\.py: ", answer.out), answer
    assert len(heads(project)) == 1


def test_more_than_two_heads_are_joined_at_once(project: Guarded) -> None:
    add_revision(project, THIRD, "height", "items", down=HEAD)
    was = revisions(project)
    assert project.driftguard("merge").code == 0
    added(project, was)
    assert len(heads(project)) == 1


def test_heads_can_be_named(project: Guarded) -> None:
    add_revision(project, THIRD, "height", "items", down=HEAD)
    answer = project.driftguard("merge", ONE[:6], THIRD)
    assert answer.code == 0, answer
    assert len(heads(project)) == 2 and OTHER in heads(project)


@pytest.mark.parametrize(
    ("names", "code", "said"),
    [
        pytest.param((ONE, HEAD), 1, "is no head", id="no head"),
        pytest.param((ONE,), 2, "alone cannot be merged", id="one alone"),
        pytest.param((ONE, ONE[:5]), 2, "alone cannot be merged", id="one twice"),
        pytest.param((ONE, "zzzzzz"), 2, "no revision file has the id", id="unknown"),
    ],
)
def test_what_cannot_be_merged_is_said(project: Guarded, names: tuple[str, ...], code: int, said: str) -> None:
    was = revisions(project)
    answer = project.driftguard("merge", *names)
    assert answer.code == code and said in answer.err
    assert revisions(project) == was


def test_a_message_that_breaks_the_file_leaves_none(project: Guarded) -> None:
    was = revisions(project)
    answer = project.driftguard("merge", "-m", 'say """ twice')
    assert answer.code == 2 and "it is no valid Python" in answer.err
    assert revisions(project) == was


def test_intended_branches_are_left_alone(project: Guarded) -> None:
    project.write("driftguard.toml", f'heads = ["{ONE}"]\n')
    assert project.driftguard("merge").out == "nothing to do: no heads collide\n"


def test_a_dry_run_shows_a_patch_and_writes_nothing(project: Guarded) -> None:
    was = revisions(project)
    answer = project.driftguard("merge", "--dry-run")
    assert answer.code == 0 and revisions(project) == was
    project.write("../a.patch", answer.out)
    project.git("apply", "../a.patch")
    assert len(heads(project)) == 1


def test_a_template_that_needs_env_py_is_refused(project: Guarded) -> None:
    project.replace("migrations/script.py.mako", "\nimport", "\nX = ${told_by_env}\nimport")
    was = revisions(project)
    answer = project.driftguard("merge")
    assert answer.code == 2
    assert "script.py.mako cannot be rendered" in answer.err and "only env.py knows" in answer.err
    assert revisions(project) == was


def test_a_template_whose_file_names_other_parents_is_undone(project: Guarded) -> None:
    project.replace("migrations/script.py.mako", "${repr(down_revision)}", f"'{ONE}'")
    was = revisions(project)
    answer = project.driftguard("merge")
    assert answer.code == 2
    assert "all are as they were before" in answer.err
    assert revisions(project) == was
    assert project.git("status", "--porcelain") == " M migrations/script.py.mako\n"


def test_a_project_without_git_can_merge(project: Guarded) -> None:
    shutil.rmtree(project.root / ".git")
    answer = project.driftguard("merge")
    assert answer.code == 0 and "git add" not in answer.out
    assert len(heads(project)) == 1


def doubly_merged(project: Guarded) -> None:
    """main has one merge, the branch ``mine`` another one, and a revision behind it."""
    silently(project, "checkout", "--quiet", "-b", "mine")
    add_merge(project, SECOND, ONE, OTHER)
    add_column(project, "height", "items")
    add_revision(project, THIRD, "height", "items", down=SECOND)
    project.commit("merge and go on")
    silently(project, "checkout", "--quiet", "main")
    add_merge(project, FIRST, ONE, OTHER)
    project.commit("merge")
    silently(project, "checkout", "--quiet", "mine")
    silently(project, "merge", "--quiet", "--no-edit", "main")


def test_of_two_merges_the_one_of_this_branch_goes(project: Guarded) -> None:
    doubly_merged(project)
    answer = project.driftguard("merge", "--live", "off")
    assert answer.code == 0, answer
    assert f"{FIRST} and {SECOND} both join {ONE} and {OTHER}: {FIRST} stays" in answer.out
    assert f"{THIRD} follows {FIRST} (it followed {SECOND})" in answer.out
    assert not (project.root / f"migrations/versions/{SECOND}_merge.py").exists()
    assert heads(project) == [THIRD]
    project.alembic("upgrade", "head")
    command = next(line.strip() for line in answer.out.splitlines() if "git add" in line)
    project.must("sh", "-c", command)
    assert not project.git("diff", "--name-only") and not project.git("ls-files", "--others", "--exclude-standard")


def test_a_merge_of_both_follows_the_one_that_stays(project: Guarded) -> None:
    doubly_merged(project)
    last = add_merge(project, "d5f1203c77ab", FIRST, THIRD)
    assert project.driftguard("merge", "--live", "off").code == 0
    assert len(heads(project)) == 1
    assert f"('{FIRST}', '{THIRD}')" in (project.root / last).read_text()
    project.alembic("upgrade", "head")


def test_a_merge_that_a_third_branch_has_stays(project: Guarded) -> None:
    doubly_merged(project)
    project.git("branch", "third")
    answer = project.driftguard("merge", "--live", "off")
    assert answer.code == 0, answer
    assert (project.root / f"migrations/versions/{SECOND}_merge.py").exists()
    assert len(heads(project)) == 1


@pytest.mark.parametrize("what", ["a statement", "a label"])
def test_a_merge_that_does_something_stays(project: Guarded, what: str) -> None:
    doubly_merged(project)
    path = f"migrations/versions/{SECOND}_merge.py"
    if what == "a statement":
        project.replace(path, "def upgrade():\n    pass", "def upgrade():\n    print('done')")
    else:
        project.replace(path, "\n\n\ndef upgrade", "\nbranch_labels = 'mine'\n\n\ndef upgrade")
    answer = project.driftguard("merge", "--live", "off")
    assert answer.code == 0, answer
    assert (project.root / path).exists()
    assert len(heads(project)) == (1 if what == "a statement" else 2)


def test_two_merges_on_the_base_are_merged(project: Guarded) -> None:
    for id_ in (FIRST, SECOND):
        add_merge(project, id_, ONE, OTHER)
    project.commit("two merges")
    was = revisions(project)
    answer = project.driftguard("merge", "--live", "off")
    assert answer.code == 0, answer
    assert f"('{FIRST}', '{SECOND}')" in (project.root / added(project, was)).read_text()
    assert len(heads(project)) == 1


def test_a_database_that_ran_the_merge_that_goes_is_told_its_stamp(project: Guarded) -> None:
    doubly_merged(project)
    project.alembic("upgrade", SECOND)
    answer = project.driftguard("merge")
    assert answer.code == 0, answer
    assert f"    alembic stamp --purge {FIRST}" in answer.out.splitlines()
    project.alembic("stamp", "--purge", FIRST)
    project.alembic("upgrade", "head")
    assert project.check().code == 0


def test_a_database_that_ran_a_merge_whose_twin_does_something_takes_it_back(project: Guarded) -> None:
    doubly_merged(project)
    kept = f"migrations/versions/{FIRST}_merge.py"
    project.replace(kept, "def upgrade():\n    pass", "def upgrade():\n    print('done')")
    project.alembic("upgrade", THIRD)
    answer = project.driftguard("merge")
    assert answer.code == 1, answer
    commands = [line.strip() for line in answer.err.splitlines() if line.startswith("    ")]
    for command in commands:
        first, *rest = command.split()
        if first == "alembic":
            project.alembic(*rest)
        else:
            done = project.driftguard(*rest)
            assert done.code == 0, done
            for line in done.out.splitlines():
                if line.startswith("    alembic"):
                    project.alembic(*line.split()[1:])
    assert heads(project) == [THIRD]
    assert project.check("--ignore", "edited-shared-revision").code == 0  # which is how the twin does something
