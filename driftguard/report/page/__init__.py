"""The report as a page of its own: one file that fetches nothing, and in which nothing from outside is obeyed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from driftguard.findings import Side
from driftguard.report.graph_svg import STYLE as GRAPH_STYLE
from driftguard.report.identity import identified
from driftguard.report.markup import in_ascii, xml
from driftguard.report.page.elements import SAID, Section, icon, in_list, section, state
from driftguard.report.page.findings import findings
from driftguard.report.page.live import databases
from driftguard.report.page.revisions import revisions
from driftguard.report.page.style import SCRIPT, STYLE
from driftguard.report.paint import Paint, plain
from driftguard.report.source import Source
from driftguard.report.text import counts, states, summary
from driftguard.verdict import CLEAN, FOUND, UNCHECKED, Judged, State, Verdict, is_off, says_unchecked

POLICY = "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'"
"""With the hashes of the page's own style and script: nothing else counts, and nothing is fetched."""

OUTCOMES = {
    CLEAN: (State.FINE, "The check passes"),
    FOUND: (State.OFF, "The check fails"),
    UNCHECKED: (State.FAILED, "Not everything could be checked"),
}
MEANINGS = {
    Side.MODELS: "what the Python classes say",
    Side.HEAD: "what the revisions build",
    Side.LIVE: "what the database holds",
    Side.GRAPH: "how the revisions connect",
}


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """Everything that is known: it can be read, searched, printed and copied from without a network."""
    sections = (
        *_environments(verdict),
        *databases(verdict),
        findings(verdict, source),
        *revisions(verdict.histories),
        *_lines("notes", "Cannot be told", verdict.notes),
        *_lines("checked", "What was checked", verdict.checked),
    )
    body = "\n".join(each.markup for each in sections)
    links = "".join(f'<li><a href="#{each.id}">{each.title}</a></li>' for each in sections)
    style = f"{GRAPH_STYLE}{STYLE}"
    return in_ascii(
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(_hash(style), _hash(SCRIPT))}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n'
        f"<title>driftguard: {xml(summary(verdict, plain))}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#findings">To the findings</a>\n{_header(verdict)}\n'
        f'<nav class="wide" aria-label="On this page"><ul>{links}</ul></nav>\n'
        f'<main class="wide">\n{body}\n</main>\n'
        f'<p id="said" class="unseen" role="status"></p>\n<script>{SCRIPT}</script>\n</body>\n</html>\n'
    )


def _hash(text: str) -> str:
    """How a policy names a text between tags."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _header(verdict: Verdict) -> str:
    outcome, said = OUTCOMES[verdict.exit_code]
    named = tuple(identified(verdict.findings))
    cards = "".join(
        _card(side, its_state, next((name for name, judged in named if _tells_why(judged, side, its_state)), ""))
        for side, its_state in verdict.states
    )
    return (
        f'<header class="{outcome}"><div class="wide">\n'
        f'<p class="outcome">{icon(outcome)} driftguard: {said} <span class="quiet">exit code {verdict.exit_code}'
        f"</span></p>\n<h1>{xml(counts(verdict, plain))}</h1>\n<p>{xml(states(verdict))}</p>\n"
        f'<ul class="cards" aria-label="The four that should agree">{cards}</ul>\n</div></header>'
    )


def _tells_why(judged: Judged, side: Side, its_state: State) -> bool:
    """Whether a finding says why a side is not fine."""
    if its_state is State.FAILED:
        return says_unchecked(judged.finding.code) and judged.finding.side in (side, Side.SETUP)
    return is_off(side, judged)


def _card(side: Side, its_state: State, first: str) -> str:
    """One of the four; it leads to the ``first`` finding that says why it is not fine."""
    inner = (
        f'<span class="name">{side}</span>{icon(its_state)}<span class="said">{SAID[its_state]}</span>'
        f'<span class="quiet">{MEANINGS[side]}</span>'
    )
    if first:
        return f'<li><a class="card {its_state}" href="#f-{first}">{inner}</a></li>'
    return f'<li><div class="card {its_state}">{inner}</div></li>'


def _environments(verdict: Verdict) -> Iterator[Section]:
    """The four of each environment, where there are several."""
    if len(verdict.environments) < 2:
        return
    head = "".join(f'<th scope="col">{side}</th>' for side, _ in verdict.states)
    rows = "\n".join(
        f'<tr><th scope="row">{xml(name)}</th>{"".join(f"<td>{state(each)}</td>" for _, each in its_states)}</tr>'
        for name, its_states in verdict.environments
    )
    yield section(
        "environments",
        "Environments",
        f'<div class="scrolls" tabindex="0" role="group" aria-label="States of the environments">\n<table>\n'
        f'<thead><tr><th scope="col">environment</th>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>',
    )


def _lines(id_: str, title: str, lines: tuple[str, ...]) -> Iterator[Section]:
    if lines:
        yield section(id_, title, in_list(lines))
