"""A process that has the packages loaded and nothing of the project: guests are forked from it.

It hears the host on one socket of packets. Its guests hold none of its descriptors, so that whoever is gone is seen as
the end of a socket: when the host goes, all guests are killed. Only this process signals them, and only before it has
taken note of their end, while their numbers cannot belong to anybody else.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from importlib.machinery import all_suffixes
from itertools import takewhile

from . import main, recording

PACKET_BYTES = 1 << 20
CLOCK_TICK_NS = 20 * 10**6
"""File times come from a clock that ticks; what changed this shortly before it was read may have changed again."""

PASSED = "4i"
"""A request's descriptors: standard input, output and errors, and the guest's line of life."""

stat = os.stat  # before it is watched
_ahead = set()


def serve(started_ns, descriptor):
    """Fork guests until the host hangs up; returns in the guests only, which then begin as any guest does."""
    host = socket.socket(fileno=descriptor)
    host.set_inheritable(False)
    os.chdir("/")
    main.import_as_the_project()
    recording.begin()
    importlib.import_module("alembic")
    importlib.import_module("sqlalchemy")
    importlib.import_module(__package__ + ".overlay")
    importlib.import_module(__package__ + ".environment")
    importlib.import_module(__package__ + ".surroundings")
    if recording.recorded()["all_variables"]:
        raise SystemExit("what was imported depends on every variable")
    Server(host, started_ns).run()


def forget_shadowed(folders):
    """Unload what a fresh guest would not have loaded by now, if the project has modules of such names in its way.

    ``folders`` are those that the project puts before all others.
    """
    loaded = {_top(name) for name in set(sys.modules) - _ahead}
    names = {_top(name) for name in _ahead} - loaded
    with recording.quiet():
        shadowed = names and any(_modules_of(names, folder) for folder in (*folders, *_before_library()))
    if shadowed:
        for name in _ahead:
            if _top(name) in names:
                sys.modules.pop(name, None)


class Server:
    """Serves one request after the other, in one thread; whatever takes long has to be done by the guests."""

    def __init__(self, host, started_ns):
        self._host = host
        self._lives = {}  # by process number: the host's line to each guest that has not been reaped
        self._hung_up = set()
        self._seen = {}
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._take_note(started_ns)

    def run(self):
        """Returns in a forked guest only."""
        while True:
            lives = {life: pid for pid, life in self._lives.items() if pid not in self._hung_up}
            readable, _, _ = select.select([self._host, self._woken, *lives], [], [])
            if self._woken in readable:
                self._bury()
            for life in set(readable) & set(lives):
                self._hung_up.add(lives[life])  # the host never says anything there
                self._kill(lives[life])
            if self._host in readable and self._hear():
                return

    def _hear(self):
        """True in a forked guest."""
        packet, ancillary, _, _ = self._host.recvmsg(PACKET_BYTES, socket.CMSG_SPACE(struct.calcsize(PASSED)))
        if not packet:
            for pid in self._lives:
                self._kill(pid)
            os._exit(0)
        request = json.loads(packet.decode("ascii"))
        if "load" in request:
            self._load(request["load"])
            return False
        streams = struct.unpack(PASSED, ancillary[0][2])
        return self._start(request, streams[:3], socket.socket(fileno=streams[3]))

    def _load(self, names):
        began = time.time_ns()
        known, path, early = set(sys.modules), list(sys.path), set(_before_library())
        sys.path[:] = [folder for folder in path if folder not in early]
        for name in names:
            if name not in sys.modules and self._is_harmless(name):
                importlib.import_module(name)
        sys.path[:] = path
        _ahead.update(set(sys.modules) - known)
        self._take_note(began)

    def _is_harmless(self, name):
        """Whether importing it only reads files: tried in a process that is thrown away."""
        pid = self._fork()
        if pid:
            return os.waitpid(pid, 0)[1] == 0
        harmless = False
        try:
            importlib.import_module(name)
            found = recording.recorded()
            harmless = not found["outside"] and not found["all_variables"] and _threads() == 1
        finally:
            os._exit(0 if harmless else 1)

    def _take_note(self, began):
        """Remember what was loaded since ``began`` as it lies on disk, and tell the host what it depended on."""
        if _threads() != 1:
            raise SystemExit("what was imported has started a thread")
        with recording.quiet():
            for path in set(_files()) - set(self._seen):
                signature = _signature(path)
                if signature and max(signature[:2]) > began - CLOCK_TICK_NS:
                    signature = "it may have changed after it was read"
                self._seen[path] = signature
            self._in_the_way = _in_the_way()
            sys.modules[__package__ + ".surroundings"].note_libraries()
        gc.collect()
        gc.freeze()  # so that what guests share is not written to
        self._tell(self._host, {"variables": recording.recorded()["variables"]})

    def _start(self, request, streams, life):
        """True in the guest."""
        refusal = self._refusal()
        pid = None if refusal else self._fork()
        if pid == 0:
            self._become_guest(request, streams, life)
            return True
        for descriptor in streams:
            os.close(descriptor)
        if refusal:
            self._tell(life, {"refused": refusal})
            life.close()
        else:
            self._lives[pid] = life
            self._tell(life, {"pid": pid})
        return False

    def _refusal(self):
        """Why no guest can be forked, if so."""
        if _threads() != 1:
            return "there is more than one thread"
        with recording.quiet():
            if any(_signature(path) != signature for path, signature in self._seen.items()):
                return "what was loaded has changed"
            if _in_the_way() != self._in_the_way:
                return "there are modules that would have been loaded instead"
        return None

    def _fork(self):
        """As os.fork; the child has none of our descriptors and signal handlers."""
        with recording.quiet():
            pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(self._woken)
            os.close(self._waker)
            for line in (self._host, *self._lives.values()):
                line.close()
        return pid

    def _become_guest(self, request, streams, life):
        """What others do between fork and exec. The environment is changed without being read, which is recorded."""
        os.setsid()
        life.close()
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(request["cwd"].encode("latin-1"))
        for name in request["unset"]:
            try:
                del os.environb[name.encode("latin-1")]
            except KeyError:
                pass
        for name, value in request["set"].items():
            os.environb[name.encode("latin-1")] = value.encode("latin-1")
        importlib.invalidate_caches()

    def _bury(self):
        """Reap the guests that have ended, after killing what is left of their process groups."""
        try:
            os.read(self._woken, PACKET_BYTES)
        except BlockingIOError:
            pass
        for pid, life in list(self._lives.items()):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            self._kill(pid)
            status = os.waitpid(pid, 0)[1]
            self._tell(life, {"status": -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)})
            life.close()
            del self._lives[pid]
            self._hung_up.discard(pid)

    def _kill(self, pid):
        """The guest with its process group, which it may not have made yet."""
        for kill in (os.killpg, os.kill):
            try:
                kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass

    def _tell(self, line, message):
        try:
            line.sendall(json.dumps(message).encode("ascii"))
        except OSError:  # the host has gone, which is noticed where it is listened to
            pass


def _threads():
    return len(os.listdir("/proc/self/task"))


def _files():
    """Whatever decides what is imported: the modules, the folders of packages, and what says which these are."""
    yield from (sys.executable, os.path.realpath(sys.executable), os.path.join(sys.prefix, "pyvenv.cfg"))
    for module in list(sys.modules.values()):
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str):
            yield file
    for folder in sys.path:
        if folder.endswith("-packages") and os.path.isdir(folder):
            yield folder
            yield from (os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".pth"))


def _signature(path):
    """None if there is nothing."""
    try:
        found = stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _in_the_way():
    """In folders that are searched before the standard library: files of the names of loaded modules."""
    names = {_top(name) for name in sys.modules}
    return set().union(*(_modules_of(names, folder) for folder in _before_library()))


def _before_library():
    """What PYTHONPATH puts before everything else."""
    library = os.path.dirname(os.__file__)
    return list(takewhile(lambda folder: folder != library, sys.path))


def _modules_of(names, folder):
    """The files in ``folder`` that make it answer to an import of one of ``names``."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return set()
    named = [entry for entry in entries if _top(entry) in names]
    modules = {os.path.join(folder, entry) for entry in named if entry.endswith(tuple(all_suffixes()))}
    packages = {os.path.join(folder, entry, "__init__.py") for entry in named if entry in names}
    return modules | set(filter(os.path.isfile, packages))


def _top(name):
    return name.partition(".")[0]
