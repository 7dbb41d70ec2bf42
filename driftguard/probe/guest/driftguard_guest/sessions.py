"""SQL for the host: on shadows, and read-only on the live database, with whatever driver the project has."""

import asyncio
import threading
from concurrent.futures import Future

from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from .connections import OWN


class Sessions:
    """Open connections by number, to shadows and (``@0``, ``@0/database``) to live addresses."""

    def __init__(self, connections):
        self._connections = connections
        self._open = {}
        self._engines = {}
        self._begun = {}
        self._loop = None
        self._next = 0

    def execute(self, url, statements):
        """Run statements in autocommit mode; the last one's rows, or none."""
        engine = self._kept(url)
        return self.run(engine, lambda: _rows_of_last(_in_autocommit(engine), statements))

    def begin_executing(self, url, statements):
        """Have statements executed in autocommit mode while other calls are served: the number by which to wait for it.

        What the project hears of, or what concerns the whole process, such as connecting, happens here and now.
        """
        engine = self._kept(url)
        connection = self.run(engine, lambda: _in_autocommit(engine))
        self._next += 1
        done = self._begin(engine, lambda: _send(connection.connection, statements))
        self._begun[self._next] = (engine, connection, done)
        return self._next

    def finish_executing(self, number):
        """Wait for what was begun."""
        engine, connection, done = self._begun.pop(number)
        try:
            done.result()
        finally:
            self.run(engine, connection.close)

    def execute_on_live(self, url, statements):
        """Run statements in one transaction: the only call that writes to a live database."""

        def run(engine):
            with engine.connect().execution_options(no_parameters=True) as connection, connection.begin():
                for statement in statements:
                    connection.exec_driver_sql(statement)

        engine = self.engine(url)
        self.run(engine, lambda: run(engine))

    def tables(self, url):
        """The tables and views in the default schema, sorted."""
        engine = self.engine(url)

        def list_all():
            with engine.connect() as connection:
                inspector = inspect(connection)
                return sorted([*inspector.get_table_names(), *inspector.get_view_names()])

        return self.run(engine, list_all)

    def drop_tables(self, url):
        """Empty a database that was lent as a shadow."""
        engine = self.engine(url)

        def drop_all():
            with engine.begin() as connection:
                metadata = MetaData()
                metadata.reflect(connection)
                metadata.drop_all(connection)

        self.run(engine, drop_all)

    def open(self, url, statements, writable=False):
        """Begin a session with these statements; its number. SQLite files but shadows need ``writable`` to be so."""
        engine = self.engine(url, writable)

        def begin():
            connection = engine.connect().execution_options(no_parameters=True)
            for statement in statements:
                connection.exec_driver_sql(statement)
            return connection

        self._next += 1
        self._open[self._next] = (engine, self.run(engine, begin))
        return self._next

    def query(self, session, statement):
        """The rows of one statement, every value text or None."""
        engine, connection = self._open[session]
        return self.run(engine, lambda: _texts(connection.exec_driver_sql(statement)))

    def with_connection(self, session, function):
        """What ``function`` makes of the session's SQLAlchemy connection."""
        engine, connection = self._open[session]
        return self.run(engine, lambda: function(connection))

    def close(self, session):
        """Roll back and disconnect."""
        engine, connection = self._open.pop(session)
        self.run(engine, connection.close)

    def run(self, engine, function):
        """Call ``function``; for an async driver in a greenlet on a loop of our own, as env.py may hold one already."""
        return self._begin_on_loop(function).result() if _is_async(engine) else function()

    def _begin(self, engine, function):
        """Call ``function`` while others are called; a future of what it returns."""
        if _is_async(engine):
            return self._begin_on_loop(function)
        future = Future()

        def call():
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=call, daemon=True).start()
        return future

    def _begin_on_loop(self, function):
        from sqlalchemy.util import greenlet_spawn

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(greenlet_spawn(function), self._loop)

    def engine(self, url, writable=False):
        """An engine that is not led away; the URL is a shadow's or a live address."""
        return self._kept(url, writable) if url.startswith("@") else self._made(url, writable)

    def _kept(self, url, writable=False):
        """The same one each time: what it asks for at first is asked once. It keeps no connection open."""
        if (url, writable) not in self._engines:
            self._engines[url, writable] = self._made(url, writable)
        return self._engines[url, writable]

    def _made(self, url, writable):
        if url.startswith("@"):
            dialect = self._connections.lives[int(url[1:].partition("/")[0])].dialect
            name, driver = dialect.name, dialect.driver
            if driver == "psycopg" and dialect.is_async:  # the one driver with one name for both of its dialects
                driver = "psycopg_async"
        else:
            parsed = make_url(url)
            name, driver = parsed.get_backend_name(), parsed.get_driver_name()

        def creator():
            return self._connections.connect_to(engine.dialect, url, writable=writable)

        setattr(creator, OWN, True)
        engine = create_engine("{}+{}://".format(name, driver), creator=creator, poolclass=NullPool)
        setattr(engine.dialect, OWN, True)
        return engine


def _is_async(engine):
    return getattr(engine.dialect, "is_async", False)


def _in_autocommit(engine):
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)


def _send(dbapi_connection, statements):
    cursor = dbapi_connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _rows_of_last(connection, statements):
    rows = []
    with connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = _texts(result) if result.returns_rows else []
    return rows


def _texts(result):
    return [[value if value is None or type(value) is str else _text(value) for value in row] for row in result]


def _text(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)
