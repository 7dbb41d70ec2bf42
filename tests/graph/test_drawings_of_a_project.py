"""`driftguard graph` in a real project: what is new, where databases stand, files, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from guarded import Guarded
from hooked import COLOUR, HEAD, LEFT, RIGHT, add_revision, plain, two_branches

from driftguard.commands.graph import graph
from driftguard.memo.picture import remembered

MOST_TRIES = 200
ELSE = "99aa00bb11cc"

Step = Callable[[Guarded], None]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """A project on the branch ``feature`` with one more revision; its env.py cannot be run."""
    project = plain(tmp_path / "shop")
    project.write("migrations/env.py", "raise SystemExit('it was run')\n")
    project.commit("break env.py")
    project.git("checkout", "--quiet", "-b", "feature")
    add_revision(project, COLOUR, "colour")
    project.commit("add colour")
    monkeypatch.chdir(project.root)
    return project


def drawn(project: Guarded, *arguments: str) -> list[str]:
    """Lines of the picture, without the name of the environment."""
    answer = project.driftguard("graph", *arguments)
    assert (answer.code, answer.err) == (0, "")
    return answer.out.splitlines()[1:]


def test_what_only_this_branch_has_is_new(shop: Guarded) -> None:
    assert drawn(shop) == [f"* {COLOUR} (new, head) colour", f"* {HEAD} (base) begin", "new: not in main"]
    assert drawn(shop, "--ref", "feature") == drawn(shop)


def test_a_bare_repository(shop: Guarded, tmp_path: Path) -> None:
    shop.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    bare = Guarded(tmp_path / "bare", shop.environ)
    bare.git("symbolic-ref", "HEAD", "refs/heads/feature")
    assert drawn(bare, "--ref", "feature") == drawn(shop)


def test_a_clone_without_its_history(shop: Guarded, tmp_path: Path) -> None:
    shop.git("checkout", "--quiet", "main")
    shop.commit("go on")
    shop.git(
        "clone",
        "--quiet",
        "--depth=1",
        "--no-single-branch",
        "-b",
        "feature",
        f"file://{shop.root}",
        str(tmp_path / "c"),
    )
    [*picture, note] = drawn(Guarded(tmp_path / "c", shop.environ))
    assert note.startswith("? what is new is not known: this clone's history ends before the commit that it shares")
    assert len(picture) == 2


def on_main(project: Guarded) -> None:
    project.git("checkout", "--quiet", "main")


def merged(project: Guarded) -> None:
    project.git("branch", "--force", "main", "feature")


def detached_at_main(project: Guarded) -> None:
    project.git("checkout", "--quiet", "--detach", "main")


def without_git(project: Guarded) -> None:
    (project.root / ".git").rename(project.root / "was.git")


@pytest.mark.parametrize("step", [on_main, merged, detached_at_main, without_git])
def test_where_nothing_is_new(shop: Guarded, step: Step) -> None:
    step(shop)
    assert "new" not in "\n".join(drawn(shop))


def changed(project: Guarded) -> None:
    """A revision of both branches that is not the same in them."""
    [path] = (project.root / "migrations/versions").glob(f"{HEAD}*")
    path.write_text(path.read_text() + "# more\n")


def renamed(project: Guarded) -> None:
    [path] = (project.root / "migrations/versions").glob(f"{HEAD}*")
    path.rename(path.with_name("another_name.py"))


@pytest.mark.parametrize("step", [changed, renamed])
def test_a_revision_is_known_by_its_id(shop: Guarded, step: Step) -> None:
    step(shop)
    assert drawn(shop)[:2] == [f"* {COLOUR} (new, head) colour", f"* {HEAD} (base) begin"]


def test_an_id_that_changed_is_new(shop: Guarded) -> None:
    [path] = (shop.root / "migrations/versions").glob(f"{HEAD}*")
    path.write_text(path.read_text().replace(HEAD, ELSE))
    assert f"* {ELSE} (new, head, base) begin" in drawn(shop)
    assert f"? main has 1 more: {HEAD}" in drawn(shop)


def test_what_the_base_has_more_is_told(tmp_path: Path) -> None:
    project = plain(tmp_path / "shop")
    two_branches(project)
    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", LEFT.name)
    project.git("checkout", "--quiet", RIGHT.name)
    assert f"? main has 1 more: {LEFT.revision}" in drawn(project)


def test_the_base_of_the_settings(shop: Guarded) -> None:
    shop.git("branch", "release", "feature")
    shop.write("driftguard.toml", 'base = "release"\n')
    assert "new" not in "\n".join(drawn(shop))
    shop.write("driftguard.toml", 'base = "nowhere"\n')
    [*picture, note] = drawn(shop)
    assert note == "? what is new is not known: git knows no commit called 'nowhere'"
    assert len(picture) == 2


def test_where_databases_stand(shop: Guarded) -> None:
    marks = ("--mark", f"prod={HEAD[:6]}", "--mark", f"test={COLOUR}", "--mark", f"a=b={HEAD}", "--mark", "old=0000")
    assert drawn(shop, *marks) == [
        f"* {COLOUR} (new, test stands here, head) colour",
        f"* {HEAD} (prod stands here, base) begin",
        f"? a stands at b={HEAD}, which is in no file here, or in several",
        "? old stands at 0000, which is in no file here, or in several",
        "new: not in main",
    ]


def test_where_live_databases_stand(tmp_path: Path) -> None:
    project = plain(tmp_path / "asked")
    project.alembic("upgrade", "head")
    assert any("shop.db" in line and HEAD in line for line in drawn(project, "--stamps"))
    assert not any("shop.db" in line for line in drawn(project))
    (project.root / "shop.db").unlink()
    answer = project.driftguard("graph", "--stamps")
    assert (answer.code, "shop.db" in answer.out, "there is no such file" in answer.err) == (0, False, True), answer


@pytest.mark.parametrize("word", ["prod", "=abc", "prod="])
def test_what_is_no_mark(shop: Guarded, word: str) -> None:
    answer = shop.driftguard("graph", "--mark", word)
    assert answer.code == 2 and "is not NAME=REVISION" in answer.err


@pytest.mark.parametrize(
    ("arguments", "name", "begins"),
    [
        pytest.param((), "graph.svg", "<svg ", id="svg by its ending"),
        pytest.param((), "graph.HTML", "<!doctype html>", id="html by its ending"),
        pytest.param((), "graph.mmd", "flowchart BT", id="mermaid by its ending"),
        pytest.param((), "graph.dot", "digraph ", id="dot by its ending"),
        pytest.param((), "graph", "migrations\n", id="text otherwise"),
        pytest.param(("--format", "dot"), "graph.svg", "digraph ", id="what was asked for"),
    ],
)
def test_a_file_of_any_format(shop: Guarded, arguments: tuple[str, ...], name: str, begins: str) -> None:
    answer = shop.driftguard("-C", "migrations", "graph", *arguments, "-o", name)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    text = (shop.root / "migrations" / name).read_text()
    assert text.startswith(begins) and text.endswith("\n")
    assert COLOUR in text and "new" in text


def test_a_file_that_cannot_be_written(shop: Guarded) -> None:
    answer = shop.driftguard("graph", "-o", "nowhere/graph.svg")
    assert answer.code == 2 and "nowhere/graph.svg cannot be written: No such file" in answer.err


def test_drawings_go_to_the_output(shop: Guarded) -> None:
    shop.environ["PYTHONIOENCODING"] = "ascii"
    drawing = ElementTree.fromstring(shop.driftguard("graph", "--format", "svg").out)
    assert COLOUR in "".join(drawing.itertext())


def grow(project: Guarded) -> None:
    """So many revisions that some are not shown."""
    down = COLOUR
    for number in range(60):
        add_revision(project, f"{number:012}", "x", down=down)
        down = f"{number:012}"


def test_all_revisions_on_demand(shop: Guarded) -> None:
    grow(shop)
    assert len(drawn(shop)) < 10 < 60 < len(drawn(shop, "--all"))


def warm(project: Guarded, capsys: pytest.CaptureFixture[str]) -> str:
    """The plain picture, as soon as it is remembered; it is what a computed one would be."""
    for _ in range(MOST_TRIES):
        capsys.readouterr()
        graph(start=project.root)
        computed = capsys.readouterr().out
        if (kept := remembered(["graph"])) is not None:
            assert kept == computed
            return computed
    raise AssertionError("it is never remembered")


def merge_base_moves(project: Guarded) -> None:
    project.git("branch", "--force", "main", "feature")


def packed_and_moved(project: Guarded) -> None:
    project.git("branch", "--force", "main", "feature")
    project.git("pack-refs", "--all")


def a_remote_branch(project: Guarded) -> None:
    project.git("update-ref", "refs/remotes/origin/main", "feature")


def another_default(project: Guarded) -> None:
    project.git("update-ref", "refs/remotes/origin/trunk", "feature")
    project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")


def followed(project: Guarded) -> None:
    project.git("branch", "release", "feature")
    project.git("branch", "--set-upstream-to=release")


def setting(project: Guarded) -> None:
    project.git("branch", "release", "feature")
    project.write("driftguard.toml", 'base = "release"\n')


def tagged(project: Guarded) -> None:
    """git prefers a tag to a branch of the same name."""
    project.git("tag", "main", "feature")


def no_base(project: Guarded) -> None:
    project.git("branch", "--quiet", "-D", "main")


STEPS = [merge_base_moves, packed_and_moved, a_remote_branch, another_default, followed, setting, tagged, no_base]


@pytest.mark.parametrize("packed", [False, True], ids=["loose refs", "packed refs"])
@pytest.mark.parametrize("step", STEPS)
def test_another_base_is_another_picture(
    shop: Guarded, capsys: pytest.CaptureFixture[str], step: Step, packed: bool
) -> None:
    if packed:
        shop.git("pack-refs", "--all")
    was = warm(shop, capsys)
    assert "new: not in main" in was
    step(shop)
    assert remembered(["graph"]) is None
    assert "new" not in warm(shop, capsys)


def follows(project: Guarded) -> None:
    project.git("branch", "release", "main")
    project.git("branch", "--set-upstream-to=release")


def follows_a_remote_one(project: Guarded) -> None:
    project.git("config", "remote.fork.url", "nowhere")
    project.git("config", "remote.fork.fetch", "+refs/heads/*:refs/remotes/fork/*")
    project.git("update-ref", "refs/remotes/fork/release", "main")
    project.git("branch", "--set-upstream-to=fork/release")


def follows_one_that_is_gone(project: Guarded) -> None:
    follows_a_remote_one(project)
    project.git("update-ref", "refs/remotes/fork/other", "main")
    project.git("update-ref", "-d", "refs/remotes/fork/release")


def knows_the_default(project: Guarded) -> None:
    project.git("update-ref", "refs/remotes/origin/trunk", "main")
    project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")


@pytest.mark.parametrize(
    ("before", "ref"),
    [
        (follows, "refs/heads/release"),
        (follows_a_remote_one, "refs/remotes/fork/release"),
        (follows_one_that_is_gone, "refs/remotes/fork/release"),
        (knows_the_default, "refs/remotes/origin/trunk"),
    ],
)
def test_a_base_that_moves(shop: Guarded, capsys: pytest.CaptureFixture[str], before: Step, ref: str) -> None:
    before(shop)
    assert "new: not in" in warm(shop, capsys)
    shop.git("update-ref", ref, "feature")
    assert remembered(["graph"]) is None
    assert "new" not in warm(shop, capsys)


def test_the_base_of_the_settings_is_remembered_too(shop: Guarded, capsys: pytest.CaptureFixture[str]) -> None:
    shop.git("branch", "release", "main")
    shop.write("driftguard.toml", 'base = "release"\n')
    assert "new: not in release" in warm(shop, capsys)
    shop.git("branch", "--force", "release", "feature")
    assert remembered(["graph"]) is None


@pytest.mark.parametrize("name", ["feature~1", "nowhere"])
def test_a_base_that_is_no_name_is_not_remembered(shop: Guarded, capsys: pytest.CaptureFixture[str], name: str) -> None:
    shop.write("driftguard.toml", f'base = "{name}"\n')
    for _ in range(MOST_TRIES // 10):
        assert graph(start=shop.root) == 0
    assert remembered(["graph"]) is None
    (shop.root / "driftguard.toml").unlink()
    warm(shop, capsys)


def test_commits_here_do_not_matter(shop: Guarded, capsys: pytest.CaptureFixture[str]) -> None:
    was = warm(shop, capsys)
    shop.commit("next")
    assert remembered(["graph"]) == was


@pytest.mark.parametrize(
    "options",
    [
        {"ref": "main"},
        {"output": "svg"},
        {"places": [("prod", HEAD)]},
        {"every": True},
        {"file": Path("graph.txt")},
    ],
)
def test_options_neither_use_nor_change_what_is_remembered(
    shop: Guarded, capsys: pytest.CaptureFixture[str], options: dict[str, object]
) -> None:
    grow(shop)
    (shop.root / "graph.txt").write_text("")
    was = warm(shop, capsys)
    graph(start=shop.root, **options)  # type: ignore[arg-type]
    assert remembered(["graph"]) == was


@pytest.mark.parametrize(
    "words",
    ["--format svg", "--format=text", "-o graph.txt", f"--mark prod={HEAD}", "--all", "-e migrations --all --ref main"],
)
def test_what_is_remembered_is_only_for_the_plain_call(
    shop: Guarded, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    warm(shop, capsys)
    assert remembered(["graph", *words.split()]) is None
