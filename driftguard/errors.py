"""The one error that a user can cause and mend, and what was meant where a word is misspelt."""

from __future__ import annotations

from _collections_abc import Iterable


class DriftguardError(Exception):
    """Something the user can fix: said as a message and a hint, never as a traceback (exit code 2)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def closest(word: str, known: Iterable[str]) -> str:
    """ ", did you mean …?" for the known word most like ``word``, or "" if none is near."""
    import difflib  # only for what is going to fail

    spelt = {each.lower().replace("-", "_"): each for each in known}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), spelt, n=1)
    return f', did you mean "{spelt[near[0]]}"?' if near else ""
