"""The revision graphs on the page: a drawing of each environment's, and the list of its revisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftguard.report import graph_svg
from driftguard.report.graph_html import listed
from driftguard.report.markup import xml
from driftguard.report.page.elements import Section, section
from driftguard.report.picture import picture_of
from driftguard.verdict import History


def revisions(histories: Sequence[History]) -> Iterator[Section]:
    """Straight runs of large graphs are drawn as one, which leads to its revisions in the list."""
    if histories:
        yield section("revisions", "Revisions", "\n".join(_history(*each) for each in enumerate(histories)))


def _history(number: int, history: History) -> str:
    picture = picture_of(history.environment, history.graph, history.known)
    list_ = listed(number, picture)
    drawn = graph_svg.document(graph_svg.drawing(picture._replace(name=""), list_.links))
    name = xml(history.environment)
    return (
        f'<h3 id="graph-{number}">{name}</h3>\n'
        f'<div class="drawing" tabindex="0" role="group" aria-labelledby="graph-{number}">{drawn}</div>\n'
        f"<details><summary>{list_.title}</summary>\n{list_.table}\n</details>"
    )
