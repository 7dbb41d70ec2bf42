"""What holds SQL of the user's: views, triggers, routines and events, from rows to objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from driftguard.catalog.mysql.quoting import quote, shown, without_schema
from driftguard.catalog.mysql.spelling import fold_type
from driftguard.schema.catalog import Name, Object, make_object

Text = tuple[str, ...]


def hidden_kinds(views: Iterable[Text], routines: Iterable[Text]) -> dict[str, str]:
    """Kinds of which this user sees names but not texts, each with the privilege to ask for."""
    view_kinds = {"view": "SHOW VIEW"} if any(not row[2] for row in views) else {}
    return view_kinds | {row[1].lower(): "SELECT on mysql.proc (MySQL: SHOW_ROUTINE)" for row in routines if not row[4]}


def views(rows: Iterable[Text], columns: Iterable[Text], database: str) -> Iterator[Object]:
    """Views; their definers are matters of the server.

    ``columns``: rows of ``information_schema.columns`` where a definition does not tell the view's columns (MySQL).
    """
    columns_of: dict[Text, list[str]] = defaultdict(list)
    for row in columns:
        columns_of[row[:2]].append(shown(row[2]))
    for schema, name, definition, check, security, algorithm in rows:
        yield make_object(
            Name("view", schema, "", name),
            {
                "columns": ", ".join(columns_of[schema, name]) or None,
                "definition": without_schema(definition, database),
                "check option": None if check == "NONE" else check.lower(),
                "security": None if security == "DEFINER" else security.lower(),
                "algorithm": None if algorithm == "UNDEFINED" else algorithm.lower(),
            },
        )


def triggers(rows: Iterable[Text]) -> Iterator[Object]:
    """Triggers; their definers and the SQL modes they were made under are matters of the server."""
    for schema, table, name, timing, event, statement in rows:
        yield make_object(
            Name("trigger", schema, table, name),
            {"timing": f"{timing} {event}".lower(), "definition": statement},
        )


def routines(rows: Iterable[Text], parameters: Iterable[Text]) -> Iterator[Object]:
    """Functions and procedures."""
    declared: dict[Text, list[str]] = defaultdict(list)
    for *key, mode, name, parameter_type in parameters:
        direction = f"{mode} " if key[1] == "PROCEDURE" else ""
        declared[tuple(key)].append(f"{direction}{quote(name)} {fold_type(parameter_type)}")
    for schema, kind, name, returns, definition, deterministic, access, security, comment in rows:
        yield make_object(
            Name(kind.lower(), schema, "", name),
            {
                "parameters": ", ".join(declared[schema, kind, name]),
                "returns": fold_type(returns) if returns else None,
                "definition": definition,
                "deterministic": deterministic.lower(),
                "data access": access.lower(),
                "security": security.lower(),
                "comment": comment or None,
            },
        )


def events(rows: Iterable[Text]) -> Iterator[Object]:
    """Events. When one starts is left out: nobody who writes none gets the same moment twice."""
    for schema, name, kind, value, field, ends, status, completion, comment, definition in rows:
        yield make_object(
            Name("event", schema, "", name),
            {
                "schedule": f"every {value} {field}".lower() if kind == "RECURRING" else "once",
                "ends": ends or None,
                "status": "disabled" if status == "DISABLED" else "enabled",
                "on completion": completion.lower(),
                "comment": comment or None,
                "definition": definition,
            },
        )
