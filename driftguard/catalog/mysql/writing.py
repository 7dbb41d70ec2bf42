"""How MariaDB and MySQL are written to, and ways round what stands in the way of a plain statement."""

from __future__ import annotations

from collections.abc import Iterator

from driftguard.catalog.mysql.quoting import qualify, quote
from driftguard.catalog.mysql.restoring import restore
from driftguard.schema.catalog import Catalog, Name, Object, Query
from driftguard.schema.diff import Difference
from driftguard.schema.plan import Manner, Step

MANNER = Manner(
    before=("SET SESSION sql_quote_show_create = 1, lock_wait_timeout = 5, innodb_lock_wait_timeout = 5",),
    inside=(),
    transactional=False,
    head=("SET SESSION lock_wait_timeout = 5;",),
    tail=(),
    delimiter="$$",
)

ORDER = """
SELECT CAST(CASE WHEN table_schema = DATABASE() THEN '' ELSE table_schema END AS CHAR), CAST(table_name AS CHAR),
  CAST(column_name AS CHAR), CAST(ordinal_position AS CHAR)
FROM information_schema.columns
WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
ORDER BY table_schema, table_name, ordinal_position
"""


def order(query: Query) -> dict[Name, int]:
    """Each column's place in its table."""
    return {
        Name("column", schema or "", table or "", column or ""): int(number or 0)
        for schema, table, column, number in query(ORDER)
    }


def steps(differences: tuple[Difference, ...], now: Catalog, wanted: Catalog) -> Iterator[Step]:
    """One step for each difference."""
    return (Step((each,), restore(each, wanted)) for each in differences)


def way_round(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """The statements without the foreign keys of the table and those to it, which come back afterwards."""
    statements = restore(difference, wanted)
    if not statements or difference.name.kind == "foreign key":
        return statements
    table = (difference.name.schema, difference.name.table or difference.name.name)
    return (
        *(
            f"ALTER TABLE {qualify(each.name.schema, each.name.table)} DROP FOREIGN KEY {quote(each.name.name)}"
            for each in now.objects
            if each.name.kind == "foreign key" and (each.name[1:3] == table or _refers_to(each, table))
        ),
        *statements,
    )


def _refers_to(foreign_key: Object, table: tuple[str, str]) -> bool:
    target = (foreign_key["references"] or "").rpartition("(")[0].replace("`", "")
    return target == ".".join(part for part in table if part)
