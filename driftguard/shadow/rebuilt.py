"""Databases that are built anew from what was written of others: nothing but a file stays of them."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from driftguard.errors import DriftguardError
from driftguard.shadow.errors import CannotRebuild
from driftguard.shadow.kept import Files
from driftguard.shadow.request import Execute, Scribe, Script, Shadows


class Rebuilt:
    """A source that keeps nothing, and scripts in its stead.

    ``place``: what tells servers apart where these scripts are concerned.
    """

    keeps = True

    def __init__(self, source: Shadows, scribe: Scribe, execute: Execute, kept: Path, place: str) -> None:
        self.version = source.version
        self.scribe = scribe
        self.place = f"{place} {scribe.kind}"
        self._source = source
        self._execute = execute
        self._kept = Files(kept, f".{scribe.kind}")
        self._lent: dict[str, Script] = {}

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

    def keep(self, url: str, name: str, script: Script = ()) -> int:
        """The script; what was heard since a database was lent is added to what made it."""
        before = self._lent.get(url, ()) if self.scribe.transcribes else ()
        content = json.dumps([*before, *script]).encode()
        self.drop(url)
        if not script:
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
        script: Script = json.loads(bytes(content))
        url = self.create()
        try:
            self._execute(url, tuple(self.scribe.statements(script)))
        except DriftguardError as error:
            self.drop(url)
            raise CannotRebuild(error.message) from error
        self._lent[url] = script
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
