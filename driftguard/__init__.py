"""driftguard: models, migration head, live database and revision graph, and which of them is off.

For programs: ``driftguard.check(path)`` gives a verdict, see ``driftguard.api``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as of typing, which a hook has no time to import
    from driftguard.api import check as check

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """The engine is imported when it is asked for; not by a statement, because all modules import this one."""
    if name == "check":
        from importlib import import_module

        return import_module("driftguard.api").check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
