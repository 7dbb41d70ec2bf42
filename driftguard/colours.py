"""Whether somebody can see colours."""

from __future__ import annotations

from _collections_abc import Mapping


def shows_colours(*, terminal: bool, environ: Mapping[str, str]) -> bool:
    """``NO_COLOR`` (any value but the empty one, https://no-color.org) beats ``FORCE_COLOR``.

    Without either it matters whether the output is a ``terminal``, and one that knows colours.
    """
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (terminal and environ.get("TERM") != "dumb")
