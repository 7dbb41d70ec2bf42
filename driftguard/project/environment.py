"""One Alembic environment of the guarded project, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Environment:
    """Where an environment's parts stand; all paths are relative to the repository's root, with "/" between folders.

    ``folder`` is where ``alembic`` or ``flask`` is run ("." for the root). ``config`` is the file that was read: an
    ini file (then ``folder``'s pyproject.toml may add to it, as Alembic itself does) or a pyproject.toml (then an
    alembic.ini beside it may). ``flask_app`` is a value for FLASK_APP, "" to let Flask look for itself.
    ``problems`` are sentences about what could not be read without running the project.
    """

    name: str
    folder: str
    config: str | None
    section: str
    script_location: str
    version_locations: tuple[str, ...]
    recursive: bool
    sys_path: tuple[str, ...]
    flask: bool
    flask_app: str
    problems: tuple[str, ...] = ()
