"""What a call of git means: which moment it is, what has to be looked at, and what the engine says to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.moments import MOMENTS

FRAMEWORK_IDS = ("driftguard", "driftguard-push", "driftguard-merge")
"""Ids of ``.pre-commit-hooks.yaml``; the pre-commit framework says by ``PRE_COMMIT_*`` variables what git told it."""

NOTHING = "0" * 40
"""The commit that git names when there is none: a branch that begins, or that is deleted."""

INTERRUPTED = 130

GRACE = 3.0
"""Seconds, above the deadline of the settings, in which the engine itself can say which step was too slow."""


class Call(NamedTuple):
    """A call as git makes it (githooks(5)): moment, arguments, and the lines on standard input."""

    moment: str
    arguments: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


Look = tuple[str, ...]
"""One thing to check, as arguments of ``driftguard check``."""


def answer(name: str, arguments: Sequence[str]) -> tuple[str, int]:
    """The moment that ``name`` (a git hook, or a hook of the pre-commit framework) is about, and an exit code.

    Raises ValueError for other names.
    """
    if name not in (*MOMENTS, *FRAMEWORK_IDS):
        raise ValueError(f"usage: driftguard-hook {'|'.join(MOMENTS)} [what git passes]")
    call = from_framework(name, os.environ) if name in FRAMEWORK_IDS else from_git(name, arguments)
    try:
        return call.moment, decide(call)
    except KeyboardInterrupt:
        return call.moment, INTERRUPTED
    except (DriftguardError, OSError) as error:
        print(f"driftguard: {error}", file=sys.stderr)
        return call.moment, 2


def from_git(moment: str, arguments: Sequence[str]) -> Call:
    """The call as git made it; somebody who calls pre-push at a terminal means the current commit."""
    if moment != "pre-push":
        return Call(moment, tuple(arguments))
    if sys.stdin is None or sys.stdin.isatty():
        return Call(moment, tuple(arguments), (f"HEAD HEAD HEAD {NOTHING}",))
    return Call(moment, tuple(arguments), tuple(sys.stdin.read().splitlines()))


def from_framework(hook_id: str, environ: Mapping[str, str]) -> Call:
    """The call that git made to the pre-commit framework.

    When a whole history is pushed the framework names no commit, only the branch; when it is run by hand, neither.
    """
    if hook_id == "driftguard":
        return Call("pre-commit")
    was, now = environ.get("PRE_COMMIT_FROM_REF", NOTHING), environ.get("PRE_COMMIT_TO_REF", "")
    if hook_id == "driftguard-push":
        branch = environ.get("PRE_COMMIT_LOCAL_BRANCH", "HEAD")
        return Call("pre-push", (), (f"{branch} {now or branch} {branch} {was}",))
    if "PRE_COMMIT_CHECKOUT_TYPE" in environ:
        return Call("post-checkout", (was, now, environ["PRE_COMMIT_CHECKOUT_TYPE"]))
    if "PRE_COMMIT_REWRITE_COMMAND" in environ:
        return Call("post-rewrite", (environ["PRE_COMMIT_REWRITE_COMMAND"],))
    return Call("post-merge", (environ.get("PRE_COMMIT_IS_SQUASH_MERGE", "0"),))


def looks(call: Call) -> tuple[Look, ...]:
    """What ``call`` gives reason to look at: the index, commits that leave this machine, or the working tree."""
    match call:
        case Call("pre-commit" | "pre-merge-commit"):
            return (("--staged",),)
        case Call("pre-push"):
            return tuple(("--ref", commit, "--live", "off") for commit in pushed(call.lines))
        case Call("post-checkout", (was, now, kind)) if kind == "0" or was == now:
            return ()
        case Call("post-rewrite", ("amend", *_)):
            return ()  # pre-commit has seen this very commit
        case _:
            return ((),)


def pushed(lines: Sequence[str]) -> tuple[str, ...]:
    """The commits of ``local-ref local-object remote-ref remote-object`` lines, without deletions and tags."""
    fields = [line.rsplit(" ", 3) for line in lines if line.count(" ") >= 3]
    commits = [commit for ref, commit, _, _ in fields if commit != NOTHING and not ref.startswith("refs/tags/")]
    return tuple(dict.fromkeys(commits))


def decide(call: Call) -> int:
    """The worst exit code of all looks."""
    wanted = looks(call)
    if not wanted or (call.moment == "post-checkout" and rebasing()):
        return 0
    return ask_engine(call.moment, wanted)


def rebasing() -> bool:
    """Whether git is in the midst of a rebase: what is checked out then is nobody's result, post-rewrite will come."""
    from pathlib import Path

    from driftguard.errors import DriftguardError
    from driftguard.git import find_repository

    try:
        repository = find_repository(Path.cwd())
    except DriftguardError:
        return False  # the engine meets the same repository, and says what is wrong with it
    return repository is not None and any(
        repository.git_path(name).exists() for name in ("rebase-merge", "rebase-apply")
    )


def ask_engine(moment: str, wanted: Sequence[Look]) -> int:
    """Run ``driftguard check`` for every look, all of them within the deadline of the settings.

    It runs in a process of its own, so that whatever hangs in it, be it C code of a driver, can be ended.
    """
    import time
    from functools import cache

    began, deadline = time.monotonic(), cache(_deadline)
    codes = []
    for look in wanted:
        command = [sys.executable, "-P", "-m", "driftguard", "check", *look, "--moment", moment]
        code = run_until(command, lambda: began + GRACE, lambda: began + GRACE + deadline())
        if code is None:
            _tell_deadline(deadline())
            return 2
        codes.append(code)
    return 1 if 1 in codes else max(codes)


def run_until(command: Sequence[str], *ends: Callable[[], float]) -> int | None:
    """The exit code, or None when time was up. Guests of the engine have process groups of their own: it ends them.

    ``ends`` as in ``process.wait``: to find the settings takes a tenth of a second, and most commands have ended before
    anybody has to know them.
    """
    import signal
    import subprocess

    from driftguard.process import child, wait

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with child(
        command, environ=os.environ, stdin=subprocess.PIPE
    ) as engine:  # which ends with us, see process.end_with
        code = wait(engine, ends, grace=GRACE)
    if code is not None and code < 0:
        print(f"driftguard: the check was ended by signal {-code}", file=sys.stderr)
        return 2
    return code


def _deadline() -> int:
    """Seconds; where the settings cannot be read the engine will say why, within the usual time."""
    from pathlib import Path

    from driftguard.config import Settings, load_settings
    from driftguard.errors import DriftguardError
    from driftguard.git import WorkingTree

    try:
        return load_settings(WorkingTree(Path.cwd())).deadline
    except DriftguardError:
        return Settings().deadline


def _tell_deadline(seconds: int) -> None:
    from driftguard.findings import Finding, Side
    from driftguard.report import REPORTS, painter
    from driftguard.verdict import judge

    late = Finding(
        code="DG905",
        side=Side.SETUP,
        subject="the check",
        message=f"the check did not finish within {seconds} seconds and was ended",
        help="see what takes so long; if it needs that time, raise `deadline` in [tool.driftguard]",
        commands=("driftguard check",),
    )
    paint = painter(sys.stderr, os.environ)
    sys.stderr.write(REPORTS["text"].render(judge([late]), lambda path: None, paint))
