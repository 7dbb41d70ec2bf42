"""``driftguard graph``: a picture of every environment's revisions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from driftguard.cache import cache_folder
from driftguard.commands.base import base_tree, ids_in, note_refs
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.noted import NotedTree
from driftguard.commands.progress import progress
from driftguard.config import Settings, load_settings
from driftguard.errors import DriftguardError
from driftguard.git import RefTree, Repository, Tree, find_repository
from driftguard.graph import Graph, Known, Memory, load, memory_of
from driftguard.memo.picture import Look, begin
from driftguard.project import Environment, choose, discover
from driftguard.report.picture import Picture, picture_of
from driftguard.report.visible import visible

Place = tuple[str, str]
"""The name of a database, and the revision at which it stands."""


class Base(NamedTuple):
    """The base branch, if there is one: as the ``setting`` calls it, its files, or why they cannot be had."""

    setting: str = ""
    repository: Repository | None = None
    tree: RefTree | None = None
    trouble: str = ""


def graph(
    *,
    start: Path,
    environments: Sequence[str] = (),
    ref: str = "",
    output: str = "text",
    file: Path | None = None,
    places: Sequence[Place] = (),
    stamps: bool = False,
    every: bool = False,
) -> int:
    """Draw the revision graphs, as they lie in the folder or as they are in the commit ``ref``.

    ``output`` is the format, and ``file`` where it goes instead of standard output. ``places`` are marked, and
    with ``stamps`` those of the live databases, for which env.py has to run; ``every`` revision of a straight run is
    shown on demand.
    """
    usual = output == "text" and not (ref or file or places or stamps or every)
    look = begin(str(start), environments, dict(os.environ)) if usual else None
    source = "ref" if ref else "working"
    root = root_of(start, source)
    if look is not None and look.place.top != str(root):
        look = None
    tree = NotedTree(root, look.notes) if look else open_tree(root, source, ref)
    settings = load_settings(tree)
    found = choose(tree, settings, discover(tree, settings, os.environ), environments)
    base = _base(root, tree, settings.base)
    if stamps:
        places = [*places, *_stamps(root, settings, environments)]
    text = f"{_render(_pictures(root, tree, found, base, places, every), output)}\n"
    if file is None:
        print(text, end="", flush=True)
    else:
        _write(start / file, text)
    if look is not None and _note(base, look):
        look.keep(text)
    return 0


def _stamps(root: Path, settings: Settings, environments: Sequence[str]) -> Iterator[Place]:
    """Where the live databases stand; one that cannot be asked is told and left out."""
    from driftguard import engine  # a picture alone needs no engine
    from driftguard.facts import Unavailable

    request = engine.Request(root, settings, tuple(environments))
    with progress(sys.stderr) as tell:
        try:
            yield from ((name, each) for name, stamp in engine.stamps(request, tell) for each in stamp)
        except Unavailable as missing:
            print(f"driftguard: {visible(missing.problem.message)}", file=sys.stderr)


def _pictures(
    root: Path, tree: Tree, environments: Sequence[Environment], base: Base, places: Sequence[Place], every: bool
) -> list[Picture]:
    graphs = [_load(root, tree, each) for each in environments]
    unknown = [
        f"{database} stands at {revision}, which is in no file here, or in several"
        for database, revision in places
        if all(_find(each, revision) is None for each in graphs)
    ]
    return [
        picture_of(
            environment.name,
            revisions,
            Known(
                base=base.tree.label if base.tree else "",
                in_base=ids_in(base.tree, tree, environment, revisions) if base.tree else frozenset(),
                live=tuple((name, id_) for name, place in places if (id_ := _find(revisions, place))),
                notes=(*filter(None, [base.trouble]), *unknown),
            ),
            every=every,
        )
        for environment, revisions in zip(environments, graphs, strict=True)
    ]


def _find(revisions: Graph, name: str) -> str | None:
    try:
        return revisions.find(name).id
    except DriftguardError:
        return None


def _render(pictures: Sequence[Picture], output: str) -> str:
    """The module of the format, imported only now; each has a function ``render``."""
    rendered: str = import_module(f"driftguard.report.graph_{output}").render(pictures)
    return rendered


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DriftguardError(f"{path} cannot be written: {error.strerror}", "name another file") from error


def _base(root: Path, tree: Tree, setting: str) -> Base:
    repository = find_repository(root)
    if repository is None:
        return Base()
    commit = tree.commit if isinstance(tree, RefTree) else repository.head
    if commit is None:
        return Base()
    try:
        return Base(setting, repository, base_tree(repository, commit, setting))
    except DriftguardError as error:
        return Base(setting, repository, trouble=f"what is new is not known: {error.message}")


def _note(base: Base, look: Look) -> bool:
    """Note what the base depended on; whether all of it can be noted."""
    if base.trouble:
        return False
    return base.repository is None or note_refs(look.notes, base.repository.git_folder, base.setting)


def _load(root: Path, tree: Tree, environment: Environment) -> Graph:
    locations = environment.version_locations
    return load(tree, locations, environment.recursive, _memory(root, locations))


def _memory(root: Path, locations: tuple[str, ...]) -> Memory:
    try:
        return memory_of(cache_folder(), root, locations)
    except DriftguardError:  # no place for a cache; a picture needs none
        return Memory()
