"""``driftguard install``: git hooks in this repository, in front of none and behind those that are there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from driftguard.commands.guarded import repository_of
from driftguard.errors import DriftguardError
from driftguard.githooks import install_hooks, is_shared
from driftguard.moments import MOMENTS

FRAMEWORK_CONFIG = ".pre-commit-config.yaml"
FRAMEWORK_ADVICE = f"""\
This repository uses pre-commit. With these lines in {FRAMEWORK_CONFIG} instead, every clone gets the hooks:

  - repo: https://github.com/driftguard/driftguard
    rev: ""  # `pre-commit autoupdate` fills it in
    hooks:
      - id: driftguard
      - id: driftguard-push
      - id: driftguard-merge
"""


def install(*, start: Path, moments: Sequence[str] = (), force: bool = False) -> int:
    """Write the hooks for ``moments`` (default: all); ``force``: even where other repositories use them too."""
    repository = repository_of(start)
    root, hooks = repository.work_tree, repository.hooks_folder
    if is_shared(repository) and not force:
        raise DriftguardError(
            f"core.hooksPath is {hooks}, outside of this repository: other repositories run those hooks too",
            "`git config --local core.hooksPath .git/hooks` gives this one its own; --force installs there anyway",
        )
    for change in install_hooks(hooks, moments or MOMENTS):
        print(f"{change.path}: {change.what}")
    if hooks.is_relative_to(root) and not hooks.is_relative_to(root / ".git"):
        print(f"note: {hooks} can be committed; elsewhere its hooks look for driftguard-hook on PATH")
    if (root / FRAMEWORK_CONFIG).exists():
        sys.stdout.write(f"\n{FRAMEWORK_ADVICE}")
    return 0
