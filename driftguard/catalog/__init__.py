"""The catalog readers, one module per kind of server; other dialects are read through ``inspector``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast

from driftguard.schema.catalog import Catalog, Name, Query, Row, Scope
from driftguard.schema.diff import Difference
from driftguard.schema.plan import Manner, Step


class CatalogModule(Protocol):
    """What a module of this folder offers."""

    @property
    def SESSION(self) -> tuple[str, ...]:  # noqa: N802
        """Statements that open one read-only, consistent transaction; run before the first query."""

    @property
    def IN_TURN(self) -> tuple[str, ...]:  # noqa: N802
        """Queries that ``read`` makes one after the other, whatever comes of them."""

    def read(self, query: Query, scope: Scope) -> Catalog:
        """The catalog of what ``scope`` holds; raises what the driver raises."""

    @property
    def GLANCE(self) -> tuple[str, ...]:  # noqa: N802
        """As ``SESSION``, with shorter timeouts; run before ``quick`` and ``exact``."""

    @property
    def UNDER_WAY(self) -> str:  # noqa: N802
        """A query for rows (schema, table) of what other sessions are changing; "" where nothing tells."""

    def quick(self, query: Query, scope: Scope) -> Sequence[Row]:
        """What changes if the schema may have, for the price of a connection; may be some seconds late."""

    def exact(self, query: Query, scope: Scope) -> Sequence[Row]:
        """What changes if the schema does and seldom else, for less than ``read``, or as much."""

    def restore(self, difference: Difference, was: Catalog) -> tuple[str, ...]:
        """The statements that bring a database back to ``was``; () where none can be offered."""

    @property
    def MANNER(self) -> Manner:  # noqa: N802
        """How a database is written to."""

    def order(self, query: Query) -> Mapping[Name, int]:
        """Each column's place in its table."""

    def steps(self, differences: tuple[Difference, ...], now: Catalog, wanted: Catalog) -> Iterator[Step]:
        """What undoes the differences of ``wanted`` and ``now``, in no order."""

    def way_round(self, difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
        """Other statements for a difference that its step does not settle, or not alone; () if there are none."""


MODULES = {"mariadb": "mysql", "mysql": "mysql", "postgresql": "postgresql", "sqlite": "sqlite"}
"""By SQLAlchemy's name of the dialect."""


class Catalogs(Mapping[str, CatalogModule]):
    """Each module is imported when somebody asks for it: few projects have servers of two kinds."""

    def __getitem__(self, dialect: str) -> CatalogModule:
        return cast(CatalogModule, import_module(f"{__name__}.{MODULES[dialect]}"))

    def __contains__(self, dialect: object) -> bool:
        return dialect in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


CATALOGS = Catalogs()
