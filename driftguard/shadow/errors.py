"""What can go wrong while a shadow is made."""

from __future__ import annotations

from driftguard.errors import DriftguardError


class NoShadow(DriftguardError):
    """No disposable database could be had; the message names what was tried, the hint the setting that helps."""


class CannotRebuild(DriftguardError):
    """What was kept of a database does not become a database any more; the message is the server's."""
