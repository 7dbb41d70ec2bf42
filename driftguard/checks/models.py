"""Rules DG2xx: models against head."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from driftguard.checks.invisible import invisible
from driftguard.checks.lookalikes import Lookalike, similar_columns, similar_tables
from driftguard.checks.words import between, called, change_lines, counted, subject
from driftguard.findings import Finding, Place, Severity, Side
from driftguard.schema.catalog import Catalog, Name, Object
from driftguard.schema.diff import Change, Difference
from driftguard.schema.operations import Operation
from driftguard.schema.select import of_kind


class ModelsInput(NamedTuple):
    """What the rules look at.

    ``operations`` is what autogenerate would write on a shadow at head. ``head`` and ``models`` are catalogs without
    what ``env.py`` leaves out, None where they could not be built. ``metadata_tables``: the number of tables in
    ``target_metadata``, -1 if that is None. ``place_of(schema, table, name)`` is the best place in the source for an
    object of a table, for the table itself if the name is "". ``revision_command`` and ``empty_revision_command``
    are what the user types before the message of a revision that autogenerate writes, and of an empty one;
    ``env_file`` is the environment's ``env.py``.
    """

    operations: tuple[Operation, ...]
    head: Catalog | None
    models: Catalog | None
    metadata_tables: int
    place_of: Callable[[str, str, str], Place | None]
    revision_command: str
    empty_revision_command: str
    dialect: str
    env_file: Place | None = None


def missing_revision(given: ModelsInput) -> Iterator[Finding]:
    """The models say something that no revision builds, or no longer say what one built.

    driftguard runs Alembic's own autogenerate, with the options of your ``env.py``, on an empty database brought to
    head by your revisions. Each object that it would write about is one finding, and points to the class or column.
    The live database has no part in this.

    Why it hurts: the code is merged, the tests pass because they use ``create_all()``, and the first request after
    the deployment ends in "column students.age does not exist". The one who then runs autogenerate in a hurry gets
    three colleagues' forgotten changes into the same revision.

    How to fix: write the revision, read it, and commit it together with the models:

        alembic revision --autogenerate -m "add students.age"

    With Flask-Migrate:

        flask db migrate -m "add students.age"

    If the models lost something by mistake, put it back into the models instead. Where the database makes the same of
    both spellings (``Float(precision=2)`` is ``REAL`` to PostgreSQL) a revision changes nothing and autogenerate would
    write it again: that is a warning, and ends when the models spell it as the database does.
    """
    if _has_no_models(given):
        return
    for operations in _by_object(given.operations):
        finding = _missing(given, operations)
        yield _endless(finding) if _builds_the_same(given, operations) else finding


def lacks_revision(given: ModelsInput) -> bool:
    """Whether some revision that is not there would change what the revisions build."""
    return any(not _builds_the_same(given, operations) for operations in _by_object(given.operations))


def rename_or_replace(given: ModelsInput) -> Iterator[Finding]:
    """Something is dropped and something alike is added: it may have been renamed.

    In the models a column (or table) went, and another one of a similar type or name came. Autogenerate cannot know
    that they are the same thing, and would write a drop and an add.

    Why it hurts: the revision runs without an error, and the values are gone. A team renamed ``username`` to
    ``login`` this way; on the developers' machines nobody noticed, because the seed script filled the new column. In
    production forty thousand people had no login name any more.

    How to fix: if it is a rename, write it by hand in an empty revision, and driftguard is silent once it stands:

        alembic revision -m "rename students.username to login"

        op.alter_column("students", "username", new_column_name="login")
        op.rename_table("student", "students")

    If they really are two different things, go on with autogenerate, and move the values yourself if they matter.
    """
    if _has_no_models(given):
        return
    tables = similar_tables(given.operations)
    columns = similar_columns(given.operations)
    yield from (_renamed(given, pair) for pair in sorted((*tables, *columns)))


def invisible_to_autogenerate(given: ModelsInput) -> Iterator[Finding]:
    """Models and revisions differ where autogenerate does not look.

    driftguard builds the models on one empty database and the revisions on another, reads both, and tells what
    differs although autogenerate would write nothing: primary keys, the text of checks, values of enums, predicates
    and methods of indexes, exclusion constraints, collations, deferrability, identity and computed columns, server
    defaults. What only the revisions have is told when the database refuses rows because of it; a server default or
    a plain index that only they have is not. Triggers, views, functions and comments are not compared here.

    Why it hurts: ``alembic check`` is green, and the database still rejects what the code writes. A team added
    "refunded" to an enum in the models; autogenerate wrote an empty revision, somebody deleted that as pointless, and
    the first refund failed on a Sunday.

    How to fix: create an empty revision and write the change by hand; the finding names the directive:

        alembic revision -m "add refunded to order_state"
    """
    if _has_no_models(given) or given.head is None or given.models is None:
        return
    for difference in invisible(given.head, given.models, given.operations):
        yield _unseen(given, difference)


def empty_metadata(given: ModelsInput) -> Iterator[Finding]:
    """``target_metadata`` is None or has no table, while the revisions build some.

    Autogenerate compares with nothing: it would drop every table, or refuses to work. Nearly always ``env.py`` still
    has the template's ``target_metadata = None``, or it imports ``Base`` but none of the modules whose classes
    register themselves there.

    Why it hurts: someone runs autogenerate, sees a long revision, commits it, and its ``upgrade()`` consists of
    ``op.drop_table``.

    How to fix: in ``env.py``, import the modules that hold the models, then name their metadata:

        import shop.models
        from shop.database import Base

        target_metadata = Base.metadata
    """
    if not _has_no_models(given):
        return
    tables = _table_count(given.head)
    says = "is None" if given.metadata_tables < 0 else "has no table"
    yield Finding(
        code="DG205",
        side=Side.MODELS,
        subject="target_metadata",
        message=f"target_metadata {says}, while the revisions build {counted(tables, 'table')}",
        place=given.env_file,
        help=(
            "set target_metadata = Base.metadata in env.py"
            if given.metadata_tables < 0
            else "import every module that holds models in env.py, before it names target_metadata"
        ),
    )


def _has_no_models(given: ModelsInput) -> bool:
    return given.metadata_tables <= 0 and _table_count(given.head) > 0


def _table_count(catalog: Catalog | None) -> int:
    return 0 if catalog is None else len(of_kind(catalog, "table"))


class _Target(NamedTuple):
    """What an operation is about: the table itself, one of its columns, or something else that belongs to it."""

    schema: str
    table: str
    part: int
    name: str


def _by_object(operations: Sequence[Operation]) -> list[tuple[Operation, ...]]:
    """The operations of each object together; the indexes of a new or dropped table are the table's."""
    whole = {(each.schema, each.table) for each in operations if each.action in ("create_table", "drop_table")}

    def target(operation: Operation) -> _Target:
        owner = operation.schema, operation.table
        kind = _kind(operation)
        if owner in whole or kind == "table":
            return _Target(*owner, 0, "")
        if kind == "column":
            return _Target(*owner, 1, operation.name)
        # Autogenerate knows a foreign key by its columns: the name may be new, or missing on one side.
        known_by_columns = kind == "foreign key" or not operation.name
        return _Target(*owner, 2, f"{kind} {operation.fact('columns')}" if known_by_columns else operation.name)

    return [tuple(group) for _, group in groupby(sorted(operations, key=target), key=target)]


def _missing(given: ModelsInput, operations: Sequence[Operation]) -> Finding:
    tables = [each for each in operations if each.action in ("create_table", "drop_table")]
    first = tables[0] if tables else operations[-1]
    item = _object(first)
    verb = "change" if len(operations) > 1 and not tables else first.action.partition("_")[0]
    message = _missing_message(given, item, verb, first)
    return Finding(
        code="DG201",
        side=Side.MODELS,
        subject=subject(item),
        message=message,
        exactly=message,
        place=_place(given, first),
        details=tuple(each.code for each in operations if each.code),
        help=_missing_help(item, verb),
        commands=(_command(given.revision_command, f"{_IN_A_MESSAGE.get(verb, 'change')} {subject(item)}"),),
    )


def _builds_the_same(given: ModelsInput, operations: Sequence[Operation]) -> bool:
    """Whether autogenerate would alter a column of which models and revisions build the very same."""
    names = {Name("column", each.schema, each.table, each.name) for each in operations}
    built = [(_find(given.head, name), _find(given.models, name)) for name in names]
    return all(each.action == "alter_column" for each in operations) and all(
        head is not None and head == models for head, models in built
    )


def _endless(finding: Finding) -> Finding:
    return replace(
        finding,
        severity=Severity.WARNING,
        message=f"{finding.message}; the database makes the same of both, so autogenerate would write it every time",
        help="a revision would change nothing: spell it in the models as the database does",
        commands=(),
    )


_IN_A_MESSAGE = {"create": "add", "add": "add", "drop": "drop"}


def _missing_message(given: ModelsInput, item: Object, verb: str, operation: Operation) -> str:
    if operation.action.endswith("_table_comment"):
        return f"the comment of {called(item)} is not the same in revisions and models"
    match verb:
        case _ if not operation.table and not operation.name:
            return f"autogenerate would write {operation.action}"
        case "create" | "add":
            return f"{called(item)} is in the models but in no revision"
        case "drop":
            return f"{called(item)} is in the revisions but not in the models"
        case "alter":
            return between(called(item), tuple(_changes(given, operation)))
        case _:
            return f"{called(item)} is not the same in revisions and models"


def _missing_help(item: Object, verb: str) -> str:
    if verb != "drop":
        return "write a revision and commit it with the models"
    if item.name.kind == "table":
        return "if the table is still in use, import its model where env.py finds it; else write a revision"
    return "if this is still wanted, put it back into the models; else write a revision"


def _changes(given: ModelsInput, operation: Operation) -> Iterator[Change]:
    """The attributes that an ``alter_column`` is about, as the server spells them where both catalogs are there."""
    name = Name("column", operation.schema, operation.table, operation.name)
    head, models = _find(given.head, name), _find(given.models, name)
    for attribute in filter(None, operation.fact("changes").split(", ")):
        was, now = operation.fact(f"was {attribute}"), operation.fact(f"now {attribute}")
        if head and models and head[attribute] != models[attribute]:
            yield Change(attribute, head[attribute], models[attribute])
        else:
            yield Change(attribute, was or None, now or None)


def _find(catalog: Catalog | None, name: Name) -> Object | None:
    return next((item for item in catalog.objects if item.name == name), None) if catalog else None


def _kind(operation: Operation) -> str:
    action = operation.action
    if action.endswith("_column"):
        return "column"
    if action.endswith(("_table", "_table_comment")):
        return "table"
    return operation.fact("kind") or action.partition("_")[2].removesuffix("_constraint").replace("_", " ")


def _object(operation: Operation) -> Object:
    kind = _kind(operation)
    if kind == "table" or not operation.table:
        return Object(Name(kind, operation.schema, "", operation.table or operation.name or operation.action))
    name = Name(kind, operation.schema, operation.table, operation.name)
    return Object(name, operation.facts, anonymous=not operation.name)


def _place(given: ModelsInput, operation: Operation) -> Place | None:
    if operation.action == "drop_table":
        return None
    if operation.action == "drop_column":
        return given.place_of(operation.schema, operation.table, "")
    name = operation.name or operation.fact("columns").partition(", ")[0]
    return given.place_of(operation.schema, operation.table, "" if _kind(operation) == "table" else name)


def _renamed(given: ModelsInput, pair: Lookalike) -> Finding:
    old, new = _object(pair.dropped), _object(pair.added)
    table = new.name.kind == "table"
    lost = "table and its rows" if table else "values"
    return Finding(
        code="DG202",
        side=Side.MODELS,
        subject=subject(new),
        message=(
            f"{called(old)} is dropped and {called(new)}, which is alike, is added: autogenerate would lose the {lost}"
        ),
        place=given.place_of(new.name.schema, pair.added.table, new.name.name if not table else ""),
        help=f"if it was renamed, write an empty revision with {_rename_directive(given, pair)}",
        commands=(_command(given.empty_revision_command, f"rename {old.name} to {new.name.name}"),),
    )


def _rename_directive(given: ModelsInput, pair: Lookalike) -> str:
    old, new = pair.dropped, pair.added
    schema = f', schema="{old.schema}"' if old.schema else ""
    if old.action == "drop_table":
        return f'op.rename_table("{old.table}", "{new.table}"{schema})'
    # https://alembic.sqlalchemy.org/en/latest/ops.html: MySQL needs the type again when a column is renamed
    again = ", existing_type=…, existing_nullable=…" if given.dialect in ("mysql", "mariadb") else ""
    return f'op.alter_column("{old.table}", "{old.name}", new_column_name="{new.name}"{again}{schema})'


_DIRECTIVES = {
    "column": "op.alter_column",
    "primary key": "op.create_primary_key",
    "foreign key": "op.create_foreign_key",
    "unique": "op.create_unique_constraint",
    "check": "op.create_check_constraint",
    "exclusion": "op.create_exclude_constraint",
    "index": "op.create_index",
    "enum": 'op.execute("ALTER TYPE … ADD VALUE …")',
    "sequence": "op.execute(sa.schema.CreateSequence(…))",
}


def _unseen(given: ModelsInput, difference: Difference) -> Finding:
    now = difference.now or difference.was or Object(difference.name)
    message = _unseen_message(difference, now)
    return Finding(
        code="DG203",
        side=Side.MODELS,
        subject=subject(now),
        message=f"{message}; autogenerate does not see it",
        exactly=message,
        place=_unseen_place(given, now),
        details=tuple(_unseen_details(difference)),
        help=f"autogenerate will not write this: write it by hand, with {_directive(difference)}",
        commands=(_command(given.empty_revision_command, f"{_verb(difference)} {subject(now)}"),),
    )


def _unseen_message(difference: Difference, item: Object) -> str:
    if difference.was is None:
        return f"{called(item)} is in the models but in no revision"
    if difference.now is None:
        return f"{called(item)} is in the revisions but not in the models"
    return between(called(item), difference.changes)


def _unseen_details(difference: Difference) -> Iterator[str]:
    if difference.changes:
        yield from change_lines(difference.changes, "revisions", "models")
    else:
        one = difference.now or difference.was
        yield from (f"{attribute}: {text}" for attribute, text in (one.facts if one else ()))


def _unseen_place(given: ModelsInput, item: Object) -> Place | None:
    name = item.name
    if name.kind == "table":
        return given.place_of(name.schema, name.name, "")
    if not name.table:
        return None
    words = re.findall(r"\w+", item["columns"] or item["expression"] or "") if item.anonymous else []
    return given.place_of(name.schema, name.table, words[0] if words else name.name)


def _directive(difference: Difference) -> str:
    kind = difference.name.kind
    create = _DIRECTIVES.get(kind, "op.execute")
    if kind not in ("primary key", "foreign key", "unique", "check", "exclusion", "index"):
        return create
    drop = "op.drop_index" if kind == "index" else "op.drop_constraint"
    if difference.was is None:
        return create
    return drop if difference.now is None else f"{drop} and {create}"


def _verb(difference: Difference) -> str:
    if difference.was is None:
        return "add"
    return "drop" if difference.now is None else "change"


def _command(command: str, message: str) -> str:
    quoted = f'"{message}"' if not set(message) & set('"$`\\!') else shlex.quote(message)
    return f"{command} {quoted}"
