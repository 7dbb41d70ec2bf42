"""Trees and repositories, on real git."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from driftguard.errors import DriftguardError
from driftguard.git import (
    SMALL_BLOB,
    Changes,
    IndexTree,
    RefTree,
    Repository,
    Tree,
    WorkingTree,
    everything_staged,
    find_repository,
    materialised,
)

NAMES = ("versions/a b.py", "versions/é.py", "versions/new\nline.py", "versions/[x]*.py", "versions/deep/d.py")
ANN = {
    f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in (("NAME", "Ann"), ("EMAIL", "a@b"))
}


def git(folder: Path, *arguments: str, **environ: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **ANN, "GIT_CONFIG_GLOBAL": os.devnull, **environ},
    )
    return done.stdout.strip()


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository in a folder with a space, nothing committed yet."""
    folder = tmp_path / "my répo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def commit(folder: Path, message: str = "x", **files: str) -> str:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def opened(folder: Path, **environ: str) -> Repository:
    found = find_repository(folder, {**os.environ, **environ})
    assert found is not None
    return found


def contents(tree: Tree, folder: str = ".") -> dict[str, bytes]:
    return tree.read_many(tree.files(folder, recursive=True))


def test_three_trees_three_truths(root: Path) -> None:
    commit(root, **{"a.py": "committed"})
    write(root, {"a.py": "staged"})
    git(root, "add", "a.py")
    write(root, {"a.py": "working", "b.py": "new"})
    repository = opened(root)
    trees = (RefTree(repository, "main"), IndexTree(repository), WorkingTree(root))
    assert [tree.read("a.py") for tree in trees] == [b"committed", b"staged", b"working"]
    assert [tree.read("b.py") for tree in trees] == [None, None, b"new"]
    assert [tree.label for tree in trees] == ["main", "index", "working tree"]


@pytest.mark.parametrize("kind", ["working", "index", "ref"])
def test_names_of_all_kinds_in_all_trees(root: Path, kind: str) -> None:
    commit(root, **{name: name for name in NAMES}, **{"z.py": "z"})
    repository = opened(root)
    tree: Tree = {
        "working": lambda: WorkingTree(root),
        "index": lambda: IndexTree(repository),
        "ref": lambda: RefTree(repository, "HEAD"),
    }[kind]()
    assert tree.files("versions", recursive=True) == tuple(sorted(NAMES))
    assert tree.files("./versions/", recursive=False) == tuple(sorted(NAMES[:-1]))
    assert tree.files(".", recursive=False) == ("z.py",)
    assert tree.files("", recursive=True) == (*sorted(NAMES), "z.py")
    assert tree.files("vers", recursive=True) == tree.files("z.py", recursive=True) == ()
    assert tree.read_many([*NAMES, "nowhere.py", "versions"]) == {name: name.encode() for name in NAMES}
    assert [tree.read(path) for path in ("nowhere.py", "versions", "z.py/a.py")] == [None, None, None]


@pytest.mark.parametrize("kind", ["working", "index", "ref"])
def test_links_are_followed_and_loops_are_not(root: Path, kind: str) -> None:
    write(root, {"real/a.py": "a", "real/sub/b.py": "b"})
    for link, target in {
        "linked": "real",
        "real/again.py": "a.py",
        "real/loop": "../real",
        "real/gone.py": "nowhere",
        "round": "round",
        "out": "../outside",
    }.items():
        (root / link).symlink_to(target)
    commit(root)
    repository = opened(root)
    tree: Tree = {
        "working": lambda: WorkingTree(root),
        "index": lambda: IndexTree(repository),
        "ref": lambda: RefTree(repository, "HEAD"),
    }[kind]()
    assert tree.files("linked", recursive=True) == ("linked/a.py", "linked/again.py", "linked/sub/b.py")
    assert [tree.read(path) for path in ("linked/a.py", "real/again.py", "out/x.py")] == [b"a", b"a", None]


def test_the_working_tree_leaves_out_what_is_not_the_users(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "",
            ".git/x.py": "",
            "node_modules/x.py": "",
            "env/pyvenv.cfg": "",
            "env/lib/x.py": "",
            "sub/__pycache__/x.py": "",
            "sub/b.py": "",
        },
    )
    assert WorkingTree(tmp_path).files(".", recursive=True) == ("a.py", "sub/b.py")


def test_before_the_first_commit(root: Path) -> None:
    write(root, {"a.py": "a"})
    git(root, "add", "a.py")
    repository = opened(root)
    assert (repository.head, repository.branch, repository.refs()) == (None, "main", ())
    assert contents(IndexTree(repository)) == {"a.py": b"a"}
    assert repository.last_commit("a.py") is None
    with pytest.raises(DriftguardError, match="no commit called 'HEAD'"):
        RefTree(repository, "HEAD")


def test_an_empty_repository_has_empty_trees(root: Path) -> None:
    assert IndexTree(opened(root)).files(".", recursive=True) == ()
    assert opened(root).unstaged() == Changes((), (), ())


def test_detached_head_and_refs(root: Path) -> None:
    first = commit(root, **{"a.py": "1"})
    git(root, "checkout", "-q", "-b", "feature/x")
    second = commit(root, **{"a.py": "2"})
    git(root, "update-ref", "refs/remotes/origin/main", first)
    git(root, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    git(root, "checkout", "-q", "--detach")
    repository = opened(root)
    assert (repository.head, repository.branch) == (second, None)
    assert {ref.name: ref.commit for ref in repository.refs()} == {
        "main": first,
        "feature/x": second,
        "origin/main": first,
    }
    assert repository.resolve("main") == repository.resolve("HEAD~1") == repository.resolve(first[:8]) == first
    assert repository.branches_with(second) == ("feature/x",)
    found = repository.last_commit("a.py", "feature/x")
    assert found is not None
    assert (found.id, found.author, found.subject) == (second, "Ann", "x")


@pytest.mark.parametrize(
    ("ref", "hint"),
    [
        pytest.param("mian", "did you mean main?", id="a misspelt branch"),
        pytest.param("origin/release", "git fetch", id="a branch that was not fetched"),
        pytest.param("--all", "git fetch", id="what git would take for an option"),
        pytest.param("", "git fetch", id="nothing"),
        pytest.param("HEAD:a.py", "git fetch", id="a file"),
    ],
)
def test_unknown_refs(root: Path, ref: str, hint: str) -> None:
    commit(root, **{"a.py": "1"})
    with pytest.raises(DriftguardError) as caught:
        opened(root).resolve(ref)
    assert hint in caught.value.hint


def test_what_is_not_staged(root: Path) -> None:
    write(root, {".gitignore": "ignored.py\n"})
    commit(root, **dict.fromkeys(("same.py", "staged.py", "half.py", "changed.py", "gone.py", "é.py"), "1"))
    write(root, {"staged.py": "2", "half.py": "2"})
    git(root, "add", "-A")
    write(
        root,
        {"half.py": "3", "changed.py": "2", "new 1.py": "", "sub/new.py": "", "ignored.py": "", "announced.py": "x"},
    )
    git(root, "add", "-N", "announced.py")
    (root / "gone.py").unlink()
    os.utime(root / "same.py", (1, 1))
    repository = opened(root)
    before = (root / ".git/index").read_bytes()
    assert repository.unstaged() == Changes(
        modified=("changed.py", "half.py"),
        deleted=("gone.py",),
        untracked=("announced.py", "new 1.py", "sub/new.py"),
    )
    assert (root / ".git/index").read_bytes() == before
    assert repository.ignored(["ignored.py", "same.py", "new 1.py"]) == {"ignored.py"}
    assert [repository.tracked(path) for path in ("é.py", "new 1.py", "*.py")] == [True, False, False]


def test_the_index_has_no_announced_file_but_empty_ones(root: Path) -> None:
    write(root, {"empty.py": "", "announced.py": "x"})
    git(root, "add", "empty.py")
    git(root, "add", "-N", "announced.py")
    assert contents(IndexTree(opened(root))) == {"empty.py": b""}


def test_a_conflict_reads_as_our_side(root: Path) -> None:
    commit(root, **{"a.py": "base", "theirs.py": "base"})
    git(root, "checkout", "-q", "-b", "other")
    commit(root, **{"a.py": "theirs", "theirs.py": "theirs"})
    git(root, "checkout", "-q", "main")
    commit(root, **{"a.py": "ours"})
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "merge", "other")
    assert contents(IndexTree(opened(root))) == {"a.py": b"ours", "theirs.py": b"theirs"}


def test_no_repository_and_no_git(tmp_path: Path, root: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert find_repository(outside, {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}) is None
    assert find_repository(root, {"PATH": str(outside)}) is None


def test_a_folder_below_the_root_and_one_repository_in_another(root: Path) -> None:
    write(root, {"sub/a.py": ""})
    inner = root / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    assert opened(root / "sub").root == root
    assert opened(inner).root == inner


def test_bare_repositories_have_no_work_tree_but_commits(root: Path, tmp_path: Path) -> None:
    commit(root, **{"a.py": "a"})
    git(tmp_path, "clone", "-q", "--bare", str(root), "bare.git")
    repository = opened(tmp_path / "bare.git")
    assert repository.bare
    assert RefTree(repository, "main").read("a.py") == b"a"
    found = repository.last_commit("a.py")
    assert found is not None
    assert found.author == "Ann"
    for ask in (lambda: repository.work_tree, repository.unstaged):
        with pytest.raises(DriftguardError, match="bare repository"):
            ask()
    with materialised(RefTree(repository, "main")) as folder:
        assert (folder / "a.py").read_text() == "a"


def test_inside_the_git_folder(root: Path) -> None:
    with pytest.raises(DriftguardError, match="inside a git folder"):
        find_repository(root / ".git")


def test_worktrees_share_hooks_and_have_an_index_of_their_own(root: Path, tmp_path: Path) -> None:
    commit(root, **{"a.py": "main"})
    other = tmp_path / "other tree"
    git(root, "worktree", "add", "-q", "-b", "feature", str(other))
    write(other, {"a.py": "feature"})
    git(other, "add", "a.py")
    here, there = opened(root), opened(other)
    assert (here.branch, there.branch, there.root) == ("main", "feature", other)
    assert [IndexTree(each).read("a.py") for each in (here, there)] == [b"main", b"feature"]
    assert here.hooks_folder.resolve() == there.hooks_folder.resolve() == (root / ".git/hooks").resolve()
    assert here.git_path("driftguard").resolve() != there.git_path("driftguard").resolve()
    found = there.last_commit("a.py")
    assert found is not None
    assert found.subject == "x"


def test_core_hooks_path_counts(root: Path) -> None:
    git(root, "config", "core.hooksPath", "my hooks")
    assert opened(root).hooks_folder == root / "my hooks"


def test_a_submodule_is_a_repository_and_no_file_of_the_outer_one(root: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    commit(library, **{"b.py": "b"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "vendored")
    commit(root, **{"a.py": "a"})
    assert opened(root / "vendored").root == root / "vendored"
    assert RefTree(opened(root / "vendored"), "HEAD").files(".", recursive=True) == ("b.py",)
    assert RefTree(opened(root), "HEAD").files(".", recursive=True) == (".gitmodules", "a.py")


HOOK = """#!/bin/sh
'''exec' {python} "$0"
' '''
import sys
import time
from pathlib import Path
from driftguard.git import IndexTree, find_repository
for folder in (".", "sub", {other!r}):
    tree = IndexTree(find_repository(Path(folder)))
    with open({output!r}, "a") as output:
        print(ascii(tree.read_many(tree.files(".", recursive=True))), file=output)
sys.exit(1)
"""


@pytest.mark.parametrize("worktree", [False, True], ids=["main work tree", "added worktree"])
@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        pytest.param((), {"a.py": b"1", "b.py": b"staged", "sub/c.py": b"1"}, id="commit"),
        pytest.param(("-a",), {"a.py": b"2", "b.py": b"working", "sub/c.py": b"1"}, id="commit -a"),
        pytest.param(("a.py",), {"a.py": b"2", "b.py": b"1", "sub/c.py": b"1"}, id="commit a.py"),
    ],
)
def test_in_a_hook_the_index_is_the_one_of_this_commit(
    root: Path, tmp_path: Path, arguments: tuple[str, ...], seen: dict[str, bytes], worktree: bool
) -> None:
    other = tmp_path / "another repository"
    other.mkdir()
    git(other, "init", "-q")
    commit(other, **{"other.py": "other"})
    commit(root, **{"a.py": "1", "b.py": "1", "sub/c.py": "1"})
    here = root
    if worktree:
        here = tmp_path / "worktree"
        git(root, "worktree", "add", "-q", "-b", "w", str(here))
    write(here, {"b.py": "staged"})
    git(here, "add", "b.py")
    write(here, {"a.py": "2", "b.py": "working"})
    hook, output = root / ".git/hooks/pre-commit", tmp_path / "output"
    hook.write_text(HOOK.format(python=shlex.quote(sys.executable), other=str(other), output=str(output)))
    hook.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError):
        git(here, "commit", "-q", "-m", "y", *arguments, PYTHONPATH=str(Path(__file__).parents[1]))
    assert output.read_text().splitlines() == [ascii(seen), ascii(seen), ascii({"other.py": b"other"})]


def test_the_users_own_choice_of_git_folder_and_work_tree(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "dotfiles"
    home.mkdir()
    chosen = {"GIT_DIR": str(folder), "GIT_WORK_TREE": str(home), "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    git(tmp_path, "init", "-q", "--bare", str(folder))
    write(home, {"sub/a.py": "a"})
    git(home, "add", "sub", **chosen)
    repository = opened(home / "sub", **chosen)
    assert repository.root == home
    assert contents(IndexTree(repository)) == {"sub/a.py": b"a"}
    assert find_repository(tmp_path, {**os.environ, **chosen}) is None


def test_an_index_elsewhere_counts(root: Path, tmp_path: Path) -> None:
    commit(root, **{"a.py": "a"})
    write(root, {"b.py": "b"})
    git(root, "add", "b.py", GIT_INDEX_FILE=str(tmp_path / "index"))
    assert contents(IndexTree(opened(root, GIT_INDEX_FILE=str(tmp_path / "index")))) == {"b.py": b"b"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_another_user(root: Path) -> None:
    os.chown(root, 12345, 12345)
    os.chown(root / ".git", 12345, 12345)
    with pytest.raises(DriftguardError, match="does not trust") as caught:
        find_repository(root, {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    assert caught.value.hint.endswith(f"git config --global --add safe.directory '{root}'")


def test_a_worktree_whose_repository_went_away(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub/.git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(DriftguardError, match="not a git repository: /nowhere/at/all"):
        find_repository(root / "sub")


def test_a_commit_is_written_out_and_the_index_stays(root: Path, tmp_path: Path) -> None:
    commit(root, **{name: name for name in NAMES})
    (root / "run.sh").write_text("")
    (root / "run.sh").chmod(0o755)
    (root / "link.py").symlink_to("versions/é.py")
    commit(root)
    write(root, {"staged.py": ""})
    git(root, "add", "staged.py")
    before = (root / ".git/index").read_bytes()
    tree = RefTree(opened(root), "HEAD")
    tree.materialise(tmp_path / "out put")
    assert contents(WorkingTree(tmp_path / "out put")) == contents(tree)
    assert os.access(tmp_path / "out put/run.sh", os.X_OK)
    assert (root / ".git/index").read_bytes() == before
    with materialised(tree) as folder:
        assert (folder / "link.py").read_text() == "versions/é.py"
    assert not folder.exists()


def test_search_in_commits_and_deletions(root: Path) -> None:
    first = commit(root, **{"v/a.py": "revision = 'abc'", "other.py": "'abc'"})
    second = commit(root, **{"v/b c.py": "down = 'abc'"})
    (root / "v/a.py").unlink()
    third = commit(root, "drop")
    repository = opened(root)
    hits = repository.grep(("'abc'", '"abc"'), (first, second, third), ("v",))
    assert set(hits) == {(first, "v/a.py"), (second, "v/a.py"), (second, "v/b c.py"), (third, "v/b c.py")}
    assert repository.deletions("abc", ("v",)) == ((third, "v/a.py"),)
    assert repository.deletions("xyz", ("v",)) == ()


def test_signatures_stay_while_contents_do(root: Path) -> None:
    write(root, {"a.py": "1", "b.py": "2"})
    git(root, "add", ".")
    before = IndexTree(opened(root)).signatures(["a.py", "b.py", "c.py"])
    write(root, {"b.py": "3"})
    assert IndexTree(opened(root)).signatures(["a.py", "b.py"]) == before
    git(root, "add", ".")
    after = IndexTree(opened(root)).signatures(["a.py", "b.py"])
    assert (after["a.py"] == before["a.py"], after["b.py"] == before["b.py"]) == (True, False)


def test_a_file_that_was_just_written_has_no_signature(root: Path) -> None:
    write(root, {"a.py": "1"})
    assert WorkingTree(root).signatures(["a.py"]) == {}


def test_a_file_that_has_lain_there_has_a_signature(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, {"a.py": "1"})
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 60_000_000_000)
    assert list(WorkingTree(root).signatures(["a.py", "gone.py"])) == ["a.py"]


def test_everything_staged_without_staging_it(root: Path) -> None:
    """As after ``git add --all``, for the files that count; the index and the objects stay as they are."""
    write(root, {"kept.py": "1", "changed.py": "1", "gone.py": "1", ".gitignore": "ignored.py\n"})
    commit(root)
    write(root, {"changed.py": "2", "new.py": "3", "announced.py": "4", "ignored.py": "5", "big.dump": "6"})
    (root / "gone.py").unlink()
    git(root, "add", "-N", "announced.py")
    before = git(root, "ls-files", "-s"), sorted((root / ".git" / "objects").rglob("*"))
    with everything_staged(opened(root), (".py",)) as repository:
        tree = IndexTree(repository)
        staged = {path: tree.read(path) for path in tree.files(".", recursive=True) if path.endswith(".py")}
        asked = replace(repository).unstaged()
        assert repository.unstaged() == asked == Changes((), (), ("big.dump",))
    assert staged == {"kept.py": b"1", "changed.py": b"2", "new.py": b"3", "announced.py": b"4"}
    assert before == (git(root, "ls-files", "-s"), sorted((root / ".git" / "objects").rglob("*")))


def test_everything_staged_sees_an_edit_of_the_same_size_and_time(root: Path) -> None:
    path, then = root / "racy.py", (1_700_000_000_000_000_000,) * 2
    git(root, "config", "core.trustctime", "false")  # which the test cannot set back
    path.write_text("a = 1\n")
    os.utime(path, ns=then)
    git(root, "add", "racy.py")
    path.write_text("a = 2\n")
    os.utime(path, ns=then)
    os.utime(root / ".git/index", ns=then)
    with everything_staged(opened(root), (".py",)) as repository:
        assert IndexTree(repository).read("racy.py") == b"a = 2\n"


def test_few_contents_are_asked_for_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, {"a.py": "asked once", "b.py": "another", "large.py": "x" * (SMALL_BLOB + 1)})
    commit(root)
    for path in ("a.py", "large.py"):
        IndexTree(opened(root)).read(path)
    asked: list[bytes] = []
    run = Repository.run

    def noted(self: Repository, *arguments: str, stdin: bytes = b"", deadline: float = 60.0) -> bytes:
        asked.extend(stdin.split() if arguments[0] == "cat-file" else ())
        return run(self, *arguments, stdin=stdin, deadline=deadline)

    monkeypatch.setattr(Repository, "run", noted)
    tree = IndexTree(opened(root))
    assert tree.read_many(["a.py", "b.py"]) == {"a.py": b"asked once", "b.py": b"another"}
    assert len(asked) == 1
    assert len(tree.read("large.py") or b"") == SMALL_BLOB + 1
    assert len(asked) == 2


def test_everything_staged_before_the_first_add(root: Path) -> None:
    write(root, {"a b/é.py": "1"})
    with everything_staged(opened(root), (".py",)) as repository:
        assert contents(IndexTree(repository)) == {"a b/é.py": b"1"}


def test_files_that_git_must_not_look_at(root: Path) -> None:
    write(root, {"a.py": "1"})
    commit(root)
    assert not opened(root).hides_changes
    git(root, "update-index", "--assume-unchanged", "a.py")
    assert opened(root).hides_changes


def test_what_the_next_commit_changes(root: Path) -> None:
    write(root, {"a.py": "1", "b.py": "1"})
    assert opened(root).staged(["a.py"]) == {"a.py"}
    commit(root)
    write(root, {"a.py": "2", "b.py": "2"})
    git(root, "add", "a.py")
    assert opened(root).staged(["a.py", "b.py"]) == {"a.py"}
    assert opened(root).staged([]) == frozenset()
