"""The command line: options and their help; a command's module is imported only when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from itertools import starmap
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from driftguard.formats import FORMATS, PICTURE_ENDINGS, PICTURES
from driftguard.manual import Group
from driftguard.moments import MOMENTS
from driftguard.rules import CODES_BY_NAME, RULES, is_selector

START = "driftguard.start"
"""What begins guests, in a context's ``meta``; None for the usual way."""

COMPLETE = "_DRIFTGUARD_COMPLETE"
"""The variable in which a shell asks what may follow, see ``driftguard completion``."""

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _completed(kind: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """What a shell suggests: the ``kind`` of words that ``commands.completion`` finds here."""

    def suggested(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        from driftguard.commands import completion

        start = context.find_root().params.get("directory")
        return completion.suggested(kind, start, typed) if start else []

    return suggested


ONLY = click.option(
    "-e",
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    shell_complete=_completed("environments"),
    help="Only this environment.",
)
_PRIVILEGES = click.option("--privileges", is_flag=True, help="Owners and privileges too (PostgreSQL).")


def _selectors(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    selectors = tuple(part.strip() for word in words for part in word.split(",") if part.strip())
    for selector in selectors:
        if not is_selector(selector):
            from driftguard.errors import closest  # only for mistakes

            raise click.BadParameter(f'no rule is called "{selector}"{closest(selector, (*RULES, *CODES_BY_NAME))}')
    return selectors


def _same_place(file: str) -> str:
    """Equal for two spellings of one file; "" is standard output."""
    return file and os.path.realpath(file)


def _ignored(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """Rules, and patterns of live objects."""
    ignored = tuple(part.strip() for word in words for part in word.split(",") if part.strip())
    for each in ignored:
        if not is_selector(each):
            from driftguard.config import ignorable  # only where patterns or mistakes are

            if refusal := ignorable(each):
                raise click.BadParameter(refusal)
    return ignored


def _outputs(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(format, file) of each; "" is standard output."""
    outputs: list[tuple[str, str]] = []
    for word in words:
        name, _, file = word.partition("=")
        if name not in FORMATS:
            from driftguard.errors import closest  # only for mistakes

            raise click.BadParameter(f'there is no format "{name}"{closest(name, FORMATS)}')
        if "=" in word and not file:
            raise click.BadParameter(f"{word} names no file")
        if _same_place(file) in (_same_place(each) for _, each in outputs):
            raise click.BadParameter(f"two formats would go to {file or 'standard output'}: write FORMAT=FILE")
        outputs.append((name, file))
    return tuple(outputs)


def _places(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    for word in words:
        name, _, revision = word.partition("=")
        if not name or not revision:
            raise click.BadParameter(f"{word!r} is not NAME=REVISION")
    return tuple((word.partition("=")[0], word.partition("=")[2]) for word in words)


def _version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        from driftguard.commands import versions

        versions.show(start=context.params["directory"].resolve())
        context.exit()


SELECT = click.option(
    "--select",
    multiple=True,
    callback=_selectors,
    metavar="RULE",
    shell_complete=_completed("rules"),
    help="Only these rules: codes, names, or DG1 for all DG1xx.",
)
IGNORE = click.option(
    "--ignore",
    multiple=True,
    callback=_ignored,
    metavar="RULE|KIND:GLOB",
    shell_complete=_completed("rules"),
    help="Without these rules, or these live objects (table:legacy_*).",
)
BASE = click.option(
    "--base",
    default="",
    metavar="REF",
    shell_complete=_completed("refs"),
    help="The branch that this one is to be merged into.",
)
STRICT = click.option("--strict", is_flag=True, help="Warnings fail too.")
STRICT_COVERAGE = click.option(
    "--strict-coverage", is_flag=True, help="What driftguard cannot compare in the live database fails too."
)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option(
    "-C",
    "--directory",
    type=FOLDER,
    default=".",
    is_eager=True,
    metavar="FOLDER",
    help="Run as if started in FOLDER.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    callback=_version,
    help="Show the version, and what driftguard found here to work with.",
)
@click.pass_context
def cli(context: click.Context, directory: Path) -> None:
    """Says which of models, migration head, live database and revision graph is off, and what to type next."""
    context.obj = directory.resolve()


@cli.command(short_help="Compare models, head, live database and graph.")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@SELECT
@IGNORE
@ONLY
@click.option("--staged", is_flag=True, help="The files as they are staged for the next commit.")
@click.option(
    "--ref",
    default="",
    metavar="REF",
    shell_complete=_completed("refs"),
    help="The files as they are in a commit, branch or tag.",
)
@BASE
@click.option(
    "--merged-with",
    default="",
    metavar="REF",
    shell_complete=_completed("refs"),
    help="The files as git would merge HEAD and REF.",
)
@click.option(
    "--live",
    multiple=True,
    metavar="URL|env:NAME|@FILE|off",
    help="The live database; several, or @FILE with one a line: all of them; off: leave it alone.",
)
@click.option(
    "--format",
    "outputs",
    multiple=True,
    callback=_outputs,
    metavar="FORMAT[=FILE]",
    shell_complete=_completed("formats"),
    help=f"One of {', '.join(FORMATS)}; several at once, as long as each goes elsewhere.  [default: text]",
)
@STRICT
@STRICT_COVERAGE
@_PRIVILEGES
@click.option("--moment", type=click.Choice(("", *MOMENTS)), default="", hidden=True)
@click.pass_obj
def check(
    start: Path,
    path: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    environments: tuple[str, ...],
    staged: bool,
    ref: str,
    base: str,
    merged_with: str,
    live: tuple[str, ...],
    outputs: tuple[tuple[str, str], ...],
    strict: bool,
    strict_coverage: bool,
    privileges: bool,
    moment: str,
) -> int:
    """Compare models, migration head, live database and revision graph.

    Looks at the repository around the current folder, or at the folder PATH as if it were a repository of its own.
    Revisions are compared with those of the base branch too, and with what git would make of both: the branch given
    with --base, else the setting `base`, else the one that this branch follows, or the remote's default branch.
    Nothing but disposable databases is ever written.
    """
    from driftguard.commands.check import check
    from driftguard.commands.reports import TEXT, Output

    named = [
        option for option, value in (("--staged", staged), ("--ref", ref), ("--merged-with", merged_with)) if value
    ]
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)} exclude each other")
    if path and named:
        raise click.UsageError(f"{named[0]} looks at the whole repository; use -C instead of PATH")
    if path and not (start / path).is_dir():
        raise click.BadParameter(f"{path} is no folder", param_hint="PATH")
    sources = {"--staged": "index", "--ref": "ref", "--merged-with": "merged"}
    return check(
        start=start,
        path=path and (start / path).resolve(),
        select=select,
        ignore=ignore,
        environments=environments,
        source=sources[named[0]] if named else "working",
        ref=ref or merged_with,
        base=base if base or moment in ("", "pre-push") else None,
        live=live,
        outputs=tuple(starmap(Output, outputs)) or TEXT,
        strict=strict,
        strict_coverage=strict_coverage,
        privileges=privileges,
        moment=moment,
        begin=click.get_current_context().meta.get(START),
    )


@cli.command(short_help="All that a pipeline should check, in one verdict.")
@BASE
@SELECT
@IGNORE
@ONLY
@click.option(
    "--live",
    multiple=True,
    metavar="URL|env:NAME|@FILE",
    help="A live database to look at as well; several, or @FILE with one a line.  [default: none]",
)
@click.option(
    "--format",
    "outputs",
    multiple=True,
    callback=_outputs,
    metavar="FORMAT[=FILE]",
    help=f"One of {', '.join(FORMATS)}, besides those that the CI service understands, or in their place.",
)
@STRICT
@STRICT_COVERAGE
@click.pass_obj
def ci(
    start: Path,
    base: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    environments: tuple[str, ...],
    live: tuple[str, ...],
    outputs: tuple[tuple[str, str], ...],
    strict: bool,
    strict_coverage: bool,
) -> int:
    """Check a branch on its way into its base branch, as a CI service builds it.

    Looks at the branch, at what git would make of it and its base, at new revisions down and up again, and at the live
    database if --live names one. What the base has as well is told as a note and fails nothing. Base and formats come
    from the variables of GitHub Actions, GitLab CI, Bitbucket Pipelines, Azure Pipelines, Jenkins, CircleCI, Buildkite
    and Woodpecker; elsewhere, from git as `driftguard check` finds it.

    Exit codes: 0 nothing new, 1 findings, 2 could not check, 3 a bug of driftguard.
    """
    from driftguard.commands.ci import ci
    from driftguard.commands.reports import Output

    return ci(
        start=start,
        base=base,
        select=select,
        ignore=ignore,
        environments=environments,
        live=live,
        outputs=tuple(starmap(Output, outputs)),
        strict=strict,
        strict_coverage=strict_coverage,
    )


@cli.command(name="facts", short_help="Write down what a live database holds.")
@click.argument("live", default="live", metavar="[URL|env:NAME|live]")
@ONLY
@click.pass_obj
def facts(start: Path, live: str, environments: tuple[str, ...]) -> int:
    """Print what a live database holds, as JSON: its stamp, its catalog, where and when it was read. No data.

    Run it where the database can be reached, into a file; elsewhere, `driftguard check --live FILE` compares that file
    as it would the database. A role that may only SELECT is enough. For `live`, the database that env.py configures,
    env.py is run on a shadow first; for a URL nothing but the project's driver is needed.
    """
    from driftguard.commands.facts import facts

    return facts(start=start, live=live, environments=environments)


@cli.command(short_help="Look again whenever something changes.")
@click.option("--notify", is_flag=True, help="Desktop notifications, through notify-send or osascript.")
@click.pass_obj
def watch(start: Path, notify: bool) -> int:
    """Look again whenever something changes, until Ctrl-C, and show it.

    What counts are the files that the last look depended on, what is staged, the branch, and the live database. Git
    hooks are answered meanwhile. On a terminal the whole screen is used; elsewhere each look is a line, with the report
    when its findings are new. Where a daemon runs, what it knows is shown.
    """
    from driftguard.commands.watch import watch

    return watch(start=start, notify=notify)


@cli.group(short_help="The same in the background.")
def daemon() -> None:
    """Watch in the background: one process for each work tree, which git hooks ask before they look themselves."""


@daemon.command(name="start", short_help="Begin to watch.")
@click.option("--notify", is_flag=True, help="Desktop notifications, through notify-send or osascript.")
@click.pass_obj
def daemon_start(start: Path, notify: bool) -> int:
    """Begin to watch this work tree; returns when git hooks can ask. One that runs already goes on as it is."""
    from driftguard.commands import daemon

    return daemon.start(start=start, notify=notify)


@daemon.command(name="stop", short_help="End it.")
@click.pass_obj
def daemon_stop(start: Path) -> int:
    """End the watcher of this work tree, be it a daemon or `driftguard watch`. None to end is no mistake."""
    from driftguard.commands import daemon

    return daemon.stop(start=start)


@daemon.command(name="status", short_help="Whether it runs, and what it found.")
@click.pass_obj
def daemon_status(start: Path) -> int:
    """Say whether a watcher of this work tree runs, since when, and what its last look found."""
    from driftguard.commands import daemon

    return daemon.status(start=start)


@daemon.command(name="logs", short_help="What it did lately.")
@click.option(
    "-n", "--lines", type=click.IntRange(min=1), default=50, show_default=True, metavar="LINES", help="How many."
)
@click.pass_obj
def daemon_logs(start: Path, lines: int) -> int:
    """Print the end of the daemon's log: each look, why it was made, what came of it, and what failed."""
    from driftguard.commands import daemon

    return daemon.logs(start=start, lines=lines)


@cli.command(short_help="What a rule finds, why it hurts, how to fix it.")
@click.argument("rule", default="", metavar="[CODE|NAME]", shell_complete=_completed("rules"))
def explain(rule: str) -> int:
    """What a rule finds, why it hurts, and how to fix it; without a rule, all of them."""
    from driftguard.commands.explain import explain

    return explain(rule=rule)


@cli.command(short_help="Show what driftguard finds here; write settings.")
@click.option("--write", is_flag=True, help="Write the settings that are needed into the project.")
@click.pass_obj
def init(start: Path, write: bool) -> int:
    """Show the environments that were found, and which settings are needed, if any."""
    from driftguard.commands.guarded import root_of
    from driftguard.commands.init import init

    return init(root=root_of(start), write=write)


@cli.group(short_help="What is kept to be faster.", invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """Show what driftguard keeps so that it is faster the next time, how large it is, and where it lies."""
    if context.invoked_subcommand is None:
        from driftguard.commands import cache

        context.exit(cache.show(context.obj))


@cache.command(name="clear", short_help="Remove all of it.")
@click.pass_obj
def cache_clear(start: Path) -> int:
    """Remove it; what a running driftguard uses stays. Nothing is lost but time."""
    from driftguard.commands import cache

    return cache.clear(start)


@cli.command(name="baseline", short_help="Write down what stands, so that only what is new counts.")
@click.option("--prune", is_flag=True, help="Only take out what does not apply any more.")
@click.option("--select", multiple=True, callback=_selectors, metavar="RULE", help="Findings of these rules.")
@click.option("--all", "every", is_flag=True, help="Findings of all rules.")
@click.option("-e", "--environment", "environments", multiple=True, metavar="NAME", help="Only this environment.")
@click.option("--live", multiple=True, metavar="URL|env:NAME|@FILE", help="The live database, or several.")
@click.pass_obj
def baseline(
    start: Path,
    prune: bool,
    select: tuple[str, ...],
    every: bool,
    environments: tuple[str, ...],
    live: tuple[str, ...],
) -> int:
    """Write findings that stand into driftguard-baseline.json; checks and hooks then tell them as notes.

    By default these are the direct changes of the live database (DG301). An entry means what its finding says now: the
    same column with another type is news. People may add `reason` and `until` (a day, after which the finding counts
    again) to an entry; what they wrote is kept.

    Exit codes: 0 done, 2 something could not be looked at.
    """
    from driftguard.commands.baseline import baseline

    if prune and (select or every):
        raise click.UsageError("--prune takes out what does not apply any more, of all rules; it selects nothing")
    return baseline(start=start, prune=prune, every=every, select=select, environments=environments, live=live)


@cli.command(short_help="Write git hooks.")
@click.option("--hook", "moments", multiple=True, type=click.Choice(MOMENTS), metavar="NAME", help="Only this hook.")
@click.option("--force", is_flag=True, help="Also into a hooks folder that other repositories use.")
@click.pass_obj
def install(start: Path, moments: tuple[str, ...], force: bool) -> int:
    """Write git hooks into this repository; hooks that are there are kept and run first."""
    from driftguard.commands.install import install

    return install(start=start, moments=moments, force=force)


@cli.command(short_help="Take the git hooks away.")
@click.pass_obj
def uninstall(start: Path) -> int:
    """Take driftguard's git hooks away and put back what was there before."""
    from driftguard.commands.uninstall import uninstall

    return uninstall(start=start)


@cli.command(short_help="Draw the revision graph.")
@ONLY
@click.option(
    "--ref", default="", metavar="REF", shell_complete=_completed("refs"), help="As it is in a commit, branch or tag."
)
@click.option(
    "--format",
    "output",
    type=click.Choice(PICTURES),
    help="By default what the ending of FILE says, otherwise text.",
)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there.",
)
@click.option(
    "--mark",
    "places",
    multiple=True,
    callback=_places,
    metavar="NAME=REVISION",
    help="A database and the revision at which it stands.",
)
@click.option("--stamps", is_flag=True, help="Ask the live databases where they stand; this runs env.py.")
@click.option("--all", "every", is_flag=True, help="Every revision, also where many follow each other.")
@click.pass_obj
def graph(
    start: Path,
    environments: tuple[str, ...],
    ref: str,
    output: str | None,
    file: Path | None,
    places: tuple[tuple[str, str], ...],
    stamps: bool,
    every: bool,
) -> int:
    """Draw every environment's revisions: heads, forks, merges, labels, and which are not in the base branch.

    Without --stamps, none of the project's code is run and no database is asked. From 60 revisions on, those that only
    follow each other are drawn as one.
    """
    from driftguard.commands.graph import graph

    ending = file.suffix.lower() if file else ""
    return graph(
        start=start,
        environments=environments,
        ref=ref,
        output=output or PICTURE_ENDINGS.get(ending, "text"),
        file=file,
        places=places,
        stamps=stamps,
        every=every,
    )


@cli.command(short_help="Join heads that collide.")
@click.argument("heads", nargs=-1)
@ONLY
@click.option("-m", "--message", default="", metavar="TEXT", help="What the merge revision says of itself.")
@click.option("--live", default="", metavar="URL|env:NAME|off", help="The live database; off: leave it alone.")
@click.option("--dry-run", is_flag=True, help="Show the changes and write nothing.")
@click.pass_obj
def merge(
    start: Path, heads: tuple[str, ...], environments: tuple[str, ...], message: str, live: str, dry_run: bool
) -> int:
    """Write a merge revision over the heads that collide, or over HEADS, in the form of the project's own template.

    Heads that are meant to stay apart are left alone. Of two merges over the same parents, one that only this branch
    has goes away. No database is written, and all files are put back if anything fails.
    """
    from driftguard.commands.merge import merge

    return merge(start=start, environments=environments, message=message, heads=heads, live=live, dry_run=dry_run)


@cli.command(short_help="Put this branch's revisions behind those of its base.")
@ONLY
@click.option(
    "--onto",
    default="",
    metavar="REF",
    shell_complete=_completed("refs"),
    help="The base branch, if it is another than usual.",
)
@click.option("--live", default="", metavar="URL|env:NAME|off", help="The live database; off: leave it alone.")
@click.option("--dry-run", is_flag=True, help="Show the changes and write nothing.")
@click.pass_obj
def rebase(start: Path, environments: tuple[str, ...], onto: str, live: str, dry_run: bool) -> int:
    """Put the revisions that only this branch has behind the head of the base branch, so that the history is a line.

    Changes down_revision and the docstring's Revises line in the working tree, and nothing else. Revisions that the
    base has are never touched. No database is written, and all files are put back if anything fails.
    """
    from driftguard.commands.rebase import rebase

    return rebase(start=start, environments=environments, onto=onto, live=live, dry_run=dry_run)


@cli.command(short_help="Find revisions that are not here, and the way out.")
@click.argument("revision", default="", metavar="[REVISION]")
@ONLY
@click.option("--live", default="", metavar="URL|env:NAME|off", help="The live database; off: leave it alone.")
@click.pass_obj
def doctor(start: Path, revision: str, environments: tuple[str, ...], live: str) -> int:
    """Help where Alembic says "Can't locate revision identified by …".

    Looks for REVISION in all branches, tags, stashes, reflogs and working trees; without one, for what the live
    database is stamped with and for parents that no file has. Says who has it, and what to type to get out. Changes
    nothing itself.
    """
    from driftguard.commands.doctor import doctor

    return doctor(start=start, revision=revision, environments=environments, live=live)


@cli.group(short_help="Note who changes a PostgreSQL schema.")
def journal() -> None:
    """A journal of schema changes, kept by the PostgreSQL database itself.

    It notes who ran which statement when, and what that changed; findings about the live database then name them. What
    Alembic ran is told from what was done by hand, by the transactions and sessions that move the stamp.
    """


LIVE_URL = click.option("--live", default="", metavar="URL|env:NAME", help="The database, if not the one of env.py.")


@journal.command(name="install", short_help="Set it up in the live database.")
@LIVE_URL
@ONLY
@click.option("--sql", is_flag=True, help="Print the statements instead.")
@click.pass_obj
def journal_install(start: Path, live: str, environments: tuple[str, ...], sql: bool) -> int:
    """Set up the journal, in a schema of its own; what it noted before stays.

    Takes a superuser, or the role that a cloud gives in its place: event triggers need one. Where the role is none, the
    statements are printed for somebody who is. No statement ever fails because of the journal.
    """
    from driftguard.commands import journal

    return journal.install(start=start, live=live, environments=environments, sql=sql)


@journal.command(name="remove", short_help="Take it away.")
@LIVE_URL
@ONLY
@click.option("--sql", is_flag=True, help="Print the statements instead.")
@click.pass_obj
def journal_remove(start: Path, live: str, environments: tuple[str, ...], sql: bool) -> int:
    """Take the journal away, with all that it noted; nothing is left behind."""
    from driftguard.commands import journal

    return journal.remove(start=start, live=live, environments=environments, sql=sql)


@journal.command(name="show", short_help="What it noted.")
@LIVE_URL
@ONLY
@click.option("--since", type=click.DateTime(), default=None, metavar="DATE", help="Nothing older (UTC).")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="How many.")
@click.option(
    "--format",
    "output",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="The form of the report.",
)
@click.pass_obj
def journal_show(
    start: Path, live: str, environments: tuple[str, ...], since: datetime | None, limit: int, output: str
) -> int:
    """Print the statements that changed the schema, newest first: when, by whom, and whether Alembic ran them."""
    from driftguard.commands import journal

    return journal.show(start=start, live=live, environments=environments, since=since, limit=limit, output=output)


_ENVIRONMENT = click.option(
    "-e",
    "--environment",
    default="",
    metavar="NAME",
    shell_complete=_completed("environments"),
    help="The environment to look at.",
)


@cli.command(short_help="What differs between two schemas, and the SQL between them.")
@click.argument("first", metavar="A", shell_complete=_completed("sides"))
@click.argument("second", metavar="B", shell_complete=_completed("sides"))
@click.option("--sql", is_flag=True, help="A script that turns A into B, tried on a copy of A.")
@_ENVIRONMENT
@click.option("--live", default="", metavar="URL|env:NAME", help="What `live` means.")
@click.option(
    "--format",
    "output",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="The form of the report.",
)
@_PRIVILEGES
@click.pass_obj
def diff(
    start: Path, first: str, second: str, sql: bool, environment: str, live: str, output: str, privileges: bool
) -> int:
    """Say what differs between A and B. Nothing but disposable databases is ever written.

    Each of them is `models`, `head`, `live`, `base`, a revision id, a database URL or env:NAME (the variable that holds
    one).
    """
    from driftguard.commands.diff import diff

    return diff(
        start=start,
        first=first,
        second=second,
        sql=sql,
        environment=environment,
        live=live,
        output=output,
        privileges=privileges,
    )


@cli.command(short_help="Bring the live database back to what its stamp builds.")
@_ENVIRONMENT
@click.option("--live", default="", metavar="URL|env:NAME", help="The live database, if not the one of env.py.")
@click.option("--apply", is_flag=True, help="Run the plan, once you have said yes.")
@click.option("--yes", is_flag=True, help="With --apply: do not ask.")
@_PRIVILEGES
@click.pass_obj
def repair(start: Path, environment: str, live: str, apply: bool, yes: bool, privileges: bool) -> int:
    """Show what brings the live database back to what its own stamp builds, and what is lost by that.

    The plan is tried on a copy of the schema first. Only with --apply is it run: after a question, in one transaction
    where the server has such (PostgreSQL, SQLite), and only if the database still is as it was when the plan was made.
    """
    from driftguard.commands.repair_live import repair

    return repair(start=start, environment=environment, live=live, apply=apply, confirmed=yes, privileges=privileges)


@cli.command(short_help="Make a hand-made change official, by a revision.")
@click.option("-m", "--message", required=True, metavar="MESSAGE", help="What the revision is about.")
@_ENVIRONMENT
@click.option("--live", default="", metavar="URL|env:NAME", help="The live database, if not the one of env.py.")
@click.option("--dry-run", is_flag=True, help="Only show the file.")
@click.pass_obj
def adopt(start: Path, message: str, environment: str, live: str, dry_run: bool) -> int:
    """Write a revision that makes on other databases what was done to the live one by hand.

    It is replayed on disposable databases: the new head has to equal the live database, and its downgrade has to lead
    back; else the file is removed again. The live database has the change already, so it is to be stamped.
    """
    from driftguard.commands.adopt import adopt

    return adopt(start=start, message=message, environment=environment, live=live, dry_run=dry_run)


@cli.command(short_help="Let the shell complete what is typed.")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script that makes a shell complete commands, options, rules, formats, environments and git refs.

    Environments are found by reading files, refs by asking git; nothing of the project is run.
    """
    from driftguard.commands.completion import completion

    return completion(cli=context.find_root().command, variable=COMPLETE, shell=shell)


@cli.command(name="bug-report", short_help="What to send along with a report of a bug.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it there instead."
)
@click.pass_obj
def bug_report(start: Path, output: Path | None) -> int:
    """Print, as Markdown, what others need to know to help: versions, settings, environments, the shape of the graph,
    the last verdict's codes, the watcher and the end of its log.

    Passwords, users, hosts, databases and values of variables are left out, and the home folder is called `~`. Nothing
    of the project is run, and nothing is sent anywhere.
    """
    from driftguard.commands.bug_report import bug_report

    return bug_report(start=start, output=output)
