"""The picture that `driftguard graph` remembers: what it outlives, what it does not, and that it never lies."""

from __future__ import annotations

import marshal
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from guarded import Guarded
from hooked import HEAD, add_revision, plain

from driftguard.commands.graph import graph
from driftguard.memo import picture
from driftguard.memo.picture import begin, remembered
from driftguard.memo.record import digest

SLOW = {"click", "contextlib", "dataclasses", "enum", "pathlib", "re", "rich", "signal", "subprocess", "typing"}
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from driftguard.__main__ import main
code = main(["graph"])
print(code, *sys.modules)
"""
BEGIN = f"migrations/versions/{HEAD}_begin.py"
INI = "[alembic]\nscript_location = %(here)s/migrations\n"
MOST_TRIES = 200

Step = Callable[[Guarded], None]
Draw = Callable[[], str]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """A project in the current folder, with a virtual environment and a link in it."""
    project = plain(tmp_path / "shop")
    project.write("env/pyvenv.cfg", "")
    project.write("env/sample/alembic.ini", INI)
    project.write("env/sample/migrations/env.py", "")
    project.write("env/sample/migrations/versions/one.py", 'revision = "one"\ndown_revision = None\n')
    project.write("node_modules/readme", "")
    project.write("docs/readme", "")
    (tmp_path / "elsewhere").write_text("")
    (project.root / "docs/link").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(project.root)
    return project


@pytest.fixture
def draw(capsys: pytest.CaptureFixture[str]) -> Draw:
    """The picture of the current folder, computed."""

    def drawn() -> str:
        capsys.readouterr()
        assert graph(start=Path.cwd()) == 0
        return capsys.readouterr().out

    return drawn


def warm(draw: Draw) -> str:
    """The picture, remembered as soon as nothing of it is too new."""
    for _ in range(MOST_TRIES):
        computed = draw()
        if remembered(["graph"]) is not None:
            assert remembered(["graph"]) == computed
            return computed
    raise AssertionError("it is never remembered")


def pictures(project: Guarded) -> list[Path]:
    return sorted((project.root / ".git/driftguard/pictures").glob("*"))


def nothing(project: Guarded) -> None:
    pass


def committed(project: Guarded) -> None:
    project.commit("next")


def there_and_gone(project: Guarded) -> None:
    project.write("shop.db-journal", "")
    (project.root / "shop.db-journal").unlink()


def replaced(project: Guarded) -> None:
    project.write("draft", "class Other: ...\n")
    (project.root / "draft").replace(project.root / "models.py")


def unread(project: Guarded) -> None:
    project.write("models.py", "")


def compiled(project: Guarded) -> None:
    project.write("migrations/versions/__pycache__/begin.pyc", "")


def installed(project: Guarded) -> None:
    project.write("node_modules/alembic.ini", INI)
    project.write("env/alembic.ini", INI)


def another_window(project: Guarded) -> None:
    os.environ["WINDOWID"] = "7"


@pytest.mark.parametrize(
    "step", [nothing, committed, there_and_gone, replaced, unread, compiled, installed, another_window]
)
def test_what_does_not_matter(shop: Guarded, draw: Draw, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    monkeypatch.delenv("WINDOWID", raising=False)
    was = warm(draw)
    step(shop)
    assert remembered(["graph"]) == was
    assert draw() == was


def new_revision(project: Guarded) -> None:
    add_revision(project, "7bd0e1f6a934", "colour")


def new_head(project: Guarded) -> None:
    add_revision(project, "7bd0e1f6a934", "colour", down="gone")


def edited_and_made_old(project: Guarded) -> None:
    path = project.root / BEGIN
    was = path.stat()
    project.replace(BEGIN, HEAD, HEAD[::-1])
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (was.st_size, was.st_mtime_ns)


def renamed(project: Guarded) -> None:
    (project.root / BEGIN).rename(project.root / "migrations/versions/zzz.py")


def deleted(project: Guarded) -> None:
    (project.root / BEGIN).unlink()


def unreadable(project: Guarded) -> None:
    project.write(BEGIN, "revision = what()\n")


def another_environment(project: Guarded) -> None:
    shutil.copytree(project.root / "migrations", project.root / "other/migrations")
    project.write("other/alembic.ini", INI)


def another_config(project: Guarded) -> None:
    project.write("alembic.ini", "[alembic]\nscript_location = migrations\nversion_locations = elsewhere\n")


def settings(project: Guarded) -> None:
    project.write("driftguard.toml", '[environments.renamed]\nscript_location = "migrations"\n')


def no_virtual_environment(project: Guarded) -> None:
    (project.root / "env/pyvenv.cfg").unlink()


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(new_revision, id="a revision"),
        pytest.param(new_head, id="a head"),
        pytest.param(edited_and_made_old, id="a revision of the same size and age"),
        pytest.param(renamed, id="a revision under another name"),
        pytest.param(deleted, id="a revision less"),
        pytest.param(unreadable, id="a revision that cannot be read"),
        pytest.param(another_environment, id="an environment"),
        pytest.param(another_config, id="alembic.ini"),
        pytest.param(settings, id="settings"),
        pytest.param(no_virtual_environment, id="what was a virtual environment"),
    ],
)
def test_what_changes_the_picture(shop: Guarded, draw: Draw, step: Step) -> None:
    was = warm(draw)
    step(shop)
    assert remembered(["graph"]) is None
    assert warm(draw) != was or step is renamed


def touched(project: Guarded) -> None:
    (project.root / BEGIN).touch()


def other_mode(project: Guarded) -> None:
    (project.root / BEGIN).chmod(0o600)


def excluded(project: Guarded) -> None:
    project.write("driftguard.toml", 'exclude = ["docs"]\n')


def new_file(project: Guarded) -> None:
    project.write("docs/more", "")


def other_kind(project: Guarded) -> None:
    (project.root / "docs/readme").unlink()
    (project.root / "docs/readme").mkdir()


def dangling(project: Guarded) -> None:
    (project.root.parent / "elsewhere").unlink()


def checked_out(project: Guarded) -> None:
    project.git("checkout", "--quiet", "-b", "other")


def configured(project: Guarded) -> None:
    project.git("config", "core.bare", "false")


def variable(project: Guarded) -> None:
    os.environ["FLASK_APP"] = "shop"


def other_git_folder(project: Guarded) -> None:
    os.environ["GIT_DIR"] = str(project.root / ".git")


def unborn(project: Guarded) -> None:
    shutil.rmtree(project.root / ".git/refs")


def moved(project: Guarded) -> None:
    project.root.rename(project.root.parent / "moved")
    shutil.copytree(project.root.parent / "moved", project.root, symlinks=True)
    os.chdir(project.root)


@pytest.mark.parametrize(
    "step",
    [
        *(touched, other_mode, excluded, new_file, other_kind, dangling, checked_out, configured, variable),
        *(other_git_folder, unborn, moved),
    ],
)
def test_what_could_change_it(shop: Guarded, draw: Draw, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    for name in ("FLASK_APP", "GIT_DIR"):
        monkeypatch.delenv(name, raising=False)
    was = warm(draw)
    step(shop)
    try:
        assert remembered(["graph"]) is None
        assert draw() == was
    finally:
        for name in ("FLASK_APP", "GIT_DIR"):
            os.environ.pop(name, None)


def test_another_driftguard_draws_anew(
    shop: Guarded, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "lanes.py"
    module.write_text("")
    monkeypatch.setattr(picture, "_own_modules", lambda: iter([str(module)]))
    was = warm(draw)
    module.write_text("other")
    assert remembered(["graph"]) is None
    assert warm(draw) == was
    monkeypatch.setattr(picture, "__version__", "99")
    assert remembered(["graph"]) is None


def test_what_changes_meanwhile_is_not_kept(shop: Guarded, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    warm(draw)
    files, folders = (shop.root / BEGIN, shop.root / "gone"), (shop.root / "migrations", shop.root / "docs")
    for path in (*files, *folders):
        look = begin(str(shop.root), (), dict(os.environ))
        assert look is not None
        (look.notes.file if path in files else look.notes.folder)(str(path))
        if path in folders:
            path = path / "new"
        path.write_bytes(path.read_bytes() if path.exists() else b"")
        assert not look.keep("a lie")
    monkeypatch.setattr(picture, "SLACK", 10**18)
    look = begin(str(shop.root), (), dict(os.environ))
    assert look is not None
    look.notes.file(str(shop.root / "alembic.ini"))
    assert not look.keep("too new")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    content = marshal.dumps((picture.FORMAT, "a lie", (1,), (2,), (3,)))
    path.write_bytes(digest(content) + content)


def later(path: Path) -> None:
    content = marshal.dumps((picture.FORMAT + 1, "a lie", (), (), ()))
    path.write_bytes(digest(content) + content)


def no_marshal(path: Path) -> None:
    path.write_bytes(digest(b"?") + b"?")


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [truncated, flipped, emptied, foreign, later, no_marshal, replaced_by_a_folder])
def test_a_damaged_picture_is_drawn_again(shop: Guarded, draw: Draw, damage: Callable[[Path], None]) -> None:
    was = warm(draw)
    [path] = pictures(shop)
    damage(path)
    assert remembered(["graph"]) is None
    assert draw() == was
    assert path.is_dir() or remembered(["graph"]) == was


@pytest.mark.parametrize("folder", ["driftguard", "driftguard/pictures"])
def test_where_nothing_can_be_kept_the_picture_is_the_same(shop: Guarded, draw: Draw, folder: str) -> None:
    was = warm(draw)
    shutil.rmtree(shop.root / ".git" / folder)
    (shop.root / ".git" / folder).write_text("")
    assert remembered(["graph"]) is None
    assert draw() == was


def test_only_few_are_kept(shop: Guarded, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(picture.MOST + 2):
        monkeypatch.setenv("SHELL_NUMBER", str(number))
        warm(draw)
    assert len(pictures(shop)) == picture.MOST


def test_without_git_nothing_is_kept(tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    project = plain(tmp_path / "shop")
    shutil.rmtree(project.root / ".git")
    monkeypatch.chdir(project.root)
    before = sorted(project.root.rglob("*"))
    draw()
    assert remembered(["graph"]) is None
    assert sorted(project.root.rglob("*")) == before


def test_from_inside_and_in_linked_work_trees(shop: Guarded, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.root / "migrations/versions")
    inside = warm(draw)
    tree = shop.root.parent / "tree"
    shop.git("worktree", "add", "--quiet", "-b", "other", str(tree))
    monkeypatch.chdir(tree)
    assert warm(draw) == inside
    add_revision(Guarded(tree, shop.environ), "7bd0e1f6a934", "colour")
    assert remembered(["graph"]) is None
    monkeypatch.chdir(shop.root / "migrations/versions")
    assert remembered(["graph"]) == inside
    shop.git("init", "--quiet", str(shop.root / "migrations"))
    assert remembered(["graph"]) is None


def test_environments_and_other_options(shop: Guarded, draw: Draw) -> None:
    warm(draw)
    another_environment(shop)
    both = warm(draw)
    for _ in range(MOST_TRIES):
        graph(start=shop.root, environments=("other/migrations",))
        if one := remembered(["graph", "-e", "other/migrations"]):
            break
    assert one and one in both and one != both
    assert remembered(["graph", "--environment", "other/migrations"]) == one
    for words in (
        "--ref HEAD",
        "--ref=HEAD",
        "-e",
        "--help",
        "-eother/migrations",
        "-e migrations",
        "-e other/migrations -e migrations",
    ):
        assert remembered(["graph", *words.split()]) is None


def test_errors_are_told_again(shop: Guarded, draw: Draw) -> None:
    was = warm(draw)
    (shop.root / "alembic.ini").rename(shop.root / "away")
    for _ in range(2):
        assert "no Alembic environment" in shop.driftguard("graph").err
    (shop.root / "away").rename(shop.root / "alembic.ini")
    assert draw() == was


def test_a_picture_takes_nothing_slow(shop: Guarded) -> None:
    program = (sys.executable, "-I", "-S", "-c", PROGRAM, Path(__file__).parents[2])
    for _ in range(MOST_TRIES):
        shop.driftguard("graph")
        picture, _, last = shop.must(*program).rstrip().rpartition("\n")
        code, *imported = last.split()
        if not (slow := SLOW & {name.partition(".")[0] for name in imported}):
            break
    assert not slow
    assert (int(code), f"{picture}\n") == shop.driftguard("graph")[:2]


def test_output_that_fails_fails_alike(shop: Guarded) -> None:
    command = f"{shlex.quote(sys.executable)} -m driftguard graph"
    for _ in range(3):
        full = shop.run("sh", "-c", f"{command} > /dev/full")
        assert (full.code, "No space left" in full.err) == (2, True), full
        assert shop.run("sh", "-c", f"{command} >&-").code == 0
