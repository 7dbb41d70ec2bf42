"""The Flask application that a migrations folder belongs to, found by reading only.

First as the ``flask`` command finds it (https://flask.palletsprojects.com/cli/), then in other modules near the folder.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from driftguard.project.inventory import Inventory, ancestors, join, parent
from driftguard.project.modules import APPLICATION_NAMES, FACTORY_NAMES, Module

DEFAULT_MODULES = ("wsgi", "app")
LIKELY_MODULES = ("wsgi", "app", "application", "main", "server", "run", "manage", "api", "autoapp")
INNER_MODULES = ("__init__", *LIKELY_MODULES, "factory")
# Importing these does something else than to make an application.
OTHER_PURPOSES = re.compile(r"(test|conftest|setup|noxfile|tasks|fabfile|seed|reset|drop|populate)")


class Sign(IntEnum):
    """By what an application was recognised; the lower, the surer."""

    VARIABLE = 0
    DOTENV = 1
    DEFAULT_NAME = 2
    FACTORY = 3
    OBJECT = 4
    MADE_OBJECT = 5


class Application(NamedTuple):
    """``flask --app VALUE`` in ``folder``; ``path`` is the module's file."""

    folder: str
    value: str
    path: str
    sign: Sign
    module: Module

    def sys_path(self, inventory: Inventory) -> tuple[str, ...]:
        """Folders that must be importable: where Flask starts the import, and where ``flask`` is run.

        A module inside a package that imports its neighbours by their bare names needs its own folder too.
        """
        inside = parent(self.path)
        outside = next(folder for folder in ancestors(inside) if not inventory.is_package(folder))
        neighbours = any(inventory.has_module(inside, name) for name in self.module.imports)
        return tuple(dict.fromkeys((outside, *([inside] if neighbours else []), self.folder)))


def find_applications(inventory: Inventory, scripts: str, environ: Mapping[str, str]) -> tuple[Application, ...]:
    """The application for the migrations folder ``scripts``, and after it others that are just as likely.

    The folders above ``scripts`` are tried, nearest first; packages last, because ``flask`` is run outside of them.
    """
    above = ancestors(parent(scripts))
    tried = sorted(above, key=inventory.is_package)
    for folder in tried:
        found = sorted(_applications(inventory, folder, scripts, environ), key=lambda each: _order(each, scripts))
        if found:
            first = _likeness(found[0], scripts)
            return tuple(each for each in found if _likeness(each, scripts) == first)
    return ()


def are_rivals(applications: tuple[Application, ...]) -> bool:
    """Whether guessing between them could take the wrong one: several, and each builds an application of its own."""
    return len(applications) > 1 and applications[0].sign in (Sign.FACTORY, Sign.OBJECT)


def _likeness(found: Application, scripts: str) -> tuple[object, ...]:
    explicit = found.sign <= Sign.DOTENV
    writes_here = any(join(found.folder, each) == scripts for each in found.module.directories)
    return (
        not explicit,
        found.module.uses_flask_script and not explicit,
        found.sign if explicit else 0,
        not writes_here,
        found.sign,
        not found.module.uses_migrate and found.sign > Sign.DEFAULT_NAME,
    )


def _order(found: Application, scripts: str) -> tuple[object, ...]:
    stem = posixpath.splitext(posixpath.basename(found.path))[0]
    likely = LIKELY_MODULES.index(stem) if stem in LIKELY_MODULES else len(LIKELY_MODULES)
    return (_likeness(found, scripts), found.path.count("/"), likely, found.path)


def _applications(inventory: Inventory, folder: str, scripts: str, environ: Mapping[str, str]) -> Iterator[Application]:
    yield from _named(inventory, folder, environ.get("FLASK_APP", ""), Sign.VARIABLE)
    yield from _named(inventory, folder, read_dotenv(inventory, folder).get("FLASK_APP", ""), Sign.DOTENV)
    paths = _modules(inventory, folder, scripts)
    inventory.fetch(paths)
    for path in paths:
        module = inventory.module(path)
        default = path in [_default_path(inventory, folder, name) for name in DEFAULT_MODULES]
        for sign, name in _signs(module, default):
            yield Application(folder, _value(path, folder, name), path, sign, module)


def _signs(module: Module, default: bool) -> Iterator[tuple[Sign, str]]:
    """How ``module`` shows that it holds an application, and the name of that ("": one that Flask looks for)."""
    usual = {*APPLICATION_NAMES, *FACTORY_NAMES}
    if default and (usual & {*module.imported, *module.made, *module.factories} or module.applications):
        yield Sign.DEFAULT_NAME, ""
        return
    if usual & {*module.factories}:
        yield Sign.FACTORY, ""
    elif len(module.applications) == 1 or set(APPLICATION_NAMES) & {*module.applications}:
        yield Sign.OBJECT, ""
    elif module.made:
        yield Sign.MADE_OBJECT, ""
    else:
        yield from ((Sign.OBJECT, name) for name in (*module.applications, *module.factories))


def _named(inventory: Inventory, folder: str, value: str, sign: Sign) -> Iterator[Application]:
    """The application that a FLASK_APP names, if its module is there when ``flask`` is run in ``folder``."""
    location = re.split(r":(?![\\/])", value.strip(), maxsplit=1)[0].strip()
    stem = location.removesuffix(".py") if location.endswith(".py") else location.replace(".", "/")
    if not stem or location.startswith(("/", "..")):
        return
    for path in (join(folder, f"{stem}.py"), join(folder, stem, "__init__.py")):
        if path in inventory.paths:
            yield Application(folder, value.strip(), path, sign, inventory.module(path))
            return


def read_dotenv(inventory: Inventory, folder: str) -> dict[str, str]:
    """The variables of ``.flaskenv`` and, going before it, ``.env`` in ``folder``."""
    lines = [
        line
        for name in (".flaskenv", ".env")
        for line in (inventory.read(join(folder, name)) or b"").decode("utf-8", errors="replace").splitlines()
    ]
    assignments = (re.match(r"\s*(?:export\s+)?(\w+)\s*=\s*(.*)", line) for line in lines)
    return {found[1]: _unquoted(found[2]) for found in assignments if found}


def _unquoted(text: str) -> str:
    quoted = re.match(r"""(["'])(.*?)\1""", text)
    return quoted[2] if quoted else re.split(r"\s+#", text, maxsplit=1)[0].strip()


def _modules(inventory: Inventory, folder: str, scripts: str) -> tuple[str, ...]:
    """Modules of ``folder``, and inside its sub-folders and those of ``src`` the ones with telling names."""
    top, src = _depth(folder), join(folder, "src")
    found: list[str] = []
    for path in _below(inventory.files, folder):
        stem, ending = posixpath.splitext(posixpath.basename(path))
        inner = _depth(parent(path)) - (_depth(src) if f"{path}/".startswith(f"{src}/") else top)
        near = inner == 0 or (inner == 1 and stem in INNER_MODULES)
        if ending == ".py" and near and scripts not in ancestors(path) and not OTHER_PURPOSES.match(stem):
            found.append(path)
    return tuple(found)


def _below(files: Iterable[str], folder: str) -> Iterator[str]:
    return (path for path in files if folder == "." or path.startswith(f"{folder}/"))


def _depth(folder: str) -> int:
    return 0 if folder == "." else folder.count("/") + 1


def _default_path(inventory: Inventory, folder: str, name: str) -> str:
    """What ``import name`` would load in ``folder``: the package, if there is one."""
    package = join(folder, name, "__init__.py")
    return package if package in inventory.paths else join(folder, f"{name}.py")


def _value(path: str, folder: str, name: str) -> str:
    location = posixpath.relpath(path, folder).removesuffix("/__init__.py")
    return f"{location}:{name}" if name else location
