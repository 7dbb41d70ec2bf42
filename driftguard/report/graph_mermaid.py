"""The picture of a revision graph for Mermaid (https://mermaid.js.org/syntax/flowchart.html), as GitHub shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from driftguard.report.picture import Box, Kind, Picture, clipped
from driftguard.report.visible import visible

CLASSES = {
    Kind.WRONG: "fill:#ffebe9,stroke:#cf222e,color:#82071e",
    Kind.LIVE: "fill:#ffd8b5,stroke:#953800,color:#5c2200,stroke-width:3px",
    Kind.NEW: "fill:#dafbe1,stroke:#1a7f37,color:#044f1e",
    Kind.HEAD: "fill:#ddf4ff,stroke:#0969da,color:#0a3069",
}
"""Of several marks the first of these decides. Text has a colour of its own, for dark pages."""

BACKSLASH, APART = "\\", "#8288;"
SPECIAL = re.compile(r"[^\w .,:/()…-]")


def render(pictures: Sequence[Picture]) -> str:
    """One flow chart, a subgraph for each environment; newest above, arrows in the direction of an upgrade."""
    used = {_kind(box) for picture in pictures for box in picture.boxes}
    classes = (f"  classDef {kind} {look}" for kind, look in CLASSES.items() if kind in used)
    lines = (line for number, picture in enumerate(pictures) for line in _subgraph(number, picture))
    return "\n".join(("flowchart BT", *lines, *classes))


def _subgraph(number: int, picture: Picture) -> Iterator[str]:
    names = {box.id: f"e{number}r{place}" for place, box in enumerate(picture.boxes)}
    yield f'  subgraph e{number} ["{_label(picture.name)}"]'
    yield "    direction BT"
    for box in picture.boxes:
        kind = _kind(box)
        yield f"    {names[box.id]}{_shape(box)}{f':::{kind}' if kind else ''}"
    if remarks := picture.remarks or (() if picture.boxes else ("no revisions",)):
        yield f'    e{number}remarks["{_label(*remarks)}"]'
    for box in picture.boxes:
        yield from (f"    {names[parent]} --> {names[box.id]}" for parent in box.parents)
        yield from (f"    {names[other]} -.-> {names[box.id]}" for other in box.requires)
    yield "  end"


def _shape(box: Box) -> str:
    marks = ", ".join(mark.text for mark in box.marks)
    label = _label(*filter(None, (box.name, marks, clipped(box.doc))))
    return f'(["{label}"])' if box.is_run else f'{{{{"{label}"}}}}' if box.is_missing else f'["{label}"]'


def _kind(box: Box) -> str:
    kinds = {mark.kind for mark in box.marks}
    return next((str(kind) for kind in CLASSES if kind in kinds), "")


def _label(*lines: str) -> str:
    """Lines inside quotes; what could mean something to Mermaid or HTML is given by number."""
    return "<br/>".join(SPECIAL.sub(_number, visible(line)) for line in lines)


def _number(found: re.Match[str]) -> str:
    """A backslash is kept apart from what follows it: Mermaid would break the line at ``\\n`` even so."""
    return f"#{ord(found[0])};{APART if found[0] == BACKSLASH else ''}"
