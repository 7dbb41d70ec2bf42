"""What config files say of environments: every alembic.ini, pyproject.toml and Flask-Migrate folder of a tree."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from driftguard.project.inventory import Inventory, join, parent
from driftguard.project.options import NO_OPTIONS, Options, Unreadable, read_ini, read_toml

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
    inventory.fetch([*configs, *inventory.named("env.py")])
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


def near_scripts(inventory: Inventory, folder: str) -> str:
    """The one script folder that is ``folder`` itself (as Flask-Migrate has it) or a child of it, "" if unsure."""
    if inventory.has_file(join(folder, "env.py")):
        return folder
    children = {parent(path) for path in inventory.named("env.py", "script.py.mako")}
    found = [
        each
        for each in sorted(children)
        if each != folder and parent(each) == folder and inventory.has_file(join(each, "env.py"))
    ]
    return found[0] if len(found) == 1 else ""


def _may_configure(path: str) -> bool:
    return path.endswith(INI_ENDINGS) or (path.endswith(PYPROJECT) and posixpath.basename(path) == PYPROJECT)


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
    scripts = near_scripts(inventory, parent(path))
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
