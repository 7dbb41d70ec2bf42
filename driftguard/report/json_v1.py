"""The public JSON, version 1: types of its own, so that no change inside driftguard can break a reader."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from driftguard.findings import Severity
from driftguard.report.paint import Paint
from driftguard.report.source import Source
from driftguard.verdict import Judged, Verdict


@dataclass(frozen=True, slots=True)
class Place:
    """``path`` is relative to the root of what was checked, with ``/``; ``line`` counts from 1, null if unknown."""

    path: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """One finding.

    ``code``: a stable rule code, ``DG201``. ``name``: the rule's name, ``missing-revision``. ``severity``: ``error``,
    ``warning`` or ``note``. ``side``: what is off, ``models``, ``head``, ``live`` or ``graph``; ``setup`` when none of
    them could be looked at. ``environment`` and ``database``: "" where there is no need to tell them apart.
    ``databases``: the live ones that it holds for, by name, where several were looked at; else empty.
    ``table``: the table that the object of a direct change is or belongs to, else "".
    ``subject``: the object, ``students.age``. ``message``: one sentence. ``details``: further lines. ``help``: prose.
    ``commands``: what to type, a shell command or an SQL statement ending in ``;`` each. ``known``: the base branch,
    the last commit (in a git hook) or the baseline has it as well, so that it weighs as a note.
    """

    code: str
    name: str
    severity: str
    side: str
    environment: str
    database: str
    subject: str
    message: str
    place: Place | None
    details: tuple[str, ...]
    help: str
    commands: tuple[str, ...]
    known: bool
    databases: tuple[str, ...]
    table: str


@dataclass(frozen=True, slots=True)
class LiveDatabase:
    """One of several live databases, or one tenant's schema of one; ``kind``: ``database`` or ``tenant schema``.

    ``state``: ``fine``, ``off`` or ``failed`` (could not be read). ``stamp``: the revisions in its version table, null
    without one, or if it could not be read.
    """

    environment: str
    kind: str
    name: str
    state: str
    stamp: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Report:
    """The whole document.

    ``version``: 1; keys may be added under it, never renamed or removed. ``exit_code``: 0 clean, 1 findings, 2 could
    not check. ``errors``, ``warnings``: how many. ``states``: for each of ``models``, ``head``, ``live`` and
    ``graph`` one of ``off``, ``fine``, ``failed`` (could not be checked), ``skipped`` (was not asked for). ``checked``:
    what was looked at, for people. ``findings``: sorted by environment, database, code and place. ``notes``: what
    nobody can tell. ``databases``: all live databases, where several were looked at; else empty.
    """

    version: int
    exit_code: int
    errors: int
    warnings: int
    states: dict[str, str]
    checked: tuple[str, ...]
    findings: tuple[Item, ...]
    notes: tuple[str, ...]
    databases: tuple[LiveDatabase, ...]


def render(verdict: Verdict, source: Source, paint: Paint) -> str:
    """The verdict as one JSON document in ASCII, so that any encoding and any terminal can carry it."""
    return json.dumps(asdict(report(verdict)), indent=2) + "\n"


def report(verdict: Verdict) -> Report:
    return Report(
        version=1,
        exit_code=verdict.exit_code,
        errors=verdict.count(Severity.ERROR),
        warnings=verdict.count(Severity.WARNING),
        states={side.value: state.value for side, state in verdict.states},
        checked=verdict.checked,
        findings=tuple(map(_item, verdict.findings)),
        notes=verdict.notes,
        databases=tuple(
            LiveDatabase(each.environment, each.kind, each.name, each.state.value, each.stamp)
            for each in verdict.members
        ),
    )


def _item(judged: Judged) -> Item:
    finding = judged.finding
    return Item(
        code=finding.code,
        name=judged.rule,
        severity=judged.severity.value,
        side=finding.side.value,
        environment=finding.environment,
        database=finding.database,
        subject=finding.subject,
        message=finding.message,
        place=Place(finding.place.path, finding.place.line) if finding.place else None,
        details=finding.details,
        help=finding.help,
        commands=finding.commands,
        known=bool(judged.known),
        databases=finding.databases,
        table=finding.table,
    )
