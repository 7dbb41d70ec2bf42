"""``driftguard graph``: a picture of every environment's revisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from driftguard import engine
from driftguard.commands.guarded import open_tree, root_of
from driftguard.config import load_settings
from driftguard.graph import Graph, Revision
from driftguard.report.lanes import Node, draw
from driftguard.report.visible import visible


def graph(*, start: Path, environments: Sequence[str] = (), ref: str = "") -> int:
    """Print the revision graphs, as they lie in the folder or as they are in the commit ``ref``."""
    source = "ref" if ref else "working"
    root = root_of(start, source)
    settings = load_settings(open_tree(root, source, ref))
    request = engine.Request(root=root, settings=settings, environments=tuple(environments), source=source, ref=ref)
    pictures = [f"{visible(found.name)}\n{picture(its_graph)}" for found, its_graph in engine.graphs(request)]
    print("\n\n".join(pictures))
    return 0


def picture(revisions: Graph) -> str:
    """One line per revision (heads above), then what could not be read."""
    children = Counter(parent for revision in revisions.revisions for parent in revision.down)
    nodes = [
        Node(each.id, (*each.down, *each.depends_on), _text(each, revisions, children)) for each in revisions.revisions
    ]
    unreadable = [visible(f"? {each.path}:{each.line} {each.reason}") for each in revisions.unreadable]
    return "\n".join([*draw(nodes), *unreadable]) or "no revisions"


def _text(revision: Revision, revisions: Graph, children: Counter[str]) -> str:
    known = {each.id for each in revisions.revisions}
    marks = [
        *(["head"] if revision.id in revisions.heads() else []),
        *(f"label {label}" for label in revision.labels),
        *(["merge"] if len(revision.down) > 1 else []),
        *([f"fork into {children[revision.id]}"] if children[revision.id] > 1 else []),
        *([] if revision.down else ["base"]),
        *(f"depends on {other}" for other in revision.depends_on),
        *(f"{parent} is missing" for parent in revision.down if parent not in known),
    ]
    marked = f"{revision.id} ({', '.join(marks)})" if marks else revision.id
    return visible(f"{marked} {revision.doc}".rstrip())
