"""What the outcome depends on: the files, folders, variables and servers that the project looked at.

Audit events tell of what is opened, listed, run and connected to (https://docs.python.org/3/library/audit_events.html).
Whether something exists raises none, and neither do environment variables: those functions are wrapped. What C code
does by itself remains unseen.
"""

import functools
import os
import sys
from contextlib import contextmanager
from threading import get_ident

GUEST_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NO_FILES = ("/dev/", "/proc/", "/sys/", GUEST_FOLDER + os.sep)
HARMLESS_PROGRAMS = ("uname",)  # SQLAlchemy asks for the machine, for which Python 3.8 runs it
LOG_SOCKETS = ("/dev/log", "/var/run/syslog")  # nothing is read from them
C_DRIVERS = {
    "psycopg2": "connect",
    "psycopg": "connect",
    "MySQLdb": "connect",
    "mariadb": "connect",
    "pyodbc": "connect",
    "oracledb": "connect",
}
"""Drivers that connect without any audit event, and what connects."""

READ_BY_C = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "PYTHONPLATLIBDIR"),
    *("PYTHONOPTIMIZE", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONPYCACHEPREFIX"),
    *("PYTHONDEVMODE", "PYTHONINTMAXSTRDIGITS", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "LD_PRELOAD"),
)
"""The interpreter has read these before anybody can listen."""

ALL = "*"
PASSING_VARIABLES = ("_", "OLDPWD", "PWD", "SHLVL", "TERM_SESSION_ID", "WINDOWID")

LISTED_FOR_IMPORT = {
    "_fill_cache": ("<frozen importlib._bootstrap_external>",),
    "children": (os.path.join("importlib", "metadata"), "importlib_metadata"),
    "safe_listdir": ("pkg_resources",),
}
"""The functions that list folders for modules and distributions alone, with parts of their files' names."""


class Recording:
    """Raw values as they come, so that recording costs next to nothing; ``Answer`` makes sense of them."""

    def __init__(self):
        self.read = set()
        self.truncated = set()
        self.written = set()
        self.listed = set()
        self.importable = set()
        self.variables = set()
        self.all_variables = False
        self.outside = set()
        self.quiet = []  # the threads whose doings are our own
        self.connecting = []  # one entry for each of our own connections that is being opened, in whatever thread

    def is_quiet(self):
        return bool(self.quiet) and get_ident() in self.quiet

    def opened(self, path, mode=None, flags=0, *others):
        if isinstance(path, int) or self.is_quiet():
            return
        path = _absolute(path)
        access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        if access != os.O_RDONLY and flags & (os.O_TRUNC | os.O_EXCL):
            self.written.add(path)
            if path not in self.read:
                self.truncated.add(path)
        elif access == os.O_WRONLY:
            self.written.add(path)
        elif path not in self.truncated:
            self.read.add(path)

    def looked(self, path, dir_fd=None):
        """Whether something is there, or what: not asked about what the project itself has written."""
        if isinstance(path, int) or self.is_quiet():
            return
        path = _absolute(path, dir_fd)
        if path not in self.written:
            self.read.add(path)

    def listed_folder(self, path=None, *others):
        if self.is_quiet():
            return
        code = sys._getframe(2).f_code  # who listed it: this method is called by the audit hook
        for_import = any(part in code.co_filename for part in LISTED_FOR_IMPORT.get(code.co_name, ()))
        (self.importable if for_import else self.listed).add(_absolute(path or os.curdir))

    def opened_sqlite(self, database, *others):
        """SQLite files that are neither shadows nor opened through an engine."""
        from .sqlite_guard import file_of, shadows

        if self.connecting or self.is_quiet():
            return
        path = file_of(os.fsdecode(database), True)
        if path is not None and path not in shadows:
            self.read.update((path, path + "-wal"))

    def ran(self, program=None, arguments=None, *others):
        """The arguments may hold secrets: only the program is named."""
        if program is None:
            program = arguments if isinstance(arguments, (str, bytes, os.PathLike)) else arguments[0]
        name = os.path.basename(os.fsdecode(program))
        if name not in HARMLESS_PROGRAMS:
            self.outside.add("runs a program: {}".format(name))

    def ran_shell(self, *others):
        self.outside.add("runs a program: sh")

    def forked(self, *others):
        if not self.is_quiet():
            self.outside.add("starts a process of its own")

    def connected(self, socket, address=None, *others):
        if not self.connecting and address not in LOG_SOCKETS:
            self.outside.add("connects to {}".format(_address(address)))

    def resolved(self, host=None, *others):
        if not self.connecting and host:
            self.outside.add("looks up the host {}".format(_address(host)))

    def connected_with(self, driver):
        if not self.connecting:
            self.outside.add("connects to a database with {}, not through an engine".format(driver))

    def missed(self):
        self.outside.add("looks at something that driftguard cannot follow")

    def events(self):
        """What is done for which audit event."""
        return {
            "open": self.opened,
            "os.listdir": self.listed_folder,
            "os.scandir": self.listed_folder,
            "os.chdir": self.looked,
            "sqlite3.connect": self.opened_sqlite,
            "subprocess.Popen": self.ran,
            "os.exec": self.ran,
            "os.posix_spawn": self.ran,
            "os.spawn": lambda mode, *program: self.ran(*program),
            "os.system": self.ran_shell,
            "pty.spawn": lambda arguments: self.ran(None, arguments),
            "os.fork": self.forked,
            "os.forkpty": self.forked,
            "socket.connect": self.connected,
            "socket.sendto": self.connected,
            "socket.sendmsg": lambda socket, address=None, *others: address and self.connected(socket, address),
            "socket.getaddrinfo": self.resolved,
            "socket.gethostbyname": self.resolved,
            "socket.gethostbyaddr": self.resolved,
            "socket.getnameinfo": self.resolved,
        }


_recording = Recording()
_begun = []


def begin():
    """Record from now on; once in a process."""
    if _begun:
        return
    _begun.append(True)
    _listen()
    _wrap_looking()
    _wrap_variables()
    sys.meta_path.insert(0, CDriverFinder())


@contextmanager
def quiet():
    """What this thread looks at meanwhile is no dependency of the project's outcome."""
    thread = get_ident()
    _recording.quiet.append(thread)
    try:
        yield
    finally:
        _recording.quiet.remove(thread)


def is_quiet():
    """Whether what happens now is our own doing."""
    return _recording.is_quiet()


def connects(function):
    """Marks a function of ours that opens a connection, to a shadow or to a live database, in whatever thread."""

    @functools.wraps(function)
    def connecting(*arguments, **named):
        _recording.connecting.append(True)
        try:
            with quiet():
                return function(*arguments, **named)
        finally:
            _recording.connecting.pop()

    return connecting


def recorded():
    """Everything so far; paths are absolute, existing or not, and those that were asked for may be folders."""
    with quiet():
        importable = {_normal(path) for path in (*_recording.importable.copy(), *_search_path())}
        listed = {_normal(path) for path in _recording.listed.copy()}
        archives = {path for path in importable if os.path.isfile(path)}
        read = {_normal(path) for path in (*_recording.read.copy(), *_loaded(), *_interpreter_files())} | archives
        spawned = {"multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"} & set(sys.modules)
        return {
            "read": _without_shadows(read),
            "listed": _without_shadows(listed),
            "importable": _without_shadows(importable - listed - archives),
            "variables": sorted(_recording.variables | set(READ_BY_C)),
            "all_variables": _recording.all_variables,
            "outside": sorted(_recording.outside | ({"starts a process of its own"} if spawned else set())),
        }


def set_apart():
    """Begin anew for a while; ``put_back`` ends it."""
    before = {name: set(getattr(_recording, name)) for name in ("read", "listed", "outside")}
    for name in before:
        getattr(_recording, name).clear()
    return before


def put_back(before):
    """What was recorded since ``set_apart``, by kind; to the others it belongs to all the rest."""
    seen = {name: set(getattr(_recording, name)) for name in before}
    for name, others in before.items():
        getattr(_recording, name).update(others)
    return {
        "read": _without_shadows({_normal(path) for path in seen["read"]}),
        "listed": _without_shadows({_normal(path) for path in seen["listed"]}),
        "outside": seen["outside"],
    }


def variables():
    """The names of those that were read so far; ``ALL`` stands for every one."""
    return {*_recording.variables, *READ_BY_C, *((ALL,) if _recording.all_variables else ())}


def environment():
    """All variables with their values, which is not taken for a look of the project's."""
    seen, saw_all = set(_recording.variables), _recording.all_variables
    found = dict(os.environ)
    _recording.variables.intersection_update(seen)
    _recording.all_variables = saw_all
    return found


def add(paths, names):
    """What was looked at in an earlier run, whose outcome is gone on with; folders end with a separator."""
    for path in paths:
        (_recording.listed if path.endswith(os.sep) else _recording.read).add(path)
    _recording.all_variables = _recording.all_variables or ALL in names
    _recording.variables.update({*names} - {ALL})


def passes(name):
    """Whether a variable comes and goes with a shell or a hook; it counts only where it is read by name."""
    return name in PASSING_VARIABLES or name.startswith("GIT_")


def _listen():
    handlers, missed = _recording.events(), _recording.missed

    def hook(event, arguments):
        handler = handlers.get(event)
        if handler is not None:
            try:
                handler(*arguments)
            except Exception:  # which would reach the project, even when the interpreter takes its modules down
                missed()

    sys.addaudithook(hook)


def _wrap_looking():
    accessor = _pathlib_accessor()
    for name in ("stat", "lstat", "access", "readlink"):
        _replace(name, Watched(getattr(os, name)))
    _replace("open", WatchedInFolder(os.open))
    for name in {"stat", "lstat"} & set(vars(accessor)):
        setattr(accessor, name, Watched(getattr(accessor, name)))


def _pathlib_accessor():
    """Python 3.8 to 3.10 keep functions of their own."""
    if sys.version_info >= (3, 11):
        return type("Nothing", (), {})
    import pathlib

    return pathlib._NormalAccessor


class Watched:
    """A function of ``os`` that is asked what is there. No function itself: it would become a method in a class."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self._function = function
        self._recording = _recording
        self._read, self._written, self._quiet = _recording.read, _recording.written, _recording.quiet

    def __call__(self, path, *others, **named):
        if type(path) is str and path[:1] == "/" and not self._quiet:
            if path not in self._written:
                self._read.add(path)
        else:
            self._look(path, named.get("dir_fd"))
        return self._function(path, *others, **named)

    def _look(self, path, dir_fd):
        try:
            self._recording.looked(path, dir_fd)
        except Exception:
            self._recording.missed()


class WatchedInFolder(Watched):
    """``os.open``, whose event does not tell the folder's descriptor."""

    def __call__(self, path, *others, **named):
        if named.get("dir_fd") is not None:
            self._look(path, named["dir_fd"])
        return self._function(path, *others, **named)


def _replace(name, function):
    """``shutil`` and others look up in these sets what a function can do."""
    original = getattr(os, name)
    for capable in (os.supports_dir_fd, os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks):
        if original in capable:
            capable.add(function)
    setattr(os, name, function)


def _wrap_variables():
    """On the class, as libraries keep ``os.environ`` under names of their own; ``os.environb`` is another of it."""
    environment = type(os.environ)
    get = environment.__getitem__
    variables, missed = _recording.variables, _recording.missed

    @functools.wraps(get)
    def reading(self, key):
        try:
            variables.add(key if type(key) is str else os.fsdecode(key))
        except TypeError:
            pass  # which is what the environment will say
        except Exception:
            missed()
        return get(self, key)

    environment.__getitem__ = reading
    for name in ("__iter__", "__len__", "__repr__"):
        setattr(environment, name, _reading_all(getattr(environment, name)))


def _reading_all(function):
    @functools.wraps(function)
    def reading(*arguments):
        _recording.all_variables = True
        return function(*arguments)

    return reading


class CDriverFinder:
    """Lets drivers be imported as they are, and then watches their ``connect``."""

    def __init__(self):
        self._finding = []

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in C_DRIVERS or get_ident() in self._finding:
            return None
        from importlib.util import find_spec

        self._finding.append(get_ident())
        try:
            spec = find_spec(fullname)
        finally:
            self._finding.remove(get_ident())
        execute = getattr(getattr(spec, "loader", None), "exec_module", None)
        if execute is not None:

            def exec_module(module):
                execute(module)
                _watch_driver(module, C_DRIVERS[fullname])

            spec.loader.exec_module = exec_module
        return spec


def _watch_driver(module, name):
    connect = getattr(module, name, None)
    if connect is None:
        return

    @functools.wraps(connect)
    def watched(*arguments, **named):
        _recording.connected_with(module.__name__)
        return connect(*arguments, **named)

    setattr(module, name, watched)


def _absolute(path, dir_fd=None):
    """As it is understood now: the project may change its folder."""
    if isinstance(path, int):
        return _folder_of(path)
    path = os.fsdecode(path)
    if path[:1] == "/" or os.path.isabs(path):
        return path
    return os.path.join(os.getcwd() if dir_fd is None else _folder_of(dir_fd), path)


def _folder_of(descriptor):
    with quiet():
        return os.path.realpath("/proc/self/fd/{}".format(descriptor))


def _normal(path):
    """The path of the file itself: a source instead of its bytecode, without ``..``."""
    if path.endswith(".pyc"):
        path = _source(path)
    before, dots, after = (path + "/").rpartition("/../")
    if dots:
        path = os.path.join(os.path.realpath(before + dots), after)  # a link may come before the dots
    return os.path.normpath(path)


def _source(bytecode):
    from importlib.util import source_from_cache

    try:
        return source_from_cache(bytecode)
    except (ValueError, NotImplementedError):
        return bytecode


def _loaded():
    """The files of all modules, those included that a parent process had loaded."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__dict__", {}).get("__file__")  # asking a lazy module would load it
        if isinstance(file, str):
            yield _absolute(file)


def _search_path():
    for path in (*sys.path, *sys.path_importer_cache):
        if isinstance(path, (str, bytes)) and not os.fsdecode(path).endswith("__path_hook__"):
            yield _absolute(path)


def _interpreter_files():
    """What decided, before anybody could listen, where packages are looked for."""
    yield sys.executable
    yield os.path.join(sys.prefix, "pyvenv.cfg")
    for folder in sys.path:
        if isinstance(folder, str) and folder.endswith("-packages") and os.path.isdir(folder):
            yield from (os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".pth"))


def _without_shadows(paths):
    guard = sys.modules.get(__package__ + ".sqlite_guard")
    shadows = tuple(guard.shadows) if guard else ()
    left_out = (*NO_FILES, *shadows)
    folders = {GUEST_FOLDER, *(os.path.dirname(shadow) for shadow in shadows if "driftguard-" in shadow)}
    return sorted(
        path
        for path in paths
        if not path.startswith(left_out)
        and path not in folders
        and not path.endswith("__pycache__")  # comes and goes, and what is in it stands for its source
        and "\0" not in path
    )


def _address(address):
    if isinstance(address, tuple) and len(address) >= 2:
        return "{}:{}".format(*address[:2])
    return os.fsdecode(address) if isinstance(address, (str, bytes)) else str(address)
