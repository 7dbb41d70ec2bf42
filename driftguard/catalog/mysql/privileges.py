"""What a user with few privileges cannot see of a MariaDB or MySQL database."""

from __future__ import annotations

import re
from collections.abc import Iterable

_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?P<database>\*|`(?:[^`]|``)*`)\.(?P<object>\*|`(?:[^`]|``)*`) TO ")

# https://mariadb.com/kb/en/grant/ ; for each kind, the privileges any of which lets its rows be listed
_ROUTINES = ("EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW CREATE ROUTINE", "SHOW_ROUTINE")
_NEEDED: dict[str, tuple[str, ...]] = {
    "event": ("EVENT",),
    "function": _ROUTINES,
    "procedure": _ROUTINES,
    "trigger": ("TRIGGER",),
}


def hidden_kinds(grants: Iterable[str], database: str) -> dict[str, str]:
    """Kinds that ``SHOW GRANTS`` does not let this user list in ``database``, each with the privilege to ask for."""
    lines = tuple(grants)
    held = privileges(lines, database)
    # Whoever may read the server's own tables sees every routine.
    if "SELECT" in privileges(lines, "mysql"):
        held |= set(_ROUTINES)
    return {
        kind: needed[0] for kind, needed in _NEEDED.items() if not held & set(needed) and "ALL PRIVILEGES" not in held
    }


def privileges(grants: Iterable[str], database: str) -> frozenset[str]:
    """What may be done with everything in ``database``: ``ALL PRIVILEGES``, ``SELECT``, ``SHOW VIEW`` …"""
    return frozenset(
        privilege.strip().upper()
        for grant in grants
        if (match := _GRANT.match(grant)) and match["object"] == "*" and _covers(match["database"], database)
        for privilege in re.sub(r"\([^)]*\)", "", match["what"]).split(",")
    )


def _covers(pattern: str, database: str) -> bool:
    """Whether a grant's database pattern means this one (wildcards ``%`` and ``_``, plain after a backslash)."""
    if pattern == "*":
        return True
    text = pattern[1:-1].replace("``", "`")
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    wildcards = {"%": ".*", "_": "."}
    return re.fullmatch("".join(wildcards.get(each, re.escape(each[-1])) for each in parts), database) is not None
