"""The picture of a revision graph as SVG: one file that fetches nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from driftguard.report.lanes import Row, rows
from driftguard.report.markup import in_ascii, xml
from driftguard.report.picture import Box, Kind, Mark, Picture, clipped, nodes
from driftguard.report.visible import cells

STEP, HEIGHT, MARGIN, GAP = 18, 28, 20, 8
"""Pixels between lanes, between rows, around everything, and between the things in one row."""

FIXED, SMALL, PROPORTIONAL = 7.8, 6.6, 7.4
"""Pixels for a letter of an id, of a mark, and (at most, mostly) of a sentence."""

LONGEST_NAME, LONGEST_MARK = 70, 40
LEAST_WIDTH = 340
COLOURS = 8
BOXED = frozenset({Kind.HEAD, Kind.LABEL, Kind.LIVE, Kind.NEW, Kind.WRONG})
"""Marks with a ground of their own; the others are but words."""

STYLE = """
.graph { --ground: #ffffff; --ink: #1f2328; --quiet: #59636e;
  --c0: #0969da; --c1: #1a7f37; --c2: #8250df; --c3: #bc4c00; --c4: #bf3989; --c5: #0a7a8c; --c6: #9a6700;
  --c7: #656d76;
  --head: #ddf4ff; --on-head: #0550ae; --label: #f5e8ff; --on-label: #6639ba; --new: #dafbe1; --on-new: #116329;
  --live: #953800; --on-live: #ffffff; --wrong: #ffebe9; --on-wrong: #a40e26; --error: #cf222e; }
@media screen and (prefers-color-scheme: dark) { .graph { --ground: #0d1117; --ink: #e6edf3; --quiet: #9198a1;
  --c0: #58a6ff; --c1: #3fb950; --c2: #bc8cff; --c3: #f0883e; --c4: #f778ba; --c5: #39c5cf; --c6: #d29922;
  --c7: #9ea7b3;
  --head: #0c2d6b; --on-head: #a5d6ff; --label: #3c1e70; --on-label: #e2c5ff; --new: #04431d; --on-new: #7ee787;
  --live: #ffa657; --on-live: #0d1117; --wrong: #67060c; --on-wrong: #ffdcd7; --error: #ff7b72; } }
.graph text { fill: var(--ink); font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; white-space: pre; }
.graph .title { font-weight: 600; font-size: 17px; }
.graph .fixed { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.graph .small { font-size: 11px; }
.graph .quiet { fill: var(--quiet); }
.graph a text { text-decoration: underline; }
.graph .ground { fill: var(--ground); }
.graph .way { fill: none; stroke-width: 2; }
.graph .needs { stroke-dasharray: 3 4; }
.graph .ring { fill: var(--ground); stroke-width: 3; }
.graph .gone { fill: var(--ground); stroke: var(--error); stroke-width: 2; stroke-dasharray: 3 2; }
""" + "\n".join(
    (
        *(
            f".graph .stroke{n} {{ stroke: var(--c{n}); }} .graph .fill{n} {{ fill: var(--c{n}); }}"
            for n in range(COLOURS)
        ),
        *(f".graph .{k} {{ fill: var(--{k}); }} .graph .on-{k} {{ fill: var(--on-{k}); }}" for k in sorted(BOXED)),
    )
)


class Piece(NamedTuple):
    """Elements with (0, 0) at their upper left, and the pixels that they take."""

    markup: str
    width: float
    height: float = HEIGHT


def render(pictures: Sequence[Picture]) -> str:
    """One document with all environments below each other."""
    pieces = [drawing(each) for each in pictures]
    names = ", ".join(each.name for each in pictures)
    head = f"<title>{xml(f'Revisions of {names}')}</title>\n<style>{STYLE}</style>"
    return in_ascii(document(_stacked(pieces), head))


def document(piece: Piece, head: str = "") -> str:
    """An ``svg`` element of the piece's size."""
    wide, high = round(piece.width), round(piece.height)
    return (
        f'<svg class="graph" xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
        f' viewBox="0 0 {wide} {high}">\n{head}\n<rect class="ground" width="{wide}" height="{high}"/>\n'
        f"{piece.markup}\n</svg>"
    )


def drawing(picture: Picture, links: Mapping[str, str] = {}) -> Piece:
    """One environment, below its name if it has one.

    ``links`` has, for runs by their ids, where the revisions in them are listed.
    """
    boxes = {box.id: box for box in picture.boxes}
    laid = list(rows(nodes(picture.boxes)))
    lines = [_line(row, boxes[row.node.id], links) for row in laid] or [_words("no revisions", PROPORTIONAL, "quiet")]
    notes = [_words(note, PROPORTIONAL, "quiet") for note in picture.notes]
    body = _stacked([*lines, *notes])
    ways = "\n".join(_ways(laid, boxes))
    title = [_words(clipped(picture.name, LONGEST_NAME), PROPORTIONAL * 1.4, "title")] if picture.name else []
    legend = _wrapped(list(_legend(picture)), max(LEAST_WIDTH, body.width))
    space = Piece("", 0, GAP)
    return _framed(_stacked([*title, *legend, space, body._replace(markup=f"{ways}\n{body.markup}")]))


def _line(row: Row, box: Box, links: Mapping[str, str]) -> Piece:
    """One row: the sign in its lane, then, right of all lanes that pass, what there is to say."""
    column = max((row.column, *row.joining, *row.beside, *(column for _, column in row.edges)))
    name = _words(clipped(box.name, LONGEST_NAME), FIXED, "fixed quiet" if box.is_run else "fixed")
    if box.id in links:
        name = name._replace(markup=f'<a href="{xml(links[box.id])}">{name.markup}</a>')
    doc = _words(clipped(box.doc), PROPORTIONAL, "quiet")
    words = _beside([name, *map(_mark, box.marks), *([doc] if box.doc else [])])
    start = _x(column) + STEP
    about = "\n".join(f"{each.path}: {each.id} {each.doc}" for each in reversed(box.revisions[:1] + box.revisions[-1:]))
    title = f"<title>{xml(about)}</title>" if box.revisions else ""
    return Piece(f"<g>{title}{_sign(row, box)}{_moved(words, start, 0)}</g>", start + words.width)


def _sign(row: Row, box: Box) -> str:
    x, y, colour = _x(row.column), HEIGHT / 2, row.column % COLOURS
    if box.is_missing:
        return f'<circle class="gone" cx="{x:g}" cy="{y:g}" r="6"/>'
    if box.is_run:
        ground = f'<rect class="ground" x="{x - 4:g}" y="{y - 10:g}" width="8" height="20"/>'
        return f"{ground}{_dots(x, colour)}"
    if any(mark.kind is Kind.HEAD for mark in box.marks):
        return f'<circle class="ring stroke{colour}" cx="{x:g}" cy="{y:g}" r="5.5"/>'
    return f'<circle class="fill{colour}" cx="{x:g}" cy="{y:g}" r="5"/>'


def _dots(x: float, colour: int) -> str:
    return "".join(f'<circle class="fill{colour}" cx="{x:g}" cy="{HEIGHT / 2 + y:g}" r="2"/>' for y in (-6, 0, 6))


def _ways(laid: Sequence[Row], boxes: Mapping[str, Box]) -> Iterator[str]:
    """The lines between signs, those further right first, so that a branch runs into its trunk from below it."""
    places = {row.node.id: number for number, row in enumerate(laid)}
    edges = [(number, parent, column) for number, row in enumerate(laid) for parent, column in row.edges]
    for number, parent, column in sorted(edges, key=lambda edge: (-edge[2], edge[0])):
        child, end = laid[number], places[parent]
        kind = "way" if parent in boxes[child.node.id].parents else "way needs"
        path = _path(child.column, number, column, laid[end].column, end)
        yield f'<path class="{kind} stroke{column % COLOURS}" d="{path}"/>'


def _path(start: int, above: int, lane: int, end: int, below: int) -> str:
    """From column ``start`` in row ``above`` along ``lane`` to column ``end`` in row ``below``."""
    x, y = _x(start), above * HEIGHT + HEIGHT / 2
    last = below * HEIGHT + HEIGHT / 2
    if below <= above:  # a cycle: back up, where no text stands
        aside = min(x, _x(end)) - STEP
        return f"M{x:g} {y:g}C{aside:g} {y + HEIGHT:g} {aside:g} {last - HEIGHT:g} {_x(end):g} {last:g}"
    path = f"M{x:g} {y:g}"
    if start != lane and below - above > 1:
        path, y = f"{path}{_bend(x, y, _x(lane))}", y + HEIGHT
        x = _x(lane)
    if x == _x(end):
        return f"{path}V{last:g}"
    if last - HEIGHT > y:
        path = f"{path}V{last - HEIGHT:g}"
    return f"{path}{_bend(x, last - HEIGHT, _x(end))}"


def _bend(x: float, y: float, to: float) -> str:
    """A curve to the next row and to another column, which leaves and arrives upright."""
    return f"C{x:g} {y + HEIGHT / 2:g} {to:g} {y + HEIGHT / 2:g} {to:g} {y + HEIGHT:g}"


def _x(column: int) -> float:
    return column * STEP + STEP / 2


def _legend(picture: Picture) -> Iterator[Piece]:
    for mark in picture.legend():
        yield _beside([_mark(Mark(mark.kind, mark.kind)), _words(mark.text, PROPORTIONAL, "quiet")])
    if any(box.is_run for box in picture.boxes):
        yield _beside([Piece(_dots(4, 7), 8), _words("revisions that only follow each other", PROPORTIONAL, "quiet")])
    if any(box.requires for box in picture.boxes):
        line = Piece(f'<path class="way needs stroke7" d="M0 {HEIGHT / 2:g}h{2 * STEP}"/>', 2 * STEP)
        yield _beside([line, _words("depends on", PROPORTIONAL, "quiet")])


def _mark(mark: Mark) -> Piece:
    kind = mark.kind if mark.kind in BOXED else ""
    words = _words(clipped(mark.text, LONGEST_MARK), SMALL, f"fixed small on-{kind}" if kind else "fixed small quiet")
    if not kind:
        return words
    ground = f'<rect class="{kind}" y="{HEIGHT / 2 - 9:g}" width="{words.width + 12:g}" height="18" rx="4"/>'
    return Piece(f"{ground}{_moved(words, 6, 0)}", words.width + 12)


def _words(text: str, letter: float, kind: str) -> Piece:
    """One line of text; where letters are equally wide, as wide as they should be in whatever font there is."""
    width = cells(text) * letter
    fixed = f' textLength="{width:g}"' if "fixed" in kind else ""
    return Piece(f'<text class="{kind}" y="{HEIGHT / 2:g}" dy=".35em"{fixed}>{xml(text)}</text>', width)


def _beside(pieces: Sequence[Piece]) -> Piece:
    places = [0.0, *accumulate(each.width + GAP for each in pieces)]
    moved = (_moved(each, place, 0) for each, place in zip(pieces, places, strict=False))
    return Piece("".join(moved), places[-1] - GAP)


def _stacked(pieces: Sequence[Piece]) -> Piece:
    places = [0.0, *accumulate(each.height for each in pieces)]
    moved = (_moved(each, 0, place) for each, place in zip(pieces, places, strict=False))
    return Piece("\n".join(moved), max(each.width for each in pieces), places[-1])


def _wrapped(pieces: Sequence[Piece], width: float) -> Iterator[Piece]:
    """As few rows as they need."""
    row: list[Piece] = []
    for piece in pieces:
        if row and sum(each.width + 2 * GAP for each in (*row, piece)) > width:
            yield _beside(row)
            row = []
        row.append(piece)
    if row:
        yield _beside(row)


def _framed(piece: Piece) -> Piece:
    return Piece(_moved(piece, MARGIN, MARGIN), piece.width + 2 * MARGIN, piece.height + 2 * MARGIN)


def _moved(piece: Piece, x: float, y: float) -> str:
    return f'<g transform="translate({x:g} {y:g})">{piece.markup}</g>' if x or y else piece.markup
