"""Every statement that the MariaDB/MySQL catalog runs, and which server knows which."""

from __future__ import annotations

import re
from typing import NamedTuple

# MariaDB skips /*!50700 … */ to /*!99999 … */, MySQL takes /*M! … */ for a plain comment:
# https://mariadb.com/kb/en/comment-syntax/
SESSION: tuple[str, ...] = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION sql_mode = '', sql_quote_show_create = 1,"
    " lock_wait_timeout = IF(@@SESSION.lock_wait_timeout = @@GLOBAL.lock_wait_timeout, 5, @@SESSION.lock_wait_timeout),"
    " innodb_lock_wait_timeout = 5"
    " /*!50708 , max_execution_time ="
    " IF(@@SESSION.max_execution_time = @@GLOBAL.max_execution_time, 60000, @@SESSION.max_execution_time) */"
    " /*M!100108 , max_statement_time ="
    " IF(@@SESSION.max_statement_time = @@GLOBAL.max_statement_time, 60, @@SESSION.max_statement_time) */",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
)
"""What the user sets for this connection (such as by ``init_command`` in the URL) is kept."""

SERVER = "SELECT CAST(VERSION() AS CHAR), CAST(DATABASE() AS CHAR)"

GRANTS = "SHOW GRANTS"

SCHEMATA = """
SELECT CAST(schema_name AS CHAR), CAST(default_collation_name AS CHAR)
FROM information_schema.schemata WHERE schema_name IN ({schemas}) ORDER BY 1
"""

TABLES = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(table_type AS CHAR), CAST(engine AS CHAR),
  CAST(table_collation AS CHAR), CAST(create_options AS CHAR), CAST(table_comment AS CHAR)
FROM information_schema.tables WHERE table_schema IN ({schemas}) ORDER BY 1, 2
"""

COLUMNS = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(column_type AS CHAR),
  CAST(is_nullable AS CHAR), CAST(column_default IS NOT NULL AS CHAR),
  CAST(column_default AS CHAR), CAST(extra AS CHAR), CAST(collation_name AS CHAR),
  CAST(column_comment AS CHAR), CAST(generation_expression AS CHAR), NULL
FROM information_schema.columns WHERE table_schema IN ({schemas}) ORDER BY 1, 2, ordinal_position
"""

COLUMNS_MYSQL_8 = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(column_type AS CHAR),
  CAST(is_nullable AS CHAR), CAST(column_default IS NOT NULL AS CHAR),
  CAST(column_default AS CHAR), CAST(extra AS CHAR), CAST(collation_name AS CHAR),
  CAST(column_comment AS CHAR), CAST(generation_expression AS CHAR), CAST(srs_id AS CHAR)
FROM information_schema.columns WHERE table_schema IN ({schemas}) ORDER BY 1, 2, ordinal_position
"""

INDEXES = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(non_unique AS CHAR),
  CAST(column_name AS CHAR), NULL, CAST(collation AS CHAR), CAST(sub_part AS CHAR), CAST(index_type AS CHAR),
  CAST(index_comment AS CHAR), 'YES'
FROM information_schema.statistics WHERE table_schema IN ({schemas}) ORDER BY 1, 2, 3, seq_in_index
"""

INDEXES_MARIADB_10_6 = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(non_unique AS CHAR),
  CAST(column_name AS CHAR), NULL, CAST(collation AS CHAR), CAST(sub_part AS CHAR), CAST(index_type AS CHAR),
  CAST(index_comment AS CHAR), CAST(CASE ignored WHEN 'YES' THEN 'NO' ELSE 'YES' END AS CHAR)
FROM information_schema.statistics WHERE table_schema IN ({schemas}) ORDER BY 1, 2, 3, seq_in_index
"""

INDEXES_MYSQL_8 = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(non_unique AS CHAR),
  CAST(column_name AS CHAR), CAST(expression AS CHAR), CAST(collation AS CHAR), CAST(sub_part AS CHAR),
  CAST(index_type AS CHAR), CAST(index_comment AS CHAR), CAST(is_visible AS CHAR)
FROM information_schema.statistics WHERE table_schema IN ({schemas}) ORDER BY 1, 2, 3, seq_in_index
"""

FOREIGN_KEYS = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(constraint_name AS CHAR),
  CAST(column_name AS CHAR), CAST(referenced_table_schema AS CHAR), CAST(referenced_table_name AS CHAR),
  CAST(referenced_column_name AS CHAR)
FROM information_schema.key_column_usage
WHERE table_schema IN ({schemas}) AND referenced_table_name IS NOT NULL ORDER BY 1, 2, 3, ordinal_position
"""

# A MariaDB user with nothing but SELECT finds this table empty; then SHOW_TABLE says the same.
FOREIGN_KEY_ACTIONS = """
SELECT CAST(constraint_schema AS CHAR), CAST(table_name AS CHAR), CAST(constraint_name AS CHAR),
  CAST(delete_rule AS CHAR), CAST(update_rule AS CHAR)
FROM information_schema.referential_constraints WHERE constraint_schema IN ({schemas}) ORDER BY 1, 2, 3
"""

CHECKS_MARIADB = """
SELECT CAST(constraint_schema AS CHAR), CAST(table_name AS CHAR), CAST(constraint_name AS CHAR),
  CAST(check_clause AS CHAR), 'Table', 'YES'
FROM information_schema.check_constraints WHERE constraint_schema IN ({schemas}) ORDER BY 1, 2, 3
"""

CHECKS_MARIADB_10_6 = """
SELECT CAST(constraint_schema AS CHAR), CAST(table_name AS CHAR), CAST(constraint_name AS CHAR),
  CAST(check_clause AS CHAR), CAST(level AS CHAR), 'YES'
FROM information_schema.check_constraints WHERE constraint_schema IN ({schemas}) ORDER BY 1, 2, 3
"""

CHECKS_MYSQL_8 = """
SELECT CAST(t.table_schema AS CHAR), CAST(t.table_name AS CHAR), CAST(c.constraint_name AS CHAR),
  CAST(c.check_clause AS CHAR), 'Table', CAST(t.enforced AS CHAR)
FROM information_schema.check_constraints c JOIN information_schema.table_constraints t
  ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
WHERE c.constraint_schema IN ({schemas}) AND t.constraint_type = 'CHECK' ORDER BY 1, 2, 3
"""

PARTITIONS = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(partition_name AS CHAR),
  CAST(subpartition_name AS CHAR), CAST(partition_method AS CHAR), CAST(partition_expression AS CHAR),
  CAST(subpartition_method AS CHAR), CAST(subpartition_expression AS CHAR), CAST(partition_description AS CHAR),
  CAST(partition_comment AS CHAR)
FROM information_schema.partitions WHERE table_schema IN ({schemas}) AND partition_name IS NOT NULL
ORDER BY 1, 2, partition_ordinal_position, subpartition_ordinal_position
"""

# An empty definition says that this user may not see it.
VIEWS_MARIADB = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(view_definition AS CHAR),
  CAST(check_option AS CHAR), CAST(security_type AS CHAR), CAST(algorithm AS CHAR)
FROM information_schema.views WHERE table_schema IN ({schemas}) ORDER BY 1, 2
"""

VIEWS_MYSQL = """
SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(view_definition AS CHAR),
  CAST(check_option AS CHAR), CAST(security_type AS CHAR), 'UNDEFINED'
FROM information_schema.views WHERE table_schema IN ({schemas}) ORDER BY 1, 2
"""

TRIGGERS = """
SELECT CAST(event_object_schema AS CHAR), CAST(event_object_table AS CHAR), CAST(trigger_name AS CHAR),
  CAST(action_timing AS CHAR), CAST(event_manipulation AS CHAR), CAST(action_statement AS CHAR)
FROM information_schema.triggers WHERE trigger_schema IN ({schemas}) ORDER BY 1, 2, 3
"""

ROUTINES = """
SELECT CAST(routine_schema AS CHAR), CAST(routine_type AS CHAR), CAST(routine_name AS CHAR),
  CAST(dtd_identifier AS CHAR), CAST(routine_definition AS CHAR), CAST(is_deterministic AS CHAR),
  CAST(sql_data_access AS CHAR), CAST(security_type AS CHAR), CAST(routine_comment AS CHAR)
FROM information_schema.routines WHERE routine_schema IN ({schemas}) ORDER BY 1, 2, 3
"""

PARAMETERS = """
SELECT CAST(specific_schema AS CHAR), CAST(routine_type AS CHAR), CAST(specific_name AS CHAR),
  CAST(parameter_mode AS CHAR), CAST(parameter_name AS CHAR), CAST(dtd_identifier AS CHAR)
FROM information_schema.parameters
WHERE specific_schema IN ({schemas}) AND ordinal_position > 0 ORDER BY 1, 2, 3, ordinal_position
"""

EVENTS = """
SELECT CAST(event_schema AS CHAR), CAST(event_name AS CHAR), CAST(event_type AS CHAR),
  CAST(interval_value AS CHAR), CAST(interval_field AS CHAR), CAST(ends AS CHAR), CAST(status AS CHAR),
  CAST(on_completion AS CHAR), CAST(event_comment AS CHAR), CAST(event_definition AS CHAR)
FROM information_schema.events WHERE event_schema IN ({schemas}) ORDER BY 1, 2
"""

SHOW_TABLE = "SHOW CREATE TABLE {name}"
SHOW_SEQUENCE = "SHOW CREATE SEQUENCE {name}"


class Server(NamedTuple):
    """One kind of server: ``dialect`` is "mariadb" or "mysql", ``checks`` None where it keeps none."""

    dialect: str
    since: tuple[int, ...]
    columns: str
    indexes: str
    checks: str | None
    views: str


SERVERS: tuple[Server, ...] = (
    Server("mariadb", (10, 6), COLUMNS, INDEXES_MARIADB_10_6, CHECKS_MARIADB_10_6, VIEWS_MARIADB),
    Server("mariadb", (), COLUMNS, INDEXES, CHECKS_MARIADB, VIEWS_MARIADB),
    Server("mysql", (8, 0, 16), COLUMNS_MYSQL_8, INDEXES_MYSQL_8, CHECKS_MYSQL_8, VIEWS_MYSQL),
    Server("mysql", (), COLUMNS, INDEXES, None, VIEWS_MYSQL),
)


def version_of(text: str) -> str:
    """The number alone: ``5.5.5-10.11.6-MariaDB-log`` is 10.11.6, ``8.0.36-0ubuntu0`` is 8.0.36."""
    return re.sub(r"^5\.5\.5-(?=\d)", "", text).split("-")[0]


def server_of(text: str) -> Server:
    """Which kind of server ``SELECT VERSION()`` means."""
    dialect = "mariadb" if "mariadb" in text.lower() else "mysql"
    version = tuple(int(part) for part in re.findall(r"\d+", version_of(text)))
    return next(each for each in SERVERS if each.dialect == dialect and version >= each.since)


def schema_list(names: tuple[str, ...]) -> str:
    """What stands for ``{schemas}``: the default schema, and others by their bytes, so that no quoting can go wrong."""
    return ", ".join(["DATABASE()", *(f"_utf8mb4 X'{name.encode().hex()}'" for name in names)])
