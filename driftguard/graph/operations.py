"""What a revision's ``upgrade()`` touches, read from its text; nothing is ever executed."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from driftguard.graph.literals import Computed
from driftguard.graph.touches import (
    EVERY_COLUMN,
    PRIMARY_KEY,
    Access,
    Deed,
    Statement,
    Thing,
    Touch,
    Touches,
    Untold,
    part,
    table,
)

LONGEST_OPERATION = 90
DEEPEST_CALL = 8
MOST_TURNS = 100
KNOWN_PACKAGES = frozenset({"alembic", "sqlalchemy", "sqlmodel", *sys.stdlib_module_names})
HARMLESS = frozenset({"get_bind", "get_context", "f", "inline_literal", "batch_alter_table"})
EXECUTES = frozenset({"execute", "exec_driver_sql", "executemany", "scalar", "scalars"})
OF_THE_ORM = frozenset({"query", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"})
TABLES = frozenset({"table", "Table", "create_table"})
COLUMNS = frozenset({"column", "Column"})
ENUMS = frozenset({"Enum", "ENUM"})
CHANGES = frozenset({"insert", "update", "delete"})
PASSED_THROUGH = frozenset({"f", "text", "dedent", "cleandoc", "quoted_name", "literal_column"})
CHANGES_LITTLE = frozenset({"strip", "lstrip", "rstrip", "bindparams", "execution_options"})

SIGNATURES: dict[str, tuple[str, ...]] = {
    "add_column": ("table_name", "column"),
    "alter_column": ("table_name", "column_name"),
    "bulk_insert": ("table", "rows"),
    "create_check_constraint": ("constraint_name", "table_name", "condition"),
    "create_exclude_constraint": ("constraint_name", "table_name"),
    "create_foreign_key": ("constraint_name", "table_name", "referent_table", "local_cols", "remote_cols"),
    "create_index": ("index_name", "table_name", "columns"),
    "create_primary_key": ("constraint_name", "table_name", "columns"),
    "create_table": ("table_name",),
    "create_table_comment": ("table_name", "comment"),
    "create_unique_constraint": ("constraint_name", "table_name", "columns"),
    "drop_column": ("table_name", "column_name"),
    "drop_constraint": ("constraint_name", "table_name", "type_"),
    "drop_index": ("index_name", "table_name"),
    "drop_table": ("table_name",),
    "drop_table_comment": ("table_name",),
    "execute": ("sqltext",),
    "rename_table": ("old_table_name", "new_table_name"),
}
"""Alembic's parameters by place; ``batch_op`` has the same without the table."""

OTHER_WORDS = {"source_table": "table_name", "source_schema": "schema"}

Scope = Mapping[str, "Bound"]


class Bound(NamedTuple):
    """What a name stands for: an expression, and what the names in it stood for when it was bound."""

    value: ast.expr
    scope: Scope


def touched(source: bytes) -> Touches:
    """Every object that ``upgrade()`` names, through helpers of the same file too; branches not taken count.

    Depends on the argument alone. Nothing is raised, whatever is in it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = _Reader(ast.parse(source))
        reader.read()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Touches(untold=(Untold(1, "the file cannot be read"),))
    return Touches(
        tuple(dict.fromkeys(reader.touches)),
        tuple(dict.fromkeys(reader.statements)),
        tuple(dict.fromkeys(reader.untold)),
    )


class _Reader:
    """Walks a module as it would run, and takes down what it sees."""

    def __init__(self, module: ast.Module) -> None:
        self.touches: list[Touch] = []
        self.statements: list[Statement] = []
        self.untold: list[Untold] = []
        self._functions = {each.name: each for each in module.body if isinstance(each, ast.FunctionDef)}
        self._imported = dict(_imports(module))
        self._calls: list[str] = []
        self._globals: Scope = {}
        for statement in module.body:
            self._globals = _assigned(statement, self._globals)

    def read(self) -> None:
        """Take down what ``upgrade()`` does; a module without one does nothing."""
        if (upgrade := self._functions.get("upgrade")) is not None:
            self._run("upgrade", upgrade.body, self._globals)

    def _run(self, name: str, body: list[ast.stmt], scope: Scope) -> None:
        if name in self._calls or len(self._calls) > DEEPEST_CALL:
            return
        self._calls.append(name)
        self._block(body, scope)
        self._calls.pop()

    def _block(self, body: Iterable[ast.stmt], scope: Scope) -> Scope:
        for statement in body:
            scope = self._statement(statement, scope)
        return scope

    def _statement(self, statement: ast.stmt, scope: Scope) -> Scope:
        """Take down a statement; what the names stand for after it."""
        match statement:
            case ast.FunctionDef(name=name):
                self._functions[name] = statement
            case ast.ClassDef():
                pass
            case ast.For(target=target, iter=series, body=body, orelse=rest):
                self._expression(series, scope)
                for turn in _turns(target, series, scope):
                    self._block(body, turn)
                self._block(rest, scope)
            case ast.With(items=items, body=body):
                for item in items:
                    self._expression(item.context_expr, scope)
                    if isinstance(item.optional_vars, ast.Name):
                        scope = {**scope, item.optional_vars.id: Bound(item.context_expr, scope)}
                scope = self._block(body, scope)
            case _:
                for child in ast.iter_child_nodes(statement):
                    if isinstance(child, ast.expr):
                        self._expression(child, scope)
                for inner in _blocks(statement):
                    scope = self._block(inner, scope)
                scope = _assigned(statement, scope)
        return scope

    def _expression(self, expression: ast.expr, scope: Scope) -> None:
        """Take down its calls, the inner ones first."""
        for call in reversed([each for each in ast.walk(expression) if isinstance(each, ast.Call)]):
            self._call(call, scope)

    def _call(self, call: ast.Call, scope: Scope) -> None:
        match call.func:
            case ast.Name(id=name) if name in self._functions:
                function = self._functions[name]
                self._run(name, function.body, {**self._globals, **_parameters(function, call, scope)})
            case ast.Name(id=name) if self._is_foreign(name, name):
                self._tell_not(call)
            case ast.Attribute(value=receiver, attr=name):
                self._method(call, receiver, name, scope)

    def _method(self, call: ast.Call, receiver: ast.expr, name: str, scope: Scope) -> None:
        if self._is_op(receiver, scope):
            self._operation(call, name, _arguments(SIGNATURES.get(name, ()), call), scope)
        elif (batch := self._batch(receiver, scope)) is not None:
            names = tuple(each for each in SIGNATURES.get(name, ()) if each != "table_name")
            self._operation(call, name, {**batch, **_arguments(names, call)}, scope)
        elif name in EXECUTES and call.args:
            self._executed(call, call.args[0], scope)
        elif name in ("create", "drop") and (enum := _enum(receiver, scope)) is not None:
            self._add(call, [(enum, Access.CREATES if name == "create" else Access.DROPS)])
        elif name in OF_THE_ORM or self._is_foreign(_root(receiver), name):
            self._tell_not(call)

    def _operation(self, call: ast.Call, name: str, arguments: dict[str, ast.expr], scope: Scope) -> None:
        if name in HARMLESS:
            return
        if name == "execute" and "sqltext" in arguments:
            self._executed(call, arguments["sqltext"], scope)
            return
        handler = HANDLERS.get(name)
        if handler is None:
            self._tell_not(call)
            return
        given = _Given(call, arguments, scope)
        try:
            for each in handler(given):
                self._add(call, [each])
            for condition in given.conditions():
                self._add_statement(call, condition)
        except Computed:
            self._tell_not(call)

    def _executed(self, call: ast.Call, what: ast.expr, scope: Scope) -> None:
        try:
            text = _constant(what, scope)
            if not isinstance(text, str):
                raise Computed
            self._add_statement(call, text)
        except Computed:
            found = _construct(what, scope)
            if found is None:
                self._tell_not(call)
            else:
                self._add(call, found)

    def _add(self, call: ast.Call, found: Iterable[Deed]) -> None:
        self.touches += [Touch(thing, access, call.lineno, _shortened(call)) for thing, access in found]

    def _add_statement(self, call: ast.Call, text: str) -> None:
        self.statements.append(Statement(text, call.lineno, _shortened(call)))

    def _tell_not(self, call: ast.Call) -> None:
        self.untold.append(Untold(call.lineno, _shortened(call)))

    def _is_op(self, receiver: ast.expr, scope: Scope) -> bool:
        found = _resolved(receiver, scope).value
        match found:
            case ast.Name(id=name):
                return self._imported.get(name) == "alembic.op"
            case ast.Attribute(value=ast.Name(id=name), attr="op"):
                return self._imported.get(name) == "alembic"
        return False

    def _batch(self, receiver: ast.expr, scope: Scope) -> dict[str, ast.expr] | None:
        """The arguments that ``op.batch_alter_table()`` gives to every operation on what it returned."""
        match _resolved(receiver, scope):
            case Bound(ast.Call(func=ast.Attribute(value=maker, attr="batch_alter_table")) as call, made_in) if (
                self._is_op(maker, made_in)
            ):
                arguments = _arguments(("table_name", "schema"), call)
                return {
                    key: _resolved(value, made_in).value
                    for key, value in arguments.items()
                    if key in ("table_name", "schema")
                }
        return None

    def _is_foreign(self, root: str, called: str) -> bool:
        """Whether a function comes from a module that may do anything to the database; classes are taken for types."""
        module = self._imported.get(root, "")
        return bool(module) and module.partition(".")[0] not in KNOWN_PACKAGES and not called[:1].isupper()


class _Given:
    """One operation's arguments, evaluated where their text allows; raises Computed where it does not."""

    def __init__(self, call: ast.Call, arguments: Mapping[str, ast.expr], scope: Scope) -> None:
        self.call = call
        self.scope = scope
        self._arguments = {OTHER_WORDS.get(key, key): value for key, value in arguments.items()}

    def value(self, name: str) -> object:
        """A constant; None where nothing is given."""
        found = self._arguments.get(name)
        return None if found is None else _constant(found, self.scope)

    def text(self, name: str) -> str:
        """A text that has to be there."""
        value = self.value(name)
        if not isinstance(value, str):
            raise Computed
        return value

    def table(self, name: str = "table_name", schema: str = "schema") -> Thing:
        """The table that an argument names."""
        return table(self.text(name), str(self.value(schema) or ""))

    def items(self, name: str) -> list[Bound]:
        """The elements of a list, or the one expression that stands for it."""
        found = self._arguments.get(name)
        if found is None:
            return []
        value, scope = _resolved(found, self.scope)
        return (
            [Bound(each, scope) for each in value.elts]
            if isinstance(value, ast.List | ast.Tuple)
            else [Bound(value, scope)]
        )

    def columns(self, name: str, owner: Thing) -> list[Thing]:
        """The columns that a list names by plain texts."""
        return [part("column", owner, text) for text in _texts(self.items(name))]

    def part(self, kind: str, name: str, columns: str, owner: Thing) -> Thing:
        """An index or constraint; one without a name is known by its columns, from which its name will be made."""
        value = self.value(name)
        if isinstance(value, str):
            return part(kind, owner, value)
        listed = ", ".join(sorted(each.name for each in self.columns(columns, owner)))
        return part(kind, owner, f"({listed or self.text('condition')})")

    def conditions(self) -> Iterator[str]:
        """Texts of SQL among the arguments, as statements on the table."""
        texts = [*self.items("condition"), *self.items("postgresql_where"), *self.items("sqlite_where")]
        texts += [each for each in self.items("columns") if isinstance(each.value, ast.Call)]
        for found in texts:
            try:
                condition = _constant(*found)
            except Computed:
                continue  # made of column objects, which name what they use
            if isinstance(condition, str):
                names = (f'"{each}"' for each in (self.table().schema, self.table().name) if each)
                yield f"SELECT 1 FROM {'.'.join(names)} WHERE {condition}"

    def column_calls(self) -> Iterator[Bound]:
        """``Column(...)`` and constraints among the positional arguments."""
        for argument in self.call.args:
            found = _resolved(argument, self.scope)
            if isinstance(found.value, ast.Call):
                yield found
            elif isinstance(found.value, ast.Starred):
                raise Computed


def _add_column(given: _Given) -> Iterator[Deed]:
    owner = given.table()
    for found in given.items("column"):
        yield part("column", owner, _column_name(found)), Access.CREATES
        yield from _referred(found)
        yield from ((each, Access.USES) for each in _enums(found))


def _alter_column(given: _Given) -> Iterator[Deed]:
    owner = given.table()
    column = part("column", owner, given.text("column_name"))
    renamed = given.value("new_column_name")
    yield column, Access.RENAMES if renamed else Access.ALTERS
    if isinstance(renamed, str):
        yield part("column", owner, renamed), Access.CREATES
    for found in given.items("type_"):
        yield from ((each, Access.USES) for each in _enums(found))


def _drop_column(given: _Given) -> Iterator[Deed]:
    yield part("column", given.table(), given.text("column_name")), Access.DROPS


def _create_table(given: _Given) -> Iterator[Deed]:
    yield given.table(), Access.CREATES
    for found in given.column_calls():
        yield from _referred(found)
        yield from ((each, Access.CREATES) for each in _enums(found))


def _drop_table(given: _Given) -> Iterator[Deed]:
    yield given.table(), Access.DROPS


def _rename_table(given: _Given) -> Iterator[Deed]:
    yield given.table("old_table_name"), Access.RENAMES
    yield given.table("new_table_name"), Access.CREATES


def _comment(given: _Given) -> Iterator[Deed]:
    yield given.table(), Access.ALTERS


def _create_index(given: _Given) -> Iterator[Deed]:
    owner = given.table()
    yield given.part("index", "index_name", "columns", owner), Access.CREATES
    yield from ((each, Access.USES) for each in given.columns("columns", owner))


def _drop_index(given: _Given) -> Iterator[Deed]:
    owner = given.table() if given.value("table_name") else table("", str(given.value("schema") or ""))
    yield part("index", owner, given.text("index_name")), Access.DROPS


def _create_constraint(given: _Given) -> Iterator[Deed]:
    owner = given.table()
    yield given.part("constraint", "constraint_name", "columns", owner), Access.CREATES
    yield from ((each, Access.USES) for each in given.columns("columns", owner))


def _create_primary_key(given: _Given) -> Iterator[Deed]:
    yield part("constraint", given.table(), PRIMARY_KEY), Access.CREATES
    yield from _create_constraint(given)


def _create_foreign_key(given: _Given) -> Iterator[Deed]:
    owner, other = given.table(), given.table("referent_table", "referent_schema")
    yield given.part("constraint", "constraint_name", "local_cols", owner), Access.CREATES
    yield other, Access.USES
    yield from ((each, Access.USES) for each in given.columns("local_cols", owner))
    yield from ((each, Access.USES) for each in given.columns("remote_cols", other))


def _drop_constraint(given: _Given) -> Iterator[Deed]:
    yield part("constraint", given.table(), given.text("constraint_name")), Access.DROPS
    if given.value("type_") == "primary":
        yield part("constraint", given.table(), PRIMARY_KEY), Access.DROPS


def _bulk_insert(given: _Given) -> Iterator[Deed]:
    found = next(map(_table, given.items("table")), None)
    if found is None:
        raise Computed
    owner, declared = found
    rows = [each.value for each in given.items("rows")]
    keys = [key for row in rows if isinstance(row, ast.Dict) for key in row.keys if isinstance(key, ast.Constant)]
    names = dict.fromkeys(str(key.value) for key in keys) or dict.fromkeys(declared or (EVERY_COLUMN,))
    yield from ((part("column", owner, name), Access.WRITES) for name in names)


HANDLERS: dict[str, Callable[[_Given], Iterator[Deed]]] = {
    "add_column": _add_column,
    "alter_column": _alter_column,
    "bulk_insert": _bulk_insert,
    "create_check_constraint": _create_constraint,
    "create_exclude_constraint": _create_constraint,
    "create_foreign_key": _create_foreign_key,
    "create_index": _create_index,
    "create_primary_key": _create_primary_key,
    "create_table": _create_table,
    "create_table_comment": _comment,
    "create_unique_constraint": _create_constraint,
    "drop_column": _drop_column,
    "drop_constraint": _drop_constraint,
    "drop_index": _drop_index,
    "drop_table": _drop_table,
    "drop_table_comment": _comment,
    "rename_table": _rename_table,
}


def _construct(expression: ast.expr, scope: Scope) -> list[Deed] | None:
    """What ``students.update().values(age=1)`` or ``sa.insert(students)`` touches; None if it is something else."""
    links = list(_chain(Bound(expression, scope)))
    for number, (name, call, holder) in enumerate(links):
        target = Bound(call.args[0], holder.scope) if call.args and _table(holder) is None else holder
        if name in CHANGES and (found := _table(target)) is not None:
            owner, declared = found
            values = [each for each in links[:number] if each[0] == "values"]
            named = dict.fromkeys(_value_names(values))
            names = named if named and EVERY_COLUMN not in named else declared or (EVERY_COLUMN,)
            written = [part("column", owner, each) for each in names] if name != "delete" else [owner]
            return [*((each, Access.WRITES) for each in written), *_columns_used(expression, scope)]
        if name == "select":
            return list(_columns_used(expression, scope))
    return None


def _chain(found: Bound) -> Iterator[tuple[str, ast.Call, Bound]]:
    """The calls of ``a.b(…).c(…)`` from the last to the first: name, call, and what the method belongs to."""
    here = _resolved(*found)
    while isinstance(call := here.value, ast.Call):
        match call.func:
            case ast.Attribute(value=receiver, attr=name):
                here = _resolved(receiver, here.scope)
                yield name, call, here
            case ast.Name(id=name):
                yield name, call, here
                return
            case _:
                return


def _value_names(calls: Iterable[tuple[str, ast.Call, Bound]]) -> Iterator[str]:
    """The columns that ``values(age=1)``, ``values({"age": 1})`` or a list of such rows names."""
    for _, call, _ in calls:
        yield from (each.arg or EVERY_COLUMN for each in call.keywords)
        for argument in call.args:
            rows = argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]
            for key in (key for row in rows for key in (row.keys if isinstance(row, ast.Dict) else [None])):
                match key:
                    case ast.Constant(value=str(name)) | ast.Attribute(attr=name):
                        yield name
                    case _:
                        yield EVERY_COLUMN


def _columns_used(expression: ast.expr, scope: Scope) -> Iterator[Deed]:
    """The columns that ``students.c.age`` names anywhere inside, and the tables."""
    for node in ast.walk(expression):
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Name() as holder, attr="c" | "columns"), attr=name):
                if (found := _table(Bound(holder, scope))) is not None:
                    yield part("column", found[0], name), Access.USES
            case ast.Name():
                if (found := _table(Bound(node, scope))) is not None:
                    yield found[0], Access.USES


def _table(found: Bound) -> tuple[Thing, tuple[str, ...]] | None:
    """The table that ``sa.table("students", sa.column("age"))`` is, and the columns that it declares."""
    call, scope = _resolved(*found)
    if not isinstance(call, ast.Call) or _last_part(call.func) not in TABLES or not call.args:
        return None
    try:
        name = _constant(call.args[0], scope)
        keywords = {each.arg: each.value for each in call.keywords}
        schema = _constant(keywords["schema"], scope) if "schema" in keywords else ""
        inner = (_resolved(each, scope) for each in call.args[1:])
        declared = [
            _column_name(each)
            for each in inner
            if isinstance(each.value, ast.Call) and _last_part(each.value.func) in COLUMNS
        ]
    except Computed:
        return None
    return (table(name, str(schema or "")), tuple(declared)) if isinstance(name, str) else None


def _column_name(found: Bound) -> str:
    call, scope = _resolved(*found)
    if isinstance(call, ast.Call):
        named = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "name")]
        for each in named:
            if isinstance(name := _constant(each, scope), str):
                return name
    raise Computed


def _referred(found: Bound) -> Iterator[Deed]:
    """What the foreign keys inside a ``Column(...)`` or a constraint refer to."""
    for call in _calls_inside(found):
        targets: list[Bound] = []
        if _last_part(call.func) == "ForeignKey" and call.args:
            targets = [Bound(call.args[0], found.scope)]
        elif _last_part(call.func) == "ForeignKeyConstraint" and len(call.args) > 1:
            value, scope = _resolved(call.args[1], found.scope)
            targets = [Bound(each, scope) for each in getattr(value, "elts", ())]
        for text in _texts(targets):
            *schema, owner, column = text.split(".") if "." in text else (text, EVERY_COLUMN)
            other = table(owner, ".".join(schema))
            yield other, Access.USES
            if column != EVERY_COLUMN:
                yield part("column", other, column), Access.USES


def _enums(found: Bound) -> Iterator[Thing]:
    """The types that the enums inside an expression make, unless they say that they are there already."""
    for call in _calls_inside(found):
        if (enum := _enum(call, found.scope)) is not None and not _says_no(call, "create_type"):
            yield enum


def _calls_inside(found: Bound) -> Iterator[ast.Call]:
    """The calls in an expression, and in what the names in it stand for."""
    for node in ast.walk(found.value):
        value = _resolved(node, found.scope).value if isinstance(node, ast.Name) else node
        if isinstance(value, ast.Call):
            yield value


def _enum(expression: ast.expr, scope: Scope) -> Thing | None:
    call, made_in = _resolved(expression, scope)
    if not isinstance(call, ast.Call) or _last_part(call.func) not in ENUMS:
        return None
    keywords = {each.arg: each.value for each in call.keywords}
    try:
        name = _constant(keywords["name"], made_in) if "name" in keywords else None
        schema = _constant(keywords["schema"], made_in) if "schema" in keywords else ""
    except Computed:
        return None
    return Thing("type", str(schema or ""), "", name) if isinstance(name, str) else None


def _says_no(call: ast.Call, keyword: str) -> bool:
    return any(
        each.arg == keyword and isinstance(each.value, ast.Constant) and each.value.value is False
        for each in call.keywords
    )


def _resolved(expression: ast.expr, scope: Scope) -> Bound:
    """What an expression stands for, through the names that are bound."""
    here = Bound(expression, scope)
    while isinstance(here.value, ast.Name) and here.value.id in here.scope:
        here = here.scope[here.value.id]
    return here


def _constant(expression: ast.expr, scope: Scope) -> object:
    """The text, number, None or tuple that an expression has to be; raises Computed."""
    value, scope = _resolved(expression, scope)
    match value:
        case ast.Constant(value=constant):
            return constant
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_constant(each, scope) for each in parts)
        case ast.JoinedStr(values=parts):
            return "".join(str(_constant(each, scope)) for each in parts)
        case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
            return _constant(inner, scope)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            texts = [_constant(each, scope) for each in (left, right)]
            if all(isinstance(each, str) for each in texts):
                return "".join(map(str, texts))
        case ast.Call(func=func, args=[inner, *_]) if _last_part(func) in PASSED_THROUGH:
            return _constant(inner, scope)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in CHANGES_LITTLE:
            return _constant(inner, scope)
    raise Computed


def _texts(found: Iterable[Bound]) -> list[str]:
    """Those of the expressions that are plain texts: a ``sa.text()`` among columns is SQL and no column's name."""
    texts = []
    for each in found:
        value, scope = _resolved(*each)
        if isinstance(value, ast.Call) and _last_part(value.func) != "f":
            continue
        constant = _constant(value, scope)
        if isinstance(constant, str):
            texts.append(constant)
        elif isinstance(constant, tuple):
            texts += [text for text in constant if isinstance(text, str)]
    return texts


def _turns(target: ast.expr, series: ast.expr, scope: Scope) -> Iterator[Scope]:
    """What the names stand for in each turn of a loop; one turn with unknown names where its text does not say."""
    value, made_in = _resolved(series, scope)
    items = value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else []
    if not items or len(items) > MOST_TURNS:
        yield {name: bound for name, bound in scope.items() if name not in _stored(target)}
    for item in items[:MOST_TURNS]:
        yield {**scope, **_unpacked(target, Bound(item, made_in))}


def _unpacked(target: ast.expr, found: Bound) -> dict[str, Bound]:
    value, scope = _resolved(*found)
    match target, value:
        case ast.Name(id=name), _:
            return {name: found}
        case ast.Tuple(elts=names) | ast.List(elts=names), ast.Tuple(elts=parts) | ast.List(elts=parts) if len(
            names
        ) == len(parts):
            bound: dict[str, Bound] = {}
            for each, item in zip(names, parts, strict=True):
                bound |= _unpacked(each, Bound(item, scope))
            return bound
    return {}


def _assigned(statement: ast.stmt, scope: Scope) -> Scope:
    """What the names stand for after a statement; one that is bound to something else is known no more."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            bound: dict[str, Bound] = {}
            for target in targets:
                bound |= _unpacked(target, Bound(value, scope))
            forgotten = {name for target in targets for name in _stored(target)}
            return {**{name: each for name, each in scope.items() if name not in forgotten}, **bound}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return {**scope, name: Bound(value, scope)}
        case ast.AugAssign(target=ast.Name(id=name)):
            return {known: each for known, each in scope.items() if known != name}
    return scope


def _stored(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The bodies of ``if``, ``while``, ``try`` and ``match``."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for inner in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield inner.body


def _parameters(function: ast.FunctionDef, call: ast.Call, scope: Scope) -> dict[str, Bound]:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    defaults = function.args.defaults
    bound = {name: Bound(value, {}) for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True)}
    for only, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if default is not None:
            bound[only.arg] = Bound(default, {})
    return bound | {name: Bound(value, scope) for name, value in _arguments(tuple(names), call).items()}


def _arguments(names: tuple[str, ...], call: ast.Call) -> dict[str, ast.expr]:
    """By parameter: what a call gives; what comes after a star is not known by place."""
    placed = []
    for argument in call.args:
        if isinstance(argument, ast.Starred):
            break
        placed.append(argument)
    return dict(zip(names, placed, strict=False)) | {each.arg: each.value for each in call.keywords if each.arg}


def _imports(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that imports anywhere in the file bind, and the dotted module or member that they stand for."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from ((each.asname or each.name.partition(".")[0], each.name) for each in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                dots = "." * level
                yield from ((each.asname or each.name, f"{dots}{source or ''}.{each.name}") for each in names)


def _last_part(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _root(expression: ast.expr) -> str:
    """The name that a dotted expression begins with."""
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


def _shortened(call: ast.Call) -> str:
    text = " ".join(ast.unparse(call).split())
    return text if len(text) <= LONGEST_OPERATION else f"{text[: LONGEST_OPERATION - 1]}…"
