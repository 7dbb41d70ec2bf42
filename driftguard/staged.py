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
from driftguard.memo.record import Answer, Record
from driftguard.memo.shelf import Shelf
from driftguard.ratchet import keep
from driftguard.report import REPORTS, Paint, Source, colourful, plain
from driftguard.report.text import summary
from driftguard.report.visible import visible
from driftguard.verdict import Judged, Verdict, says_unchecked

LIVE_UNREADABLE = "DG904"

DIRECT = "DG301"

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

    What the rules of the graph and of live say rests on more than files (branches, other databases): only where they
    are content is a verdict kept. One that rests on what day it is is not kept either. What was found in these files
    is kept for the next commit's hook, which lets pass what this one has.
    """
    repository, verdict, before = examination.repository, examination.commit_verdict, examination.compared_with
    if repository is None or examination.rests_on_the_day:
        return False
    found = examination.dependencies()
    if found is None:
        return False
    keep(repository, examination.settings, verdict, found)
    if not all(map(_rests_on_files, verdict.findings)) or (before is not None and before.rests_on is None):
        return False
    head = before and before.rests_on
    record = Record(maker(str(repository.root)), found.staged, found.around, found.live, told, head)
    return _shelf(repository).put(record)


def remembered(repository: Repository, environ: Mapping[str, str]) -> bool:
    """Whether a hook that is called now would find its answer."""

    def ask_git(*commands: tuple[str, ...]) -> list[bytes]:
        return [repository.run(*command) for command in commands]

    return find(_shelf(repository), maker(str(repository.root)), dict(environ), ask_git) is not None


def guess_interpreter(examination: Examination) -> None:
    """Let the next check begin with the interpreter that this one found."""
    repository, python = examination.repository, examination.interpreter
    if repository is not None and python:
        learn(str(repository.git_folder / "driftguard"), python)


def _rests_on_files(judged: Judged) -> bool:
    finding = judged.finding
    if finding.code == LIVE_UNREADABLE or (finding.code == DIRECT and judged.known):  # of which only the name is said
        return True
    return finding.side not in (Side.GRAPH, Side.LIVE) and not says_unchecked(finding.code)


def _shelf(repository: Repository) -> Shelf:
    return Shelf(str(repository.git_folder / "driftguard"))
