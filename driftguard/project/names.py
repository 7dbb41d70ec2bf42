"""Names for environments: short where that is clear, longer where two would be called the same."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from driftguard.project.environment import Environment


def name_all(environments: Iterable[Environment], taken: Iterable[str] = ()) -> tuple[Environment, ...]:
    """The environments, each with the first of its proposed names that no other one has; in the same order."""
    waiting = dict(enumerate(environments))
    used = set(taken)
    named: dict[int, Environment] = {}
    for level in range(len(_PROPOSALS)):
        proposed = {index: _PROPOSALS[level](each) for index, each in waiting.items()}
        counts = Counter(proposed.values())
        clear = {index: name for index, name in proposed.items() if counts[name] == 1 and name not in used}
        named |= {index: replace(waiting.pop(index), name=name) for index, name in clear.items()}
        used |= set(clear.values())
    return tuple(named[index] for index in sorted(named))


def _short(environment: Environment) -> str:
    if environment.section != "alembic":
        return environment.section
    return posixpath.basename(environment.script_location if environment.folder == "." else environment.folder)


def _by_scripts(environment: Environment) -> str:
    return environment.script_location


def _by_section(environment: Environment) -> str:
    return f"{environment.script_location}:{environment.section}"


def _by_everything(environment: Environment) -> str:
    return f"{environment.config}:{_by_section(environment)}:{','.join(environment.version_locations)}"


_PROPOSALS = (_short, _by_scripts, _by_section, _by_everything)
