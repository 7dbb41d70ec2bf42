"""Any dialect without a catalog of its own: what SQLAlchemy's Inspector told, as a catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from driftguard.catalog.unnamed import told_apart
from driftguard.schema.catalog import Catalog, Name, Object, make_catalog, make_object

UNREAD = ("domains", "enums", "exclusion constraints", "extensions", "functions", "privileges", "triggers")
"""The kinds that no Inspector reads."""

# Names that Oracle and SQL Server make up for what was given none.
_MADE_UP = re.compile(r"SYS_C\d+|ISEQ\$\$_\d+|(?:PK|UQ|CK|FK|DF)__.*__[0-9A-F]{8,16}", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")

_Entry = Mapping[str, Any]


def from_reflection(data: Mapping[str, Any]) -> Catalog:
    """The catalog of what the guest's ``reflect`` tells, as plain JSON; absent and None mean the same.

    Shape, where every text is a string and every list of columns holds names::

        {"dialect": "oracle", "version": "23.4", "unread": ["table options", …],
         "schemas": [{"name": "" (the default one),
            "tables": [{"name": …, "comment": …, "options": {option: text},
               "columns": [{"name", "type", "nullable": bool, "default", "computed": {"sqltext", "persisted": bool},
                            "identity": {option: text}, "autoincrement": bool, "collation", "comment"}],
               "primary_key": {"name", "columns": […]},
               "foreign_keys": [{"name", "columns": […], "schema", "table", "references": […],
                                 "options": {option: text}}],
               "uniques": [{"name", "columns": […], "options": {option: text}}],
               "checks": [{"name", "expression"}],
               "indexes": [{"name", "columns": […], "expressions": [text, …] (all entries, where one is no column),
                            "unique": bool, "options": {option: text}}]}],
            "views": [{"name", "definition"}], "materialized_views": [{"name", "definition"}],
            "sequences": [name, …]}]}

    ``schema`` of a foreign key is "" for the default one.
    """
    objects = [item for schema in data["schemas"] for item in _schema(schema)]
    return make_catalog(data["dialect"], data["version"], objects, {*UNREAD, *data["unread"]})


def _schema(schema: _Entry) -> Iterator[Object]:
    for table in schema.get("tables", ()):
        yield from _table(schema["name"], table)
    for kind, key in (("view", "views"), ("materialized view", "materialized_views")):
        for view in schema.get(key, ()):
            yield make_object(Name(kind, schema["name"], "", view["name"]), {"definition": view.get("definition")})
    for name in schema.get("sequences", ()):
        if not _MADE_UP.fullmatch(name):
            yield make_object(Name("sequence", schema["name"], "", name), {})


def _table(schema: str, table: _Entry) -> Iterator[Object]:
    name = table["name"]
    yield make_object(Name("table", schema, "", name), {"comment": table.get("comment"), **_options(table)})
    for column in table.get("columns", ()):
        yield make_object(Name("column", schema, name, column["name"]), _column_facts(column))
    yield from told_apart(_constraint(schema, name, kind, facts, given) for kind, given, facts in _constraints(table))
    for index in table.get("indexes", ()):
        entries = ", ".join(index.get("expressions") or ()) or _list(index["columns"])
        facts = {"columns": entries, "unique": _yes_no(index.get("unique")), **_options(index)}
        yield _constraint(schema, name, "index", facts, index.get("name"))


def _column_facts(column: _Entry) -> dict[str, str | None]:
    computed, identity = column.get("computed"), column.get("identity")
    return {
        "type": column["type"],
        "nullable": _yes_no(column.get("nullable", True)),
        "default": column.get("default"),
        "generated": computed and f"({computed['sqltext']}) {'STORED' if computed.get('persisted') else 'VIRTUAL'}",
        "identity": identity and ", ".join(f"{option} {text}" for option, text in sorted(identity.items())),
        "autoincrement": "yes" if column.get("autoincrement") else None,
        "collation": column.get("collation"),
        "comment": column.get("comment"),
    }


def _constraints(table: _Entry) -> Iterator[tuple[str, str | None, dict[str, str | None]]]:
    """Kind, given name and facts of each constraint."""
    key = table.get("primary_key") or {}
    if key.get("columns"):
        yield "primary key", key.get("name"), {"columns": _list(key["columns"])}
    for unique in table.get("uniques", ()):
        yield "unique", unique.get("name"), {"columns": _list(unique["columns"]), **_options(unique)}
    for check in table.get("checks", ()):
        yield "check", check.get("name"), {"expression": check["expression"]}
    for foreign in table.get("foreign_keys", ()):
        target = ".".join(_identifier(part) for part in (foreign.get("schema"), foreign["table"]) if part)
        facts: dict[str, str | None] = {
            "columns": _list(foreign["columns"]),
            "references": f"{target}({_list(foreign['references'])})",
            "on delete": "NO ACTION",
            "on update": "NO ACTION",
        }
        yield "foreign key", foreign.get("name"), facts | _options(foreign)


def _constraint(schema: str, table: str, kind: str, facts: dict[str, str | None], given: str | None) -> Object:
    """A constraint; without a name of the user's own it is called by what it says."""
    if given and not _MADE_UP.fullmatch(given):
        return make_object(Name(kind, schema, table, given), facts)
    said = "primary key" if kind == "primary key" else f"({facts.get('expression') or facts['columns']})"
    target = f" to {facts['references']}" if "references" in facts else ""
    return make_object(Name(kind, schema, table, said + target), facts, anonymous=True)


def _options(entry: _Entry) -> dict[str, str | None]:
    """The options of a table, constraint or index, called as SQL calls them (``on delete``)."""
    named = {"ondelete": "on delete", "onupdate": "on update"}
    options = entry.get("options") or {}
    return {named.get(option, option.replace("_", " ")): text for option, text in options.items()}


def _list(columns: list[str]) -> str:
    return ", ".join(map(_identifier, columns))


def _identifier(name: str) -> str:
    return name if _PLAIN.match(name) else '"' + name.replace('"', '""') + '"'


def _yes_no(value: object) -> str:
    return "yes" if value else "no"
