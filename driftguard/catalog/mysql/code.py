"""What holds SQL of the user's: views, triggers, routines and events, from rows to objects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from driftguard.catalog.mysql.quoting import quote, without_schema
from driftguard.catalog.mysql.spelling import fold_type
from driftguard.schema.catalog import Name, Object, make_object

Text = tuple[str, ...]

_IDENTIFIER = r"`(?:[^`]|``)*`"
_VIEW = re.compile(
    rf"CREATE (?:ALGORITHM=(?P<algorithm>\w+) )?(?:DEFINER=.+? )?(?:SQL SECURITY (?P<security>\w+) )?"
    rf"VIEW (?:{_IDENTIFIER}\.)?{_IDENTIFIER} (?:AS )?(?P<definition>.*)",
    re.DOTALL,
)


def hidden_kinds(views: Iterable[Text], routines: Iterable[Text]) -> dict[str, str]:
    """Kinds of which this user sees names but not texts, each with the privilege to ask for."""
    view_kinds = {"view": "SHOW VIEW"} if any(row[2] != "1" for row in views) else {}
    return view_kinds | {row[1].lower(): "SELECT on mysql.proc (MySQL: SHOW_ROUTINE)" for row in routines if not row[4]}


def view(row: Text, created: str, database: str) -> Object:
    """A view from its ``SHOW CREATE VIEW``; its definer is a matter of rights."""
    match = _VIEW.match(created)
    algorithm, security, definition = match.groups() if match else (None, None, created)
    return make_object(
        Name("view", row[0], "", row[1]),
        {
            "definition": without_schema(definition, database),
            "algorithm": None if algorithm == "UNDEFINED" or not algorithm else algorithm.lower(),
            "security": None if security == "DEFINER" or not security else security.lower(),
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
