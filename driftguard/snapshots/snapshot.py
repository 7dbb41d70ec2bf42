"""What is remembered of one replay."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from driftguard.cache import key

FORMAT = 4


class Kept(NamedTuple):
    """One database of the replay: who had asked for its shadow, the name under which it is kept, its size in bytes.

    ``place`` tells the server where it is kept from others. ``digest`` is that of what it held but for its version
    tables, ``left_out`` (schema, table); "" where it need not be compared.
    """

    live: int
    dialect: str
    driver: str
    place: str
    name: str = ""
    size: int = 0
    digest: str = ""
    left_out: tuple[tuple[str, str], ...] = ()


class Snapshot(NamedTuple):
    """A replay's databases.

    ``family`` is the digest of what makes replays comparable at all, ``revisions`` that of the files that were
    replayed. ``runs`` is what the guest said of each database, and looks at again before it goes on with one.
    ``root`` and ``environment`` are for people. ``is_unfit``: its databases did not become again what they were, and it
    is only remembered so as not to be tried again.
    """

    family: str
    root: str
    environment: str
    heads: tuple[str, ...]
    revisions: str
    runs: tuple[Mapping[str, Any], ...]
    databases: tuple[Kept, ...]
    is_unfit: bool = False

    @property
    def name(self) -> str:
        """The same for the same replay, whoever makes it."""
        places = [list(each[:4]) for each in self.databases]
        said = json.dumps([self.family, self.heads, self.revisions, self.runs, places], sort_keys=True)
        return key(said.encode())[:32]

    @property
    def order(self) -> frozenset[str]:
        """The revisions that were replayed."""
        return frozenset(each for run in self.runs for each in run["order"])

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(each.size for each in self.databases)


def to_json(snapshot: Snapshot) -> bytes:
    """With a digest of its own, so that a damaged one is known."""
    text = json.dumps(snapshot._asdict(), sort_keys=True).encode()
    return b"%d %b\n%b" % (FORMAT, key(text).encode(), text)


def from_json(content: bytes) -> Snapshot | None:
    """None for what ``to_json`` of this version has not written."""
    head, _, text = content.partition(b"\n")
    if head != b"%d %b" % (FORMAT, key(text).encode()):
        return None
    data = json.loads(text)
    return Snapshot(
        **{
            **data,
            "heads": tuple(data["heads"]),
            "runs": tuple(data["runs"]),
            "databases": tuple(map(_kept_from, data["databases"])),
        }
    )


def _kept_from(data: Sequence[Any]) -> Kept:
    kept = Kept(*data)
    return kept._replace(left_out=tuple((schema, table) for schema, table in kept.left_out))
