"""How SQLite is written to; a table that ALTER TABLE cannot change is copied into a new one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from driftguard.catalog.sqlite.restoring import created_table, restore
from driftguard.catalog.sqlite.tokens import fold, identifier, string
from driftguard.schema.catalog import Catalog, Name, Object, Query
from driftguard.schema.diff import Difference
from driftguard.schema.plan import Manner, Step

MANNER = Manner(
    before=("PRAGMA foreign_keys = OFF",),  # else to drop a table deletes what refers to its rows
    inside=("SAVEPOINT driftguard",),
    transactional=True,
    head=("PRAGMA foreign_keys = OFF;", "BEGIN IMMEDIATE;"),
    tail=("COMMIT;",),
    unsound="SELECT count(*) FROM pragma_foreign_key_check",
    uses_names=False,
)

DATABASES = "SELECT name FROM pragma_database_list WHERE name <> 'temp' ORDER BY seq"

ORDER = """
SELECT m.name, c.name, CAST(c.cid AS TEXT)
FROM {database}.sqlite_master AS m JOIN pragma_table_xinfo(m.name, {schema}) AS c
WHERE m.type = 'table' AND substr(m.sql, 1, 14) <> 'CREATE VIRTUAL'
ORDER BY m.name, c.cid
"""

_IN_TABLE = frozenset({"column", "primary key", "unique", "check", "foreign key"})


def order(query: Query) -> dict[Name, int]:
    """Each column's place in its table."""
    found = {}
    for (database,) in query(DATABASES):
        names = {"database": identifier(database or ""), "schema": string(database or "")}
        schema = "" if database == "main" else database or ""
        for table, column, number in query(ORDER.format(**names)):
            found[Name("column", schema, table or "", column or "")] = int(number or 0)
    return found


def steps(differences: tuple[Difference, ...], now: Catalog, wanted: Catalog) -> Iterator[Step]:
    """One step for each difference, or for all of a table that has to be copied; indexes and triggers come with it."""
    of_tables: dict[Name, list[Difference]] = defaultdict(list)
    for each in differences:
        if (table := _table_of(each)) is not None:
            of_tables[table].append(each)
    copied = {
        table
        for table, found in of_tables.items()
        if any(each.name.kind in ("table", *_IN_TABLE) and not restore(each, wanted) for each in found)
    }
    for table in sorted(copied):
        yield Step(tuple(of_tables[table]), copy(table, now, wanted))
    for each in differences:
        if _table_of(each) not in copied:
            yield Step((each,), restore(each, wanted))


def way_round(difference: Difference, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """The table's copy, whatever ALTER TABLE refuses."""
    table = _table_of(difference)
    return () if table is None else copy(table, now, wanted)


def _table_of(difference: Difference) -> Name | None:
    """The table that the difference is about, where both sides have it."""
    kind, schema, table, _ = difference.name
    if kind == "table":
        return difference.name if difference.was and difference.now else None
    return Name("table", schema, "", table) if table else None


def copy(table: Name, now: Catalog, wanted: Catalog) -> tuple[str, ...]:
    """A new table as ``wanted`` has it, with the rows of the old one, in its place; () where that cannot be.

    Source: https://www.sqlite.org/lang_altertable.html#otheralter
    """
    before, after = (_member(catalog, table) for catalog in (now, wanted))
    if before is None or after is None or before["using"] or after["using"]:
        return ()
    aside = table._replace(name=f"{table.name}_as_it_should_be")
    creation, *rest = created_table(table, wanted)
    shared = _shared_columns(table, now, wanted)
    columns = ", ".join(identifier(each) for each in shared)
    return (
        _renamed_in(creation, table, aside),
        *([f"INSERT INTO {_spelled(aside)} ({columns}) SELECT {columns} FROM {_spelled(table)};"] if shared else []),
        *(_counters(table, aside) if _counts(now, table) and _counts(wanted, table) else ()),
        f"DROP TABLE {_spelled(table)};",
        # Otherwise it would look into every view, and refuse those that name the table that is just gone.
        "PRAGMA legacy_alter_table = ON;",
        f"ALTER TABLE {_spelled(aside)} RENAME TO {identifier(table.name)};",
        "PRAGMA legacy_alter_table = OFF;",
        *rest,
    )


def _member(catalog: Catalog, name: Name) -> Object | None:
    return next((each for each in catalog.objects if each.name == name), None)


def _renamed_in(creation: str, table: Name, aside: Name) -> str:
    beginning = f"CREATE TABLE {_spelled(table)}"
    assert creation.startswith(beginning), creation
    return f"CREATE TABLE {_spelled(aside)}{creation.removeprefix(beginning)}"


def _shared_columns(table: Name, now: Catalog, wanted: Catalog) -> list[str]:
    """The columns that both have, as the new table spells them; generated ones are computed anew."""
    there = {fold(each.name.name) for each in now.objects if _is_column_of(each, table)}
    columns = [each for each in wanted.objects if _is_column_of(each, table) and not each["generated"]]
    return [each.name.name for each in wanted.in_order(columns) if fold(each.name.name) in there]


def _is_column_of(item: Object, table: Name) -> bool:
    return item.name.kind == "column" and (item.name.schema, item.name.table) == (table.schema, table.name)


def _counts(catalog: Catalog, table: Name) -> bool:
    return any(each["autoincrement"] for each in catalog.objects if _is_column_of(each, table))


def _counters(table: Name, aside: Name) -> Iterator[str]:
    """Numbers that were given once are not given again."""
    sequences = f"{identifier(table.schema)}.sqlite_sequence" if table.schema else "sqlite_sequence"
    yield f"DELETE FROM {sequences} WHERE name = {string(aside.name)};"
    yield (
        f"INSERT INTO {sequences} (name, seq)"
        f" SELECT {string(aside.name)}, seq FROM {sequences} WHERE name = {string(table.name)};"
    )


def _spelled(name: Name) -> str:
    return ".".join(identifier(part) for part in (name.schema, name.name) if part)
