"""Whole histories as files: what is edited, and that all of it is undone when anything fails."""

from __future__ import annotations

import ast
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from guarded import Guarded
from hooked import HEAD, LEFT, RIGHT, add_revision, plain, silently, two_branches
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reparent import graph, histories

from driftguard.commands.rebase import rebase
from driftguard.errors import DriftguardError
from driftguard.git import WorkingTree
from driftguard.graph import Graph, load
from driftguard.graph.repair import differences, edits, is_empty
from driftguard.graph.reparent import moves_between, rebased
from driftguard.graph.writing import Change, written

SPELLINGS = (
    "revision = {id!r}\ndown_revision = {down!r}\n",
    '"""add\n\nRevision ID: {id}\nRevises: {ids}\n"""\nrevision: str = "{id}"\ndown_revision: object = ({down!r})\n',
    "revision, down_revision = {id!r}, {down!r}\n# the end",
    "# coding: latin-1\nrevision = {id!r}; word = 'é'; down_revision = {down!r}  # é\n",
)


def spelled(spelling: str, id_: str, parents: tuple[str, ...]) -> bytes:
    down = parents[0] if len(parents) == 1 else parents or None
    text = spelling.format(id=id_, down=down, ids=", ".join(parents))
    return text.encode("latin-1" if "latin" in spelling else "utf-8")


class _Without(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(None)

    visit_Tuple = visit_Constant  # noqa: N815


def skeleton(source: bytes) -> str:
    """Everything but constants, and those of the functions."""
    return ast.dump(_Without().visit(ast.parse(source)))


@settings(max_examples=60, deadline=None)
@given(histories(), st.lists(st.sampled_from(SPELLINGS), min_size=12, max_size=12))
def test_any_history_of_files_ends_once_for_alembic(given: tuple[Graph, Graph], spellings: list[str]) -> None:
    was, shared = given
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "v").mkdir()
        for revision, spelling in zip(was.revisions, spellings, strict=False):
            (root / revision.path).write_bytes(spelled(spelling, revision.id, revision.down))
        tree = WorkingTree(root)
        before = load(tree, ("v",), recursive=False)
        meant = rebased(before, shared)
        changes, obstacles = edits(tree, before, moves_between(before, meant))
        assert not obstacles
        with written(root, changes):
            found = load(tree, ("v",), recursive=False)
            assert differences(found, meant, frozenset(found.by_id), ()) == ()
        assert found.by_id.keys() == before.by_id.keys()
        assert not changes.keys() & {each.path for each in shared.revisions}
        for path, change in changes.items():
            assert change.was is not None and change.now is not None
            assert skeleton(change.was) == skeleton(change.now) and (root / path).read_bytes() == change.now
        alembics = ScriptDirectory(str(root), version_locations=[str(root / "v")])
        assert len(alembics.get_heads()) == min(1, len(was.revisions))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(("a", "b: a", "c: b"), (), id="as it was meant"),
        pytest.param(("a", "b", "c: b a"), ("b has other parents than it should have",), id="other parents"),
        pytest.param(("a", "b: a", "c: b", "d: c"), ("d has other parents than it should have",), id="one more"),
        pytest.param(("a", "b: a"), ("c has other parents than it should have",), id="one less"),
        pytest.param(("a", "b: a", "c: a"), ("b, c are heads, and nothing joins them",), id="two heads"),
        pytest.param(("a", "b: a", "c: x"), ("v/c.py:1: down_revision names x",), id="a parent that is not there"),
        pytest.param(("a", "b: c", "c: b"), ("these come after themselves: b, c",), id="a cycle"),
        pytest.param(("a", "b: a", "c: b", "c: b"), ("c is in 2 files: v/c.py, v/c.py",), id="one id twice"),
    ],
)
def test_what_came_out_otherwise_is_said(found: tuple[str, ...], said: tuple[str, ...]) -> None:
    wrong = differences(graph(*found), graph("a", "b: a", "c: b"), frozenset("c"), ())
    assert all(any(line.startswith(each) for line in wrong) for each in said)
    assert bool(wrong) is bool(said)


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        pytest.param('"""m"""\nx = (1,)\ndef upgrade():\n    """x"""\n    pass\n', True, id="pass and docstrings"),
        pytest.param("def upgrade() -> None:\n    ...\n", True, id="an ellipsis"),
        pytest.param("def upgrade():\n    op.execute('x')\n", False, id="a statement"),
        pytest.param("x = op.execute('x')\n", False, id="a call outside of functions"),
        pytest.param("op.execute('x')\n", False, id="a statement outside of functions"),
        pytest.param("@log\ndef upgrade():\n    pass\n", False, id="a decorator"),
        pytest.param("if x:\n    pass\n", False, id="anything else"),
        pytest.param("def", False, id="no Python"),
    ],
)
def test_which_revisions_do_nothing(text: str, empty: bool) -> None:
    assert is_empty(text.encode()) is empty


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "v").mkdir()
    for name in "abc":
        (tmp_path / "v" / f"{name}.py").write_bytes(name.encode())
    (tmp_path / "v/a.py").chmod(0o640)
    return tmp_path


CHANGES = {
    "v/a.py": Change(b"a", b"A"),
    "v/b.py": Change(b"b", None),
    "v/c.py": Change(b"c", b"C"),
    "v/deep/er/d.py": Change(None, b"D"),
}


def seen(root: Path) -> dict[str, object]:
    """Every file with its contents, mode, time and inode, and every folder."""
    found: dict[str, object] = {}
    for each in sorted(root.rglob("*")):
        about = each.stat()
        said = (each.read_bytes(), about.st_mode, about.st_mtime_ns, about.st_ino) if each.is_file() else None
        found[str(each.relative_to(root))] = said
    return found


def test_all_is_written(folder: Path) -> None:
    with written(folder, CHANGES):
        pass
    assert {path: said and said[0] for path, said in seen(folder).items()} == {  # type: ignore[index]
        "v": None,
        "v/a.py": b"A",
        "v/c.py": b"C",
        "v/deep": None,
        "v/deep/er": None,
        "v/deep/er/d.py": b"D",
    }
    assert stat.S_IMODE((folder / "v/a.py").stat().st_mode) == 0o640


def test_a_file_of_this_very_second_gets_another_time(folder: Path) -> None:
    """Python knows compiled files by whole seconds and size."""
    was = int((folder / "v/a.py").stat().st_mtime)
    with written(folder, {"v/a.py": Change(b"a", b"A")}):
        pass
    assert int((folder / "v/a.py").stat().st_mtime) != was


@pytest.mark.parametrize("error", [KeyboardInterrupt, DriftguardError("wrong"), OSError(28, "No space left on device")])
def test_nothing_is_left_of_what_fails_afterwards(folder: Path, error: BaseException) -> None:
    was = seen(folder)
    with pytest.raises(type(error) if isinstance(error, BaseException) else error), written(folder, CHANGES):
        assert seen(folder) != was
        raise error
    assert seen(folder) == was


def failing(method: Callable[..., object], number: int, error: BaseException) -> Callable[..., object]:
    """The method, of which one call fails."""
    calls = iter(range(100))

    def called(*arguments: object, **named: object) -> object:
        if next(calls) == number:
            raise error
        return method(*arguments, **named)

    return called


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize(
    ("owner", "name", "number"),
    [
        *((Path, "write_bytes", number) for number in range(3)),
        *((Path, "replace", number) for number in range(3)),
        *((Path, "mkdir", number) for number in range(2)),
        *((Path, "chmod", number) for number in range(2)),
        (Path, "unlink", 0),
    ],
)
def test_nothing_is_left_of_what_fails_halfway(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, number: int, error: BaseException
) -> None:
    was = seen(folder)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name), number, error))
        with pytest.raises(type(error)), written(folder, CHANGES):
            pytest.fail("it goes on")
    assert seen(folder) == was


def test_what_cannot_be_put_back_is_kept_beside_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        monkeypatch.context() as patch,
        pytest.raises(DriftguardError, match="could not be put back") as told,
        written(folder, {"v/a.py": Change(b"a", b"A"), "v/c.py": Change(b"c", b"C")}),
    ):
        patch.setattr(Path, "replace", failing(Path.replace, 0, OSError(13, "Permission denied")))
        raise KeyboardInterrupt
    kept = Path(told.value.hint.rpartition(" ")[2])
    assert kept.read_bytes() == b"c" and (folder / "v/a.py").read_bytes() == b"a"


def test_without_second_names_for_files_it_is_undone_as_well(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    was = {path: said and said[:3] for path, said in seen(folder).items()}  # type: ignore[index]
    with pytest.raises(KeyboardInterrupt), written(folder, CHANGES):
        raise KeyboardInterrupt
    assert {path: said and said[:3] for path, said in seen(folder).items()} == was  # type: ignore[index]


def test_what_somebody_else_has_changed_stays(folder: Path) -> None:
    was = seen(folder)
    for changes in ({"v/a.py": Change(b"x", b"A")}, {"v/a.py": Change(None, b"A")}, {"v/x.py": Change(b"x", b"y")}):
        with pytest.raises(DriftguardError, match="changed by somebody else"), written(folder, changes):
            pytest.fail("it goes on")
    assert seen(folder) == was


def test_a_link_is_followed_inside_of_the_project_only(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder / "v/l.py").symlink_to("a.py")
    with written(folder, {"v/l.py": Change(b"a", b"A")}):
        pass
    assert (folder / "v/l.py").is_symlink() and (folder / "v/a.py").read_bytes() == b"A"
    outside = tmp_path_factory.mktemp("elsewhere") / "o.py"
    outside.write_bytes(b"o")
    (folder / "v/o.py").symlink_to(outside)
    with (
        pytest.raises(DriftguardError, match="outside of this project"),
        written(folder, {"v/o.py": Change(b"o", b"O")}),
    ):
        pytest.fail("it goes on")
    assert outside.read_bytes() == b"o"


OTHER = "7a0c55de91b3"


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    """Two revisions of the branch have to move: two files are written."""
    project = plain(tmp_path / "shop")
    two_branches(project)
    silently(project, "merge", "--quiet", LEFT.name)
    silently(project, "checkout", "--quiet", RIGHT.name)
    add_revision(project, OTHER, "height", "items", down=HEAD)
    project.commit("another one")
    silently(project, "merge", "--quiet", "--no-edit", "main")
    return project


@pytest.mark.parametrize("number", [0, 1])
def test_a_rebase_that_is_interrupted_leaves_no_trace(
    project: Guarded, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    was = seen(project.root / "migrations")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing(Path.replace, number, KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            rebase(start=project.root, live="off")
    assert seen(project.root / "migrations") == was
    assert rebase(start=project.root, live="off") == 0
    assert len(project.alembic("heads").splitlines()) == 1


def test_a_rebase_whose_files_say_something_else_afterwards_leaves_no_trace(
    project: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = seen(project.root / "migrations")

    def mistaken(source: bytes, path: str, down: tuple[str, ...]) -> bytes:
        return source.replace(HEAD.encode(), LEFT.revision.encode())  # both onto the base: two heads

    monkeypatch.setattr("driftguard.graph.repair.reparented", mistaken)
    with pytest.raises(DriftguardError, match="all are as they were before"):
        rebase(start=project.root, live="off")
    assert seen(project.root / "migrations") == was
