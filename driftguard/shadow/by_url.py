"""A shadow for any dialect: the one database that the setting ``shadow`` names, which must be empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftguard.shadow.errors import NoShadow
from driftguard.shadow.request import Execute, KeepsNothing, Request, Shadows
from driftguard.shadow.urls import url_of_setting


class NamedDatabase(KeepsNothing):
    """Lends the database to one borrower at a time.

    No SQL that every dialect understands tells whether a database is empty, nor empties it. Whoever borrows asks the
    guest's Inspector first, refuses a database that holds anything, and removes what it made before ``drop``.
    """

    version = ""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lent = False

    def create(self) -> str:
        """The database's URL. Raises ``NoShadow`` while it is lent."""
        if self._lent:
            raise NoShadow("the database that the setting shadow names is needed twice at once")
        self._lent = True
        return self._url

    def drop(self, url: str) -> None:
        """Give it back, empty."""
        self._lent = False


@contextmanager
def open_shadows(request: Request, execute: Execute, *, cache_folder: Path) -> Iterator[Shadows]:
    """Raises ``NoShadow`` if the setting names no database of this dialect."""
    if request.setting in ("", "server"):
        raise NoShadow(
            f"driftguard cannot make {request.dialect} databases by itself",
            f'name an empty database that it may fill: shadow = "{request.dialect}://…" in [tool.driftguard]',
        )
    yield NamedDatabase(url_of_setting(request, (request.dialect,), "")(None))
