"""Facts of one database of an environment: head and models from shadows, and what the metadata's source looks like."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from driftguard.checks.setup import Problem
from driftguard.facts.guest import Probe
from driftguard.facts.readings import Reading
from driftguard.facts.recalled import Learnt, Server
from driftguard.facts.scene import Scene
from driftguard.facts.traceback_place import relative_place
from driftguard.facts.unavailable import NotRemembered, Unavailable, raise_for
from driftguard.findings import Place
from driftguard.models.locate import Locator, locate
from driftguard.probe.answers import Database, Failure, sources_from
from driftguard.probe.guest_process import GuestFailed
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Name, Scope, sharing
from driftguard.schema.operations import ModelSources, Operation

NAMED = 3
"""Objects that a note names."""


class Built(NamedTuple):
    """The models' catalog, or why the models could not be built on a shadow."""

    catalog: Catalog | None
    failure: Failure | None


class DatabaseFacts:
    """Obtained when first asked for, and once.

    ``built``: by the revisions that were replayed, what they build, where these are not all. ``kept``: by name, whether
    env.py's filters let an object through.
    """

    def __init__(self, probe: Probe, database: Database, scene: Scene, env_file: Place) -> None:
        self.database = database
        self.env_file = env_file
        self.built: dict[frozenset[str], Catalog] = {}
        self.kept: dict[Name, bool] = {}
        self._probe = probe
        self._root = scene.root
        self._tree = scene.tree
        self._readings = scene.readings

    @cached_property
    def head(self) -> Catalog:
        """What the whole chain builds; raises Unavailable if env.py rolled it back."""
        return self.replayed(self.database)

    @cached_property
    def models(self) -> Built:
        """What the models build, with the schemas and extensions that head has."""
        try:
            url = self.build_models()
        except GuestFailed as error:
            return Built(None, Failure(error.message, error.details))
        return Built(sharing(self.catalog_once(url), self.head), None)

    @cached_property
    def names_in_models(self) -> frozenset[Name]:
        """The objects that the models build; none where they cannot be built."""
        catalog = self.models.catalog
        return frozenset(item.name for item in catalog.objects) if catalog else frozenset()

    @property
    def known_names(self) -> frozenset[Name] | None:
        """The objects that the models build; None if nobody has asked for the models."""
        return self.names_in_models if "models" in self.__dict__ else None

    def build_models(self) -> str:
        """The URL of a shadow with the models' tables; raises GuestFailed."""
        url = self._probe.another_shadow(self.database.live, self.database.dialect)
        self._probe.call("build_models", number=self.database.number, url=url, statements=self._preparations())
        return url

    @property
    def notes(self) -> tuple[str, ...]:
        """What cannot be told about models and head, in the user's words."""
        name, failure = self.database.name or "the database", self.models.failure
        unbuilt = (f"{name}: the models cannot be built on a shadow: {failure.message}",) if failure else ()
        return (*self.head.unread, *unbuilt, *self._passed_over())

    @property
    def compares_nothing(self) -> bool:
        """Whether env.py lets no table of the models through, nor any that the revisions build."""
        known = self.database
        if not known.filtered or not known.heads or known.metadata_tables < 1 or self.models.catalog is None:
            return False
        return not select.tables(self.models.catalog) and not select.tables(self.head)

    def must_compare(self) -> None:
        """Raise Unavailable where nothing is left to compare."""
        if self.compares_nothing:
            problem = Problem(
                self.database.name or "env.py",
                "env.py's include_object and include_name leave out every table, so nothing can be compared",
                help="let them leave out only what is not the models' own",
                place=self.env_file,
            )
            raise Unavailable("DG901", problem)

    def _passed_over(self) -> Iterator[str]:
        """Where autogenerate has nothing to write, though models and head differ: env.py's hooks can make it so."""
        known = self.database
        if known.operations or known.comparison_failure or known.metadata_tables < 1 or self.models.catalog is None:
            return
        apart = select.apart(self.models.catalog, self.head)
        if seen := [str(name) for name in apart if known.include_schemas or not name.schema]:
            listed = f"{', '.join(seen[:NAMED])}{', …' if len(seen) > NAMED else ''}"
            where = known.name or "the database"
            yield f"{where}: models and head differ in {listed}, but env.py has autogenerate write nothing of it"

    @cached_property
    def sources(self) -> ModelSources:
        """Which classes and files declare the tables of the metadata."""
        return sources_from(self._probe.call("sources", number=self.database.number, root=str(self._root)))

    @property
    def declaring_files(self) -> frozenset[str]:
        """Absolute paths of the files with a class that maps a table."""
        return frozenset(each.file for table in self.sources.tables for each in table.classes)

    @cached_property
    def locator(self) -> Locator:
        """Where tables and columns stand in the models."""
        return locate(self.sources, self._read_source)

    def place_of(self, schema: str, table: str, name: str) -> Place | None:
        """The line of a table ("" as name), a column, an index or a constraint in the models."""
        found = self.locator.find(schema, table, name)
        return None if found is None else relative_place(found.file, found.line, self._root)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What autogenerate would write; raises Unavailable if it failed."""
        if self.database.comparison_failure is not None:
            raise_for(self.database.comparison_failure, "autogenerate", self._root)
        return self.database.operations

    def replayed(self, database: Database) -> Catalog:
        """What a run left on its shadow, which is given back; raises Unavailable if it did not last.

        What was kept, lent and left alone is what it was when an earlier look has read it.
        """
        place = (self.env_file, database.number, database is self.database, self.scope())
        kept_as = "" if self._probe.privileges else self._probe.kept_as(database.shadow)  # roles are not the database's
        known = self._readings.get(place, kept_as)
        if known is None:
            known = self._read(database)
            self._readings.keep(place, kept_as, known)
        self.give_back(database.shadow)
        return self.filtered(known.catalog)

    def _read(self, database: Database) -> Reading:
        with self._probe.session(database.shadow, database.dialect) as session:
            stamp = self._probe.stamp(session, database)
        if sorted(stamp or ()) != list(database.heads):
            if database.comparison_failure is not None:  # what failed in autogenerate took the transaction with it
                raise_for(database.comparison_failure, "autogenerate", self._root)
            problem = Problem(
                database.name or "env.py",
                "env.py ends without a commit: everything that the revisions built is rolled back",
                help="end it with connection.commit(), or begin no transaction before context.begin_transaction()",
                place=self.env_file,
            )
            raise Unavailable("DG901", problem)
        return Reading(stamp, self._catalog(database.shadow))

    def catalog_once(self, url: str) -> Catalog:
        """A shadow's catalog without the version table and what env.py leaves out; the shadow is given back."""
        catalog = self._catalog(url)
        self.give_back(url)
        return self.filtered(catalog)

    def _catalog(self, url: str) -> Catalog:
        return self._probe.catalog(url, self.database.dialect, self.scope())

    def give_back(self, url: str) -> None:
        """Drop a shadow that nobody needs any more."""
        self._probe.release(self.database.live, self.database.dialect, url)

    def scope(self, schemas: frozenset[str] | None = None) -> Scope:
        """All schemas, or these; never the environment's own version table."""
        database = self.database
        left_out = frozenset({(database.version_table_schema, database.version_table)})
        return Scope(schemas, left_out, self._probe.privileges)

    @cached_property
    def live_scope(self) -> Scope:
        """What of a live database is compared: only the schemas that head knows, unless env.py takes all."""
        return self.scope(None if self.database.include_schemas else select.schemas(self.head))

    def filtered(self, catalog: Catalog) -> Catalog:
        """The catalog without what env.py's include_name and include_object leave out."""
        if not self.database.filtered:
            return catalog
        asked = [item.name for item in catalog.objects if item.name.kind in select.AUTOGENERATE_KINDS]
        new = [name for name in asked if name not in self.kept]
        self.kept.update(zip(new, self._are_kept(new), strict=True))
        dropped = {name for name in asked if not self.kept[name]}
        tables = frozenset((name.schema, name.name) for name in dropped if name.kind == "table")
        is_inside = select.inside(tables)
        return select.without(catalog, lambda name: name in dropped or is_inside(name))

    def confirm(self, live: Catalog) -> None:
        """Raises NotRemembered where something else would have been built for this live database."""

    def _are_kept(self, names: list[Name]) -> list[bool]:
        words = [_in_alembics_words(name) for name in names]
        answers: list[bool] = self._probe.call("keep", number=self.database.number, objects=words) if words else []
        return answers

    def _read_source(self, file: str) -> str | None:
        """As the guest saw it; files that git does not know are read where they lie."""
        place = relative_place(file, None, self._root)
        content = self._tree.read(place.path) if place else None
        try:
            return (Path(file).read_bytes() if content is None else content).decode("utf-8", "replace")
        except OSError:
            return None

    def _preparations(self) -> list[str]:
        wanted = self._probe.call("schemas", number=self.database.number)
        if self.database.dialect == "sqlite":
            return []
        extensions = [item.name.name for item in select.of_kind(self.head, "extension")]
        return [
            *(f"CREATE SCHEMA IF NOT EXISTS {self._quoted(schema)}" for schema in wanted),
            *(f"CREATE EXTENSION IF NOT EXISTS {self._quoted(name)} CASCADE" for name in extensions),
        ]

    def _quoted(self, name: str) -> str:
        mark = "`" if self.database.dialect in ("mysql", "mariadb") else '"'
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"


class RememberedDatabase(DatabaseFacts):
    """What was learnt before; raises NotRemembered for anything else."""

    def __init__(self, probe: Probe, learnt: Learnt, scene: Scene, env_file: Place) -> None:
        super().__init__(probe, learnt.database, scene, env_file)
        self.head = learnt.head
        self.built = dict(learnt.built)
        self.kept = dict(learnt.kept)
        self._learnt = learnt

    @property
    def names_in_models(self) -> frozenset[Name]:
        """The objects that the models build."""
        if self._learnt.in_models is None:
            raise NotRemembered("the models were not built")
        return self._learnt.in_models

    def confirm(self, live: Catalog) -> None:
        """Raises NotRemembered where it is on another server than the one that the replay was made for."""
        if server_of(live) != self._learnt.server:
            raise NotRemembered("the live server is another one")

    def _are_kept(self, names: list[Name]) -> list[bool]:
        if names:
            raise NotRemembered("env.py's filters were not asked of everything")
        return []


def server_of(live: Catalog) -> Server:
    """What a replay may depend on of the live server."""
    return Server(live.version, live.extensions)


def _in_alembics_words(name: Name) -> tuple[str, str, str, str]:
    return (select.AUTOGENERATE_KINDS[name.kind], name.name, name.schema, name.table)
