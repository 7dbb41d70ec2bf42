"""What programs may rely on: ``driftguard.check``, and the verdict that it gives."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from driftguard import engine
from driftguard.config import load_settings
from driftguard.git import IndexTree, RefTree, Tree, WorkingTree, find_repository, no_repository
from driftguard.verdict import Verdict


def check(
    path: str | os.PathLike[str] = ".",
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    environments: Collection[str] = (),
    staged: bool = False,
    ref: str = "",
    base: str | None = "",
    live: str = "",
    strict: bool | None = None,
) -> Verdict:
    """The verdict on the repository around the folder ``path``, as ``driftguard check`` has it.

    ``select`` replaces what the settings select, ``ignore`` adds to what they ignore. ``staged`` looks at what is
    staged, ``ref`` at a commit. ``base``: the branch to compare revisions with, "" for the one that git and the
    settings name, None for none. ``live``: a URL, "env:NAME" or "off"; "" for what env.py or the settings say.

    Raises ``driftguard.errors.DriftguardError`` for what has to be mended first: bad settings, an unknown commit.
    """
    folder = Path(path).resolve()
    repository = find_repository(folder)
    if repository is None and (staged or ref):
        raise no_repository(folder)
    tree: Tree = WorkingTree(folder)
    if repository is not None:
        tree = IndexTree(repository) if staged else RefTree(repository, ref) if ref else WorkingTree(repository.root)
    settings = load_settings(tree)
    return engine.check(
        engine.Request(
            root=repository.root if repository else folder,
            settings=replace(
                settings,
                select=tuple(select) or settings.select,
                ignore=(*settings.ignore, *ignore),
                strict=settings.strict if strict is None else strict,
            ),
            environments=tuple(environments),
            source="index" if staged else "ref" if ref else "working",
            ref=ref,
            live=live,
            base=base,
        )
    )
