"""What stands already, in the base branch or in the last commit, and is therefore no reason to refuse anything."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from driftguard.config import Settings
from driftguard.errors import DriftguardError
from driftguard.facts.dependencies import Dependencies
from driftguard.findings import Finding, Side
from driftguard.git import Repository
from driftguard.memo.ask import find, maker
from driftguard.memo.record import Answer, Around, Live, Record, Staged, digest
from driftguard.memo.shelf import Shelf
from driftguard.verdict import Verdict, says_unchecked

IN_BASE = "the base branch has it as well"
IN_LAST_COMMIT = "since before this commit, the last one has it as well"

SHELF = "standing"
MOST = 16
"""States of the files whose findings are kept, of one work tree."""

CHANGES = ("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD")

Identity = tuple[str, ...]


class Standing(NamedTuple):
    """What was found in some state of the files; ``rests_on`` is what it depended on, None where nobody can tell."""

    found: frozenset[Identity]
    rests_on: tuple[Staged, Around] | None = None


class Ratchet:
    """Says of findings that another state has them already; that state is looked at when first asked, and once.

    ``look`` is None where there is no such state. ``recall`` gives what is remembered of it, None if nothing is.
    """

    def __init__(
        self, why: str, look: Callable[[], Standing] | None, recall: Callable[[], Standing | None] = lambda: None
    ) -> None:
        self._why = why
        self._look = look
        self._recall = cache(recall)
        self._standing: Standing | None = None

    def prepare(self) -> None:
        """Recall what may be asked for, while there is time."""
        with suppress(DriftguardError):  # said when it is asked for
            self._recall()

    def __call__(self, finding: Finding) -> str:
        """Why the finding is no news, "" if it is. What nobody could check is never known."""
        if self._look is None or says_unchecked(finding.code) or finding.side is Side.LIVE:
            return ""
        if self._standing is None:
            self._standing = Standing(frozenset())  # what cannot be looked at excuses nothing
            with suppress(DriftguardError):
                self._standing = self._recall() or self._look()
        return self._why if finding.identity in self._standing.found else ""

    @property
    def asked(self) -> Standing | None:
        """The other state, if it was looked at."""
        return self._standing


NEVER = Ratchet("", None)
"""Where everything is news."""


def identities(verdict: Verdict) -> frozenset[Identity]:
    """What tells the findings of a verdict from others."""
    return frozenset(judged.finding.identity for judged in verdict.findings)


def keep(repository: Repository, settings: Settings, verdict: Verdict, found: Dependencies) -> None:
    """Remember what was found, for the time when the files that were looked at are those of the last commit."""
    if any(says_unchecked(judged.finding.code) and judged.finding.side is not Side.LIVE for judged in verdict.findings):
        return
    text = json.dumps(sorted(identities(verdict)))
    answer, nothing = Answer(0, text, ""), Live((), ())
    _shelf(repository).put(Record(_maker(repository, settings), found.staged, found.around, nothing, answer))


def recall(
    last_commit: Repository, settings: Settings, changed: Iterable[str], environ: Mapping[str, str]
) -> Standing | None:
    """What is remembered of the last commit's files, which are staged in ``last_commit``; None if nothing holds."""

    def ask_git(*commands: tuple[str, ...]) -> list[bytes]:
        return [last_commit.run(*command) for command in commands]

    record = find(_shelf(last_commit), _maker(last_commit, settings), dict(environ), ask_git)
    if record is None or sees_the_future(record.staged, record.around, last_commit, changed):
        return None
    return Standing(frozenset(map(tuple, json.loads(record.answer.plain))), (record.staged, record.around))


def changed_since_last_commit(repository: Repository) -> tuple[str, ...]:
    """The paths that are staged as something else than in the last commit."""
    return tuple(os.fsdecode(each) for each in repository.run(*CHANGES).split(b"\0") if each)


def sees_the_future(staged: Staged, around: Around, repository: Repository, changed: Iterable[str]) -> bool:
    """Whether a look at the last commit, made in the folder, met files as the next commit will have them.

    A new module lies in the folder already; revision files of that kind are hidden from such a look.
    """
    hidden = tuple(f"{os.fsdecode(location)}/" for location, _ in staged.locations)
    around_it = {os.path.realpath(path) for path, was, _ in around.files if was is not None}
    root = os.path.realpath(repository.root)
    return any(f"{root}{os.sep}{path}" in around_it for path in changed if not path.startswith(hidden))


def _shelf(repository: Repository) -> Shelf:
    return Shelf(str(repository.git_folder / "driftguard"), SHELF, MOST)


def _maker(repository: Repository, settings: Settings) -> str:
    """Other settings find other things."""
    return f"{maker(str(repository.root))}\n{digest(repr(settings).encode(errors='surrogatepass')).hex()}"
