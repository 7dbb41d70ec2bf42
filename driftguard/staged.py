"""What a git hook is told of the staged files: examined, put into words, and remembered."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache

from driftguard.checks.words import listed
from driftguard.engine import Examination
from driftguard.findings import Severity, Side
from driftguard.git import Repository, Tree
from driftguard.memo.ask import find, maker
from driftguard.memo.guess import learn
from driftguard.memo.record import Answer, Live, Record
from driftguard.memo.shelf import Shelf
from driftguard.ratchet import keep
from driftguard.report import REPORTS, Paint, Source, colourful, plain
from driftguard.report.text import summary
from driftguard.report.visible import visible
from driftguard.verdict import Judged, Verdict, says_unchecked

LIVE_UNREADABLE = "DG904"

UNKNOWN_STAMP = "DG303"

NAMED = 3
"""Findings that are named though they are no news."""


def answer(examination: Examination, source: Source) -> Answer:
    """What a hook says of an examination."""
    verdict = examination.commit_verdict
    return Answer(verdict.exit_code, brief(verdict, source, plain), brief(verdict, source, colourful))


def brief(verdict: Verdict, source: Source, paint: Paint) -> str:
    """Nothing about nothing, one line about mere notes, else the report."""
    if any(judged.severity != Severity.NOTE for judged in verdict.findings):
        return REPORTS["text"].render(verdict, source, paint)
    if verdict.findings or verdict.notes:
        return f"driftguard: {summary(verdict, paint)}\n{_known(verdict)}"
    return ""


def _known(verdict: Verdict) -> str:
    """A line on what was let pass because it is no news."""
    known = [visible(f"{each.rule} {each.finding.subject}") for each in verdict.findings if each.known]
    more = [f"{len(known) - NAMED} more"] if len(known) > NAMED else []
    told = listed([*known[:NAMED], *more])
    return f"driftguard: no news, and let pass: {told} (`driftguard check` says what to do)\n" if known else ""


def source_of(tree: Tree) -> Source:
    """Reads lines as Python counts them: a line ends with a newline or a carriage return, and nowhere else."""

    @cache
    def lines(path: str) -> tuple[str, ...] | None:
        content = tree.read(path)
        if content is None:
            return None
        return tuple(io.StringIO(content.decode("utf-8", "replace"), newline=None).read().split("\n"))

    return lines


def remember(examination: Examination, told: Answer) -> bool:
    """Keep the answer for the next hook that meets the same; whether that was possible.

    What the rules of the graph say rests on more than these files, as does where a live database's unknown revision
    was seen (branches, other commits): only where they are content is a verdict kept. One that rests on what day it is
    is not kept either. What was found in these files is kept for the next commit's hook, which lets pass what this one
    has.
    """
    repository, verdict, before = examination.repository, examination.commit_verdict, examination.compared_with
    if repository is None or examination.rests_on_the_day:
        return False
    found = examination.dependencies()
    if found is None:
        return False
    keep(repository, examination.settings, verdict, found)
    if not all(map(_rests_on_what_is_compared, verdict.findings)) or (before is not None and before.rests_on is None):
        return False
    head = before and before.rests_on
    live = _asked(found.live) if any(map(_was_read_in_live, verdict.findings)) else found.live
    record = Record(maker(str(repository.root)), found.staged, found.around, live, told, head)
    return _shelf(repository).put(record)


def _was_read_in_live(judged: Judged) -> bool:
    return judged.finding.side is Side.LIVE and judged.finding.code != LIVE_UNREADABLE


def _asked(live: Live) -> Live:
    """Whoever is told of a live database as it was must know that it still is so."""
    return Live(live.files, tuple((name, True, fingerprint) for name, _, fingerprint in live.servers))


def remembered(repository: Repository, environ: Mapping[str, str]) -> Record | None:
    """What a hook that is called now would find, live databases on servers left aside."""

    def ask_git(*commands: tuple[str, ...]) -> list[bytes]:
        return [repository.run(*command) for command in commands]

    return find(_shelf(repository), maker(str(repository.root)), dict(environ), ask_git)


def guess_interpreter(examination: Examination) -> None:
    """Let the next check begin with the interpreter that this one found."""
    repository, python = examination.repository, examination.interpreter
    if repository is not None and python:
        learn(str(repository.git_folder / "driftguard"), python)


def _rests_on_what_is_compared(judged: Judged) -> bool:
    finding = judged.finding
    if finding.code == LIVE_UNREADABLE:
        return True
    return finding.side is not Side.GRAPH and finding.code != UNKNOWN_STAMP and not says_unchecked(finding.code)


def _shelf(repository: Repository) -> Shelf:
    return Shelf(str(repository.git_folder / "driftguard"))
