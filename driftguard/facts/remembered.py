"""Which replays of an environment are remembered, and one run of env.py that is lent the shadows of such a replay."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from driftguard import __version__
from driftguard.cache import key
from driftguard.config import Settings
from driftguard.facts.scene import Scene
from driftguard.graph import Graph, Revision
from driftguard.probe.answers import Run, ShadowQuestion
from driftguard.probe.guest_process import GuestFailed
from driftguard.project import Environment
from driftguard.schema.catalog import Catalog, Query, Row, Scope
from driftguard.shadow import CannotRebuild, Shadows
from driftguard.shadow.request import LIVE, Scribe, Script
from driftguard.snapshots import Kept, Snapshot, Store

SCRATCH = "import"

Prove = Callable[[str, str, Scope, Scribe], str]
"""Reads what a database, by URL and dialect, holds: see ``digest_of``."""


class Remembered:
    """The snapshots of one environment that rest on what its files say now.

    Made before anything of the project is read: a file that has changed since then may have been read as another.
    """

    def __init__(self, scene: Scene, environment: Environment, settings: Settings) -> None:
        now = time.time_ns()
        self.began = now if scene.began is None else min(now, scene.began)
        self.root = str(scene.root)
        self.store = Store(scene.cache_folder)
        self._scene = scene
        self._environment = environment
        self._settings = settings
        self._blob_ids: dict[str, str] = {}

    def choices(self, graph: Graph, wanted: frozenset[str]) -> tuple[Snapshot, ...]:
        """What a replay of these revisions can go on from: the longest first, then what was used last."""
        usable = [
            each
            for each in self.store.family(self.family)
            if not each.is_unfit
            and set(each.heads) <= wanted
            and graph.needed(*each.heads) == each.order
            and each.order <= wanted
            and self.revisions(graph, each.order) == each.revisions
        ]
        return tuple(sorted(usable, key=lambda each: -len(each.order)))

    def revisions(self, graph: Graph, ids: Iterable[str]) -> str:
        """The digest of these revisions' files, as they are now."""
        paths = {id_: graph[id_].path for id_ in ids}
        missing = [path for path in paths.values() if path not in self._blob_ids]
        self._blob_ids |= self._scene.tree.blob_ids(missing)
        return key(repr([(id_, path, self._blob_ids.get(path)) for id_, path in sorted(paths.items())]).encode())

    def snapshot(self, graph: Graph, run: Run, databases: tuple[Kept, ...]) -> Snapshot | None:
        """A run in the store's terms; None if the files here are not those that the guest has replayed."""
        assert run.replays is not None
        heads = tuple(sorted({each for replay in run.replays for each in replay["heads"]}))
        order = frozenset(each for replay in run.replays for each in replay["order"])
        if not heads or not all(each in graph for each in order) or graph.needed(*heads) != order:
            return None
        digest = self.revisions(graph, order)
        home, name = str(self._scene.home), self._environment.name
        return Snapshot(self.family, home, name, heads, digest, run.replays, databases)

    @cached_property
    def family(self) -> str:
        """The digest of what the host knows of a run before it begins: settings, and how env.py is found."""
        environment, settings = self._environment, self._settings
        known = [
            __version__,
            environment.folder,
            environment.config,
            environment.section,
            environment.script_location,
            environment.version_locations,
            environment.recursive,
            environment.sys_path,
            environment.flask,
            environment.flask_app,
            settings.x,
            settings.env,
        ]
        env_py = self._scene.tree.read(f"{environment.script_location}/env.py") or b""
        return key(json.dumps(known).encode(), env_py)


class Loan:
    """One run of env.py: lends it one snapshot's databases, all of them or none, and keeps what it leaves behind."""

    def __init__(self, remembered: Remembered, graph: Graph, wanted: frozenset[str], *, lends: bool) -> None:
        self._remembered = remembered
        self._graph = graph
        self._choices = remembered.choices(graph, wanted) if lends else ()
        self._decided = False
        self._keeps = True
        self._asked: dict[str, Kept] = {}
        self._scribes: dict[str, Scribe] = {}
        self.snapshot: Snapshot | None = None

    def shadow(self, source: Shadows, asked: ShadowQuestion, prove: Prove) -> str:
        """The URL of a database that was kept, else of an empty one."""
        if asked.purpose == SCRATCH:
            return source.create()
        self._keeps = self._keeps and source.keeps
        wants = (asked.live, asked.dialect, asked.driver, source.place)
        if not self._decided and source.keeps:
            self.snapshot = next((each for each in self._choices if _part(each, wants)), None)
        self._decided = True
        url = self._lend(self.snapshot, source, wants, prove) if self.snapshot else None
        if url is None and not self._asked:  # else the guest will find an empty database, and begin anew
            self.snapshot = None
        url = numbered(url or source.create(), asked.live)
        self._asked[url] = Kept(*wants)
        if source.scribe is not None:
            self._scribes[url] = source.scribe
        return url

    def _lend(self, snapshot: Snapshot, source: Shadows, wants: tuple[int, str, str, str], prove: Prove) -> str | None:
        """The URL of a database like the one that was kept; None where there is none, and none is to be expected."""
        store, kept = self._remembered.store, _part(snapshot, wants)
        try:
            url = source.lend(kept.name) if kept and source.keeps else None
            if url and kept and not _is_the_same(kept, numbered(url, kept.live), source.scribe, prove):
                source.drop(url)
                raise CannotRebuild("it became another one")
        except CannotRebuild:
            store.add(snapshot._replace(is_unfit=True))
            return None
        if url is None:
            store.drop(snapshot)
        return url

    def terms(self) -> dict[str, Any] | None:
        """What the guest has to look at; None where nothing can be kept."""
        if not self._keeps:
            return None
        root, snapshot = self._remembered.root, self.snapshot
        kept = None
        if snapshot is not None:
            revisions = [_described(root, self._graph[each]) for each in snapshot.order]
            everything = all(set(run["order"]) == self._graph.by_id.keys() for run in snapshot.runs)
            heads = self._graph.heads() if everything else None
            kept = {"runs": snapshot.runs, "revisions": revisions, "heads_of_all": heads}
        return {"root": root, "began": self._remembered.began, "kept": kept}

    def has_failed(self, run: Run) -> bool:
        """Whether env.py has to run again on empty databases: whatever is wrong has to be seen there."""
        if run.abandoned or self.snapshot is None:
            return run.abandoned
        trouble = any(each.failure or each.comparison_failure for each in run.databases)
        return run.error is not None or trouble or len(run.databases) != len(self.snapshot.runs)

    @property
    def shadows(self) -> Mapping[str, Kept]:
        """Those that were given, by URL."""
        return self._asked

    def kept(self, run: Run) -> dict[str, str]:
        """By URL the names of the shadows that were lent, where env.py has done nothing to them."""
        if self.snapshot is None or not run.untouched:
            return {}
        snapshot = self.snapshot
        return {url: kept.name for url, given in self._asked.items() if (kept := _part(snapshot, given[:4]))}

    def close(self, run: Run) -> dict[str, Keeping]:
        """By URL: the shadows that are to be kept once they have been read."""
        store = self._remembered.store
        if self.snapshot is not None:
            store.touch(self.snapshot)
        used = [database.shadow for database in run.databases]
        if run.replays is None or run.stand_in or not self._keeps or set(used) != set(self._asked):
            return {}
        snapshot = self._remembered.snapshot(self._graph, run, tuple(self._asked[each] for each in used))
        if snapshot is None:
            return {}
        if store.has(snapshot):
            store.touch(snapshot)  # which makes it the first to be tried
            return {}
        keeping = Keeping(store, snapshot, used, run.transcripts, self._scribes)
        return dict.fromkeys(used, keeping)


class Keeping:
    """The databases of one run are kept one by one, and remembered once all of them are."""

    def __init__(
        self,
        store: Store,
        snapshot: Snapshot,
        urls: list[str],
        transcripts: Mapping[str, Script],
        scribes: Mapping[str, Scribe],
    ) -> None:
        self._store = store
        self._snapshot = snapshot
        self._missing = dict(zip(urls, range(len(urls)), strict=True))
        self._transcripts = transcripts
        self._scribes = scribes
        self._held: dict[str, tuple[str, tuple[tuple[str, str], ...], Script]] = {}

    def note(self, url: str, scope: Scope, catalog: Catalog, query: Query) -> None:
        """What one of the databases holds, before it is kept."""
        scribe = self._scribes.get(url)
        if scribe is None or scope.schemas is not None:
            return
        with suppress(GuestFailed):  # what cannot be written down need not be kept
            script = scribe.script(query, self._transcripts.get(url, ()))
            if script:
                self._held[url] = digest_of(catalog, scribe.contents(query)), tuple(sorted(scope.left_out)), script

    def keep(self, source: Shadows, url: str, live: int) -> None:
        """In place of dropping it."""
        number, snapshot = self._missing.pop(url), self._snapshot
        name = f"{snapshot.name[:28]}{number:02}"
        digest, left_out, script = self._held.get(url, ("", (), ()))
        size = source.keep(unnumbered(url, live), name, script)
        if not size:
            self._missing[""] = number  # which is never kept
            return
        databases = list(snapshot.databases)
        kept = databases[number]._replace(name=name, size=size, digest=digest, left_out=left_out)
        databases[number] = kept
        self._snapshot = snapshot._replace(databases=tuple(databases))
        if not self._missing and self._store.add(self._snapshot):
            source.forget(self._store.tidy())


def digest_of(catalog: Catalog, contents: Iterable[Row]) -> str:
    """The same for all databases that hold the same."""
    return key(repr((catalog.objects, catalog.unread, sorted(map(tuple, contents)))).encode())


def numbered(url: str, live: int) -> str:
    """The guest calls live addresses by number: ``@live/NAME`` is ``@0/NAME`` to it."""
    return f"@{live}{url.removeprefix(LIVE)}" if url.startswith(LIVE) else url


def unnumbered(url: str, live: int) -> str:
    """As the source of shadows knows it."""
    return f"{LIVE}{url.removeprefix(f'@{live}')}" if url.startswith(f"@{live}") else url


def _is_the_same(kept: Kept, url: str, scribe: Scribe | None, prove: Prove) -> bool:
    """Whether a database holds what was kept; only one that was built anew may not."""
    if scribe is None:
        return True
    try:
        return prove(url, kept.dialect, Scope(left_out=frozenset(kept.left_out)), scribe) == kept.digest
    except GuestFailed:
        return False


def _described(root: str, revision: Revision) -> tuple[Any, ...]:
    path = f"{root}/{revision.path}"
    return path, revision.id, revision.down, revision.depends_on, revision.labels


def _part(snapshot: Snapshot, wants: tuple[int, str, str, str]) -> Kept | None:
    return next((each for each in snapshot.databases if each[:4] == wants), None)
