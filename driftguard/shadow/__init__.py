"""Disposable databases, by dialect."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path

from driftguard.shadow import by_url, mysql, postgresql, sqlite
from driftguard.shadow.errors import CannotRebuild, NoShadow
from driftguard.shadow.request import Execute, Lifetime, Request, ShadowModule, Shadows

__all__ = [
    "SHADOWS",
    "CannotRebuild",
    "Execute",
    "Lifetime",
    "NoShadow",
    "Request",
    "Shadows",
    "forget_server",
    "open_shadows",
    "private_servers",
]

SHADOWS: dict[str, ShadowModule] = {
    "mariadb": mysql,
    "mysql": mysql,
    "postgresql": postgresql,
    "sqlite": sqlite,
}


def private_servers(cache_folder: Path) -> tuple[Path, ...]:
    """The folders of the private servers that were ever started."""
    if sys.platform == "win32":
        return ()
    from driftguard.shadow.place import server_account, servers_folder
    from driftguard.shadow.server import homes

    return homes(servers_folder(cache_folder, server_account(())))


def forget_server(home: Path) -> bool:
    """Remove the data of a private server; False where somebody uses it."""
    if sys.platform == "win32":
        return False
    from driftguard.shadow.server import forget

    return forget(home)


def open_shadows(request: Request, execute: Execute, *, cache_folder: Path) -> AbstractContextManager[Shadows]:
    """A source of new empty databases of the dialect. Entering raises ``NoShadow`` if none can be had."""
    module = SHADOWS.get(request.dialect, by_url)
    return module.open_shadows(request, execute, cache_folder=cache_folder)
