"""What was sent to a PostgreSQL database makes another one the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftguard.schema.catalog import Query, Row
from driftguard.shadow.request import Script

UNHURRIED = "SET synchronous_commit = off"
"""Nobody needs them after a crash."""

FILLED = """
SELECT oid::regclass::text FROM pg_class
WHERE oid >= 16384 AND relkind IN ('r', 'm') AND relpersistence <> 't' AND pg_relation_size(oid) > 0
ORDER BY 1"""

BETWEEN = "\n;\n"
"""A statement may end in a comment, or in a semicolon."""


class Transcripts:
    """``one_by_one``: each statement is sent by itself, for drivers that send no more at once."""

    kind = "transcript"
    transcribes = True

    def __init__(self, *, one_by_one: bool) -> None:
        self._one_by_one = one_by_one

    def script(self, query: Query, transcript: Script) -> Script:
        """What was heard."""
        return transcript

    def contents(self, query: Query) -> Sequence[Row]:
        """The tables that hold rows, or did: some may have been written past what heard the statements."""
        return query(FILLED)

    def statements(self, script: Script) -> Iterator[str]:
        """Several that are sent at once are one transaction."""
        yield UNHURRIED
        for statements in script:
            if not self._one_by_one:
                yield BETWEEN.join(statements)
            elif len(statements) == 1:
                yield from statements
            else:
                yield from ("BEGIN", *statements, "COMMIT")
