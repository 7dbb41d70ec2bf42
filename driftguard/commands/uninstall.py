"""``driftguard uninstall``: takes the git hooks away and puts back what was there before."""

from __future__ import annotations

from pathlib import Path

from driftguard.commands.guarded import repository_of
from driftguard.githooks import uninstall_hooks


def uninstall(*, start: Path) -> int:
    """Restore the hooks folder of the repository around ``start``; 0 also when there was nothing to do."""
    hooks = repository_of(start).hooks_folder
    changes = uninstall_hooks(hooks)
    for change in changes:
        print(f"{change.path}: {change.what}")
    if not changes:
        print(f"no hook of driftguard in {hooks}")
    return 0
