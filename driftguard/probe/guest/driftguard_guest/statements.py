"""What the text of a statement, or of a revision, says of what it may do."""

import re

SESSION_ONLY = re.compile(
    r"\s*(?:SET|RESET|SHOW|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|VALUES|SELECT"
    r"|PRAGMA\s+(?:foreign_keys|journal_mode|synchronous|busy_timeout|cache_size|temp_store|legacy_alter_table))\b",
    re.I,
)
READS = re.compile(r"\s*(?:SHOW|VALUES|SELECT)\b", re.I)
CALLED = re.compile(r"([\w.]+)\s*\(")
HARMLESS_CALLS = re.compile(
    r"(?:pg_catalog\.)?(?:pg_\w+|current_\w+|set_config|version|count|max|min|exists|in|any|coalesce|cast|lower|upper"
    r"|to_reg\w+|sqlite_version|and|or|not|where|values|select)$",
    re.I,
)
SETS = re.compile(r"\bset_config\b", re.I)
INTO = re.compile(r"\bINTO\b", re.I)
MARKS = re.compile(r"\s*(?:SAVEPOINT|RELEASE)\b", re.I)
TRANSACTIONS = re.compile(r"\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|PREPARE)\b", re.I)
BEYOND = re.compile(
    r"\b(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP|DATABASE|TABLESPACE|SUBSCRIPTION|SERVER|SYSTEM)\b"
    r"|\bON\s+(?:DATABASE|ROLE|TABLESPACE)\b"
    r"|\bpg_(?:roles|user|authid|auth_members|shadow|group|settings|database|tablespace|available_\w+)\b"
    r"|\bcurrent_setting\b",
    re.I,
)
REACHES_SERVER = re.compile(
    r"\b(?:CREATE|ALTER|DROP|RENAME)\s+(?:OR\s+REPLACE\s+)?"
    r"(?:USER|ROLE|SERVER|TABLESPACE|UNDO|LOGFILE|RESOURCE|TEMPORARY)\b"
    r"|\b(?:CREATE|DROP)\s+(?:OR\s+REPLACE\s+)?(?:DATABASE|SCHEMA)\b"
    r"|\b(?:GRANT|REVOKE)\b[^;\"']*\b(?:TO|FROM)\b|\bUSE\s+[`\w]+\s*[;\"']"
    r"|\b(?:UN)?INSTALL\s+(?:SONAME|PLUGIN|COMPONENT)\b"
    r"|\bSET\s+(?:GLOBAL|PERSIST(?:_ONLY)?|PASSWORD|ROLE|DEFAULT\s+ROLE)\b|@@(?:GLOBAL|PERSIST)"
    r"|\b(?:SET|SELECT|INTO|FROM|USING)\s+@(?!@)\w|@\w+\s*:=",
    re.I,
)
PASSES_SQLALCHEMY = re.compile(r"cursor|(?:raw|driver|dbapi)_connection|(?<!get_context\(\))\.connection\b|copy_")
NEEDED = ("cursor", "connection", "copy_")
"""One of them stands wherever that fits, and they are found faster."""


def is_harmless(text):
    """Whether it changes nothing that lasts longer than the session."""
    calls = CALLED.findall(text)
    single = ";" not in text.strip().rstrip(";")
    return bool(SESSION_ONLY.match(text)) and single and not INTO.search(text) and all(map(HARMLESS_CALLS.match, calls))


def leaves_nothing(text):
    """Whether it leaves nothing behind, not even in the session; a savepoint is nothing unless one goes back to it."""
    return bool(MARKS.match(text)) or (bool(READS.match(text)) and is_harmless(text) and not SETS.search(text))


def ends_transactions(text):
    """Whether it meddles with what a driver takes for the state of its transaction."""
    return bool(TRANSACTIONS.match(text))


def looks_beyond(text):
    """Whether it reads or changes what belongs to the server, and is another matter the next time."""
    return bool(BEYOND.search(text))


def reaches_server(source):
    """Whether SQL in Python code does what lasts in the session or on the server, by the words of MariaDB and MySQL."""
    return bool(REACHES_SERVER.search(source))


def may_pass_sqlalchemy(source):
    """Whether Python code may send statements with a connection or a cursor of the driver."""
    return any(each in source for each in NEEDED) and bool(PASSES_SQLALCHEMY.search(source))
