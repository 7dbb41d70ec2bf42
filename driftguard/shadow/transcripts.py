"""PostgreSQL databases that are built anew from what was once sent to others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from driftguard.schema.catalog import Query, Row
from driftguard.shadow.rebuilt import Rebuilt, Script
from driftguard.shadow.request import Execute, Shadows, Transcript

UNHURRIED = "SET synchronous_commit = off"
"""Nobody needs them after a crash."""

FILLED = """
SELECT oid::regclass::text FROM pg_class
WHERE oid >= 16384 AND relkind IN ('r', 'm') AND relpersistence <> 't' AND pg_relation_size(oid) > 0
ORDER BY 1"""

BETWEEN = "\n;\n"
"""A statement may end in a comment, or in a semicolon."""


class Transcribed(Rebuilt):
    """``one_by_one``: each statement is sent by itself, for drivers that send no more at once."""

    kind = "transcript"
    transcribes = True

    def __init__(self, source: Shadows, execute: Execute, kept: Path, *, one_by_one: bool) -> None:
        super().__init__(source, execute, kept, source.version)
        self._one_by_one = one_by_one

    def contents(self, query: Query) -> Sequence[Row]:
        """The tables that hold rows, or did: some may have been written past what heard the statements."""
        return query(FILLED)

    def _written(self, url: str, transcript: Transcript) -> Script:
        """The transcript is added to that of the one that was lent."""
        return [*self._lent.get(url, []), *map(list, transcript)] if transcript else []

    def _statements(self, script: Script) -> Iterator[str]:
        """Several that are sent at once are one transaction."""
        yield UNHURRIED
        for statements in script:
            if not self._one_by_one:
                yield BETWEEN.join(statements)
            elif len(statements) == 1:
                yield from statements
            else:
                yield from ("BEGIN", *statements, "COMMIT")
