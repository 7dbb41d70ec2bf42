"""The line of the project's own code that a traceback ends in."""

from __future__ import annotations

import re
from pathlib import Path

from driftguard.findings import Place

FRAME = re.compile(r'^\s*File "(?P<file>.+)", line (?P<line>\d+)')


def place_in(details: tuple[str, ...], root: Path) -> Place | None:
    """The last frame below ``root`` that is no installed package's; None if there is none."""
    for detail in reversed(details):
        match = FRAME.match(detail)
        if match and (place := relative_place(match["file"], int(match["line"]), root)):
            return place
    return None


def relative_place(file: str, line: int | None, root: Path) -> Place | None:
    """A place from an absolute path; None for a file outside the project, and for code that is in no file."""
    if not Path(file).is_absolute():
        return None
    try:
        relative = Path(file).resolve().relative_to(root.resolve())
    except ValueError:
        return None
    return None if "site-packages" in relative.parts else Place(relative.as_posix(), line)
