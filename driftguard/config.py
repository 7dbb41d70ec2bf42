"""The settings: what ``[tool.driftguard]`` may say, what it means, and every mistake in it at once."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from driftguard.errors import DriftguardError, closest
from driftguard.findings import Severity
from driftguard.git import Tree
from driftguard.object_patterns import KINDS, is_known, is_pattern, parse
from driftguard.rules import CODES_BY_NAME, RULES, is_selector

PYPROJECT, OWN_FILE = "pyproject.toml", "driftguard.toml"


class ConfigError(DriftguardError):
    """Settings that cannot be understood; the message has one line per mistake."""


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """``[tool.driftguard.environments.NAME]``: which environment is meant, and what holds for it alone.

    ``config``, ``section``, ``script_location`` and ``folder`` point at the environment ("" = not said); for the
    other fields ``None`` means: as for all environments.
    """

    name: str
    config: str = ""
    section: str = ""
    script_location: str = ""
    folder: str = ""
    flask_app: str = ""
    python: str | None = None
    live: str | None = None
    shadow: str | None = None
    begins_on: str | None = None
    heads: tuple[str, ...] | None = None
    tenants: tuple[str, ...] | None = None
    privileges: bool | None = None
    x: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for; the fields are explained in ``SCHEMA``. ``source`` is the file, "" if there is none."""

    python: str = ""
    live: str = ""
    live_in_hook: str = "note"
    shadow: str = ""
    begins_on: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    strict: bool = False
    known_in_hook: str = "note"
    base: str = ""
    require_reason: bool = False
    heads: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    privileges: bool = False
    x: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    deadline: int = 60
    exclude: tuple[str, ...] = ()
    environments: tuple[EnvironmentSettings, ...] = ()
    source: str = ""

    def for_environment(self, name: str) -> Settings:
        """These settings with what ``[tool.driftguard.environments.NAME]`` says put over them."""
        own = next((each for each in self.environments if each.name == name), EnvironmentSettings(name))
        return replace(
            self,
            python=self.python if own.python is None else own.python,
            live=self.live if own.live is None else own.live,
            shadow=self.shadow if own.shadow is None else own.shadow,
            begins_on=self.begins_on if own.begins_on is None else own.begins_on,
            heads=self.heads if own.heads is None else own.heads,
            tenants=self.tenants if own.tenants is None else own.tenants,
            privileges=self.privileges if own.privileges is None else own.privileges,
            x=self.x if own.x is None else own.x,
            ignore=(*self.ignore, *own.ignore),
        )

    def with_privileges(self) -> Settings:
        """These settings, with owners and privileges compared in every environment."""
        environments = tuple(replace(each, privileges=None) for each in self.environments)
        return replace(self, privileges=True, environments=environments)


class Refused(ValueError):
    """A value that a setting does not take; the text says what it takes instead."""


class Setting(NamedTuple):
    """One key: how a TOML value becomes the field's value (or raises Refused), and what the reference says of it."""

    key: str
    takes: str
    parse: Callable[[object], Any]
    doc: str


def load_settings(tree: Tree) -> Settings:
    """The settings of ``driftguard.toml`` or of ``[tool.driftguard]`` in ``pyproject.toml``, at the tree's root.

    Raises ConfigError with all mistakes at once.
    """
    project = _parse(tree, PYPROJECT)
    in_project = project.get("tool", {}).get("driftguard", {}) if isinstance(project.get("tool", {}), dict) else {}
    own = _parse(tree, OWN_FILE)
    if in_project and own:
        raise ConfigError(
            f"settings stand in two files: {OWN_FILE} and [tool.driftguard] in {PYPROJECT}",
            f"keep one of them; nothing is merged, so that it is clear which one counts (found in {tree.label})",
        )
    if own:
        return read_settings(own, source=OWN_FILE)
    if in_project:
        return read_settings(in_project, source=PYPROJECT)
    return Settings()


def read_settings(table: object, source: str) -> Settings:
    """Settings from parsed TOML (the contents of the table itself). Raises ConfigError with all mistakes at once."""
    prefix = "tool.driftguard" if source == PYPROJECT else ""
    mistakes: list[str] = []
    if not isinstance(table, Mapping):
        raise ConfigError(f"{source}: [tool.driftguard] must be a table, not {_kind(table)}")
    values = _read_table(table, SCHEMA, prefix, mistakes)
    values["environments"] = _read_environments(table.get("environments", {}), prefix, mistakes)
    if mistakes:
        raise ConfigError("\n".join(f"{source}: {mistake}" for mistake in mistakes))
    return Settings(source=source, **values)


def _parse(tree: Tree, path: str) -> dict[str, Any]:
    content = tree.read(path)
    if content is None:
        return {}

    import tomllib  # many projects have no settings, and those in a hook none of these files

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: not UTF-8, which TOML files must be") from error
    except tomllib.TOMLDecodeError as error:
        reason, line_number = _toml_mistake(str(error), content)
        raise ConfigError(f"{path}:{line_number}: {reason}", "mend the TOML syntax in this line") from error


def _toml_mistake(message: str, content: bytes) -> tuple[str, int]:
    """(reason, line) of a message such as "Invalid value (at line 3, column 5)"."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", message, re.DOTALL)
    if found is None:
        return message.removesuffix(" (at end of document)"), max(1, len(content.splitlines()))
    return found[1], int(found[2])


def _read_table(
    table: Mapping[Any, object], schema: tuple[Setting, ...], prefix: str, mistakes: list[str]
) -> dict[str, Any]:
    known = {setting.key: setting for setting in schema}
    where = f"[{prefix}] " if prefix else ""
    values: dict[str, Any] = {}
    for key, value in table.items():
        setting = known.get(key)
        if setting is not None:
            try:
                values[key] = setting.parse(value)
            except Refused as refusal:
                mistakes.append(f"{where}{key}: {refusal}")
        elif key != "environments" or schema is not SCHEMA:
            hint = "" if key != "tool" else " (in this file the settings stand at the top, without [tool.driftguard])"
            mistakes.append(f'{where}unknown key "{key}"{closest(key, (*known, "environments"))}{hint}')
    return values


def _read_environments(value: object, prefix: str, mistakes: list[str]) -> tuple[EnvironmentSettings, ...]:
    prefix = f"{prefix}.environments".removeprefix(".")
    if not isinstance(value, Mapping):
        mistakes.append(f"[{prefix}] must hold one table per environment, such as [{prefix}.main], not {_kind(value)}")
        return ()
    environments: list[EnvironmentSettings] = []
    for name, table in sorted(value.items()):
        if isinstance(table, Mapping):
            values = _read_table(table, ENVIRONMENT_SCHEMA, f"{prefix}.{name}", mistakes)
            environments.append(EnvironmentSettings(name=name, **values))
        else:
            mistakes.append(f"[{prefix}] {name}: must be a table [{prefix}.{name}], not {_kind(table)}")
    return tuple(environments)


def _kind(value: object) -> str:
    names: dict[type, str] = {
        bool: "true or false",
        str: "a string",
        int: "a number",
        float: "a number",
        list: "a list",
    }
    return names.get(type(value), "a table" if isinstance(value, Mapping) else "a date or time")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Refused(f"must be a string, not {_kind(value)}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Refused("must be a list of strings")
    return tuple(value)


def _patterns(value: object) -> tuple[str, ...]:
    patterns = _texts([value] if isinstance(value, str) else value)
    if "" in patterns:
        raise Refused('must not be empty; a pattern is such as "tenant_*"')
    return patterns


def _path(value: object) -> str:
    path = posixpath.normpath(_text(value).replace("\\", "/"))
    if path.startswith(("/", "../")) or path == ".." or re.match(r"[A-Za-z]:", path):
        raise Refused("must be a path relative to the repository's root, inside it")
    return path


def _object(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", text):
        raise Refused('must name a Python object, such as "shop.first_models:Base.metadata"')
    return text


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"must be true or false, not {_kind(value)}")
    return value


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refused("must be a whole number of seconds, 1 or more")
    return value


def _selectors(value: object) -> tuple[str, ...]:
    selectors = _texts(value)
    unknown = [each for each in selectors if not is_selector(each)]
    if unknown:
        named = "; ".join(f'no rule is called "{each}"{closest(each, (*RULES, *CODES_BY_NAME))}' for each in unknown)
        raise Refused(named)
    return selectors


def ignorable(word: str) -> str:
    """Why ``word`` is nothing that can be ignored: neither a rule nor a pattern of objects; "" if it is one."""
    pattern = parse(word)
    if not is_pattern(word):
        return "" if is_selector(word) else f'no rule is called "{word}"{closest(word, (*RULES, *CODES_BY_NAME))}'
    if is_known(pattern):
        return ""
    if pattern.glob:
        return f'"{word}": there is no kind of object "{pattern.kind}"{closest(pattern.kind, KINDS)}'
    return f'"{word}" names nothing; a pattern is such as "table:legacy_*"'


def _ignored(value: object) -> tuple[str, ...]:
    words = _texts(value)
    if refusals := list(filter(None, map(ignorable, words))):
        raise Refused("; ".join(refusals))
    return words


def _severities(value: object) -> tuple[tuple[str, Severity], ...]:
    """The narrowest selector last, so that it has the last word."""
    if not isinstance(value, Mapping):
        raise Refused('must be a table of rules, such as { DG203 = "error" }')
    _selectors(list(value))
    weight = _one_of(*Severity)
    return tuple(
        sorted(((rule, Severity(weight(each))) for rule, each in value.items()), key=lambda pair: len(pair[0]))
    )


def _one_of(*words: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in words:
            raise Refused(f"must be one of {', '.join(words)}{closest(str(value), words)}")
        return str(value)

    return parse


def _address(*words: str) -> Callable[[object], str]:
    """A database URL or one of ``words`` (ending in ":" they begin the value). A refusal never repeats the value."""

    def parse(value: object) -> str:
        text = _text(value)
        begun = any(text.startswith(word) and text != word for word in words if word.endswith(":"))
        if text and text not in words and "://" not in text and not begun:
            named = ", ".join(f'"{word}NAME"' if word.endswith(":") else f'"{word}"' for word in words)
            raise Refused(f"must be {named} or a database URL such as postgresql://user@host/name")
        return text

    return parse


def _variables(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        raise Refused('must be a table of strings, such as { APP_SETTINGS = "test" }')
    return tuple(sorted(value.items()))


_PYTHON = Setting(
    "python",
    "a path or a command",
    _text,
    "The project's Python interpreter, or the folder of its virtual environment. Relative to the repository's root.",
)
_LIVE = Setting(
    "live",
    '"env:NAME", "off" or a URL',
    _address("off", "env:"),
    "The live database: by default what env.py configures; env:NAME reads the URL from a variable.",
)
_SHADOW = Setting(
    "shadow",
    '"server" or a URL',
    _address("server"),
    "Where disposable databases are made, if not on a server of driftguard's own: server means on the live one.",
)
_BEGINS_ON = Setting(
    "begins_on",
    '"package.module:object"',
    _object,
    "What made the tables that the first revision expects: a MetaData, or a function that is given a connection "
    "(and may stamp the version table, if the replay is to begin at a later revision).",
)
_HEADS = Setting(
    "heads", "a list of revision ids or labels", _texts, "Heads that are meant to stand beside each other."
)
_TENANTS = Setting(
    "tenants",
    "a pattern or a list of them",
    _patterns,
    'Schemas of a PostgreSQL database that each hold what the revisions build in the default one, such as "tenant_*".',
)
_PRIVILEGES = Setting(
    "privileges",
    "true or false",
    _yes_or_no,
    "Whether owners and privileges (GRANT, REVOKE) are compared too, where the live database is a PostgreSQL.",
)
_X = Setting("x", "a list of strings", _texts, 'What `alembic -x` would be given, such as ["tenant=demo"].')

SCHEMA: tuple[Setting, ...] = (
    _PYTHON,
    _LIVE,
    Setting(
        "live_in_hook",
        '"note", "off" or "error"',
        _one_of("note", "off", "error"),
        "What a git hook makes of a live database that it cannot reach; off does not ask any, error asks each time.",
    ),
    _SHADOW,
    _BEGINS_ON,
    Setting("select", "a list of rule names or codes", _selectors, "Only these rules; DG1 means the whole family."),
    Setting(
        "ignore",
        "a list of rules and patterns",
        _ignored,
        'Without these rules, and in live databases without these objects: "table:legacy_*", "index:*.ix_tmp_*".',
    ),
    Setting(
        "severity",
        "a table of severities",
        _severities,
        'How much rules weigh: { DG203 = "error", DG1 = "warning" }; the narrowest name counts.',
    ),
    Setting("strict", "true or false", _yes_or_no, "Whether warnings fail a check as errors do."),
    Setting(
        "known_in_hook",
        '"note" or "error"',
        _one_of("note", "error"),
        "What a commit's hook makes of what the last commit has already; error refuses every commit until it is gone.",
    ),
    Setting(
        "require_reason",
        "true or false",
        _yes_or_no,
        "Whether a comment `# driftguard: ignore[…]` without `reason=` counts for nothing.",
    ),
    Setting(
        "base",
        "a branch",
        _text,
        "The branch that others are merged into; by default the one that is followed, or the remote's default branch.",
    ),
    _HEADS,
    _TENANTS,
    _PRIVILEGES,
    _X,
    Setting("env", "a table of strings", _variables, "Environment variables that env.py and the models need."),
    Setting("deadline", "seconds", _seconds, "How long one environment may take, and how long a git hook as a whole."),
    Setting("exclude", "a list of path patterns", _texts, "Folders that are never searched for environments."),
)

ENVIRONMENT_SCHEMA: tuple[Setting, ...] = (
    Setting("config", "a path", _path, "The environment's alembic.ini or pyproject.toml, from the repository's root."),
    Setting("section", "a string", _text, "The section of that file, as for `alembic -n`."),
    Setting("script_location", "a path", _path, "The folder that holds env.py, from the repository's root."),
    Setting("folder", "a path", _path, "The folder in which `alembic` or `flask` is run."),
    Setting("flask_app", "a string", _text, "The Flask application, as FLASK_APP or `flask --app` names it."),
    _PYTHON,
    _LIVE,
    _SHADOW,
    _BEGINS_ON,
    _HEADS,
    _TENANTS,
    _PRIVILEGES,
    _X,
    Setting("ignore", "a list of rules and patterns", _ignored, "Without these, besides those of all."),
)
