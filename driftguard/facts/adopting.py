"""A hand-made change as the text of a revision, and whether that revision does what it should."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.schema.catalog import Catalog
from driftguard.schema.diff import Difference, diff
from driftguard.schema.roles import as_run_by

COPIES_TABLES = "PRAGMA legacy_alter_table = ON"
"""Stands among the statements where SQLite drops a table whose rows have been copied into another."""

WITHOUT_FOREIGN_KEYS = (
    "connection = op.get_bind()",
    'connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # to drop a table would delete what refers to its rows',
    'if connection.exec_driver_sql("PRAGMA foreign_keys").scalar():',
    '    raise RuntimeError("foreign keys are enforced in a transaction that has begun: run this revision by itself")',
)

# What sqlalchemy.text() takes for a parameter, and for one that is none.
_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")


def lines(statements: Sequence[str]) -> Iterator[str]:
    """The body of upgrade() or downgrade()."""
    if any(each.startswith(COPIES_TABLES) for each in statements):
        yield from WITHOUT_FOREIGN_KEYS
    for each in statements:
        yield f"op.execute({_literal(_escaped(each.rstrip().removesuffix(';')))})"


def _escaped(statement: str) -> str:
    """As op.execute() needs it, which makes an sqlalchemy.text() of it."""
    return _PARAMETER.sub(r"\\:", statement)


def _literal(text: str) -> str:
    """As a Python string, in double quotes where it can be."""
    if "\n" in text:
        inside = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        return f'"""{inside}{"" if not inside.endswith(chr(34)) else chr(10)}"""'
    quoted = repr(text)
    if quoted.startswith("'") and '"' not in quoted:
        return f'"{quoted[1:-1]}"'
    return quoted


def missed_by_upgrade(database: DatabaseFacts, live: Catalog) -> tuple[Difference, ...]:
    """What the new head still lacks of the live database, or has too much; raises Unavailable."""
    return diff(live, as_run_by(database.head, live.role))


def missed_by_downgrade(
    environment: EnvironmentFacts, database: DatabaseFacts, parent: str, expected: Catalog
) -> tuple[Difference, ...] | str:
    """What is not as it was before once the revision was run and undone, or why it cannot be; raises Unavailable."""
    with environment.failures():
        run = environment.probe.run("heads", compare=False, purpose="downgrade", back_to=parent)
        number = database.database.number
        if run.error is not None or len(run.databases) <= number:
            return run.error.message if run.error else "env.py left the database out"
        if (failure := run.databases[number].failure) is not None:
            return failure.message
        return diff(expected, as_run_by(database.replayed(run.databases[number]), expected.role))
