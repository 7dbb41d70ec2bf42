"""The picture of a revision graph for terminals: one line per revision, heads above."""

from __future__ import annotations

from collections.abc import Sequence

from driftguard.report.lanes import Node, draw
from driftguard.report.picture import Box, Picture

RUN = ":"
"""Stands where ``*`` stands for one revision."""


def render(pictures: Sequence[Picture]) -> str:
    """All environments, a blank line between them."""
    return "\n\n".join(f"{each.name}\n{drawn(each)}" for each in pictures)


def drawn(picture: Picture) -> str:
    """One environment: its lines, then what could not be drawn."""
    nodes = [
        Node(box.id, (*box.parents, *box.requires), _text(box), RUN if box.is_run else "*")
        for box in picture.boxes
        if not box.is_missing
    ]
    return "\n".join([*draw(nodes), *picture.remarks]) or "no revisions"


def _text(box: Box) -> str:
    marks = ", ".join(mark.text for mark in box.marks)
    return f"{box.name} ({marks}) {box.doc}".rstrip() if marks else f"{box.name} {box.doc}".rstrip()
