"""What a watcher knows, as lines of text: a screenful for a terminal, and line by line for a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from driftguard.daemon.state import Look, State
from driftguard.findings import Severity
from driftguard.report import REPORTS, Paint, Source
from driftguard.report.text import COLOURS, counts, finding_lines, summary
from driftguard.report.visible import cells, visible, visible_lines
from driftguard.verdict import FOUR, Verdict
from driftguard.verdict import State as Known

STYLES = {Known.OFF: "bold red", Known.FINE: "green", Known.FAILED: "bold yellow", Known.SKIPPED: "dim"}
WEIGHTS = {severity: number for number, severity in enumerate(Severity)}
EVERYTHING = "everything"
"""The row of a verdict that does not tell environments apart."""

MOST_LOOKS, MOST_LOOKS_BESIDE_FINDINGS = 10, 3
GAP = "  "


class Header(NamedTuple):
    """Who watches: ``since`` (``time.time()``), the branch if there is one, and ``by`` a daemon or this command."""

    since: float
    branch: str = ""
    by: str = ""


def screen(
    state: State, header: Header, source: Source, paint: Paint, *, height: int, rows: Callable[[str], int]
) -> tuple[str, ...]:
    """At most ``height`` rows, the findings shortened to what fits. ``rows``: how many rows a line takes."""
    verdict = state.looks[0].verdict if state.looks else None
    above = [*_header(state, header, paint), "", *_standing(state, paint), ""]
    blocks = _blocks(verdict, source, paint) if verdict else []
    most = max(1, min(MOST_LOOKS_BESIDE_FINDINGS, height // 8)) if blocks else MOST_LOOKS
    notes = [f"{paint('note', COLOURS[Severity.NOTE])}: {visible(note)}" for note in state.notes]
    below = [*_table_of_looks(state.looks[:most], paint), *notes, paint("Ctrl-C ends it.", "dim")]
    room = height - sum(map(rows, (*above, *below)))
    return (*above, *_fitting(blocks, room, rows, paint), *below)


def log_lines(state: State, was: State | None, source: Source, paint: Paint) -> Iterator[str]:
    """What is new since ``was``: a line for each look, the report if the findings are others now, and notes."""
    known = was.looks if was else ()
    before = _findings(known)
    for look in reversed(_new(state.looks, known)):
        yield told(look, paint)
        if look.verdict is not None:
            now = (look.verdict.findings, look.verdict.notes)
            if now != before and any(now):
                yield from ("", *REPORTS["text"].render(look.verdict, source, paint).rstrip("\n").split("\n"), "")
            before = now
    yield from (f"note: {visible(note)}" for note in state.notes if not was or note not in was.notes)


def told(look: Look, paint: Paint) -> str:
    """A look in one line."""
    return f"{_moment(look.at)} {visible(look.cause)}: {_outcome(look, summary, paint)} ({look.seconds:.1f} s)"


def _new(looks: Sequence[Look], known: Sequence[Look]) -> Sequence[Look]:
    """Those that were not known; the newest are first."""
    return looks[: looks.index(known[0])] if known and known[0] in looks else looks


def _findings(looks: Sequence[Look]) -> tuple[object, ...]:
    verdict = next((look.verdict for look in looks if look.verdict is not None), None)
    return (verdict.findings, verdict.notes) if verdict else ((), ())


def _header(state: State, header: Header, paint: Paint) -> Iterator[str]:
    branch = f" on {paint(visible(header.branch), 'bold cyan')}" if header.branch else ""
    watches = f"{header.by} watches" if header.by else "watching"
    yield f"{paint('driftguard', 'bold')} {watches} {paint(visible(str(state.root)), 'bold')}{branch}"
    since = f"since {_moment(header.since)}"
    doing = visible(state.busy) or "waiting for changes"
    yield f"{paint(since, 'dim')}{GAP}{paint(doing, 'cyan') if state.busy else doing}"


def _standing(state: State, paint: Paint) -> Iterator[str]:
    """What is known of the four, for each environment, as the newest look found it."""
    if not state.looks:
        yield paint("nothing is known yet", "dim")
        return
    newest = state.looks[0]
    if newest.verdict is None:
        first, *others = visible_lines(newest.error) or ("",)
        yield f"{paint('error', COLOURS[Severity.ERROR])}: {paint(first, 'bold')}"
        yield from others
        return
    yield from _table_of_states(newest.verdict, paint)
    yield ""
    yield summary(newest.verdict, paint)


def _table_of_states(verdict: Verdict, paint: Paint) -> Iterator[str]:
    named = verdict.environments or ((EVERYTHING, verdict.states),)
    rows = [(visible(name), dict(states)) for name, states in named]
    first = "environment"
    width = max(cells(first), *(cells(name) for name, _ in rows))
    columns = max(len(word) for word in (*FOUR, *Known))
    heads = GAP.join(side.value.ljust(columns) for side in FOUR)
    yield paint(f"{first.ljust(width)}{GAP}{heads}".rstrip(), "bold")
    for name, states in rows:
        words = [states[side] for side in FOUR]
        texts = [*(word.value.ljust(columns) for word in words[:-1]), words[-1].value]
        yield GAP.join((_padded(name, width), *map(paint, texts, map(STYLES.__getitem__, words))))


def _blocks(verdict: Verdict, source: Source, paint: Paint) -> list[tuple[str, ...]]:
    """Each finding as the text report has it, the weightiest first, and each note."""
    findings = sorted(verdict.findings, key=lambda judged: WEIGHTS[judged.severity])
    notes = (f"{paint('note', COLOURS[Severity.NOTE])}: {visible(note)}" for note in verdict.notes)
    return [*((*finding_lines(each, source, paint), "") for each in findings), *((note, "") for note in notes)]


def _fitting(blocks: Sequence[tuple[str, ...]], room: int, rows: Callable[[str], int], paint: Paint) -> Iterator[str]:
    """The blocks that fit, whole; of the first one as many lines as do, if it is too long; and how many are left."""
    for number, block in enumerate(blocks):
        needed = sum(map(rows, block))
        last = number == len(blocks) - 1
        if needed + (0 if last else 2) > room:
            if number == 0:
                yield from _beginning(block, room - 2, rows)
                number = 1
            left = len(blocks) - number
            yield paint(f"… and {left} more" if left else "…", "dim")
            yield ""
            return
        yield from block
        room -= needed


def _beginning(block: tuple[str, ...], room: int, rows: Callable[[str], int]) -> Iterator[str]:
    """At least the first line."""
    for number, line in enumerate(block):
        room -= rows(line)
        if number and room < 0:
            return
        yield line


def _table_of_looks(looks: Sequence[Look], paint: Paint) -> Iterator[str]:
    """The last checks, the newest first."""
    if not looks:
        return
    causes = [visible(look.cause) for look in looks]
    width = max(map(cells, causes))
    yield paint("last checks", "bold")
    for look, cause in zip(looks, causes, strict=True):
        when = paint(time.strftime("%H:%M:%S", time.localtime(look.at)), "dim")
        yield GAP.join((when, _padded(cause, width), f"{look.seconds:5.1f} s", _outcome(look, counts, paint)))


def _outcome(look: Look, words: Callable[[Verdict, Paint], str], paint: Paint) -> str:
    if look.verdict is not None:
        return words(look.verdict, paint)
    return f"{paint('could not look', COLOURS[Severity.ERROR])}: {visible(look.error.partition(chr(10))[0])}"


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
