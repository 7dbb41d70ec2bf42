"""SQLite's keywords (https://www.sqlite.org/lang_keywords.html), and those that can be no bare name."""

from __future__ import annotations

_NO_NAMES = """
add all alter and as autoincrement between case check collate commit constraint create current_date current_time
current_timestamp default deferrable delete distinct drop else escape except exists false foreign from group
having in index insert intersect into is isnull join limit not nothing notnull null on or order over primary
references returning select set table then to transaction true union unique update using values when where
"""

_OTHERS = """
abort action after always analyze asc attach before begin by cascade cast column conflict cross current database
deferred desc detach do each end exclude exclusive explain fail filter first following for full generated glob
groups if ignore immediate indexed initially inner instead key last left like match materialized natural no nulls
of offset others outer partition plan pragma preceding query raise range recursive regexp reindex release rename
replace restrict right rollback row rows savepoint temp temporary ties trigger unbounded vacuum view virtual
window with within without
"""

# Without quotes these are never the name of a column, or mean something else than the column of that name.
RESERVED = frozenset(_NO_NAMES.split())
KEYWORDS = RESERVED | frozenset(_OTHERS.split())
