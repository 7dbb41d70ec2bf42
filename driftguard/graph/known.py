"""What is known of revisions beside their files."""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """Where revisions are besides here.

    ``base`` is the base branch and ``in_base`` the revisions that it has; ``live`` are databases and the revisions at
    which they stand; ``notes`` what could not be found out.
    """

    base: str = ""
    in_base: frozenset[str] = frozenset()
    live: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def is_new(self, id_: str) -> bool:
        return bool(self.base) and id_ not in self.in_base


NOTHING_KNOWN = Known()
