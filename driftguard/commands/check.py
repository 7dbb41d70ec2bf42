"""``driftguard check``: asks the engine and shows its verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from driftguard import engine, staged
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.progress import progress
from driftguard.commands.reports import TEXT, Output, deliver
from driftguard.config import load_settings
from driftguard.facts.targets import one, several
from driftguard.probe.guest_process import Start
from driftguard.probe.guest_process import start as start_guest
from driftguard.report import colourful, painter


def check(
    *,
    start: Path,
    path: Path | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    environments: Sequence[str] = (),
    source: str = "working",
    ref: str = "",
    live: Sequence[str] = (),
    outputs: Sequence[Output] = TEXT,
    strict: bool = False,
    strict_coverage: bool = False,
    privileges: bool = False,
    moment: str = "",
    base: str | None = "",
    begin: Start | None = None,
) -> int:
    """Check the repository around ``start``, or the folder ``path`` as if it were a repository of its own.

    ``source`` is "working", "index", "ref" or "merged", ``base`` as in the engine's request.
    ``select`` replaces what the settings select, ``ignore`` adds to what they ignore. ``moment`` is the git hook that
    asks: it says nothing where all is well, and does not mind a repository without an environment. ``begin`` starts
    guests in another way than usual. ``live``: one database or "off", several, or lists of them (``@FILE``).
    ``privileges``: compare owners and privileges too, whatever the settings say.
    """
    root = path or root_of(start, source)
    settings = load_settings(open_tree(root, source, ref))
    settings = settings.with_privileges() if privileges else settings
    fleet = several(live, start, {**dict(settings.env), **os.environ})
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
        live="" if fleet else one("".join(live), start),
        fleet=fleet,
        moment=moment,
        base=base,
        strict_coverage=strict_coverage,
    )
    with ExitStack() as stack:
        with progress(sys.stderr) as tell:  # it ends before anything is printed: rich wraps what comes meanwhile
            examination = stack.enter_context(engine.examine(request, tell, os.environ, begin or start_guest))
        verdict, paint, lines = examination.verdict, painter(sys.stdout, os.environ), staged.source_of(examination.tree)
        code = verdict.exit_code
        if not moment:
            deliver(outputs, replace(verdict, histories=examination.histories), lines, paint, os.environ)
            sys.stdout.flush()
            examination.remember()
        else:
            told = staged.answer(examination, lines)
            sys.stdout.write(told.coloured if paint is colourful else told.plain)
            sys.stdout.flush()
            staged.remember(examination, told)
            code = told.exit_code
        staged.guess_interpreter(examination)
    return code
