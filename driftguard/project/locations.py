"""Where the parts of an environment stand, if its command is run in a given folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from driftguard.project.inventory import Inventory, join
from driftguard.project.modules import Module
from driftguard.project.options import ROOT, Options, Unreadable, read_toml
from driftguard.project.sources import MAIN_SECTION, PYPROJECT, Source


class Located(NamedTuple):
    """What was found from ``folder``; the higher the ``score``, the more of it is really there."""

    folder: str
    options: Options
    scripts: str
    versions: tuple[str, ...]
    sys_path: tuple[str, ...]
    problems: tuple[str, ...]
    score: tuple[int, ...]


def locate(inventory: Inventory, source: Source, scripts: str, folder: str) -> Located:
    """Read the source's locations as Alembic does in ``folder``; ``scripts`` is the script folder if it is known."""
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
    return Located(folder, options, scripts, here or default, sys_path, tuple(problems), score)


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
