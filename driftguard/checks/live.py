"""Rules DG3xx: live against what its own stamp builds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from driftguard.checks.words import called, change_lines, counted, directly, listed, shortened, subject, when, who
from driftguard.findings import Finding, Place, Side
from driftguard.schema import select
from driftguard.schema.catalog import Catalog, Name, Object
from driftguard.schema.diff import WITH_COLUMNS, Difference, diff
from driftguard.schema.journal import Entry, behind
from driftguard.schema.renames import with_renames

UNDO_OR_ADOPT = (
    "undo it (`driftguard repair` shows all that it takes), or make it official by a revision: `driftguard adopt -m …`"
)
_TABLES_TOLD = 10
_STATEMENT_TOLD = 120


class Pending(NamedTuple):
    """A revision that was not applied to the live database yet; ``doc`` is its message."""

    revision: str
    doc: str
    place: Place | None


class Sighting(NamedTuple):
    """Where a revision that is not here was seen.

    ``branch`` has its file ("" if no branch does), ``commit`` is the last one that had it, ``path`` is the file there.
    ``known_ancestor`` is its nearest ancestor that is here ("" if there is none, or it cannot be told).
    """

    branch: str
    commit: str
    path: str
    known_ancestor: str = ""


class LiveInput(NamedTuple):
    """What the rules look at.

    ``stamp``: the ids in the version table, None if there is no version table. ``heads``: those of the revisions
    here; ``pending``: what an upgrade would run, in order; ``unknown``: ids of the stamp in no revision here, with
    where each ``was_seen``. ``expected``: what the stamp builds (for None and () what nothing builds: an empty
    catalog), None if that cannot be told. ``live``: None if it could not be read. Both are without what ``env.py`` and
    the settings leave out. ``matching``: revisions that build exactly what live holds, newest first, where that was
    looked up. ``head``: what the heads build; ``in_models()``: the objects of the models.
    ``apart``: groups of the stamp's revisions that belong to one branch, and that no revision joins.
    ``restore(difference, expected)`` are the statements that undo a difference. Commands are without the revision that
    they take: ``alembic upgrade``. ``journal()``: what the database noted of its changes, newest first.
    ``ignored``: the patterns of the settings that mean objects here, with how many differences each took away.
    """

    stamp: tuple[str, ...] | None
    heads: tuple[str, ...]
    pending: tuple[Pending, ...]
    unknown: tuple[str, ...]
    expected: Catalog | None
    live: Catalog | None
    head: Catalog | None
    in_models: Callable[[], frozenset[Name]]
    matching: tuple[str, ...]
    was_seen: Mapping[str, tuple[Sighting, ...]]
    restore: Callable[[Difference, Catalog], tuple[str, ...]]
    database: str
    upgrade_command: str
    downgrade_command: str
    stamp_command: str
    apart: tuple[tuple[str, ...], ...] = ()
    journal: Callable[[], Sequence[Entry]] = tuple
    ignored: tuple[tuple[str, int], ...] = ()


def direct_ddl(given: LiveInput) -> Iterator[Finding]:
    """The live schema was changed past the revisions.

    driftguard builds, on an empty database, what the revision that the live database is stamped with builds, and
    compares. A database that is merely behind is equal to its own stamp and not told here. Each object that was
    added, dropped, renamed or changed by hand is one finding, with the statement that undoes it. A column counts as
    renamed if one with the very same facts has come in its place, and no other would fit.

    Why it hurts: the next autogenerate looks at that database and writes a stranger's change into your revision; on
    every other database the upgrade then fails with "column already exists". Someone dropped ``students.last_name``
    in a console to try something out; three weeks later an unrelated revision brought it back, empty, and nobody
    knew where it came from.

    How to fix: either undo it with the statement that the finding shows, for example

        ALTER TABLE "students" ADD COLUMN "last_name" VARCHAR(50);

    (a dropped column comes back without its values), or all of it with ``driftguard repair``, which tries the plan on
    a copy of the schema first. Or make it official: put the change into a revision, and on this database, which has it
    already, stamp instead of upgrading. ``driftguard adopt`` does both, and ``driftguard diff`` shows what it is about:

        driftguard adopt -m "drop students.last_name"
    """
    if not given.stamp or given.expected is None or given.live is None or _looks_unbuilt(given):
        return
    differences = with_renames(diff(given.expected, given.live))
    for difference in differences:
        yield _direct(given, given.expected, difference, differences)


def pending_upgrade(given: LiveInput) -> Iterator[Finding]:
    """The live database is behind head: there are revisions that it has not run.

    The usual state after a pull or a checkout, and no drift: the database is compared with its own stamp. An empty
    database on which nothing ran yet is told here too.

    Why it hurts: the code already expects the new columns. Half an hour goes into an "undefined column" error that is
    no bug at all; and autogenerate refuses to work ("Target database is not up to date").

    How to fix:

        alembic upgrade head

    With Flask-Migrate:

        flask db upgrade
    """
    if given.unknown or not given.pending or (not given.stamp and _has_known_tables(given)):
        return
    number = counted(len(given.pending), "revision")
    if given.stamp:
        at = f"is at {listed(given.stamp)}, {number} behind head"
    else:
        empty = "is empty: " if given.live is not None and not _tables(given.live) else ""
        at = f"{empty or 'was never upgraded: '}nothing has been applied yet, {number} to go"
    yield _finding(
        "DG302",
        given,
        subject=given.pending[0].revision,
        message=f"the live database {at}",
        place=given.pending[0].place,
        details=tuple(_pending_line(each) for each in given.pending),
        advice="apply them",
        commands=(_upgrade(given),),
    )


def unknown_stamp(given: LiveInput) -> Iterator[Finding]:
    """The live database is stamped with a revision that no file here has.

    It was upgraded from another branch, or from a revision that was never committed, or one that was deleted or
    squashed since. driftguard looks the id up in all branches and in the history of this repository.

    Why it hurts: every command of Alembic stops with "Can't locate revision identified by …". The well-known answer
    is to delete the row in ``alembic_version``; then the feature's tables stay behind, and when the branch is merged
    its upgrade fails with "table already exists", on that one machine.

    How to fix: go to where the revision is, downgrade to what both branches have, and come back:

        git switch feature
        alembic downgrade 3f2a8c01b7de
        git switch -

    or merge that branch here. ``driftguard doctor`` looks further: into tags, stashes, reflogs and other working trees.
    If the revision is lost for good, stamp the one whose schema the database holds:

        alembic stamp --purge 3f2a8c01b7de
    """
    for revision in given.unknown:
        yield _unknown(given, revision)


def unstamped_database(given: LiveInput) -> Iterator[Finding]:
    """The live database has tables of this project, but no revision is recorded in it.

    There is no ``alembic_version`` table, or it has no row. The tables were made by ``create_all()``, restored from a
    dump without that table, or left behind when the row was deleted. An empty database is not told here.

    Why it hurts: an upgrade starts at the first revision and stops at its first ``CREATE TABLE``. Who then stamps head
    to silence it, on a schema that is older than head, has a database that will never get the revisions in between.

    How to fix: stamp the revision that builds what the database holds (driftguard names it if there is one), then
    upgrade:

        alembic stamp 3f2a8c01b7de
        alembic upgrade head
    """
    if given.stamp or given.live is None or not _has_known_tables(given):
        return
    tables = _tables(given.live)
    recorded = "no version table" if given.stamp is None else "no row in its version table"
    match given.matching:
        case ():
            fits = "no revision builds exactly what it holds"
            advice = (
                "find the newest revision whose changes it has, stamp that, and check again: "
                "what differs then is told one by one"
            )
            commands: tuple[str, ...] = ()
        case (newest, *_):
            fits = f"it holds what {newest} builds"
            advice = "record that revision"
            upgrade = () if (newest,) == given.heads else (_upgrade(given),)
            commands = (f"{given.stamp_command} {newest}", *upgrade)
    yield _finding(
        "DG304",
        given,
        subject=given.database or "live database",
        message=f"the live database has {counted(len(tables), 'table')} but {recorded}: {fits}",
        details=_some([str(name) for name in tables]),
        advice=advice,
        commands=commands,
    )


def stamped_but_missing(given: LiveInput) -> Iterator[Finding]:
    """The live database is stamped with a revision whose tables it does not have.

    All or most of the tables that this revision and the ones before it create are missing, or the schema is exactly
    that of an older revision. Then nobody dropped them one by one: the revision was stamped without being run, an
    upgrade failed half way on a server without transactional DDL, or this is another database than you think.

    Why it hurts: for Alembic everything is done, so an upgrade does nothing and reports success. A deployment stamped
    a fresh database with head before the tables were created, went green, and the application met no table at all.

    How to fix: stamp what the database really holds, then upgrade. If it holds nothing of the revisions:

        alembic stamp --purge base
        alembic upgrade head
    """
    if not given.stamp or given.expected is None or given.live is None or not _looks_unbuilt(given):
        return
    stamp = listed(given.stamp)
    expected = _tables(given.expected)
    missing = _missing_tables(given.expected, given.live)
    others = _tables(given.live) - expected
    if given.matching:
        fact = f"holds what {given.matching[0]} builds"
        advice, target = "record what it really holds, then upgrade", given.matching[0]
    elif len(missing) == len(expected):
        fact = "has none of the tables that the revisions up to it create"
        advice, target = "record that nothing was run, then upgrade", "base"
    else:
        fact = f"lacks {len(missing)} of the {counted(len(expected), 'table')} that the revisions up to it create"
        advice, target = "find the newest revision whose tables it all has, stamp that, then upgrade", ""
    if others and len(missing) == len(expected):
        advice += f" (it has {counted(len(others), 'other table')}: is this the right database?)"
    yield _finding(
        "DG305",
        given,
        subject=stamp,
        message=f"the live database is stamped {stamp} but {fact}",
        details=_some([f"missing: {name}" for name in sorted(missing)]),
        advice=advice,
        commands=(f"{given.stamp_command} --purge {target}", _upgrade(given)) if target else (),
    )


def diverged_stamp(given: LiveInput) -> Iterator[Finding]:
    """The live database has run both sides of a fork: its stamp has several rows that no revision joins.

    Branches that are meant to stay apart (labels, version locations of their own, the setting `heads`) each have a row
    of their own, and are no finding. Neither are sides that a merge revision joins, which is then pending.

    Why it hurts: Ann tried Bob's branch on the staging database without going back first. It had her column and his,
    the version table had two rows, and `alembic downgrade -1` answered "Ambiguous walk". Nobody could say any more
    which state of the code that database belonged to.

    How to fix: if both sides are to stay, join them; the database follows by an upgrade:

        driftguard merge
        alembic upgrade head

    If one side was only tried, go back on it, from a branch that has both:

        alembic downgrade 9c2e5d1f0c3a@3f7a1b2c4d5e
    """
    for group in given.apart:
        yield _finding(
            "DG306",
            given,
            subject=listed(group),
            message=f"the live database is stamped {listed(group)}, and no revision joins them",
            advice="if both sides are to stay, join them and upgrade; else go back on the one that was only tried",
            commands=("driftguard merge", _upgrade(given)),
        )


def _upgrade(given: LiveInput) -> str:
    return f"{given.upgrade_command} {'heads' if len(given.heads) > 1 else 'head'}"


def _finding(
    code: str,
    given: LiveInput,
    *,
    subject: str,
    message: str,
    advice: str,
    details: tuple[str, ...] = (),
    commands: tuple[str, ...] = (),
    place: Place | None = None,
    table: str = "",
    exactly: str = "",
) -> Finding:
    return Finding(
        code=code,
        side=Side.LIVE,
        subject=subject,
        message=message,
        place=place,
        details=details,
        help=advice,
        commands=commands,
        database=given.database,
        table=table,
        exactly=exactly,
    )


def _direct(
    given: LiveInput, expected: Catalog, difference: Difference, differences: tuple[Difference, ...]
) -> Finding:
    item = difference.was or difference.now or Object(difference.name)
    stamp = listed(given.stamp or ())
    message = directly(difference)
    if difference.now is None:
        message += f": the revisions up to {stamp} have it, the live database has not"
    elif difference.was is None:
        message += f": the live database has it, the revisions up to {stamp} have not"
    return _finding(
        "DG301",
        given,
        subject=subject(item),
        message=message,
        details=(
            *change_lines(difference.changes, "was", "is"),
            *_rename_lines(difference, differences),
            *_journal_lines(given, difference),
        ),
        advice=_direct_help(given, difference),
        commands=given.restore(difference, expected),
        table=_table_of(difference.name),
        exactly=_exactly(difference),
    )


def _exactly(difference: Difference) -> str:
    """What differs, whatever the stamp: also the type of a column that was added, and every attribute that changed."""
    lines = [*change_lines(difference.changes, "was", "is")]
    if difference.was is None and difference.now is not None and difference.name.table:
        lines += [f"{attribute}: {text}" for attribute, text in difference.now.facts]
    return "\n".join((directly(difference), *lines))


def _table_of(name: Name) -> str:
    """The table or view that an object is or belongs to, "" for others."""
    inside = name.table or (name.name if name.kind in WITH_COLUMNS else "")
    return ".".join(part for part in (name.schema, inside) if part) if inside else ""


def _rename_lines(difference: Difference, differences: tuple[Difference, ...]) -> Iterator[str]:
    """A hint if exactly one other object of that kind and place has the very same facts and went the other way."""
    one = difference.was if difference.now is None else difference.now if difference.was is None else None
    if one is None or not one.facts:
        return
    opposite = [
        other
        for each in differences
        if each.name[:3] == difference.name[:3]
        and (each.was is None) == (difference.now is None)
        and (each.now is None) == (difference.was is None)
        and (other := each.was or each.now)
        and other.facts == one.facts
    ]
    if len(opposite) == 1:
        verb = "added" if difference.now is None else "dropped"
        yield f"{called(opposite[0])}, which is alike, was {verb}: perhaps it was renamed"


def _journal_lines(given: LiveInput, difference: Difference) -> Iterator[str]:
    for entry in behind(given.journal(), difference):
        yield f"{shortened(entry.statement, _STATEMENT_TOLD)}, by {who(entry)}, {when(entry):%Y-%m-%d %H:%M} UTC"


def _direct_help(given: LiveInput, difference: Difference) -> str:
    if difference.was is not None:
        return UNDO_OR_ADOPT
    if given.head is not None and any(item.name == difference.name for item in given.head.objects):
        return "a pending revision adds it as well, and will fail as long as it is there: undo it first"
    if difference.name in given.in_models():
        return (
            "the models have it too: undo it before you upgrade with a revision that adds it, "
            "or stamp that revision here"
        )
    return UNDO_OR_ADOPT


def _tables(catalog: Catalog) -> set[Name]:
    return {item.name for item in select.of_kind(catalog, "table")}


def _missing_tables(expected: Catalog, live: Catalog) -> set[Name]:
    return _tables(expected) - _tables(live)


def _has_known_tables(given: LiveInput) -> bool:
    """Whether live holds tables of this project; a database that is shared with others may hold only theirs."""
    if given.live is None:
        return False
    tables, head = _tables(given.live), _tables(given.head) if given.head else set()
    if tables & head:
        return True
    known = {*head, *given.in_models()}
    return bool(tables & known if known else tables)


def _looks_unbuilt(given: LiveInput) -> bool:
    """Whether so many tables are missing that the revisions were hardly ever run here."""
    if given.expected is None or given.live is None:
        return False
    expected = _tables(given.expected)
    missing = _missing_tables(given.expected, given.live)
    # One table that is gone, of two, was rather dropped; one of one is all there was.
    most = len(missing) == len(expected) or (len(missing) > 1 and 2 * len(missing) > len(expected))
    return bool(missing) and (most or (bool(given.matching) and not set(given.matching) & set(given.stamp or ())))


def _pending_line(pending: Pending) -> str:
    parts = (pending.revision, pending.doc, f"({pending.place.path})" if pending.place else "")
    return "  ".join(part for part in parts if part)


def _unknown(given: LiveInput, revision: str) -> Finding:
    sightings = given.was_seen.get(revision, ())
    on_branches = [each for each in sightings if each.branch]
    if on_branches:
        where = f"{'branch' if len(on_branches) == 1 else 'branches'} " + listed([e.branch for e in on_branches])
        advice, commands = _leave_by_branch(given, on_branches[0])
    elif sightings:
        where = f"commit {sightings[0].commit}"
        advice = "bring the file back, downgrade below it, and delete it again; or keep it"
        commands = (f"git checkout {sightings[0].commit} -- {sightings[0].path}", *_downgrade(given, sightings[0]))
    else:
        where = ""
        advice, commands = _leave_without_file(given)
    return _finding(
        "DG303",
        given,
        subject=revision,
        message=f"the live database is stamped {revision}, which no revision file here has; "
        + (f"{where} has it" if where else "no branch or commit of this repository has it"),
        details=tuple(_sighting_line(each) for each in sightings),
        advice=advice,
        commands=commands,
    )


def _leave_by_branch(given: LiveInput, seen: Sighting) -> tuple[str, tuple[str, ...]]:
    if not seen.known_ancestor:
        return f"merge {seen.branch}, or downgrade there to a revision that both have", (f"git switch {seen.branch}",)
    return (
        f"downgrade there to what both have, and come back; or merge {seen.branch}",
        (f"git switch {seen.branch}", *_downgrade(given, seen), "git switch -"),
    )


def _downgrade(given: LiveInput, seen: Sighting) -> tuple[str, ...]:
    return (f"{given.downgrade_command} {seen.known_ancestor}",) if seen.known_ancestor else ()


def _leave_without_file(given: LiveInput) -> tuple[str, tuple[str, ...]]:
    if given.matching:
        return (
            f"the schema is exactly what {given.matching[0]} builds: record that instead",
            (f"{given.stamp_command} --purge {given.matching[0]}",),
        )
    return (
        "fetch the other branches, or ask who upgraded this database last; if the file is lost, "
        f"`{given.stamp_command} --purge` the newest revision here whose changes the database has",
        ("git fetch --all", "driftguard doctor"),
    )


def _sighting_line(seen: Sighting) -> str:
    return "  ".join(part for part in (seen.branch, seen.commit, seen.path) if part)


def _some(lines: list[str]) -> tuple[str, ...]:
    """The first lines, and how many more there are."""
    lines = sorted(lines)
    more = len(lines) - _TABLES_TOLD
    return (*lines[:_TABLES_TOLD], f"and {more} more") if more > 0 else tuple(lines)
