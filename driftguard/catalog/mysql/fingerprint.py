"""Whether somebody may have changed a MariaDB or MySQL database: cheap answers that change if so."""

from __future__ import annotations

from collections.abc import Sequence

from driftguard.catalog.mysql.reading import read
from driftguard.catalog.mysql.statements import SERVER, server_of
from driftguard.schema.catalog import Query, Row, Scope

# For the comments see statements.SESSION. The two lock timeouts are whole seconds.
GLANCE = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION sql_mode = '', sql_quote_show_create = 1, lock_wait_timeout = 1, innodb_lock_wait_timeout = 1"
    " /*!50708 , max_execution_time = 10000 */ /*M!100108 , max_statement_time = 10 */",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
)
"""As ``statements.SESSION``, for one short question."""

UNDER_WAY = """
SELECT NULL, CAST(SUBSTRING(info, 1, 60) AS CHAR) FROM information_schema.processlist
WHERE id <> CONNECTION_ID() AND db = DATABASE() AND command = 'Query'
  AND LOWER(info) REGEXP '^ *(alter|create|drop|rename) '
ORDER BY 2
"""
"""Rows (NULL, statement) of what other sessions are changing; those of other users only with PROCESS."""

COUNTERS_MARIADB = """
SELECT CAST(LOWER(variable_name) AS CHAR) AS counter,
  CAST(CASE LOWER(variable_name) WHEN 'uptime' THEN UNIX_TIMESTAMP() - CAST(variable_value AS SIGNED)
       ELSE variable_value END AS CHAR)
FROM information_schema.global_status
WHERE LOWER(variable_name) REGEXP '^com_(create|alter|drop|rename)_|^uptime$'
  AND LOWER(variable_name) NOT IN ('com_create_temporary_table', 'com_drop_temporary_table')
ORDER BY counter
"""

COUNTERS_MYSQL = """
SELECT CAST(LOWER(variable_name) AS CHAR) AS counter,
  CAST(CASE LOWER(variable_name) WHEN 'uptime' THEN UNIX_TIMESTAMP() - CAST(variable_value AS SIGNED)
       ELSE variable_value END AS CHAR)
FROM performance_schema.global_status
WHERE LOWER(variable_name) REGEXP '^com_(create|alter|drop|rename)_|^uptime$'
ORDER BY counter
"""

COUNTERS = {"mariadb": COUNTERS_MARIADB, "mysql": COUNTERS_MYSQL}
"""How often the server ran each kind of DDL, and when it started, for the counters begin anew then.

They are the whole server's: other databases move them as well, shadows among them. No privilege is needed.
"""


def quick(query: Query, scope: Scope) -> Sequence[Row]:
    """Moves with every DDL that this server runs, failed ones included; about a millisecond."""
    ((version, database),) = query(SERVER)
    return [(version, database), *query(COUNTERS[server_of(version or "").dialect])]


def exact(query: Query, scope: Scope) -> Sequence[Row]:
    """What the databases in ``scope`` hold: there is nothing cheaper that a server without times of change keeps."""
    return [(repr(read(query, scope)),)]
