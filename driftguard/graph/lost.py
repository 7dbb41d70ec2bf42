"""Every place that may have the file of a revision that is not here."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.git import Commit, Logged, Ref, Repository, Step, WorkingTree
from driftguard.graph.revision import Revision, parse_revision

SECONDS = 15.0
SECONDS_EVERYWHERE = 20.0
MOST_TIPS = 3000
MOST_PATHS = 10
MOST_FINDS = 5
SPECIAL = re.compile(r"[][\\.*^$+?{}()|]")
LEFT_BRANCH = re.compile(r"checkout: moving from (\S+) to ")
KINDS = {"refs/heads/": "branch", "refs/remotes/": "remote branch", "refs/tags/": "tag"}
"""What refs are, the best first; of others git needs the whole name."""


class Where(NamedTuple):
    """What is looked for, and around which folder; ``repository`` is None without git.

    ``foreign`` are folders of other environments, whose revisions do not belong here.
    """

    repository: Repository | None
    root: Path
    locations: tuple[str, ...]
    id: str
    foreign: tuple[str, ...] = ()


class Find(NamedTuple):
    """One place that has the file, told in ``place``; ``revision`` is what the file there says.

    ``ref`` is what git takes in front of ``:PATH``, "" where the file lies in a folder. ``branch`` is one whose last
    commit has it; ``here``: that is the one that is checked out.
    """

    place: str
    ref: str
    revision: Revision
    commit: Commit | None = None
    branch: str = ""
    here: bool = False

    def __str__(self) -> str:
        return f"{self.place}{f', {self.commit}' if self.commit else ''}: {self.revision.path}"


class Search(NamedTuple):
    """What was found, the best first; ``hints`` only point at it; ``gave_up`` are the searches that took too long."""

    finds: tuple[Find, ...]
    hints: tuple[str, ...] = ()
    gave_up: tuple[str, ...] = ()


class _Tip(NamedTuple):
    place: str
    ref: str
    commit: str
    branch: str = ""
    here: bool = False


def search(where: Where) -> Search:
    """Look in all refs, their reflogs and all working trees; only where those have nothing, in the last corners too.

    Nothing is raised: what cannot be looked at stands in ``gave_up``.
    """
    if not where.id or not _can_be_asked_for(where.id):
        return Search(())
    finds: list[Find] = []
    gave_up: list[str] = []
    for name, look, is_last_resort in SEARCHES:
        if not (finds and is_last_resort):
            try:
                finds += look(where)
            except DriftguardError as error:
                gave_up.append(f"{name}: {error.message}")
    own = [find for find in finds if not _is_foreign(where, find)]
    foreign = [f"another environment has it: {find}" for find in finds if _is_foreign(where, find)]
    return Search(tuple(own[:MOST_FINDS]), (*foreign[:1], *_hints(where)), tuple(gave_up))


def _is_foreign(where: Where, find: Find) -> bool:
    path = find.revision.path
    return any(path.startswith(f"{folder}/") for folder in where.foreign)


def _can_be_asked_for(id_: str) -> bool:
    try:
        return b"\0" not in os.fsencode(id_)
    except UnicodeEncodeError:
        return False


def _in_locations(where: Where) -> list[Find]:
    return _in_history(where, ("--all", "--reflog"), where.locations, SECONDS)


def _in_all_files(where: Where) -> list[Find]:
    return _in_history(where, ("--all", "--reflog"), (), SECONDS_EVERYWHERE)


def _in_dangling_commits(where: Where) -> list[Find]:
    dangling = where.repository.dangling_commits(SECONDS_EVERYWHERE)[:MOST_TIPS] if where.repository else ()
    return _in_history(where, (*dangling, "--not", "--all"), (), SECONDS) if dangling else []


def _in_history(where: Where, starts: tuple[str, ...], paths: tuple[str, ...], seconds: float) -> list[Find]:
    """By the commits from ``starts`` on that brought the id in or took it out."""
    repository = where.repository
    if repository is None:
        return []
    # --full-history: a stash's untracked files hang on a parent that git would pass over.
    log = repository.history(
        *("--full-history", "--no-renames", "-c", "--name-status", "--pickaxe-regex", f"-S{_pattern(where.id)}"),
        *(*starts, "--", *paths),
        deadline=seconds,
    )
    changed = [(each.commit, change.path) for each in log for change in each.changes]
    had = _defining(where, ((commit.id, path) for commit, path in changed))
    if not had:
        return []
    names = tuple(dict.fromkeys(path for _, path in had))[:MOST_PATHS]
    for look in (_in_tips, _in_past, _in_reflog):
        if finds := list(look(where, repository, names, log)):
            return finds
    return [
        Find("a commit that no branch has", commit.id[:12], had[commit.id, path], commit)
        for commit, path in changed
        if (commit.id, path) in had
    ]


def _pattern(id_: str) -> str:
    """The id as a text in Python, as POSIX writes regular expressions."""
    escaped = SPECIAL.sub(r"\\\g<0>", id_)
    return f"[\"']{escaped}[\"']"


def _defining(where: Where, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Revision]:
    """Those (commit, path) that are a file with this very revision, in the order given."""
    if where.repository is None:
        return {}
    asked = {f"{commit}:{path}": (commit, path) for commit, path in names}
    contents = where.repository.read_each(asked)
    parsed = {pair: parse_revision(contents[name], pair[1]) for name, pair in asked.items() if name in contents}
    return {pair: each for pair, each in parsed.items() if isinstance(each, Revision) and each.id == where.id}


def _in_tips(where: Where, repository: Repository, paths: tuple[str, ...], log: tuple[Logged, ...]) -> Iterator[Find]:
    """What branches, tags, stashes and other working trees have now."""
    tips = _tips(repository)[:MOST_TIPS]
    have = _defining(where, ((tip.commit, path) for tip in tips for path in paths))
    pairs = [(tip, path) for tip in tips for path in paths if (tip.commit, path) in have][:MOST_FINDS]
    for tip, path in pairs:
        added = repository.history(
            "-n", "1", "--no-renames", "--diff-filter=A", tip.commit, "--", path, deadline=SECONDS
        )
        commit = added[0].commit if added else None
        yield Find(tip.place, tip.ref, have[tip.commit, path], commit, tip.branch, tip.here)


def _tips(repository: Repository) -> list[_Tip]:
    """Everything with a name, what is checked out here first."""
    here, refs = repository.branch, [ref for ref in repository.named_commits() if ref.name != "refs/stash"]
    names = Counter(_short(ref.name) for ref in refs)
    tips = [_tip(ref, here, is_unique=names[_short(ref.name)] == 1) for ref in sorted(refs, key=_rank)]
    stashes = [tip for step in repository.reflog("refs/stash") for tip in _stashed(step)]
    detached = [each for each in repository.worktrees() if each.commit and not each.branch]
    trees = [_Tip(f"what {each.path} has checked out", each.commit, each.commit) for each in detached]
    return [*sorted(tips, key=lambda tip: not tip.here), *stashes, *trees]


def _tip(ref: Ref, here: str | None, *, is_unique: bool) -> _Tip:
    kind, short = KINDS.get(_start(ref.name), ""), _short(ref.name)
    is_here = kind == "branch" and short == here
    place = f"{kind} {short}{', which is checked out' if is_here else ''}".lstrip()
    return _Tip(place, short if is_unique else ref.name, ref.commit, short if "branch" in kind else "", is_here)


def _rank(ref: Ref) -> int:
    starts = list(KINDS)
    return starts.index(_start(ref.name)) if _start(ref.name) in KINDS else len(starts)


def _short(name: str) -> str:
    return name.removeprefix(_start(name))


def _start(name: str) -> str:
    return next((start for start in KINDS if name.startswith(start)), "")


def _stashed(step: Step) -> Iterator[_Tip]:
    """A stash is a merge commit, whose third parent has the untracked files."""
    yield _Tip(step.name, step.commit, step.commit)
    yield from (_Tip(f"{step.name}, untracked", commit, commit) for commit in step.parents[2:])


def _in_past(where: Where, repository: Repository, paths: tuple[str, ...], log: tuple[Logged, ...]) -> Iterator[Find]:
    """What a branch had once, by the commit that took it away."""
    changes = {(f"{each.commit.id}^", change.path): each.commit for each in log for change in each.changes}
    for (before, path), revision in _defining(where, changes).items():
        commit = changes[before, path]
        if branches := repository.branches_with(commit.id):
            verb = "changed" if repository.read_at(commit.id, path) is not None else "deleted"
            place = f"branch {branches[0]} had it until {commit} {verb} the file"
            yield Find(place, f"{commit.id[:12]}^", revision)
            return


def _in_reflog(where: Where, repository: Repository, paths: tuple[str, ...], log: tuple[Logged, ...]) -> Iterator[Find]:
    """What was checked out once, as this working tree remembers it."""
    steps = repository.reflog("HEAD")
    have = _defining(where, ((step.commit, path) for step in steps for path in paths))
    commits = {each.commit.id: each.commit for each in log}
    names = {ref.name for ref in repository.refs()}
    for number, step in enumerate(steps):
        if path := next((path for path in paths if (step.commit, path) in have), ""):
            left = steps[number - 1].deed if number else ""
            branch = LEFT_BRANCH.match(left)
            gone = branch and branch[1] not in names and not repository.find(branch[1])
            place = f"branch {branch[1]}, which was deleted" if branch and gone else f"{step.name}, before {left!r}"
            known = commits.get(step.commit) or repository.history("-n", "1", step.commit, deadline=SECONDS)[0].commit
            yield Find(place, step.commit[:12], have[step.commit, path], known)
            return


def _in_folders(where: Where) -> list[Find]:
    """Files that lie in a working tree, whether git knows them or not."""
    ends = monotonic() + SECONDS
    finds = []
    for tree in _working_trees(where):
        is_here = tree == where.root
        for path in _python_files(tree, (".",) if is_here else where.locations):
            if monotonic() > ends:
                raise DriftguardError(f"it took more than {SECONDS:.0f} seconds")
            shown = path if is_here else str(tree / path)
            if (revision := _read(tree / path, shown, where.id)) is not None:
                place = "a folder where Alembic does not look" if is_here else f"the working tree {tree}"
                finds.append(Find(place, "", revision))
    return finds


def _working_trees(where: Where) -> list[Path]:
    trees = where.repository.worktrees() if where.repository and not where.repository.bare else ()
    return [where.root, *(each.path for each in trees if each.path != where.root and each.path.is_dir())]


def _python_files(tree: Path, folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        yield from (path for path in WorkingTree(tree).files(folder, recursive=True) if path.endswith(".py"))


def _read(file: Path, path: str, id_: str) -> Revision | None:
    try:
        source = file.read_bytes()
    except OSError:
        return None
    parsed = parse_revision(source, path) if os.fsencode(id_) in source else None
    return parsed if isinstance(parsed, Revision) and parsed.id == id_ else None


def _hints(where: Where) -> Iterator[str]:
    """Compiled files whose source is gone: they cannot be read, but say what it was called."""
    for tree in _working_trees(where) if where.repository else [where.root]:
        for location in where.locations:
            folder = tree / location
            with suppress(OSError):
                for file in sorted((folder / "__pycache__").glob("*.pyc")):
                    source = folder / f"{file.name.partition('.')[0]}.py"
                    if not source.exists() and os.fsencode(where.id) in file.read_bytes():
                        day = date.fromtimestamp(file.stat().st_mtime).isoformat()
                        yield f"{file} was compiled on {day} from a file that is gone: {source.name}"


SEARCHES: tuple[tuple[str, Callable[[Where], list[Find]], bool], ...] = (
    ("branches, tags, stashes and reflogs", _in_locations, False),
    ("working trees", _in_folders, False),
    ("all files of all commits", _in_all_files, True),
    ("commits that nothing leads to", _in_dangling_commits, True),
)
