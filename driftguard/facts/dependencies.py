"""What a verdict on staged files depended on, in the memo's terms."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import driftguard
from driftguard.config import OWN_FILE, PYPROJECT
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.guest import READ
from driftguard.facts.live import LiveFacts
from driftguard.facts.scene import Scene
from driftguard.facts.unavailable import Unavailable
from driftguard.findings import Severity
from driftguard.git import EMPTY_BLOBS, IndexTree, Repository
from driftguard.memo import sqlite_live
from driftguard.memo.ask import COMPARE
from driftguard.memo.index import NAME_ENDINGS, Index
from driftguard.memo.record import Around, Live, Staged
from driftguard.memo.sqlite_live import stat_signature
from driftguard.memo.world import FOLDER, GIT_VARIABLES, NEVER_LISTED, contents, listing, signature, values
from driftguard.project.interpreter import Signs, depends_on_path, interpreter_signs

NAMED = "env:"
READ_BYTES = tuple(map(str.encode, READ))
HOST_VARIABLES = ("CONDA_PREFIX", "FLASK_APP", "PRE_COMMIT", "VIRTUAL_ENV")
PATH = "PATH"
INTERPRETER_VARIABLES = "PYTHON"
STANDARD_LIBRARY = f"{os.sep}lib{os.sep}python"
LIBRARIES = ("site-packages", "dist-packages")

SLACK = 20_000_000
"""Nanoseconds: file systems stamp changes with the time of the kernel's last tick."""


class Dependencies(NamedTuple):
    """All that a verdict depended on."""

    staged: Staged
    around: Around
    live: Live


class Seen(NamedTuple):
    """What the guests of all environments looked at; paths are absolute."""

    read: frozenset[str]
    listed: frozenset[str]
    importable: frozenset[str]
    variables: frozenset[str]
    all_variables: bool


def dependencies(
    scene: Scene, environments: Sequence[EnvironmentFacts], lives: Sequence[LiveFacts], began: int
) -> Dependencies | None:
    """What has to stay as it is for the same verdict; None where that cannot be told, or changed meanwhile.

    ``began``: the file system's time, in nanoseconds, from before anything was looked at.
    """
    tree, repository, locations = scene.tree, scene.repository, _locations(environments)
    if not isinstance(tree, IndexTree) or repository is None:
        return None
    try:
        live = _live(lives, began - SLACK)
    except Unavailable:
        return None
    seen, new_revisions = _seen(environments), _new_revisions(tree, locations)
    if seen is None or live is None or new_revisions is None or repository.hides_changes:
        return None
    libraries = [each for facts in environments for each in _signs(scene, repository, facts).libraries]
    seen = seen._replace(
        listed=seen.listed.union(_version_folders(scene, environments)),
        importable=seen.importable.union(map(str, libraries)),
    )
    files = _Files(tree.entries, str(repository.root), locations)
    files.add(_host_reads(tree, repository, scene, environments))
    files.add(map(os.fsdecode, new_revisions))
    files.add(_without_standard_library(seen.read))
    around = files.around(seen, _variables(scene, environments, seen))
    if files.changed_since(began - SLACK, around):
        return None
    return Dependencies(files.staged(new_revisions), around, live)


def around_guest(facts: EnvironmentFacts) -> Around | None:
    """What has to stay as it is for the guest to find the same; None where that cannot be told, or changed meanwhile.

    Whatever the project is made of counts by its contents, and it does not matter what git knows of it.
    """
    scene = facts.scene
    seen = _seen([facts])
    if seen is None:
        return None
    files = _Files(b"", str(scene.root), ())
    files.add(_guest_reads(scene, [facts]))
    files.add(_without_standard_library(seen.read))
    seen = seen._replace(listed=seen.listed.union(_version_folders(scene, [facts])))
    around = files.around(seen, _variables(scene, [facts], seen))
    return None if files.changed_since(facts.began - SLACK, around) else around


def _seen(environments: Sequence[EnvironmentFacts]) -> Seen | None:
    """None where a guest did something whose outcome nobody can check later."""
    answers = []
    for facts in environments:
        answer = _recorded(facts)
        if answer is None:
            return None
        answers.append(answer)
    if any(answer["outside"] for answer in answers):
        return None

    def every(kind: str) -> frozenset[str]:
        return frozenset(each for answer in answers for each in answer[kind])

    return Seen(
        every("read"),
        every("listed"),
        every("importable"),
        every("variables"),
        any(answer["all_variables"] for answer in answers),
    )


def watched_folders(scene: Scene, environments: Sequence[EnvironmentFacts]) -> tuple[Path, ...]:
    """The folders, without those inside them, in which a change may change the verdict; sorted.

    Where a guest cannot tell what it read, these are all folders with Python files.
    """
    folders = {scene.root, *(scene.root / each.environment.script_location for each in environments)}
    folders |= {Path(folder) for folder in _version_folders(scene, environments)}
    for facts in environments:
        answer = _recorded(facts)
        if answer is None:
            paths = scene.tree.files(".", recursive=True)
            folders |= {(scene.root / path).parent for path in paths if path.endswith(".py")}
            continue
        folders |= {Path(path) for path in (*answer["listed"], *answer["importable"]) if _is_watched(path, scene)}
        folders |= {Path(path).parent for path in answer["read"] if _is_watched(path, scene)}
    return tuple(sorted(folders))


def _is_watched(path: str, scene: Scene) -> bool:
    """The project's own files, wherever they lie, and the folder of all packages, but not each package."""
    if path.endswith(LIBRARIES):
        return True
    installed = any(f"{os.sep}{name}{os.sep}" in path for name in LIBRARIES)
    return not installed and (path.startswith(f"{scene.root}{os.sep}") or STANDARD_LIBRARY not in path)


def _recorded(facts: EnvironmentFacts) -> dict[str, Any] | None:
    if not facts.scene.runs_code:
        return None
    try:
        with facts.failures():
            answer: dict[str, Any] = facts.probe.call("recorded")
    except Unavailable:
        return None
    return answer


class _Files:
    """Sorts paths into those that git's index answers for, and those that lie around it."""

    def __init__(self, entries: bytes, root: str, locations: tuple[str, ...]) -> None:
        self._root = os.path.realpath(root)
        self._locations = tuple(map(os.fsencode, locations))
        self._index = Index(entries, self._locations)
        self._entries = dict(_regular_files(entries))
        self._wanted: set[bytes] = set()
        self._staged: set[str] = set()
        self._around: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def add(self, paths: Iterable[str]) -> None:
        """Absolute paths, or paths from the repository's root."""
        for path in paths:
            there = path if path.startswith(os.sep) else f"{self._root}{os.sep}{path}"
            real = self._real(there)
            entry = self._entries.get(self._inside(real))
            if entry is None or not real.endswith(READ):
                self._around[there] = real
                continue
            self._staged.add(real)
            self._wanted.add(entry)
            if real != os.path.normpath(there) or os.fsdecode(entry.split(b" ")[1]) in EMPTY_BLOBS:
                self._around[there] = real

    def staged(self, new_revisions: tuple[bytes, ...]) -> Staged:
        """What has to stay in the index."""
        untracked = {self._inside(real) for real in self._around.values()} - {b""}
        return Staged(
            locations=tuple(self._index.locations),
            entries=tuple(sorted(self._wanted & self._index.others)),
            names=self._index.names,
            untracked=tuple(
                sorted(
                    path
                    for path in untracked
                    if path.endswith(READ_BYTES) and not path.endswith(NAME_ENDINGS) and path not in self._entries
                )
            ),
            new_revisions=new_revisions,
        )

    def around(self, seen: Seen, variables: tuple[tuple[str, ...], bool, bytes]) -> Around:
        """What has to stay as it is outside the index."""
        folders = [(path, False) for path in seen.listed]
        folders += [(path, not path.endswith(LIBRARIES)) for path in seen.importable - seen.listed]
        return Around(
            files=(
                *((path, signature(path), self._digest(path)) for path in sorted(self._around)),
                *((path, signature(path), b"") for path in sorted(_own_folders())),
            ),
            folders=tuple((path, only, signature(path), listing(path, only)) for path, only in sorted(folders)),
            variables=variables,
        )

    def changed_since(self, moment: int, around: Around) -> bool:
        """Whether something may be other now than when it was read."""
        paths = (
            *self._staged,
            *(path for path, _, digest in around.files if digest not in (FOLDER, b"")),
            *(path for path, _, _, _ in around.folders),
        )
        return any(found[1] >= moment for path in paths if (found := signature(path)))

    def _real(self, path: str) -> str:
        """As ``os.path.realpath``, which looks at each folder of each path."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        real = f"{self._folders[folder].rstrip(os.sep)}{os.sep}{name}"
        return os.path.realpath(real) if name in ("", ".", "..") or os.path.islink(real) else real

    def _digest(self, path: str) -> bytes:
        """Of files in the repository that are the project's own; of others the signature alone is compared."""
        if Path(path).is_dir():
            return FOLDER
        inside = self._inside(path)
        installed = any(os.fsencode(name) in inside.split(b"/") for name in LIBRARIES)
        return contents(path) if inside and not installed else b""

    def _inside(self, path: str) -> bytes:
        """From the repository's root, as git writes it; empty for what lies elsewhere."""
        return os.fsencode(path[len(self._root) + 1 :]) if path.startswith(self._root + os.sep) else b""


def _regular_files(entries: bytes) -> Iterator[tuple[bytes, bytes]]:
    for entry in entries.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        if head.startswith(b"100"):
            yield path, entry


def _locations(environments: Iterable[EnvironmentFacts]) -> tuple[str, ...]:
    return tuple(sorted({each for facts in environments for each in facts.environment.version_locations}))


def _host_reads(
    tree: IndexTree, repository: Repository, scene: Scene, environments: Iterable[EnvironmentFacts]
) -> Iterator[str]:
    """What driftguard itself looks at."""
    yield from (PYPROJECT, OWN_FILE, *tree.asked)
    for facts in environments:
        yield from map(str, _signs(scene, repository, facts).paths)
    yield from _guest_reads(scene, environments)


def _guest_reads(scene: Scene, environments: Iterable[EnvironmentFacts]) -> Iterator[str]:
    """The interpreters, and revision files that need not have been loaded."""
    for facts in environments:
        yield facts.probe.interpreter.python
    for folder in _version_folders(scene, environments):
        yield from (entry.path for entry in os.scandir(folder) if entry.name.endswith(".py"))


def _without_standard_library(paths: frozenset[str]) -> Iterator[str]:
    """It comes with the interpreter, whose own file is looked at, and only whole."""
    libraries = [path.removesuffix("os.py") for path in paths if path.endswith(("/os.py", "\\os.py"))]
    standard = tuple(
        each for each in libraries if f"{each}abc.py" in paths and not set(LIBRARIES) & {*Path(each).parts}
    )
    return (
        path
        for path in paths
        if not path.startswith(standard) or any(f"{os.sep}{each}{os.sep}" in path for each in LIBRARIES)
    )


def _own_folders() -> Iterator[str]:
    """driftguard's: to install another driftguard touches them all."""
    package = Path(driftguard.__file__).parent
    return (str(folder) for folder in (package, *package.rglob("*")) if folder.is_dir() and folder.name != NEVER_LISTED)


def _signs(scene: Scene, repository: Repository, facts: EnvironmentFacts) -> Signs:
    return interpreter_signs(scene.home, facts.environment, repository.main_work_tree)


def _version_folders(scene: Scene, environments: Iterable[EnvironmentFacts]) -> Iterator[str]:
    """Where a revision that is not staged could lie."""
    for facts in environments:
        for location in facts.environment.version_locations:
            for folder, below, _ in os.walk(scene.root / location):
                below[:] = [each for each in below if each != NEVER_LISTED and facts.environment.recursive]
                yield folder


def _new_revisions(tree: IndexTree, locations: tuple[str, ...]) -> tuple[bytes, ...] | None:
    """The staged revision files that differ from the last commit; None before the first one, or if one came since."""
    if tree.head is None:
        return None
    names = tree.repository.run(*COMPARE, *locations)
    return tuple(each for each in names.split(b"\0") if each) if tree.is_what_is_staged() else None


def _variables(
    scene: Scene, environments: Iterable[EnvironmentFacts], seen: Seen
) -> tuple[tuple[str, ...], bool, bytes]:
    settings = scene.settings
    asked = {*seen.variables, *(name for name in scene.environ if name.startswith(INTERPRETER_VARIABLES))}
    fixed = {*dict(settings.env), "PYTHONDONTWRITEBYTECODE", "DRIFTGUARD_GUEST"}
    named = {each.removeprefix(NAMED) for each in _live_settings(scene) if each.startswith(NAMED)}
    wandering = any(depends_on_path(facts.probe.interpreter) for facts in environments)
    names = {name for name in asked - fixed if not name.startswith(GIT_VARIABLES)} | {*HOST_VARIABLES} | named
    if wandering:
        names.add(PATH)
    chosen = tuple(sorted(names))
    return chosen, seen.all_variables, values(chosen, seen.all_variables, dict(scene.environ))


def _live_settings(scene: Scene) -> tuple[str, ...]:
    own = (each.live or "" for each in scene.settings.environments)
    return (scene.live, scene.settings.live, *own)


def _live(lives: Iterable[LiveFacts], moment: int) -> Live | None:
    """None where one changed while it was read, or is not known.

    A file's signature counts only if it is older than ``moment``: two writes may be stamped with the same time.
    """
    files, servers = [], []
    for facts in lives:
        if facts.is_unnamed or facts.is_in_memory:  # the variable that names it is among the others
            continue
        file, table = facts.file, facts.version_table
        signatures = stat_signature(file) if file else ()
        kept = sqlite_live.fingerprint(file, table) if file else ""
        now = facts.fingerprint(exact=True)
        if now != facts.fingerprint_before:
            return None
        if file:
            old = all(each is None or each[1] < moment for each in signatures)
            files.append((file, table, signatures if old else (), kept))
        else:
            servers.append((str(facts.address), facts.severity is Severity.ERROR, now))
    return Live(tuple(files), tuple(servers))
