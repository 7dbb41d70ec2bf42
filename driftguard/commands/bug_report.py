"""``driftguard bug-report``: what others need to know to help, and nothing that tells who and where."""

from __future__ import annotations

import getpass
import os
import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from driftguard import __version__
from driftguard.anonymity import Private, anonymous, dialect_of, private, unquoted
from driftguard.commands import versions
from driftguard.commands.guarded import root_of
from driftguard.config import ENVIRONMENT_SCHEMA, SCHEMA, EnvironmentSettings, Setting, Settings, load_settings
from driftguard.daemon import lifecycle
from driftguard.errors import DriftguardError
from driftguard.git import WorkingTree, find_repository
from driftguard.graph import load
from driftguard.memo.shelf import Shelf
from driftguard.project import Environment, survey
from driftguard.report.visible import visible

LOG_LINES = 20
CODE = re.compile(r"\bDG\d{3}\b")
URL_IN_FILE = re.compile(r"^[ \t]*[\w.]*url[ \t]*=[ \t]*[\"']?([a-z][\w+]*://)", re.MULTILINE | re.IGNORECASE)
NOTHING_SET = "none: all by itself"
BEGINNING = """\
### What happened

<!-- What you did, what you expected, and what you saw; with exit code 3, the lines that were printed. -->
"""

Part = Callable[[], Iterable[str]]
Value = TypeVar("Value")


def bug_report(*, start: Path, output: Path | None) -> int:
    """Print the report as Markdown, or write it to ``output``; 0 whatever cannot be found out."""
    text = report(start)
    if output is None:
        print(text, end="")
        return 0
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise DriftguardError(f"{output} cannot be written: {error.strerror}", "name another file") from error
    print(f"written: {visible(str(output))}; read it before you send it")
    return 0


def report(start: Path, environ: Mapping[str, str] = os.environ) -> str:
    """The report on the project around ``start``. Reads files; runs nothing of the project."""
    root = _or(lambda: root_of(start), start)
    settings = _or(lambda: load_settings(WorkingTree(root)), Settings())
    hidden = private(
        (*_settings_texts(settings), *_config_texts(root, settings)),
        {**environ, **dict(settings.env)},
        (*_who(), *_values(settings)),
        str(Path.home()),
    )
    sections: tuple[tuple[str, Part], ...] = (
        ("Versions", lambda: _versions(start)),
        ("Settings", lambda: _settings(root)),
        ("Environments", lambda: _environments(root, settings, environ)),
        ("Last verdict", lambda: _verdicts(root)),
        ("Watcher", lambda: _watcher(root)),
        ("Its log", lambda: _log(root)),
    )
    written = (f"### {title}\n\n{_listed(part, hidden)}\n" for title, part in sections)
    return "\n".join((BEGINNING, *written))


def _listed(part: Part, hidden: Private) -> str:
    return "\n".join(f"- {visible(anonymous(line, hidden))}" for line in versions.told(part))


def _versions(start: Path) -> Iterator[str]:
    yield f"driftguard {__version__} on {platform.platform()}"
    yield from (f"{name}: {line}" for name, part in versions.parts(start) for line in versions.told(part))


def _settings(root: Path) -> Iterator[str]:
    settings = load_settings(WorkingTree(root))
    lines = (
        *_changed(SCHEMA, settings, Settings()),
        *(
            f"for {each.name}: {line}"
            for each in settings.environments
            for line in _changed(ENVIRONMENT_SCHEMA, each, EnvironmentSettings(each.name))
        ),
    )
    yield from (f"{settings.source}: {line}" for line in lines)
    if not lines:
        yield NOTHING_SET


def _changed(schema: tuple[Setting, ...], said: object, usual: object) -> Iterator[str]:
    for setting in schema:
        value = getattr(said, setting.key)
        if value != getattr(usual, setting.key):
            yield f"{setting.key} = {SHOWN.get(setting.key, str)(value)}"


def _address(value: str) -> str:
    return f"a URL of {dialect_of(value)}" if "://" in value else value


def _only_names(value: tuple[tuple[str, str], ...]) -> str:
    return f"{', '.join(name for name, _ in value)} (values are not shown)"


def _only_number(value: tuple[str, ...]) -> str:
    return f"{len(value)} (not shown)"


SHOWN: Mapping[str, Callable[..., str]] = {
    "env": _only_names,
    "live": _address,
    "shadow": _address,
    "tenants": _only_number,
    "x": _only_number,
}
"""Settings that may tell what nobody else is to know, and how they are shown."""


def _environments(root: Path, settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    tree = WorkingTree(root)
    found = survey(tree, settings, environ)
    for each in found.environments:
        yield f"{each.name}: {', '.join((*_stands(tree, each), *_shape(tree, each)))}"
        yield from (f"{each.name}: {problem}" for problem in each.problems)
    yield from found.problems
    if not found.environments:
        yield versions.NO_ENVIRONMENT


def _stands(tree: WorkingTree, environment: Environment) -> Iterator[str]:
    yield f"{'Flask-Migrate' if environment.flask else 'Alembic'} in {environment.folder}"
    yield f"{environment.config or 'no config file'} [{environment.section}]"
    yield f"scripts in {environment.script_location}"
    content = tree.read(environment.config) if environment.config else None
    urls = sorted(set(URL_IN_FILE.findall((content or b"").decode(errors="replace"))))
    yield f"URL there: {', '.join(map(dialect_of, urls)) or 'none'}"


def _shape(tree: WorkingTree, environment: Environment) -> Iterator[str]:
    graph = load(tree, environment.version_locations, environment.recursive)
    forks = sum(len(graph.children(id_)) > 1 for id_ in graph.by_id)
    merges = sum(len(graph.parents(id_)) > 1 for id_ in graph.by_id)
    counts = {
        "revisions": len(graph.revisions),
        "folders of them": len(environment.version_locations),
        "bases": len(graph.bases()),
        "heads": len(graph.heads()),
        "branch points": forks,
        "merges": merges,
        "missing parents": len(graph.missing()),
        "unreadable files": len(graph.unreadable),
    }
    yield from (f"{name}: {count}" for name, count in counts.items())


def _verdicts(root: Path) -> Iterator[str]:
    """The codes that the hook remembers, the newest first."""
    repository = find_repository(root)
    records = Shelf(str(repository.git_path("driftguard"))).records() if repository else iter(())
    told = [f"exit code {record.answer.exit_code}: {_codes(record.answer.plain)}" for _, record in records]
    yield from told[:1] or ("none is remembered",)


def _codes(text: str) -> str:
    counted = Counter(CODE.findall(text))
    return ", ".join(f"{code} × {count}" for code, count in sorted(counted.items())) or "nothing found"


def _watcher(root: Path) -> Iterator[str]:
    status = lifecycle.status(root)
    yield "runs" if status.state else "runs, but does not answer" if status.running else "does not run"
    for look in status.state.looks if status.state else ():
        codes = " ".join(judged.finding.code for judged in look.verdict.findings) if look.verdict else "the look failed"
        yield f"a look of {look.seconds:.1f} s: {_codes(codes) if look.verdict else codes}"


def _log(root: Path) -> Iterator[str]:
    """The last lines, without the source code of tracebacks and without what stands in quotes."""
    log = lifecycle.log_of(root)
    if not log.exists():
        yield "there is none"
        return
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    kept = [line for line in lines if line and (not line[0].isspace() or line.startswith("  File "))]
    yield from map(unquoted, kept[-LOG_LINES:])


def _each(settings: Settings) -> tuple[Settings, ...]:
    """As they are for all environments, and for each that has a table."""
    return (settings, *(settings.for_environment(table.name) for table in settings.environments))


def _settings_texts(settings: Settings) -> Iterator[str]:
    for each in _each(settings):
        yield from (each.live, each.shadow)


def _values(settings: Settings) -> Iterator[str]:
    """What stands behind the names of settings that show none: variables, tenants, arguments of ``alembic -x``."""
    yield from (value for _, value in settings.env)
    for each in _each(settings):
        yield from each.tenants
        yield from (argument.partition("=")[2] for argument in each.x)


def _config_texts(root: Path, settings: Settings) -> tuple[str, ...]:
    """The files in which URLs stand, for what is in them must not be shown."""
    tree = WorkingTree(root)
    none: tuple[Environment, ...] = ()
    found = _or(lambda: survey(tree, settings, os.environ).environments, none)
    paths = {path for each in found for path in (each.config or "", f"{each.script_location}/env.py") if path}
    return tuple(content.decode(errors="replace") for content in tree.read_many(sorted(paths)).values())


def _who() -> tuple[str, ...]:
    node = platform.node()
    return (_or(getpass.getuser, ""), node, node.partition(".")[0])


def _or(find: Callable[[], Value], otherwise: Value) -> Value:
    """What ``find`` gives; ``otherwise`` where it fails."""
    try:
        return find()
    except Exception:  # the report is for those with whom something fails
        return otherwise
