"""Revisions that no file here has: what is known of them, and the ways out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from posixpath import dirname
from typing import NamedTuple

from driftguard.checks.words import counted, listed
from driftguard.graph import Find, Recovery, Revision, Unreadable

NOWHERE = "no branch, tag, stash, reflog or working tree of this repository has it"


class Way(NamedTuple):
    """What to do, and what to type for it."""

    help: str
    commands: tuple[str, ...] = ()


class Diagnosis(NamedTuple):
    """One thing to mend: a sentence, further lines, and the ways to mend it, the best first."""

    fact: str
    details: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()


class LostInput(NamedTuple):
    """What is known of revisions that are not here, which have one way out.

    ``database`` is a live database that is stamped with them, "" if none is; ``children`` are the revisions here that
    name them; ``suspects`` the files that may have them and cannot be read. ``downgrades`` are the targets that lead
    out of it one after the other, ``upgrade`` is ``head``, ``heads``, or "" where nothing is pending then.
    ``resembles`` is the revision here whose schema the database has, but for some ``differences`` ("" if that is not
    known); ``upgrade_from_there`` as ``upgrade``. ``new_folders`` have to be made before files can be put there.
    Commands are without the revision that they take.
    """

    ids: tuple[str, ...]
    recovery: Recovery
    database: str = ""
    children: tuple[Revision, ...] = ()
    suspects: tuple[Unreadable, ...] = ()
    downgrades: tuple[str, ...] = ()
    upgrade: str = ""
    resembles: str = ""
    differences: int = 0
    upgrade_from_there: str = ""
    new_folders: tuple[str, ...] = ()
    has_remotes: bool = False
    is_shallow: bool = False
    has_git: bool = True
    upgrade_command: str = "alembic upgrade"
    downgrade_command: str = "alembic downgrade"
    stamp_command: str = "alembic stamp"


def diagnose(given: LostInput) -> Diagnosis:
    """What is wrong, where the file was seen, and how to get out."""
    return Diagnosis(_fact(given), tuple(_details(given)), tuple(_ways(given)))


def _fact(given: LostInput) -> str:
    ids = listed(given.ids)
    told = []
    if given.database:
        told.append(f"the live database {given.database} is stamped {ids}")
    if given.children:
        named = listed([child.id for child in given.children])
        told.append(f"{named} {'follows' if len(given.children) == 1 else 'follow'} {ids}")
    return f"{' and '.join(told)}, which no revision file here has" if told else f"no revision file here has {ids}"


def _details(given: LostInput) -> Iterator[str]:
    for id_, found in given.recovery.found.items():
        start = f"{id_}: " if len(given.ids) > 1 else ""
        yield from (f"{start}{find}" for find in found.finds)
        if not found.finds and given.has_git:
            yield f"{start}{NOWHERE}"
        yield from found.hints
        yield from (f"not all was searched: {each}" for each in found.gave_up)
    for other, find in given.recovery.files.items():
        if other not in given.ids:
            yield f"it needs {other}, which is not here either; {find}"
    yield from (f"it needs {other}, which was not found" for other in given.recovery.nowhere if other not in given.ids)
    yield from (f"named by {child.path}:{child.down_line}" for child in given.children)
    yield from (f"{each.path}:{each.line} may have it, but {each.reason}" for each in given.suspects)


def _ways(given: LostInput) -> Iterator[Way]:
    files = given.recovery.files
    is_complete = bool(files) and not given.recovery.nowhere
    if given.suspects:
        yield Way("mend the file that may have it, and look again", ("driftguard doctor",))
    elif is_complete and (given.children or not given.database or all(find.here for find in files.values())):
        yield Way(f"bring {_its_file(given)} here", _bring(given))
    elif given.resembles and not given.differences:
        yield Way(
            f"the schema is exactly what {given.resembles} builds: record that; nothing else changes", _stamp(given)
        )
        if is_complete and given.downgrades:
            yield _leave(given, "if it changed rows and they are to be as before, ")
    elif is_complete and given.downgrades:
        yield _leave(given)
    else:
        yield from _ways_without_file(given)


def _its_file(given: LostInput) -> str:
    return "its file" if len(given.recovery.files) == 1 else "the files"


def _leave(given: LostInput, condition: str = "") -> Way:
    files = given.recovery.files
    remove = " ".join(shlex.quote(given.recovery.homes[id_]) for id_ in reversed(files))
    branches = sorted({find.branch for find in files.values() if find.branch})
    keep = f"merge {listed(branches)}" if branches else "keep what was brought"
    return Way(
        f"{condition}bring {_its_file(given)} here, downgrade to what is known here, and remove "
        f"{'it' if len(files) == 1 else 'them'} again (what {listed(tuple(reversed(files)))} added goes, "
        f"with the data in it; to keep that, {keep} instead)",
        (
            *_bring(given),
            *(alone(f"{given.downgrade_command} {shlex.quote(target)}") for target in given.downgrades),
            f"rm {remove}",
            *_upgrade(given, given.upgrade),
        ),
    )


def _ways_without_file(given: LostInput) -> Iterator[Way]:
    if given.has_git and given.is_shallow:
        yield Way("this clone has not the whole history: fetch it, and look again", ("git fetch --unshallow",))
    elif given.has_git and given.has_remotes:
        again = ("git fetch --all", "driftguard doctor")
        yield Way("fetch what others have pushed, and look again", again)
    if given.children:
        asked = listed([child.path for child in given.children])
        yield Way(f"ask whoever wrote {asked} to push its file, or name the revision that really comes before")
    elif given.database:
        yield Way(
            f"ask whoever upgraded {given.database} last, for the branch or the file that has {listed(given.ids)}"
        )
    else:
        yield Way("ask whoever told you of it for the branch that has it")
    if given.database and given.resembles:
        yield Way(
            f"only if the file is lost for good: record {given.resembles}, which is nearest "
            f"({counted(given.differences, 'difference')}). The risk: what the lost revision did stays in the "
            "database, and later revisions may fail on it; `driftguard check` tells then what differs",
            _stamp(given)[:1],
        )


def _bring(given: LostInput) -> tuple[str, ...]:
    """Parents first."""
    folders = tuple(f"mkdir -p {shlex.quote(folder)}" for folder in given.new_folders)
    files = given.recovery.files
    return (*folders, *(_copy(files[id_], given.recovery.homes[id_]) for id_ in reversed(files)))


def _copy(find: Find, home: str) -> str:
    path = find.revision.path
    if find.ref:
        return f"git show {shlex.quote(f'{find.ref}:{path}')} > {shlex.quote(home)}"
    return f"cp {shlex.quote(path)} {shlex.quote(home)}"


def _stamp(given: LostInput) -> tuple[str, ...]:
    stamp = alone(f"{given.stamp_command} --purge {shlex.quote(given.resembles)}")
    return (stamp, *_upgrade(given, given.upgrade_from_there))


def _upgrade(given: LostInput, heads: str) -> tuple[str, ...]:
    return (alone(f"{given.upgrade_command} {heads}"),) if heads else ()


def alone(command: str) -> str:
    """The command such that the next one begins in the same folder."""
    return f"({command})" if command.startswith("cd ") else command


def folders_of(recovery: Recovery) -> tuple[str, ...]:
    """Where its files are to be put."""
    return tuple(sorted({dirname(home) or "." for home in recovery.homes.values()}))
