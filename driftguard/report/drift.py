"""Many direct changes of one live database, in one line before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from driftguard.report.visible import visible
from driftguard.verdict import Judged

DIRECT = "DG301"
MOST_TABLES = 8


def headline(judged: Judged, findings: Sequence[Judged]) -> str:
    """What to say before a finding: "" unless it is the first of several direct changes of one database.

    Where many databases were looked at, a summary of them stands before all.
    """
    together = [each.finding for each in findings if each.finding.code == DIRECT and _where(each) == _where(judged)]
    if len(together) < 2 or together[0] is not judged.finding or judged.finding.databases:
        return ""
    tables = Counter(each.table for each in together if each.table)
    others = len(together) - tables.total()
    named = [f"{visible(table)} ({number})" for table, number in tables.items()]
    more = len(named) - MOST_TABLES
    shown = [*named[:MOST_TABLES], *([f"{more} more tables"] if more > 0 else [])]
    words = ", ".join([*shown, *([f"{others} outside of tables"] if others else [])])
    return f"{len(together)} objects are not what the revisions build: {words}"


def _where(judged: Judged) -> tuple[str, str, tuple[str, ...]]:
    finding = judged.finding
    return finding.environment, finding.database, finding.databases
