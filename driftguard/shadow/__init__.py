"""Disposable databases, by dialect."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from driftguard.shadow import by_url, mysql, postgresql, sqlite
from driftguard.shadow.errors import NoShadow
from driftguard.shadow.request import Execute, Request, ShadowModule, Shadows

__all__ = ["SHADOWS", "Execute", "NoShadow", "Request", "Shadows", "open_shadows"]

SHADOWS: dict[str, ShadowModule] = {
    "mariadb": mysql,
    "mysql": mysql,
    "postgresql": postgresql,
    "sqlite": sqlite,
}


def open_shadows(request: Request, execute: Execute, *, cache_folder: Path) -> AbstractContextManager[Shadows]:
    """A source of new empty databases of the dialect. Entering raises ``NoShadow`` if none can be had."""
    module = SHADOWS.get(request.dialect, by_url)
    return module.open_shadows(request, execute, cache_folder=cache_folder)
