"""A remembered verdict, and what it depended on, as one file."""

from __future__ import annotations

import marshal

FORMAT = 2
DIGEST_BYTES = 16

Signature = tuple[int, int, int, int]
"""When a file's contents and its inode changed (nanoseconds), its size, its inode."""


class Answer:
    """What a git hook says: the exit code, and its text without and with colours."""

    __slots__ = ("coloured", "exit_code", "plain")

    def __init__(self, exit_code: int, plain: str, coloured: str) -> None:
        self.exit_code = exit_code
        self.plain = plain
        self.coloured = coloured


class Staged:
    """What has to be so in git's index; paths are bytes from the repository's root, as git lists them.

    ``locations``: folders of revision files, each with the digest of its entries. ``entries``: those that must be
    there. ``names``: the digest of the paths that could change what is found. ``untracked``: paths that must not be
    there. ``new_revisions``: the revision files that differ from the last commit, at most.
    """

    __slots__ = ("entries", "locations", "names", "new_revisions", "untracked")

    def __init__(
        self,
        locations: tuple[tuple[bytes, bytes], ...],
        entries: tuple[bytes, ...],
        names: bytes,
        untracked: tuple[bytes, ...],
        new_revisions: tuple[bytes, ...],
    ) -> None:
        self.locations = locations
        self.entries = entries
        self.names = names
        self.untracked = untracked
        self.new_revisions = new_revisions


class Around:
    """What has to be so outside the index.

    ``files``: path, signature and digest (empty: only the signature counts); a file that was not there has neither.
    ``folders``: path, whether only importable names count, signature and digest of the names.
    ``variables``: the names of environment variables, whether all count, and the digest of their values.
    """

    __slots__ = ("files", "folders", "variables")

    def __init__(
        self,
        files: tuple[tuple[str, Signature | None, bytes], ...],
        folders: tuple[tuple[str, bool, Signature | None, bytes], ...],
        variables: tuple[tuple[str, ...], bool, bytes],
    ) -> None:
        self.files = files
        self.folders = folders
        self.variables = variables


class Live:
    """The live databases that were read.

    ``files``: an SQLite file, its version table, its files' signatures and its fingerprint. ``servers``: how they are
    called, whether a hook must ask them, and their fingerprints.
    """

    __slots__ = ("files", "servers")

    def __init__(
        self,
        files: tuple[tuple[str, str, tuple[Signature | None, ...], str], ...],
        servers: tuple[tuple[str, bool, str], ...],
    ) -> None:
        self.files = files
        self.servers = servers


class Record:
    """``maker``: which driftguard, on which Python, at which root.

    ``head`` is what has to be so in the last commit, and around it, where what that has already was let pass.
    """

    __slots__ = ("answer", "around", "head", "live", "maker", "staged")

    def __init__(
        self,
        maker: str,
        staged: Staged,
        around: Around,
        live: Live,
        answer: Answer,
        head: tuple[Staged, Around] | None = None,
    ) -> None:
        self.maker = maker
        self.staged = staged
        self.around = around
        self.live = live
        self.answer = answer
        self.head = head


def digest(content: bytes) -> bytes:
    """Tells contents apart; not secret."""
    try:
        from _blake2 import blake2b  # what hashlib offers, without loading OpenSSL
    except ImportError:
        from hashlib import blake2b
    return bytes(blake2b(content, digest_size=DIGEST_BYTES).digest())


def dump(record: Record) -> bytes:
    """The record as bytes, with their digest in front."""
    own: tuple[Staged | Around | Live | Answer, ...] = (record.staged, record.around, record.live, record.answer)
    parts = (*own, *(record.head or ()))
    fields = [tuple(getattr(part, name) for name in part.__slots__) for part in parts]
    content = marshal.dumps((FORMAT, record.maker, *fields))
    return digest(content) + content


def load(content: bytes) -> Record | None:
    """The record; None for what is none, or was written only in part."""
    if digest(content[DIGEST_BYTES:]) != content[:DIGEST_BYTES]:
        return None
    try:
        format_, maker, staged, around, live, answer, *head = marshal.loads(content[DIGEST_BYTES:])
        if format_ != FORMAT:
            return None
        now, *before = (
            (
                Staged(**dict(zip(Staged.__slots__, staged_fields, strict=True))),
                Around(**dict(zip(Around.__slots__, around_fields, strict=True))),
            )
            for staged_fields, around_fields in ((staged, around), *([head] if head else []))
        )
        return Record(
            maker,
            *now,
            Live(**dict(zip(Live.__slots__, live, strict=True))),
            Answer(**dict(zip(Answer.__slots__, answer, strict=True))),
            *before,
        )
    except (EOFError, TypeError, ValueError):
        return None
