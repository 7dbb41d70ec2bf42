"""The picture of a revision graph as a page: the drawing, and below it every revision with its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from driftguard.report import graph_svg
from driftguard.report.lanes import rows
from driftguard.report.markup import in_ascii, xml
from driftguard.report.picture import Box, Picture, nodes

STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d; } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
.drawing { overflow-x: auto; }
.drawing svg { display: block; }
details { margin: 8px 20px 40px; }
summary { cursor: pointer; font-weight: 600; padding: 8px 0; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
col.id { width: 130px; }
col.file { width: 38%; }
td { border-top: 1px solid var(--line); padding: 4px 16px 4px 0; vertical-align: top; overflow-wrap: anywhere; }
td:first-child, td:last-child { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12.5px; }
td:last-child, td span { color: var(--quiet); }
tr:target td { background: color-mix(in srgb, var(--ink) 12%, transparent); }
@media (max-width: 700px) { td { display: block; border: 0; padding: 0 } tr { display: block; padding: 6px 0;
  border-top: 1px solid var(--line); } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is fetched and no script runs, whatever a file says."""


class Listed(NamedTuple):
    """The revisions of a picture as a table, how many there are, and where the runs of the drawing lead to in it."""

    title: str
    table: str
    links: Mapping[str, str]


def render(pictures: Sequence[Picture]) -> str:
    """One page with all environments, which works without scripts; the list is for searching in it."""
    names = xml(f"Revisions of {', '.join(each.name for each in pictures)}")
    sections = "\n".join(_section(number, picture) for number, picture in enumerate(pictures))
    return in_ascii(
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{names}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{graph_svg.STYLE}{STYLE}</style>\n</head>\n<body>\n{sections}\n</body>\n</html>"
    )


def listed(number: int, picture: Picture) -> Listed:
    """Every revision of the picture with that number on the page, in the order in which they are drawn."""
    anchors = {box.id: f"e{number}r{place}" for place, box in enumerate(picture.boxes)}
    boxes = {box.id: box for box in picture.boxes}
    order = (row.node.id for row in rows(nodes(picture.boxes)))
    lines = "\n".join(line for id_ in order for line in _lines(boxes[id_], anchors[id_]))
    count = sum(len(box.revisions) for box in picture.boxes)
    return Listed(
        "1 revision" if count == 1 else f"All {count} revisions",
        f'<table>\n<col class="id"><col><col class="file">\n{lines}\n</table>',
        {box.id: f"#{anchors[box.id]}" for box in picture.boxes if box.is_run},
    )


def _section(number: int, picture: Picture) -> str:
    list_ = listed(number, picture)
    drawn = graph_svg.document(graph_svg.drawing(picture, list_.links))
    return (
        f'<section>\n<div class="drawing">{drawn}</div>\n<details open><summary>{list_.title}</summary>\n'
        f"{list_.table}\n</details>\n</section>"
    )


def _lines(box: Box, anchor: str) -> Iterator[str]:
    marks = ", ".join(mark.text for mark in box.marks)
    for number, revision in enumerate(box.revisions):
        row = f'<tr id="{anchor}">' if number == 0 else "<tr>"
        said = f"{xml(revision.doc)} <span>{xml(marks)}</span>" if marks else xml(revision.doc)
        yield f"{row}<td>{xml(revision.id)}</td><td>{said}</td><td>{xml(revision.path)}</td></tr>"
