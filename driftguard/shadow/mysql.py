"""Shadow databases on MariaDB and MySQL: on the server of a URL, on a private one, or on live's own server."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from driftguard import process
from driftguard.errors import DriftguardError
from driftguard.shadow.dumps import Dumps
from driftguard.shadow.errors import NoShadow
from driftguard.shadow.kept import FOLDER
from driftguard.shadow.mysql_binaries import by_preference, find
from driftguard.shadow.rebuilt import Rebuilt
from driftguard.shadow.request import LIVE, Execute, KeepsNothing, Request, Shadows, is_loopback
from driftguard.shadow.urls import local_url, url_of_setting

PREFIX = "driftguard_"

# One row per shadow that lies on the server, at least one row.
ABOUT = """
SELECT CAST(VERSION() AS CHAR), CAST(shadow.schema_name AS CHAR)
FROM (SELECT 1 AS one) AS always
LEFT JOIN information_schema.schemata AS shadow ON LEFT(shadow.schema_name, 11) = 'driftguard_'
ORDER BY shadow.schema_name
"""

COLLATION = "SELECT CAST(@@collation_database AS CHAR)"

CREATE = "CREATE DATABASE `{name}`"
CREATE_WITH_COLLATION = "CREATE DATABASE `{name}` COLLATE {collation}"

# By default a server waits a day for whoever still has a transaction open there.
PATIENCE = "SET SESSION lock_wait_timeout = 10"
DROP = "DROP DATABASE IF EXISTS `{name}`"

HINT = (
    "install mariadb-server (it need not run), or set in [tool.driftguard] "
    '`shadow = "server"` (temporary databases on the live server) or `shadow = "mysql://…"` (on another one)'
)


class Site(NamedTuple):
    """Where shadows are made: the URL for administration, the URL of a database by name, what to call the server."""

    admin_url: str
    url: Callable[[str], str]
    place: str


class About(NamedTuple):
    """What a server says: its version, the shadows lying there, the collation that new ones get ("" for its own)."""

    version: str
    shadows: tuple[str, ...]
    collation: str = ""


class MysqlShadows(KeepsNothing):
    """Databases on one server, named after the process that makes them."""

    def __init__(self, site: Site, about: About, execute: Execute) -> None:
        self.version = about.version
        self._site = site
        self._collation = about.collation
        self._execute = execute
        self._names: dict[str, str] = {}
        self._dropping: dict[str, Callable[[], object]] = {}

    def create(self) -> str:
        """The URL of a new empty database."""
        name = new_name()
        self._execute(self._site.admin_url, (create_statement(name, self._collation),))
        url = self._site.url(name)
        self._names[url] = name
        return url

    def drop(self, url: str) -> None:
        """Begun, which takes these servers long; waited for in the end."""
        statements = (PATIENCE, DROP.format(name=self._names[url]))
        self._dropping[url] = self._execute.begin(self._site.admin_url, statements)

    def close(self) -> None:
        """Drop those that are left; what cannot be dropped now, a later run drops."""
        for url, wait in self._dropping.items():
            with suppress(DriftguardError):
                wait()
                del self._names[url]
        drop_databases(tuple(self._names.values()), self._site.admin_url, self._execute)
        self._names.clear()


@contextmanager
def open_shadows(request: Request, execute: Execute, *, cache_folder: Path) -> Iterator[Shadows]:
    """On the server of the setting's URL, else a private one, else live's own if that is asked for or here.

    Databases get the collation of live's if live is known (``request.version``), so that tables that name none come
    out alike. Raises ``NoShadow``.
    """
    with ExitStack() as stack:
        site, about = _choose(request, execute, cache_folder, stack)
        drop_databases(leftovers(about), site.admin_url, execute)
        shadows = MysqlShadows(site, about, execute)
        stack.callback(shadows.close)
        yield Rebuilt(shadows, Dumps(), execute, cache_folder / FOLDER, f"{about.version} {about.collation}")


def new_name() -> str:
    """Tells whose it is, and differs from all others of this process, which may have several sources open."""
    return f"{PREFIX}{process.mark()}_{secrets.token_hex(4)}"


def leftovers(about: About) -> tuple[str, ...]:
    """The shadows that a process of this host made and did not live to drop."""
    marks = {name: name.removeprefix(PREFIX).rpartition("_")[0] for name in about.shadows}
    return tuple(name for name, mark in marks.items() if process.abandoned(mark))


def drop_databases(names: tuple[str, ...], admin_url: str, execute: Execute) -> None:
    """Drop what can be dropped: another process may have been faster, another user may own it."""
    for name in names:
        with suppress(DriftguardError):
            execute(admin_url, (PATIENCE, DROP.format(name=name)))


def create_statement(name: str, collation: str) -> str:
    """With the server's own collation if none is given."""
    return CREATE_WITH_COLLATION.format(name=name, collation=collation) if collation else CREATE.format(name=name)


def site_of_url(request: Request) -> Site:
    """On the server of the setting's URL, whose own database is connected to and otherwise left alone."""
    url = url_of_setting(request, ("mariadb", "mysql"), HINT)
    return Site(url(None), url, "the server for shadow databases")


def site_of_socket(socket: Path, user: str, request: Request) -> Site:
    """On the server that listens there. All drivers call the argument ``unix_socket``; ODBC has none."""

    def url(name: str) -> str:
        return local_url(request, user=user, database=name, query={"unix_socket": str(socket)})

    return Site(url(""), url, "the private server")


def _choose(request: Request, execute: Execute, cache_folder: Path, stack: ExitStack) -> tuple[Site, About]:
    live = Site(LIVE, lambda name: f"{LIVE}/{name}", "the live server")
    collation = _live_collation(request, execute)
    if request.setting == "server":
        return live, _about(live, collation, execute)
    if request.setting:
        site = site_of_url(request)
        return site, _about(site, collation, execute)
    tried: list[str] = []
    try:
        site = _private_site(request, cache_folder, stack)
        return site, _about(site, collation, execute)
    except NoShadow as error:
        tried.append(error.message)
    if is_loopback(request.live_host):
        try:
            return live, _about(live, collation, execute)
        except NoShadow as error:
            tried.append(error.message)
    raise NoShadow(f"no MariaDB or MySQL for shadow databases: {'; '.join(tried)}", HINT)


def _private_site(request: Request, cache_folder: Path, stack: ExitStack) -> Site:
    if sys.platform == "win32":
        raise NoShadow("private servers need unix sockets, which this system does not have")
    if request.driver == "pyodbc":
        raise NoShadow("private servers listen on unix sockets, which pyodbc does not reach")
    # Its locks and accounts exist on unix alone.
    from driftguard.shadow.mysql_private import SUPERUSER, private_server

    found = by_preference(find(), request.dialect, request.version)
    return site_of_socket(stack.enter_context(private_server(found, cache_folder)), SUPERUSER, request)


def _live_collation(request: Request, execute: Execute) -> str:
    """ "" if live is not known, so that a server that is down costs no time."""
    if not request.version:
        return ""
    with suppress(DriftguardError, IndexError):
        return execute(LIVE, (COLLATION,))[0][0] or ""
    return ""


def _about(site: Site, collation: str, execute: Execute) -> About:
    """Ask the server. Raises ``NoShadow`` if it does not answer or our user may not create databases."""
    try:
        rows = execute(site.admin_url, (ABOUT,))
    except DriftguardError as error:
        raise NoShadow(f"{site.place}: {error.message}", error.hint or HINT) from error
    names = tuple(row[1] for row in rows if row[1])
    return About((rows[0][0] or "").split("-")[0], names, _usable_collation(site, collation, execute))


def _usable_collation(site: Site, collation: str, execute: Execute) -> str:
    """The collation if the server knows it, else "". Tried, because grants and collations are hard to foresee."""
    name = new_name()
    attempts = dict.fromkeys((collation, ""))
    refusals: list[DriftguardError] = []
    for attempt in attempts:
        try:
            execute(site.admin_url, (create_statement(name, attempt), DROP.format(name=name)))
        except DriftguardError as error:
            refusals.append(error)
        else:
            return attempt
    raise NoShadow(
        f"{site.place} lets us create no databases: {refusals[-1].message}",
        'GRANT ALL ON `driftguard\\_%`.* TO the user; or name another server: shadow = "mysql://…"',
    )
