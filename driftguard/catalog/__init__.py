"""The catalog readers, one module per kind of server; other dialects are read through ``inspector``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from driftguard.catalog import mysql, postgresql, sqlite
from driftguard.schema.catalog import Catalog, Query, Row, Scope
from driftguard.schema.diff import Difference


class CatalogModule(Protocol):
    """What a module of this folder offers."""

    @property
    def SESSION(self) -> tuple[str, ...]:  # noqa: N802
        """Statements that open one read-only, consistent transaction; run before the first query."""

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


CATALOGS: dict[str, CatalogModule] = {
    "mariadb": mysql,
    "mysql": mysql,
    "postgresql": postgresql,
    "sqlite": sqlite,
}
