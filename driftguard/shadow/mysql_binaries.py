"""MariaDB and MySQL server programs on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from driftguard import process

PROGRAMS = ("mariadbd", "mysqld")

# Debian, Red Hat, SUSE, the vendors' own archives, Homebrew (three prefixes).
INSTALLED = (
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/mysql/bin",
    "/usr/local/mariadb/bin",
    "/opt/homebrew/opt/mariadb*/bin",
    "/opt/homebrew/opt/mysql*/bin",
    "/usr/local/opt/mariadb*/bin",
    "/usr/local/opt/mysql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/mariadb*/bin",
    "/home/linuxbrew/.linuxbrew/opt/mysql*/bin",
)

ASK_SECONDS = 10.0

# "/usr/sbin/mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for …", "/usr/sbin/mysqld  Ver 8.0.36 for Linux …"
_VERSION = re.compile(r"Ver (?P<number>\d+\.\d+\.\d+)(?P<product>-MariaDB)?")

# MariaDB went from 5.5 to 10.0, a number that MySQL has not reached.
FIRST_MARIADB = 10


class Binary(NamedTuple):
    """A server program; ``product`` is "mariadb" or "mysql", ``version`` like "10.11.6"."""

    program: Path
    product: str
    version: str

    @property
    def series(self) -> str:
        """ "10.11" of "10.11.6"."""
        return series(self.version)


def series(version: str) -> str:
    """The first two numbers of a version text."""
    return ".".join(version.split(".")[:2])


def find(environ: Mapping[str, str] = os.environ) -> tuple[Binary, ...]:
    """All that can be run here."""
    candidates = dict.fromkeys(program.resolve() for program in _candidates(environ))
    return tuple(found for program in candidates if (found := _inspect(program)))


def by_preference(found: Iterable[Binary], dialect: str, version: str) -> tuple[Binary, ...]:
    """Those of live's product first, then of its series, then newer before older.

    A project on MariaDB often says ``mysql`` in its URL, so live's version counts more than the dialect.
    """
    wanted = _product(version) or dialect

    def rank(binary: Binary) -> tuple[bool, bool, tuple[int, ...]]:
        newness = tuple(-int(number) for number in binary.version.split("."))
        return binary.product != wanted, binary.series != series(version), newness

    return tuple(sorted(found, key=rank))


def _product(version: str) -> str:
    major = version.split(".")[0]
    if not major.isdigit():
        return ""
    return "mariadb" if "mariadb" in version.lower() or int(major) >= FIRST_MARIADB else "mysql"


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    root = Path("/")
    folders = [folder for pattern in INSTALLED for folder in sorted(root.glob(pattern.removeprefix("/")))]
    yield from (folder / name for folder in folders for name in PROGRAMS if (folder / name).is_file())
    on_path = (shutil.which(name, path=environ.get("PATH", "")) for name in PROGRAMS)
    yield from (Path(program) for program in on_path if program)


def _inspect(program: Path) -> Binary | None:
    try:
        answer = process.run([program, "--no-defaults", "--version"], deadline=ASK_SECONDS, cwd=Path("/"))
    except (OSError, subprocess.SubprocessError, process.DeadlinePassed):
        return None
    match = _VERSION.search(answer.output.decode(errors="replace"))
    return Binary(program, "mariadb" if match["product"] else "mysql", match["number"]) if match else None
