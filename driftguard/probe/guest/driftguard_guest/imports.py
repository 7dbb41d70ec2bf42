"""The project's files that others of its files import, as far as their text tells, without executing anything."""

import os
import re
import sys
import sysconfig
from functools import lru_cache
from hashlib import sha256

IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+(?P<base>[.\w]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#;]*)"
    r"|import[ \t]+(?P<modules>[^\n#;]+))",
    re.M,
)
DYNAMIC = re.compile(
    r"import_module|__import__|(?<![.\w])(?:exec|eval|compile)\s*\(|exec_module|load_module|spec_from|sys\.modules|pkgutil"
    r"|current_app|target_metadata|\bopts\b|config\.attributes|\bgc\."
)
"""What can reach other files of the project without naming them."""

EVERYTHING = "*"
"""In place of a module's name: all of the project that is loaded."""

LIBRARIES = tuple(
    {
        os.path.realpath(folder) + os.sep
        for name, folder in sysconfig.get_paths().items()
        if name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    | {os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep}
)
ABSENT = "absent"
NAMESPACE = os.devnull
"""Stands for a package that has no file."""


@lru_cache(maxsize=None)
def is_projects(file):
    """Whether the file is neither an installed library's nor ours."""
    if not file or file.startswith("<"):
        return False
    real = os.path.realpath(file)
    return not real.startswith(LIBRARIES) and "-packages" + os.sep not in real


def content(path):
    """The digest of a file as the project sees it, or a word where there is none."""
    try:
        return sha256(_source(path)).hexdigest()
    except IsADirectoryError:
        return "folder"
    except OSError:
        return ABSENT


def text(path):
    """What a file holds as the project sees it, "" where there is none."""
    try:
        return _source(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _source(path):
    """What is staged, if that is what is looked at: ``open`` is wrapped then."""
    with open(path, "rb") as file:
        return file.read()


class Imports:
    """Files by what imports them; each is read once."""

    def __init__(self, root):
        self._root = root
        self._found = {}
        self._origins = {}

    def digest(self, files=(), names=()):
        """One name for the contents of these files, for what these modules are, and for all that they import."""
        parts = [self._missing(names)]
        parts += [
            (path.replace(self._root, ""), self._found[path][0], self._missing(self._found[path][1]))
            for path in self.reached(files, names)
        ]
        return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def reached(self, files=(), names=()):
        """These files, those of these modules, and all that they import, sorted."""
        seen, left = set(), [*files, *self._files(names)]
        while left:
            path = left.pop()
            if path not in seen:
                seen.add(path)
                left.extend(self._files(self._named(path)))
        return sorted(seen)

    def read(self):
        """Every file whose contents were looked at."""
        return set(self._found)

    def texts(self, files):
        """The contents of these files and of all that they import."""
        return [self._found[path][2] for path in self.reached(files)]

    def text(self, file):
        """The contents of one file."""
        self._named(file)
        return self._found[file][2]

    def named(self, files):
        """The modules that these files' own imports may load, sorted; with ``EVERYTHING`` what is not named."""
        return sorted(set().union(*map(self._named, files)))

    def origin(self, name):
        """The file of a module; "" for what is no project's, None where there is none."""
        if name not in self._origins:
            self._origins[name] = self._find(name)[0]
        return self._origins[name]

    def _files(self, names):
        files = {self.origin(name) for name in names if name != EVERYTHING} - {"", None}
        return files | _loaded() if EVERYTHING in names else files

    def _missing(self, names):
        """Attributes most likely, but they may become modules."""
        return sorted(name for name in names if name != EVERYTHING and self.origin(name) is None)

    def _named(self, path):
        if path not in self._found:
            try:
                source = _source(path)
            except OSError:
                source = b""
            text = source.decode("utf-8", "replace").replace("\\\n", " ")
            names = {name for match in IMPORT.finditer(text) for name in _modules(match, path)}
            if DYNAMIC.search(text):
                names.add(EVERYTHING)
            self._found[path] = (sha256(source).hexdigest(), names, text)
        return self._found[path][1]

    def _find(self, name):
        parent, _, _ = name.rpartition(".")
        path = None
        if parent:
            origin, path = self._find(parent)
            if origin == "":
                return "", None
            if path is None:
                return None, None
        elif name in sys.builtin_module_names:
            return "", None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path) if find_spec else None
            if spec is None:
                continue
            if spec.loader is None or spec.origin is None:
                return NAMESPACE, spec.submodule_search_locations
            if spec.has_location and is_projects(spec.origin):
                return spec.origin, spec.submodule_search_locations
            return "", None
        return None, None


def _modules(match, path):
    """The modules that an import may load: parents included, and what may be a module or a name in one."""
    base, names = match.group("base"), match.group("names")
    if base is None:
        named = [each.split()[0] for each in match.group("modules").split(",") if each.split()]
    else:
        base = _absolute(base, path)
        if base is None:
            return
        parts = re.sub(r"#[^\n]*", "", names).strip("() \t\n").split(",")
        named = [base] + [".".join(filter(None, (base, each.split()[0]))) for each in parts if each.split()]
    for name in named:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            if all(map(str.isidentifier, parts[:count])):
                yield ".".join(parts[:count])


def _absolute(base, path):
    """A relative import's module, by the packages that the file is in; None where it is in none."""
    dots = len(base) - len(base.lstrip("."))
    if not dots:
        return base
    folder, parts = os.path.dirname(path), []
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        parts.insert(0, os.path.basename(folder))
        folder = os.path.dirname(folder)
    if len(parts) < dots:
        return None
    return ".".join(filter(None, (*parts[: len(parts) - dots + 1], base[dots:])))


def _loaded():
    files = (getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values()))
    return {file for file in files if isinstance(file, str) and file.endswith(".py") and is_projects(file)}
