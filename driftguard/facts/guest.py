"""Start the guest for one environment, give it shadows, and read catalogs through it."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from posixpath import dirname
from typing import Any, Literal

from driftguard.catalog import CATALOGS
from driftguard.catalog.inspector import from_reflection
from driftguard.config import Settings
from driftguard.errors import DriftguardError
from driftguard.facts.export import version_in
from driftguard.facts.remembered import Keeping, Loan, digest_of, numbered, unnumbered
from driftguard.facts.scene import Live, Scene
from driftguard.facts.unavailable import NotRemembered
from driftguard.git import Repository
from driftguard.probe.answers import Database, Run, ShadowQuestion, question_from, run_from
from driftguard.probe.early import guest_environ
from driftguard.probe.guest_process import Guest, GuestFailed
from driftguard.project import Environment, Interpreter, NoInterpreter, find_interpreter
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Name, Row, Scope
from driftguard.shadow import SHADOWS, Lifetime, NoShadow, Request, Shadows, open_shadows
from driftguard.shadow.request import Rows, Scribe

ATTACH, ATTACHED = "attach", ("folder", "config", "section", "script_location")
"""A guest's first call where nothing of the project has to run, and what of ``load`` it is told."""

_ROLE = re.compile(r'role "(?P<name>.+)" does not exist')

EXAMPLE_PYTHON = '".venv/bin/python"'
READ = (".py", ".sql", ".ini", ".cfg", ".toml", ".json", ".yaml", ".yml", ".env", ".flaskenv")
"""How the names of files end that a project reads while it is loaded; a tracked database file is too much to send."""


Step = tuple[Literal["down", "up"], str]
"""One revision, undone or run."""


class Probe:
    """The guest of one environment, with the shadows that it was given."""

    def __init__(
        self,
        guest: Guest,
        interpreter: Interpreter,
        shadow_setting: str,
        cache_folder: Path,
        stack: ExitStack,
        live_version: str = "",
        entry: str = "load",
        *,
        privileges: bool = False,
        lifetime: Lifetime | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.privileges = privileges
        """Whether owners and privileges are to be read too."""

        self._entry = entry
        self._guest = guest
        self._loaded = False
        self._failure: Exception | None = None
        self._setting = shadow_setting
        self._lifetime = lifetime
        self._live_version = live_version
        self._cache_folder = cache_folder
        self._stack = stack
        self._sources: dict[Request, Shadows] = {}
        self._by_live: dict[int, Shadows] = {}
        self._roles: set[tuple[Shadows, str]] = set()
        self._loan: Loan | None = None
        self._will_build = False
        self._to_keep: dict[str, Keeping] = {}
        self._kept: dict[str, str] = {}
        self._proven: dict[str, tuple[Scope, Catalog]] = {}
        self.longest_run = 0.0
        """Seconds."""

    def finish_loading(self) -> None:
        """Wait for what ``open_probe`` began; raises NoInterpreter, NoShadow, GuestFailed, DeadlinePassed."""
        if self._failure is not None:
            raise self._failure
        if not self._loaded:
            try:
                with _usable(self.interpreter):
                    self._guest.finish(self._entry)
            except Exception as failure:
                self._failure = failure
                raise
            self._loaded = True

    def call(self, name: str, **arguments: Any) -> Any:
        """One call of the guest."""
        return self._guest.call(name, **arguments)

    def renew(self, seconds: float) -> None:
        """What is asked from now on has to be answered within ``seconds``."""
        self._guest.renew(seconds)

    @property
    def left(self) -> float:
        """Seconds until what the guest is asked has to be answered."""
        return self._guest.left

    def run(
        self,
        destination: str | tuple[str, ...],
        *,
        compare: bool,
        purpose: str,
        loans: tuple[Loan, ...] = (),
        begin: tuple[str, ...] = (),
        back_to: str | None = None,
        then: tuple[Step, ...] = (),
    ) -> Run:
        """Run env.py on new shadows up to ``destination`` ("heads" or revision ids), and down again to ``back_to``.

        ``then``: single steps after that.
        ``loans``: each gives shadows that may hold a beginning already; the next one is taken where that fails.
        ``begin``: everything up to these revisions runs before anything else does; such a shadow is not kept.
        """
        self._needs_environment()
        asked = {
            "destination": destination,
            "begin": begin,
            "compare": compare,
            "purpose": purpose,
            "back_to": back_to,
            "then": then,
        }
        self._will_build = compare
        run = self._run_once(asked, loans)
        while self.privileges and (role := _missing_role(run)) and self.make_roles([role]):
            run = self._run_once(asked)  # what may name roles of live is no snapshot's beginning
        return run

    def make_roles(self, names: Iterable[str]) -> bool:
        """Whether the servers where shadows lie have roles now that they lacked."""
        new = {(source, name) for source in self._sources.values() for name in names} - self._roles
        self._roles |= new
        made = [source.make_role(name) for source, name in new]
        return any(made)

    def _run_once(self, asked: Mapping[str, Any], loans: tuple[Loan, ...] = ()) -> Run:
        for self._loan in (*loans, None):
            began = time.monotonic()
            run = run_from(self.call("run", **asked))
            self.longest_run = max(self.longest_run, time.monotonic() - began)
            if self._loan is None or not self._loan.has_failed(run):
                break
            for url, given in self._loan.shadows.items():
                self.release(given.live, given.dialect, url)
        if self._loan is not None:
            self._to_keep |= self._loan.close(run)
            self._kept |= self._loan.kept(run)
        self._loan = None
        return run

    def answer(self, question: str, arguments: Mapping[str, Any]) -> Any:
        """``shadow``: the URL of a new one. ``transcribes``: whether all that is sent to it has to be written down.

        ``remembered``: what the guest has to look at before it goes on with it.
        """
        if question == "remembered":
            return self._loan.terms() if self._loan else None
        if question == "transcribes":
            scribe = self._by_live[arguments["live"]].scribe
            return self._loan is not None and scribe is not None and scribe.transcribes
        assert question == "shadow", question
        asked = question_from(arguments)
        try:
            source = self._by_live[asked.live] = self._source(asked)
            url = self._loan.shadow(source, asked, self._prove) if self._loan else numbered(source.create(), asked.live)
            if self._will_build:
                with suppress(DriftguardError):  # told when it is asked for
                    source.expect()
            return self._empty(url, asked.dialect)
        except NoShadow:
            raise
        except DriftguardError as error:  # what the server said to one of the statements
            raise NoShadow(f"a shadow database could not be made: {error.message}", error.hint) from error

    def _prove(self, url: str, dialect: str, scope: Scope, scribe: Scribe) -> str:
        """The digest of what was built anew; it need not be read again as long as nothing is done to it."""
        scope = scope._replace(privileges=self.privileges)
        with self.session(url, dialect) as session:
            catalog = self.read(session, dialect, scope)
            digest = digest_of(catalog, scribe.contents(partial(self.query, session)))
        self._proven[url] = scope, catalog
        return digest

    def another_shadow(self, live: int, dialect: str) -> str:
        """One more empty shadow of the kind that stands for a live address."""
        self._needs_environment()
        return self._empty(numbered(self._by_live[live].create(), live), dialect)

    def _needs_environment(self) -> None:
        if self._entry == ATTACH:
            raise NotRemembered("something has to be run")

    def take(self, url: str) -> None:
        """A shadow is about to be changed, so that it must not be kept as what the revisions built."""
        self._to_keep.pop(url, None)
        self._kept.pop(url, None)

    def kept_as(self, url: str) -> str:
        """The name under which this very shadow was kept and lent; "" for all others."""
        return self._kept.get(url, "")

    def release(self, live: int, dialect: str, url: str) -> None:
        """Drop a shadow that has been read, or keep it; the one database that a setting named is emptied instead.

        What cannot be dropped, because its server has gone, is dropped by a later run.
        """
        if (keeping := self._to_keep.pop(url, None)) is not None:
            with suppress(DriftguardError):
                keeping.keep(self._by_live[live], url, live)
            return
        if dialect not in SHADOWS:
            self.call("drop_tables", url=url)
        with suppress(DriftguardError):
            self._by_live[live].drop(unnumbered(url, live))

    def prepare(self) -> None:
        """Make shadows ahead, for the next guest of this process."""
        for source in self._sources.values():
            with suppress(DriftguardError, GuestFailed):
                source.prepare()

    def _empty(self, url: str, dialect: str) -> str:
        """The URL of a shadow; refuses a database that a setting named if there is anything in it."""
        held: list[str] = [] if dialect in SHADOWS else self.call("tables", url=url)
        if held:
            raise NoShadow(
                f"the database that the setting shadow names is not empty: it holds {', '.join(held[:5])}",
                "name one that driftguard may fill and empty; if a killed run left these tables, drop them",
            )
        return url

    def catalog(self, url: str, dialect: str, scope: Scope) -> Catalog:
        """Everything in ``scope`` that the database at ``url`` holds."""
        if self.kept_as(url) and self._proven.get(url, ())[:1] == (scope,):
            return self._proven[url][1]
        with self.session(url, dialect) as session:
            catalog = self.read(session, dialect, scope)
            if (keeping := self._to_keep.get(url)) is not None:
                keeping.note(url, scope, catalog, partial(self.query, session))
        return catalog

    @contextmanager
    def session(self, url: str, dialect: str) -> Iterator[int]:
        """A read-only session, by number."""
        module = CATALOGS.get(dialect)
        session = self.call("open", url=url, statements=module.SESSION if module else ())
        try:
            yield session
        finally:
            self.call("close", session=session)

    def stamp(self, session: int, database: Database) -> tuple[str, ...] | None:
        """The revisions in the version table, sorted; None where there is no such table."""
        found = self.call("stamp", session=session, table=database.version_table, schema=database.version_table_schema)
        return None if found is None else tuple(found)

    def read(self, session: int, dialect: str, scope: Scope) -> Catalog:
        """The catalog that an open session sees."""
        module = CATALOGS.get(dialect)
        if module is None:
            schemas = [""] if scope.schemas is None else sorted(scope.schemas)
            everything = from_reflection(self.call("reflect", session=session, schemas=schemas))
            return select.without(everything, select.inside(scope.left_out))
        with _InTurn(self._guest, session, module.IN_TURN) as query:
            return module.read(query, scope)

    def query(self, session: int, statement: str) -> list[Row]:
        """The rows of one statement in an open session."""
        rows: list[Row] = self.call("query", session=session, statement=statement)
        return rows

    def execute_on_live(self, live: int, statements: tuple[str, ...]) -> None:
        """Run statements on a live database, all or none of them: for what a user has asked for by name."""
        self.call("execute_on_live", url=f"@{live}", statements=statements)

    def order(self, session: int, dialect: str) -> Mapping[Name, int]:
        """Each column's place in its table, as an open session sees it; nothing for dialects that tell none."""
        module = CATALOGS.get(dialect)
        return module.order(partial(self.query, session)) if module else {}

    def _source(self, asked: ShadowQuestion) -> Shadows:
        # Only a live server that answered can lend room for its own shadows.
        live_host = asked.address.host if asked.version else ""
        version = asked.version or (self._live_version if asked.dialect == "postgresql" else "")
        request = Request(asked.dialect, asked.driver, self._setting, version, live_host, self._lifetime)
        if request not in self._sources:
            execute = _Execute(self._guest, asked.live)
            opened = open_shadows(request, execute, cache_folder=self._cache_folder)
            self._sources[request] = self._stack.enter_context(opened)
        return self._sources[request]


class _Execute:
    """As ``Execute``, for shadows of one live address."""

    def __init__(self, guest: Guest, live: int) -> None:
        self._guest = guest
        self._live = live

    def __call__(self, url: str, statements: tuple[str, ...]) -> Rows:
        rows: Rows = self._call("execute", url=numbered(url, self._live), statements=statements)
        return rows

    def begin(self, url: str, statements: tuple[str, ...]) -> Callable[[], object]:
        number = self._call("begin_executing", url=numbered(url, self._live), statements=statements)
        return lambda: self._call("finish_executing", number=number)

    def _call(self, name: str, **arguments: Any) -> Any:
        try:
            return self._guest.call(name, **arguments)
        except GuestFailed as error:
            raise DriftguardError(error.message) from error


class _InTurn:
    """The queries of a session. Those ``in_turn`` are begun before their turn: the rows of one are looked at meanwhile.

    Begun after the answer to the one before, while the guest listens, so that neither waits for the other. What was
    begun is waited for on leaving, as the guest answers in order; not by who was interrupted.
    """

    def __init__(self, guest: Guest, session: int, in_turn: tuple[str, ...]) -> None:
        self._guest = guest
        self._session = session
        self._following = dict(pairwise(in_turn))
        self._begun = ""

    def __call__(self, statement: str) -> list[Row]:
        if statement != self._begun:
            self._drop()
            self._begin(statement)
        self._begun = ""
        rows: list[Row] = self._guest.finish("query")
        if following := self._following.get(statement):
            self._begin(following)
        return rows

    def __enter__(self) -> _InTurn:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self._drop()

    def _begin(self, statement: str) -> None:
        self._guest.begin("query", session=self._session, statement=statement)
        self._begun = statement

    def _drop(self) -> None:
        if self._begun:
            self._begun = ""
            with suppress(GuestFailed):
                self._guest.finish("query")


def _missing_role(run: Run) -> str:
    """The role that a revision, or env.py, wanted and the server does not have; "" if that is not what stopped it."""
    messages = [each.failure.message for each in run.databases if each.failure]
    messages += [run.error.message] if run.error else []
    found = next((found for each in messages if (found := _ROLE.search(each))), None)
    return found["name"] if found else ""


@contextmanager
def open_probe(
    scene: Scene,
    environment: Environment,
    interpreter: Interpreter | None = None,
    lives: Sequence[Mapping[str, Any]] | None = None,
) -> Iterator[Probe]:
    """A guest that begins to load ``environment``; raises NoInterpreter, GuestFailed, DeadlinePassed.

    ``interpreter``: the project's, where it was found before. ``lives``: in place of that, the guest reaches these live
    databases, by what an earlier one said of them, and can run nothing.
    """
    settings = scene.settings.for_environment(environment.name)
    interpreter = interpreter or find_interpreter(
        scene.home,
        environment,
        settings,
        scene.environ,
        main_worktree=scene.repository.main_work_tree if scene.repository else None,
    )
    probes: list[Probe] = []

    def answer(question: str, arguments: Mapping[str, Any]) -> Any:
        return probes[0].answer(question, arguments)

    folder, what = scene.root / environment.folder, _what_to_load(scene, environment, settings)
    entry = "load" if lives is None else ATTACH
    if lives is not None:
        what = {**{name: what[name] for name in ATTACHED}, "lives": lives}
    with ExitStack() as stack:
        # The guest is entered first and so leaves last: shadows are dropped through it.
        started = scene.start(
            interpreter.python,
            cwd=folder if folder.is_dir() else scene.root,
            environ=guest_environ(scene.environ, dict(settings.env)),
            seconds=settings.deadline,
            answer=answer,
        )
        with _usable(interpreter):
            guest = stack.enter_context(started)
        version = version_in(scene.live_of(settings).file)
        probe = Probe(
            guest,
            interpreter,
            settings.shadow,
            scene.cache_folder,
            stack,
            version,
            entry,
            privileges=settings.privileges,
            lifetime=scene.lifetime,
        )
        probes.append(probe)
        guest.begin(entry, **what)
        yield probes[0]


def _what_to_load(scene: Scene, environment: Environment, settings: Settings) -> dict[str, Any]:
    """The arguments of the guest's call ``load``."""
    return {
        "overlay": _overlay(scene, environment),
        "folder": str(scene.root / environment.folder),
        "config": str(scene.root / environment.config) if environment.config else "",
        "section": environment.section,
        "script_location": str(scene.root / environment.script_location),
        "url": _named_url(scene.live_of(settings), settings.shadow),
        "begins_on": settings.begins_on,
        "flask": environment.flask,
        "flask_app": environment.flask_app,
        "x": settings.x,
        "sys_path": [str(scene.root / path) for path in environment.sys_path],
        "probe_live": scene.live_of(settings).is_reachable,
    }


@contextmanager
def _usable(interpreter: Interpreter) -> Iterator[None]:
    """Turns what says that this is not the project's interpreter into NoInterpreter."""
    which = f"{interpreter.python} ({interpreter.source})"
    hint = f"install the project's packages there, or name its interpreter: python = {EXAMPLE_PYTHON}"
    try:
        yield
    except OSError as error:
        raise NoInterpreter(f"{which} cannot be run: {error.strerror}", hint) from error
    except GuestFailed as error:
        if error.kind not in ("interpreter", "packages"):
            raise
        reason = "; ".join((error.message, *error.details[-1:]))
        raise NoInterpreter(f"{which} cannot run the project: {reason}", hint) from error


def _named_url(live: Live, shadow: str) -> str:
    """What the user named tells the kind of database where a config leaves it to a program; "" if nothing does."""
    return next((url for url in (live.url, shadow) if "://" in url), "")


def _overlay(scene: Scene, environment: Environment) -> dict[str, Any]:
    if not scene.staged or scene.repository is None:
        return {"replaced": {}, "absent": []}
    return staged_overlay(scene.repository, scene, environment)


def staged_overlay(repository: Repository, scene: Scene, environment: Environment) -> dict[str, Any]:
    """Staged contents of files that differ in the working tree; untracked revision files are absent."""
    changes = repository.unstaged()
    contents = scene.tree.read_many(path for path in (*changes.modified, *changes.deleted) if path.endswith(READ))
    absent = [path for path in changes.untracked if is_revision_file(path, environment)]
    return {
        "replaced": {str(scene.root / path): base64.b64encode(content).decode() for path, content in contents.items()},
        "absent": [str(scene.root / path) for path in absent],
    }


def is_revision_file(path: str, environment: Environment) -> bool:
    """Whether a path lies where an environment looks for its revisions."""
    folder = dirname(path)
    below = any(folder == each or folder.startswith(f"{each}/") for each in environment.version_locations)
    return path.endswith(".py") and (below if environment.recursive else folder in environment.version_locations)
