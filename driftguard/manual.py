"""What a command's help says below its options: exit codes, variables, files, examples; and commands by purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import click

Rows = tuple[tuple[str, str], ...]


class Page(NamedTuple):
    """``examples`` are what one wants and what to type then; the others are what there is and what it means."""

    exit_codes: Rows = ()
    variables: Rows = ()
    files: Rows = ()
    examples: Rows = ()


SECTIONS = ("Exit codes", "Variables", "Files", "Examples")
"""The titles, in the order of a page's fields."""

PURPOSES: dict[str, tuple[str, ...]] = {
    "Look": ("check", "ci", "diff", "graph", "explain", "watch", "daemon"),
    "Begin": ("init", "install", "uninstall", "baseline"),
    "Mend": ("merge", "rebase", "doctor", "adopt", "repair"),
    "Live databases": ("facts", "journal"),
    "driftguard itself": ("cache", "completion", "bug-report"),
}
OTHERS = "More"
"""The title over commands that are in none of these."""

INTERPRETER = ("VIRTUAL_ENV, CONDA_PREFIX", "The project's interpreter, where no setting says so.")
FLASK = ("FLASK_APP", "The application, where it is not found by itself.")
NAMED = ("NAME of env:NAME", "Holds the live database's URL, so that it stands in no file and no list of processes.")
SKIP = ("DRIFTGUARD_SKIP", "Anything but empty or 0: git hooks let everything pass, and say so.")
SETTINGS = ("pyproject.toml, driftguard.toml", "Settings: [tool.driftguard], or a file of their own.")
REMEMBERED = (".git/driftguard", "What hooks remember, the daemon's socket and its log.")
REVISIONS = ("the revision folders", "Where the files are written; as a whole or not at all.")
WRITTEN: Rows = (("0", "Done, or nothing to do."), ("1", "Refused; nothing is changed."), ("2", "Could not."))

PAGES: dict[str, Page] = {
    "": Page(
        exit_codes=(
            ("0", "Clean, or done."),
            ("1", "Findings, or refused."),
            ("2", "Could not look; also bad usage and bad settings."),
            ("3", "A bug of driftguard."),
            ("130, 141", "Interrupted; nobody reads the output."),
        ),
        variables=(
            ("NO_COLOR, FORCE_COLOR", "No colours on a terminal; colours where there is none."),
            ("DRIFTGUARD_CACHE_DIR", "Where private database servers are kept, in place of the user's cache folder."),
            SKIP,
        ),
        files=(SETTINGS, REMEMBERED),
        examples=(
            ("Is anything off?", "driftguard check"),
            ("Tell me before each commit.", "driftguard install"),
            ("What does a rule mean?", "driftguard explain DG301"),
        ),
    ),
    "check": Page(
        exit_codes=(
            ("0", "Clean; with --strict, without warnings too."),
            ("1", "Findings."),
            ("2", "Something could not be looked at, and the report says what (DG9xx)."),
        ),
        variables=(
            NAMED,
            INTERPRETER,
            FLASK,
            ("GITHUB_STEP_SUMMARY", "With --format github: where the job's summary goes."),
        ),
        files=(SETTINGS,),
        examples=(
            ("Everything, as the files lie there.", "driftguard check"),
            ("What is about to be committed, without the live database.", "driftguard check --staged --live off"),
            ("A database that env.py does not name.", "driftguard check --live env:STAGING_URL"),
            ("On a pull request.", "driftguard check --base origin/main --format github --format sarif=drift.sarif"),
            ("Only the revision graph; runs nothing of the project.", "driftguard check --select DG1"),
        ),
    ),
    "diff": Page(
        exit_codes=(("0", "Equal."), ("1", "Different."), ("2", "Could not compare.")),
        variables=(NAMED, INTERPRETER),
        examples=(
            ("What was done to the live database by hand?", "driftguard diff head live"),
            ("What would the next revision have to do?", "driftguard diff head models --sql"),
            ("What did a release change?", "driftguard diff 8b1f04c9d2e7 head"),
            ("Two databases.", "driftguard diff env:STAGING_URL env:PRODUCTION_URL"),
        ),
    ),
    "graph": Page(
        files=((".git/driftguard", "The last picture, so that it is there at once while no file changes."),),
        examples=(
            ("In the terminal.", "driftguard graph"),
            ("A picture, by the file's ending.", "driftguard graph -o revisions.svg"),
            ("With where the databases stand.", "driftguard graph --stamps --mark production=8b1f04c9d2e7"),
            ("As another branch has it.", "driftguard graph --ref origin/main"),
        ),
    ),
    "explain": Page(
        exit_codes=(("0", "Told."), ("2", "There is no such rule.")),
        examples=(("All rules.", "driftguard explain"), ("One of them.", "driftguard explain multiple-heads")),
    ),
    "watch": Page(
        exit_codes=(("0", "Also after Ctrl-C."), ("2", "Could not begin.")),
        variables=(NAMED, INTERPRETER, ("TERM", "dumb: a line for each look, in place of the whole screen.")),
        files=(REMEMBERED,),
        examples=(
            ("In a terminal beside the editor.", "driftguard watch"),
            ("Tell me when something turns up.", "driftguard watch --notify"),
        ),
    ),
    "daemon": Page(
        files=(REMEMBERED,),
        examples=(
            ("Begin, in the background.", "driftguard daemon start --notify"),
            ("What did it find?", "driftguard daemon status"),
        ),
    ),
    "daemon status": Page(exit_codes=(("0", "It runs."), ("1", "It does not."))),
    "init": Page(
        exit_codes=(("0", "All environments can be run."), ("2", "There is none, or one lacks its interpreter.")),
        variables=(INTERPRETER, FLASK),
        files=(SETTINGS,),
        examples=(("What is here?", "driftguard init"), ("Write what is needed.", "driftguard init --write")),
    ),
    "install": Page(
        exit_codes=(("0", "Written, or there already."), ("2", "Could not write them.")),
        variables=(SKIP,),
        files=((".git/hooks", "Or the folder that core.hooksPath names."),),
        examples=(
            ("All hooks.", "driftguard install"),
            ("Only before commits.", "driftguard install --hook pre-commit"),
            ("A commit that is not looked at.", "DRIFTGUARD_SKIP=1 git commit"),
        ),
    ),
    "merge": Page(
        exit_codes=WRITTEN,
        files=(REVISIONS,),
        examples=(
            ("What would it write?", "driftguard merge --dry-run"),
            ("Over all heads that collide.", "driftguard merge -m 'orders and invoices'"),
            ("Over these two.", "driftguard merge 8b1f04c9d2e7 5c0e9a1d77b3"),
        ),
    ),
    "rebase": Page(
        exit_codes=WRITTEN,
        files=(REVISIONS,),
        examples=(
            ("What would it change?", "driftguard rebase --dry-run"),
            ("Behind what the remote has by now.", "git fetch && driftguard rebase --onto origin/main"),
        ),
    ),
    "doctor": Page(
        exit_codes=(
            ("0", "Nothing is missing."),
            ("1", "Something is; the way out is shown."),
            ("2", "Could not look."),
        ),
        variables=(NAMED, INTERPRETER),
        examples=(
            ("Whatever is missing.", "driftguard doctor"),
            ("The one that Alembic cannot locate.", "driftguard doctor 5c0e9a1d77b3"),
            ("Without asking the live database.", "driftguard doctor --live off"),
        ),
    ),
    "adopt": Page(
        exit_codes=(("0", "Written, or nothing to adopt."), ("1", "Refused; no file is left."), ("2", "Could not.")),
        variables=(NAMED, INTERPRETER),
        files=(REVISIONS,),
        examples=(
            ("What would it write?", "driftguard adopt -m 'index on email' --dry-run"),
            ("Write it, then stamp the database that has it already.", "driftguard adopt -m 'index on email'"),
        ),
    ),
    "repair": Page(
        exit_codes=(
            ("0", "Nothing differs, or nothing does any more."),
            ("1", "Something does, or the plan was not run."),
            ("2", "Could not."),
        ),
        variables=(NAMED, INTERPRETER),
        examples=(
            ("What would it do, and what is lost?", "driftguard repair"),
            ("Do it, after a question.", "driftguard repair --apply"),
            ("Of another database.", "driftguard repair --live env:STAGING_URL"),
        ),
    ),
    "facts": Page(
        exit_codes=(("0", "Printed."), ("2", "Could not read it.")),
        variables=(NAMED, INTERPRETER),
        examples=(
            ("Where the database can be reached.", "driftguard facts env:PRODUCTION_URL > production.json"),
            ("Elsewhere.", "driftguard check --live production.json"),
        ),
    ),
    "journal": Page(
        examples=(
            ("Set it up.", "driftguard journal install --live env:PRODUCTION_URL"),
            ("For somebody who may.", "driftguard journal install --sql > journal.sql"),
            ("Who changed what since May?", "driftguard journal show --since 2031-05-01"),
        ),
    ),
    "cache": Page(
        variables=(("DRIFTGUARD_CACHE_DIR", "Where it lies, in place of the user's cache folder."),),
        examples=(("What is there?", "driftguard cache"), ("Begin anew.", "driftguard cache clear")),
    ),
    "completion": Page(
        examples=(
            ("bash, for ever.", "echo 'source <(driftguard completion bash)' >> ~/.bashrc"),
            ("zsh, for ever.", "echo 'source <(driftguard completion zsh)' >> ~/.zshrc"),
            ("fish, for ever.", "driftguard completion fish > ~/.config/fish/completions/driftguard.fish"),
        ),
    ),
    "bug-report": Page(
        exit_codes=(("0", "Always, but for a FILE that cannot be written."),),
        files=((".git/driftguard/daemon.log", "Its last lines are told."),),
        examples=(("Read it before you send it.", "driftguard bug-report -o report.md"),),
    ),
}
"""By what is typed behind ``driftguard``."""


class Command(click.Command):
    """A command whose help ends with its page."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page below the options."""
        _write(context, formatter)


class Group(click.Group):
    """A group whose commands have pages, and whose own commands are listed by purpose."""

    command_class = Command
    group_class = type

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each purpose with its commands."""
        names = tuple(name for name, command in self.commands.items() if not command.hidden)
        for title, listed in by_purpose(names) if context.parent is None else (("Commands", names),):
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(formatter.width)) for name in listed])

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page below the commands."""
        _write(context, formatter)


def by_purpose(names: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The commands ``names`` under the titles that they belong to; those without one at the end."""
    known = {name for listed in PURPOSES.values() for name in listed}
    everything = {**PURPOSES, OTHERS: tuple(name for name in names if name not in known)}
    for title, listed in everything.items():
        if there := tuple(name for name in listed if name in names):
            yield title, there


def _write(context: click.Context, formatter: click.HelpFormatter) -> None:
    page = PAGES.get(context.command_path.partition(" ")[2], Page())
    for title, rows in zip(SECTIONS[:-1], page, strict=False):
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)
    if page.examples:
        with formatter.section(SECTIONS[-1]):
            for wanted, typed in page.examples:
                formatter.write(f"{'':{formatter.current_indent}}# {wanted}\n{'':{formatter.current_indent}}{typed}\n")
