"""Rules DG4xx: the revisions themselves, on a shadow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from driftguard.findings import Finding, Place, Side

HELP = (
    "mend upgrade() in this revision; or, if it is meant to find tables that the application once made, "
    'name what makes them with the setting "begins_on"'
)

_MISSING_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_ROLE_HELP = (
    "roles belong to the whole server, and the shadow's has no {}: let the revision create it where it is missing, "
    'or name a server that has it: shadow = "postgresql://…" in [tool.driftguard]'
)


class FailedUpgrade(NamedTuple):
    """A revision that raised on an empty shadow: the statement ("" if none), the error, and where its file is."""

    revision: str
    statement: str
    message: str
    details: tuple[str, ...]
    place: Place | None
    command: str


def failing_upgrade(failed: FailedUpgrade) -> Iterator[Finding]:
    """Replaying the revisions from an empty database fails.

    The chain was run on an empty shadow, and one revision's ``upgrade()`` raised. Nothing after it was executed, so
    head, models and live cannot be compared with what the revisions would build.

    Why it hurts: databases that exist already are past that revision and never notice. The next new one does: a
    colleague's first day, the test environment of a pull request, a restore after a disaster. One team learnt on such
    a day that its first revision had expected a table which somebody once made by hand.

    How to fix: run the chain on an empty database yourself and mend the named revision so that it needs nothing which
    no earlier revision creates:

        alembic upgrade head

    A role that it grants something to (``role "app" does not exist``) belongs to the server, not to the database:
    create it in the revision where it is missing, or name a server that has it with the setting ``shadow``.

    If the first revision is meant to find tables that the application once made by ``create_all()``, name what makes
    them, a ``MetaData`` or a function that is given a connection:

        [tool.driftguard]
        begins_on = "shop.first_models:Base.metadata"
    """
    role = _MISSING_ROLE.search(failed.message)
    statement = (failed.statement,) if failed.statement else ()
    yield Finding(
        code="DG401",
        side=Side.HEAD,
        subject=failed.revision,
        message=f"revision {failed.revision} fails on an empty database: {failed.message}",
        place=failed.place,
        details=(*statement, *failed.details),
        help=_ROLE_HELP.format(role["name"]) if role else HELP,
        commands=(failed.command,),
    )
