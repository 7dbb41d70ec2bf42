"""The picture of a revision graph for Graphviz (https://graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftguard.report.picture import Box, Kind, Picture, clipped
from driftguard.report.visible import visible

HEAD = """digraph revisions {
  rankdir=BT;
  node [shape=box, style="rounded,filled", fillcolor="#f6f8fa", color="#59636e", fontname="sans-serif", fontsize=11];
  edge [color="#59636e"];"""

LOOKS = {
    Kind.WRONG: 'fillcolor="#ffebe9", color="#cf222e"',
    Kind.LIVE: 'fillcolor="#ffd8b5", color="#953800", penwidth=2',
    Kind.NEW: 'fillcolor="#dafbe1", color="#1a7f37"',
    Kind.HEAD: 'fillcolor="#ddf4ff", color="#0969da"',
}
"""Of several marks the first of these decides."""


def render(pictures: Sequence[Picture]) -> str:
    """One document, a cluster for each environment; newest above, arrows in the direction of an upgrade."""
    clusters = (line for number, picture in enumerate(pictures) for line in _cluster(number, picture))
    return "\n".join((HEAD, *clusters, "}"))


def _cluster(number: int, picture: Picture) -> Iterator[str]:
    names = {box.id: f"e{number}r{place}" for place, box in enumerate(picture.boxes)}
    label = "\\l".join(map(_escaped, (picture.name, *picture.remarks)))
    yield f"  subgraph cluster_{number} {{"
    yield f'    label="{label}\\l"; labeljust=l; labelloc=b; color="#d1d9e0"; fontname="sans-serif";'
    for box in picture.boxes:
        yield f"    {names[box.id]} [{_attributes(box)}];"
    if not picture.boxes:
        yield f'    e{number} [label="no revisions", shape=plaintext, style=""];'
    for box in picture.boxes:
        yield from (f"    {names[parent]} -> {names[box.id]};" for parent in box.parents)
        yield from (f"    {names[other]} -> {names[box.id]} [style=dashed];" for other in box.requires)
    yield "  }"


def _attributes(box: Box) -> str:
    marks = ", ".join(mark.text for mark in box.marks)
    label = "\\n".join(_escaped(line) for line in (box.name, marks, clipped(box.doc)) if line)
    kinds = {mark.kind for mark in box.marks}
    look = next((look for kind, look in LOOKS.items() if kind in kinds), "")
    style = ['style="rounded,dashed"'] if box.is_missing or box.is_run else []
    return ", ".join((f'label="{label}"', *style, *([look] if look else [])))


def _escaped(text: str) -> str:
    r"""Inside quotes; Graphviz also knows ``\N`` and the like, and HTML's entities."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
