"""What a replay rests on, so that its shadow can be kept, and whether one that was kept may be gone on with.

A kept shadow is lent as if it were new. Before the first step everything that it rests on is looked at again, as the
project has it now; where anything differs, the run is abandoned and begun anew on an empty shadow.
"""

import os
import re
from contextlib import contextmanager
from hashlib import sha256

from . import imports, recording, revisions, sqlite_guard
from .connections import SCHEMA_IS_DATABASE
from .statements import is_harmless, may_pass_sqlalchemy, reaches_server
from .surroundings import Surroundings

SLACK = 20000000
"""Nanoseconds: file systems stamp changes with the time of the kernel's last tick."""

IDEMPOTENT = re.compile(r"\s*CREATE\s+(?:SCHEMA|EXTENSION)\s+IF\s+NOT\s+EXISTS\b[^;]*;?\s*$", re.I)
UNDOES = re.compile(r"drop[\s_]*(?:schema|extension)|alter\s+(?:schema|extension)", re.I)
DEFERS = re.compile(r"deferred", re.I)


LISTED = os.sep
"""At the end of a folder's path: its names count."""


class Abandoned(BaseException):
    """The shadow that was lent is not what this project would have built; env.py should let this through."""


class Replay:
    """One run of env.py, whose shadows may have been lent, and may be kept."""

    def __init__(self, ask, connections):
        self.arguments = {}  # what env.py gives to every revision's upgrade()
        self._ask = ask
        self._connections = connections
        self._terms = None
        self._runs = []
        self._hindered = False
        self._open = None
        self._has_all = False
        self.abandoned = False

    def prepare(self, scripts):
        """Before Alembic reads the revisions: those that have been replayed already need not be loaded again."""
        with recording.quiet(), self._own_failures():
            self._terms = self._ask("remembered")
            kept = self._terms and self._terms["kept"]
            if kept and not self._runs and _can_stay_unloaded(kept["runs"], self._terms["root"]):
                self._has_all = kept["heads_of_all"] is not None
                revisions.know(scripts, kept["revisions"])

    def upgrades(self, scripts, wanted, heads):
        """Alembic's steps from ``heads``; none where the shadows have been through all revisions that there are."""
        return () if self._has_all else scripts._upgrade_revs(wanted, heads)

    def at_head(self, scripts):
        """What is asked whether a database is at head."""
        return revisions.AtHead(scripts, self._terms["kept"]["heads_of_all"]) if self._has_all else scripts

    def begin(self, database, config, scripts, wanted, heads):
        """Before the first step; raises Abandoned."""
        with recording.quiet(), self._own_failures():
            self._begin(database, config, scripts, wanted, sorted(heads))

    def _begin(self, database, config, scripts, wanted, heads):
        if self._terms is None:
            return
        paths = self._paths(scripts, wanted)
        statements = self._connections.statements_of(database.shadow)
        surroundings = Surroundings(database.context, config, self._terms["root"], statements, self.arguments)
        run = _Run(database, paths, surroundings, self._terms["root"])
        kept = self._terms["kept"]
        if kept is not None:
            number = len(self._runs)
            expected = kept["runs"][number] if number < len(kept["runs"]) else None
            if expected is None or expected["heads"] != heads or not run.continues(expected):
                raise Abandoned
            run.go_on_from(expected, heads)
        elif heads:
            self._hindered = True
        self._hindered = self._hindered or not _only_prepares(statements, run)
        # Two chains in one database take turns otherwise when they begin anew.
        self._hindered = self._hindered or any(other.shadow == run.shadow for other in self._runs)
        self._runs.append(run)
        self._open = (run, surroundings, recording.set_apart())

    def _paths(self, scripts, wanted):
        """Of the revisions' files, by id and in the order in which they run."""
        if self._has_all:
            runs, known = self._terms["kept"]["runs"], self._terms["kept"]["revisions"]
            paths, number = {id_: path for path, id_, *_ in known}, len(self._runs)
            return {id_: paths[id_] for id_ in (runs[number]["order"] if number < len(runs) else ())}
        steps = list(scripts.iterate_revisions(wanted, (), implicit_base=True)) if wanted else []
        return {script.revision: script.path for script in reversed(steps)}

    def keep_nothing(self):
        """What this run builds is not what a replay of its revisions would: they come in an order of their own."""
        self._hindered = True

    def end(self, database=None):
        """After the last step (``database`` is given), or when the run is over, whatever became of it."""
        if self._open is None:
            return
        run, surroundings, apart = self._open
        self._open = None
        run.transcript = self._connections.transcripts.end(run.shadow)
        seen = recording.put_back(apart)
        if run.is_kept:
            return
        with recording.quiet(), self._own_failures():
            if database is None or seen["outside"] or sqlite_guard.attached:
                self._hindered = True
                return
            run.add(seen)
            run.heads = database.heads
            # What differs from before has been left by the steps, and would not be there for a later session.
            if surroundings.digest() != run.surroundings:
                self._hindered = True
            run.watched = surroundings.files()

    @contextmanager
    def _own_failures(self):
        """What goes wrong in looking must not become the project's fault: the host runs it again without."""
        try:
            yield
        except (Abandoned, Exception) as error:
            self.abandoned = True
            raise Abandoned from error

    def report(self, error):
        """What the shadows rest on, for the host to keep them; None where they cannot be kept, or are kept already."""
        if self._terms is None or self._has_traces(error) or self._is_kept:
            return None
        with recording.quiet():
            if any(run.changed_since(self._terms["began"] - SLACK) or run.reaches_server for run in self._runs):
                return None
            return [run.record() for run in self._runs]

    def transcripts(self):
        """By shadow, the transactions that this run has sent to it; only those that are known completely."""
        with recording.quiet():
            return {run.shadow: run.transcript for run in self._runs if run.transcript is not None and run.is_heard}

    def is_untouched(self, error):
        """Whether the shadows were lent and are what they were."""
        return bool(self._runs) and self._is_kept and not self._has_traces(error)

    @property
    def _is_kept(self):
        return all(run.is_kept for run in self._runs)

    def _has_traces(self, error):
        """Whether anything but the replay of its revisions may have made a shadow what it is."""
        if self.abandoned or error is not None or self._hindered:
            return True
        shadows = [self._connections.statements_of(run.shadow)[run.statements :] for run in self._runs]
        return any(map(_leaves_traces, shadows))


def _can_stay_unloaded(runs, root):
    """Whether nobody could tell if the revisions of these runs were loaded or not."""
    names = set().union(*(run["imports"] for run in runs))
    return all(run["only_defines"] for run in runs) and revisions.load_nothing_new(names, root)


class _Run:
    """One database's replay: what it rests on, as texts and digests."""

    def __init__(self, database, paths, surroundings, root):
        self.live = database.live
        self.shadow = database.shadow
        self._paths = paths
        self.order = list(paths)
        self.is_kept = False
        self.transcript = None
        self.surroundings = surroundings.digest()
        self.statements = len(surroundings.statements)
        self.heads = []
        self.files = set()
        self.names = set()
        self.watched = set()
        self._root = root
        self._imports = imports.Imports(root)
        self._new = self.order  # what this run replays itself
        self._imported = set()  # by those that were replayed before
        self._only_define = True
        self._is_dumped = database.context.dialect.name in SCHEMA_IS_DATABASE
        self._per_migration = bool(database.options.get("transaction_per_migration"))

    def continues(self, expected):
        """Whether what was kept is a beginning of this replay, and rests on nothing that has changed."""
        done = expected["order"]
        return (
            self.order[: len(done)] == done
            and self.surroundings == expected["surroundings"]
            and self._imports.digest(names=expected["imports"]) == expected["imported"]
            and all(self._content(path) == digest for path, digest in expected["files"].items())
            and _values(expected["variables"]) == expected["values"]
        )

    def go_on_from(self, expected, heads):
        """What was replayed before need not be looked at again, but the outcome rests on it nevertheless."""
        self.heads = heads
        self.files.update(expected["files"])
        self.names.update(expected["variables"])
        self.is_kept = self.order == expected["order"]
        self._new = self.order[len(expected["order"]) :]
        self._imported.update(expected["imports"])
        self._only_define = expected["only_defines"]
        recording.add(map(self._long, self.files), self.names)

    def texts(self):
        """Of the revisions and what they import."""
        return self._imports.texts(self._paths.values())

    def add(self, seen):
        """What was looked at during the steps."""
        for path in (*seen["read"], *(folder + LISTED for folder in seen["listed"])):
            if imports.is_projects(path):
                self.files.add(self._short(path))
        self.names.update(recording.variables())

    @property
    def reaches_server(self):
        """Whether the steps may do what no dump of the database would show; elsewhere that is seen when it is kept."""
        if not self._is_dumped:
            return False
        read = [imports.text(self._long(path)) for path in self.files if not path.endswith(LISTED)]
        return any(map(reaches_server, (*self._imports.texts(self._files_of(self._new)), *read)))

    @property
    def is_heard(self):
        """Whether SQLAlchemy knows all that the steps have sent."""
        return not any(map(may_pass_sqlalchemy, self._imports.texts(self._files_of(self._new))))

    def record(self):
        """As the host keeps it."""
        names = sorted(self.names)
        new = self._files_of(self._new)
        imported = sorted(self._imported.union(self._imports.named(new)))
        return {
            "live": self.live,
            "heads": self.heads,
            "order": self.order,
            "surroundings": self.surroundings,
            "imports": imported,
            "imported": self._imports.digest(names=imported),
            "only_defines": self._only_define and all(revisions.only_defines(self._imports.text(each)) for each in new),
            "files": {path: self._content(path) for path in sorted(self.files)},
            "variables": names,
            "values": _values(names),
        }

    def changed_since(self, moment):
        """Whether a file may have become another after it was read; and whether one transaction hides a failure."""
        new = self._files_of(self._new)
        if not self._per_migration and any(map(DEFERS.search, self._imports.texts(new))):
            return True  # what it defers could keep a later revision of the same transaction from running
        paths = {*self._paths.values(), *self._imports.reached(new, self._imported), *map(self._long, self.files)}
        paths |= self.watched
        return any(_changed(path) >= moment for path in paths if path.endswith(LISTED) or not os.path.isdir(path))

    def _files_of(self, ids):
        return [self._paths[each] for each in ids]

    def _content(self, path):
        path = self._long(path)
        if not path.endswith(LISTED):
            return imports.content(path)
        try:
            return sha256("\0".join(sorted(os.listdir(path))).encode("utf-8", "surrogateescape")).hexdigest()
        except OSError:
            return imports.ABSENT

    def _short(self, path):
        """Files of the project are known by their place in it."""
        inside = self._root + os.sep
        return path[len(inside) :] if path.startswith(inside) else path

    def _long(self, path):
        return os.path.join(self._root, path)


def _only_prepares(statements, run):
    """Whether what env.py executes before the steps does nothing to a database where the steps have been run."""
    return all(
        is_harmless(text) or (IDEMPOTENT.match(text) and not any(map(UNDOES.search, run.texts())))
        for text, _ in statements
    )


def _leaves_traces(statements):
    """Whether env.py executes anything after the steps that lasts."""
    return not all(is_harmless(text) for text, _ in statements)


def _values(names):
    """The digest of these variables' values; of all variables, except those that pass with a shell, for "*"."""
    everything = [name for name in os.environ if not recording.passes(name)] if recording.ALL in names else []
    texts = ["{}={}".format(name, os.environ.get(name)) for name in sorted({*names, *everything})]
    return sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _changed(path):
    try:
        found = os.stat(path)
    except OSError:
        return 0
    return max(found.st_mtime_ns, found.st_ctime_ns)
