"""What SQL in a revision touches. Importing this module takes a third of a second: only where there is SQL to read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from driftguard.graph.touches import EVERY_COLUMN, PRIMARY_KEY, Access, Deed, Thing, Touch, Touches, Untold, part, table

logging.getLogger("sqlglot").addHandler(logging.NullHandler())  # else it says on stderr what it could not parse

DIALECTS = ("postgres", "mysql", "sqlite")
"""Tried one after the other: a revision does not say for which server it was written."""

NAME = r'(?:["`\[]?(?P<schema>\w+)["`\]]?\.)?["`\[]?(?P<name>\w+)["`\]]?'
SPELLED_OUT = re.compile(
    r"\s*(?P<verb>CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+|FOREIGN\s+)?"
    r"(?P<kind>TABLE|VIEW|TYPE|DOMAIN|SEQUENCE|FUNCTION|PROCEDURE|AGGREGATE|EXTENSION|COLLATION|INDEX|SCHEMA)\s+"
    rf"(?P<harmless>IF\s+NOT\s+EXISTS\s+)?(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{NAME}(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
AS_A_WHOLE = re.compile(
    r"\s*(?:ENABLE|DISABLE|FORCE|NO\s+FORCE|OWNER|RESET|CLUSTER|REPLICA|VALIDATE|ENGINE|AUTO_INCREMENT|COMMENT"
    r"|SET\s*(?=\()|SET\s+(?:LOGGED|UNLOGGED|TABLESPACE|ACCESS))\b",
    re.IGNORECASE,
)
"""What ``ALTER TABLE name`` goes on with where it is about no single column or constraint."""

RENAMED = re.compile(rf"\s*RENAME\s+TO\s+{NAME}", re.IGNORECASE)
RENAMED_CONSTRAINT = re.compile(r'\s*RENAME\s+CONSTRAINT\s+"?(?P<was>\w+)"?\s+TO\s+"?(?P<now>\w+)"?', re.IGNORECASE)
TOUCHES_NOTHING = re.compile(
    r"\s*(?:SET|RESET|SHOW|LOCK|ANALYZE|VACUUM|REFRESH|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|NOTIFY)\b",
    re.IGNORECASE,
)
VERBS = {"CREATE": Access.CREATES, "ALTER": Access.ALTERS, "DROP": Access.DROPS}
WITHOUT_TRACES = frozenset({"Set", "Pragma", "Transaction", "Commit", "Rollback", "Grant", "Analyze"})
"""Classes by name: not every version of sqlglot has them all."""

OUTSIDE_OF_DATABASE = ("schema", "extension")
"""Kinds of which ``CREATE … IF NOT EXISTS`` on both sides is the same in either order."""

UNEXPECTED = (RecursionError, ValueError, TypeError, AttributeError, LookupError)
"""What a parser raises, and its trees, where a text is unlike all that it was made for."""


class NotTold(Exception):
    """A statement that does not say, or not in a way that can be parsed, what it touches."""


def looked_into(touches: Touches) -> Touches:
    """The touches with those of the SQL among them; what cannot be parsed is untold."""
    found, untold = list(touches.touches), list(touches.untold)
    for text, line, operation in touches.statements:
        seen = []
        try:
            for statement in _parsed(text):
                seen += list(_accesses(statement))
        except (NotTold, *UNEXPECTED):
            untold.append(Untold(line, operation))
        found += [Touch(thing, access, line, operation) for thing, access in dict.fromkeys(seen)]
    return Touches(tuple(found), (), tuple(untold))


def _parsed(text: str) -> list[exp.Expr]:
    """The statements of a text, in the dialect in which all of them can be parsed if there is one."""
    best: list[exp.Expr] | None = None
    for dialect in DIALECTS:
        try:
            statements = [each for each in sqlglot.parse(text, read=dialect) if each is not None]
        except (SqlglotError, *UNEXPECTED):
            continue
        if not any(each.find(exp.Command) for each in statements):
            return statements
        best = best or statements
    if best is None:
        raise NotTold
    return best


def _accesses(statement: exp.Expr) -> Iterator[Deed]:
    match statement:
        case exp.Create():
            yield from _created(statement)
        case exp.Drop():
            yield from _dropped(statement)
        case exp.Alter():
            yield from _altered(statement)
        case exp.Comment():
            yield from _commented(statement)
        case exp.Update() | exp.Insert() | exp.Delete() | exp.Merge() | exp.TruncateTable():
            yield from _written(statement)
        case exp.Query():
            yield from _used(statement)
        case exp.Command():
            rest = statement.args.get("expression") or ""
            yield from _spelled_out(f"{statement.this} {rest if isinstance(rest, str) else rest.name}")
        case _ if type(statement).__name__ not in WITHOUT_TRACES:
            raise NotTold


def _created(create: exp.Create) -> Iterator[Deed]:
    kind = str(create.args["kind"]).lower()
    if kind == "index":
        index = create.this
        owner = _table(index.args["table"])
        yield part("index", owner, index.name), Access.CREATES
        yield from ((part("column", owner, each.name), Access.USES) for each in index.find_all(exp.Column))
        return
    if kind == "trigger":
        owners = [_table(each) for each in create.find_all(exp.Table)]
        yield from ((part("trigger", each, create.name), Access.CREATES) for each in owners[:1])
        yield from ((each, Access.USES) for each in owners)
        return
    created = next(create.this.find_all(exp.Table), None)
    if created is None:
        raise NotTold
    thing = _thing(kind, created)
    if not (kind in OUTSIDE_OF_DATABASE and create.args.get("exists")):
        yield thing, Access.CREATES
    yield from _referred(create)
    if isinstance(create.expression, exp.Query):
        yield from _used(create.expression, every_column=True)


def _dropped(drop: exp.Drop) -> Iterator[Deed]:
    kind = str(drop.args["kind"]).lower()
    on = drop.args.get("cluster")
    owner = _table(on.this) if on is not None and isinstance(on.this, exp.Table) else table("")
    for each in _names_of(drop):
        yield part(kind, owner, each.name) if kind in ("index", "trigger") else _thing(kind, each), Access.DROPS


def _names_of(drop: exp.Drop) -> list[exp.Expr]:
    """One ``tables`` list in newer versions of sqlglot, ``this`` in older ones."""
    return drop.args.get("tables") or [drop.this]


def _altered(alter: exp.Alter) -> Iterator[Deed]:
    kind = str(alter.args.get("kind") or "table").lower()
    owner = _thing(kind, alter.this) if kind != "index" else part("index", table(""), alter.this.name)
    for action in alter.args["actions"]:
        match action:
            case exp.AlterRename():
                yield owner, Access.RENAMES
                yield owner._replace(name=action.this.name), Access.CREATES
            case exp.RenameColumn():
                yield part("column", owner, action.this.name), Access.RENAMES
                yield part("column", owner, action.args["to"].name), Access.CREATES
            case exp.ColumnDef():
                yield part("column", owner, action.name), Access.CREATES
                yield from _referred(action)
            case exp.AlterColumn():
                yield part("column", owner, action.name), Access.ALTERS
            case exp.Drop() if str(action.args["kind"]).lower() in ("column", "constraint"):
                inner = str(action.args["kind"]).lower()
                yield from ((part(inner, owner, each.name), Access.DROPS) for each in _names_of(action))
            case exp.AddConstraint():
                yield from _added_constraints(action, owner)
            case _ if type(action).__name__ == "ModifyColumn":  # not in every version of sqlglot
                changed = action.find(exp.ColumnDef)
                was = action.args.get("rename_from")
                if changed is None:
                    raise NotTold
                if was is not None and was.name != changed.name:
                    yield part("column", owner, was.name), Access.RENAMES
                    yield part("column", owner, changed.name), Access.CREATES
                else:
                    yield part("column", owner, changed.name), Access.ALTERS
            case _:
                raise NotTold


def _added_constraints(action: exp.Expr, owner: Thing) -> Iterator[Deed]:
    for each in action.expressions:
        columns = [found.name for found in each.find_all(exp.Column)]
        for keys in each.find_all(exp.ForeignKey, exp.PrimaryKey, exp.UniqueColumnConstraint):
            inner = keys.this.expressions if isinstance(keys.this, exp.Schema) else keys.expressions
            columns += [found.name for found in inner]
        name = each.name if isinstance(each, exp.Constraint) else f"({', '.join(sorted(columns))})"
        yield part("constraint", owner, name), Access.CREATES
        if each.find(exp.PrimaryKey):
            yield part("constraint", owner, PRIMARY_KEY), Access.CREATES
        yield from ((part("column", owner, column), Access.USES) for column in columns)
    yield from _referred(action)


def _referred(definition: exp.Expr) -> Iterator[Deed]:
    """What the foreign keys in a definition refer to."""
    for reference in definition.find_all(exp.Reference):
        target = reference.this
        named = target.this if isinstance(target, exp.Schema) else target
        if isinstance(named, exp.Table):
            other = _table(named)
            yield other, Access.USES
            yield from ((part("column", other, each.name), Access.USES) for each in target.expressions)


def _commented(comment: exp.Comment) -> Iterator[Deed]:
    kind, target = str(comment.args["kind"]).lower(), comment.this
    if kind == "column" and isinstance(target, exp.Column):
        yield part("column", table(target.table, target.db), target.name), Access.ALTERS
    elif isinstance(target, exp.Table):
        yield _thing(kind, target), Access.ALTERS
    else:
        raise NotTold


def _written(statement: exp.Expr) -> Iterator[Deed]:
    """The columns that a statement changes, the table if it changes no single ones, and what it reads."""
    if isinstance(statement, exp.TruncateTable):
        yield from ((_table(each), Access.WRITES) for each in statement.find_all(exp.Table))
        return
    target = statement.this
    named = target.this if isinstance(target, exp.Schema) else target
    if not isinstance(named, exp.Table):
        raise NotTold
    owner = _table(named)
    if isinstance(statement, exp.Delete):
        yield owner, Access.WRITES
    elif isinstance(statement, exp.Insert):
        names = [each.name for each in target.expressions] if isinstance(target, exp.Schema) else [EVERY_COLUMN]
        yield from ((part("column", owner, name), Access.WRITES) for name in names)
    else:
        changes = [statement] if isinstance(statement, exp.Update) else list(statement.find_all(exp.Update, exp.Insert))
        for change in changes:
            assigned = [each.this for each in change.expressions if isinstance(each, exp.EQ)]
            yield from ((part("column", owner, each.name), Access.WRITES) for each in assigned)
    yield from _used(statement, every_column=isinstance(statement, exp.Insert))


def _used(statement: exp.Expr, every_column: bool = False) -> Iterator[Deed]:
    """The tables and columns that are named inside; with ``every_column`` a star counts, as what it means is kept."""
    made = {each.alias_or_name for each in statement.find_all(exp.CTE)}
    tables = {each.alias_or_name: _table(each) for each in statement.find_all(exp.Table) if each.name not in made}
    yield from ((each, Access.USES) for each in tables.values())
    for column in statement.find_all(exp.Column):
        if not isinstance(column.this, exp.Star):
            owners = [tables[column.table]] if column.table in tables else [] if column.table else tables.values()
            yield from ((part("column", each, column.name), Access.USES) for each in owners)
    if every_column and any(_keeps_all(each) for each in statement.find_all(exp.Select)):
        yield from ((part("column", each, EVERY_COLUMN), Access.USES) for each in tables.values())


def _keeps_all(select: exp.Select) -> bool:
    return any(isinstance(each, exp.Star) or each.is_star for each in select.expressions)


def _spelled_out(text: str) -> Iterator[Deed]:
    """Statements that sqlglot does not parse and that say at their beginning what they are about."""
    found = SPELLED_OUT.match(text)
    if found is None:
        if TOUCHES_NOTHING.match(text):
            return
        raise NotTold
    kind, access = found["kind"].lower(), VERBS[found["verb"].upper()]
    thing = table(found["name"], found["schema"] or "")._replace(kind="table" if kind == "view" else kind)
    if constraint := RENAMED_CONSTRAINT.match(found["rest"]):
        yield part("constraint", thing, constraint["was"]), Access.RENAMES
        yield part("constraint", thing, constraint["now"]), Access.CREATES
    elif renamed := RENAMED.match(found["rest"]):
        yield thing, Access.RENAMES
        yield thing._replace(name=renamed["name"]), Access.CREATES
    elif kind == "table" and access is Access.ALTERS and not AS_A_WHOLE.match(found["rest"]):
        raise NotTold
    elif not (found["harmless"] and kind in OUTSIDE_OF_DATABASE):
        yield thing, access


def _thing(kind: str, named: exp.Expr) -> Thing:
    if kind == "schema":
        return Thing(kind, "", "", named.text("db") or named.name)
    return table(named.name, named.text("db"))._replace(kind="table" if kind == "view" else kind)


def _table(named: exp.Table) -> Thing:
    return table(named.name, named.text("db"))
