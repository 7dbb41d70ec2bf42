"""What an alembic.ini or a pyproject.toml says, read as Alembic reads it.

Follows ``alembic.config.Config`` of Alembic 1.20: an ini option goes before the same key in ``[tool.alembic]``.
"""

from __future__ import annotations

import configparser
import os
import re
import tomllib
from collections.abc import Mapping
from typing import NamedTuple

# Stands for the repository's root wherever a file says %(here)s: trees of git have no place on the disk.
ROOT = "/__repository__"

_NAMES = (
    "script_location",
    "version_locations",
    "recursive_version_locations",
    "prepend_sys_path",
    "path_separator",
    "version_path_separator",
)
_SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}
_SEPARATED_BY = {
    "version_locations": ("path_separator", "version_path_separator"),
    "prepend_sys_path": ("path_separator",),
}
_LEGACY_VERSIONS = re.compile(r", *|(?: +)")
_LEGACY_SYS_PATH = re.compile(r", *|(?: +)|\:")
_OUTSIDE_ANY_FILE = "\0"


class Unreadable(Exception):
    """A file that is no ini or TOML; the text says why."""


class Options(NamedTuple):
    """One section's options that say where things stand; ``own`` are the ini's own ones, not from [DEFAULT]."""

    ini: Mapping[str, str]
    own: frozenset[str]
    toml: Mapping[str, object]
    problems: tuple[str, ...]

    def script_location(self) -> str:
        """As it is written, "" if nothing says it."""
        return self.ini.get("script_location") or _text(self.toml.get("script_location"))

    def version_locations(self) -> tuple[str, ...]:
        return self._list("version_locations", _LEGACY_VERSIONS)

    def prepend_sys_path(self) -> tuple[str, ...]:
        return self._list("prepend_sys_path", _LEGACY_SYS_PATH)

    def recursive(self) -> bool:
        written = self.ini.get("recursive_version_locations")
        return self.toml.get("recursive_version_locations") is True if written is None else written == "true"

    def with_toml(self, toml: Mapping[str, object]) -> Options:
        return self._replace(toml=toml)

    def bad_separators(self) -> tuple[str, ...]:
        """Separators that Alembic refuses because a list is written that needs them."""
        used = [self._separator(names) for key, names in _SEPARATED_BY.items() if self.ini.get(key)]
        return tuple(dict.fromkeys(each for each in used if each is not None and each not in _SEPARATORS))

    def _separator(self, names: tuple[str, ...]) -> str | None:
        return next((self.ini[name] for name in names if name in self.ini), None)

    def _list(self, name: str, legacy: re.Pattern[str]) -> tuple[str, ...]:
        written = self.ini.get(name)
        if not written:
            values = self.toml.get(name)
            return tuple(each for each in values if isinstance(each, str)) if isinstance(values, list) else ()
        separator = self._separator(_SEPARATED_BY[name])
        split = _SEPARATORS.get(separator.partition("#")[0].strip()) if separator is not None else None
        parts = legacy.split(written) if split is None else written.split(split)
        return tuple(part.strip() for part in parts if part.strip())


NO_OPTIONS = Options({}, frozenset(), {}, ())


def read_ini(content: bytes, folder: str) -> dict[str, Options]:
    """Section name → options, for an ini file in ``folder``. Raises Unreadable."""
    text = content.decode("utf-8-sig", errors="replace")
    here = f"{ROOT}/{folder}".removesuffix("/.").replace("%", "%%")
    parser = configparser.ConfigParser({"here": here})
    bare = configparser.RawConfigParser(default_section=_OUTSIDE_ANY_FILE)
    try:
        parser.read_string(text)
        bare.read_string(text)
    except configparser.Error as error:
        raise Unreadable(" ".join(str(error).replace("'<string>'", "").split())) from error
    return {section: _read_section(parser, section, frozenset(bare[section])) for section in parser.sections()}


def read_toml(content: bytes, folder: str) -> Mapping[str, object]:
    """The contents of ``[tool.alembic]`` with %(here)s put in, {} if there is no such table. Raises Unreadable."""
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Unreadable(str(error)) from error
    tool = data.get("tool")
    table = tool.get("alembic") if isinstance(tool, dict) else None
    here = f"{ROOT}/{folder}".removesuffix("/.")
    return {key: _put_in(value, here) for key, value in table.items()} if isinstance(table, dict) else {}


def _read_section(parser: configparser.ConfigParser, section: str, own: frozenset[str]) -> Options:
    values: dict[str, str] = {}
    problems: list[str] = []
    for name in _NAMES:
        try:
            value = parser.get(section, name, fallback=None)
        except configparser.InterpolationError:
            raw = parser.get(section, name, raw=True)
            problems.append(f"[{section}] {name} = {raw}: what stands in %(…)s is not in this file")
            continue
        if value is not None:
            values[name] = value
    return Options(values, own, {}, tuple(problems))


def _put_in(value: object, here: str) -> object:
    if isinstance(value, list):
        return [_put_in(each, here) for each in value]
    if not isinstance(value, str):
        return value
    try:
        return value % {"here": here}
    except (KeyError, TypeError, ValueError):
        return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
