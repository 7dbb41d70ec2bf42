"""Databases that were upgraded from elsewhere: the doctor finds the revision, and what it says to type gets out."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.postgresql import PostgresqlServer
from guarded import SAMPLES, Answer, Guarded, sql
from hooked import COLOUR, HEAD, REVISION, add_merge, add_revision, branch, plain, silently

WEIGHT = "e2f7708bb641"
Step = Callable[[Guarded], None]


@pytest.fixture(autouse=True)
def _activated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands are found, as in an activated environment."""
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    made = plain(tmp_path / "shop")
    made.alembic("upgrade", "head")
    return made


def commands(answer: Answer) -> list[str]:
    """What the first way out is, of each thing to mend."""
    found, first = [], True
    for line in answer.out.splitlines():
        if line.startswith("  or: "):
            first = False
        elif not line.startswith(" "):
            first = True
        elif line.startswith("    ") and first:
            found.append(line.strip())
    return found


def paste(project: Guarded, lines: list[str]) -> None:
    """Into a shell that stops at the first failure."""
    project.must("sh", "-e", "-c", "\n".join(lines))


def is_clean(project: Guarded) -> bool:
    """Whether Alembic and driftguard are content, and nothing was left lying about."""
    assert "(head)" in project.alembic("current")
    checked = project.check()
    assert (checked.code, checked.codes) == (0, []), checked.report
    return project.git("status", "--porcelain") == ""


def upgraded_on(project: Guarded, name: str = "feature", id_: str = COLOUR, column: str = "colour") -> None:
    """A branch with a revision that the database has run; main is checked out again."""
    branch(project, name, id_, column, "shelves")
    silently(project, "checkout", "--quiet", name)
    project.alembic("upgrade", "head")
    silently(project, "checkout", "--quiet", "main")


def on_a_branch(project: Guarded) -> None:
    upgraded_on(project, "feature/colour")


def on_a_deleted_branch(project: Guarded) -> None:
    upgraded_on(project)
    project.git("branch", "--quiet", "-D", "feature")


def on_a_branch_with_a_hostile_name(project: Guarded) -> None:
    upgraded_on(project, "it's;$(touch${IFS}pwned)")


def amended_away(project: Guarded) -> None:
    silently(project, "checkout", "--quiet", "-b", "feature")
    path = add_revision(project, COLOUR, "colour")
    project.commit("add colour")
    project.alembic("upgrade", "head")
    project.git("mv", path, path.replace(COLOUR, WEIGHT))
    project.replace(path.replace(COLOUR, WEIGHT), COLOUR, WEIGHT)
    project.git("add", "--all")
    silently(project, "commit", "--quiet", "--amend", "--no-edit")
    silently(project, "checkout", "--quiet", "main")


def amended_in_the_same_file(project: Guarded) -> None:
    path = "migrations/versions/next.py"
    text = (project.root / add_revision(project, COLOUR, "colour")).read_text()
    (project.root / f"migrations/versions/{COLOUR}_colour.py").unlink()
    project.write(path, text)
    project.write("models.py", (project.root / "models.py").read_text())
    project.commit("add colour")
    project.alembic("upgrade", "head")
    project.write(path, text.replace(COLOUR, WEIGHT).replace("colour", "shade"))
    project.replace("models.py", "unique=True)\n", "unique=True)\n    shade = Column(String(10))\n")
    project.git("add", "--all")
    silently(project, "commit", "--quiet", "--amend", "--no-edit")


def squashed_into_one(project: Guarded) -> None:
    """Two revisions of a branch became one of main; the database ran only the first of the two."""
    upgraded_on(project)
    silently(project, "checkout", "--quiet", "feature")
    add_revision(project, WEIGHT, "weight", "items", COLOUR)
    project.commit("add weight")
    silently(project, "checkout", "--quiet", "main")
    silently(project, "merge", "--squash", "--quiet", "feature")
    for id_, column in ((COLOUR, "colour"), (WEIGHT, "weight")):
        project.git("rm", "--quiet", "-f", f"migrations/versions/{id_}_{column}.py")
    add_revision(project, "aa11bb22cc33", "colour")
    project.replace(
        "migrations/versions/aa11bb22cc33_colour.py",
        "\n\n\ndef downgrade():",
        '\n    op.add_column("items", sa.Column("weight", sa.String(10)))\n\n\ndef downgrade():',
    )
    project.replace("models.py", 'CASCADE"))\n', 'CASCADE"))\n    weight = Column(String(10))\n')
    project.commit("add colour and weight")
    project.git("branch", "--quiet", "-D", "feature")


def stashed(project: Guarded) -> None:
    add_revision(project, COLOUR, "colour")
    project.alembic("upgrade", "head")
    project.git("stash", "--quiet", "--include-untracked")


def stashed_twice(project: Guarded) -> None:
    stashed(project)
    project.write("note", "one\n")
    project.git("stash", "--quiet", "--include-untracked")


def stashed_staged(project: Guarded) -> None:
    add_revision(project, COLOUR, "colour")
    project.alembic("upgrade", "head")
    project.git("add", "--all")
    project.git("stash", "--quiet")


def in_a_worktree(project: Guarded) -> None:
    """Untracked there."""
    other = project.root.parent / "it's another"
    project.git("worktree", "add", "--quiet", "--detach", str(other))
    add_revision(project, COLOUR, "colour")
    project.alembic("upgrade", "head")
    (project.root / f"migrations/versions/{COLOUR}_colour.py").rename(other / f"migrations/versions/{COLOUR}_colour.py")


def tagged(project: Guarded) -> None:
    upgraded_on(project)
    project.git("tag", "v1", "feature")
    project.git("branch", "--quiet", "-D", "feature")


def deleted(project: Guarded) -> None:
    add_revision(project, COLOUR, "colour")
    project.commit("add colour")
    project.alembic("upgrade", "head")
    project.git("rm", "--quiet", f"migrations/versions/{COLOUR}_colour.py")
    project.commit("no colour")


def two_of_a_branch(project: Guarded) -> None:
    upgraded_on(project)
    silently(project, "checkout", "--quiet", "feature")
    add_revision(project, WEIGHT, "weight", "items", COLOUR)
    project.commit("add weight")
    project.alembic("upgrade", "head")
    silently(project, "checkout", "--quiet", "main")


def main_went_on(project: Guarded) -> None:
    upgraded_on(project)
    branch(project, "other", WEIGHT, "weight", "items")
    silently(project, "merge", "--quiet", "--no-edit", "other")
    project.git("branch", "--quiet", "-d", "other")


def merged_main_into_it(project: Guarded) -> None:
    """The branch joined its revision with main's, which has to stay."""
    main_went_on(project)
    silently(project, "checkout", "--quiet", "feature")
    silently(project, "merge", "--quiet", "--no-edit", "main")
    add_merge(project, "dd44ee55ff66", COLOUR, WEIGHT)
    project.commit("join")
    project.alembic("upgrade", "head")
    silently(project, "checkout", "--quiet", "main")


def dangling(project: Guarded) -> None:
    on_a_deleted_branch(project)
    project.git("reflog", "expire", "--expire=now", "--all")


def on_two_branches(project: Guarded) -> None:
    """Both were tried out together, and never merged."""
    for name, id_, column in (("left", COLOUR, "colour"), ("right", WEIGHT, "weight")):
        branch(project, name, id_, column, "items")
        project.git("checkout", "--quiet", name, "--", "migrations")
    project.alembic("upgrade", "heads")
    project.git("rm", "--quiet", "-rf", "migrations/versions")
    project.git("checkout", "--quiet", "HEAD", "--", "migrations")


def beside_mains_head(project: Guarded) -> None:
    """The database has run main's latest revision and the branch's."""
    main_went_on(project)
    project.git("checkout", "--quiet", "feature", "--", "migrations")
    project.alembic("upgrade", "heads")
    project.git("reset", "--quiet", "--hard")


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        pytest.param(on_a_branch, "branch feature/colour, commit ", id="on a branch"),
        pytest.param(on_a_deleted_branch, "branch feature, which was deleted, commit ", id="on a deleted branch"),
        pytest.param(on_a_branch_with_a_hostile_name, "branch it's;$(touch${IFS}pwned)", id="a hostile name"),
        pytest.param(amended_away, "before 'commit (amend): add colour', commit ", id="amended"),
        pytest.param(amended_in_the_same_file, "before 'commit (amend): add colour'", id="amended in the same file"),
        pytest.param(squashed_into_one, "branch feature, which was deleted, commit ", id="squashed"),
        pytest.param(stashed, "stash@{0}, untracked", id="stashed, untracked"),
        pytest.param(stashed_twice, "stash@{1}, untracked", id="below another stash"),
        pytest.param(stashed_staged, "stash@{0}, ", id="stashed, staged"),
        pytest.param(in_a_worktree, "the working tree /", id="untracked in another working tree"),
        pytest.param(tagged, "tag v1, commit ", id="on a tag"),
        pytest.param(deleted, "branch main had it until commit ", id="deleted by a commit"),
        pytest.param(two_of_a_branch, "it needs 7bd0e1f6a934, which is not here either; branch feature", id="two"),
        pytest.param(main_went_on, "branch feature, commit ", id="main has gone on"),
        pytest.param(merged_main_into_it, "branch feature, commit ", id="the branch has merged main"),
        pytest.param(on_two_branches, "7bd0e1f6a934: branch left, commit ", id="on two branches"),
        pytest.param(beside_mains_head, "branch feature, commit ", id="beside main's head"),
        pytest.param(dangling, "a commit that no branch has, commit ", id="a commit that nothing leads to"),
    ],
)
def test_what_it_says_gets_out(project: Guarded, happened: Step, told: str) -> None:
    happened(project)
    answer = project.driftguard("doctor")
    assert (answer.code, told in answer.out) == (1, True), answer.out + answer.err
    paste(project, commands(answer))
    assert is_clean(project)
    assert not (project.root / "pwned").exists()


def test_stamped_by_hand_with_nonsense(project: Guarded) -> None:
    sql(f"sqlite:///{project.root / 'shop.db'}", "UPDATE alembic_version SET version_num = 'it''s nonsense'")
    answer = project.driftguard("doctor")
    assert f"the schema is exactly what {HEAD} builds" in answer.out
    assert commands(answer) == [f"alembic stamp --purge {HEAD}"]
    paste(project, commands(answer))
    assert is_clean(project)


def test_a_lost_file_has_a_last_resort_with_its_risk(project: Guarded) -> None:
    add_revision(project, COLOUR, "colour")
    project.alembic("upgrade", "head")
    (project.root / f"migrations/versions/{COLOUR}_colour.py").unlink()
    answer = project.driftguard("doctor")
    assert "no branch, tag, stash, reflog or working tree" in answer.out
    assert "ask whoever upgraded" in answer.out
    assert "git fetch" not in answer.out
    assert f"record {HEAD}, which is nearest (1 difference). The risk:" in answer.out
    project.git("remote", "add", "origin", "/nowhere")
    assert commands(project.driftguard("doctor")) == ["git fetch --all", "driftguard doctor"]


def test_a_compiled_file_tells_what_the_source_was_called(project: Guarded) -> None:
    path = add_revision(project, COLOUR, "colour")
    project.must(sys.executable, "-m", "py_compile", path)
    project.alembic("upgrade", "head")
    (project.root / path).unlink()
    assert f"from a file that is gone: {COLOUR}_colour.py" in project.driftguard("doctor").out


def test_without_git(project: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    path = add_revision(project, COLOUR, "colour")
    project.alembic("upgrade", "head")
    (project.root / "attic").mkdir()
    (project.root / path).rename(project.root / "attic/colour.py")
    project.must("rm", "-rf", ".git")
    answer = project.driftguard("doctor")
    assert "a folder where Alembic does not look: attic/colour.py" in answer.out
    paste(project, commands(answer))
    assert project.driftguard("doctor").code == 0
    assert (project.root / "attic/colour.py").exists()


def test_what_only_this_folder_lacks_is_brought_back(project: Guarded) -> None:
    (project.root / f"migrations/versions/{HEAD}_begin.py").unlink()
    answer = project.driftguard("doctor")
    assert "branch main, which is checked out, commit " in answer.out
    assert len(commands(answer)) == 1
    paste(project, commands(answer))
    assert is_clean(project)


def test_a_torn_graph_gets_its_missing_files(project: Guarded) -> None:
    upgraded_on(project)
    add_revision(project, WEIGHT, "weight", "items", COLOUR)
    answer = project.driftguard("doctor")
    assert f"is stamped {COLOUR} and {WEIGHT} follows {COLOUR}, which no revision file here has" in answer.out
    paste(project, commands(answer))
    project.alembic("upgrade", "head")
    assert project.driftguard("doctor").code == 0


def test_a_parent_that_nobody_has(project: Guarded) -> None:
    add_revision(project, WEIGHT, "weight", "items", COLOUR)
    answer = project.driftguard("doctor", "--live", "off")
    assert answer.code == 1
    assert f"ask whoever wrote migrations/versions/{WEIGHT}_weight.py" in answer.out
    assert commands(answer) == []


def test_a_file_with_conflict_markers_may_have_it(project: Guarded) -> None:
    path = add_revision(project, COLOUR, "colour")
    project.alembic("upgrade", "head")
    project.write(path, "<<<<<<< HEAD\n" + (project.root / path).read_text())
    answer = project.driftguard("doctor")
    assert answer.code == 1
    assert f"{path}:1 may have it, but it has conflict markers" in answer.out


@pytest.mark.parametrize(
    "happened",
    [
        pytest.param(lambda project: None, id="at head"),
        pytest.param(lambda project: add_revision(project, COLOUR, "colour"), id="behind head"),
        pytest.param(lambda project: project.alembic("downgrade", "base"), id="at base"),
        pytest.param(lambda project: branch(project, "b", COLOUR, "colour", "shelves"), id="a branch that never ran"),
        pytest.param(lambda project: project.must("rm", "-rf", ".git"), id="without git"),
        pytest.param(
            lambda project: sql(f"sqlite:///{project.root / 'shop.db'}", "ALTER TABLE items ADD COLUMN x INT"),
            id="a schema that was changed by hand",
        ),
    ],
)
def test_nothing_to_mend(project: Guarded, happened: Step) -> None:
    happened(project)
    answer = project.driftguard("doctor")
    assert (answer.code, answer.err) == (0, ""), answer.out


def test_an_id_that_is_asked_for(project: Guarded) -> None:
    branch(project, "feature", COLOUR, "colour", "shelves")
    here = project.driftguard("doctor", HEAD[:6])
    assert (here.code, f"{HEAD} is here: migrations/versions/" in here.out) == (0, True)
    there = project.driftguard("doctor", COLOUR)
    assert (there.code, f"no revision file here has {COLOUR}" in there.out) == (1, True)
    [bring] = commands(there)
    assert shlex.split(bring)[:2] == ["git", "show"]
    nowhere = project.driftguard("doctor", "no-such-id")
    assert (nowhere.code, commands(nowhere)) == (1, [])


def test_a_database_that_cannot_be_read(project: Guarded) -> None:
    (project.root / "shop.db").unlink()
    answer = project.driftguard("doctor")
    assert (answer.code, "could not look: " in answer.out) == (2, True), answer.out
    assert project.driftguard("doctor", "--live", "off").code == 0


def test_it_changes_nothing_itself(project: Guarded) -> None:
    on_a_branch(project)
    before = (project.git("status", "--porcelain"), project.git("for-each-ref"), project.alembic("history"))
    project.driftguard("doctor")
    assert (project.git("status", "--porcelain"), project.git("for-each-ref"), project.alembic("history")) == before
    assert sql(f"sqlite:///{project.root / 'shop.db'}", "SELECT version_num FROM alembic_version") == [(COLOUR,)]


def test_names_cannot_trick_a_terminal(project: Guarded) -> None:
    project.environ |= {"GIT_AUTHOR_NAME": "Eve\x1b[2J", "GIT_COMMITTER_NAME": "Eve\x1b[2J"}
    on_a_deleted_branch(project)
    answer = project.driftguard("doctor")
    assert "Eve\\x1b[2J" in answer.out
    assert "\x1b" not in answer.out


def test_from_a_folder_below_the_root(project: Guarded) -> None:
    on_a_branch(project)
    answer = project.driftguard("doctor", folder="migrations")
    assert f"cd {project.root}" in answer.out
    paste(project, commands(answer))
    assert is_clean(project)


def test_a_branch_without_any_revision(project: Guarded) -> None:
    """Git has no folder for revisions then."""
    silently(project, "checkout", "--quiet", "--orphan", "anew")
    project.git("rm", "--quiet", "-f", f"migrations/versions/{HEAD}_begin.py")
    project.write("models.py", "from sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n")
    project.commit("begin anew")
    answer = project.driftguard("doctor")
    paste(project, commands(answer))
    live = f"sqlite:///{project.root / 'shop.db'}"
    assert sql(live, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("alembic_version",)]
    assert project.driftguard("doctor").code == 0


def test_rows_that_a_lost_revision_changed_can_be_changed_back(project: Guarded) -> None:
    """The schema alone says that nothing was done."""
    silently(project, "checkout", "--quiet", "-b", "feature")
    path = add_revision(project, COLOUR, "colour")
    for was, now in (("add_column", "execute"), ("drop_column", "execute")):
        text = (project.root / path).read_text()
        start = text.index(f"op.{was}(")
        project.write(path, f"{text[:start]}op.{now}('SELECT 1'){text[text.index(chr(10), start) :]}")
    project.commit("colour the rows")
    project.alembic("upgrade", "head")
    silently(project, "checkout", "--quiet", "main")
    answer = project.driftguard("doctor")
    assert commands(answer) == [f"alembic stamp --purge {HEAD}"]
    assert "or: if it changed rows and they are to be as before, bring its file here" in answer.out


def test_a_flask_application_below_the_root(tmp_path: Path) -> None:
    company = Guarded.copy_of(SAMPLES / "subfolder_application", tmp_path / "company")
    company.flask("db", "init", folder="server")
    versions = sorted((company.root / "revisions").iterdir())
    for revision in versions:
        revision.rename(company.root / "server/migrations/versions" / revision.name)
    company.commit("migrations")
    silently(company, "checkout", "--quiet", "-b", "feature")
    text = REVISION.format(id=COLOUR, column="colour", table="departments", down="c2906b5fe8a7")
    company.write("server/migrations/versions/colour.py", text)
    company.commit("add colour")
    company.flask("db", "upgrade", folder="server")
    silently(company, "checkout", "--quiet", "main")
    answer = company.driftguard("doctor")
    assert "(cd server && flask db downgrade c2906b5fe8a7)" in commands(answer)
    paste(company, commands(answer))
    assert (company.check().codes, company.git("status", "--porcelain")) == ([], "")


def test_on_a_server(tmp_path: Path, postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.create()
    shop = plain(tmp_path / "shop")
    shop.environ |= {"SHOP_DATABASE": url}
    shop.alembic("upgrade", "head")
    on_a_branch(shop)
    answer = shop.driftguard("doctor")
    assert (answer.code, url in answer.out) == (1, False), answer.err
    paste(shop, commands(answer))
    assert is_clean(shop)


def test_a_database_that_is_named(project: Guarded) -> None:
    on_a_branch(project)
    url = f"sqlite:///{project.root / 'shop.db'}"
    project.environ |= {"SHOP_DATABASE": "sqlite:///elsewhere.db"}
    assert project.driftguard("doctor").code == 2
    answer = project.driftguard("doctor", "--live", url)
    assert (answer.code, "see that this is the one that --live names" in answer.out) == (1, True)
    add_revision(project, WEIGHT, "weight", "items", "dd44ee55ff66")
    torn = project.driftguard("doctor", "--live", url)
    assert f"shop.db is stamped {COLOUR}" in torn.out
    assert f"{WEIGHT} follows dd44ee55ff66, which no revision file here has" in torn.out
