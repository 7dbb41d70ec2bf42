"""env.py's own filters, asked the way autogenerate asks them."""

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.types import NullType


class Filters:
    """env.py's own filters, asked the way autogenerate asks them."""

    def __init__(self, options, metadatas):
        self._include_name = options.get("include_name")
        self._include_object = options.get("include_object")
        self._tables = {(table.schema or "", table.name): table for each in metadatas for table in each.tables.values()}

    def keep(self, objects):
        return [self._keeps(*each) for each in objects]

    def _keeps(self, kind, name, schema, table):
        if self._include_name is not None and not self._passes_name(kind, name, schema, table):
            return False
        return self._include_object is None or self._passes_object(kind, name, schema, table)

    def _passes_name(self, kind, name, schema, table):
        parents = {"schema_name": schema or None}
        if kind == "table":
            parents["schema_qualified_table_name"] = "{}.{}".format(schema, name) if schema else name
        else:
            parents["table_name"] = table
            parents["schema_qualified_table_name"] = "{}.{}".format(schema, table) if schema else table
        return bool(self._include_name(name, kind, parents))

    def _passes_object(self, kind, name, schema, table):
        owner = self._tables.get((schema, name if kind == "table" else table))
        reflected = Table(name if kind == "table" else table, MetaData(), schema=schema or None)
        if kind == "table":
            return bool(self._include_object(reflected, name, "table", True, owner))
        if kind == "column":
            column = Column(name, NullType())
            reflected.append_column(column)
            known = owner.columns.get(name) if owner is not None else None
            return bool(self._include_object(column, name, "column", True, known))
        return bool(self._include_object(_named(kind, name, reflected), name, kind, True, None))


def _named(kind, name, table):
    column = Column("driftguard", NullType())
    table.append_column(column)
    if kind == "index":
        return Index(name, column)
    return UniqueConstraint(column, name=name)
