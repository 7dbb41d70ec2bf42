"""What is asked of a shadow module and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from driftguard.schema.catalog import Query, Row

Rows = list[list[str | None]]


class Execute(Protocol):
    """Runs statements in autocommit on a SQLAlchemy URL, in the guest, with the project's own driver.

    "@live" connects with the arguments that env.py used, "@live/NAME" to database NAME of the same server. Raises
    DriftguardError when the database refuses.
    """

    def __call__(self, url: str, statements: tuple[str, ...]) -> Rows:
        """The last statement's rows."""

    def begin(self, url: str, statements: tuple[str, ...]) -> Callable[[], object]:
        """The same, while other things are done; what is returned waits for it, and raises what it raises."""


LIVE = "@live"

Script = Sequence[Sequence[str]]
"""Statements that make an empty database what another one was, those of one transaction together."""


class Lifetime:
    """Of a process that looks again and again; until it is over, it may keep databases on servers of others as well.

    ``spares``: by server and template, databases that were made ahead.
    """

    def __init__(self) -> None:
        self.is_over = False
        self.spares: dict[tuple[str, str], str] = {}


class Request(NamedTuple):
    """The database that needs a shadow.

    ``dialect`` and ``driver`` as in its URL. ``setting``: the setting ``shadow`` ("", "server" or a URL).
    ``version``: the live server's version text if known, else "". ``live_host``: "" if unknown. ``lifetime``: of the
    process that asks, None if it looks only once.
    """

    dialect: str
    driver: str
    setting: str = ""
    version: str = ""
    live_host: str = ""
    lifetime: Lifetime | None = None


class Scribe(Protocol):
    """Writes scripts of databases. What comes of them has to be compared with what they were written of."""

    kind: str
    """What such a script is called."""

    transcribes: bool
    """Whether all that is sent to a database is written down while that happens, for there is no other way."""

    def script(self, query: Query, transcript: Script) -> Script:
        """Of a database in which ``query`` has a session; () where that cannot be told.

        ``transcript``: of all that was done since it was created or lent, () if that is not known.
        """

    def contents(self, query: Query) -> Sequence[Row]:
        """Rows of which a database that was made by the script has the same, if asked in the same way."""

    def statements(self, script: Script) -> Iterator[str]:
        """As they are to be executed."""


class Shadows(Protocol):
    """A source of new empty databases; what was not dropped is dropped when the source closes.

    Names of databases that are kept consist of letters and digits.
    """

    @property
    def keeps(self) -> bool:
        """Whether it can keep a database beyond its own life."""

    @property
    def scribe(self) -> Scribe | None:
        """Who writes scripts for ``keep``; None where what is lent is the very thing that was kept."""

    @property
    def place(self) -> str:
        """What tells databases that are kept there from those that are kept elsewhere."""

    @property
    def version(self) -> str:
        """The server's version text, e.g. "15.18"."""

    def create(self) -> str:
        """The SQLAlchemy URL ("dialect+driver://…" or "@live/NAME") of a new empty database."""

    def expect(self) -> None:
        """One more empty database is going to be asked for: begin to make it."""

    def drop(self, url: str) -> None:
        """Drop a database that ``create`` or ``lend`` made."""

    def keep(self, url: str, name: str, script: Script = ()) -> int:
        """Keep a database under the name, and drop it; its size in bytes. 0: it was dropped, and is not kept.

        ``script``: the scribe's, if there is one.
        """

    def lend(self, name: str) -> str | None:
        """The URL of a new database like the one that was kept; None where it is gone.

        Raises ``CannotRebuild`` where it cannot be built any more.
        """

    def forget(self, known: Collection[str]) -> None:
        """Drop what is kept under other names."""

    def prepare(self) -> None:
        """Make ahead what the next source of this process will be asked for."""

    def make_role(self, name: str) -> bool:
        """Whether there is such a role now; only driftguard's own servers get any."""


class KeepsNothing:
    """For sources whose databases do not outlive them."""

    keeps = False
    scribe = None
    place = ""

    def expect(self) -> None:
        """It is made when it is asked for."""

    def drop(self, url: str) -> None:
        """As in ``Shadows``."""
        raise NotImplementedError

    def keep(self, url: str, name: str, script: Script = ()) -> int:
        """It is only dropped."""
        self.drop(url)
        return 0

    def lend(self, name: str) -> str | None:
        """There is nothing to lend."""
        return None

    def forget(self, known: Collection[str]) -> None:
        """There is nothing to forget."""

    def prepare(self) -> None:
        """There is nothing to make."""

    def make_role(self, name: str) -> bool:
        """There are none."""
        return False


class ShadowModule(Protocol):
    """What each dialect's module offers."""

    def open_shadows(
        self, request: Request, execute: Execute, *, cache_folder: Path
    ) -> AbstractContextManager[Shadows]:
        """Raises ``NoShadow`` on entering."""


def is_loopback(host: str) -> bool:
    """Does the name or address mean this machine? A path means a socket's folder. "" (unknown) does not."""
    return host == "localhost" or host == "::1" or host.startswith(("127.", "/"))
