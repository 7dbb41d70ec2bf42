"""What git runs: says at once what is remembered, and leaves everything else to slower modules.

Most commits touch nothing that matters, so nothing is imported here that Python has not loaded anyway.
"""

from __future__ import annotations

import os
import sys

from driftguard.colours import shows_colours
from driftguard.daemon.client import ask
from driftguard.leaving import leave
from driftguard.memo.ask import git_folder, remembered
from driftguard.memo.record import Answer, Record

STAGED = ("pre-commit", "pre-merge-commit", "driftguard")
"""The hooks that ask about what is staged."""

INTERRUPTED = 130

AGAIN = -1
"""No exit code: the watcher has remembered the answer since the hook looked for it."""

SECONDS = b"60"
"""How long a watcher may take for its answer."""

UNASKED = (
    "driftguard: nothing changed here; live {} was not looked at (`driftguard check` does, or a running watcher)\n"
)


def command() -> None:
    """One call as a process of its own."""
    leave(main())


def main(argv: list[str] | None = None) -> int:
    """The exit code for git: 0 lets it go on. Moments named post-… report and never refuse."""
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ("",)
    if os.environ.get("DRIFTGUARD_SKIP", "0") not in ("", "0"):
        print("driftguard: skipped, because DRIFTGUARD_SKIP is set", file=sys.stderr)
        return 0
    moment = "pre-commit" if name == "driftguard" else name
    try:
        told = at_once(moment, dict(os.environ)) if name in STAGED else None
    except KeyboardInterrupt:
        return _verdict(moment, INTERRUPTED)
    if told is not None:
        sys.stdout.write(told.coloured if _shows_colours() else told.plain)
        return _verdict(moment, told.exit_code)
    return _ask_engine(name, arguments)


def at_once(moment: str, environ: dict[str, str]) -> Answer | None:
    """The answer that is remembered, or that a watcher gives; None where neither can tell."""
    folder = git_folder(environ)
    if folder is None:
        return None
    told = _answer(folder, moment, environ)
    if told is not None and told.exit_code == AGAIN:
        told = _answer(folder, moment, environ)
    return None if told is None or told.exit_code == AGAIN else told


def _answer(folder: str, moment: str, environ: dict[str, str]) -> Answer | None:
    record = remembered(folder, environ)
    if record is None:
        return _watchers(folder, moment, environ)
    return _with_servers(folder, moment, environ, record) if record.live.servers else record.answer


def _with_servers(folder: str, moment: str, environ: dict[str, str], record: Record) -> Answer | None:
    """Live databases on servers change without a trace in any file: only a watcher, which knows them, can ask them."""
    was = (fingerprint.encode() for _, _, fingerprint in record.live.servers)
    told = ask(f"{folder}/driftguard", (b"live", SECONDS, *was), float(SECONDS))
    if told == [b"same"]:
        return record.answer
    if told:
        return _watchers(folder, moment, environ)
    if any(must_ask for _, must_ask, _ in record.live.servers):
        return None
    note = UNASKED.format(", ".join(name for name, _, _ in record.live.servers))
    known = record.answer
    return Answer(known.exit_code, known.plain or note, known.coloured or note)


def _watchers(folder: str, moment: str, environ: dict[str, str]) -> Answer | None:
    variables = (os.fsencode(f"{name}={value}") for name, value in environ.items())
    question = (b"staged", moment.encode(), SECONDS, os.fsencode(os.getcwd()), *variables)
    told = ask(f"{folder}/driftguard", question, float(SECONDS))
    return Answer(int(told[0]), told[1].decode(), told[2].decode()) if told else None


def _ask_engine(name: str, arguments: list[str]) -> int:
    if sys.flags.no_site:  # how the hook file starts Python, because it does without most of the time
        import site

        site.main()
    from driftguard.gitcall import answer

    try:
        moment, code = answer(name, arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return _verdict(moment, code)


def _verdict(moment: str, code: int) -> int:
    if moment.startswith("post-"):
        return 0
    if code not in (0, INTERRUPTED):
        verb = {"pre-push": "push", "pre-merge-commit": "merge"}.get(moment, "commit")
        print(f"driftguard: stopped; to {verb} without this check, set DRIFTGUARD_SKIP=1", file=sys.stderr)
    return code


def _shows_colours() -> bool:
    return shows_colours(terminal=sys.stdout.isatty(), environ=os.environ)


if __name__ == "__main__":
    command()
