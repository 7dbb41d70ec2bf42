"""A finding: one disagreement, where it is, and what to type next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: errors fail a check, warnings only under ``strict``, notes never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Side(StrEnum):
    """Which of the four things that should agree is off (``setup``: none could be looked at)."""

    MODELS = "models"
    HEAD = "head"
    LIVE = "live"
    GRAPH = "graph"
    SETUP = "setup"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A file of the guarded project, relative to its root with ``/`` between folders, and a 1-based line."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


About = tuple[str, str, str, str]
"""What a finding is about: code, environment, database, subject."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement.

    ``subject`` is the object in the user's words (``students.age``, a revision id); ``message`` is one sentence
    that names object and fact; ``details`` are further lines, such as a traceback's tail; ``help`` says in prose what
    to do, and ``commands`` are what to type (shell commands, or SQL statements that end in ``;``).
    ``severity`` is the rule's own unless a check knows better. ``databases`` are the live ones that it holds for,
    where several were looked at. ``table`` is what the object is or belongs to, where findings are told by table.
    ``exactly`` is what differs, and nothing that changes by itself, where one object can differ in many ways.
    """

    code: str
    side: Side
    subject: str
    message: str
    place: Place | None = None
    details: tuple[str, ...] = ()
    help: str = ""
    commands: tuple[str, ...] = ()
    environment: str = ""
    database: str = ""
    severity: Severity | None = None
    databases: tuple[str, ...] = ()
    table: str = ""
    exactly: str = ""

    @property
    def about(self) -> About:
        """What it is about, however it is worded and wherever it stands."""
        return self.code, self.environment, self.database, self.subject

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """What it is about, and how that differs: another type of the same column is another finding."""
        return *self.about, self.exactly


def together(found: Iterable[tuple[Finding, Sequence[str]]]) -> tuple[Finding, ...]:
    """One finding for all databases of which the same was found."""
    names: dict[Finding, list[str]] = {}
    for finding, databases in found:
        names.setdefault(finding, []).extend(databases)
    return tuple(replace(finding, databases=tuple(sorted(each))) for finding, each in names.items())
