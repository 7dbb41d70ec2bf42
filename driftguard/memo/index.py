"""Git's index as a record keeps it."""

from __future__ import annotations

from driftguard.memo.record import Staged, digest

NAME_ENDINGS = (b".py", b".ini", b".cfg", b".toml", b".mako", b".env", b".flaskenv")
"""Of the files by which environments and applications are found."""


class Index:
    """``entries`` as ``git ls-files -s -z`` lists them, those below ``locations`` set apart."""

    def __init__(self, entries: bytes, locations: tuple[bytes, ...]) -> None:
        self._entries = entries
        self.locations: list[tuple[bytes, bytes]] = []
        for location in locations:
            inside, entries = _parted(entries, location)
            self.locations.append((location, digest(inside)))
        others = entries.split(b"\0")
        self.others = frozenset(others)
        paths = [entry.partition(b"\t")[2] for entry in others if entry.endswith(NAME_ENDINGS)]
        self.names = digest(b"\0".join(paths))

    def has(self, path: bytes) -> bool:
        """Whether git knows the path."""
        return b"\t" + path + b"\0" in self._entries

    def agrees_with(self, staged: Staged) -> bool:
        """Whether all is staged that a verdict depended on."""
        return (
            tuple(self.locations) == staged.locations
            and self.others.issuperset(staged.entries)
            and self.names == staged.names
            and not any(map(self.has, staged.untracked))
        )


def as_staged(listing: bytes) -> bytes:
    """The entries of a tree, as ``git ls-tree -r -z`` lists them, as if they were staged."""
    entries = (entry.partition(b"\t") for entry in listing.split(b"\0") if entry)
    fields = ((head.split(b" "), path) for head, _, path in entries)
    return b"".join(b"%b %b 0\t%b\0" % (head[0], head[2], path) for head, path in fields)


def _parted(entries: bytes, location: bytes) -> tuple[bytes, bytes]:
    """The entries below a folder, and the others; they are sorted by their paths."""
    if location in (b"", b"."):
        return entries, b""
    mark = b"\t" + location + b"/"
    first = entries.find(mark)
    if first < 0:
        return b"", entries
    begin = entries.rfind(b"\0", 0, first) + 1
    end = entries.find(b"\0", entries.rfind(mark)) + 1
    return entries[begin:end], entries[:begin] + entries[end:]
