"""Rules DG402 and DG403: new revisions undone and run again, on a shadow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from driftguard.checks.words import apart, change_lines, counted
from driftguard.findings import Finding, Place, Severity, Side
from driftguard.graph import Revision
from driftguard.schema.diff import Difference

BEFORE, AFTER = "the schema before it", "what its downgrade leaves"
MOST_DETAILS = 20


class FailedStep(NamedTuple):
    """A revision that raised, when it was undone or, ``again``, when it was run once more after that."""

    revision: str
    message: str
    details: tuple[str, ...]
    place: Place
    command: str
    again: bool = False
    database: str = ""


class Leftover(NamedTuple):
    """What is not as it was before a revision, once it was run and undone."""

    revision: str
    place: Place
    differences: tuple[Difference, ...]
    database: str = ""


class WaysBack(NamedTuple):
    """What came of undoing the new revisions; ``declined`` are those that say that they cannot be undone."""

    failed: tuple[FailedStep, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    declined: tuple[Revision, ...] = ()


def failing_downgrade(given: WaysBack) -> Iterator[Finding]:
    """A new revision cannot be undone, or not be run again after that.

    It was run on a shadow, its ``downgrade()`` after it, and its ``upgrade()`` once more; one of the two raised. A
    revision whose ``downgrade()`` raises ``NotImplementedError``, or does nothing but raise, says that it cannot be
    undone, and is a note.

    Why it hurts: at two in the morning the release had to be taken back. The downgrade had been written by hand and
    named a constraint that the server had called otherwise. It had never been run; the release stayed, half of it.

    How to fix: mend ``downgrade()`` in this revision, and try it on a database that nobody needs:

        alembic downgrade -1
        alembic upgrade head

    If there is no way back, say so:

        def downgrade():
            raise NotImplementedError("the old names are gone")
    """
    for failed in given.failed:
        what = "cannot be run again after its downgrade" if failed.again else "cannot be undone"
        yield Finding(
            code="DG402",
            side=Side.HEAD,
            subject=failed.revision,
            message=f"revision {failed.revision} {what}: {failed.message}",
            place=failed.place,
            details=failed.details,
            help="let downgrade() take back all that upgrade() did" if failed.again else "mend its downgrade()",
            commands=(failed.command,),
            database=failed.database,
        )
    for revision in given.declined:
        yield Finding(
            code="DG402",
            side=Side.HEAD,
            subject=revision.id,
            message=f"revision {revision.id} says that it cannot be undone, nor what lies below it",
            place=Place(revision.path, revision.line),
            severity=Severity.NOTE,
        )


def downgrade_is_not_inverse(given: WaysBack) -> Iterator[Finding]:
    """After a new revision was run and undone, the schema is not what it was before.

    Compared are the catalogs of two shadows: one where the revision was never run, and one where it was run and undone.

    Why it hurts: the downgrade dropped the column and left the enum type behind. On the way back nobody noticed. When
    the mended release came, its upgrade stopped with "type already exists", in production only.

    How to fix: let ``downgrade()`` take back all that ``upgrade()`` does, in the opposite order, and try it:

        alembic downgrade -1
    """
    for left in given.leftovers:
        number = counted(len(left.differences), "difference")
        yield Finding(
            code="DG403",
            side=Side.HEAD,
            subject=left.revision,
            message=f"the downgrade of revision {left.revision} does not lead back to where it began: {number}",
            place=left.place,
            details=tuple(_lines(left.differences))[:MOST_DETAILS],
            help="let downgrade() take back all that upgrade() does",
            database=left.database,
        )


def _lines(differences: tuple[Difference, ...]) -> Iterator[str]:
    for each in differences:
        yield apart(each, BEFORE, AFTER)
        if len(each.changes) > 1:
            yield from change_lines(each.changes, "before", "after")
