"""What SQLAlchemy's Inspector tells of a database, as plain JSON (its shape: driftguard/catalog/inspector.py)."""

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError, UnsupportedCompilationError

PARTS = (
    ("comment", "get_table_comment", "table comments"),
    ("options", "get_table_options", "table options"),
    ("columns", "get_columns", "columns"),
    ("primary_key", "get_pk_constraint", "primary keys"),
    ("foreign_keys", "get_foreign_keys", "foreign keys"),
    ("uniques", "get_unique_constraints", "unique constraints"),
    ("checks", "get_check_constraints", "check constraints"),
    ("indexes", "get_indexes", "indexes"),
)


def reflect(connection, schemas):
    """The tables, views and sequences of ``schemas`` ("" is the default one); nothing of it is written.

    ``unread`` names what this dialect's Inspector does not offer.
    """
    inspector, unread = sqlalchemy.inspect(connection), set()

    def ask(method, kind, *arguments):
        """None where the dialect does not know."""
        try:
            return getattr(inspector, method)(*arguments)
        except (AttributeError, NotImplementedError, UnsupportedCompilationError):
            unread.add(kind)
            return None

    def views(method, kind, schema):
        names = sorted(ask(method, kind, schema or None) or ())
        return [{"name": name, "definition": ask("get_view_definition", kind, name, schema or None)} for name in names]

    def table(name, schema):
        told = {key: ask(method, kind, name, schema or None) for key, method, kind in PARTS}
        return _table(name, told, schema, connection.dialect)

    return {
        "dialect": connection.dialect.name,
        "version": ".".join(map(str, connection.dialect.server_version_info or ())),
        "schemas": [
            {
                "name": schema,
                "tables": [
                    table(name, schema) for name in sorted(ask("get_table_names", "tables", schema or None) or ())
                ],
                "views": views("get_view_names", "views", schema),
                "materialized_views": views("get_materialized_view_names", "materialized views", schema),
                "sequences": sorted(ask("get_sequence_names", "sequences", schema or None) or ()),
            }
            for schema in schemas
        ],
        "unread": sorted(unread),
    }


def _table(name, told, schema, dialect):
    uniques = [each for each in told["uniques"] or () if not each.get("duplicates_index")]
    indexes = [each for each in told["indexes"] or () if not each.get("duplicates_constraint")]
    key = told["primary_key"] or {}
    return {
        "name": name,
        "comment": (told["comment"] or {}).get("text"),
        "options": _texts(told["options"]),
        "columns": [_column(column, dialect) for column in told["columns"] or ()],
        "primary_key": {"name": key.get("name"), "columns": key.get("constrained_columns") or []},
        "foreign_keys": [
            {
                "name": each.get("name"),
                "columns": each["constrained_columns"],
                "schema": each.get("referred_schema") or "",
                "table": each["referred_table"],
                "references": each["referred_columns"],
                "options": _texts(each.get("options")),
            }
            for each in told["foreign_keys"] or ()
        ],
        "uniques": [
            {"name": each.get("name"), "columns": each["column_names"], "options": _texts(each.get("dialect_options"))}
            for each in uniques
        ],
        "checks": [{"name": each.get("name"), "expression": each["sqltext"]} for each in told["checks"] or ()],
        "indexes": [_index(each) for each in indexes],
    }


def _column(column, dialect):
    return {
        "name": column["name"],
        "type": _type(column["type"], dialect),
        "nullable": bool(column.get("nullable", True)),
        "default": _text(column.get("default")),
        "computed": column.get("computed"),
        "identity": _texts(column.get("identity")) or None,
        "autoincrement": column.get("autoincrement") is True,
        "collation": getattr(column["type"], "collation", None),
        "comment": column.get("comment"),
    }


def _index(index):
    sorting = index.get("column_sorting") or {}
    options = dict(index.get("dialect_options") or {})
    if sorting:
        options["sorting"] = [(name, sorting[name]) for name in sorted(sorting)]
    return {
        "name": index.get("name"),
        "columns": [name for name in index.get("column_names") or () if name],
        "expressions": [str(each) for each in index.get("expressions") or ()],
        "unique": bool(index.get("unique")),
        "options": _texts(options),
    }


def _type(column_type, dialect):
    try:
        return column_type.compile(dialect=dialect)
    except (SQLAlchemyError, AttributeError):
        return repr(column_type)


def _texts(options):
    """Options that say something, as text; an empty list or False says nothing."""
    return {
        key: _text(value) for key, value in sorted((options or {}).items()) if value not in (None, False, "", [], {})
    }


def _text(value):
    return None if value is None else str(value)
