"""What git runs: says at once what is remembered, and leaves everything else to slower modules.

Most commits touch nothing that matters, so nothing is imported here that Python has not loaded anyway.
"""

from __future__ import annotations

import os
import sys

from driftguard.colours import shows_colours
from driftguard.memo.ask import git_folder, live_as_it_was, remembered
from driftguard.memo.record import Answer, Record

STAGED = ("pre-commit", "pre-merge-commit", "driftguard")
"""The hooks that ask about what is staged."""

INTERRUPTED = 130

UNASKED = "nothing has changed; the live database was not asked, which takes `driftguard watch` or a check ({})"


def main(argv: list[str] | None = None) -> int:
    """The exit code for git: 0 lets it go on. Moments named post-… report and never refuse."""
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ("",)
    if os.environ.get("DRIFTGUARD_SKIP", "0") not in ("", "0"):
        print("driftguard: skipped, because DRIFTGUARD_SKIP is set", file=sys.stderr)
        return 0
    told = at_once(dict(os.environ)) if name in STAGED else None
    if told is not None:
        sys.stdout.write(told.coloured if _shows_colours() else told.plain)
        return _verdict("pre-commit" if name == "driftguard" else name, told.exit_code)
    return _ask_engine(name, arguments)


def at_once(environ: dict[str, str]) -> Answer | None:
    """The answer that is known without looking at models and revisions, if there is one."""
    folder = git_folder(environ)
    record = folder and remembered(folder, environ)
    if not folder or not record or not live_as_it_was(record.live):
        return None
    return _with_servers(record) if record.live.servers else record.answer


def _with_servers(record: Record) -> Answer | None:
    """Live databases on servers change without a trace in any file; this hook does not know how to ask them."""
    if any(must_ask for _, must_ask in record.live.servers):
        return None
    names = ", ".join(name for name, _ in record.live.servers)
    note = f"driftguard: {UNASKED.format(names)}\n"
    known = record.answer
    return Answer(known.exit_code, known.plain or note, known.coloured or note)


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
    sys.exit(main())
