"""File and line of the tables, columns, indexes and constraints of the models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from driftguard.models.declared import (
    Declaration,
    column_line,
    declares_table,
    derived_line,
    named_line,
    wraps_table,
)
from driftguard.models.parse import Lookup, Module, keyword_value, named_argument, parse, text_of
from driftguard.schema.operations import ClassSource, ModelSources, TableSource

Read = Callable[[str], str | None]
"""The text of a file by its absolute path; None if it cannot be read."""


class SourcePlace(NamedTuple):
    """An absolute path and a 1-based line."""

    file: str
    line: int


class _Site(NamedTuple):
    """One class or ``Table(...)`` call that declares (a part of) a table."""

    file: str
    module: Module
    node: Declaration
    attributes: dict[str, str]


def locate(sources: ModelSources, read: Read) -> Locator:
    """A locator over the given sources; files are read and parsed when first needed, and once."""
    return Locator(sources, read)


class Locator:
    """Answers where something of the models stands; None where the source does not show it."""

    def __init__(self, sources: ModelSources, read: Read) -> None:
        self._sources = sources
        self._read = read
        self._texts: dict[str, str] = {}
        self._modules: dict[str, Module | None] = {}
        self._constants: dict[str, str | None] = {}
        self._found: dict[tuple[str, str], tuple[_Site, ...]] = {}

    def table(self, schema: str, table: str) -> SourcePlace | None:
        """The line of the class, or of the Core ``Table(...)`` call."""
        sites = self._sites(schema, table)
        return SourcePlace(sites[0].file, sites[0].node.lineno) if sites else None

    def column(self, schema: str, table: str, column: str) -> SourcePlace | None:
        """The line that declares a column: in the class, a base, a mixin, or the ``Table(...)`` call."""
        for site in self._sites(schema, table):
            lookup = self._lookup(site.module)
            line = column_line(site.module, site.node, column, site.attributes.get(column), lookup)
            if line is not None:
                return SourcePlace(site.file, line)
        return None

    def named(self, schema: str, table: str, name: str) -> SourcePlace | None:
        """The line of an index or constraint.

        Where the name is spelled, else the column or constraint that a naming convention derived it from,
        else the table.
        """
        for search in (self._spelled, self._spelled_beside, self._derived):
            for site in self._sites(schema, table):
                line = search(site, name)
                if line is not None:
                    return SourcePlace(site.file, line)
        return self.table(schema, table)

    def find(self, schema: str, table: str, name: str) -> SourcePlace | None:
        """The best place for an object of a table: a column, else an index or constraint, else the table.

        ``name`` is "" for the table itself.
        """
        if not name:
            return self.table(schema, table)
        return self.column(schema, table, name) or self.named(schema, table, name)

    def _spelled(self, site: _Site, name: str) -> int | None:
        return named_line(site.module, site.node, name, self._lookup(site.module))

    def _spelled_beside(self, site: _Site, name: str) -> int | None:
        """``Index("ix_students_email", Student.email)`` may stand below the class."""
        return named_line(site.module, site.module.tree, name, self._lookup(site.module))

    def _derived(self, site: _Site, name: str) -> int | None:
        return derived_line(site.module, site.node, name, self._lookup(site.module))

    def _sites(self, schema: str, table: str) -> tuple[_Site, ...]:
        if (schema, table) not in self._found:
            self._found[schema, table] = tuple(self._search(schema, table))
        return self._found[schema, table]

    def _search(self, schema: str, table: str) -> Iterator[_Site]:
        """Most telling first: the classes, unless they are mapped from outside onto a Core table."""
        classes = [site for each in self._table_sources(schema, table) for site in self._class_sites(each)]
        nodes = [(site.module, site.node) for site in classes]
        declarative = any(declares_table(module, node) for module, node in nodes)
        if declarative and not any(wraps_table(node) for _, node in nodes):
            yield from classes
            return
        calls = tuple(self._call_sites(schema, table))
        yield from (*classes, *calls) if declarative else (*calls, *classes)

    def _table_sources(self, schema: str, table: str) -> tuple[TableSource, ...]:
        return tuple(each for each in self._sources.tables if (each.schema, each.table) == (schema, table))

    def _class_sites(self, source: TableSource) -> Iterator[_Site]:
        attributes = {column: name for each in reversed(source.classes) for column, name in each.attributes}
        for each in source.classes:
            yield from self._class_site(each, attributes)

    def _class_site(self, source: ClassSource, attributes: dict[str, str]) -> Iterator[_Site]:
        module = self._module(source.file)
        node = module.classes.get(source.qualname) if module else None
        if module and node:
            yield _Site(source.file, module, node, attributes)

    def _call_sites(self, schema: str, table: str) -> Iterator[_Site]:
        """The ``Table(...)`` calls of that name, of another schema only if none spells this one."""
        named = []
        for file in self._sources.files:
            module = self._module(file) if re.search("Table|Column", self._text(file)) else None
            if module is None:
                continue
            lookup = self._lookup(module)
            for call in module.tables:
                if named_argument(call, lookup) == table:
                    spelled = text_of(keyword_value(call, "schema"), lookup) or ""
                    named.append((spelled, _Site(file, module, call, {})))
        exact = [site for spelled, site in named if spelled == schema]
        # A schema may also come from the MetaData or from a setting that only exists at run time.
        yield from exact or (site for spelled, site in named if not spelled)

    def _lookup(self, module: Module) -> Lookup:
        """Constants as one file sees them: its own, else those that exactly one text in all files has."""

        def lookup(name: str) -> str | None:
            return module.constants.get(name) or self._shared_constant(module.aliases.get(name, name))

        return lookup

    def _shared_constant(self, name: str) -> str | None:
        if name not in self._constants:
            assigned = re.compile(rf"^\s*{re.escape(name)}\s*(:[^=\n]*)?=", re.MULTILINE)
            modules = [self._module(file) for file in self._sources.files if assigned.search(self._text(file))]
            texts = {module.constants[name] for module in modules if module and name in module.constants}
            self._constants[name] = texts.pop() if len(texts) == 1 else None
        return self._constants[name]

    def _module(self, file: str) -> Module | None:
        if file not in self._modules:
            self._modules[file] = parse(self._text(file))
        return self._modules[file]

    def _text(self, file: str) -> str:
        if file not in self._texts:
            self._texts[file] = self._read(file) or ""
        return self._texts[file]
