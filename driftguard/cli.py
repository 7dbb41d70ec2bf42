"""The command line: options and their help; a command's module is imported only when it is asked for."""

from __future__ import annotations

from pathlib import Path

import click

from driftguard import __version__
from driftguard.formats import FORMATS
from driftguard.moments import MOMENTS
from driftguard.rules import CODES_BY_NAME, RULES, is_selector

START = "driftguard.start"
"""What begins guests, in a context's ``meta``; None for the usual way."""

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _selectors(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    selectors = tuple(part.strip() for word in words for part in word.split(",") if part.strip())
    for selector in selectors:
        if not is_selector(selector):
            from driftguard.config import closest  # only for mistakes

            raise click.BadParameter(f'no rule is called "{selector}"{closest(selector, (*RULES, *CODES_BY_NAME))}')
    return selectors


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option("-C", "--directory", type=FOLDER, default=".", metavar="FOLDER", help="Run as if started in FOLDER.")
@click.version_option(__version__, message="driftguard %(version)s")
@click.pass_context
def cli(context: click.Context, directory: Path) -> None:
    """Says which of models, migration head, live database and revision graph is off, and what to type next.

    Exit codes: 0 clean, 1 findings, 2 could not check (or bad usage or settings), 3 a bug of driftguard,
    130 interrupted.
    """
    context.obj = directory.resolve()


@cli.command(short_help="Compare models, head, live database and graph.")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--select", multiple=True, callback=_selectors, metavar="RULE", help="Only these rules (code or name).")
@click.option("--ignore", multiple=True, callback=_selectors, metavar="RULE", help="Without these rules.")
@click.option("-e", "--environment", "environments", multiple=True, metavar="NAME", help="Only this environment.")
@click.option("--staged", is_flag=True, help="The files as they are staged for the next commit.")
@click.option("--ref", default="", metavar="REF", help="The files as they are in a commit, branch or tag.")
@click.option("--base", default="", metavar="REF", help="The branch that this one is to be merged into.")
@click.option("--merged-with", default="", metavar="REF", help="The files as git would merge HEAD and REF.")
@click.option("--live", default="", metavar="URL|env:NAME|off", help="The live database; off: leave it alone.")
@click.option("--format", "output", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--strict-coverage", is_flag=True, help="What driftguard cannot compare in the live database fails too.")
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
    live: str,
    output: str,
    strict: bool,
    strict_coverage: bool,
    moment: str,
) -> int:
    """Compare models, migration head, live database and revision graph.

    Looks at the repository around the current folder, or at the folder PATH as if it were a repository of its own.
    Revisions are compared with those of the base branch too, and with what git would make of both: the branch given
    with --base, else the setting `base`, else the one that this branch follows, or the remote's default branch.
    Nothing but disposable databases is ever written.
    """
    from driftguard.commands.check import check

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
        output=output,
        strict=strict,
        strict_coverage=strict_coverage,
        moment=moment,
        begin=click.get_current_context().meta.get(START),
    )


@cli.command(short_help="Look again whenever something changes.")
@click.option("--notify", is_flag=True, help="Desktop notifications, through notify-send or osascript.")
@click.pass_obj
def watch(start: Path, notify: bool) -> int:
    """Look again whenever something changes, until Ctrl-C, and show it.

    What counts are the files that the last look depended on, what is staged, the branch, and the live database. Git
    hooks are answered meanwhile. On a terminal the whole screen is used; elsewhere each look is a line, with the report
    when its findings are new. Where a daemon runs, what it knows is shown.

    Exit code: 0, also after Ctrl-C.
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
    """Say whether a watcher of this work tree runs, since when, and what its last look found.

    Exit codes: 0 if one runs, 1 if none does.
    """
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
@click.argument("rule", default="", metavar="[CODE|NAME]")
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
@click.option("-e", "--environment", "environments", multiple=True, metavar="NAME", help="Only this environment.")
@click.option("--ref", default="", metavar="REF", help="As it is in a commit, branch or tag.")
@click.pass_obj
def graph(start: Path, environments: tuple[str, ...], ref: str) -> int:
    """Draw every environment's revisions: heads, forks, merges and labels. Runs none of the project's code."""
    from driftguard.commands.graph import graph

    return graph(start=start, environments=environments, ref=ref)
