"""``driftguard doctor``: finds revisions that are not here, and says how to get out."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from driftguard import engine
from driftguard.checks.lost import Diagnosis
from driftguard.checks.setup import Problem
from driftguard.commands.guarded import root_of
from driftguard.commands.progress import progress
from driftguard.config import load_settings
from driftguard.facts import EnvironmentFacts
from driftguard.facts.lost import Examined, examine
from driftguard.git import WorkingTree
from driftguard.report import painter
from driftguard.report.paint import Paint
from driftguard.report.visible import visible

ELSEWHERE = "the commands reach the database that env.py configures; see that this is the one that --live names"


def doctor(*, start: Path, revision: str = "", environments: Sequence[str] = (), live: str = "") -> int:
    """Look for ``revision``, or for whatever is missing; 0 if nothing is, 1 if something is, 2 if nobody could look."""
    root = root_of(start)
    settings = load_settings(WorkingTree(root))
    request = engine.Request(root=root, settings=settings, environments=tuple(environments), live=live)
    with progress(sys.stderr) as tell, engine.open_facts(request, tell) as found:
        examined = {each.environment.name: examine(each, revision, _others(each, found)) for each in found}
    paint = painter(sys.stdout, os.environ)
    if revision and any(each.fine for each in examined.values()):  # it need not be in every environment
        examined = {name: each for name, each in examined.items() if each.fine}
    diagnoses = [each for one in examined.values() for each in one.diagnoses]
    for name, one in examined.items():
        print("\n".join(_lines(name, one, paint)))
    if any(way.commands for each in diagnoses for way in each.ways):
        if start != root:
            print(f"the commands are for {visible(str(root))}: cd {visible(shlex.quote(str(root)))}")
        if live not in ("", "off"):
            print(ELSEWHERE)
    if diagnoses:
        return 1
    return 2 if any(each.problems for each in examined.values()) else 0


def _others(one: EnvironmentFacts, found: tuple[EnvironmentFacts, ...]) -> tuple[str, ...]:
    """Where the other environments' revisions are."""
    own = one.environment.version_locations
    return tuple(folder for each in found for folder in each.environment.version_locations if folder not in own)


def _lines(name: str, examined: Examined, paint: Paint) -> Iterator[str]:
    for diagnosis in examined.diagnoses:
        yield from _diagnosis(name, diagnosis, paint)
        yield ""
    for problem in examined.problems:
        yield from _problem(name, problem, paint)
    for fact in examined.fine:
        yield f"{paint(visible(name), 'bold green')}: {visible(fact)}"
    if not examined.diagnoses and not examined.problems:
        yield f"{paint(visible(name), 'bold green')}: nothing to mend"


def _diagnosis(name: str, diagnosis: Diagnosis, paint: Paint) -> Iterator[str]:
    yield f"{paint(visible(name), 'bold red')}: {paint(visible(diagnosis.fact), 'bold')}"
    yield from (f"  | {visible(detail)}" for detail in diagnosis.details)
    for number, way in enumerate(diagnosis.ways):
        yield f"  {'or' if number else 'to mend it'}: {visible(way.help)}"
        yield from (f"    {paint(visible(command), 'bold')}" for command in way.commands)


def _problem(name: str, problem: Problem, paint: Paint) -> Iterator[str]:
    yield f"{paint(visible(name), 'bold yellow')}: could not look: {visible(problem.message)}"
    yield from (f"  | {visible(detail)}" for detail in problem.details)
    if problem.help:
        yield f"  help: {visible(problem.help)}"
