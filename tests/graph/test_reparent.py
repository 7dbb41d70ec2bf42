"""Which parents revisions get: whole graphs, without files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftguard.graph import Graph, Revision, collisions, double_merges
from driftguard.graph.reparent import Move, Tangled, moves_between, rebased
from driftguard.graph.stamps import Need, need


def graph(*lines: str, labels: Mapping[str, str] = MappingProxyType({})) -> Graph:
    """Of lines such as ``c: a b``, a revision and its parents."""
    split = [line.partition(":")[::2] for line in lines]
    return Graph(
        tuple(
            Revision(
                id_, tuple(down.split()), labels=tuple(labels.get(id_, "").split()), path=f"v/{id_}.py", location="v"
            )
            for id_, down in split
        )
    )


LINE = ("p", "b: p")


@pytest.mark.parametrize(
    ("shared", "own", "expected"),
    [
        pytest.param(LINE, (), {}, id="nothing of its own"),
        pytest.param(LINE, ("x: b",), {}, id="behind the base already"),
        pytest.param(LINE, ("x: p",), {"x": "b"}, id="beside the base"),
        pytest.param(LINE, ("x: p", "y: x"), {"x": "b"}, id="a chain"),
        pytest.param(LINE, ("x",), {"x": "b"}, id="a base of its own"),
        pytest.param(LINE, ("x: p", "y: p"), {"x": "b", "y": "x"}, id="two ends"),
        pytest.param(LINE, ("x: b", "y: p"), {"y": "x"}, id="two ends, one of them right already"),
        pytest.param(LINE, ("y: b", "x: p"), {"x": "y"}, id="the right one goes first, whatever its name"),
        pytest.param(LINE, ("x: p", "m: b x"), {"m": "x", "x": "b"}, id="a merge with the base"),
        pytest.param(LINE, ("x: p", "m: b x", "y: m"), {"m": "x", "x": "b"}, id="and what follows it"),
        pytest.param(LINE, ("x: p", "y: p", "m: x y"), {"x": "b", "y": "b"}, id="a merge of own ends stays one"),
        pytest.param(LINE, ("x: p", "y: p", "m: b x y"), {"x": "b", "y": "b", "m": "x y"}, id="a merge of all three"),
        pytest.param(LINE, ("x: p", "y: x", "z: x"), {"x": "b", "z": "y"}, id="a fork of its own"),
        pytest.param(("p", "b: p", "c: p", "d: b c"), ("x: b",), {"x": "d"}, id="a base that was merged"),
        pytest.param(("p", "b: p", "c: p", "d: c", "e: b d"), ("m: b c",), {"m": "e"}, id="a merge the base has too"),
    ],
)
def test_own_revisions_follow_the_base(shared: tuple[str, ...], own: tuple[str, ...], expected: dict[str, str]) -> None:
    was = graph(*shared, *own)
    now = rebased(was, graph(*shared))
    assert {move.id: " ".join(move.now) for move in moves_between(was, now)} == expected
    assert len(now.heads()) == 1


def test_a_merge_of_two_heads_of_the_base_keeps_the_one_that_stayed() -> None:
    was = graph("p", "b: p", "c: p", "e: b", "m: b c")
    now = rebased(was, graph("p", "b: p", "c: p", "e: b"))
    assert moves_between(was, now) == (Move("m", ("b", "c"), ("e", "c")),)


def test_heads_of_the_base_that_collide_are_the_user_s_to_join() -> None:
    with pytest.raises(Tangled, match="b and c are heads there already"):
        rebased(graph("p", "b: p", "c: p", "x: p"), graph("p", "b: p", "c: p"))


def test_labelled_ends_stay_apart() -> None:
    was = graph("p", "b: p", "x: p", "y: p", labels={"x": "stock"})
    now = rebased(was, graph(*LINE))
    assert {move.id for move in moves_between(was, now)} == {"y"}


def test_each_of_two_intended_lines_is_followed() -> None:
    labels = {"b": "left", "c": "right"}
    shared = ("p", "b: p", "c: p", "d: b", "e: c")
    was = graph(*shared, "x: b", "y: c", labels=labels)
    now = rebased(was, graph(*shared, labels=labels))
    assert {move.id: move.now for move in moves_between(was, now)} == {"x": ("d",), "y": ("e",)}


@st.composite
def histories(draw: st.DrawFn) -> tuple[Graph, Graph]:
    """A shared part with one head, and a whole with any own revisions."""
    shared: list[Revision] = []
    for number in range(draw(st.integers(0, 5))):
        shared.append(_revision(draw, f"s{number}", [each.id for each in shared]))
    if len(loose := Graph(tuple(shared)).heads()) > 1:
        shared.append(Revision("s9", loose, path="v/s9.py", location="v"))
    every = list(shared)
    for number in draw(st.permutations(range(draw(st.integers(0, 6))))):
        every.append(_revision(draw, f"o{number}", [each.id for each in every]))
    return Graph(tuple(draw(st.permutations(every)))), Graph(tuple(shared))


def _revision(draw: st.DrawFn, id_: str, earlier: list[str]) -> Revision:
    down = draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True)) if earlier else []
    return Revision(id_, tuple(down), path=f"v/{id_}.py", location="v")


@settings(max_examples=1000, deadline=None)
@given(histories())
def test_any_history_becomes_one_that_ends_once(given: tuple[Graph, Graph]) -> None:
    was, shared = given
    now = rebased(was, shared)
    assert [each._replace(down=()) for each in now.revisions] == [each._replace(down=()) for each in was.revisions]
    assert len(now.heads()) == min(1, len(was.revisions))
    assert not now.cycles() and not now.missing()
    assert {move.id for move in moves_between(was, now)}.isdisjoint(shared.by_id)
    for id_ in was.by_id:  # whoever needed something needs it still
        assert now.ancestors(id_) >= was.ancestors(id_)
    own = was.by_id.keys() - shared.by_id.keys()
    if own and shared.heads():
        assert now.ancestors(*own) >= shared.by_id.keys()
        assert not any(own & now.ancestors(each) for each in shared.by_id)
    assert rebased(now, shared) == now


@settings(max_examples=500, deadline=None)
@given(histories(), st.data())
def test_a_database_that_needs_nothing_has_run_what_its_stamp_says(
    given: tuple[Graph, Graph], data: st.DataObject
) -> None:
    was, shared = given
    if not was.revisions:
        return
    now = rebased(was, shared)
    done = was.ancestors(*data.draw(st.lists(st.sampled_from(sorted(was.by_id)), max_size=3)))
    stamp = tuple(each for each in sorted(done) if not done.intersection(was.children(each)))
    what = need(was, now, stamp, {})
    if what.downgrade:
        assert set(what.run) <= done
        left = done - was.descendants(*what.run[:1]) - set(what.run)
        assert now.needed(*left) == left
    else:
        assert now.ancestors(*(what.stamp or stamp)) == done


def test_needs() -> None:
    was = graph("p", "b: p", "x: p", "y: x")
    now = rebased(was, graph(*LINE))
    assert need(was, now, ("p",), {}) == Need()
    assert need(was, now, ("b",), {}) == Need()
    assert need(was, now, (), {}) == Need()
    assert need(was, now, ("unknown",), {}) == Need()
    assert need(was, now, ("y",), {}) == Need(("x", "y"), "p")
    assert need(was, now, ("b", "y"), {}) == Need(stamp=("y",))


def test_double_merges() -> None:
    assert double_merges(graph("a", "b: a", "c: a", "m: b c", "n: c b", "o: b a")) == (("m", "n"),)
    assert list(collisions(graph("a", "b: a", "c: a"))) == [("b", "c")]
