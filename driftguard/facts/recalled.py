"""What a check has learnt of an environment's databases: with it the next look at live needs no env.py and no shadow.

It holds as long as everything is as it was that the environment and its replays looked at; see ``dependencies``.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from driftguard import __version__
from driftguard.cache import key
from driftguard.memo.ask import holds
from driftguard.memo.record import DIGEST_BYTES, Around, digest
from driftguard.probe.answers import Database, database_from
from driftguard.schema.catalog import Catalog, Name, Object

FOLDER = "expected"
MOST = 20
"""Environments, each with its settings and its live database, that are remembered."""


class Server(NamedTuple):
    """What a replay may depend on of the live server: its version, and the extensions' (name and version)."""

    version: str
    extensions: tuple[tuple[str, str], ...]


class Learnt(NamedTuple):
    """Of one database. ``way``: how a guest reaches live, None where the user names it.

    ``built``: what the chain builds up to the revisions that are needed for a stamp; ``in_models``: None if the models
    were not built; ``kept``: whether env.py's filters let an object through.
    """

    database: Database
    way: Mapping[str, Any] | None
    server: Server
    head: Catalog
    built: Mapping[frozenset[str], Catalog]
    in_models: frozenset[Name] | None
    kept: Mapping[Name, bool]


class Recollection(NamedTuple):
    """Of one environment. ``terms`` is what the host knew beforehand, ``python`` the guest's interpreter."""

    terms: str
    python: str
    notes: tuple[str, ...]
    around: Around
    databases: tuple[Learnt, ...]


def load(folder: Path, name: str, terms: str, environ: Mapping[str, str]) -> Recollection | None:
    """What is kept under the name in the cache folder, if it still holds."""
    place = folder / FOLDER / name
    try:
        found = _from_bytes(place.read_bytes(), terms)
    except OSError:
        return None
    if found is None or not holds(found.around, dict(environ)):
        return None
    with suppress(OSError):
        place.touch()
    return found


def store(folder: Path, name: str, recollection: Recollection) -> None:
    """Keep it, whole or not at all; those that were used least recently go."""
    place = folder / FOLDER / name
    draft = place.with_name(f"{key(name.encode(), recollection.terms.encode())[:16]}.draft")
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(_to_bytes(recollection))
        draft.replace(place)
        oldest_last = sorted(place.parent.iterdir(), key=lambda each: -each.stat().st_mtime)
        for each in oldest_last[MOST:]:
            each.unlink(missing_ok=True)


def _to_bytes(recollection: Recollection) -> bytes:
    around = recollection.around
    content = marshal.dumps(
        (
            recollection.terms,
            recollection.python,
            recollection.notes,
            (around.files, around.folders, around.variables),
            tuple(map(_plain, recollection.databases)),
        )
    )
    return digest(content) + content


def _from_bytes(content: bytes, terms: str) -> Recollection | None:
    """None for what was written only in part, or under other terms."""
    if digest(content[DIGEST_BYTES:]) != content[:DIGEST_BYTES]:
        return None
    try:
        written_under, python, notes, around, databases = marshal.loads(content[DIGEST_BYTES:])
        if written_under != terms:
            return None
        return Recollection(terms, python, notes, Around(*around), tuple(map(_learnt, databases)))
    except (EOFError, TypeError, ValueError, KeyError):
        return None


def _plain(learnt: Learnt) -> tuple[Any, ...]:
    database = {**asdict(learnt.database), "address": learnt.database.address._asdict(), "operations": ()}
    return (
        database,
        learnt.way,
        tuple(learnt.server),
        _rows(learnt.head),
        tuple((tuple(needed), _rows(catalog)) for needed, catalog in learnt.built.items()),
        None if learnt.in_models is None else tuple(map(tuple, learnt.in_models)),
        tuple((tuple(name), kept) for name, kept in learnt.kept.items()),
    )


def _learnt(plain: tuple[Any, ...]) -> Learnt:
    database, way, server, head, built, in_models, kept = plain
    return Learnt(
        database_from(database),
        way,
        Server(*server),
        _catalog(head),
        {frozenset(needed): _catalog(rows) for needed, rows in built},
        None if in_models is None else frozenset(Name(*each) for each in in_models),
        {Name(*name): answer for name, answer in kept},
    )


def _rows(catalog: Catalog) -> tuple[Any, ...]:
    objects = tuple((tuple(each.name), each.facts, each.anonymous) for each in catalog.objects)
    return catalog.dialect, catalog.version, objects, catalog.unread, catalog.extensions


def _catalog(rows: tuple[Any, ...]) -> Catalog:
    dialect, version, objects, unread, extensions = rows
    return Catalog(dialect, version, tuple(_objects(objects)), unread, extensions=extensions)


def _objects(rows: tuple[Any, ...]) -> Iterator[Object]:
    for name, facts, anonymous in rows:
        yield Object(Name(*name), facts, anonymous)


def name_and_terms(told: Mapping[str, str], root: str, environment: str) -> tuple[str, str]:
    """Under which name something is kept, and what has to be the same for it to hold.

    ``told``: the settings, the live database, and how the environment is found, as texts that may hold secrets.
    """
    place = key(root.encode(), environment.encode(), told["live"].encode())
    return place, key(__version__.encode(), *(f"{name}={text}".encode() for name, text in sorted(told.items())))
