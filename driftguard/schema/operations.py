"""What autogenerate would write, and where the models stand in the project's source."""

from __future__ import annotations

from typing import NamedTuple


class Operation(NamedTuple):
    """One directive of autogenerate.

    ``action`` is Alembic's name for it (``add_column``), ``name`` the column, index or constraint ("" for a table),
    ``code`` the line it would write; ``facts`` holds texts such as ``type``, ``nullable``, ``columns``, ``changes``.
    """

    action: str
    schema: str
    table: str
    name: str
    code: str
    facts: tuple[tuple[str, str], ...] = ()

    def fact(self, key: str) -> str:
        """The text of one fact, "" where there is none."""
        return dict(self.facts).get(key, "")


class ClassSource(NamedTuple):
    """A class in a project file: absolute path, dotted name, and which attribute stands for which column."""

    file: str
    qualname: str
    attributes: tuple[tuple[str, str], ...] = ()


class TableSource(NamedTuple):
    """The classes that map a table, most derived first, mixins included; none for a Core ``Table(...)``."""

    schema: str
    table: str
    classes: tuple[ClassSource, ...] = ()


class ModelSources(NamedTuple):
    """Where to look for every table of the metadata; ``files`` are the loaded modules below the repository."""

    tables: tuple[TableSource, ...] = ()
    files: tuple[str, ...] = ()
