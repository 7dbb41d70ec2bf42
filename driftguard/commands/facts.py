"""``driftguard facts``: prints what a live database holds, to be compared elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from driftguard import engine
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.progress import progress
from driftguard.config import load_settings
from driftguard.facts.export import dumped

CONFIGURED = "live"


def facts(*, start: Path, live: str, environments: Sequence[str] = ()) -> int:
    """Print the facts of the database that ``live`` names: a URL, ``env:NAME`` or "live", the one of env.py."""
    root = root_of(start)
    request = engine.Request(
        root=root,
        settings=load_settings(open_tree(root, "working", "")),
        environments=tuple(environments),
        live="" if live == CONFIGURED else live,
    )
    with progress(sys.stderr) as tell:
        export = engine.export(request, tell, os.environ)
    sys.stdout.write(dumped(export))
    return 0
