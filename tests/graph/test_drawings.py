"""Pictures of revision graphs in every format: nothing is lost, nothing breaks out of its quotes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from driftguard.graph import NOTHING_KNOWN, Graph, Known, Revision, Unreadable
from driftguard.report import graph_dot, graph_html, graph_mermaid, graph_svg, graph_text
from driftguard.report.lanes import rows
from driftguard.report.picture import MANY, SHORTEST_NEW_RUN, Box, Picture, nodes, picture_of

Render = Callable[[Sequence[Picture]], str]

FORMATS = {
    "text": graph_text.render,
    "mermaid": graph_mermaid.render,
    "dot": graph_dot.render,
    "svg": graph_svg.render,
    "html": graph_html.render,
}
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "]]> & &lt; &#60; --> <!--",
    "\"]; } ' \\",
    "a\nb\\N\\l %% `tick` #35; end",
    "\x00\x1b[2J\u202e\ud800\uffff\U0001f600",
    "</title></svg></style></table>",
)


def revision(
    name: str, *down: str, labels: tuple[str, ...] = (), doc: str = "", needs: tuple[str, ...] = ()
) -> Revision:
    return Revision(
        name, down, needs, labels, path=f"versions/{name}.py", line=3, down_line=4, doc=doc, location="versions"
    )


def chain(length: int, start: str = "r") -> tuple[Revision, ...]:
    """A straight line, the oldest first."""
    names = [f"{start}{number:04}" for number in range(length)]
    return tuple(
        revision(name, *names[number - 1 : number] if number else (), doc=f"step {number}")
        for number, name in enumerate(names)
    )


STORY = Graph(
    (
        revision("a", doc="create"),
        revision("b", "a", labels=("billing",)),
        revision("c", "a", doc="evil\x1b[2J"),
        revision("d", "b", "c"),
        revision("e", "d", "gone", needs=("c", "lost")),
    ),
    (Unreadable("versions/x.py", 7, "the id is computed"),),
)
KNOWN = Known(base="origin/main", in_base=frozenset("abcz"), live=(("prod", "d"),), notes=("stage is nowhere",))


def lines(graph: Graph, known: Known = NOTHING_KNOWN, every: bool = False) -> list[str]:
    return graph_text.drawn(picture_of("", graph, known, every=every)).splitlines()


def test_text() -> None:
    graph = Graph((*STORY.revisions[:4], revision("e", "d", "gone")), STORY.unreadable)
    assert lines(graph) == [
        "* e (head, merge, gone is missing)",
        "* d (merge)",
        "|\\",
        "* | b (label billing)",
        "| * c evil\\x1b[2J",
        "|/",
        "* a (fork into 2, base) create",
        "? versions/x.py:7 the id is computed",
    ]


def test_text_with_all_that_is_known() -> None:
    assert lines(STORY, KNOWN) == [
        "* e (new, head, merge, depends on c, depends on lost, gone is missing, lost is missing)",
        "|\\",
        "* | d (new, prod stands here, merge)",
        "|-|\\",
        "* | | b (label billing)",
        "| |/",
        "| * c evil\\x1b[2J",
        "|/",
        "* a (fork into 2, base) create",
        "? versions/x.py:7 the id is computed",
        "? origin/main has 1 more: z",
        "? stage is nowhere",
        "new: not in origin/main",
    ]


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        pytest.param(Graph(), ["no revisions"], id="none"),
        pytest.param(
            Graph((revision("a"), revision("a", doc="again"))), ["* a (head, base, in 2 files) again"], id="an id twice"
        ),
        pytest.param(
            Graph((revision("a", "b"), revision("b", "a"))), ["* a (needs itself)", "* b (needs itself)"], id="a cycle"
        ),
        pytest.param(
            Graph((revision("a", labels=("x",)), revision("b", needs=("x",)))),
            ["* b (head, base, depends on x)", "* a (head, label x, base)"],
            id="a dependency by its label",
        ),
    ],
)
def test_text_of_what_is_unusual(graph: Graph, said: list[str]) -> None:
    assert lines(graph) == said


def test_what_an_unreadable_file_may_define_is_not_missed() -> None:
    graph = Graph((revision("a"),), (Unreadable("versions/x.py", 7, "it is torn", ("b",)),))
    assert lines(graph, Known("main", frozenset("ab"))) == ["* a (head, base)", "? versions/x.py:7 it is torn"]
    assert "? main has 1 more: c" in lines(graph, Known("main", frozenset("abc")))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        pytest.param(["a"], "a stands here", id="one"),
        pytest.param(["a", "b", "c"], "a stands here, b stands here, c stands here", id="a few"),
        pytest.param(["a", "b", "c", "d"], "4 stand here", id="many"),
    ],
)
def test_where_several_databases_stand(names: list[str], said: str) -> None:
    live = tuple((name, "x") for name in names)
    assert lines(Graph((revision("x"),)), Known(live=live)) == [f"* x ({said}, head, base)"]


def test_a_way_that_ends_at_once_is_short() -> None:
    graph = Graph((*chain(3), revision("other"), revision("merge", "r0002", "other")))
    assert lines(graph)[:4] == ["* merge (head, merge)", "|\\", "| * other (base)", "* r0002 step 2"]


def test_straight_runs_are_one_line_in_large_graphs() -> None:
    assert lines(Graph(chain(100))) == [
        "* r0099 (head) step 99",
        ": … 98 revisions, r0001 to r0098",
        "* r0000 (base) step 0",
    ]


def test_nothing_is_hidden_in_small_graphs_or_on_demand() -> None:
    assert len(lines(Graph(chain(MANY - 1)))) == MANY - 1
    assert len(lines(Graph(chain(MANY)))) == 3
    assert len(lines(Graph(chain(100)), every=True)) == 100


@pytest.mark.parametrize(
    ("other", "known", "seen"),
    [
        pytest.param(revision("x", "r0050"), Known(), "r0050 (fork into 2)", id="a fork"),
        pytest.param(
            revision("x", "r0050", "gone"), Known(), "x (head, merge, gone is missing)", id="a missing parent"
        ),
        pytest.param(revision("x", needs=("r0050",)), Known(), "r0050", id="something depends on it"),
        pytest.param(revision("r0050", "r0049", labels=("x",)), Known(), "r0050 (label x, in 2 files)", id="a label"),
        pytest.param(revision("x"), Known(live=(("prod", "r0050"),)), "r0050 (prod stands here)", id="a database"),
    ],
)
def test_what_is_not_hidden_in_a_run(other: Revision, known: Known, seen: str) -> None:
    drawn = [line.lstrip("*|/\\: ") for line in lines(Graph((*chain(100), other)), known)]
    assert any(line.startswith(seen) for line in drawn)
    assert any(line.startswith("… 49 revisions, r0051 to") or "r0001 to r0049" in line for line in drawn)


def test_few_new_revisions_are_all_shown() -> None:
    def count(new: int) -> int:
        return len(lines(Graph(chain(100)), Known("main", frozenset(f"r{number:04}" for number in range(100 - new)))))

    assert count(5) == count(0) + 1 + 4  # what "new" means, and one line each besides the head
    assert count(SHORTEST_NEW_RUN) == count(0) + 1 + SHORTEST_NEW_RUN - 1
    assert count(SHORTEST_NEW_RUN + 1) == count(0) + 2


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Mostly lines, with forks, merges, dependencies, missing parents, labels, and a few cycles."""
    random = draw(st.randoms(use_true_random=False))
    names = [f"r{number}" for number in range(draw(st.integers(0, 3 * MANY // 2)))]
    found = []
    for number, name in enumerate(names):
        before = names[max(0, number - 9) : number] or ["gone"]
        down = names[number - 1 : number] if random.random() < 0.9 and number else random.sample(before, 1)
        if random.random() < 0.06:
            down = [*down, random.choice((*before, "gone", names[-1] if random.random() < 0.1 else before[0]))]
        needs = [random.choice((*before, "lost", "red"))] if random.random() < 0.04 else []
        labels = ("red",) if random.random() < 0.02 else ()
        found.append(revision(name, *dict.fromkeys(down), labels=labels, needs=tuple(needs), doc=f"doc {name}"))
    random.shuffle(found)
    return Graph(tuple(found))


def edges(graph: Graph) -> set[tuple[str, str]]:
    return {(id_, other) for id_ in graph.by_id for other in (*graph.by_id[id_].down, *graph.requirements(id_))}


def shown(picture: Picture) -> set[tuple[str, str]]:
    """Edges between boxes, from the oldest revision of one to the newest of another, and those inside of runs."""
    ends = {box.id: box.revisions[-1].id for box in picture.boxes if box.revisions}
    between = {(ends[box.id], other) for box in picture.boxes for other in (*box.parents, *box.requires)}
    inside = {
        (child.id, parent.id)
        for box in picture.boxes
        for child, parent in zip(box.revisions, box.revisions[1:], strict=False)
    }
    return between | inside


def ways(picture: Picture) -> int:
    return sum(len({*box.parents, *box.requires}) for box in picture.boxes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.booleans())
@example(Graph(tuple(revision(f"r{number}", f"r{(number + 1) % 99}") for number in range(99))), False)
def test_every_revision_and_every_edge_is_in_the_picture(graph: Graph, every: bool) -> None:
    known = Known("main", frozenset(list(graph.by_id)[::3]))
    picture = picture_of("sample", graph, known, every=every)
    held = [each.id for box in picture.boxes for each in box.revisions]
    assert sorted(held) == sorted(graph.by_id)
    assert {box.id for box in picture.boxes if box.is_missing} == {each.id for each in graph.missing()}
    needed = {(each.revision.id, each.id) for each in graph.missing()}
    assert shown(picture) == edges(graph) | needed

    laid = list(rows(nodes(picture.boxes)))
    assert sorted(row.node.id for row in laid) == sorted(box.id for box in picture.boxes)
    assert all(row.column not in row.beside and not {*row.joining} & row.beside for row in laid)
    above = {row.node.id: number for number, row in enumerate(laid)}
    if not graph.cycles():
        assert all(above[row.node.id] < above[parent] for row in laid for parent, _ in row.edges)

    drawing = ElementTree.fromstring(graph_svg.render([picture]))
    assert len(drawing.findall(f".//{SVG}path[@d]")) == ways(picture) + any(box.requires for box in picture.boxes)
    told = {text.text for text in drawing.iter(f"{SVG}text")}
    assert {box.name for box in picture.boxes} <= told
    assert graph_dot.render([picture]).count(" -> ") == ways(picture)
    assert len(re.findall(" (?:-->|-.->) ", graph_mermaid.render([picture]))) == ways(picture)
    assert set(graph.by_id) <= set(re.findall("<td>([^<]*)</td>", graph_html.render([picture])))
    starred = [line for line in graph_text.drawn(picture).splitlines() if re.match(r"[| ]*[*:]", line)]
    assert len(starred) == sum(not box.is_missing for box in picture.boxes)


def hostile(text: str) -> Picture:
    """A picture with ``text`` wherever somebody else's words go."""
    first = Revision(f"a{text}", (), (), (text,), f"versions/{text}.py", 3, 4, text, "versions")
    second = Revision(f"b{text}", (first.id, f"gone{text}"), (text,), (), "versions/b.py", 3, 4, "fine", "versions")
    unreadable = Unreadable(f"versions/{text}.py", 1, text)
    known = Known(f"base{text}", frozenset({first.id, f"away{text}"}), ((f"prod{text}", second.id),), (text,))
    return picture_of(f"name{text}", Graph((first, second), (unreadable,)), known)


class Page(HTMLParser):
    """The elements of a page, what they hold, and whether each is closed."""

    VOID = frozenset({"meta", "col"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= set(attrs)
        if tag not in self.VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= set(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def told(box: Box) -> list[str]:
    """What a drawing says of one box, where XML can hold it."""
    return [text.replace("\uffff", "\ufffd") for text in (box.name, box.doc) if text]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text_in_svg_and_html(text: str) -> None:
    picture = hostile(text)
    svg, html = graph_svg.render([picture]), graph_html.render([picture])
    assert svg.isascii() and html.isascii()
    drawing = ElementTree.fromstring(svg)
    elements = {each.tag.removeprefix(SVG) for each in drawing.iter()}
    assert elements == {"svg", "title", "style", "g", "rect", "circle", "path", "text"}
    page = Page(html)
    assert not page.opened
    assert page.elements == elements | {
        *("html", "head", "meta", "body", "section", "div", "details", "summary", "table", "col", "tr", "td", "span")
    }
    for said in (part for box in picture.boxes for part in told(box)):
        assert said in {each.text for each in drawing.iter(f"{SVG}text")}
        assert said in page.words


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text_in_dot(text: str) -> None:
    quoted = r'"(?:[^"\\\n]|\\.)*"'
    attributes = rf"\w+=(?:{quoted}|\w+)(?:[,;] \w+=(?:{quoted}|\w+))*"
    line = re.compile(
        rf"digraph revisions {{|  rankdir=BT;|  (?:node|edge) \[{attributes}\];|  subgraph cluster_0 {{"
        rf"|    {attributes};|    e0r\d \[{attributes}\];|    e0r\d -> e0r\d(?: \[style=dashed\])?;|  }}|}}"
    )
    assert all(line.fullmatch(each) for each in graph_dot.render([hostile(text)]).splitlines())


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_shows_what_was_meant() -> None:
    pictures = [hostile(text) for text in HOSTILE if "\uffff" not in text]
    done = subprocess.run(["dot", "-Tsvg"], input=graph_dot.render(pictures).encode(), capture_output=True, check=True)
    assert not done.stderr
    texts = {
        "".join(each.itertext()).replace("\xa0", " ") for each in ElementTree.fromstring(done.stdout).iter(f"{SVG}text")
    }
    assert {box.name for picture in pictures for box in picture.boxes} <= texts


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text_in_mermaid(text: str) -> None:
    label = r'"(?:[\w .,:/()…-]|#\d+;|<br/>)*"'
    line = re.compile(
        rf"flowchart BT|  subgraph e\d \[{label}\]|    direction BT|  end|  classDef \w+ [\w:#,-]+"
        rf"|    e\dr(?:\d+|emarks)(?:\[{label}\]|\(\[{label}\]\)|{{{{{label}}}}})(?::::\w+)?"
        r"|    e\dr\d+ (?:-->|-\.->) e\dr\d+"
    )
    lines = graph_mermaid.render([hostile(text)]).splitlines()
    assert not [each for each in lines if not line.fullmatch(each)]
    assert not [each for each in lines if "#92;n" in each]  # Mermaid would take both for the end of a line
    meant = [re.sub(r"#(\d+);", lambda found: chr(int(found[1])), each).replace("\u2060", "") for each in lines]
    assert all(any(box.name in each for each in meant) for box in hostile(text).boxes)


@pytest.mark.parametrize("name", ["svg", "html"])
def test_drawings_fetch_nothing(name: str) -> None:
    large = picture_of("large", Graph(chain(100)), KNOWN)
    document = FORMATS[name]([picture_of("story", STORY, KNOWN), large])
    assert not re.findall(r"url\(|@import|\bsrc=|<script|<link|javascript:|\bon\w+=", document)
    assert set(re.findall(r"https?://[^\"\s]*", document)) == {"http://www.w3.org/2000/svg"}
    assert all(each.startswith("#") for each in re.findall('href="([^"]*)"', document))


def test_a_run_leads_to_its_list() -> None:
    page = graph_html.render([picture_of("large", Graph(chain(100)))])
    [target] = re.findall('<a href="#([^"]*)">', page)
    assert f'<tr id="{target}"><td>r0098</td>' in page


@pytest.mark.parametrize("name", FORMATS)
def test_everything_known_is_in_every_format(name: str) -> None:
    drawn = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), FORMATS[name]([picture_of("story", STORY, KNOWN)]))
    words = ["story", "billing", "merge", "fork into 2", "base", "depends on c", "gone is missing", "head", "create"]
    words += ["prod stands here", "not in origin/main", "versions/x.py:7 the id is computed", "stage is nowhere"]
    assert [word for word in words if word not in drawn] == []
    assert "dashed" in drawn or "dasharray" in drawn or "-.->" in drawn or name == "text"


@pytest.mark.parametrize("name", FORMATS)
def test_several_environments_and_empty_ones(name: str) -> None:
    drawn = FORMATS[name]([picture_of("first", STORY), picture_of("second", Graph())])
    assert "first" in drawn and "second" in drawn and "no revisions" in drawn
    if name == "svg":
        ElementTree.fromstring(drawn)
