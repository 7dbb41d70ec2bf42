"""The SQL that a run sends to PostgreSQL: what can be kept of a replay on a server where no database may stay."""

import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine

from . import recording
from .statements import ends_transactions, leaves_nothing, looks_beyond

DRIVERS = ("psycopg2", "psycopg2cffi", "psycopg")
"""Those that can write a statement with its parameters as one text."""

FORMATS = ("format", "pyformat")
"""Where a percent sign is written twice, if the driver is given parameters."""

MOST_CHARACTERS = 4000000
"""Of one transcript: a revision may send all rows of a table."""


class Transcripts:
    """By shadow, what the present run has sent to it, where the host wants to know that."""

    def __init__(self, shadow_of):
        self._shadow_of = shadow_of
        self._open = {}

    def install(self):
        """Listen to all engines."""

        def executed(connection, cursor, statement, parameters, context, executemany):
            transcript = self._of(connection)
            if transcript is not None:
                several = parameters if isinstance(parameters, list) else [parameters]
                transcript.add(connection, cursor, statement, several, context)

        def commit(connection):
            transcript = self._of(connection)
            if transcript is not None:
                transcript.commit()

        def undone(connection, *others):
            transcript = self._of(connection)
            if transcript is not None:
                transcript.undo()

        event.listen(Engine, "after_cursor_execute", executed)
        event.listen(Engine, "commit", commit)
        for name in ("rollback", "rollback_savepoint", "begin_twophase"):
            event.listen(Engine, name, undone)

    def begin_run(self):
        """Forget the run before."""
        self._open = {}

    def begin(self, shadow):
        """It is empty, or as the host says that it is."""
        self._open[shadow] = _Transcript(shadow)

    def end(self, shadow):
        """All that made it what it is has been sent: a list of transactions, None where it is not known completely."""
        transcript = self._open.pop(shadow, None)
        return None if transcript is None else transcript.transactions()

    def _of(self, connection):
        """Where to write what this connection sends; None if nobody wants to know."""
        if not self._open or connection.invalidated or recording.is_quiet():
            return None
        found = self._shadow_of(connection)
        return None if found is None else self._open.get(found[0])


class _Transcript:
    """What one session has sent to one shadow."""

    def __init__(self, shadow):
        self._name = shadow.rpartition("/")[2].partition("?")[0]
        self._done = []
        self._present = []
        self._session = None
        self._is_whole = True
        self._room = MOST_CHARACTERS

    def add(self, connection, cursor, statement, all_parameters, context):
        """A statement that was executed, once for each of its parameters."""
        if looks_beyond(statement):
            self._give_up()
        if not self._is_whole or leaves_nothing(statement):
            return
        if self._session is None:
            self._session = connection.info
        if self._session is not connection.info:
            self._give_up()
        alone = getattr(connection.connection, "autocommit", False)
        for parameters in all_parameters:
            if not self._is_whole:
                return
            if alone:
                self.commit()
            self._append(_text(connection.dialect, cursor, statement, parameters, context))
        if alone:
            self.commit()

    def _append(self, text):
        self._room -= len(text)
        if not text or self._room < 0 or self._name in text or ends_transactions(text):
            self._give_up()
        else:
            self._present.append(text)

    def _give_up(self):
        self._is_whole = False
        self._done, self._present = [], []

    def commit(self):
        """What was sent until now has happened."""
        if self._present:
            self._done.append(self._present)
            self._present = []

    def undo(self):
        """What was sent may not have happened."""
        if self._present:
            self._give_up()

    def transactions(self):
        """Each a list of statements; None where one of them is not known."""
        self.commit()
        return self._done if self._is_whole else None


def _text(dialect, cursor, statement, parameters, context):
    """One text that says the same; "" where the driver cannot tell it."""
    try:
        if not parameters:
            return statement if context.no_parameters or dialect.paramstyle not in FORMATS else statement % ()
        return _written(dialect, cursor, statement, parameters) if dialect.driver in DRIVERS else ""
    except Exception:  # it may refuse what it has sent
        return ""


def _written(dialect, cursor, statement, parameters):
    cursor = getattr(cursor, "_cursor", cursor)  # the one behind an asynchronous driver's
    if dialect.driver == "psycopg":
        return sys.modules["psycopg"].ClientCursor(cursor.connection).mogrify(statement, parameters)
    encodings = sys.modules[dialect.driver + ".extensions"].encodings
    return cursor.mogrify(statement, parameters).decode(encodings[cursor.connection.encoding])
