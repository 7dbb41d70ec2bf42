"""The private MariaDB or MySQL server of a user."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from driftguard.shadow.errors import NoShadow
from driftguard.shadow.mysql_binaries import Binary
from driftguard.shadow.place import server_account, servers_folder
from driftguard.shadow.server import Folders, ServerKind, use

ACCOUNTS = ("mysql", "mariadb")
SOCKET = "s"
SUPERUSER = "root"

INSTALLERS = ("mariadb-install-db", "mysql_install_db")

# Its data is worth nothing: durability off. Only the owner of the socket's folder can connect: no password.
SETTINGS = (
    "--skip-networking",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
    "--event-scheduler=OFF",
    "--innodb-buffer-pool-size=32M",
    "--innodb-doublewrite=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-use-native-aio=OFF",
    "--loose-innodb-flush-method=nosync",
    "--max-connections=100",
    "--performance-schema=OFF",
    "--skip-name-resolve",
)

# Each keeps its log of changes small in its own way.
SETTINGS_OF: dict[str, tuple[str, ...]] = {
    "mariadb": ("--innodb-log-file-size=8M", "--loose-sync-frm=OFF"),
    "mysql": ("--loose-innodb-redo-log-capacity=8M", "--loose-mysqlx=OFF"),
}

NOTHING_FOUND = "no mariadbd or mysqld in the usual folders or on PATH"


@contextmanager
def private_server(found: Iterable[Binary], cache_folder: Path) -> Iterator[Path]:
    """The socket of a running server of the first program that works. Raises ``NoShadow`` naming what was tried."""
    account = server_account(ACCOUNTS)
    place = servers_folder(cache_folder, account)
    tried: list[str] = []
    with ExitStack() as stack:
        for binary in found:
            try:
                folder = stack.enter_context(use(server_kind(binary), place, account))
            except NoShadow as error:
                tried.append(error.message)
            else:
                yield folder / SOCKET
                return
        raise NoShadow("; ".join(tried) or NOTHING_FOUND)


def server_kind(binary: Binary) -> ServerKind:
    """All programs of one series can run on the same data."""
    settings = (*SETTINGS, *SETTINGS_OF[binary.product])

    def initialise(folders: Folders) -> tuple[tuple[str, ...], ...]:
        data = (f"--datadir={folders.data}", _temporary(folders))
        if binary.product == "mysql":
            return ((str(binary.program), "--no-defaults", "--initialize-insecure", *data),)
        fixed = ("--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force")
        scripts = installers(binary.program)
        if not scripts:
            raise NoShadow(f"{binary.program} lies there without {' or '.join(INSTALLERS)}")
        # The second for releases whose script knows no such option.
        return tuple(
            (str(script), *fixed, *extra, *data) for script in scripts for extra in (("--innodb-log-file-size=8M",), ())
        )

    def serve(folders: Folders) -> tuple[str, ...]:
        places = (
            f"--datadir={folders.data}",
            f"--socket={folders.socket / SOCKET}",
            f"--pid-file={folders.data / 'server.pid'}",
            _temporary(folders),
        )
        return (str(binary.program), "--no-defaults", *places, *settings)

    return ServerKind(f"{binary.product}-{binary.series}", SOCKET, initialise, serve, _ready, signal.SIGTERM)


def _temporary(folders: Folders) -> str:
    """A folder that the account can write to, whatever the system's allows."""
    return f"--tmpdir={folders.socket}"


def installers(program: Path) -> tuple[Path, ...]:
    """The scripts that make a data folder: beside the program, in the places of its installation, on PATH."""
    base = program.parent.parent
    folders = (program.parent, base / "bin", base / "scripts")
    beside = (folder / name for folder in folders for name in INSTALLERS)
    on_path = (Path(found) for name in INSTALLERS if (found := shutil.which(name)))
    return tuple(dict.fromkeys(path.resolve() for path in (*beside, *on_path) if path.is_file()))


def _ready(folders: Folders) -> bool:
    return (folders.socket / SOCKET).exists()
