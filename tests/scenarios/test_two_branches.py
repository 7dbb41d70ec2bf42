"""From one base two branches each add a revision: told before they are pushed, in CI, at the merge and after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from guarded import Guarded
from hooked import HEAD, LEFT, RIGHT, add_column, add_merge, add_revision, branch, plain, silently, told, two_branches

BEGIN = f"migrations/versions/{HEAD}_begin.py"
Step = Callable[[Guarded], None]


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """A clone with hooks and the branches left and right, and the server that it came from."""
    origin = plain(tmp_path / "origin")
    origin.git("config", "receive.denyCurrentBranch", "ignore")
    origin.git("clone", "--quiet", f"file://{origin.root}", str(tmp_path / "shop"))
    project = Guarded(tmp_path / "shop", {**origin.environ})
    project.driftguard("install")
    two_branches(project)
    return project


def graph(project: Guarded, *arguments: str) -> set[tuple[str, str]]:
    return project.check("--select", "DG1", *arguments).told


def merged_elsewhere(project: Guarded, name: str) -> None:
    """Somebody's pull request was merged on the server."""
    silently(project, "push", "--quiet", "origin", f"{name}:main")
    project.git("fetch", "--quiet")


def test_each_is_clean_until_the_other_one_is_merged(shop: Guarded) -> None:
    for name in (LEFT.name, RIGHT.name):
        silently(shop, "checkout", "--quiet", name)
        assert shop.check("--live", "off").codes == []
        assert shop.run("git", "push", "--quiet", "origin", name).code == 0

    merged_elsewhere(shop, RIGHT.name)

    assert graph(shop) == set()
    silently(shop, "checkout", "--quiet", LEFT.name)
    heads = f"{LEFT.revision}, {RIGHT.revision}"
    assert graph(shop) == {("DG102", heads)}
    assert graph(shop, "--staged") == {("DG102", heads)}
    assert graph(shop, "--ref", LEFT.name) == {("DG102", heads)}
    assert graph(shop, "--merged-with", "origin/main") == {("DG101", heads)}
    shop.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", "more")
    refused = shop.run("git", "push", "origin", LEFT.name)
    assert (refused.code, told(refused)) == (1, {"DG102"})
    assert "git merge origin/main" in refused.out


def test_the_merge_is_refused_and_then_mended(shop: Guarded) -> None:
    merged_elsewhere(shop, RIGHT.name)
    silently(shop, "checkout", "--quiet", LEFT.name)

    refused = shop.run("git", "merge", "origin/main")
    assert refused.code == 1
    assert "DG101" in told(refused)

    shop.git("add", add_merge(shop, "77aa90b1c2d3", LEFT.revision, RIGHT.revision))
    assert shop.run("git", "commit", "--quiet", "-m", "merge").code == 0
    assert graph(shop) == set()
    assert shop.check("--live", "off", "--merged-with", "origin/main").codes == []
    assert shop.run("git", "push", "--quiet", "origin", LEFT.name).code == 0


def edited(project: Guarded) -> None:
    project.replace(BEGIN, "sa.String(20)", "sa.String(30)")


def commented(project: Guarded) -> None:
    project.replace(BEGIN, "def upgrade():\n", "def upgrade():\n    # at last\n")


def renamed(project: Guarded) -> None:
    project.git("mv", BEGIN, f"migrations/versions/{HEAD}_start.py")


def slid_below(project: Guarded) -> None:
    project.replace(add_revision(project, "66ab54c0e1f2", "size"), f"Revises: {HEAD}", "Revises:")
    project.replace("migrations/versions/66ab54c0e1f2_size.py", f"down_revision = '{HEAD}'", "down_revision = None")
    project.replace(BEGIN, "down_revision = None", 'down_revision = "66ab54c0e1f2"')


def deleted(project: Guarded) -> None:
    (project.root / BEGIN).unlink()


def hand_typed(project: Guarded) -> None:
    add_revision(project, "a1b2c3d4e5f6", "size")


def stale(project: Guarded) -> None:
    project.replace(add_revision(project, "66ab54c0e1f2", "size"), f"Revises: {HEAD}", "Revises: 9c2e5d1f0c3a")


def second_heads(project: Guarded) -> None:
    add_revision(project, "66ab54c0e1f2", "size")
    add_revision(project, "77bc65d1f203", "size")


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        pytest.param(commented, set(), id="a comment"),
        pytest.param(renamed, set(), id="another file name"),
        pytest.param(edited, {("DG106", HEAD)}, id="edited"),
        pytest.param(slid_below, {("DG107", HEAD), ("DG109", "66ab54c0e1f2")}, id="something slid below"),
        pytest.param(deleted, {("DG108", HEAD)}, id="deleted"),
        pytest.param(hand_typed, {("DG114", "a1b2c3d4e5f6")}, id="an id that was typed"),
        pytest.param(stale, {("DG113", "66ab54c0e1f2")}, id="a docstring that says another parent"),
        pytest.param(
            second_heads,
            {("DG101", "66ab54c0e1f2, 77bc65d1f203"), ("DG111", "shelves.size")},
            id="two heads of its own",
        ),
    ],
)
def test_what_a_branch_does_to_shared_revisions(shop: Guarded, step: Step, codes: set[tuple[str, str]]) -> None:
    silently(shop, "checkout", "--quiet", "-b", "mine", "main")
    step(shop)
    assert graph(shop) == codes
    shop.git("add", "--all")
    assert graph(shop, "--staged") == codes
    silently(shop, "commit", "--quiet", "-m", "mine")
    assert graph(shop) == graph(shop, "--ref", "mine") == codes
    shop.git("fetch", "--quiet")
    if any(code in ("DG106", "DG107", "DG108") for code, _ in codes):
        assert told(shop.run("git", "push", "origin", "mine")) >= {code for code, _ in codes}
    silently(shop, "push", "--quiet", "origin", "mine:main")
    shop.git("fetch", "--quiet")
    assert {code for code, _ in graph(shop)} <= {"DG101", "DG111"}  # what everybody has is nobody's doing any more


def test_a_squash_merge_leaves_nothing_behind(shop: Guarded) -> None:
    silently(shop, "merge", "--quiet", "--squash", LEFT.name)
    shop.commit("add colour (#7)")
    silently(shop, "push", "--quiet", "origin", "main")
    silently(shop, "checkout", "--quiet", LEFT.name)
    assert graph(shop) == set()


def test_a_cherry_pick_is_the_same_revision(shop: Guarded) -> None:
    silently(shop, "cherry-pick", LEFT.name)
    silently(shop, "push", "--quiet", "origin", "main")
    silently(shop, "checkout", "--quiet", LEFT.name)
    add_column(shop, "size")
    add_revision(shop, "66ab54c0e1f2", "size", down=LEFT.revision)
    assert graph(shop) == set()


def test_a_revert_of_a_merge_takes_a_shared_revision_away(shop: Guarded) -> None:
    merged_elsewhere(shop, RIGHT.name)
    silently(shop, "checkout", "--quiet", "-b", "mine", "origin/main")
    silently(shop, "revert", "--no-edit", "HEAD")
    assert graph(shop) == {("DG108", RIGHT.revision)}


def test_an_octopus_merge(shop: Guarded) -> None:
    branch(shop, "third", "66ab54c0e1f2", "size", "shelves")
    silently(shop, "checkout", "--quiet", "-b", "all", "main")
    shop.replace("models.py", "import", "import")
    answer = shop.run("git", "-c", "core.hooksPath=/nowhere", "merge", "--quiet", LEFT.name, RIGHT.name, "-m", "both")
    assert answer.code == 0, answer.err
    assert graph(shop) == {("DG101", f"{LEFT.revision}, {RIGHT.revision}")}
    merged_elsewhere(shop, "third")
    assert graph(shop) == {("DG101", f"{LEFT.revision}, {RIGHT.revision}")}


def test_what_cannot_be_merged_by_git_is_a_note(shop: Guarded) -> None:
    merged_elsewhere(shop, LEFT.name)
    silently(shop, "checkout", "--quiet", "-b", "mine", "main")
    path = f"migrations/versions/{LEFT.revision}_colour.py"
    shop.write(path, f'revision = "{LEFT.revision}"\ndown_revision = "{HEAD}"\n\n\ndef upgrade():\n    pass\n')
    shop.commit("the same file")
    checked = shop.check("--select", "DG1")
    assert ("DG102", LEFT.revision) not in checked.told
    assert any("git cannot merge" in note and path in note for note in checked.report["notes"])
    refused = shop.driftguard("check", "--merged-with", "origin/main")
    assert refused.code == 2
    assert path in refused.err


def test_a_linked_worktree_and_a_detached_head(shop: Guarded, tmp_path: Path) -> None:
    merged_elsewhere(shop, RIGHT.name)
    shop.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"), LEFT.name)
    other = Guarded(tmp_path / "other", shop.environ)
    assert graph(other) == {("DG102", f"{LEFT.revision}, {RIGHT.revision}")}


def test_a_submodule_has_a_base_of_its_own(shop: Guarded, tmp_path: Path) -> None:
    around = Guarded(tmp_path / "around", shop.environ)
    around.root.mkdir()
    around.git("init", "--quiet", "--initial-branch=main")
    origin = tmp_path / "origin"
    around.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", f"file://{origin}", "shop")
    around.commit("a submodule")
    inside = Guarded(around.root / "shop", shop.environ)
    inside.git("checkout", "--quiet", "-b", "mine")
    edited(inside)
    assert graph(inside) == {("DG106", HEAD)}


def test_a_partial_clone(shop: Guarded, tmp_path: Path) -> None:
    origin = Guarded(tmp_path / "origin", shop.environ)
    origin.git("config", "uploadpack.allowFilter", "true")
    silently(shop, "push", "--quiet", "origin", LEFT.name)
    merged_elsewhere(shop, RIGHT.name)
    partial = Guarded(tmp_path / "partial", shop.environ)
    origin.git(
        "clone", "--quiet", "--filter=blob:none", f"--branch={LEFT.name}", f"file://{origin.root}", str(partial.root)
    )
    assert graph(partial) == {("DG102", f"{LEFT.revision}, {RIGHT.revision}")}
    partial.git("remote", "set-url", "origin", "file:///nowhere")
    [note] = [each for each in partial.check("--select", "DG1").report["notes"] if "base branch" in each]
    assert note.startswith("not compared with the base branch: ")


def test_no_project_code_runs_for_the_graph_alone(shop: Guarded) -> None:
    merged_elsewhere(shop, RIGHT.name)
    silently(shop, "checkout", "--quiet", LEFT.name)
    for path in ("models.py", "migrations/env.py"):
        shop.write(path, "import pathlib\n\npathlib.Path('it-ran').touch()\n")
    shop.write("migrations/versions/x.py", "open('it-ran', 'w')\nrevision = str(1)\ndown_revision = None\n")
    shop.git("add", "--all")
    assert {code for code, _ in graph(shop)} == {"DG112"}
    assert {code for code, _ in graph(shop, "--staged")} == {"DG112"}
    assert shop.driftguard("graph").code == 0
    assert not (shop.root / "it-ran").exists()


@pytest.mark.parametrize(
    ("joined", "allowed", "codes"),
    [
        pytest.param(False, False, {"DG101", "DG306"}, id="both sides were run"),
        pytest.param(True, False, {"DG302"}, id="a merge joins them, and is pending"),
        pytest.param(False, True, set(), id="one is meant to stay apart"),
    ],
)
def test_a_database_that_ran_both_sides(shop: Guarded, joined: bool, allowed: bool, codes: set[str]) -> None:
    for name in (LEFT.name, RIGHT.name):
        silently(shop, "merge", "--quiet", "--no-edit", name)
    shop.alembic("upgrade", "heads")
    if joined:
        add_merge(shop, "77aa90b1c2d3", LEFT.revision, RIGHT.revision)
    if allowed:
        shop.write("driftguard.toml", f'heads = ["{LEFT.revision}"]\n')
    assert {code for code, _ in shop.check().told} == codes


def test_only_what_a_branch_adds_fails_it(shop: Guarded) -> None:
    silently(shop, "checkout", "--quiet", "main")
    add_column(shop, "old")
    shop.commit("a column without a revision")
    shop.git("push", "--quiet", "--no-verify", "origin", "main")
    silently(shop, "checkout", "--quiet", "-b", "mine")
    assert shop.check("--live", "off").code == 1

    known = shop.check("--live", "off", "--base", "origin/main")
    assert (known.code, [(each["subject"], each["severity"], each["known"]) for each in known.report["findings"]]) == (
        0,
        [("shelves.old", "note", True)],
    )
    assert known.report["states"]["models"] == "off"
    add_column(shop, "new", "items")
    both = shop.check("--live", "off", "--base", "origin/main")
    assert both.code == 1
    assert {each["subject"]: each["severity"] for each in both.report["findings"]} == {
        "shelves.old": "note",
        "items.new": "error",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--base", "nowhere"), "git knows no commit called 'nowhere'", id="an unknown base"),
        pytest.param(("--merged-with", "nowhere"), "git knows no commit called 'nowhere'", id="an unknown branch"),
        pytest.param(("--ref", "main", "--merged-with", "left"), "exclude each other", id="two trees"),
    ],
)
def test_what_cannot_be_done(shop: Guarded, arguments: tuple[str, ...], said: str) -> None:
    answer = shop.driftguard("check", *arguments)
    assert (answer.code, said in answer.err) == (2, True), answer.err
