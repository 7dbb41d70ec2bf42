"""``driftguard init``: shows what was found and writes only the settings that cannot be found out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from driftguard.config import OWN_FILE, PYPROJECT, Settings, load_settings
from driftguard.git import WorkingTree
from driftguard.project import (
    Environment,
    NoInterpreter,
    explain_nothing_found,
    find_interpreter,
    survey,
)
from driftguard.project.applications import are_rivals, find_applications
from driftguard.project.inventory import take_inventory
from driftguard.report.visible import visible, visible_lines


def init(
    *,
    root: Path,
    write: bool,
    environ: Mapping[str, str] | None = None,
    main_worktree: Path | None = None,
) -> int:
    """Show the environments below ``root``; with ``write``, add the settings that are needed.

    Returns 0, or 2 if there is no environment or one cannot be run. Raises ConfigError for settings with mistakes.
    """
    environ = os.environ if environ is None else environ
    tree = WorkingTree(root)
    settings = load_settings(tree)
    found = survey(tree, settings, environ)
    if not found.environments:
        click.echo("\n".join(visible_lines(explain_nothing_found(tree, settings))), err=True)
        return 2
    runnable = True
    for environment in found.environments:
        click.echo("\n".join(map(visible, describe(environment))))
        try:
            own = settings.for_environment(environment.name)
            interpreter = find_interpreter(root, environment, own, environ, main_worktree=main_worktree)
            click.echo(visible(f"  interpreter  {interpreter.python} ({interpreter.source})"))
        except NoInterpreter as error:
            runnable = False
            click.echo("\n".join(visible_lines(f"  interpreter  {error.message}\n  {error.hint}")))
    for problem in found.problems:
        click.echo(f"note: {visible(problem)}")
    text = needed_settings(tree, found.environments, settings, environ)
    click.echo()
    click.echo("\n".join(visible_lines(_offer(root, text, settings, write=write))))
    return 0 if runnable else 2


def describe(environment: Environment) -> Iterator[str]:
    """An environment in a few lines, without the interpreter."""
    section = f" [{environment.section}]" if environment.section != "alembic" else ""
    application = f", application {environment.flask_app}" if environment.flask_app else ""
    within = " and below" if environment.recursive else ""
    yield environment.name
    yield f"  config       {environment.config or 'none'}{section}"
    yield f"  scripts      {environment.script_location}"
    yield f"  revisions    {', '.join(environment.version_locations)}{within}"
    yield f"  run          {'flask db' if environment.flask else 'alembic'} in {environment.folder}{application}"
    yield from (f"  problem      {problem}" for problem in environment.problems)


def needed_settings(
    tree: WorkingTree, environments: tuple[Environment, ...], settings: Settings, environ: Mapping[str, str]
) -> str:
    """TOML tables for what is only a guess: an application that is one of several; "" if nothing is."""
    inventory = take_inventory(tree, settings.exclude)
    said = {table.name for table in settings.environments if table.flask_app}
    top = "" if settings.source == OWN_FILE else "tool.driftguard."
    tables: list[str] = []
    for environment in environments:
        if not environment.flask or environment.name in said:
            continue
        candidates = find_applications(inventory, environment.script_location, environ)
        if are_rivals(candidates):
            others = ", ".join(each.value for each in candidates[1:])
            tables.append(
                f"[{top}environments.{_key(environment.name)}]\n"
                f"script_location = {_string(environment.script_location)}\n"
                f"flask_app = {_string(candidates[0].value)}  # or: {others}\n"
            )
    return "\n".join(tables)


def _offer(root: Path, text: str, settings: Settings, *, write: bool) -> str:
    if not text:
        return "No setting is needed: everything was found by itself."
    path = root / (settings.source or PYPROJECT)
    if not write:
        return f"To be sure of the application, add this to {path.name} (or run: driftguard init --write):\n\n{text}"
    if settings.environments:
        return f"{path.name} already has tables of driftguard's; add to them:\n\n{text}"
    _append(path, text)
    return f"Added to {path.name}; look at it and choose:\n\n{text}"


def _append(path: Path, text: str) -> None:
    """Put ``text`` behind what the file holds, byte for byte as it was."""
    before = path.read_bytes() if path.exists() else b""
    line_end = b"\r\n" if b"\r\n" in before else b"\n"
    gap = b"" if not before else line_end if before.endswith(b"\n") else line_end * 2
    path.write_bytes(before + gap + text.encode().replace(b"\n", line_end))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _string(name)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML basic string
