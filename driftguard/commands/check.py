"""``driftguard check``: asks the engine and shows its verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from driftguard import engine
from driftguard.commands.guarded import open_tree, root_of, source_of
from driftguard.commands.progress import progress
from driftguard.config import load_settings
from driftguard.findings import Severity
from driftguard.project import discover
from driftguard.report import REPORTS, Paint, Source, painter
from driftguard.report.text import summary
from driftguard.verdict import Verdict


def check(
    *,
    start: Path,
    path: Path | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    environments: Sequence[str] = (),
    source: str = "working",
    ref: str = "",
    live: str = "",
    output: str = "text",
    strict: bool = False,
    moment: str = "",
) -> int:
    """Check the repository around ``start``, or the folder ``path`` as if it were a repository of its own.

    ``select`` replaces what the settings select, ``ignore`` adds to what they ignore. ``moment`` is the git hook that
    asks: it says nothing where all is well, and does not mind a repository without an environment.
    """
    root = path or root_of(start, source)
    tree = open_tree(root, source, ref)
    settings = load_settings(tree)
    if moment and not discover(tree, settings, os.environ):
        return 0
    request = engine.Request(
        root=root,
        settings=replace(
            settings,
            select=tuple(select) or settings.select,
            ignore=(*settings.ignore, *ignore),
            strict=strict or settings.strict,
        ),
        environments=tuple(environments),
        source=source,
        ref=ref,
        live=live,
        moment=moment,
    )
    with progress(sys.stderr) as tell:
        verdict = engine.check(request, tell)
    paint = painter(sys.stdout, os.environ)
    told = brief(verdict, source_of(tree), paint) if moment else REPORTS[output].render(verdict, source_of(tree), paint)
    sys.stdout.write(told)
    return verdict.exit_code


def brief(verdict: Verdict, source: Source, paint: Paint) -> str:
    """What a git hook says: nothing about nothing, one line about mere notes, else the report."""
    if any(judged.severity != Severity.NOTE for judged in verdict.findings):
        return REPORTS["text"].render(verdict, source, paint)
    if verdict.findings or verdict.notes:
        return f"driftguard: {summary(verdict, paint)}\n"
    return ""
