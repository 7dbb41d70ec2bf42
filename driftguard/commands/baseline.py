"""``driftguard baseline``: writes down what stands, so that a check fails only for what is new."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from driftguard import engine
from driftguard.baseline import FILE, Baseline, dumped, read
from driftguard.checks.words import counted
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.progress import progress
from driftguard.config import load_settings
from driftguard.errors import DriftguardError
from driftguard.facts.targets import one, several
from driftguard.findings import Finding, Severity, Side
from driftguard.graph.writing import Change, written
from driftguard.report.visible import visible
from driftguard.rules import RULES, selects
from driftguard.verdict import UNCHECKED, State, Verdict, says_unchecked

USUAL = ("direct-ddl",)
"""What old databases have: changes that somebody typed into them."""


def baseline(
    *,
    start: Path,
    prune: bool = False,
    every: bool = False,
    select: Sequence[str] = (),
    environments: Sequence[str] = (),
    live: Sequence[str] = (),
) -> int:
    """Add what stands now to the baseline; with ``prune`` only take out what does not apply any more.

    ``select``: the rules whose findings are written down, those of live drift by default; ``every``: all of them.
    """
    root = root_of(start)
    tree = open_tree(root, "working", "")
    settings, content = load_settings(tree), tree.read(FILE)
    fleet = several(live, start, {**dict(settings.env), **os.environ})
    request = engine.Request(
        root=root,
        settings=settings,
        environments=tuple(environments),
        live="" if fleet else one("".join(live), start),
        fleet=fleet,
        base=None,
    )
    was = read(content)
    wanted = ("DG",) if every else tuple(select) or USUAL
    with progress(sys.stderr) as tell, engine.examine(request, tell, os.environ) as examination:
        verdict, gone = examination.verdict, examination.entries_that_do_not_apply
    _refuse_to_guess(verdict, wanted)
    now = was.without(gone) if prune else was.with_findings(_standing(verdict, wanted))
    if now != was:
        with written(root, {FILE: Change(content, dumped(now))}):
            pass
    _tell(was, now, gone=0 if prune else len(gone))
    return _unchecked(verdict)


def _standing(verdict: Verdict, wanted: Collection[str]) -> list[Finding]:
    """What weighs something, or would if it were not known."""
    return [
        judged.finding
        for judged in verdict.findings
        if any(selects(each, judged.finding.code) for each in wanted)
        and not says_unchecked(judged.finding.code)
        and (judged.severity is not Severity.NOTE or judged.known)
    ]


def _refuse_to_guess(verdict: Verdict, wanted: Collection[str]) -> None:
    """Where only live drift is asked for, and nobody could look at it."""
    only_live = all(RULES[code].family == "DG3" for code in RULES if any(selects(each, code) for each in wanted))
    state = dict(verdict.states)[Side.LIVE]
    if not only_live or state in (State.FINE, State.OFF):
        return
    found = (each.finding for each in verdict.findings if says_unchecked(each.finding.code))
    why = next((f": {each.message}" for each in found if each.side in (Side.LIVE, Side.SETUP)), "")
    raise DriftguardError(
        f"no live database was looked at, so what drifted there cannot be written down{why}",
        "name one with --live URL; or see what stands in the way: driftguard check",
    )


def _tell(was: Baseline, now: Baseline, *, gone: int) -> None:
    added, removed = [*{*now.entries} - {*was.entries}], [*{*was.entries} - {*now.entries}]
    for sign, entries in (("+", added), ("-", removed)):
        for entry in sorted(entries, key=lambda each: (each.environment, each.code, each.subject)):
            click.echo(f"{sign} {visible(f'{entry.code} {entry.environment}: {entry.text}')}")
    if not now.entries and not was.entries:
        click.echo("nothing stands that would have to be written down")
        return
    changed = f"{len(added)} new, {len(removed)} taken out" if added or removed else "as before"
    click.echo(f"{FILE}: {counted(len(now.entries), 'entry').replace('entrys', 'entries')}, {changed}")
    expired = [each for each in now.entries if each.has_expired(datetime.date.today())]
    if expired:
        click.echo(f"{len(expired)} expired: give a later day as `until`, or mend what they are about")
    if gone:
        click.echo(f"{gone} did not apply to what was looked at: driftguard baseline --prune")
    if added or removed:
        click.echo("review it and commit it with the project")


def _unchecked(verdict: Verdict) -> int:
    """What could not be looked at is not in the file, so somebody has to hear of it."""
    failed = [
        each for each in verdict.findings if says_unchecked(each.finding.code) and each.severity is Severity.ERROR
    ]
    for judged in failed:
        click.echo(f"driftguard: not looked at: {visible(judged.finding.message)}", err=True)
    return UNCHECKED if failed else 0
