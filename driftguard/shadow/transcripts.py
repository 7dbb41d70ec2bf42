"""Databases that are built anew from what was once sent to others: nothing but a file stays of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from driftguard.errors import DriftguardError
from driftguard.shadow.errors import CannotRebuild
from driftguard.shadow.kept import Files
from driftguard.shadow.request import Execute, Shadows, Transcript

SUFFIX = ".transcript"
UNHURRIED = "SET synchronous_commit = off"
"""Nobody needs them after a crash."""

FILLED = """
SELECT oid::regclass::text FROM pg_class
WHERE oid >= 16384 AND relkind IN ('r', 'm') AND relpersistence <> 't' AND pg_relation_size(oid) > 0"""
"""The tables that hold rows, or did: some may have been written past what heard the statements."""

BETWEEN = "\n;\n"
"""A statement may end in a comment, or in a semicolon."""

Transactions = list[list[str]]


class Transcribed:
    """A source that keeps nothing, and transcripts in its stead.

    ``one_by_one``: each statement is sent by itself, for drivers that send no more at once.
    """

    keeps = rebuilds = True

    def __init__(self, source: Shadows, execute: Execute, kept: Path, *, one_by_one: bool) -> None:
        self.version = source.version
        self.place = f"{source.version} transcript"
        self._source = source
        self._execute = execute
        self._one_by_one = one_by_one
        self._kept = Files(kept, SUFFIX)
        self._lent: dict[str, Transactions] = {}

    def create(self) -> str:
        """The URL of a new empty database."""
        return self._source.create()

    def expect(self) -> None:
        """As the source expects it."""
        self._source.expect()

    def drop(self, url: str) -> None:
        """As the source drops it."""
        self._lent.pop(url, None)
        self._source.drop(url)

    def keep(self, url: str, name: str, transcript: Transcript = ()) -> int:
        """The transcript is added to that of the one that was lent."""
        content = json.dumps([*self._lent.get(url, []), *transcript]).encode()
        self.drop(url)
        if not transcript:
            return 0
        try:
            self._kept.write(name, content)
        except OSError:
            return 0
        return len(content)

    def lend(self, name: str) -> str | None:
        """Raises CannotRebuild where the server refuses a statement now."""
        content = self._kept.read(name)
        if content is None:
            return None
        transactions: Transactions = json.loads(bytes(content))
        url = self.create()
        try:
            self._execute(url, (UNHURRIED, *self._statements(transactions)))
        except DriftguardError as error:
            self.drop(url)
            raise CannotRebuild(error.message) from error
        self._lent[url] = transactions
        return url

    def forget(self, known: Collection[str]) -> None:
        """With the drafts of processes that are gone."""
        self._kept.forget(known)

    def prepare(self) -> None:
        """As the source prepares."""
        self._source.prepare()

    def make_role(self, name: str) -> bool:
        """As the source makes it."""
        return self._source.make_role(name)

    def _statements(self, transactions: Transactions) -> Iterator[str]:
        """Several that are sent at once are one transaction."""
        for statements in transactions:
            if not self._one_by_one:
                yield BETWEEN.join(statements)
            elif len(statements) == 1:
                yield from statements
            else:
                yield from ("BEGIN", *statements, "COMMIT")
