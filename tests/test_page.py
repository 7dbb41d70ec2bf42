"""The report as a page: well-formed, alone, readable by everybody; and in a real browser, where there is one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import samples
from browser import NONE, Seen, browser, look_at
from hooked import COLOUR, HEAD, add_column, add_revision
from hooked import plain as plain_project
from test_formats import HOSTILE, hostile

from driftguard.findings import Finding, Side
from driftguard.graph import Graph, Known
from driftguard.ratchet import IN_BASE
from driftguard.report import REPORTS, plain
from driftguard.report.page.live import MOST_SHOWN
from driftguard.report.visible import visible
from driftguard.verdict import FOUR, History, Member, State, Verdict, judge

LONG = "x" * 300


def page(verdict: Verdict) -> str:
    return REPORTS["html"].render(verdict, samples.source, plain)


def wide() -> Verdict:
    """Names, lines and commands that fit on no screen, of many databases."""
    names = tuple(f"{LONG}{number}" for number in range(20))
    chain = tuple(
        samples.revision(f"r{number:03}", *([f"r{number - 1:03}"] if number else []), doc=LONG) for number in range(100)
    )
    finding = Finding(
        "DG301",
        Side.LIVE,
        LONG,
        LONG,
        details=(LONG, f"{LONG} {LONG}"),
        help=LONG,
        commands=(f"ALTER {LONG};",),
        environment=LONG,
        database=LONG,
        databases=names,
        table=LONG,
    )
    judged = judge(
        [finding, replace(samples.FINDINGS[1], environment="other"), *samples.FINDINGS],
        looked_at=FOUR,
        environments={LONG: FOUR, "other": (Side.GRAPH,)},
        known=lambda finding: IN_BASE if finding.code == "DG203" else "",
        members=[Member(LONG, "database", name, (LONG, "r1")) for name in (*names, "fine")],
        checked=(LONG,),
        notes=(LONG,),
    )
    known = Known(LONG, frozenset(["r001"]), ((LONG, "r050"),))
    return replace(judged, histories=(History(LONG, Graph(chain), known),))


VERDICTS = {
    "samples": samples.verdict(),
    "hostile": hostile(),
    "clean": judge([], looked_at=FOUR, checked=("shop: graph of 1 revision",)),
    "nothing was looked at": judge([]),
    "wide": wide(),
}


class Element(NamedTuple):
    """One element, with the names of those around it and the text in it."""

    tag: str
    attributes: dict[str, str]
    around: tuple[str, ...]
    texts: list[str]

    @property
    def text(self) -> str:
        return "".join(self.texts)


class Page(HTMLParser):
    """The elements of a page, each of them closed where it has to be."""

    VOID = frozenset({"meta", "col", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(each.tag for each in self._open), [])
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in {each.tag for each in self._open}, f"<{tag}/> means nothing in HTML"
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}.items()
        return [each for each in self.elements if each.tag == tag and wanted <= each.attributes.items()]


@pytest.fixture(params=VERDICTS)
def verdict(request: pytest.FixtureRequest) -> Verdict:
    return VERDICTS[request.param]


class TestEveryPage:
    def test_is_well_formed_and_in_ascii(self, verdict: Verdict) -> None:
        text = page(verdict)
        assert text.isascii() and text.endswith("</html>\n")
        found = Page(text)
        assert [len(found.all(tag)) for tag in ("html", "head", "body", "h1", "main", "header")] == [1] * 6
        assert len([each for each in found.all("title") if each.around[-1] == "head"]) == 1

    def test_has_each_id_once_and_leads_nowhere_else(self, verdict: Verdict) -> None:
        found = Page(page(verdict))
        ids = [each.attributes["id"] for each in found.elements if "id" in each.attributes]
        assert len(ids) == len(set(ids))
        assert not [id_ for id_ in ids if re.search(r"\s", id_)]
        for each in found.all("a"):
            href = each.attributes["href"]
            assert href.startswith("https://github.com/driftguard/") or href.removeprefix("#") in ids, href
        for name in ("aria-labelledby", "for"):
            named = [each.attributes[name] for each in found.elements if name in each.attributes]
            assert set(named) <= set(ids)

    def test_fetches_nothing(self, verdict: Verdict) -> None:
        found = Page(page(verdict))
        assert not {"link", "img", "iframe", "object", "embed", "form", "base", "use", "image"} & {
            each.tag for each in found.elements
        }
        for each in found.elements:
            names = set(each.attributes)
            assert not names & {"src", "srcset", "style", "background", "action", "ping", "xlink:href"}
            assert not [name for name in names if name.startswith("on")]
        [style] = found.all("style")
        assert not re.findall(r"url\(|@import|@font-face|</", style.text)

    def test_lets_only_its_own_script_and_style_count(self, verdict: Verdict) -> None:
        found = Page(page(verdict))
        [script], [style] = found.all("script"), found.all("style")
        [policy] = found.all("meta", **{"http-equiv": "Content-Security-Policy"})
        hashes = [base64.b64encode(hashlib.sha256(each.text.encode()).digest()).decode() for each in (style, script)]
        assert policy.attributes["content"].split("; ") == [
            "default-src 'none'",
            f"style-src 'sha256-{hashes[0]}'",
            f"script-src 'sha256-{hashes[1]}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]

    def test_can_be_read_without_seeing_it(self, verdict: Verdict) -> None:
        found = Page(page(verdict))
        levels = [int(each.tag[1]) for each in found.elements if re.fullmatch(r"h\d", each.tag)]
        assert levels[0] == 1
        assert all(below <= above + 1 for above, below in pairwise(levels)), levels
        for each in found.elements:
            if "tabindex" in each.attributes:
                assert each.attributes["role"] == "group"
                assert each.attributes.get("aria-label") or each.attributes.get("aria-labelledby")
            if each.tag in ("section", "article", "nav"):
                assert each.attributes.get("aria-label") or each.attributes.get("aria-labelledby")
            if each.tag == "svg" and "icon" in each.attributes["class"]:
                assert each.attributes["aria-hidden"] == "true"
            if each.tag == "input":
                assert each.around[-1] == "label"
            if each.tag == "th":
                assert each.attributes["scope"] in ("row", "col")

    def test_says_every_finding(self, verdict: Verdict) -> None:
        found = Page(page(verdict))
        assert [each.text for each in found.elements if each.attributes.get("id", "").startswith("t-")] == [
            visible(judged.finding.message) for judged in verdict.findings
        ]
        commands = [each.text for each in found.all("code") if each.around[-1] == "pre"]
        assert len(commands) == sum(len(judged.finding.commands) for judged in verdict.findings)


def test_hostile_names_stay_text() -> None:
    found = Page(page(hostile()))
    text = next(each for each in found.elements if each.tag == "main").text
    assert [each for each in HOSTILE if visible(each) not in text] == []
    assert not [letter for letter in text if letter != "\n" and not letter.isprintable()]


def test_hostile_tables_stay_text_in_the_line_before_many_changes() -> None:
    found = [Finding("DG301", Side.LIVE, text, text, table=text, environment="shop") for text in HOSTILE]
    [headline] = Page(page(judge(found))).all("p", class_="headline")
    assert f"{visible(HOSTILE[2])} (1)" in headline.text


def test_what_it_says_of_the_samples() -> None:
    text = Page(page(samples.verdict())).all("body")[0].text
    for said in (
        "The check fails",
        "6 errors, 2 warnings, 1 note",
        "models, live and graph are off; head is fine",
        "app/models.py:3",
        "age = db.Column(db.Integer)  # asked for in March",
        "CREATE OR REPLACE VIEW report AS\n SELECT id\n   FROM students;",
        "cannot tell whether extension postgis",
        "hostile on SQLite 3.45",
        "not in origin/main",
        "main stands here",
        "no revisions",
    ):
        assert said in text, said
    assert "s3cr3t" not in text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param("", "The check passes", id="clean"),
        pytest.param("DG201", "The check fails", id="found"),
        pytest.param("DG901", "Not everything could be checked", id="unchecked"),
    ],
)
def test_its_head_says_what_the_exit_code_says(code: str, said: str) -> None:
    found = [Finding(code, Side.MODELS, "it", "it is off")] if code else []
    verdict = judge(found)
    assert f"{said} exit code {verdict.exit_code}" in Page(page(verdict)).all("header")[0].text


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        pytest.param(
            samples.FINDINGS,
            {
                "mode": visible(samples.FINDINGS[4].message),
                "head": "env.py of billing raised OperationalError",
                "live": "the view report differs from what the revisions build",
                "grap": "the graph has two heads, 3fe2a1 and 77c0de, since 1975ea",
            },
            id="off",
        ),
        pytest.param(
            samples.FINDINGS[6:7],
            dict.fromkeys(("mode", "head", "live", "grap"), "env.py of billing raised OperationalError"),
            id="nothing could be checked",
        ),
        pytest.param(samples.FINDINGS[7:8], {"live": samples.FINDINGS[7].message}, id="one could not be checked"),
        pytest.param((), {}, id="clean"),
    ],
)
def test_a_side_leads_to_why_it_is_not_fine(findings: tuple[Finding, ...], told: dict[str, str]) -> None:
    found = Page(page(judge(findings)))
    links = [each for each in found.all("a") if "card" in each.attributes.get("class", "").split()]
    cards = {each.text[:4]: each.attributes["href"].removeprefix("#f-") for each in links}
    messages = {
        each.attributes["id"].removeprefix("t-"): each.text
        for each in found.elements
        if each.attributes.get("id", "").startswith("t-")
    }
    assert {side: messages[id_] for side, id_ in cards.items()} == told


class TestParts:
    def test_what_the_base_branch_has(self) -> None:
        verdict = judge(samples.FINDINGS, known=lambda finding: IN_BASE if finding.code == "DG203" else "")
        found = Page(page(verdict))
        assert len([each for each in found.all("article") if "known" in each.attributes["class"].split()]) == 2
        assert [each.attributes["id"] for each in found.all("input")] == ["show-error", "show-note", "show-known"]
        assert found.all("fieldset")[0].text == "Show 6 errors 3 notes 2 known already"

    def test_no_boxes_where_all_weigh_the_same(self) -> None:
        assert not Page(page(judge(samples.FINDINGS[:1]))).all("input")

    def test_one_environment_needs_no_table(self) -> None:
        one, two = (dict.fromkeys(names, FOUR) for names in (["a"], ["a", "b"]))
        assert not Page(page(judge([], environments=one))).all("section", id="environments")
        [table] = Page(page(judge([], environments=two, looked_at=FOUR))).all("section", id="environments")
        assert table.text.count("fine") == 8

    @pytest.mark.parametrize(
        ("fine", "is_open"),
        [
            pytest.param(MOST_SHOWN, True, id="a few"),
            pytest.param(MOST_SHOWN + 1, False, id="many"),
        ],
    )
    def test_live_databases(self, fine: int, is_open: bool) -> None:
        off = Finding("DG301", Side.LIVE, "t.a", "t.a is off", environment="shop", databases=("bad",))
        names = ["bad", *(f"shard{number}" for number in range(fine))]
        verdict = judge([off], members=[Member("shop", "database", name, ("r1",)) for name in names])
        [section] = Page(page(verdict)).all("section", id="databases")
        assert f"{fine} of {fine + 1} databases are as their stamp says" in section.text
        rows = [each.text for each in Page(page(verdict)).all("tr")]
        assert "badshop off" in rows[1]
        assert verdict.members[0].state is State.OFF
        assert ("open" in Page(page(verdict)).all("details")[0].attributes) == is_open

    def test_many_databases_of_a_finding_are_all_listed(self) -> None:
        names = tuple(f"shard{number}" for number in range(9))
        off = Finding("DG301", Side.LIVE, "t.a", "t.a is off", environment="shop", databases=names)
        text = Page(page(judge([off]))).all("article")[0].text
        assert "All 9 databases" in text
        assert all(name in text for name in names)

    def test_runs_of_revisions_lead_to_the_list(self) -> None:
        found = Page(page(wide()))
        links = [each for each in found.all("a") if "svg" in each.around]
        assert [each.text for each in links] == ["… 48 revisions, r051 to r098", "… 48 revisions, r002 to r049"]
        rows = {each.attributes.get("id"): each.text for each in found.all("tr")}
        assert [rows[each.attributes["href"].removeprefix("#")][:4] for each in links] == ["r098", "r049"]

    def test_no_revisions_no_drawing(self) -> None:
        assert not Page(page(judge([]))).all("section", id="revisions")


def test_a_real_project(tmp_path: Path) -> None:
    """A branch with one more revision, of which the database does not know yet, and a column of which nobody does."""
    shop = plain_project(tmp_path / "shop")
    shop.alembic("upgrade", "head")
    shop.git("checkout", "--quiet", "-b", "feature")
    for name in ("colour", "size"):
        add_column(shop, name)
    add_revision(shop, COLOUR, "colour")
    shop.commit("add colour")
    file = tmp_path / "report.html"
    answer = shop.driftguard("check", "--format", f"html={file}", "--format", "json")
    assert answer.code == 1
    found = Page(file.read_text())
    messages = [each["message"] for each in json.loads(answer.out)["findings"]]
    assert [each.text for each in found.all("h3") if each.around[-1] == "article"] == messages != []
    [drawing] = [each for each in found.all("svg") if "graph" in each.attributes["class"].split()]
    words = [each.text for each in found.all("text") if "svg" in each.around]
    for said in (COLOUR, "new", "not in main", HEAD, "live stands here", "colour", "begin"):
        assert said in words, said
    assert drawing.text.index(COLOUR) < drawing.text.index(HEAD)


LOOK = """(frame) => {
  const page = frame.document, root = page.documentElement;
  for (const each of page.querySelectorAll('details')) each.open = true;
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = numbers(colour).map((each) => each / 255)
      .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const solid = (colour) => numbers(colour).length === 3 || numbers(colour)[3] === 1;
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = frame.getComputedStyle(element).backgroundColor;
      if (solid(colour)) return colour;
    }
  };
  const behind = (text) => {
    const group = text.parentElement, before = text.previousElementSibling || group.previousElementSibling;
    const boxed = before && before.matches('rect[rx]');
    return frame.getComputedStyle(boxed ? before : page.querySelector('rect.ground')).fill;
  };
  const contrast = (element) => {
    const drawn = element.tagName === 'text', style = frame.getComputedStyle(element);
    const both = drawn ? [style.fill, behind(element)] : [style.color, ground(element)];
    const [less, more] = both.map(light).sort((one, other) => one - other);
    return (more + 0.05) / (less + 0.05);
  };
  const shown = (element) => element.getClientRects().length && !element.closest('.unseen, .skip');
  const says = (element) => [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
  const texts = [...page.body.querySelectorAll('*')].filter((each) => says(each) && shown(each));
  const commands = [...page.querySelectorAll('.command')];
  const copied = commands.slice(0, 3).map((each) => {
    each.querySelector('button').click();
    return frame.getSelection().toString() === each.querySelector('code').textContent;
  });
  const boxes = [...page.querySelectorAll('.filter input')];
  const hidden = boxes.map((each) => {
    each.click();
    const gone = [...page.querySelectorAll('.finding')].filter((other) => !shown(other)).length;
    each.click();
    return gone;
  });
  return {
    hidden: hidden,
    wide: root.scrollWidth - root.clientWidth,
    background: ground(page.body),
    texts: texts.length,
    faint: texts.filter((each) => contrast(each) < 4.5).map((each) => each.outerHTML.slice(0, 200)),
    commands: commands.length,
    copied: copied,
    ran: root.dataset.ran || '',
    scripts: page.scripts.length,
  };
}"""


@pytest.mark.skipif(not browser(), reason=NONE)
@pytest.mark.xdist_group("one browser")
class TestInABrowser:
    @pytest.fixture(scope="class", params=["light", "dark"])
    @staticmethod
    def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Seen]:
        """All pages on a phone's screen, in one go; the last of them with a script that is not its own."""
        pages = [page(each) for each in VERDICTS.values()]
        theirs = "<script>document.documentElement.dataset.ran = 'theirs'</script>"
        pages.append(pages[0].replace("<h1>", f"{theirs}<h1>"))
        folder = tmp_path_factory.mktemp("pages")
        return request.param, look_at(folder, pages, LOOK, theme=request.param, width=360)

    def test_nothing_is_wider_than_a_phone(self, seen: tuple[str, Seen]) -> None:
        assert [each["wide"] for each in seen[1].pages] == [0] * (len(VERDICTS) + 1)

    def test_every_text_stands_out_from_its_ground(self, seen: tuple[str, Seen]) -> None:
        assert [each["faint"] for each in seen[1].pages] == [[]] * (len(VERDICTS) + 1)
        assert min(each["texts"] for each in seen[1].pages) > 10

    def test_each_theme_has_its_own_ground(self, seen: tuple[str, Seen]) -> None:
        theme, found = seen
        red, green, blue = map(int, re.findall(r"\d+", found.pages[0]["background"]))
        assert (red + green + blue > 3 * 128) == (theme == "light")

    def test_buttons_select_what_they_copy(self, seen: tuple[str, Seen]) -> None:
        first: dict[str, Any] = seen[1].pages[0]
        assert first["commands"] == sum(len(each.finding.commands) for each in samples.verdict().findings)
        assert first["copied"] == [True, True, True]

    def test_boxes_hide_findings_of_their_kind(self, seen: tuple[str, Seen]) -> None:
        pages = dict(zip(VERDICTS, seen[1].pages, strict=False))
        assert pages["samples"]["hidden"] == [6, 2, 1]
        known = [judged.severity for judged in VERDICTS["wide"].findings if judged.known]
        assert pages["wide"]["hidden"] == [8, 3, 2]
        assert known == ["note", "note"]
        assert pages["clean"]["hidden"] == []

    def test_only_the_page_s_own_script_runs(self, seen: tuple[str, Seen]) -> None:
        """The last page shows that the policy stops others, and that a complaint would be seen."""
        assert [each["ran"] for each in seen[1].pages] == [""] * (len(VERDICTS) + 1)
        assert [each["scripts"] for each in seen[1].pages] == [1] * len(VERDICTS) + [2]
        [complaint] = seen[1].console
        assert "script-src" in complaint
        assert f"{len(VERDICTS)}.html" in complaint
