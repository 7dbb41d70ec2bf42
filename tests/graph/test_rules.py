"""The graph's rules: when they speak, and as often when they do not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from random import Random

import pytest

from driftguard.checks import graph as rules
from driftguard.checks.graph import GraphInput
from driftguard.findings import Finding, Place, Severity
from driftguard.graph import Graph, Revision, Trace, Unreadable, UnstagedRevision

CHECKS = (
    rules.multiple_heads,
    rules.missing_parent,
    rules.duplicate_revision_id,
    rules.revision_cycle,
    rules.double_merge,
    rules.unreadable_revision,
    rules.stale_revises_line,
    rules.hand_typed_revision_id,
    rules.unstaged_revision,
)
BROKEN = Unreadable("v/broken_x.py", 3, "it is no valid Python", ("x",))


def rev(
    id_: str, down: str = "", *, after: str = "", labels: str = "", location: str = "v", path: str = ""
) -> Revision:
    """A revision; the other ids and labels are words of one text."""
    return Revision(
        id_,
        tuple(down.split()),
        tuple(after.split()),
        tuple(labels.split()),
        path or f"{location}/{id_}.py",
        3,
        4,
        f"add {id_}",
        location,
    )


def graph(*revisions: Revision, unreadable: tuple[Unreadable, ...] = ()) -> Graph:
    return Graph(revisions, unreadable)


LINE = (rev("a"), rev("b", "a"))
FORK = (*LINE, rev("c", "b"), rev("d", "b"))
UNTRACKED_MERGE = UnstagedRevision("untracked", rev("m", "c d"))


def codes(given: GraphInput) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for check in CHECKS for finding in check(given)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(GraphInput(Graph()), [], id="no revision at all"),
        pytest.param(GraphInput(graph(*LINE)), [], id="a line"),
        pytest.param(GraphInput(graph(*FORK)), [("DG101", "c, d")], id="a fork"),
        pytest.param(GraphInput(graph(*FORK, rev("m", "c d"))), [], id="a fork that is merged"),
        pytest.param(
            GraphInput(graph(*FORK, rev("m", "c d"), rev("n", "d c"))),
            [("DG101", "m, n"), ("DG110", "m, n")],
            id="a fork that is merged twice",
        ),
        pytest.param(
            GraphInput(graph(*FORK, rev("m", "c d"), rev("n", "d c"), rev("o", "m n"))),
            [],
            id="merges that are merged",
        ),
        pytest.param(
            GraphInput(graph(*FORK, rev("e", "b"), rev("m", "c d"), rev("n", "c e"), rev("o", "m n"))),
            [],
            id="merges of other parents",
        ),
        pytest.param(
            GraphInput(graph(*LINE, rev("a1b2c3d4e5f6", "b"))), [("DG114", "a1b2c3d4e5f6")], id="an id that was typed"
        ),
        pytest.param(GraphInput(graph(*LINE, rev("a1b2c3d4e5f6", "b")), is_new=lambda id_: False), [], id="long ago"),
        pytest.param(
            GraphInput(graph(rev("a")._replace(stale=((2, "Revises: z"),)))), [("DG113", "a")], id="a stale docstring"
        ),
        pytest.param(
            GraphInput(graph(rev("a")._replace(stale=((2, "Revises: z"),))), is_new=lambda id_: False),
            [],
            id="a stale docstring of long ago",
        ),
        pytest.param(GraphInput(graph(*FORK, rev("e", "d"), rev("f", "b"))), [("DG101", "c, e, f")], id="three sides"),
        pytest.param(GraphInput(graph(rev("a"), rev("b"))), [("DG101", "a, b")], id="two bases in one folder"),
        pytest.param(GraphInput(graph(rev("a"), rev("b", location="w"))), [], id="two bases in folders of their own"),
        pytest.param(
            GraphInput(
                graph(rev("a"), rev("b", location="w"), rev("c", "b", location="w"), rev("d", "b", location="w"))
            ),
            [("DG101", "c, d")],
            id="a fork in one of two folders",
        ),
        pytest.param(
            GraphInput(graph(rev("a"), rev("b", "a"), rev("c", "a", location="w"))),
            [("DG101", "b, c")],
            id="a fork whose sides are in two folders",
        ),
        pytest.param(
            GraphInput(graph(*LINE, rev("c", "b", labels="x"), rev("d", "b", labels="y"))), [], id="two labels"
        ),
        pytest.param(GraphInput(graph(*LINE, rev("c", "b", labels="x"), rev("d", "b"))), [], id="one labelled side"),
        pytest.param(
            GraphInput(graph(rev("a", labels="x"), rev("c", "a"), rev("d", "a"))),
            [("DG101", "c, d")],
            id="a label below the fork tells nothing apart",
        ),
        pytest.param(
            GraphInput(graph(rev("a"), rev("b", after="a", location="w"))), [], id="a dependency between two lines"
        ),
        pytest.param(GraphInput(graph(*FORK), allowed_heads=("c",)), [], id="one head is allowed by the settings"),
        pytest.param(GraphInput(graph(*FORK, rev("e", "d")), allowed_heads=("d",)), [], id="an allowed head went on"),
        pytest.param(
            GraphInput(graph(*FORK, rev("e", "c"), rev("f", "c")), allowed_heads=("c",)),
            [("DG101", "e, f")],
            id="a fork above an allowed head",
        ),
        pytest.param(
            GraphInput(graph(*FORK), allowed_heads=("a",)), [("DG101", "c, d")], id="allowed, but below the fork"
        ),
        pytest.param(GraphInput(graph(*FORK), allowed_heads=("z",)), [("DG101", "c, d")], id="another head is allowed"),
        pytest.param(GraphInput(graph(rev("b", "gone"))), [("DG103", "gone")], id="a parent is missing"),
        pytest.param(GraphInput(graph(rev("b", after="gone"))), [("DG103", "gone")], id="a dependency is missing"),
        pytest.param(
            GraphInput(graph(rev("a", labels="x"), rev("b", "a", after="x"))), [], id="a dependency on a label"
        ),
        pytest.param(
            GraphInput(graph(rev("b", "gone"), rev("c", "gone"))),
            [("DG103", "gone")],
            id="two children miss one parent",
        ),
        pytest.param(
            GraphInput(graph(rev("b", "x"), unreadable=(BROKEN,))),
            [("DG112", "v/broken_x.py")],
            id="the missing parent is in the file that cannot be read",
        ),
        pytest.param(
            GraphInput(graph(rev("b", "gone"), unreadable=(BROKEN,))),
            [("DG103", "gone"), ("DG112", "v/broken_x.py")],
            id="the missing parent is elsewhere",
        ),
        pytest.param(
            GraphInput(graph(*FORK, unreadable=(BROKEN,))),
            [("DG112", "v/broken_x.py")],
            id="a fork that the file that cannot be read may merge",
        ),
        pytest.param(
            GraphInput(graph(*FORK, unreadable=(BROKEN,)), readable_ids={"v/broken_x.py": "d"}),
            [("DG101", "c, d"), ("DG112", "v/broken_x.py")],
            id="a fork, and the guest could read the file",
        ),
        pytest.param(
            GraphInput(graph(*LINE, rev("b", "a", path="v/copy.py"))), [("DG104", "b")], id="one id in two files"
        ),
        pytest.param(GraphInput(graph(rev("a"), rev("A", "a"))), [], id="ids that differ in case"),
        pytest.param(GraphInput(graph(rev("a", "b"), rev("b", "a"))), [("DG105", "a")], id="a cycle"),
        pytest.param(GraphInput(graph(rev("a", "a"))), [("DG105", "a")], id="its own parent"),
        pytest.param(GraphInput(graph(*LINE, rev("c", "b", after="a"))), [], id="a dependency on an ancestor"),
        pytest.param(
            GraphInput(graph(*LINE), unstaged=(UnstagedRevision("untracked", rev("n", "b")),)),
            [],
            id="an untracked revision that this commit does not need",
        ),
        pytest.param(
            GraphInput(
                graph(*LINE), unstaged=(UnstagedRevision("untracked", rev("n", "b")),), models_lack_revision=True
            ),
            [("DG115", "n")],
            id="an untracked revision that the staged models need",
        ),
        pytest.param(
            GraphInput(graph(*LINE), models_lack_revision=True), [], id="the models need one that nobody wrote"
        ),
        pytest.param(
            GraphInput(
                graph(*LINE, rev("e", "d")),
                unstaged=(
                    UnstagedRevision("ignored", rev("c", "b")),
                    UnstagedRevision("untracked", rev("d", "c")),
                    UnstagedRevision("untracked", rev("z", "b")),
                ),
            ),
            [("DG115", "c"), ("DG115", "d")],
            id="untracked parents of a staged revision, not their cousin",
        ),
        pytest.param(
            GraphInput(graph(*LINE), unstaged=(UnstagedRevision("modified", rev("b", "a"), in_commit=True),)),
            [],
            id="a revision whose comments were changed after staging",
        ),
        pytest.param(
            GraphInput(graph(*LINE), unstaged=(UnstagedRevision("modified", rev("b", "")),)),
            [],
            id="a revision of an earlier commit that is being edited is not this commit's matter",
        ),
        pytest.param(
            GraphInput(graph(*LINE), unstaged=(UnstagedRevision("modified", rev("b", ""), in_commit=True),)),
            [("DG115", "b")],
            id="a revision of this commit that was moved after it was staged",
        ),
        pytest.param(
            GraphInput(graph(*FORK), unstaged=(UnstagedRevision("modified", rev("d", "c")),)),
            [("DG101", "c, d"), ("DG115", "d")],
            id="a revision that was put behind another one, and not staged again",
        ),
        pytest.param(
            GraphInput(graph(*FORK), unstaged=(UNTRACKED_MERGE,)), [("DG115", "m")], id="the merge was not staged"
        ),
        pytest.param(
            GraphInput(
                graph(*LINE, unreadable=(BROKEN,)),
                unstaged=(UnstagedRevision("modified", rev("x", "b", path="v/broken_x.py")),),
            ),
            [("DG112", "v/broken_x.py"), ("DG115", "x")],
            id="mended, and not staged again",
        ),
    ],
)
def test_what_is_found(given: GraphInput, expected: list[tuple[str, str]]) -> None:
    assert codes(given) == expected


@pytest.mark.parametrize(
    "id_",
    [
        "a1b2c3d4e5f6",
        "1a2b3c4d5e6f",
        "b2c3d4e5f6a7",
        "123456789abc",
        "abcdef123456",
        "abc123def456",
        "aabbccddeeff",
        "0123456789ab",
        "fedcba987654",
        "111111111111",
        "123123123123",
        "f1e2d3c4b5a6",
        "1234567890ab",
    ],
)
def test_ids_that_people_type(id_: str) -> None:
    assert only(rules.hand_typed_revision_id(GraphInput(graph(rev(id_))))).subject == id_


@pytest.mark.parametrize(
    "id_",
    [
        "3f2a8c01b7de",
        "1c9d55e0f3a8",
        "e2f7708bb641",
        "0001",
        "000000000012",
        "202601310000",
        "2026_01_31",
        "add_age",
        "deadbeefcafe",
        "1975ea83b712",
        "5d1b7c33aa90",
        "ae1027a6acf",
    ],
)
def test_ids_that_are_as_good_as_any(id_: str) -> None:
    assert not list(rules.hand_typed_revision_id(GraphInput(graph(rev(id_)))))


def test_random_ids_are_no_pattern() -> None:
    random = Random(1)
    ids = (f"{random.getrandbits(48):012x}" for _ in range(20_000))
    assert sum(1 for id_ in ids if list(rules.hand_typed_revision_id(GraphInput(graph(rev(id_)))))) == 0


def trace(branch: str) -> Trace:
    return Trace(f"branch {branch}", f"git checkout {branch} -- v/g.py", branch, branch, "", "v/g.py")


def only(findings: Iterator[Finding]) -> Finding:
    (found,) = findings
    return found


@pytest.mark.parametrize(
    ("tool", "options", "command"),
    [
        pytest.param("alembic", "", "alembic merge heads -m 'merge c and d'", id="alembic"),
        pytest.param(
            "alembic -c server/alembic.ini",
            "",
            "alembic -c server/alembic.ini merge heads -m 'merge c and d'",
            id="an ini file",
        ),
        pytest.param("flask db", "-d m", "flask db merge -d m heads -m 'merge c and d'", id="Flask-Migrate"),
    ],
)
def test_a_fork_is_told_with_its_sides_and_both_ways_out(tool: str, options: str, command: str) -> None:
    given = GraphInput(graph(*FORK), tool=tool, options=options, provenance={"c": "commit 1a2b3c4 (Ann, 2026-01-31)"})
    assert only(rules.multiple_heads(given)) == Finding(
        code="DG101",
        side=rules.Side.GRAPH,
        subject="c, d",
        message="c and d both follow b, and no revision joins them",
        place=Place("v/c.py", 3),
        details=(
            "fork point: v/b.py:3 b add b",
            "side of c: v/c.py:3 c add c, commit 1a2b3c4 (Ann, 2026-01-31)",
            "side of d: v/d.py:3 d add d",
        ),
        help=(
            "join them with a merge revision; "
            'or, if c has run nowhere else, write down_revision = "d" at v/c.py:4; '
            'or, if d has run nowhere else, write down_revision = "c" at v/d.py:4'
        ),
        commands=(command,),
    )


def test_a_merge_leaves_heads_alone_that_are_meant_to_stay_apart() -> None:
    found = only(rules.multiple_heads(GraphInput(graph(*FORK, rev("s", location="w")))))
    assert found.commands == ("alembic merge c d -m 'merge c and d'",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(GraphInput(graph(*FORK, rev("e", "c"))), ["e", "d", "c"], id="a fork"),
        pytest.param(GraphInput(graph(*LINE)), [], id="a line"),
        pytest.param(GraphInput(graph(*FORK), allowed_heads=("c",)), [], id="heads that are meant to stay apart"),
        pytest.param(GraphInput(graph(*FORK, rev("e", "gone"))), [], id="a graph that Alembic cannot load"),
    ],
)
def test_whose_commits_are_worth_looking_up(given: GraphInput, expected: list[str]) -> None:
    assert [revision.id for revision in rules.diverged(given)] == expected


def test_separate_bases_have_no_fork_point() -> None:
    found = only(rules.multiple_heads(GraphInput(graph(rev("a"), rev("b"), rev("c")))))
    assert found.message == "a, b and c all are heads, from separate bases, and no revision joins them"


@pytest.mark.parametrize(
    ("traces", "details", "commands"),
    [
        pytest.param((), ("no branch of this repository has it either",), (), id="nowhere"),
        pytest.param(
            (trace("x"), trace("y")),
            ("branch x", "branch y"),
            ("git checkout x -- v/g.py",),
            id="on two branches",
        ),
    ],
)
def test_a_missing_parent_is_looked_for(
    traces: tuple[Trace, ...], details: tuple[str, ...], commands: tuple[str, ...]
) -> None:
    found = only(rules.missing_parent(GraphInput(graph(rev("b", "gone")), whereabouts={"gone": traces})))
    assert found.message == "down_revision of b names 'gone', and no revision file has that id"
    assert (found.place, found.details, found.commands) == (Place("v/b.py", 4), details, commands)


def test_an_unreadable_file_is_a_note_when_the_project_can_read_it() -> None:
    torn = graph(unreadable=(BROKEN,))
    assert only(rules.unreadable_revision(GraphInput(torn))).severity is None
    found = only(rules.unreadable_revision(GraphInput(torn, readable_ids={"v/broken_x.py": "x9"})))
    assert found.severity is Severity.NOTE
    assert found.details == ("run by the project's own Python, it is revision x9",)


@pytest.mark.parametrize(
    ("state", "command"),
    [
        pytest.param("untracked", "git add -- 'v/n 1.py'", id="untracked"),
        pytest.param("modified", "git add -- 'v/n 1.py'", id="changed"),
        pytest.param("ignored", "git add --force -- 'v/n 1.py'", id="ignored"),
    ],
)
def test_how_to_stage(state: str, command: str) -> None:
    unstaged = (UnstagedRevision(state, rev("n", "b", path="v/n 1.py")),)
    found = only(rules.unstaged_revision(GraphInput(graph(*LINE), unstaged=unstaged, models_lack_revision=True)))
    assert found.commands == (command,)


@pytest.mark.parametrize("check", CHECKS)
def test_every_rule_has_a_page(check: Callable[[GraphInput], Iterator[Finding]]) -> None:
    page = inspect.getdoc(check) or ""
    assert "Why it hurts:" in page
    assert "How to fix:" in page
