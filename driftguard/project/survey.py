"""All environments of a tree: what was found, put together with what the settings say."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import NamedTuple

from driftguard.config import ConfigError, EnvironmentSettings, Settings
from driftguard.errors import DriftguardError, closest
from driftguard.git import Tree
from driftguard.project.building import build
from driftguard.project.environment import Environment
from driftguard.project.inventory import Inventory, join, parent, take_inventory
from driftguard.project.names import name_all
from driftguard.project.options import NO_OPTIONS
from driftguard.project.sources import DEFAULT_INI, MAIN_SECTION, Source, read_all, read_config


class Survey(NamedTuple):
    """The environments, sorted by where they stand, and sentences about what looks like one but could not be used."""

    environments: tuple[Environment, ...]
    problems: tuple[str, ...]


class _Pointed(NamedTuple):
    """A table of the settings, the environment that it describes, and the one found by itself that it replaces."""

    table: EnvironmentSettings
    built: Environment
    original: Environment | None


def discover(tree: Tree, settings: Settings, environ: Mapping[str, str]) -> tuple[Environment, ...]:
    """The environments of ``tree``; () if there are none. Reads files only, runs nothing of the project.

    ``[tool.driftguard.environments.NAME]`` names and corrects the environment that it points at; the others stay.
    Raises ConfigError where a table points at no environment or at several, or two would have one name.
    """
    return survey(tree, settings, environ).environments


def survey(tree: Tree, settings: Settings, environ: Mapping[str, str]) -> Survey:
    """As ``discover``, with what could not be used."""
    inventory = take_inventory(tree, settings.exclude)
    variables = {**environ, **dict(settings.env)}
    read = read_all(inventory)
    found = [(source, build(inventory, source, variables)) for source in sorted(read.sources, key=_order)]
    distinct = _without_repetition(found)
    guessed = name_all(environment for _, environment in distinct)
    mistakes: list[str] = []
    pointed: list[_Pointed] = []
    for table in settings.environments:
        source = _source_for(inventory, table, [source for source, _ in distinct], guessed, mistakes)
        if source is not None:
            built = replace(build(inventory, source, variables), name=table.name)
            pointed.append(_Pointed(table, built, _original(table, guessed)))
    others = tuple(each for each in guessed if each not in [pointer.original for pointer in pointed])
    mistakes += (*_meant_twice(pointed), *_same_names(pointed, others))
    if mistakes:
        raise ConfigError("\n".join(f"{settings.source}: {mistake}" for mistake in mistakes))
    every = tuple(sorted((*(each.built for each in pointed), *others), key=_place))
    return Survey(every, (*read.problems, *_orphans(inventory, every)))


def choose(
    tree: Tree, settings: Settings, found: tuple[Environment, ...], names: Collection[str]
) -> tuple[Environment, ...]:
    """Those of ``names``, all that were found if there are none; raises DriftguardError where one is not there."""
    if not found:
        message, _, hint = explain_nothing_found(tree, settings).partition("\n")
        raise DriftguardError(message, hint)
    if unknown := set(names) - {each.name for each in found}:
        known = [each.name for each in found]
        near = closest(min(unknown), known).removeprefix(", ")
        raise DriftguardError(
            f"there is no environment {', '.join(sorted(unknown))}",
            f"{near} {'T' if near else 't'}hese were found: {', '.join(known)}".strip(),
        )
    return tuple(each for each in found if not names or each.name in names)


def explain_nothing_found(tree: Tree, settings: Settings | None = None) -> str:
    """Where environments were looked for, what came near, and what to do; for a tree where ``discover`` gave ()."""
    exclude = settings.exclude if settings else ()
    inventory = take_inventory(tree, exclude)
    problems = (*read_all(inventory).problems, *_orphans(inventory, ()))
    looked = f"no Alembic environment found: looked through {len(inventory.files)} files of the {tree.label}"
    excluded = f" (without {', '.join(exclude)})" if exclude else ""
    lines = [
        f"{looked}{excluded} for ini files and pyproject.toml with a script_location, and Flask-Migrate folders",
        *(f"  {problem}" for problem in problems),
        "to begin one: alembic init alembic, or with Flask-Migrate: flask db init",
        "to point at one: [tool.driftguard.environments.main] in pyproject.toml, with config or script_location",
    ]
    return "\n".join(lines)


def _order(source: Source) -> tuple[object, ...]:
    """Which of two sources for the same scripts counts: alembic.ini, and in a file the section [alembic]."""
    config = source.config or ""
    return (posixpath.basename(config) != DEFAULT_INI, config.endswith(".toml"), config, source.section != MAIN_SECTION)


def _place(environment: Environment) -> tuple[object, ...]:
    return (environment.folder, environment.script_location, environment.config or "", environment.section)


def _without_repetition(found: Iterable[tuple[Source, Environment]]) -> list[tuple[Source, Environment]]:
    first: dict[object, tuple[Source, Environment]] = {}
    for source, environment in found:
        first.setdefault((environment.script_location, environment.version_locations), (source, environment))
    return sorted(first.values(), key=lambda pair: _place(pair[1]))


def _points_at(table: EnvironmentSettings, environment: Environment) -> bool:
    said = (
        (table.config, environment.config),
        (table.script_location, environment.script_location),
        (table.section, environment.section),
    )
    wanted = [(want, have) for want, have in said if want]
    if wanted:
        return all(want == have for want, have in wanted)
    return environment.folder == table.folder if table.folder else environment.name == table.name


def _original(table: EnvironmentSettings, guessed: tuple[Environment, ...]) -> Environment | None:
    return next((each for each in guessed if _points_at(table, each)), None)


def _source_for(
    inventory: Inventory,
    table: EnvironmentSettings,
    sources: list[Source],
    guessed: tuple[Environment, ...],
    mistakes: list[str],
) -> Source | None:
    """What the table means, with its corrections: one of ``sources`` (which gave ``guessed``) or one of its own."""
    meant = [(source, each) for source, each in zip(sources, guessed, strict=True) if _points_at(table, each)]
    if not meant:
        return _described(inventory, table, guessed, mistakes)
    if len(meant) > 1:
        several = ", ".join(f"{each.config or each.script_location} [{each.section}]" for _, each in meant)
        mistakes.append(f"[environments.{table.name}] could mean {several}: add config and section")
        return None
    return meant[0][0]._replace(folder=table.folder, flask_app=table.flask_app)


def _described(
    inventory: Inventory, table: EnvironmentSettings, found: tuple[Environment, ...], mistakes: list[str]
) -> Source | None:
    """The source of an environment that was not found by itself; None, with a mistake, if the table leads to none."""
    where = f"[environments.{table.name}]"
    if table.config and inventory.read(table.config) is None:
        mistakes.append(f"{where} config: there is no file {table.config}")
        return None
    if table.script_location and not inventory.has_file(join(table.script_location, "env.py")):
        mistakes.append(f"{where} script_location: there is no {table.script_location}/env.py")
        return None
    if table.config:
        section = table.section or MAIN_SECTION
        sources = [each for each in read_config(inventory, table.config).sources if each.section == section]
        options = sources[0].options if sources else NO_OPTIONS
        scripts = table.script_location or (sources[0].scripts if sources else "")
        if scripts or options.script_location():
            return Source(table.config, section, options, scripts, table.folder, table.flask_app)
        mistakes.append(f"{where} {table.config} has no script_location in [{section}]: say script_location here")
        return None
    if table.script_location:
        return Source(None, MAIN_SECTION, NO_OPTIONS, table.script_location, table.folder, table.flask_app)
    names = ", ".join(each.name for each in found) or "none"
    hint = closest(table.name, [each.name for each in found])
    mistakes.append(f"{where} points at no environment (found: {names}){hint}; say config or script_location")
    return None


def _meant_twice(pointed: list[_Pointed]) -> Iterator[str]:
    for one, other in combinations(pointed, 2):
        if one.original is not None and one.original == other.original:
            yield f"[environments.{one.table.name}] and [environments.{other.table.name}] point at the same environment"


def _same_names(pointed: list[_Pointed], others: tuple[Environment, ...]) -> Iterator[str]:
    for pointer, other in product(pointed, others):
        if other.name == pointer.table.name:
            meant = f"[environments.{other.name}] means {pointer.built.script_location}"
            yield (
                f'two environments are called "{other.name}": {meant}, and {other.script_location} has this name '
                "by itself; rename the table"
            )


def _orphans(inventory: Inventory, environments: tuple[Environment, ...]) -> Iterator[str]:
    """Script folders that no configuration leads to."""
    used = {environment.script_location for environment in environments}
    for path in inventory.named("env.py"):
        folder = parent(path)
        if folder in used or join(folder, "versions") not in inventory.folders:
            continue
        module = inventory.module(path)
        if "alembic" in module.imports:
            yield f"{path} looks like an environment, but no ini file or pyproject.toml leads to it"
