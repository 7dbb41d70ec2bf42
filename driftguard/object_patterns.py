"""Patterns for objects of a live database: ``table:legacy_*``, ``index:*.ix_tmp_*``, ``column:users.tmp_*``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

KINDS = (
    *("access method", "aggregate", "base type", "cast", "check", "collation", "column", "constraint", "conversion"),
    *("domain", "enum", "event", "event trigger", "exclusion", "extension", "foreign data wrapper", "foreign key"),
    *("foreign server", "function", "index", "language", "materialized view", "operator", "operator class"),
    *("operator family", "policy", "primary key", "procedure", "publication", "range", "relation", "rule", "schema"),
    *("sequence", "statistics", "table", "text search configuration", "text search dictionary", "text search parser"),
    *("text search template", "transform", "trigger", "type", "unique", "view", "virtual table"),
)
"""Every kind of object that a catalog may name."""

CATALOG = "pg_"
"""How kinds begin that are called as a catalog of the server, because driftguard knows no better word."""


class ObjectPattern(NamedTuple):
    """``kind`` as in ``KINDS``; ``glob`` as in fnmatch(3), where ``*`` stands for dots too."""

    kind: str
    glob: str

    def fits(self, kind: str, schema: str, table: str, name: str) -> bool:
        """Whether it means the object: by its name alone, with its table's, or with both table's and schema's."""
        spelt = (name, f"{table}.{name}" if table else name, ".".join(filter(None, (schema, table, name))))
        return kind == self.kind and any(fnmatchcase(each, self.glob) for each in spelt)


def is_pattern(word: str) -> bool:
    """Whether a word of ``ignore`` is meant as a pattern; rules have no colon."""
    return ":" in word


def parse(word: str) -> ObjectPattern:
    """The pattern that ``word`` is; ``materialized_view`` and ``materialized-view`` are kinds as well."""
    kind, _, glob = word.partition(":")
    spelt = kind.strip().lower()
    return ObjectPattern(
        spelt if spelt.startswith(CATALOG) else spelt.replace("_", " ").replace("-", " "), glob.strip()
    )


def is_known(pattern: ObjectPattern) -> bool:
    """Whether there are objects of its kind, and it names any."""
    return bool(pattern.glob) and (pattern.kind in KINDS or pattern.kind.startswith(CATALOG))
