"""The graph answers as Alembic's own ScriptDirectory does, and also where that one refuses."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from driftguard.errors import DriftguardError
from driftguard.git import WorkingTree
from driftguard.graph import Graph, Revision, Unreadable, load

IDS = [f"rev{number}" for number in range(9)]
LABELS = ["left", "right"]
Row = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def graph_of(*rows: tuple[str, ...] | Row) -> Graph:
    """A graph of rows (id, parents, dependencies, labels), each but the id as words of one text."""
    return Graph(tuple(Revision(id_, *(tuple(words.split()) for words in rest)) for id_, *rest in rows))


FORKED = graph_of(("a",), ("b", "a"), ("c", "b"), ("d", "b"), ("e", "d"))
MERGED = graph_of(("a",), ("b", "a"), ("c", "a"), ("m", "b c"), ("n", "m"))
CROSSED = graph_of(("a",), ("b", "a"), ("c", "a"), ("d", "b c"), ("e", "b c"))
APART = graph_of(("a",), ("b", "a"), ("x",), ("y", "x", "b"))


@pytest.mark.parametrize(
    ("graph", "heads", "bases", "forks"),
    [
        pytest.param(Graph(), (), (), (), id="nothing at all"),
        pytest.param(graph_of(("a",)), ("a",), ("a",), ("a",), id="one revision"),
        pytest.param(FORKED, ("c", "e"), ("a",), ("b",), id="a fork"),
        pytest.param(MERGED, ("n",), ("a",), ("n",), id="a merge"),
        pytest.param(CROSSED, ("d", "e"), ("a",), ("b", "c"), id="two merges over the same parents"),
        pytest.param(APART, ("b", "y"), ("a", "x"), (), id="two lines, a dependency between them"),
    ],
)
def test_heads_bases_and_fork_points(
    graph: Graph, heads: tuple[str, ...], bases: tuple[str, ...], forks: tuple[str, ...]
) -> None:
    assert (graph.heads(), graph.bases(), graph.fork_points(*graph.heads())) == (heads, bases, forks)


@pytest.mark.parametrize(
    ("graph", "cycles"),
    [
        pytest.param(FORKED, (), id="a tree"),
        pytest.param(MERGED, (), id="a diamond"),
        pytest.param(graph_of(("a", "a")), (("a",),), id="its own parent"),
        pytest.param(graph_of(("a", "b"), ("b", "a")), (("a", "b"),), id="each other's parent"),
        pytest.param(
            graph_of(("a",), ("b", "a d"), ("c", "b"), ("d", "c"), ("e", "d")), (("b", "d", "c"),), id="inside a line"
        ),
        pytest.param(graph_of(("a", "", "b"), ("b", "a")), (("a", "b"),), id="through a dependency"),
        pytest.param(
            graph_of(("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")), (("a", "b"), ("c", "d")), id="two separate ones"
        ),
        pytest.param(graph_of(("a", "b c"), ("b", "a"), ("c", "a")), (("a", "b"),), id="two through one, told once"),
    ],
)
def test_cycles(graph: Graph, cycles: tuple[tuple[str, ...], ...]) -> None:
    assert graph.cycles() == cycles


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("abcd1", "abcd1", id="a whole id"),
        pytest.param("abcd1", "abcd1", id="a whole id that begins another one"),
        pytest.param("abcd2", "abcd2", id="another whole id"),
        pytest.param("f", "ffff", id="one letter of a long id"),
        pytest.param("x", "x", id="a short id"),
        pytest.param("shop", "ffff", id="a label"),
        pytest.param("sho", "ffff", id="the beginning of a label"),
        pytest.param("xy", None, id="the beginning of a short id"),
        pytest.param("abcd", None, id="the beginning of two"),
        pytest.param("nowhere", None, id="an unknown one"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_lookup(name: str, expected: str | None) -> None:
    graph = graph_of(("abcd1",), ("abcd2", "abcd1"), ("ffff", "", "", "shop"), ("x",), ("xyz",))
    try:
        found = graph.find(name).id
    except DriftguardError:
        found = None
    assert found == expected


def test_missing_names() -> None:
    graph = graph_of(("a", "gone"), ("b", "a", "a shop lost"), ("c", "shop", "", "shop"))
    assert [(each.id, each.attribute, each.revision.id) for each in graph.missing()] == [
        ("gone", "down_revision", "a"),
        ("lost", "depends_on", "b"),
        ("shop", "down_revision", "c"),
    ]


def test_of_two_files_with_one_id_the_last_counts() -> None:
    graph = Graph((Revision("a", path="1.py"), Revision("b", ("a",)), Revision("a", path="2.py")))
    assert graph["a"].path == "2.py"
    assert [[each.path for each in group] for group in graph.duplicates()] == [["1.py", "2.py"]]
    assert graph.heads() == ("b",)


def test_order_puts_requirements_first() -> None:
    assert APART.ordered() == ("a", "x", "b", "y")
    assert APART.needed("y") == {"a", "b", "x", "y"}
    assert APART.ancestors("y") == {"x", "y"}
    assert APART.descendants("a") == {"a", "b"}


def test_a_long_history_needs_no_recursion() -> None:
    graph = Graph(tuple(Revision(f"{n}", (f"{n - 1}",) if n else ()) for n in range(20_000)))
    assert graph.heads() == ("19999",)
    assert len(graph.ordered()) == len(graph.ancestors("19999")) == 20_000
    assert graph.cycles() == ()


def test_files_are_loaded_as_alembic_loads_them(tmp_path: Path) -> None:
    header = "revision = '{}'\ndown_revision = None\n"
    files = {
        "versions/z.py": header.format("z"),
        "versions/a/y.py": header.format("y"),
        "versions/__init__.py": "",
        "versions/a/__pycache__/w.py": header.format("w"),
        "versions/broken.py": "revision = (",
        "more versions/é.py": header.format("x"),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    tree = WorkingTree(tmp_path)
    flat = load(tree, ("versions", "./more versions/", "versions", "nowhere"), False)
    assert [(each.id, each.path, each.location) for each in flat.revisions] == [
        ("z", "versions/z.py", "versions"),
        ("x", "more versions/é.py", "more versions"),
    ]
    assert [each.path for each in flat.unreadable] == ["versions/broken.py"]
    deep = load(tree, ("versions", "versions/a"), True)
    assert [(each.id, each.location) for each in deep.revisions] == [("z", "versions"), ("y", "versions")]


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Rows of random histories; parents mostly, but not always, stand before their children."""
    ids = draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=len(IDS), unique=True))
    labels = draw(st.permutations(LABELS))
    rows: list[Row] = []
    for place, id_ in enumerate(ids):
        pool = draw(st.sampled_from([ids[:place]] * 12 + [IDS]))
        some = st.lists(st.sampled_from(pool), max_size=2, unique=True) if pool else st.just([])
        one = st.lists(st.sampled_from(pool), max_size=1) if pool else st.just([])
        parents = draw(st.one_of(some, one, one, one))
        dependencies = draw(st.one_of(st.just([]), st.just([]), one, st.sampled_from([[label] for label in LABELS])))
        own = [labels.pop()] if labels and draw(st.integers(0, 3)) == 0 else []
        rows.append((id_, tuple(parents), tuple(dependencies), tuple(own)))
    return rows


def write(folder: Path, rows: list[Row]) -> None:
    (folder / "versions").mkdir()
    for id_, down, depends_on, labels in rows:
        (folder / "versions" / f"{id_}_x.py").write_text(
            f'"""Revision {id_}."""\nrevision = {id_!r}\ndown_revision = {down!r}\n'
            f"depends_on = {depends_on!r}\nbranch_labels = {labels!r}\n"
        )


def alembics_answer(folder: Path) -> ScriptDirectory | type[Exception]:
    """Alembic's own script directory, or what it raises instead of an answer."""
    script = ScriptDirectory(str(folder))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert script.get_heads() is not None
    except (KeyError, RevisionError) as error:
        return type(error)
    return script


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([("rev0", (), (), ()), ("rev1", ("rev0",), (), ("left",)), ("rev2", ("rev1",), (), ())])
@example(
    [("rev0", (), (), ()), ("rev1", ("rev0",), (), ("left",)), ("rev2", ("rev1",), (), ()), ("rev3", ("rev1",), (), ())]
)
@example([("rev0", (), (), ("left",)), ("rev1", (), (), ("right",)), ("rev2", ("rev0", "rev1"), ("left",), ())])
@example([("rev0", ("rev1",), (), ()), ("rev1", ("rev0",), (), ())])
@example([("rev0", ("rev8",), (), ())])
@given(histories())
def test_random_histories_as_alembic_sees_them(rows: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), rows)
        graph = load(WorkingTree(Path(name)), ("versions",), False)
        alembic = alembics_answer(Path(name))
    if not isinstance(alembic, ScriptDirectory):
        assert graph.missing() if issubclass(alembic, KeyError) else graph.cycles() or graph.missing()
        return
    assert not graph.missing()
    if graph.cycles():
        return  # Alembic overlooks cycles that hang between a base and a head.
    assert set(graph.heads()) == set(alembic.get_heads())
    assert set(graph.bases()) == set(alembic.get_bases())
    revision_map = alembic.revision_map
    for id_ in graph.by_id:
        script = alembic.get_revision(id_)
        nodes = revision_map._get_ancestor_nodes([script], include_dependencies=False)
        assert graph.ancestors(id_) == {node.revision for node in nodes}
        nodes = revision_map._get_ancestor_nodes([script], include_dependencies=True)
        assert graph.needed(id_) == {node.revision for node in nodes}
        nodes = revision_map._get_descendant_nodes([script], include_dependencies=False)
        assert graph.descendants(id_) == {node.revision for node in nodes}
        assert set(graph.children(id_)) == script.nextrev
        assert graph.labels(id_) == script.branch_labels


def test_an_unreadable_file_is_kept_beside_the_revisions() -> None:
    graph = Graph((Revision("a"),), (Unreadable("b.py", 1, "it is broken"),))
    assert graph.heads() == ("a",)
