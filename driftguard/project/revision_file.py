"""The file of a new revision, as the environment's own template and options have it; env.py is not run for it."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Sequence
from pathlib import Path
from posixpath import join
from typing import Any, NamedTuple

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError, format_as_comma, rev_id
from mako.template import Template

from driftguard.errors import DriftguardError
from driftguard.graph import Revision
from driftguard.project.environment import Environment

TEMPLATE = "script.py.mako"
USUAL_FILE_TEMPLATE = "%(rev)s_%(slug)s"
INI, TOML = "alembic.ini", "pyproject.toml"


class NewFile(NamedTuple):
    """A revision that is not written yet: its id, path and contents, and whether post-write hooks are configured."""

    id: str
    path: str
    content: bytes
    has_hooks: bool


class Body(NamedTuple):
    """The lines of both functions, without indentation."""

    upgrade: Sequence[str] = ()
    downgrade: Sequence[str] = ()


NOTHING = Body()


def revision_file(
    root: Path,
    environment: Environment,
    parents: tuple[Revision, ...],
    message: str,
    body: Body = NOTHING,
) -> NewFile:
    """A revision behind ``parents``, which it joins where there are several; it lies beside the first of them.

    Raises DriftguardError where the options or the template cannot be used without the project's code.
    """
    config = _config(root, environment)
    try:
        return _rendered(root, environment, config, parents, message, body)
    except (CommandError, configparser.Error, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise DriftguardError(
            f"{environment.config or environment.script_location}: a revision cannot be written by it: {error}",
            f"mend what it says, or use the project's own `{_own_command(parents)}` command",
        ) from error


def _own_command(parents: tuple[Revision, ...]) -> str:
    return "merge" if len(parents) > 1 else "revision"


def _rendered(
    root: Path, environment: Environment, config: Config, parents: tuple[Revision, ...], message: str, body: Body
) -> NewFile:
    script = _script_directory(root, environment, config)
    folder = parents[0].location or environment.version_locations[0]
    id_, created = rev_id(), script._generate_create_date()
    path = script._rev_path(str(root / folder), id_, message, created)
    ids = tuple(parent.id for parent in parents)
    arguments = {
        "up_revision": id_,
        "down_revision": ids if len(ids) > 1 else ids[0],
        "branch_labels": None,
        "depends_on": None,
        "create_date": created,
        "comma": format_as_comma,
        "message": message,
        "config": config,
        "imports": "",
        "upgrades": _indented(body.upgrade),
        "downgrades": _indented(body.downgrade),
    }
    template = join(environment.script_location, TEMPLATE)
    text = _render(root / template, template, arguments, _own_command(parents))
    return NewFile(
        id_, Path(path).relative_to(root).as_posix(), text.encode(script.output_encoding), bool(_hooks(config))
    )


def _indented(lines: Sequence[str]) -> str:
    """As Alembic gives it to its template, which indents the first line itself."""
    return "\n    ".join(lines)


def _render(file: Path, shown: str, arguments: dict[str, Any], command: str) -> str:
    if not file.is_file():
        raise DriftguardError(f"there is no {shown}, by which revisions are written", "bring it back")
    try:
        return str(Template(filename=str(file)).render_unicode(**arguments))
    except Exception as error:  # whatever the template's own code raises
        raise DriftguardError(
            f"{shown} cannot be rendered: {error or type(error).__name__}",
            f"if it needs what only env.py knows, use the project's own `{command}` command",
        ) from error


def _config(root: Path, environment: Environment) -> Config:
    """Alembic's own reading of ini and pyproject.toml; before Alembic 1.16 of the ini alone."""
    named = environment.config or ""
    beside = root / named if named else root / environment.folder / INI
    ini = beside.with_name(INI) if named.endswith(".toml") else beside
    toml = root / named if named.endswith(".toml") else root / environment.folder / TOML
    config = Config(str(ini) if ini.is_file() else None, ini_section=environment.section)
    config.toml_file_name = str(toml)
    return config


def _script_directory(root: Path, environment: Environment, config: Config) -> ScriptDirectory:
    length = _option(config, "truncate_slug_length")
    return ScriptDirectory(
        str(root / environment.script_location),
        file_template=_option(config, "file_template") or USUAL_FILE_TEMPLATE,
        truncate_slug_length=int(length) if length else None,
        output_encoding=_option(config, "output_encoding") or "utf-8",
        timezone=_option(config, "timezone"),
    )


def _option(config: Config, name: str) -> str | None:
    read = getattr(config, "get_alembic_option", None)
    section = config.get_section(config.config_ini_section, {})
    value = section.get(name) if read is None else read(name)
    return None if value is None else str(value)


def _hooks(config: Config) -> object:
    """What the ini or the pyproject.toml says of programs that are run on new files."""
    toml = getattr(config, "toml_alembic_config", {})
    return (config.get_section("post_write_hooks", {}) or {}).get("hooks") or toml.get("post_write_hooks")
