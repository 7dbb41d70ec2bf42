"""What autogenerate would write, as data."""

import re

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op
from alembic.operations import ops
from sqlalchemy import schema


def flatten(container):
    """Every directive below a container, in order."""
    for operation in container.ops:
        if hasattr(operation, "ops"):
            yield from flatten(operation)
        else:
            yield operation


def describe(operation, context):
    """One directive: action, schema, table, name, code and facts, all text."""
    table = getattr(operation, "table_name", None) or getattr(operation, "source_table", None) or ""
    return {
        "action": _action(operation),
        "schema": getattr(operation, "schema", None) or getattr(operation, "source_schema", None) or "",
        "table": str(table),
        "name": _name(operation),
        "code": _code(operation, context),
        "facts": sorted((key, text) for key, text in _facts(operation, context).items() if text),
    }


def _action(operation):
    kind = type(operation).__name__
    kind = kind[:-2] if kind.endswith("Op") else kind
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()


def _name(operation):
    column = getattr(operation, "column", None)
    if column is not None and isinstance(operation, ops.AddColumnOp):
        return str(column.name)
    for attribute in ("column_name", "constraint_name", "index_name"):
        name = getattr(operation, attribute, None)
        if name:
            return str(name)
    return ""


def _code(operation, context):
    try:
        return " ".join(
            line.strip() for code in render_op(AutogenContext(context), operation) for line in code.splitlines()
        )
    except Exception:  # directives of other packages render in ways of their own
        return type(operation).__name__


def _facts(operation, context):
    dialect = context.dialect
    if isinstance(operation, ops.AddColumnOp):
        return _column_facts(operation.column, dialect)
    if isinstance(operation, ops.DropColumnOp):
        return _column_facts(operation.to_column(), dialect)
    if isinstance(operation, ops.AlterColumnOp):
        return _change_facts(operation, dialect)
    if isinstance(operation, (ops.CreateTableOp, ops.DropTableOp)):
        columns = list(operation.to_table().columns)
        return {
            "columns": ", ".join(column.name for column in columns),
            "types": ", ".join(_type(column.type, dialect) for column in columns),
        }
    if isinstance(operation, (ops.CreateIndexOp, ops.DropIndexOp)):
        return _index_facts(operation)
    if isinstance(operation, (ops.AddConstraintOp, ops.DropConstraintOp)):
        return _constraint_facts(operation)
    return {}


def _column_facts(column, dialect):
    return {"type": _type(column.type, dialect), "nullable": "yes" if column.nullable else "no"}


def _change_facts(operation, dialect):
    facts, changes = {}, []
    if operation.modify_type is not None:
        changes.append("type")
        facts["was type"] = _type(operation.existing_type, dialect)
        facts["now type"] = _type(operation.modify_type, dialect)
    if operation.modify_nullable is not None:
        changes.append("nullable")
        facts["was nullable"] = "yes" if operation.existing_nullable else "no"
        facts["now nullable"] = "yes" if operation.modify_nullable else "no"
    if operation.modify_server_default is not False:
        changes.append("default")
        facts["was default"] = _default(operation.existing_server_default)
        facts["now default"] = _default(operation.modify_server_default)
    if operation.modify_comment is not False:
        changes.append("comment")
        facts["was comment"] = operation.existing_comment or "none"
        facts["now comment"] = operation.modify_comment or "none"
    facts["changes"] = ", ".join(changes)
    return facts


def _index_facts(operation):
    index = operation.to_index()
    columns = [getattr(item, "name", None) or str(item) for item in index.expressions]
    return {"kind": "index", "columns": ", ".join(columns), "unique": "yes" if index.unique else "no"}


def _constraint_facts(operation):
    try:
        constraint = operation.to_constraint()
    except (ValueError, NotImplementedError):  # a drop that does not know what it drops
        return {"kind": getattr(operation, "constraint_type", None) or ""}
    facts = {"kind": _constraint_kind(constraint)}
    if isinstance(constraint, schema.CheckConstraint):
        facts["expression"] = str(constraint.sqltext)
    else:
        facts["columns"] = ", ".join(str(name) for name in _constraint_columns(constraint))
    if isinstance(constraint, schema.ForeignKeyConstraint):
        facts["references"] = ", ".join(element.target_fullname for element in constraint.elements)
    return facts


def _constraint_columns(constraint):
    if isinstance(constraint, schema.ForeignKeyConstraint):
        return constraint.column_keys
    return [column.name for column in constraint.columns] or list(getattr(constraint, "_pending_colargs", ()))


def _constraint_kind(constraint):
    kinds = {
        schema.UniqueConstraint: "unique",
        schema.ForeignKeyConstraint: "foreign key",
        schema.PrimaryKeyConstraint: "primary key",
        schema.CheckConstraint: "check",
    }
    return next((kind for base, kind in kinds.items() if isinstance(constraint, base)), "constraint")


def _type(column_type, dialect):
    if column_type is None:
        return ""
    try:
        return column_type.compile(dialect=dialect)
    except Exception:  # a type that this dialect cannot spell still has a name
        return repr(column_type)


def _default(default):
    if default is None:
        return "none"
    argument = getattr(default, "arg", default)
    return str(getattr(argument, "text", argument))
