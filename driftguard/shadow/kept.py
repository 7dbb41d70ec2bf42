"""Where databases are kept as files, and whether what was kept is still what it was."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

FOLDER = "snapshots"


def digest(content: bytes) -> bytes:
    """By which a damaged file is known."""
    return sha256(content).digest()


def boot() -> str:
    """Tells one run of the machine from another: a server without fsync may lose what it wrote when power fails."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    except OSError:
        return ""
