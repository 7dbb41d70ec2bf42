"""``driftguard check``: asks the engine and shows its verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from driftguard import engine, staged
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.progress import progress
from driftguard.config import load_settings
from driftguard.probe.guest_process import Start
from driftguard.probe.guest_process import start as start_guest
from driftguard.report import REPORTS, colourful, painter


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
    strict_coverage: bool = False,
    moment: str = "",
    base: str | None = "",
    begin: Start | None = None,
) -> int:
    """Check the repository around ``start``, or the folder ``path`` as if it were a repository of its own.

    ``source`` is "working", "index", "ref" or "merged", ``base`` as in the engine's request.
    ``select`` replaces what the settings select, ``ignore`` adds to what they ignore. ``moment`` is the git hook that
    asks: it says nothing where all is well, and does not mind a repository without an environment. ``begin`` starts
    guests in another way than usual.
    """
    root = path or root_of(start, source)
    settings = load_settings(open_tree(root, source, ref))
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
        base=base,
        strict_coverage=strict_coverage,
    )
    with progress(sys.stderr) as tell, engine.examine(request, tell, os.environ, begin or start_guest) as examination:
        verdict, paint, lines = examination.verdict, painter(sys.stdout, os.environ), staged.source_of(examination.tree)
        if not moment:
            sys.stdout.write(REPORTS[output].render(verdict, lines, paint))
        else:
            told = staged.answer(examination, lines)
            sys.stdout.write(told.coloured if paint is colourful else told.plain)
            sys.stdout.flush()
            staged.remember(examination, told)
        staged.guess_interpreter(examination)
    return verdict.exit_code
