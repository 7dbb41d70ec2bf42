"""The way in and the only way out: runs the command line and turns whatever ends it into an exit code."""

from __future__ import annotations

import errno
import gc
import os
import sys
from _collections_abc import Callable, Sequence

from driftguard import __version__
from driftguard.errors import DriftguardError
from driftguard.leaving import leave
from driftguard.memo.picture import remembered

ISSUES = "https://github.com/driftguard/driftguard/issues"
UNCHECKED, BUG, INTERRUPTED, BROKEN_PIPE = 2, 3, 130, 141
FEWEST_OBJECTS = 100_000
"""After so many new ones garbage is looked for. There is hardly any, and to look after each 700 takes longer."""

TAIL = 12
"""Lines of a traceback that are shown."""

SURROUNDINGS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""What an operating system refuses for reasons that neither driftguard nor the project can mend."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one run of ``driftguard``."""
    _open_standard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    picture = remembered(arguments) if arguments[:1] == ["graph"] else None
    if picture is not None:
        return _outcome(lambda: _write(picture))
    import signal  # only now: a picture is there before this is imported

    gc.set_threshold(FEWEST_OBJECTS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if arguments == ["graph"]:
        return _outcome(_draw)
    guess = _guessed_interpreter() if arguments[:1] == ["check"] and not _may_need_no_guest(arguments) else ""
    if not guess:
        return _outcome(lambda: _run(arguments, None))
    # Before anything else is imported: a guest takes longer to begin than we do.
    from driftguard.probe import early

    with early.begun(guess, os.environ) as start:
        return _outcome(lambda: _run(arguments, start))


def command() -> None:
    """One run as a process of its own."""
    leave(main())


def _may_need_no_guest(arguments: Sequence[str]) -> bool:
    """Whether the graph alone may be asked for, for which nothing may be started, or another folder's files."""
    return any(word.startswith(("--ref", "--select")) for word in arguments)


def _guessed_interpreter() -> str:
    from driftguard.memo.ask import git_folder
    from driftguard.memo.guess import guessed

    folder = git_folder(dict(os.environ))
    return guessed(f"{folder}/driftguard") if folder else ""


def _draw() -> int:
    """``driftguard graph`` without the command line's modules, which take longer to load than many a graph to draw."""
    from pathlib import Path

    from driftguard.commands.graph import graph

    return graph(start=Path().resolve())


def _write(text: str) -> int:
    sys.stdout.write(text)
    return 0


def _outcome(run: Callable[[], int]) -> int:
    try:
        code = run()
        sys.stdout.flush()
    except DriftguardError as error:
        _tell(error)
        return UNCHECKED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno not in SURROUNDINGS:
            _own_up(error)
            return BUG
        _tell(DriftguardError(f"{error.filename or 'output'}: {error.strerror}", "make room or give permission there"))
        _silence_output()
        return UNCHECKED
    except Exception as error:
        _own_up(error)
        return BUG
    return code


def _open_standard_streams() -> None:
    """Somebody may have closed them (``>&-``); the numbers 0 to 2 must not become those of other files."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (for as long as the process lives)
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _silence_output() -> None:
    """Python flushes once more on its way out, and must find somebody who listens."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str], start: object) -> int:
    import click

    from driftguard.cli import COMPLETE, START, cli
    from driftguard.process import end_with

    if os.environ.get(COMPLETE):
        from driftguard.commands.completion import answer

        return answer(cli, COMPLETE, os.environ[COMPLETE])
    if "--moment" in arguments:
        end_with(0)  # whose other end a git hook holds, see gitcall.run_until
    try:
        with cli.make_context("driftguard", arguments) as context:
            context.meta[START] = start
            code = cli.invoke(context)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as usage:
        usage.show()
        return usage.exit_code
    assert isinstance(code, int)
    return code


def _tell(error: DriftguardError) -> None:
    print("error:", _clean(error.message), file=sys.stderr)
    if error.hint:
        print("hint:", _clean(error.hint), file=sys.stderr)


def _own_up(error: Exception) -> None:
    import platform  # these two only for what hardly ever happens
    import traceback

    print("error: this is a bug of driftguard, not of your project", file=sys.stderr)
    print(f"hint: please report it at {ISSUES}, with what", file=sys.stderr)
    print("      `driftguard bug-report` prints, and with these lines:\n", file=sys.stderr)
    print(f"driftguard {__version__}, Python {platform.python_version()}, {platform.platform()}", file=sys.stderr)
    lines = "".join(traceback.format_exception(error)).splitlines()[-TAIL:]
    print(_clean("\n".join(lines)), file=sys.stderr)


def _clean(text: str) -> str:
    from driftguard.redaction import redacted  # these two only for errors
    from driftguard.report.visible import visible_lines

    return "\n".join(visible_lines(redacted(text)))


if __name__ == "__main__":
    command()
