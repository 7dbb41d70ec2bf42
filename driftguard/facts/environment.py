"""Facts of one environment: its graph, and the databases that its env.py configures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from driftguard.checks.replay import FailedUpgrade
from driftguard.checks.setup import Problem
from driftguard.errors import DriftguardError
from driftguard.facts.database import DatabaseFacts, RememberedDatabase
from driftguard.facts.guest import Probe, open_probe
from driftguard.facts.recalled import Recollection, name_and_terms
from driftguard.facts.recalled import load as load_recollection
from driftguard.facts.remembered import Loan, Remembered
from driftguard.facts.scene import Scene
from driftguard.facts.tool import tool
from driftguard.facts.traceback_place import place_in, relative_place
from driftguard.facts.unavailable import (
    LOST_SHADOW_HELP,
    NotRemembered,
    Unavailable,
    extension_advice,
    is_lost_shadow,
    missing_extension,
    named_failures,
    raise_for,
)
from driftguard.findings import Place
from driftguard.git import RefTree, Tree, WorkingTree
from driftguard.graph import (
    Graph,
    Key,
    Memory,
    Revision,
    UnstagedRevision,
    load,
    load_again,
    memory_of,
    unstaged_revisions,
)
from driftguard.probe.answers import Database, FailedRevision, Failure, Run
from driftguard.project import Environment

STANDS_IN = '{} names no database, so SQLite stood in for it; name yours with the setting "live"'
OF_VERDICTS: dict[str, Any] = {"select": (), "ignore": (), "severity": (), "strict": False, "require_reason": False}
"""Settings that say what becomes of findings, and nothing of what is found."""

LACKS_MIGRATE = "{}: the application never calls Migrate(app, db): `flask db` is no command until it does"


class EnvironmentFacts:
    """Each fact is obtained when first asked for, and once; Unavailable says why one cannot be had.

    The guest starts with the first fact that needs it and ends with ``stack``. ``recalls``: what an earlier check has
    learnt will do; NotRemembered says that it does not.
    """

    def __init__(self, scene: Scene, environment: Environment, stack: ExitStack, *, recalls: bool = False) -> None:
        self.scene = scene
        self.environment = environment
        self.settings = scene.settings.for_environment(environment.name)
        self._stack = stack
        self._recalls = recalls
        self._remembered = Remembered(scene, environment, self.settings)
        self._graphs: dict[tuple[Tree, tuple[str, ...]], Graph] = {}

    @cached_property
    def static_graph(self) -> Graph:
        """The revisions as their files say, without running them."""
        scene, locations, recursive = self.scene, self.environment.version_locations, self.environment.recursive
        memory, was = self._memory(locations), scene.graphs.get((locations, recursive))
        graph, loaded = load_again(scene.tree, locations, recursive, memory, was)
        if loaded is not None:
            scene.graphs[locations, recursive] = loaded
        return graph

    @cached_property
    def graph(self) -> Graph:
        """The static graph, completed by what Alembic itself reads from files that cannot be read statically."""
        static, read = self.static_graph, self.read_by_alembic
        if not read:
            return static
        left = tuple(each for each in static.unreadable if each.path not in read)
        return Graph((*static.revisions, *read.values()), left)

    @cached_property
    def read_by_alembic(self) -> Mapping[str, Revision]:
        """By path: the revisions of files that cannot be read statically, where the guest can load them."""
        wanted = {each.path for each in self.static_graph.unreadable}
        if not wanted or not self.scene.runs_code:
            return {}
        try:
            with self.failures():
                answers = self.probe.call("revisions")
        except Unavailable:
            return {}
        read = (self._revision_from(each) for each in answers)
        return {each.path: each for each in read if each and each.path in wanted}

    @cached_property
    def unstaged(self) -> tuple[UnstagedRevision, ...]:
        """In a commit: revision files of the working tree that it would leave out or leave behind."""
        scene = self.scene
        if not scene.staged or scene.repository is None:
            return ()
        graph = self.static_graph
        staged = {each.path for each in graph.revisions} | {each.path for each in graph.unreadable}
        settled = staged.difference(scene.repository.unstaged().modified)
        locations, recursive = self.environment.version_locations, self.environment.recursive
        working = load(WorkingTree(scene.root), locations, recursive, unless=settled)
        return unstaged_revisions(scene.repository, graph, working)

    def _memory(self, locations: tuple[str, ...]) -> Memory:
        return memory_of(self.scene.cache_folder, self.scene.home, locations)

    def load_from(self, tree: Tree, locations: tuple[str, ...], alike: RefTree | None = None) -> Graph:
        """The static graph of other files; of those that are the same in ``alike``, whose graph is this one's own."""
        asked = (tree, locations)
        if asked not in self._graphs:
            memory = self._memory(locations)
            known = {} if alike is None else self._known(alike)
            self._graphs[asked] = load(tree, locations, self.environment.recursive, memory, known)
        return self._graphs[asked]

    def _known(self, tree: RefTree) -> dict[Key, Revision]:
        revisions = self.static_graph.revisions
        signatures = tree.signatures(each.path for each in revisions)
        return {
            (each.location, each.path, signatures[each.path]): each for each in revisions if each.path in signatures
        }

    def begin(self) -> None:
        """Let the guest load the environment, while we look at something else."""
        if not self.scene.runs_code:
            return
        with suppress(Unavailable):  # said when the guest is needed
            self._begun  # noqa: B018

    @cached_property
    def probe(self) -> Probe:
        """The guest; raises Unavailable."""
        probe = self._begun
        self._use_the_time()
        with self.failures():
            probe.finish_loading()
        return probe

    def _use_the_time(self) -> None:
        """While the guest loads, find out what it does not take to know and will be asked for."""
        if self.recalled is None:
            self._head_loans  # noqa: B018
        with suppress(DriftguardError):  # told where the branches are compared
            self.scene.base()

    @cached_property
    def _begun(self) -> Probe:
        with self.failures():
            if self.recalled is None:
                return self._stack.enter_context(open_probe(self.scene, self.environment))
            ways = [each.way for each in self.recalled.databases if each.way is not None]
            probe = self._stack.enter_context(open_probe(self.scene, self.environment, lives=ways))
        if probe.interpreter.python != self.recalled.python:
            raise NotRemembered("the interpreter is another one")
        return probe

    @cached_property
    def recalled(self) -> Recollection | None:
        """What an earlier check has learnt, if it still holds."""
        if not self._recalls or self.static_graph.unreadable:
            return None
        return load_recollection(self.scene.cache_folder, *self.recollection, self.scene.environ)

    @property
    def recollection(self) -> tuple[str, str]:
        """The name and the terms under which it is kept what a check has learnt."""
        told = {
            "settings": repr(replace(self.settings, **OF_VERDICTS)),
            "live": repr(self.scene.live_of(self.settings)),
            "family": self._remembered.family,
        }
        return name_and_terms(told, str(self.scene.home), self.environment.name)

    @property
    def began(self) -> int:
        """Nanoseconds: a moment before anything of the project was read."""
        return self._remembered.began

    @property
    def interpreter(self) -> str:
        """The one that the guest runs in; "" if there is no guest."""
        return self._begun.interpreter.python if "_begun" in self.__dict__ else ""

    def renew(self) -> None:
        """Give a guest that is there already the whole deadline once more."""
        if "probe" in self.__dict__:
            self.probe.renew(self.settings.deadline)

    def prepare(self) -> None:
        """Make ahead what the next look will need, while nobody waits."""
        if "probe" in self.__dict__:
            self.renew()
            self.probe.prepare()

    @property
    def notes(self) -> tuple[str, ...]:
        """What its commands need before they can be run; raises Unavailable."""
        if self.recalled is not None:
            return self.recalled.notes
        probe = self.probe
        with self.failures():
            return (LACKS_MIGRATE.format(self.environment.name),) if probe.call("lacks_migrate") else ()

    @property
    def run_notes(self) -> tuple[str, ...]:
        """What was put in place of what env.py does not say; raises Unavailable."""
        config = self.environment.config or self.environment.script_location
        return (STANDS_IN.format(config),) if self.run.stand_in else ()

    @cached_property
    def run(self) -> Run:
        """env.py's run up to the heads; raises Unavailable if it failed outside of a revision."""
        if self.recalled is not None:
            return Run(tuple(each.database for each in self.recalled.databases), None)
        probe = self.probe
        self.scene.progress(f"{self.environment.name}: replaying the revisions on a shadow")
        with self.failures():
            run = probe.run("heads", compare=self.scene.compares_models, purpose="head", loans=self._head_loans)
        if run.error is not None and not any(database.failure for database in run.databases):
            raise_for(run.error, self.environment.name, self.scene.root)
        if not run.databases:
            problem = Problem(
                self.environment.name,
                "env.py ended without running the migrations of any database, so nothing can be compared",
                help="let it call context.run_migrations() for `alembic upgrade heads`",
                place=self._env_file,
            )
            raise Unavailable("DG901", problem)
        for database in run.databases:
            if database.failure is not None:
                self.raise_for_shadow(database.failure)
        return run

    @cached_property
    def configured(self) -> tuple[Database, ...]:
        """The databases that env.py configures, found out without running a revision; raises Unavailable."""
        probe = self.probe
        with self.failures():
            run = probe.run((), compare=False, purpose="address")
        if run.error is not None:
            raise_for(run.error, self.environment.name, self.scene.root)
        return () if run.stand_in else run.databases

    @cached_property
    def _head_loans(self) -> tuple[Loan, ...]:
        return self.loans(*self.static_graph.heads())

    def loans(self, *revisions: str) -> tuple[Loan, ...]:
        """For a replay up to these revisions: one on remembered shadows, then one on empty ones.

        None where the files do not say what is replayed.
        """
        graph = self.static_graph
        if graph.unreadable or self.settings.begins_on:
            return ()
        wanted = graph.needed(*revisions)
        return tuple(Loan(self._remembered, graph, wanted, lends=lends) for lends in (True, False))

    def raise_for_shadow(self, failed: FailedRevision) -> None:
        """A revision cannot be blamed for what the shadow's server lacks, nor for the loss of the shadow."""
        if is_lost_shadow(Failure(failed.message)):
            message = f"the shadow database was lost while revision {failed.revision} ran: {failed.message}"
            raise Unavailable("DG903", Problem(self.environment.name, message, help=LOST_SHADOW_HELP))
        extension = missing_extension(Failure(failed.message))
        if extension:
            problem = Problem(
                self.environment.name,
                f"revision {failed.revision} needs the extension {extension}, which the shadow's server does not have",
                place=place_in(failed.details, self.scene.root) or relative_place(failed.path, None, self.scene.root),
                help=extension_advice(extension),
            )
            raise Unavailable("DG903", problem)

    @property
    def has_run(self) -> bool:
        """Whether env.py went through; one that failed is not asked again."""
        return "run" in self.__dict__

    @cached_property
    def databases(self) -> tuple[DatabaseFacts, ...]:
        """What env.py configures, in its order."""
        if self.recalled is not None:
            return tuple(
                RememberedDatabase(self.probe, each, self.scene, self._env_file) for each in self.recalled.databases
            )
        return tuple(DatabaseFacts(self.probe, database, self.scene, self._env_file) for database in self.run.databases)

    @property
    def _env_file(self) -> Place:
        return Place(f"{self.environment.script_location}/env.py")

    @property
    def untracked_models(self) -> tuple[Place, ...]:
        """In a commit: the files that declare a mapped class and that git does not know; raises Unavailable."""
        repository = self.scene.repository
        untracked = repository.unstaged().untracked if self.scene.staged and repository else ()
        if not untracked:
            return ()
        with self.failures():
            declaring = {file for database in self.databases for file in database.declaring_files}
        places = {relative_place(file, None, self.scene.root) for file in declaring}
        return tuple(sorted(place for place in places if place and place.path in untracked))

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turns what stops the guest or a shadow into Unavailable; what is told then is never told from memory."""
        try:
            with named_failures(self.environment.name, self.scene.root, self.settings.deadline):
                yield
        except Unavailable as missing:
            if self.recalled is not None:
                raise NotRemembered(str(missing)) from missing
            raise

    def failed_upgrade(self, failed: FailedRevision) -> FailedUpgrade:
        """A revision that raised, in the check's terms."""
        return FailedUpgrade(
            failed.revision,
            failed.statement,
            failed.message,
            failed.details,
            place_in(failed.details, self.scene.root) or relative_place(failed.path, None, self.scene.root),
            f"{tool(self.environment)} upgrade {failed.revision}",
        )

    def _revision_from(self, answer: Mapping[str, Any]) -> Revision | None:
        place = relative_place(answer["path"], 1, self.scene.root)
        if place is None:
            return None
        return Revision(
            id=answer["id"],
            down=tuple(answer["down"]),
            depends_on=tuple(answer["depends_on"]),
            labels=tuple(answer["labels"]),
            path=place.path,
        )
