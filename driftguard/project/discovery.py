"""Environments from configuration files: every alembic.ini, pyproject.toml and Flask-Migrate folder of a tree."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from driftguard.project.applications import Application, are_rivals, find_applications
from driftguard.project.environment import Environment
from driftguard.project.inventory import Inventory, ancestors, join, parent
from driftguard.project.modules import Module
from driftguard.project.options import NO_OPTIONS, ROOT, Options, Unreadable, read_ini, read_toml

MAIN_SECTION = "alembic"
DEFAULT_INI, PYPROJECT = "alembic.ini", "pyproject.toml"
INI_ENDINGS = (".ini", ".cfg")


class Source(NamedTuple):
    """One place that describes an environment, before anything is looked up: a config file's section, or a folder."""

    config: str | None
    section: str
    options: Options
    scripts: str = ""  # the script folder, where the place itself and not the options tell it
    folder: str = ""  # where it is run, where the user said so
    flask_app: str = ""


class Read(NamedTuple):
    """What a config file gave: its sources, and sentences about what is wrong with it."""

    sources: tuple[Source, ...] = ()
    problems: tuple[str, ...] = ()


def read_all(inventory: Inventory) -> Read:
    """Every source in the tree. Files in which nothing speaks of Alembic are passed over in silence."""
    configs = [path for path in inventory.files if _may_configure(path)]
    inventory.fetch([*configs, *(path for path in inventory.files if posixpath.basename(path) == "env.py")])
    reads = [read_config(inventory, path) for path in configs]
    return Read(
        tuple(source for read in reads for source in read.sources),
        tuple(problem for read in reads for problem in read.problems),
    )


def read_config(inventory: Inventory, path: str) -> Read:
    """The sources in one ini file or pyproject.toml."""
    content = inventory.read(path) or b""
    named = posixpath.basename(path) == DEFAULT_INI
    if not named and b"script_location" not in content:
        return Read()
    try:
        if path.endswith(".toml"):
            return _read_pyproject(inventory, path, content)
        return _read_ini(inventory, path, content)
    except Unreadable as error:
        return Read(problems=(f"{path} cannot be read: {error}",))


def build(inventory: Inventory, source: Source, environ: Mapping[str, str]) -> Environment:
    """Look up where the source's parts stand. The name is left empty: it depends on the other environments."""
    scripts = source.scripts or _scripts_from_templates(inventory, source)
    folders = _run_folders(source, scripts)
    located = max((_locate(inventory, source, scripts, folder) for folder in folders), key=lambda each: each.score)
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


class _Located(NamedTuple):
    folder: str
    options: Options
    scripts: str
    versions: tuple[str, ...]
    sys_path: tuple[str, ...]
    problems: tuple[str, ...]
    score: tuple[int, ...]


def _may_configure(path: str) -> bool:
    return path.endswith(INI_ENDINGS) or posixpath.basename(path) == PYPROJECT


def _read_pyproject(inventory: Inventory, path: str, content: bytes) -> Read:
    toml = read_toml(content, parent(path))
    if not isinstance(toml.get("script_location"), str):
        return Read()
    beside = _main_section(inventory, join(parent(path), DEFAULT_INI))
    if beside.script_location():  # then the ini file goes first, and is a source of its own
        return Read()
    return Read((Source(path, MAIN_SECTION, beside.with_toml(toml)),))


def _read_ini(inventory: Inventory, path: str, content: bytes) -> Read:
    sections = read_ini(content, parent(path))
    sources = tuple(
        Source(path, name, options)
        for name, options in sections.items()
        if options.script_location()
        and (name == MAIN_SECTION or {"script_location", "version_locations"} & options.own)
    )
    if sources or MAIN_SECTION not in sections:
        return Read(sources)
    beside = inventory.read(join(parent(path), PYPROJECT)) or b""
    if b"script_location" in beside:  # a source of its own
        return Read()
    options = sections[MAIN_SECTION]
    scripts = _near_scripts(inventory, parent(path))
    if scripts:
        return Read((Source(path, MAIN_SECTION, options._replace(problems=()), scripts),))
    return Read(problems=options.problems or (f"{path}: [{MAIN_SECTION}] has no script_location",))


def _main_section(inventory: Inventory, path: str) -> Options:
    content = inventory.read(path)
    if content is None:
        return NO_OPTIONS
    try:
        return read_ini(content, parent(path)).get(MAIN_SECTION, NO_OPTIONS)
    except Unreadable:
        return NO_OPTIONS


def _near_scripts(inventory: Inventory, folder: str) -> str:
    """The one script folder that is ``folder`` itself (as Flask-Migrate has it) or a child of it, "" if unsure."""
    if inventory.has_file(join(folder, "env.py")):
        return folder
    children = {parent(path) for path in inventory.files if posixpath.basename(path) in ("env.py", "script.py.mako")}
    found = [
        each
        for each in sorted(children)
        if each != folder and parent(each) == folder and inventory.has_file(join(each, "env.py"))
    ]
    return found[0] if len(found) == 1 else ""


def _scripts_from_templates(inventory: Inventory, source: Source) -> str:
    """The script folder of an ini that a program fills in before use (``script_location = {folder}``), else ""."""
    if source.config and re.search(r"[{}$<>]|@\w+@", source.options.script_location()):
        return _near_scripts(inventory, parent(source.config))
    return ""


def _run_folders(source: Source, scripts: str) -> tuple[str, ...]:
    """Folders in which the command may be run, likeliest first: the config's own and those above it."""
    if source.folder:
        return (source.folder,)
    start = parent(source.config) if source.config else parent(scripts)
    return ancestors(parent(scripts) if scripts and start == scripts else start)


def _locate(inventory: Inventory, source: Source, scripts: str, folder: str) -> _Located:
    options = _completed(inventory, source, folder)
    problems = [
        f"{source.config}: path_separator {each!r} is none that Alembic knows" for each in options.bad_separators()
    ]
    sys_path = tuple(dict.fromkeys(_kept(options.prepend_sys_path(), folder, problems)))
    packages = tuple(dict.fromkeys((*sys_path, folder, join(folder, "src"), ".", "src")))
    written = options.script_location()
    found = scripts or _place(inventory, written, folder, packages)
    if found is None or not inventory.has_file(join(found, "env.py")):
        problems.append(_not_here(source.config, written, found))
    scripts = (
        found if found is not None else join(folder, posixpath.basename(written.replace(":", "/")) or MAIN_SECTION)
    )
    versions = [(each, _place(inventory, each, folder, packages)) for each in options.version_locations()]
    problems += [
        f"{source.config}: version location {each} is outside the repository" for each, at in versions if at is None
    ]
    here = tuple(dict.fromkeys(at for _, at in versions if at is not None))
    env_py = inventory.module(join(scripts, "env.py"))
    score = (
        int(inventory.has_file(join(scripts, "env.py"))),
        int(scripts in inventory.folders),
        sum(each in inventory.folders for each in here),
        _importable(inventory, env_py, (*sys_path, folder, join(folder, "src"))),
    )
    default = () if options.version_locations() else (join(scripts, "versions"),)
    return _Located(folder, options, scripts, here or default, sys_path, tuple(problems), score)


def _completed(inventory: Inventory, source: Source, folder: str) -> Options:
    """An ini's options with those of the pyproject.toml where the command is run, as Alembic reads both."""
    if source.options.toml or source.config is None or source.config.endswith(".toml"):
        return source.options
    try:
        return source.options.with_toml(read_toml(inventory.read(join(folder, PYPROJECT)) or b"", folder))
    except Unreadable:
        return source.options


def _kept(locations: tuple[str, ...], folder: str, problems: list[str]) -> Iterator[str]:
    for location in locations:
        path = _inside(location, folder)
        if path is None:
            problems.append(f"prepend_sys_path {location} is outside the repository")
        else:
            yield path


def _place(inventory: Inventory, location: str, folder: str, packages: tuple[str, ...]) -> str | None:
    """Where a path or ``package:folder`` stands, None if it is not in the repository."""
    if ":" not in location or posixpath.isabs(location) or re.match(r"[A-Za-z]:[\\/]", location):
        return _inside(location, folder)
    package, *inner = location.split(":")
    candidates = (join(each, package.replace(".", "/"), *inner) for each in packages)
    return next((each for each in candidates if each in inventory.folders), None)


def _inside(location: str, folder: str) -> str | None:
    """A path written in a config, from the repository's root; None if it leads outside."""
    path = posixpath.normpath(posixpath.join(ROOT, folder, location))
    if (path != ROOT and not path.startswith(f"{ROOT}/")) or re.match(r"[A-Za-z]:[\\/]", location):
        return None
    return posixpath.relpath(path, ROOT)


def _not_here(config: str | None, written: str, found: str | None) -> str:
    origin = f"{config}: script_location {written}" if written else "the script folder"
    if found is None:
        return f"{origin} is not in this repository"
    return f"{origin} means the folder {found}, and no env.py is there"


def _importable(inventory: Inventory, module: Module, folders: tuple[str, ...]) -> int:
    """How many of the module's imports are found in ``folders``; a script folder called alembic is not meant."""
    names = module.imports - {"alembic"}
    return sum(any(inventory.has_module(folder, name) for folder in folders) for name in names)


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
    located = _locate(inventory, source, environment.script_location, folder)
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
    if found and found[0].module.uses_flask_script:
        yield f"{found[0].path} imports flask_script, which no current Flask can import"
