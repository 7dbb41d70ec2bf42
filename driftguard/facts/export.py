"""Facts of a live database in a file: read where it can be reached, compared where the project is checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from driftguard.schema.catalog import Catalog, Name, Object, make_catalog

FORMAT = 1
KEY = "driftguard_facts"


class Version(NamedTuple):
    """A version table, and the revisions in it."""

    schema: str
    table: str
    revisions: tuple[str, ...]


class Export(NamedTuple):
    """``address`` is where it was read, without user and password, ``read_at`` when (UTC), ``made_by`` by what.

    ``default_schema`` is the one that the catalog calls "". The catalog holds the version tables as well; owners and
    privileges are in it if it names a role.
    """

    address: str
    read_at: str
    made_by: str
    default_schema: str
    versions: tuple[Version, ...]
    catalog: Catalog


class Unusable(Exception):
    """A file that holds no facts that can be compared here."""


def dumped(export: Export) -> str:
    """The file's text, one object a line, so that two of them can be compared by any tool."""
    catalog = export.catalog
    head = {
        KEY: FORMAT,
        "made_by": export.made_by,
        "read_at": export.read_at,
        "address": export.address,
        "dialect": catalog.dialect,
        "server_version": catalog.version,
        "default_schema": export.default_schema,
        **({"role": catalog.role} if catalog.role else {}),
        "versions": [each._asdict() for each in export.versions],
        "unread": catalog.unread,
    }
    lines = [json.dumps([*item.name, dict(item.facts), item.anonymous]) for item in catalog.objects]
    whole = json.dumps(head, indent=1).removesuffix("\n}")
    body = f'{whole},\n "objects": [\n' + ",\n".join(lines) + "\n ]"
    return f'{body},\n "digest": "{_digest(json.loads(body + "}"))}"\n}}\n'


def loaded(path: Path) -> Export:
    """The facts in a file; raises Unusable with the reason."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(error.strerror or "it cannot be read") from error
    except ValueError as error:
        raise Unusable("it holds no facts of driftguard, or only a part of them") from error
    if not isinstance(document, dict) or not isinstance(document.get(KEY), int):
        raise Unusable("it holds no facts of driftguard")
    if document[KEY] > FORMAT:
        raise Unusable(f"it was written by a newer driftguard ({document.get('made_by')}): update this one")
    digest = document.pop("digest", None)
    if digest != _digest(document):
        raise Unusable("it was changed or damaged since it was written")
    try:
        return _export_from(document)
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable("it was changed or damaged since it was written") from error


def version_in(path: Path | None) -> str:
    """The version of the server that a file's facts are of; "" if it holds none."""
    try:
        return loaded(path).catalog.version if path else ""
    except Unusable:  # told when it is compared
        return ""


def is_export(path: Path) -> bool:
    """Whether a file begins as facts do."""
    try:
        with path.open("rb") as file:
            return KEY.encode() in file.read(100)
    except OSError:
        return False


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=16).hexdigest()


def _export_from(document: Mapping[str, Any]) -> Export:
    objects = (
        Object(Name(kind, schema, table, name), tuple(sorted(facts.items())), anonymous)
        for kind, schema, table, name, facts, anonymous in document["objects"]
    )
    catalog = make_catalog(document["dialect"], document["server_version"], objects, document["unread"])
    return Export(
        document["address"],
        document["read_at"],
        document["made_by"],
        document["default_schema"],
        tuple(Version(each["schema"], each["table"], tuple(each["revisions"])) for each in document["versions"]),
        replace(catalog, role=document.get("role", "")),
    )
