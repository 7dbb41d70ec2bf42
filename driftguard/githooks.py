"""The git hooks that driftguard writes: where they go, and how what was there before is kept and restored."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.git import Repository
from driftguard.moments import MOMENTS

MARK = b"# driftguard hook v"
KEPT = ".before-driftguard"
LEGACY = ".legacy"
"""What the pre-commit framework appends to the name of a hook that it chains to."""


class Change(NamedTuple):
    """What happened to one hook: the file, and a word for it (``written``, ``removed``, …)."""

    path: Path
    what: str


def is_shared(repository: Repository) -> bool:
    """Whether other repositories run the same hooks, because ``core.hooksPath`` points out of this one."""
    common = repository.root / repository.run("rev-parse", "--git-common-dir").decode().strip()
    hooks = repository.hooks_folder.resolve()
    return not any(hooks.is_relative_to(folder.resolve()) for folder in (repository.root, common))


def hook_text(moment: str, *, python: Path, module: Path) -> bytes:
    """The hook file for ``moment``; ``python`` runs it as long as the file ``module`` is there."""
    template = _template().read_text(encoding="utf-8")
    for mark, value in (("@MOMENT@", moment), ("@PYTHON@", python.as_posix()), ("@MODULE@", module.as_posix())):
        template = template.replace(mark, shlex.quote(value))
    return template.encode("utf-8", "surrogateescape")


def install_hooks(hooks: Path, moments: Iterable[str] = MOMENTS) -> tuple[Change, ...]:
    """Write a hook for each moment, keeping what is there; nothing is changed before everything is known to fit.

    Raises DriftguardError if a hook can be kept under no name, because one is kept already.
    """
    chosen = tuple(moments)
    for moment in chosen:
        _refuse_to_lose(hooks, moment)
    hooks.mkdir(parents=True, exist_ok=True)
    python, module = Path(sys.executable), Path(__file__).with_name("hook.py")
    return tuple(_install(hooks, moment, hook_text(moment, python=python, module=module)) for moment in chosen)


def uninstall_hooks(hooks: Path) -> tuple[Change, ...]:
    """Take away every hook of ours and put back what it replaced."""
    return tuple(_uninstall(hooks, moment) for moment in MOMENTS if is_ours(_slot(hooks, moment)))


def is_ours(path: Path) -> bool:
    """Whether driftguard, of this version or another, wrote the hook at ``path``; a link to one is somebody else's."""
    if path.is_symlink():
        return False
    try:
        with path.open("rb") as file:
            return MARK in file.read(200)
    except OSError:
        return False


def _slot(hooks: Path, moment: str) -> Path:
    """Where our hook is or would be; pre-commit, when installed later, keeps ours as ``NAME.legacy`` and runs it."""
    legacy = hooks / f"{moment}{LEGACY}"
    return legacy if is_ours(legacy) and not is_ours(hooks / moment) else hooks / moment


def _refuse_to_lose(hooks: Path, moment: str) -> None:
    slot, kept = _slot(hooks, moment), hooks / f"{moment}{KEPT}"
    if _there(slot) and _there(kept) and not is_ours(slot):
        raise DriftguardError(
            f"{slot} is not driftguard's, and an older hook is still kept as {kept.name}",
            f"decide which of the two should run, and remove the other: {kept}",
        )


def _install(hooks: Path, moment: str, content: bytes) -> Change:
    slot, kept = _slot(hooks, moment), hooks / f"{moment}{KEPT}"
    if is_ours(slot):
        what = "written again" if slot.read_bytes() != content else "already there"
    elif _there(slot):
        slot.replace(kept)
        what = f"written, runs {kept.name} first"
    else:
        what = "written"
    partial = hooks / f"{moment}.driftguard-partial"
    partial.write_bytes(content)
    partial.chmod(0o755)
    partial.replace(slot)
    return Change(slot, what)


def _uninstall(hooks: Path, moment: str) -> Change:
    slot, kept = _slot(hooks, moment), hooks / f"{moment}{KEPT}"
    if _there(kept):
        kept.replace(slot)
        return Change(slot, "restored")
    slot.unlink()
    return Change(slot, "removed")


def _there(path: Path) -> bool:
    """Whether anything has that name, a symbolic link to nowhere included."""
    return path.is_symlink() or path.exists()


def _template() -> Path:
    """Beside this module in an installed package, beside the package in a checkout."""
    here = Path(__file__).parent
    return next(path for path in (here / "hooks/git-hook", here.parent / "hooks/git-hook") if path.exists())
