"""Hears of notifications of PostgreSQL, and passes each on through a named pipe."""

import os
import select
import threading


class Listeners:
    """One connection for each database; it lives until the server ends it, or the guest ends."""

    def __init__(self, sessions):
        self._sessions = sessions
        self._alive = {}

    def listen(self, url, channel, path):
        """Whether notifications of ``channel`` reach the pipe at ``path``, a byte for some of them, from now on."""
        if url not in self._alive:
            engine = self._sessions.engine(url)
            pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            try:
                begun = self._sessions.run(engine, lambda: _begin(engine, channel))
                self._alive[url] = True
                self._wait(engine, begun, channel, url, pipe)
            except Exception:
                self._end(url, pipe)
                raise
        return self._alive.get(url, False)

    def _wait(self, engine, connection, channel, url, pipe):
        driver = connection.connection.driver_connection
        if hasattr(driver, "add_listener"):  # asyncpg
            self._sessions.run(engine, lambda: _listen_on_loop(driver, channel, lambda: _tell(pipe)))
            driver.add_termination_listener(lambda *_: self._end(url, pipe))
        elif hasattr(driver, "fileno") and not getattr(engine.dialect, "is_async", False):
            work = threading.Thread(target=self._wait_for_each, args=(connection, driver, url, pipe), daemon=True)
            work.start()
        else:
            raise NotImplementedError("this driver cannot be waited for")

    def _wait_for_each(self, connection, driver, url, pipe):
        try:
            while True:
                select.select([driver], [], [])
                connection.exec_driver_sql("SELECT 1")  # takes in what has come, or raises
                _tell(pipe)
        except Exception:
            self._end(url, pipe)

    def _end(self, url, pipe):
        if self._alive.pop(url, None) is not None:
            _tell(pipe)
        os.close(pipe)


def _begin(engine, channel):
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
    connection.exec_driver_sql("LISTEN " + channel)
    return connection


def _listen_on_loop(driver, channel, tell):
    from sqlalchemy.util import await_only

    await_only(driver.add_listener(channel, lambda *_: tell()))


def _tell(pipe):
    try:
        os.write(pipe, b"!")
    except OSError:  # it is full, and will be read; or nobody is there any more
        pass
