"""Sessions that write: on shadows, and on a live database that its owner wants to be changed. Nothing else does."""

from .wire import describe


class Writing:
    """Begins, tries, ends; what is asked meanwhile goes the way of all sessions."""

    def __init__(self, sessions):
        self._sessions = sessions
        self._transactions = {}

    def begin(self, url, before, inside):
        """A session's number: ``before`` runs outside of any transaction, ``inside`` at the beginning of its own."""
        session = self._sessions.open(url, (), writable=True)

        def start(connection):
            cursor = connection.connection.cursor()
            for statement in before:
                cursor.execute(statement)
            cursor.close()
            self._transactions[session] = connection.begin()
            for statement in inside:
                connection.exec_driver_sql(statement)

        try:
            self._sessions.with_connection(session, start)
        except BaseException:
            self._sessions.close(session)
            raise
        return session

    def attempt(self, session, statements, savepoint):
        """Run statements up to the first that fails: how many went through, and why the next one did not ("").

        With ``savepoint`` all is as it was before, where one fails.
        """

        def run(connection):
            if savepoint:
                connection.exec_driver_sql("SAVEPOINT driftguard_step")
            for number, statement in enumerate(statements):
                try:
                    connection.exec_driver_sql(statement)
                except Exception as error:
                    if savepoint:
                        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT driftguard_step")
                    return [number, describe(error)["message"]]
            if savepoint:
                connection.exec_driver_sql("RELEASE SAVEPOINT driftguard_step")
            return [len(statements), ""]

        return self._sessions.with_connection(session, run)

    def end(self, session, keep):
        """Commit or roll back, and disconnect."""
        transaction = self._transactions.pop(session)

        def finish(connection):
            if keep:
                transaction.commit()
            else:
                transaction.rollback()

        try:
            self._sessions.with_connection(session, finish)
        finally:
            self._sessions.close(session)
