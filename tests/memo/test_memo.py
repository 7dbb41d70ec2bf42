"""The memo behind the hook: what is answered at once, and what a damaged or missing memo does to the answer."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from chosen import chosen
from guarded import Answer as Told
from guarded import Guarded
from hooked import COLOUR, column, hooked, readme, revision

from driftguard.memo.guess import guessed, learn
from driftguard.memo.record import Answer, Around, Live, Record, Staged, dump, load
from driftguard.memo.shelf import MOST, Shelf

SLOW = {
    "argparse",
    "click",
    "dataclasses",
    "enum",
    "json",
    "pathlib",
    "re",
    "rich",
    "sqlalchemy",
    "subprocess",
    "typing",
}
PROGRAM = """
import sys
import time
sys.path.insert(0, sys.argv[1])
from driftguard.hook import main
main(["pre-commit"])
print(*sys.modules)
"""
CLEAN = Told(0, "", "")
EMPTY = Record(
    "maker", Staged((), (), b"", (), ()), Around((), (), ((), False, b"")), Live((), ()), Answer(0, "plain", "coloured")
)


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """A project with hooks whose last verdict, a clean one, is remembered."""
    project = hooked(tmp_path / "shop")
    project.alembic("upgrade", "head")
    assert hook(project) == CLEAN
    assert len(records(project)) == 1
    return project


def hook(project: Guarded, **environ: str) -> Told:
    return Guarded(project.root, {**project.environ, **environ}).run(".git/hooks/pre-commit")


def records(project: Guarded) -> list[Path]:
    return sorted((project.root / ".git/driftguard/memo").glob("*"))


@pytest.fixture
def git_log(shop: Guarded, tmp_path: Path) -> Path:
    """Where the git commands of the next hooks are written down, a word each."""
    log, spy = tmp_path / "git.log", tmp_path / "bin" / "git"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec {shutil.which("git")} "$@"\n')
    spy.chmod(0o755)
    shop.environ["PATH"] = f"{spy.parent}:{os.environ['PATH']}"
    hook(shop)  # PATH is among what is remembered where the interpreter was found on it
    log.write_text("")
    return log


def is_remembered(project: Guarded, log: Path) -> bool:
    log.write_text("")
    hook(project)
    return set(log.read_text().split()) in ({"diff-index", "ls-files"}, {"diff-index", "ls-files", "ls-tree"})


def test_an_answer_takes_two_git_commands_and_nothing_slow(shop: Guarded, git_log: Path) -> None:
    assert is_remembered(shop, git_log)
    assert sorted(git_log.read_text().split()) == ["diff-index", "ls-files"]
    imported = shop.must(sys.executable, "-I", "-S", "-c", PROGRAM, Path(__file__).parents[2]).split()
    assert not SLOW & {name.partition(".")[0] for name in imported}
    assert "driftguard.gitcall" not in imported


def another_package(project: Guarded) -> None:
    project.write("other/__init__.py", "")
    project.git("add", "other")


def unstaged_column(project: Guarded) -> None:
    column(project)


def touched(project: Guarded) -> None:
    for path in project.root.rglob("*.py"):
        path.touch()


def committed(project: Guarded) -> None:
    project.commit("next")


def packed(project: Guarded) -> None:
    project.git("gc", "--quiet")


def rows(project: Guarded) -> None:
    with closing(sqlite3.connect(project.root / "shop.db")) as connection:
        connection.execute("INSERT INTO shelves (label) VALUES ('x')")
        connection.commit()


def there_and_back(project: Guarded) -> None:
    project.git("checkout", "--quiet", "-b", "other")
    column(project)
    project.commit("other")
    project.git("checkout", "--quiet", "-")


@pytest.mark.parametrize("step", chosen([readme, unstaged_column, touched, committed, packed, rows, there_and_back], 3))
def test_what_does_not_matter(shop: Guarded, git_log: Path, step: Callable[[Guarded], None]) -> None:
    step(shop)
    assert is_remembered(shop, git_log)


def dropped_by_hand(project: Guarded) -> None:
    with closing(sqlite3.connect(project.root / "shop.db")) as connection:
        connection.execute("ALTER TABLE items DROP COLUMN price")


def staged_column(project: Guarded) -> None:
    column(project)
    project.git("add", "models.py")


def staged_revision(project: Guarded) -> None:
    revision(project)
    project.git("add", "migrations")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        pytest.param(staged_column, "DG201", id="a column"),
        pytest.param(staged_revision, "DG201", id="a revision"),
        pytest.param(dropped_by_hand, "DG301", id="DDL by hand"),
    ],
)
def test_what_matters(shop: Guarded, git_log: Path, step: Callable[[Guarded], None], code: str) -> None:
    step(shop)
    answer = hook(shop)
    assert (answer.code, code in answer.out) == (1, True), answer


def test_what_was_found_is_remembered_as_well(shop: Guarded, git_log: Path) -> None:
    staged_column(shop)
    first = hook(shop)
    assert is_remembered(shop, git_log)
    assert hook(shop) == first
    assert "\x1b[" in hook(shop, FORCE_COLOR="1").out
    assert first.code == 1 and "\x1b[" not in first.out


def test_live_there_and_back_is_remembered_both_times(shop: Guarded, git_log: Path) -> None:
    dropped_by_hand(shop)
    first = hook(shop)
    assert "[DG301]" in first.out
    assert is_remembered(shop, git_log)
    assert hook(shop) == first
    with closing(sqlite3.connect(shop.root / "shop.db")) as connection:
        connection.execute("ALTER TABLE items ADD COLUMN price NUMERIC(8, 2)")
    assert hook(shop).code == 0
    dropped_by_hand(shop)
    assert is_remembered(shop, git_log)
    assert hook(shop) == first


def test_a_live_database_that_is_away_is_not_tried_by_each_hook(shop: Guarded, git_log: Path) -> None:
    shop.environ["SHOP_DATABASE"] = "postgresql+psycopg://nobody@127.0.0.1:1/shop"
    first = hook(shop)
    assert (first.code, "1 note" in first.out) == (0, True), first
    assert is_remembered(shop, git_log)
    assert hook(shop) == first


def test_a_revision_that_is_nowhere_here_is_not_remembered(shop: Guarded, git_log: Path) -> None:
    with closing(sqlite3.connect(shop.root / "shop.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'feedbeef'")
        connection.commit()
    assert "[DG303]" in hook(shop).out
    assert not is_remembered(shop, git_log)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", chosen([truncated, flipped, emptied, replaced_by_a_folder], 2))
def test_a_damaged_record_is_computed_again(shop: Guarded, damage: Callable[[Path], None]) -> None:
    damage(records(shop)[0])
    staged_column(shop)
    assert hook(shop).code == 1
    shop.git("reset", "--quiet", "--hard")
    assert hook(shop) == CLEAN


def blocked_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


def full(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("/dev/full")


@pytest.mark.parametrize("obstacle", [blocked_by_a_file, full])
def test_where_nothing_can_be_kept_the_answer_is_the_same(shop: Guarded, obstacle: Callable[[Path], None]) -> None:
    obstacle(shop.root / ".git/driftguard")
    assert hook(shop) == CLEAN
    staged_column(shop)
    assert hook(shop).code == 1


def test_a_disk_that_is_full_leaves_no_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(was: str, now: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    assert not Shelf(str(tmp_path)).put(EMPTY)
    assert not list((tmp_path / "memo").iterdir())


def test_hooks_of_several_work_trees_at_once(shop: Guarded) -> None:
    trees = []
    for number in range(4):
        root = shop.root.parent / f"tree {number}"
        shop.git("worktree", "add", "--quiet", "-b", f"b{number}", str(root))
        tree = Guarded(root, shop.environ)
        if number % 2:
            column(tree)
            tree.git("add", "--all")
        trees.append(tree)
    command = shop.root / ".git/hooks/pre-commit"
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            codes = list(pool.map(lambda tree: tree.run(command).code, trees + trees))
            assert codes == [0, 1, 0, 1] * 2


def test_a_commit_of_one_file_is_asked_about_its_own_index(shop: Guarded) -> None:
    column(shop)
    readme(shop)
    shop.git("commit", "--quiet", "-m", "the readme alone", "README")
    refused = shop.run("git", "commit", "--quiet", "-m", "the models", "models.py")
    assert (refused.code, "DG201" in refused.out + refused.err) == (1, True)
    revision(shop)
    shop.git("add", "migrations")
    assert shop.run("git", "commit", "--quiet", "-a", "-m", "both").code == 0
    assert COLOUR in shop.git("ls-files")


def test_records_go_both_ways() -> None:
    content = dump(EMPTY)
    again = load(content)
    assert again is not None and dump(again) == content
    assert all(load(content[:end]) is None for end in range(len(content)))


def test_only_the_newest_stay(tmp_path: Path) -> None:
    shelf = Shelf(str(tmp_path))
    for number in range(MOST + 5):
        record = Record(str(number), EMPTY.staged, EMPTY.around, EMPTY.live, EMPTY.answer)
        assert shelf.put(record)
        [file] = [path for path, kept in shelf.records() if kept.maker == str(number)]
        os.utime(file, (number, number))
    assert {record.maker for _, record in shelf.records()} == {str(number) for number in range(5, MOST + 5)}


READS_A_FILE = '''"""From a file."""

import os
from pathlib import Path

from alembic import op

revision = "5d1b7c33aa90"
down_revision = "3f2a8c01b7de"


def upgrade():
    op.execute((Path(__file__).parents[1] / "notes.sql").read_text())
    if "NOTES" in os.environ:
        op.execute(os.environ["NOTES"])


def downgrade():
    pass
'''


@pytest.mark.parametrize(
    "edit",
    chosen(
        [
            pytest.param(
                lambda shop: shop.write("migrations/notes.sql", "CREATE TABLE notes (id INTEGER)"), id="a file"
            ),
            pytest.param(lambda shop: shop.environ.update(NOTES="CREATE TABLE notes (id INTEGER)"), id="a variable"),
        ],
        2,
    ),
)
def test_what_a_revision_read_matters_when_its_replay_was_remembered(
    shop: Guarded, git_log: Path, edit: Callable[[Guarded], None]
) -> None:
    shop.write("migrations/versions/5d1b7c33aa90_notes.py", READS_A_FILE)
    shop.write("migrations/notes.sql", "SELECT 1")
    shop.alembic("upgrade", "head")
    shop.commit("notes")
    time.sleep(0.05)  # what has just been written is never kept
    assert hook(shop) == CLEAN
    shop.write("models.py", (shop.root / "models.py").read_text() + "# a word\n")
    shop.git("add", "models.py")
    assert hook(shop) == CLEAN
    assert is_remembered(shop, git_log)
    edit(shop)
    shop.git("add", "migrations")
    assert "notes" in hook(shop).out


def test_the_interpreter_is_known_to_the_next_check_without_any_hook(tmp_path: Path) -> None:
    folder = str(tmp_path / "driftguard")
    assert guessed(folder) == ""
    learn(folder, "/usr/bin/python3")
    assert guessed(folder) == "/usr/bin/python3"
    assert (tmp_path / "driftguard").stat().st_mode & 0o777 == 0o700
