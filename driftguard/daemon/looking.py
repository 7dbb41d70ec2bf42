"""What a watcher asks of the engine: how everything is now, what a commit would hold, and what a git hook is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from driftguard import engine, staged
from driftguard.config import load_settings
from driftguard.daemon.changes import Ground
from driftguard.facts import Lasting, Progress, Readings
from driftguard.git import INDEX_ENTRIES, IndexTree, Repository, Tree, WorkingTree, find_repository
from driftguard.memo.record import Answer
from driftguard.probe.ahead import Ahead
from driftguard.probe.guest_process import Start
from driftguard.shadow import Lifetime
from driftguard.verdict import Verdict

AGAIN = Answer(-1, "", "")
"""What a hook is told that finds its answer in the memo by now."""

UNREACHABLE = "unreachable"

HOOK = "pre-commit"
"""The moment whose verdicts are remembered."""


def without_reasons(fingerprints: Iterable[str]) -> tuple[str, ...]:
    """Why a database is unreachable may be told in other words each time."""
    return tuple(UNREACHABLE if not each or each.startswith(UNREACHABLE) else each for each in fingerprints)


def are_among(fingerprints: Iterable[str], live: Iterable[str]) -> bool:
    """Whether some of the live databases, in their order, have these fingerprints."""
    now = iter(without_reasons(live))
    return all(each in now for each in without_reasons(fingerprints))


class Sight(Protocol):
    """One look, kept open; all of it belongs into one thread."""

    @property
    def verdict(self) -> Verdict:
        """What came of it."""
        ...

    @property
    def watched(self) -> tuple[Path, ...]:
        """Folders in which a change may change the verdict."""
        ...

    def remember(self) -> None:
        """Keep the answer for the git hook that asks next."""

    def live_fingerprint(self, exact: bool) -> tuple[str, ...]:
        """Changes when the live databases may have changed; a text each."""
        ...

    @property
    def live_fingerprints_before(self) -> tuple[str, ...]:
        """The exact ones from before the look; "" where that is not known."""
        ...

    @property
    def needs_guests(self) -> bool:
        """Whether there is a live database that only a guest can ask."""
        ...

    def listen(self, pipe: Path) -> bool:
        """Whether all live databases tell the pipe of their changes."""
        ...

    def prepare(self) -> None:
        """Make ahead what the next look will need, while nobody waits."""

    def let_guests_go(self) -> None:
        """Keep no process; live can then only be looked at together with everything else."""

    def look_at_live_again(self, fingerprints: tuple[str, ...]) -> Verdict:
        """The verdict after reading the live databases anew."""
        ...


class Looker(Protocol):
    """The engine, as a watcher of one work tree needs it."""

    def ground(self) -> Ground:
        """Where changes happen."""
        ...

    def examine(self, progress: Progress) -> AbstractContextManager[Sight]:
        """Look at everything as it lies in the folder."""
        ...

    def index_moved(self) -> bool:
        """Whether other files are staged than at the last look."""
        ...

    def remember_index(self, progress: Progress) -> None:
        """Have an answer for a git hook that asks about what is staged now."""

    def answer(
        self, moment: str, environ: Mapping[str, str], cwd: Path, live: tuple[str, ...]
    ) -> AbstractContextManager[Answer | None]:
        """What that git hook is told; None if it runs for another work tree, AGAIN if it finds its answer by now.

        ``live``: exact fingerprints of the live databases, as they are now. On leaving, the answer is remembered.
        """
        ...

    def end(self) -> None:
        """No look follows the last one, which may take with it what was left to others."""


class _Sight:
    """An examination of the engine's."""

    def __init__(self, examination: engine.Examination, tree: Tree, rememberable: bool) -> None:
        self._examination = examination
        self._tree = tree
        self._rememberable = rememberable
        self.look_at_live_again = examination.look_at_live_again
        self.live_fingerprint = examination.live_fingerprint
        self.let_guests_go = examination.let_guests_go
        self.listen = examination.listen
        self.prepare = examination.prepare

    @property
    def live_fingerprints_before(self) -> tuple[str, ...]:
        return self._examination.live_fingerprints_before

    @property
    def needs_guests(self) -> bool:
        return self._examination.needs_guests

    @property
    def verdict(self) -> Verdict:
        return self._examination.verdict

    @property
    def watched(self) -> tuple[Path, ...]:
        return self._examination.watched

    def remember(self) -> None:
        if self._rememberable:
            staged.remember(self._examination, staged.answer(self._examination, staged.source_of(self._tree)))


class Engine:
    """The real Looker. ``start`` begins guests for somebody who waits, ``patient_start`` the others."""

    def __init__(self, root: Path, environ: Mapping[str, str], start: Start, patient_start: Start) -> None:
        self._root = root
        self._environ = environ
        self._start = start
        self._patient_start = patient_start
        self._ahead = Ahead(patient_start)
        self._lasting = Lasting(Readings(), Lifetime(), {})
        self._entries = b""
        self._in_vain: tuple[str | None, bytes] | None = None

    def ground(self) -> Ground:
        repository = self._repository()
        root = self._root.resolve()
        if repository is None:
            return Ground(root)
        return Ground(root, repository.git_path("HEAD").resolve().parent, repository.git_path("refs").resolve().parent)

    @contextmanager
    def examine(self, progress: Progress) -> Iterator[Sight]:
        """With git, as if everything were staged, and as a hook would look, so that the answer can be kept for it.

        Where hooks leave live databases alone the watcher looks at them all the same, and the hook's own answer is
        found by a look of its own.
        """
        begun = self._ahead.begun()
        repository, tree = self._repository(), WorkingTree(self._root)
        settings = load_settings(tree)
        as_hook = repository is not None and settings.live_in_hook != "off"
        if repository is not None:
            self._entries = repository.run(*INDEX_ENTRIES)
        request = engine.Request(
            root=self._root,
            settings=settings,
            source="working" if repository is None else "everything",
            moment=HOOK if as_hook else "",
        )
        with begun as start, engine.examine(request, progress, self._environ, start, self._lasting) as examination:
            yield _Sight(examination, tree, as_hook)

    def index_moved(self) -> bool:
        repository = self._repository()
        return repository is None or repository.run(*INDEX_ENTRIES) != self._entries

    def remember_index(self, progress: Progress) -> None:
        repository = self._repository()
        if repository is None or staged.remembered(repository, self._environ):
            return
        staged_now = repository.head, repository.run(*INDEX_ENTRIES)
        if staged_now == self._in_vain:
            return
        look = self._examine_index(repository, HOOK, self._environ, progress, self._patient_start)
        with look as (examination, tree):
            kept = staged.remember(examination, staged.answer(examination, staged.source_of(tree)))
        self._in_vain = None if kept else staged_now

    @contextmanager
    def answer(
        self, moment: str, environ: Mapping[str, str], cwd: Path, live: tuple[str, ...]
    ) -> Iterator[Answer | None]:
        repository = find_repository(cwd, environ)
        if repository is None or repository.bare or repository.root.resolve() != self._root.resolve():
            yield None
            return
        record = staged.remembered(repository, environ)  # since the hook has looked
        if record is not None and are_among([each for _, _, each in record.live.servers], live):
            yield AGAIN
            return
        look = self._examine_index(repository, moment, environ, engine.silent, self._start)
        with look as (examination, tree):
            told = staged.answer(examination, staged.source_of(tree))
            yield told
            staged.remember(examination, told)

    @contextmanager
    def _examine_index(
        self, repository: Repository, moment: str, environ: Mapping[str, str], progress: Progress, start: Start
    ) -> Iterator[tuple[engine.Examination, Tree]]:
        tree = IndexTree(repository)
        request = engine.Request(root=self._root, settings=load_settings(tree), source="index", moment=moment)
        with engine.examine(request, progress, environ, start, self._lasting) as examination:
            yield examination, tree

    def end(self) -> None:
        self._lasting.lifetime.is_over = True

    def _repository(self) -> Repository | None:
        return find_repository(self._root, self._environ)
