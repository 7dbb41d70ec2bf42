"""What is asked of a shadow module and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

# execute(url, statements) runs the statements in autocommit on that SQLAlchemy URL, in the guest, with the project's
# own driver, and returns the last statement's rows. "@live" connects with the arguments that env.py used,
# "@live/NAME" to database NAME of the same server. Raises DriftguardError when the database refuses.
Execute = Callable[[str, tuple[str, ...]], list[list[str | None]]]

LIVE = "@live"


class Request(NamedTuple):
    """The database that needs a shadow.

    ``dialect`` and ``driver`` as in its URL. ``setting``: the setting ``shadow`` ("", "server" or a URL).
    ``version``: the live server's version text if known, else "". ``live_host``: "" if unknown.
    """

    dialect: str
    driver: str
    setting: str = ""
    version: str = ""
    live_host: str = ""


class Shadows(Protocol):
    """A source of new empty databases; what was not dropped is dropped when the source closes."""

    @property
    def version(self) -> str:
        """The server's version text, e.g. "15.18"."""

    def create(self) -> str:
        """The SQLAlchemy URL ("dialect+driver://…" or "@live/NAME") of a new empty database."""

    def drop(self, url: str) -> None:
        """Drop a database that ``create`` made."""


class ShadowModule(Protocol):
    """What each dialect's module offers."""

    def open_shadows(
        self, request: Request, execute: Execute, *, cache_folder: Path
    ) -> AbstractContextManager[Shadows]:
        """Raises ``NoShadow`` on entering."""


def is_loopback(host: str) -> bool:
    """Does the name or address mean this machine? A path means a socket's folder. "" (unknown) does not."""
    return host == "localhost" or host == "::1" or host.startswith(("127.", "/"))
