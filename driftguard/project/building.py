"""From what a config file says to an environment: where it is run, and by which application."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from driftguard.project.applications import Application, are_rivals, find_applications
from driftguard.project.environment import Environment
from driftguard.project.inventory import Inventory, ancestors, join, parent
from driftguard.project.locations import locate
from driftguard.project.sources import Source, near_scripts


def build(inventory: Inventory, source: Source, environ: Mapping[str, str]) -> Environment:
    """Look up where the source's parts stand. The name is left empty: it depends on the other environments."""
    scripts = source.scripts or _scripts_from_templates(inventory, source)
    folders = _run_folders(source, scripts)
    located = max((locate(inventory, source, scripts, folder) for folder in folders), key=lambda each: each.score)
    env_py = inventory.module(join(located.scripts, "env.py"))
    options = located.options
    environment = Environment(
        name="",
        folder=located.folder,
        config=source.config,
        section=source.section,
        script_location=located.scripts,
        version_locations=located.versions,
        recursive=options.recursive(),
        sys_path=located.sys_path,
        flask=False,
        flask_app="",
        problems=(*options.problems, *located.problems),
    )
    by_itself = bool(options.script_location()) and env_py.pushes_context
    if not env_py.uses_current_app or by_itself:
        return environment
    return _with_application(inventory, environment, source, environ)


def _scripts_from_templates(inventory: Inventory, source: Source) -> str:
    """The script folder of an ini that a program fills in before use (``script_location = {folder}``), else ""."""
    if source.config and re.search(r"[{}$<>]|@\w+@", source.options.script_location()):
        return near_scripts(inventory, parent(source.config))
    return ""


def _run_folders(source: Source, scripts: str) -> tuple[str, ...]:
    """Folders in which the command may be run, likeliest first: the config's own and those above it."""
    if source.folder:
        return (source.folder,)
    start = parent(source.config) if source.config else parent(scripts)
    return ancestors(parent(scripts) if scripts and start == scripts else start)


def _with_application(
    inventory: Inventory, environment: Environment, source: Source, environ: Mapping[str, str]
) -> Environment:
    """The environment as Flask-Migrate runs it: inside the application that is found for its folder."""
    said = {**environ, "FLASK_APP": source.flask_app} if source.flask_app else environ
    found = find_applications(inventory, environment.script_location, said)
    if not found:
        folder = source.folder or parent(environment.script_location)
        sys_path = environment.sys_path or (folder,)
        return replace(environment, folder=folder, sys_path=sys_path, flask=True, flask_app=source.flask_app)
    first = found[0]
    folder = source.folder or first.folder
    located = locate(inventory, source, environment.script_location, folder)
    return replace(
        environment,
        folder=folder,
        version_locations=located.versions,
        sys_path=tuple(dict.fromkeys((*located.sys_path, *first.sys_path(inventory)))),
        flask=True,
        flask_app=source.flask_app or first.value,
        problems=(*source.options.problems, *located.problems, *_doubts(environment.script_location, found)),
    )


def _doubts(scripts: str, found: tuple[Application, ...]) -> Iterator[str]:
    if are_rivals(found):
        named = ", ".join(each.value for each in found)
        yield f"several modules could hold the Flask application of {scripts}: {named}; the first is taken"
    if found[0].module.uses_flask_script:
        yield f"{found[0].path} imports flask_script, which no current Flask can import"
