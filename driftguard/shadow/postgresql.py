"""Shadow databases on PostgreSQL: on the server of a URL, on live's own server, or on a private one."""

from __future__ import annotations

import itertools
import secrets
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from driftguard import process
from driftguard.errors import DriftguardError
from driftguard.shadow.errors import NoShadow
from driftguard.shadow.kept import FOLDER, boot
from driftguard.shadow.postgresql_binaries import by_preference, find, major
from driftguard.shadow.rebuilt import Rebuilt
from driftguard.shadow.request import LIVE, Execute, Lifetime, Request, Script, Shadows, is_loopback
from driftguard.shadow.transcripts import Transcripts
from driftguard.shadow.urls import local_url, url_of_setting

PREFIX = "driftguard_"

MOST_UNNEEDED, MOST_SPARES = 4, 4
"""Databases that wait to be dropped, and that wait to be used on one server."""

ONE_BY_ONE = ("asyncpg",)
"""Drivers that send no more than one statement at once."""

OWN_LENGTH, DIGITS = 14, 2
"""Of a kept database's name: how much of its beginning tells it from others of one process, and its number's digits."""

# One row per shadow that lies on the server, at least one row.
ABOUT = """
SELECT current_setting('server_version'),
       CAST(role.rolname AS text),
       CAST(role.rolsuper OR role.rolcreatedb AS text),
       CAST(database.datname AS text)
FROM pg_catalog.pg_roles AS role
LEFT JOIN pg_catalog.pg_database AS database ON left(database.datname, 11) = 'driftguard_'
WHERE role.rolname = current_user
ORDER BY database.datname
"""

EMPTY = "template0"
CREATE = 'CREATE DATABASE "{name}" TEMPLATE "{template}"'

# The fastest on an idle server. It makes checkpoints, so it is nothing for a server where others work.
# https://www.postgresql.org/docs/current/sql-createdatabase.html
CREATE_BY_FILE_COPY = 'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
FILE_COPY_SINCE = 15

DROP = 'DROP DATABASE IF EXISTS "{name}"'
CREATE_ROLE = 'CREATE ROLE "{name}" NOLOGIN'
DROP_ROLE = 'DROP ROLE IF EXISTS "{name}"'
DROP_BY_FORCE = 'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
FORCE_SINCE = 13

# What is said of a database elsewhere than in it does not come along with a copy; neither do the roles that it needs,
# which could not be dropped by other revisions either as long as it is there. Ours is there as long as we are.
LASTING = """
SELECT (SELECT count(*) FROM pg_catalog.pg_shdepend AS shared
        WHERE (shared.dbid = it.oid
               OR (shared.classid = CAST('pg_catalog.pg_database' AS pg_catalog.regclass) AND shared.objid = it.oid))
          AND NOT (shared.deptype = 'o' AND shared.refobjid = (
                  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = current_user)))
     + (SELECT count(*) FROM pg_catalog.pg_db_role_setting AS setting WHERE setting.setdatabase = it.oid)
     + (SELECT count(*) FROM pg_catalog.pg_shdescription AS description WHERE description.objoid = it.oid
           AND description.classoid = CAST('pg_catalog.pg_database' AS pg_catalog.regclass))
     + (SELECT count(*) FROM pg_catalog.pg_shseclabel AS label WHERE label.objoid = it.oid
           AND label.classoid = CAST('pg_catalog.pg_database' AS pg_catalog.regclass))
     + (SELECT count(*) FROM pg_catalog.pg_subscription AS subscription WHERE subscription.subdbid = it.oid)
     + (SELECT count(*) FROM pg_catalog.pg_prepared_xacts AS prepared WHERE prepared.database = it.datname)
     + CAST(it.datacl IS NOT NULL OR it.datconnlimit <> -1 AS integer)
FROM pg_catalog.pg_database AS it
WHERE it.datname = '{name}'
"""
SIZE = "SELECT pg_catalog.pg_database_size('{name}')"
LOCK_OUT = 'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'
DISCONNECT = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = '{name}'"
RENAME = 'ALTER DATABASE "{name}" RENAME TO "{kept}"'
ALL_NAMED = """
SELECT CAST(datname AS text) FROM pg_catalog.pg_database WHERE starts_with(datname, '{prefix}') ORDER BY datname
"""

HINT = (
    "install a PostgreSQL server, or `pip install 'alembic-driftguard[postgresql]'`, or set in [tool.driftguard] "
    '`shadow = "server"` (temporary databases on the live server) or `shadow = "postgresql://…"` (on another one)'
)


class Site(NamedTuple):
    """Where shadows are made: the URL for administration, the URL of a database by name, the statement.

    ``is_private``: whether all that lies there is driftguard's own.
    """

    admin_url: str
    url: Callable[[str], str]
    create: str = CREATE
    is_private: bool = False


class About(NamedTuple):
    """What a server says: its version, our role, whether it may create databases, the shadows lying there."""

    version: str
    role: str
    may_create: bool
    shadows: tuple[str, ...]


class PostgresqlShadows:
    """Databases on one server: driftguard_HOST_PID_START_SOURCE_NUMBER, after the process and the source in it.

    Those that are kept on a private server belong to all processes (driftguard_kept_BOOT_NAME); on other servers, where
    ``lifetime`` is given, to this one (driftguard_HOST_PID_START_kept_NAME), and whoever comes later drops them.
    """

    scribe = None

    def __init__(self, site: Site, about: About, execute: Execute, lifetime: Lifetime | None = None) -> None:
        self.version = about.version
        self._lying = set(about.shadows)
        self._site = site
        self._lifetime = lifetime
        self._unneeded: list[str] = []
        self._wanted: set[str] = set()  # templates, for the next source
        self._execute = execute
        self._names: dict[str, str] = {}
        self._dropping: dict[str, Callable[[], object]] = {}
        self._expected: tuple[str, Callable[[], object]] | None = None
        self._prefix = f"{PREFIX}{process.mark()}_{secrets.token_hex(3)}_"
        self._numbers = itertools.count(1)
        self._roles: list[str] = []

    def create(self) -> str:
        """The URL of a new empty database."""
        return self._create(EMPTY)

    def expect(self) -> None:
        """Begun while the guest does something else, unless one lies ready."""
        if self._expected is None and not (self._lifetime and (self._site.admin_url, EMPTY) in self._lifetime.spares):
            name, statement = self._to_make(EMPTY)
            self._expected = name, self._execute.begin(self._site.admin_url, (statement,))

    def _take_expected(self) -> str:
        """The name of the one that was begun; "" where there is none."""
        if self._expected is None:
            return ""
        (name, wait), self._expected = self._expected, None
        wait()
        return name

    def _create(self, template: str) -> str:
        expected = self._take_expected() if template == EMPTY else ""
        name = expected or self._take_spare(template) or self._made(template)
        self._wanted.add(template)
        url = self._site.url(name)
        self._names[url] = name
        return url

    def _take_spare(self, template: str) -> str:
        """The name of one that was made ahead and is still there; "" where there is none."""
        spare = self._lifetime.spares.pop((self._site.admin_url, template), "") if self._lifetime else ""
        return spare if spare in self._lying else ""

    def _made(self, template: str) -> str:
        name, statement = self._to_make(template)
        self._execute(self._site.admin_url, (statement,))
        return name

    def _to_make(self, template: str) -> tuple[str, str]:
        name = f"{self._prefix}{next(self._numbers)}"
        return name, self._site.create.format(name=name, template=template)

    def prepare(self) -> None:
        """Databases like those that this source was asked for, in the place of those that nobody needs any more."""
        if self._lifetime is None:
            return
        while self._unneeded:
            self._drop(self._unneeded.pop())
        spares = self._lifetime.spares
        for template in self._wanted:
            if (self._site.admin_url, template) not in spares:
                name = self._made(template)
                self._lying.add(name)
                spares[self._site.admin_url, template] = name
        here = [each for each in spares if each[0] == self._site.admin_url]
        old = tuple(spares.pop(each) for each in here[:-MOST_SPARES])
        drop_databases(old, self.version, self._site.admin_url, self._execute)

    def drop(self, url: str) -> None:
        """Drop it, whoever is connected; a few of them later, if there is a later."""
        if self._lifetime is not None and len(self._unneeded) < MOST_UNNEEDED:
            self._unneeded.append(url)
        else:
            statement = drop_statement(self._names[url], self.version)
            self._dropping[url] = self._execute.begin(self._site.admin_url, (statement,))

    def _drop(self, url: str) -> None:
        self._execute(self._site.admin_url, (drop_statement(self._names[url], self.version),))
        del self._names[url]

    @property
    def keeps(self) -> bool:
        """On a private server as long as nothing can have lost what was written."""
        return bool(boot()) if self._site.is_private else self._lifetime is not None

    @property
    def place(self) -> str:
        """The server's version, and whose the databases are."""
        return self.version if self._site.is_private else f"{self.version} {process.mark()}"

    @property
    def _prefix_of_kept(self) -> str:
        return f"{PREFIX}kept_" if self._site.is_private else f"{PREFIX}{process.mark()}_kept_"

    def _kept(self, name: str) -> str:
        """At most 63 bytes."""
        mine = f"{boot()}_{name}" if self._site.is_private else f"{name[:OWN_LENGTH]}{name[-DIGITS:]}"
        return f"{self._prefix_of_kept}{mine}"

    def keep(self, url: str, name: str, script: Script = ()) -> int:
        """Renamed, which leaves no moment with half of it; what a clone would lack must not be in it."""
        shadow = self._names[url]
        try:
            [[lasting]] = self._ask(LASTING.format(name=shadow))
            if not self.keeps or lasting != "0":
                self.drop(url)
                return 0
            [[size]] = self._ask(SIZE.format(name=shadow))
            if self._kept(name) in self._all_named(self._prefix_of_kept):  # the same, of which only the record was lost
                self.drop(url)
                return int(size or 0)
            closing = (LOCK_OUT, DISCONNECT, RENAME)
            self._ask(*(each.format(name=shadow, kept=self._kept(name)) for each in closing))
        except DriftguardError:
            self.drop(url)
            return 0
        del self._names[url]
        self._wanted.add(self._kept(name))
        return int(size or 0)

    def lend(self, name: str) -> str | None:
        """A copy, whoever copies at the same time."""
        try:
            return self._create(self._kept(name)) if self.keeps else None
        except DriftguardError:
            return None

    def forget(self, known: Collection[str]) -> None:
        """With what an earlier run of the machine has left."""
        if self.keeps:
            wanted = set(map(self._kept, known))
            lying = self._all_named(self._prefix_of_kept)
            drop_databases(
                tuple(each for each in lying if each not in wanted), self.version, self._site.admin_url, self._execute
            )

    def make_role(self, name: str) -> bool:
        """One that may do nothing, not even log in, until this source closes."""
        if not self._site.is_private:
            return False
        with suppress(DriftguardError):  # another process may have been faster
            self._ask(CREATE_ROLE.format(name=name.replace('"', '""')))
        self._roles.append(name)
        return True

    def _all_named(self, prefix: str) -> tuple[str, ...]:
        return tuple(name for [name] in self._ask(ALL_NAMED.format(prefix=prefix)) if name)

    def _ask(self, *statements: str) -> list[list[str | None]]:
        return self._execute(self._site.admin_url, statements)

    def close(self) -> None:
        """Drop those that are left; what cannot be dropped now, a later run drops."""
        for url, wait in self._dropping.items():
            with suppress(DriftguardError):
                wait()
                del self._names[url]
        if self._expected is not None:
            self._names[self._expected[0]] = self._expected[0]
            with suppress(DriftguardError):
                self._take_expected()
        drop_databases(tuple(self._names.values()), self.version, self._site.admin_url, self._execute)
        self._names.clear()
        for name in self._roles:
            with suppress(DriftguardError):  # others need it still
                self._ask(DROP_ROLE.format(name=name.replace('"', '""')))
        self._roles.clear()
        if self._lifetime is not None and self._lifetime.is_over:
            with suppress(DriftguardError):
                mine = self._all_named(f"{PREFIX}{process.mark()}_")
                drop_databases(mine, self.version, self._site.admin_url, self._execute)


@contextmanager
def open_shadows(request: Request, execute: Execute, *, cache_folder: Path) -> Iterator[Shadows]:
    """On the server of the setting's URL, else live's own if that is asked for or here, else a private one.

    Raises ``NoShadow``.
    """
    with ExitStack() as stack:
        site, about = _choose(request, execute, cache_folder, stack)
        drop_databases(leftovers(about), about.version, site.admin_url, execute)
        on_a_strangers = site.admin_url == LIVE and not is_loopback(request.live_host)
        lifetime = None if on_a_strangers else request.lifetime
        shadows = PostgresqlShadows(site, about, execute, lifetime)
        stack.callback(shadows.close)
        if shadows.keeps:
            yield shadows
        else:
            scribe = Transcripts(one_by_one=request.driver in ONE_BY_ONE)
            yield Rebuilt(shadows, scribe, execute, cache_folder / FOLDER, about.version)


def leftovers(about: About) -> tuple[str, ...]:
    """The shadows that a process of this host made and did not live to drop."""
    marks = {name: name.removeprefix(PREFIX).rsplit("_", 2)[0] for name in about.shadows}
    return tuple(name for name, mark in marks.items() if process.abandoned(mark))


def drop_databases(names: tuple[str, ...], version: str, admin_url: str, execute: Execute) -> None:
    """Drop what can be dropped: another process may have been faster, another role may own it."""
    for name in names:
        with suppress(DriftguardError):
            execute(admin_url, (drop_statement(name, version),))


def drop_statement(name: str, version: str) -> str:
    """As hard as the version can."""
    by_force = int(major(version)) >= FORCE_SINCE
    return (DROP_BY_FORCE if by_force else DROP).format(name=name)


def site_of_url(request: Request) -> Site:
    """On the server of the setting's URL, whose own database is connected to and otherwise left alone."""
    url = url_of_setting(request, ("postgres", "postgresql"), HINT)
    return Site(url(None), url)


def site_of_socket(request: Request, folder: Path, port: str, user: str, version: str) -> Site:
    """On the server that listens in the folder."""
    place = (
        {"unix_sock": f"{folder}/.s.PGSQL.{port}"}
        if request.driver == "pg8000"
        else {"host": str(folder), "port": port}
    )

    def url(name: str) -> str:
        return local_url(request, user=user, database=name, query=place)

    by_copy = int(major(version)) >= FILE_COPY_SINCE
    return Site(url("postgres"), url, CREATE_BY_FILE_COPY if by_copy else CREATE, is_private=True)


def _choose(request: Request, execute: Execute, cache_folder: Path, stack: ExitStack) -> tuple[Site, About]:
    live = Site(LIVE, lambda name: f"{LIVE}/{name}")
    if request.setting == "server":
        return live, _about(live, execute)
    if request.setting:
        site = site_of_url(request)
        return site, _about(site, execute)
    tried: list[str] = []
    if is_loopback(request.live_host):
        try:
            return live, _about(live, execute)
        except NoShadow as error:
            tried.append(error.message)
    try:
        site = _private_site(request, cache_folder, stack)
    except NoShadow as error:
        raise NoShadow(f"no PostgreSQL for shadow databases: {'; '.join([*tried, error.message])}", HINT) from error
    return site, _about(site, execute)


def _private_site(request: Request, cache_folder: Path, stack: ExitStack) -> Site:
    if sys.platform == "win32":
        raise NoShadow("private servers need unix sockets, which this system does not have")
    # Its locks and accounts exist on unix alone.
    from driftguard.shadow.postgresql_private import PORT, SUPERUSER, private_server

    server = stack.enter_context(private_server(by_preference(find(), request.version), cache_folder))
    return site_of_socket(request, server.socket, PORT, SUPERUSER, server.binaries.version)


def _about(site: Site, execute: Execute) -> About:
    """Ask the server. Raises ``NoShadow`` if it does not answer or our role may not create databases."""
    place = "the live server" if site.admin_url == LIVE else "the server for shadow databases"
    try:
        rows = execute(site.admin_url, (ABOUT,))
    except DriftguardError as error:
        raise NoShadow(f"{place}: {error.message}", error.hint or HINT) from error
    version, role, may_create, _ = (text or "" for text in rows[0])
    if may_create != "true":
        raise NoShadow(
            f'{place}: the role "{role}" may not create databases',
            f'as a superuser: ALTER ROLE "{role}" CREATEDB; or name another server: shadow = "postgresql://…"',
        )
    return About(version.split()[0], role, True, tuple(row[3] for row in rows if row[3]))
