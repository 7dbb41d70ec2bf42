"""Every connection of this process is led to a shadow; where it wanted to go is kept as the live address.

SQLAlchemy raises the ``do_connect`` event in the engine's own connect function, sync and async alike; engines made with
``creator=``, ``async_creator=`` or a ready-made pool raise none, so the pool's creator is wrapped as well.
"""

import os
import sys

from sqlalchemy import event, exc
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.pool import Pool

from . import recording, sqlite_guard
from .transcripts import Transcripts

MARK = "driftguard shadow"
OWN = "driftguard_own"
READ_ONLY_OPTIONS = "-c default_transaction_read_only=on"
WRITABLE_OPTIONS = "-c default_transaction_read_only=off"
LIBPQ_DRIVERS = ("psycopg2", "psycopg", "psycopg_async", "psycopg2cffi")
CONNECT_TIMEOUTS = {
    "psycopg2": "connect_timeout",
    "psycopg2cffi": "connect_timeout",
    "psycopg": "connect_timeout",
    "psycopg_async": "connect_timeout",
    "asyncpg": "timeout",
    "pg8000": "timeout",
    "pymysql": "connect_timeout",
    "mysqldb": "connect_timeout",
    "mysqlconnector": "connection_timeout",
    "aiomysql": "connect_timeout",
    "asyncmy": "connect_timeout",
    "mariadbconnector": "connect_timeout",
    "aiosqlite": "timeout",
    "pysqlite": "timeout",
}
CONNECT_TIMEOUT_SECONDS = 3
SQLITE_DRIVERS = ("pysqlite", "aiosqlite")
SCHEMA_IS_DATABASE = ("mysql", "mariadb")


class Live:
    """How env.py would have connected: enough to connect the same way later, and its address without password."""

    original_options = None

    def __init__(self, dialect, arguments, parameters, creator=None):
        self.dialect = dialect
        self.arguments = list(arguments)
        self.parameters = dict(parameters)
        self._creator = creator

    @property
    def is_made(self):
        """Whether a function of the project connects."""
        return self._creator is not None

    @property
    def address(self):
        """Host, port, database and user as text, "" where unknown; never a password."""
        if self._creator is not None:
            return {"host": "", "port": "", "database": "(creator=)", "user": ""}
        if self.dialect.name == "sqlite":
            database = str(self.arguments[0]) if self.arguments else str(self.parameters.get("database", ""))
            path = sqlite_guard.file_of(database, bool(self.parameters.get("uri")))
            return {"host": "", "port": "", "database": path or ":memory:", "user": ""}
        pick = self._pick
        return {
            "host": pick("host", "unix_socket", "unix_sock"),
            "port": pick("port"),
            "database": pick("dbname", "database", "db"),
            "user": pick("user", "username"),
        }

    def _pick(self, *keys):
        values = [str(self.parameters[key]) for key in keys if self.parameters.get(key)]
        return values[0] if values else ""

    @property
    def key(self):
        """Equal for two engines that would have opened the same database."""
        if self._creator is not None:
            return (self.dialect.name, id(self._creator))
        return (self.dialect.name, tuple(sorted(self.address.items())))

    def connect(self, database=None):
        """Open the real thing: the engine's own listeners run (tokens, TLS), ours stands aside."""
        restore = os.environ.pop("PGOPTIONS", None)
        if self.original_options is not None:
            os.environ["PGOPTIONS"] = self.original_options
        try:
            if self._creator is not None:
                return self._creator()
            arguments, parameters = list(self.arguments), dict(self.parameters)
            timeout = CONNECT_TIMEOUTS.get(self.dialect.driver)
            if timeout and timeout not in parameters:
                parameters[timeout] = CONNECT_TIMEOUT_SECONDS
            if database is not None:
                parameters["dbname" if "dbname" in parameters else "database"] = database
            for listener in self.dialect.dispatch.do_connect:
                if not getattr(listener, OWN, False):
                    connection = listener(self.dialect, None, arguments, parameters)
                    if connection is not None:
                        return connection
            return _connected(self.dialect, arguments, parameters)
        finally:
            if restore is not None:
                os.environ["PGOPTIONS"] = restore


class Connections:
    """Which shadow stands for which live database in the present run."""

    def __init__(self, ask_for_shadow):
        self._ask = ask_for_shadow
        self._shadows = {}
        self._scratch = {}
        self._numbers = {}
        self._creators = {}
        self._statements = []
        self.transcripts = Transcripts(self.of)
        self.in_steps = False
        self.lives = []
        self.env_py = ""
        self.loading_application = False

    def install(self):
        """Lead all connections away from now on, those of plain libpq clients into read-only sessions."""

        def do_connect(dialect, record, arguments, parameters):
            if getattr(dialect, OWN, False):
                return None
            return self._open(Live(dialect, arguments, parameters), record)

        def checkout(dbapi_connection, record, proxy):
            mark = record.info.get(MARK)
            if mark is not None and mark[0] != self._shadow_url(mark[1]):
                raise exc.DisconnectionError("this connection belongs to an earlier run")

        def before_cursor_execute(connection, cursor, statement, parameters, context, executemany):
            if not self.in_steps:
                mark = connection.info.get(MARK)
                if mark is not None:
                    self._statements.append((mark[0], statement, repr(parameters)))

        setattr(do_connect, OWN, True)
        event.listen(Engine, "do_connect", do_connect)
        event.listen(Pool, "checkout", checkout)
        event.listen(Engine, "before_cursor_execute", before_cursor_execute)
        self.transcripts.install()
        self._guard_creators()
        sqlite_guard.install()
        Live.original_options = os.environ.get("PGOPTIONS")
        os.environ["PGOPTIONS"] = " ".join(filter(None, (Live.original_options, READ_ONLY_OPTIONS)))

    def begin_run(self):
        """Forget the shadows of the run before; whatever connects next gets new ones."""
        self._shadows = {}
        self._statements = []
        self.transcripts.begin_run()

    def statements_of(self, shadow):
        """What this run has executed on a shadow outside of the migrations themselves: texts and parameters."""
        return [(statement, parameters) for url, statement, parameters in self._statements if url == shadow]

    def of(self, connection):
        """(shadow URL, live number) of a SQLAlchemy connection; None if it was not led to a shadow."""
        return connection.info.get(MARK)

    def _guard_creators(self):
        wrap_creator = Pool._should_wrap_creator

        def guarded(pool, creator):
            invoke = wrap_creator(pool, creator)
            if getattr(creator, OWN, False) or _is_engines_own(creator):
                return invoke

            def lead_away(record):
                def original():
                    return invoke(record)

                once = self._creators.setdefault(id(creator), original)
                return self._open(Live(pool._dialect, (), {}, creator=once), record)

            return lead_away

        Pool._should_wrap_creator = guarded

    def add(self, live):
        """The number by which the host calls this live address."""
        if live.key not in self._numbers:
            self._numbers[live.key] = len(self.lives)
            self.lives.append(live)
        return self._numbers[live.key]

    @recording.connects
    def connect_to(self, dialect, url, wanted=(), writable=False):
        """A DBAPI connection to a shadow's URL, or to a live address (``@0``, ``@0/database``)."""
        if url.startswith("@"):
            number, _, database = url[1:].partition("/")
            live = self.lives[int(number)]
            with sqlite_guard.writable(live.address["database"] if writable and live.dialect.name == "sqlite" else ""):
                connection = live.connect(database or None)
        else:
            database = make_url(url).database
            connection = connect_to_shadow(dialect, url, wanted)
        if dialect.name in SCHEMA_IS_DATABASE and database:
            dialect.default_schema_name = database  # asked for once per engine, and this may be its second shadow
        return connection

    def _open(self, live, record):
        number = self.add(live)
        url = self._shadow_url(number)
        if record is not None:
            record.info[MARK] = (url, number)
        return self.connect_to(live.dialect, url, live.parameters)

    def _shadow_url(self, number):
        """The shadow that stands for a live address right now."""
        scratch = self.loading_application or self._is_importing()
        shadows = self._scratch if scratch else self._shadows
        if number not in shadows:
            shadows[number] = self._ask(number, scratch)
        return shadows[number]

    def _is_importing(self):
        """Whether an import, not env.py, connects: what an application does on import must not reach the replay."""
        frame = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if self.env_py and code.co_filename == self.env_py:
                return False
            if code.co_name == "_find_and_load" and code.co_filename == "<frozen importlib._bootstrap>":
                return True
            frame = frame.f_back
        return False


def connect_to_shadow(dialect, url, wanted=()):
    """A DBAPI connection of this dialect to a shadow; SQLite keeps the options that its engine asked for."""
    parsed = make_url(url)
    arguments, parameters = dialect.create_connect_args(parsed)
    if dialect.driver in SQLITE_DRIVERS:
        if parsed.database:
            sqlite_guard.shadows.add(os.path.realpath(parsed.database))
        kept = {key: value for key, value in dict(wanted).items() if key not in ("uri", "database", "timeout")}
        parameters = dict(parameters, **kept)
    elif dialect.name == "postgresql" and dialect.driver in LIBPQ_DRIVERS:
        parameters = dict(parameters, options=WRITABLE_OPTIONS)
    return _connected(dialect, arguments, parameters)


def _connected(dialect, arguments, parameters):
    if dialect.driver == "pymysql":
        _share_context(dialect.dbapi)
    return dialect.connect(*arguments, **parameters)


def _share_context(pymysql):
    """It loads all certificates for each connection, used or not, which takes ten times as long as to connect."""
    make = getattr(pymysql.connections.Connection, "_create_ssl_ctx", None)
    if make is None or getattr(make, OWN, False):
        return
    contexts = {}

    def shared(connection, options):
        if not isinstance(options, dict):
            return make(connection, options)
        wanted = repr(sorted(options.items()))
        if wanted not in contexts:
            contexts[wanted] = make(connection, options)
        return contexts[wanted]

    setattr(shared, OWN, True)
    pymysql.connections.Connection._create_ssl_ctx = shared


def _is_engines_own(creator):
    return getattr(creator, "__module__", "").startswith("sqlalchemy.engine") and creator.__name__ == "connect"
