"""Where private servers live, and the account that they run as."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from collections.abc import Sequence
from pathlib import Path

from driftguard.process import Account
from driftguard.shadow.errors import NoShadow

# Folders in which every user can make others; what lies there is used only after a look at its owner.
ROOT_PLACE = Path("/var/tmp")
SHORT_PLACE = Path("/tmp")

# sun_path of unix(7) holds 108 bytes, macOS 104, with the closing NUL.
LONGEST_SOCKET = 100


def server_account(preferred: Sequence[str]) -> Account | None:
    """None (as we are) for an ordinary user; for root the first of these users that exists, else ``nobody``.

    Raises ``NoShadow`` if root finds none of them.
    """
    if os.geteuid() != 0:
        return None
    for name in (*preferred, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise NoShadow(
        f"a database server must not run as root, and there is no user {' or '.join(preferred)} or nobody",
        'set `shadow = "URL"` in [tool.driftguard], or run driftguard as an ordinary user',
    )


def servers_folder(cache_folder: Path, account: Account | None) -> Path:
    """A folder of our own for all private servers, which the account can reach: it cannot enter root's home."""
    if account is None:
        return own_folder(cache_folder / "servers", 0o700)
    shared = own_folder(ROOT_PLACE / f"driftguard-{os.geteuid()}", 0o711)
    return own_folder(shared / _short_hash(cache_folder), 0o711)


def socket_folder(folder: Path, socket: str, account: Account | None) -> Path:
    """The folder (0700, the account's) for a server's socket; elsewhere when its path would not do.

    It must be short, and clients take "," for the next host and ":" for a port.
    """
    inside = folder / "socket"
    if len(os.fsencode(inside / socket)) > LONGEST_SOCKET or not {",", ":"}.isdisjoint(str(inside)):
        short = own_folder(SHORT_PLACE / f"driftguard-{os.geteuid()}", 0o711)
        inside = short / _short_hash(folder)
    return own_folder(inside, 0o700, account)


def own_folder(folder: Path, mode: int, account: Account | None = None) -> Path:
    """Make the folder if need be; ours (or the account's), and nobody else can write there.

    Raises ``NoShadow`` if it belongs to somebody else.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    owner = account.user if account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()) or found.st_mode & 0o022:
        raise NoShadow(
            f"{folder} is not a folder that only its user {owner} can write to, so no server is started there",
            f"look at it, then remove it: rm -r '{folder}'",
        )
    if account and found.st_uid != account.user:
        os.chown(folder, account.user, account.group, follow_symlinks=False)
    if stat.S_IMODE(found.st_mode) != mode:
        folder.chmod(mode)
    return folder


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
