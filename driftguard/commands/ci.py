"""``driftguard ci``: all that a pipeline should ask about a branch, in one verdict."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from driftguard import engine, staged
from driftguard.checks.words import counted
from driftguard.commands.guarded import open_tree, repository_of, root_of
from driftguard.commands.progress import progress
from driftguard.commands.reports import Output, deliver
from driftguard.config import load_settings
from driftguard.errors import DriftguardError
from driftguard.facts.targets import one, several
from driftguard.findings import Severity
from driftguard.gate import Aim, find_aim, pass_through
from driftguard.git import WorkingTree
from driftguard.pipelines import EVENT_FILE, Pipeline, pipeline_of
from driftguard.redaction import redacted
from driftguard.report import Paint, painter
from driftguard.report.github import said
from driftguard.report.text import COLOURS, counts
from driftguard.report.visible import visible
from driftguard.verdict import FOUND, UNCHECKED, Verdict

FOR_PEOPLE = ("text", "github", "markdown")
"""Formats behind which a few lines more disturb nobody."""

MOST_LINES = 12
ENDS = {FOUND: "failed", UNCHECKED: "could not be checked"}


def ci(
    *,
    start: Path,
    base: str = "",
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    environments: Sequence[str] = (),
    live: Sequence[str] = (),
    outputs: Sequence[Output] = (),
    strict: bool = False,
    strict_coverage: bool = False,
) -> int:
    """Look at the branch, at what git would make of it and its base, at new revisions both ways, and at ``live``.

    The base is ``base``, or what the CI service's variables say. ``outputs`` are added to those that the service
    understands, or stand in the place of one that goes to the same file or has the same format. Without ``live``, no
    live database is asked.
    """
    pipeline = pipeline_of(os.environ, event_of(os.environ))
    wanted = outputs_of(pipeline, outputs)
    with _annotated(wanted):
        repository = repository_of(start)
        root = root_of(start)
        settings = load_settings(open_tree(root, "working", ""))
        aim = find_aim(repository, pipeline, base, settings.base)
        fleet = several(live, start, {**dict(settings.env), **os.environ})
        request = engine.Request(
            root=root,
            settings=replace(
                settings,
                select=tuple(select) or settings.select,
                ignore=(*settings.ignore, *ignore),
                strict=strict or settings.strict,
            ),
            environments=tuple(environments),
            live="" if fleet else one("".join(live), start) or "off",
            fleet=fleet,
            strict_coverage=strict_coverage,
        )
        with progress(sys.stderr) as tell:
            verdict = pass_through(request, repository, aim, tell, os.environ)
    paint, lines = painter(sys.stdout, os.environ), staged.source_of(WorkingTree(root))
    for_people = all(each.file or each.format in FOR_PEOPLE for each in wanted)
    log = StringIO()
    try:
        with redirect_stdout(log):
            deliver(wanted, verdict, lines, paint, os.environ)
            if for_people:
                print(*_summary(pipeline, aim, verdict, paint), sep="\n")
    finally:  # also where a file cannot be written
        sys.stdout.write(pipeline.service.harmless(log.getvalue()) if for_people else log.getvalue())
    return verdict.exit_code


def outputs_of(pipeline: Pipeline, wanted: Sequence[Output]) -> tuple[Output, ...]:
    """What the service understands, without what the user has asked for otherwise."""
    formats, files = {each.format for each in wanted}, {each.file for each in wanted}
    usual = (Output(*each) for each in pipeline.service.outputs)
    return (*(each for each in usual if each.format not in formats and each.file not in files), *wanted)


@contextmanager
def _annotated(outputs: Sequence[Output]) -> Iterator[None]:
    """What could not be done is an annotation as well, where annotations are shown."""
    try:
        yield
    except DriftguardError as error:
        if any(each.format == "github" and not each.file for each in outputs):
            print(said("error", redacted(f"{error.message}; {error.hint}" if error.hint else error.message)))
        raise


def _summary(pipeline: Pipeline, aim: Aim, verdict: Verdict, paint: Paint) -> Iterator[str]:
    """What a screen holds: where it ran, what fails, and how to see the same at home."""
    new = [each for each in verdict.findings if each.severity is not Severity.NOTE]
    yield ""
    yield paint(f"driftguard ci: {visible(pipeline.about)}", "bold")
    yield f"  base   {visible(aim.said)}"
    for line in verdict.checked[:MOST_LINES]:
        yield f"  seen   {visible(line)}"
    yield f"  new    {counts(replace(verdict, findings=tuple(new)), paint) if new else 'nothing'}"
    for each in new[:MOST_LINES]:
        finding = each.finding
        where = f" ({visible(str(finding.place))})" if finding.place else ""
        yield f"         {paint(finding.code, COLOURS[each.severity])} {visible(finding.message)}{where}"
    if len(new) > MOST_LINES:
        yield f"         and {len(new) - MOST_LINES} more, in the report"
    for why, number in Counter(each.known for each in verdict.findings if each.known).items():
        yield f"  known  {counted(number, 'finding')}: {visible(why)}"
    yield f"  so     {ENDS.get(verdict.exit_code, 'passed')} (exit code {verdict.exit_code})"


def event_of(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What GitHub says of the event; nothing where there is no such file, or none that can be read."""
    try:
        event = json.loads(Path(environ[EVENT_FILE]).read_bytes())
    except (KeyError, OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}
