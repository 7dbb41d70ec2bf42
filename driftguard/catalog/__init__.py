"""The catalog readers, one module per kind of server; other dialects are read through ``inspector``."""

from __future__ import annotations

from typing import Protocol

from driftguard.catalog import mysql, postgresql, sqlite
from driftguard.schema.catalog import Catalog, Query, Scope
from driftguard.schema.diff import Difference


class CatalogModule(Protocol):
    """What a module of this folder offers."""

    @property
    def SESSION(self) -> tuple[str, ...]:  # noqa: N802
        """Statements that open one read-only, consistent transaction; run before the first query."""

    def read(self, query: Query, scope: Scope) -> Catalog:
        """The catalog of what ``scope`` holds; raises what the driver raises."""

    def restore(self, difference: Difference, was: Catalog) -> tuple[str, ...]:
        """The statements that bring a database back to ``was``; () where none can be offered."""


CATALOGS: dict[str, CatalogModule] = {
    "mariadb": mysql,
    "mysql": mysql,
    "postgresql": postgresql,
    "sqlite": sqlite,
}
