"""Where reports go: to standard output, into files, and where a CI service picks them up."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from driftguard.errors import DriftguardError
from driftguard.report import REPORTS, Paint, Source, plain
from driftguard.report.text import summary
from driftguard.verdict import Verdict

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file that GitHub shows on a job's page, as Markdown."""


class Output(NamedTuple):
    """A format, and the file that it is written to; "" for standard output."""

    format: str
    file: str = ""


TEXT = (Output("text"),)


def deliver(
    outputs: Iterable[Output], verdict: Verdict, source: Source, paint: Paint, environ: Mapping[str, str]
) -> None:
    """Write every report; ``paint`` is for standard output, which gets one line if it gets no report.

    Raises DriftguardError for a file that cannot be written.
    """
    wanted = tuple(outputs)
    for output in wanted:
        render = REPORTS[output.format].render
        if output.file:
            _write(output.file, render(verdict, source, plain))
        else:
            sys.stdout.write(render(verdict, source, paint))
        if output.format == "github" and environ.get(STEP_SUMMARY):
            _write(environ[STEP_SUMMARY], REPORTS["markdown"].render(verdict, source, plain), "a")
    if all(output.file for output in wanted):
        sys.stdout.write(f"{summary(verdict, paint)}\n")


def _write(path: str, text: str, mode: str = "w") -> None:
    try:
        with Path(path).open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise DriftguardError(f"{path} cannot be written: {error.strerror}", "name another file") from error
