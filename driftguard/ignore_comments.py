"""``# driftguard: ignore[DG201] reason=… until=2027-01-31`` on the line of a model or a revision."""

from __future__ import annotations

import datetime
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from driftguard.errors import closest
from driftguard.findings import Finding
from driftguard.rules import CODES_BY_NAME, RULES, is_selector, selects

MARK = "driftguard: ignore"
COMMENT = re.compile(r"#\s*driftguard:\s*ignore\b(?:\[(?P<rules>[^\]]*)\])?(?P<rest>.*)")
UNTIL = re.compile(r"\buntil=(\S+)")
REASON = re.compile(r"\breason=(.*?)(?=\s+until=|$)")


class IgnoreComment(NamedTuple):
    """One comment. ``first`` to ``last`` are the lines that it speaks of, ``problem`` why it counts for nothing."""

    path: str
    line: int
    first: int
    last: int
    rules: tuple[str, ...] = ()
    reason: str = ""
    until: datetime.date | None = None
    problem: str = ""

    @property
    def place(self) -> str:
        """``models.py:12``."""
        return f"{self.path}:{self.line}"

    def covers(self, finding: Finding) -> bool:
        """Whether it means this finding, expired or not."""
        line = finding.place.line if finding.place else None
        stands_here = line is not None and self.first <= line <= self.last
        return stands_here and not self.problem and any(selects(rule, finding.code) for rule in self.rules)


class Applied(NamedTuple):
    """What is left of findings, which comments said what, and what is to be said about comments."""

    findings: tuple[Finding, ...]
    used: frozenset[IgnoreComment]
    told: tuple[str, ...]
    problems: tuple[str, ...]


def read_comments(path: str, source: bytes) -> tuple[IgnoreComment, ...]:
    """The comments in one file, which may be no Python: then there are none.

    A comment on a line of its own speaks of the statement that follows, any other of the statement in which it stands.
    """
    if MARK.encode() not in source:
        return ()
    try:
        return tuple(_comments(path, source))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return ()


def apply(
    findings: Iterable[Finding],
    comments_in: Callable[[str], tuple[IgnoreComment, ...]],
    today: datetime.date,
    *,
    needs_reason: bool = False,
) -> Applied:
    """Take away what comments ignore. A comment that has expired is told with what it ignored until then."""
    kept: list[Finding] = []
    told: list[str] = []
    used: set[IgnoreComment] = set()
    looked: dict[str, tuple[IgnoreComment, ...]] = {}
    for finding in findings:
        path = finding.place.path if finding.place else ""
        if path not in looked:
            looked[path] = tuple(_judged(each, needs_reason) for each in comments_in(path)) if path else ()
        comment = next((each for each in looked[path] if each.covers(finding)), None)
        if comment is None:
            kept.append(finding)
            continue
        used.add(comment)
        if comment.until is not None and comment.until < today:
            expired = f"the comment at {comment.place} that ignores this expired on {comment.until}"
            kept.append(replace(finding, details=(*finding.details, expired)))
        else:
            why = f": {comment.reason}" if comment.reason else ""
            told.append(f"ignored by the comment at {comment.place}: {finding.code} {finding.subject}{why}")
    problems = (f"{each.place}: {each.problem}" for comments in looked.values() for each in comments if each.problem)
    return Applied(tuple(kept), frozenset(used), tuple(told), tuple(problems))


def unused(comments: Iterable[IgnoreComment], used: frozenset[IgnoreComment]) -> Iterator[str]:
    """What to say of comments that ignore nothing."""
    lines = {(each.path, each.line) for each in used}
    for comment in comments:
        if not comment.problem and (comment.path, comment.line) not in lines:
            yield f"{comment.place}: there is no {' or '.join(comment.rules)} here to ignore; remove the comment"


def _judged(comment: IgnoreComment, needs_reason: bool) -> IgnoreComment:
    if needs_reason and not comment.reason and not comment.problem:
        return comment._replace(problem="ignores nothing, because it gives no reason (reason=…)")
    return comment


def _comments(path: str, source: bytes) -> Iterator[IgnoreComment]:
    waiting: list[tuple[int, re.Match[str]]] = []
    start: int | None = None
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT:
            if found := COMMENT.search(token.string):
                waiting.append((token.start[0], found))
        elif token.type == tokenize.NEWLINE:
            first, last = start or token.start[0], token.end[0]
            yield from (_comment(path, line, first, last, found) for line, found in waiting)
            waiting, start = [], None
        elif start is None and token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING):
            start = token.start[0]


def _comment(path: str, line: int, first: int, last: int, found: re.Match[str]) -> IgnoreComment:
    rules = tuple(filter(None, map(str.strip, (found["rules"] or "").split(","))))
    until, reason = UNTIL.search(found["rest"]), REASON.search(found["rest"])
    comment = IgnoreComment(path, line, first, last, rules, reason[1].strip(" \"'") if reason else "")
    if not rules:
        return comment._replace(problem="ignores nothing, because it names no rule (ignore[DG201])")
    if wrong := [rule for rule in rules if not is_selector(rule)]:
        near = closest(wrong[0], (*RULES, *CODES_BY_NAME))
        return comment._replace(problem=f'ignores nothing, because no rule is called "{wrong[0]}"{near}')
    try:
        return comment._replace(until=datetime.date.fromisoformat(until[1]) if until else None)
    except ValueError:
        return comment._replace(problem="ignores nothing, because until= takes a day such as 2027-01-31")
