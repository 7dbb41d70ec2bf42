"""What the commands have in common that mend a history: which files, how they are shown, asked about and written."""

from __future__ import annotations

import difflib
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from driftguard import engine
from driftguard.checks.words import listed
from driftguard.commands.progress import progress
from driftguard.config import Settings
from driftguard.errors import DriftguardError
from driftguard.facts import Unavailable
from driftguard.facts.tool import command
from driftguard.git import RefTree, Repository, Tree, WorkingTree
from driftguard.graph import Base, Graph, load
from driftguard.graph.repair import differences, still_apart, torn
from driftguard.graph.reparent import Move
from driftguard.graph.stamps import Need, need
from driftguard.graph.writing import Change, written
from driftguard.project import Environment, choose, discover
from driftguard.report.visible import visible, visible_lines

REFUSED = 1
NOTHING: Mapping[str, str] = MappingProxyType({})


class Refused(DriftguardError):
    """Something is in the way that only the user can decide about; nothing was changed."""


class Site(NamedTuple):
    """An environment, the heads that are meant to stay apart in it, and its revisions as they are now."""

    environment: Environment
    allowed_heads: tuple[str, ...]
    graph: Graph


class Asked(NamedTuple):
    """What an environment's live databases need, each by what it is called, and why others could not be asked."""

    needs: tuple[tuple[str, Need], ...] = ()
    silent: tuple[str, ...] = ()


class Repair(NamedTuple):
    """What is to be done to a site.

    ``graph`` is what the files say afterwards, ``mended`` the revisions above which no heads may collide then, ``told``
    what was done in one line each. ``twins``: merges that are dropped, each with one that does the same. ``asked`` is
    what the live databases have to do with it.
    """

    site: Site
    graph: Graph
    changes: Mapping[str, Change]
    mended: frozenset[str]
    told: tuple[str, ...]
    twins: Mapping[str, str] = NOTHING
    asked: Asked = Asked()


def told(refused: Refused) -> int:
    """Print what is in the way; the exit code."""
    for word, text in (("refused:", refused.message), ("hint:", refused.hint)):
        if text:
            print(word, "\n".join(visible_lines(text)), file=sys.stderr)
    return REFUSED


def sites(tree: Tree, settings: Settings, names: Sequence[str]) -> tuple[Site, ...]:
    """The environments of these names, all if there are none."""
    found = choose(tree, settings, discover(tree, settings, os.environ), names)
    return tuple(
        Site(each, settings.for_environment(each.name).heads, load(tree, each.version_locations, each.recursive))
        for each in found
    )


def shared_with(repository: Repository, settings: Settings, base: Base, site: Site) -> Graph:
    """The revisions of the base branch's tip, wherever it keeps this environment's files; raises Refused."""
    tree = RefTree(repository, base.commit)
    try:
        there = discover(tree, settings, os.environ)
    except DriftguardError:  # the settings are about this branch's folders
        there = ()
    same = (site.environment, *(each for each in there if each.name == site.environment.name))
    locations = dict.fromkeys(location for each in same for location in each.version_locations)
    found = (
        load(tree, tuple(locations), any(each.recursive for each in same)),
        *(load(tree, each.version_locations, each.recursive) for each in there if each not in same),
    )
    shared = next((each for each in found if not each.by_id.keys().isdisjoint(site.graph.by_id)), found[0])
    if shared.unreadable:
        reasons = (f"{each.path}:{each.line}: {each.reason}" for each in shared.unreadable)
        raise Refused(
            "\n".join((f"{base.name} has files that do not say which revision they are:", *reasons)),
            "mend them there first",
        )
    return shared


def refuse_torn(site: Site) -> None:
    """Raise Refused where nobody can tell what follows what."""
    if reasons := torn(site.graph):
        raise Refused(
            "\n".join((f"{site.environment.name}: Alembic cannot load these revisions:", *reasons)),
            "mend that first; `driftguard check --select DG1` says more",
        )


def refuse_unfinished(repair: Repair) -> None:
    """Raise Refused where the outcome would not be a history that Alembic can run."""
    site = repair.site
    if reasons := (*torn(repair.graph), *still_apart(repair.graph, repair.mended, site.allowed_heads)):
        raise Refused(
            "\n".join((f"{site.environment.name}: afterwards, this would still be wrong:", *reasons)),
            "join them with a merge revision instead: driftguard merge",
        )


def with_databases_asked(root: Path, settings: Settings, live: str, repair: Repair) -> Repair:
    """The repair with what the live databases have run of it, read through env.py as `driftguard check` does."""
    request = engine.Request(root, settings, (repair.site.environment.name,), live=live)
    needs: list[tuple[str, Need]] = []
    silent: list[str] = []
    with progress(sys.stderr) as tell:
        try:
            for name, stamp in engine.stamps(request, tell):
                needs.append((name, need(repair.site.graph, repair.graph, stamp, repair.twins)))
        except Unavailable as missing:
            silent.append(missing.problem.message)
    if not needs and not silent:
        silent.append("it was left alone, as --live or the setting says")
    return repair._replace(asked=Asked(tuple(needs), tuple(silent)))


def refuse_run(repair: Repair, again: str) -> None:
    """Raise Refused where a database has run what gets other parents: its own downgrade needs the files as they are."""
    for name, what in repair.asked.needs:
        if what.downgrade:
            tool = repair.site.environment
            commands = (
                f"{command(tool, 'downgrade')} {shlex.quote(what.downgrade)}",
                again,
                f"{command(tool, 'upgrade')} {heads_word(repair)}",
            )
            raise Refused(
                f"the database {name} has run {', '.join(what.run)}, and not what is to come before",
                "\n".join(("take that back while the files are as they are, and go on then:", *_indented(commands))),
            )


def write(root: Path, repairs: Sequence[Repair]) -> None:
    """Change the files, look at what they say then, and put everything back if that is not what was meant."""
    with ExitStack() as stack:
        for repair in repairs:
            stack.enter_context(written(root, repair.changes))
        for repair in repairs:
            environment = repair.site.environment
            found = load(WorkingTree(root), environment.version_locations, environment.recursive)
            if wrong := differences(found, repair.graph, repair.mended, repair.site.allowed_heads):
                raise DriftguardError(
                    "\n".join(("the files came out otherwise than they should; all are as they were before:", *wrong)),
                    "mend this by hand",
                )


def show(repairs: Sequence[Repair]) -> None:
    """Print what the files would be changed in."""
    for repair in repairs:
        for path, change in sorted(repair.changes.items()):
            for line in _diff(path, change):
                print(line)


def told_of(was: Graph, move: Move) -> str:
    """What has become of one file, in one line."""
    before, after = (listed(parents) or "nothing" for parents in (move.was, move.now))
    where = f"{was[move.id].path}: {move.id}"
    if move.is_straightened:
        return f"{where} follows {after}, and so joins nothing any more (it joined {before})"
    return f"{where} follows {after} (it followed {before})"


def heads_word(repair: Repair) -> str:
    """What Alembic's upgrade goes up to."""
    return "heads" if len(repair.graph.heads()) > 1 else "head"


def tell_done(repository: Repository | None, repairs: Sequence[Repair]) -> None:
    """Print what was done, and what to type next."""
    for repair in repairs:
        for line in repair.told:
            print(visible(line))
    changes = {path: change for repair in repairs for path, change in repair.changes.items()}
    paths = [path for path in sorted(changes) if _is_for_git(repository, path, changes[path])]
    if repository is not None and paths:
        print("next:")
        print(*_indented([f"git add -- {' '.join(map(shlex.quote, paths))}"]), sep="\n")
    for repair in repairs:
        tool = repair.site.environment
        for name, what in repair.asked.needs:
            if what.stamp:
                print(visible(f"the database {name} has run all of it; let its version table say so:"))
                print(*_indented([f"{command(tool, 'stamp')} --purge {' '.join(map(shlex.quote, what.stamp))}"]))


def _is_for_git(repository: Repository | None, path: str, change: Change) -> bool:
    return repository is not None and (change.now is not None or repository.tracked(path))


def _indented(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"    {visible(line)}" for line in lines)


def _diff(path: str, change: Change) -> Iterator[str]:
    was, now = (_lines(content) for content in (change.was, change.now))
    before = "/dev/null" if change.was is None else f"a/{path}"
    after = "/dev/null" if change.now is None else f"b/{path}"
    for line in difflib.unified_diff(was, now, before, after, lineterm=""):
        yield from visible_lines(line)


def _lines(content: bytes | None) -> list[str]:
    return [line.decode("utf-8", "backslashreplace") for line in (content or b"").splitlines()]
