"""The one error that a user can cause and mend."""

from __future__ import annotations


class DriftguardError(Exception):
    """Something the user can fix: said as a message and a hint, never as a traceback (exit code 2)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
