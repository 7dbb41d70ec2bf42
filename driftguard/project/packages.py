"""Which packages an interpreter would find, told from its folders without running it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

LIBRARIES = (
    "lib/python*/site-packages",
    "lib64/python*/site-packages",
    "lib/pypy*/site-packages",
    "lib/python*/dist-packages",
    "local/lib/python*/dist-packages",
    "Lib/site-packages",
)


def prefix_of(python: Path) -> Path:
    """The folder of the environment or installation that an interpreter belongs to."""
    return python.parent.parent if python.parent.name.lower() in ("bin", "scripts") else python.parent


def has_package(python: Path, package: str) -> bool:
    """Whether the interpreter would find ``package``, told from its folders alone."""
    if not python.is_file():
        return False
    found = re.match(r"python(\d+\.\d+)", python.resolve().name)
    version = found[1] if found else ""
    libraries = _libraries(prefix_of(python), version) + _libraries_below(python, version)
    return any(_holds(each, package) for library in libraries for each in (library, *_linked(library)))


def libraries(prefixes: Iterable[Path]) -> tuple[Path, ...]:
    """The folders in which packages are installed, of all these environments."""
    return tuple(folder for prefix in prefixes for folder in _libraries(prefix, ""))


def _libraries(prefix: Path, version: str) -> list[Path]:
    return [folder for pattern in LIBRARIES for folder in sorted(prefix.glob(pattern)) if _serves(folder, version)]


def _serves(library: Path, version: str) -> bool:
    """Whether a Python of this version ("" = not known) looks into the library; several versions share a prefix."""
    name = library.parent.name
    return not version or not name.startswith("python") or name in ("python3", f"python{version}")


def _libraries_below(python: Path, version: str) -> list[Path]:
    """The base interpreter's libraries, where they can be seen: without an environment, or if it lets them through."""
    try:
        mark = (prefix_of(python) / "pyvenv.cfg").read_text("utf-8", errors="replace").lower()
    except OSError:
        return _libraries(prefix_of(python.resolve()), version)
    keys = dict(line.replace(" ", "").split("=", 1) for line in mark.splitlines() if "=" in line)
    seen = keys.get("include-system-site-packages") == "true"
    return _libraries(prefix_of(python.resolve()), version) if seen else []


def _linked(library: Path) -> Iterator[Path]:
    """Folders that ``.pth`` files of a library add (editable installs)."""
    for link in sorted(library.glob("*.pth")):
        lines = link.read_text("utf-8", errors="replace").splitlines()
        yield from (library / line.strip() for line in lines if line.strip() and not line.startswith(("import", "#")))


def _holds(folder: Path, package: str) -> bool:
    return (folder / package / "__init__.py").is_file()
