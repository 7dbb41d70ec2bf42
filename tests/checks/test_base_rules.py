"""The rules about the base branch: when they speak, and as often when they do not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

import pytest

from driftguard.checks import BASE
from driftguard.checks.base import BaseInput
from driftguard.checks.graph import GraphInput
from driftguard.findings import Finding, Place
from driftguard.graph import Graph, Revision, Unreadable


def rev(id_: str, *down: str, path: str = "", after: tuple[str, ...] = ()) -> Revision:
    return Revision(id_, down, after, (), path or f"v/{id_}.py", 3, 4, f"add {id_}", "v")


A, B = rev("a"), rev("b", "a")
MINE, THEIRS = rev("c", "b"), rev("d", "b")
TORN = Unreadable("v/b.py", 3, "it has conflict markers", ("b",))


def given(
    ours: tuple[Revision, ...],
    tip: tuple[Revision, ...],
    fork: tuple[Revision, ...] = (A, B),
    merged: tuple[Revision, ...] | None = None,
    *,
    edited: str = "",
    unreadable: tuple[Unreadable, ...] = (),
) -> BaseInput:
    return BaseInput(
        GraphInput(Graph(ours, unreadable)),
        "origin/main",
        GraphInput(Graph(tip)),
        (Graph(fork),),
        None if merged is None else GraphInput(Graph(merged)),
        frozenset(edited.split()),
    )


def codes(what: BaseInput) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for check in BASE.values() for finding in check(what)]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        pytest.param(given((A, B), (A, B)), [], id="the same"),
        pytest.param(given((A, B, MINE), (A, B)), [], id="one of ours"),
        pytest.param(given((A, B), (A, B, THEIRS)), [], id="behind the base"),
        pytest.param(
            given((A, B, MINE), (A, B, THEIRS), merged=(A, B, MINE, THEIRS)), [("DG102", "c, d")], id="one of each"
        ),
        pytest.param(
            given((A, B, MINE), (A, B, THEIRS), merged=(A, B, MINE, THEIRS, rev("m", "c", "d"))),
            [],
            id="one of each, and the base has merged ours already",
        ),
        pytest.param(
            given(
                (A, B, MINE), (A, B, rev("c", "b", path="v/other.py")), merged=(A, B, MINE, rev("c", "b", path="v/o"))
            ),
            [("DG102", "c")],
            id="one id for two files",
        ),
        pytest.param(
            given((A, B, MINE), (A,), (A, B), merged=(A, MINE)),
            [("DG102", "b")],
            id="the base removed what ours follows",
        ),
        pytest.param(
            given((A, B, MINE, rev("e", "b")), (A, B, THEIRS), merged=(A, B, MINE, rev("e", "b"), THEIRS)),
            [],
            id="ours has two heads already, which DG101 tells",
        ),
        pytest.param(given((A, B), (A, B), edited="b"), [("DG106", "b")], id="edited"),
        pytest.param(
            given((A, rev("b", "x"), rev("x", "a")), (A, B)), [("DG107", "b"), ("DG109", "x")], id="slid below"
        ),
        pytest.param(
            given((A, B), (A, rev("b", "x"), rev("x", "a"))), [], id="the base slid something below, and ours is older"
        ),
        pytest.param(
            given((A, rev("b", "a", after=("x",)), rev("x")), (A, B)),
            [("DG107", "b"), ("DG109", "x")],
            id="a new one that a shared one depends on",
        ),
        pytest.param(given((A,), (A, B)), [("DG108", "b")], id="deleted"),
        pytest.param(given((A,), (A, B), (A,)), [], id="not there yet"),
        pytest.param(given((A,), (A,), (A, B)), [], id="the base deleted it too"),
        pytest.param(given((A, rev("b", "a", path="w/moved.py")), (A, B)), [], id="moved to another file"),
        pytest.param(given((A,), (A, B), unreadable=(TORN,)), [], id="its file cannot be read, which DG112 tells"),
        pytest.param(
            given((A, rev("b", "x"), rev("x", "a")), (A, B), (A, rev("b", "x"))), [("DG109", "x")], id="as it was"
        ),
        pytest.param(given((A, B, MINE, rev("e", "c")), (A, B)), [], id="several of ours behind the head"),
        pytest.param(
            given((A, B, rev("x", "a"), rev("m", "b", "x")), (A, B)), [], id="from an older one, and merged on top"
        ),
    ],
)
def test_what_is_found(what: BaseInput, expected: list[tuple[str, str]]) -> None:
    assert codes(what) == expected


def test_a_base_that_is_bad_alone_is_named() -> None:
    tip = (A, B, THEIRS, rev("e", "b"))
    [found] = BASE["DG102"](given((A, B), tip, merged=tip))
    assert "origin/main alone has that already" in found.details
    assert found.help == "mend origin/main first"


def test_a_place_is_in_this_branch() -> None:
    merged = (A, B, rev("z", "b"), rev("d", "b"))
    [found] = BASE["DG102"](given((A, B, rev("z", "b")), (A, B, THEIRS), merged=merged))
    assert found.place == Place("v/z.py", 3)


def test_how_to_put_back() -> None:
    [found] = BASE["DG106"](given((A, B), (A, rev("b", "a", path="v/b 1.py")), edited="b"))
    assert found.commands == ("git checkout origin/main -- 'v/b 1.py'",)


@pytest.mark.parametrize("check", BASE.values())
def test_every_rule_has_a_page(check: Callable[[BaseInput], Iterator[Finding]]) -> None:
    page = inspect.getdoc(check) or ""
    assert "Why it hurts:" in page
    assert "How to fix:" in page
