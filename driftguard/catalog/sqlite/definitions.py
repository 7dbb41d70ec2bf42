"""What a CREATE TABLE, INDEX, VIEW or TRIGGER says, from its tokens (https://www.sqlite.org/lang_createtable.html)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from driftguard.catalog.sqlite.tokens import Kind, NotUnderstood, Token, closing, fold, split

Tokens = Sequence[Token]

NAMES = frozenset({Kind.WORD, Kind.QUOTED, Kind.IDENTIFIER, Kind.STRING})

_CONSTRAINT = frozenset({"constraint", "primary", "unique", "check", "foreign"})
_AFTER_TYPE = _CONSTRAINT | {"not", "null", "default", "collate", "references", "as", "deferrable"}


class Part(NamedTuple):
    """One entry of a key or index: its expression, and "" or its collation, and its order."""

    expression: Tokens
    collation: str = ""
    descending: bool = False
    autoincrement: bool = False

    @property
    def column(self) -> str:
        """The column's name as it is written; "" for an expression."""
        single = self.expression[0] if len(self.expression) == 1 else None
        return single.text if single and single.kind in NAMES else ""


class Reference(NamedTuple):
    """The right side of a foreign key; no ``columns`` means the primary key of ``table``."""

    table: str
    columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    match: str = ""
    deferrable: str = ""


class Constraint(NamedTuple):
    """A table's constraint, wherever in the statement it stands; ``name`` is "" for an unnamed one."""

    kind: str
    name: str
    parts: tuple[Part, ...] = ()
    expression: Tokens = ()
    reference: Reference | None = None
    conflict: str = ""


class Column(NamedTuple):
    """What no pragma tells of a column; ``conflict`` is the one of its NOT NULL."""

    name: str
    collation: str = ""
    generated: Tokens = ()
    stored: bool = False
    conflict: str = ""


class Table(NamedTuple):
    """A CREATE TABLE; ``options`` in lower case, sorted."""

    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    options: tuple[str, ...] = ()


class Index(NamedTuple):
    """A CREATE INDEX; ``where`` is empty for a full index."""

    unique: bool
    parts: tuple[Part, ...]
    where: Tokens = ()


class View(NamedTuple):
    """A CREATE VIEW; ``columns`` is empty where the query names them."""

    columns: tuple[str, ...]
    query: Tokens


def parse_table(tokens: Tokens) -> Table:
    """The columns and constraints of a CREATE TABLE; raises NotUnderstood for anything out of the ordinary."""
    cursor = _after_name(tokens, "table")
    body, options = _Cursor(cursor.parenthesised()), _options(cursor.rest())
    columns: list[Column] = []
    constraints: list[Constraint] = []
    while not body.at_end():
        if body.next_word() in _CONSTRAINT:
            constraints.extend(_table_constraint(body))
        else:
            column, inline = _column(body)
            columns.append(column)
            constraints.extend(inline)
        body.accept(",")
    return Table(tuple(columns), tuple(constraints), options)


def parse_index(tokens: Tokens) -> Index:
    """A CREATE INDEX; raises NotUnderstood."""
    unique = len(tokens) > 1 and tokens[1].word == "unique"
    cursor = _after_name(tokens, "index")
    cursor.expect("on")
    cursor.name()
    parts = _parts(cursor.parenthesised())
    return Index(unique, parts, cursor.rest() if cursor.accept("where") else cursor.expect_end())


def parse_view(tokens: Tokens) -> View:
    """A CREATE VIEW; raises NotUnderstood."""
    cursor = _after_name(tokens, "view")
    columns = _names(cursor.parenthesised()) if cursor.next_word() == "(" else ()
    cursor.expect("as")
    return View(columns, cursor.rest())


def parse_body(tokens: Tokens, kind: str) -> Tokens:
    """What follows the name in a CREATE ``kind``; raises NotUnderstood."""
    return _after_name(tokens, kind).rest()


def parse_trigger(tokens: Tokens) -> Tokens:
    """What follows the name in a CREATE TRIGGER, without the words that change nothing; raises NotUnderstood.

    BEFORE is what it means without a moment, and all triggers are FOR EACH ROW.
    Source: https://www.sqlite.org/lang_createtrigger.html
    """
    body = parse_body(tokens, "trigger")
    words = [each.word for each in body]
    head = words.index("begin") if "begin" in words else 0
    each_row = next((at for at in range(head) if words[at : at + 3] == ["for", "each", "row"]), None)
    if each_row is not None:
        body = (*body[:each_row], *body[each_row + 3 :])
    return body[1:] if body and body[0].word == "before" else body


def parse_virtual_table(tokens: Tokens) -> Tokens:
    """What follows USING in a CREATE VIRTUAL TABLE: the module and its arguments; raises NotUnderstood."""
    cursor = _after_name(tokens, "table")
    cursor.expect("using")
    using = cursor.rest()
    return (*(each._replace(text=fold(each.text)) for each in using[:1]), *using[1:])


class _Cursor:
    """A place in a sequence of tokens."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._position = 0

    def at_end(self) -> bool:
        return self._position >= len(self._tokens)

    def next_word(self, ahead: int = 0) -> str:
        index = self._position + ahead
        return self._tokens[index].word if index < len(self._tokens) else ""

    def take(self) -> Token:
        if self.at_end():
            raise NotUnderstood("the statement ends too early")
        self._position += 1
        return self._tokens[self._position - 1]

    def rest(self) -> Tokens:
        remaining = self._tokens[self._position :]
        self._position = len(self._tokens)
        return remaining

    def accept(self, *words: str) -> bool:
        if self.next_word() != words[0] or any(self.next_word(ahead) != word for ahead, word in enumerate(words)):
            return False
        self._position += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise NotUnderstood(f"{' '.join(words)} is missing")

    def expect_end(self) -> Tokens:
        if not self.at_end():
            raise NotUnderstood(f"{self.take().text} is not expected")
        return ()

    def name(self) -> str:
        token = self.take()
        if token.kind not in NAMES:
            raise NotUnderstood(f"{token.text} is no name")
        return token.text

    def parenthesised(self) -> Tokens:
        if self.next_word() != "(":
            raise NotUnderstood("a parenthesis is missing")
        start, end = self._position + 1, closing(self._tokens, self._position)
        self._position = end + 1
        return self._tokens[start:end]


def _after_name(tokens: Tokens, kind: str) -> _Cursor:
    """A cursor behind the name of what the statement creates."""
    cursor = _Cursor(tokens)
    while not cursor.accept(kind):
        if cursor.take().kind is not Kind.WORD:
            raise NotUnderstood(f"{kind} is missing")
    cursor.accept("if", "not", "exists")
    cursor.name()
    if cursor.accept("."):
        cursor.name()
    return cursor


def _options(tokens: Tokens) -> tuple[str, ...]:
    return tuple(sorted(" ".join(fold(token.text) for token in part) for part in split(tokens) if part))


def _column(cursor: _Cursor) -> tuple[Column, list[Constraint]]:
    column = Column(cursor.name())
    _skip_type(cursor)
    here = (Part((Token(Kind.IDENTIFIER, column.name),)),)
    inline: list[Constraint] = []
    while not cursor.at_end() and cursor.next_word() != ",":
        name = _constraint_name(cursor)
        if cursor.accept("primary", "key"):
            descending = _descending(cursor)
            conflict = _conflict(cursor)
            key = here[0]._replace(descending=descending, autoincrement=cursor.accept("autoincrement"))
            inline.append(Constraint("primary key", name, (key,), conflict=conflict))
        elif cursor.accept("unique"):
            inline.append(Constraint("unique", name, here, conflict=_conflict(cursor)))
        elif cursor.accept("check"):
            inline.append(Constraint("check", name, expression=cursor.parenthesised(), conflict=_conflict(cursor)))
        elif cursor.accept("references"):
            inline.append(Constraint("foreign key", name, here, reference=_reference(cursor)))
        elif cursor.accept("not", "null"):
            column = column._replace(conflict=_conflict(cursor))
        elif cursor.accept("null"):
            _conflict(cursor)
        elif cursor.accept("default"):
            _skip_default(cursor)
        elif cursor.accept("collate"):
            column = column._replace(collation=cursor.name())
        elif cursor.accept("generated", "always", "as") or cursor.accept("as"):
            expression = cursor.parenthesised()
            column = column._replace(generated=expression, stored=cursor.accept("stored"))
            cursor.accept("virtual")
        elif not name:
            raise NotUnderstood(f"{cursor.take().text} is no constraint")
    return column, inline


def _skip_type(cursor: _Cursor) -> None:
    while not cursor.at_end() and cursor.next_word() not in _AFTER_TYPE | {",", "("}:
        if cursor.next_word() == "generated" and cursor.next_word(1) == "always":
            return
        cursor.name()
    if cursor.next_word() == "(":
        cursor.parenthesised()


def _skip_default(cursor: _Cursor) -> None:
    if cursor.next_word() == "(":
        cursor.parenthesised()
    elif cursor.take().word in ("+", "-"):
        cursor.take()


def _table_constraint(cursor: _Cursor) -> Iterator[Constraint]:
    name = _constraint_name(cursor)
    if cursor.accept("primary", "key"):
        yield Constraint("primary key", name, _parts(cursor.parenthesised()), conflict=_conflict(cursor))
    elif cursor.accept("unique"):
        yield Constraint("unique", name, _parts(cursor.parenthesised()), conflict=_conflict(cursor))
    elif cursor.accept("check"):
        yield Constraint("check", name, expression=cursor.parenthesised(), conflict=_conflict(cursor))
    elif cursor.accept("foreign", "key"):
        parts = _parts(cursor.parenthesised())
        cursor.expect("references")
        yield Constraint("foreign key", name, parts, reference=_reference(cursor))
    elif not cursor.at_end() and cursor.next_word() not in _CONSTRAINT | {","}:
        raise NotUnderstood(f"{cursor.take().text} is no constraint")


def _constraint_name(cursor: _Cursor) -> str:
    """The name, "" without one; SQLite takes several and keeps the last."""
    name = ""
    while cursor.accept("constraint"):
        name = cursor.name()
    return name


def _conflict(cursor: _Cursor) -> str:
    """What ON CONFLICT says, "" for its default."""
    if not cursor.accept("on", "conflict"):
        return ""
    resolution = cursor.name().upper()
    return "" if resolution == "ABORT" else resolution


def _descending(cursor: _Cursor) -> bool:
    return cursor.accept("desc") or (cursor.accept("asc") and False)


def _reference(cursor: _Cursor) -> Reference:
    table = cursor.name()
    reference = Reference(table, _names(cursor.parenthesised()) if cursor.next_word() == "(" else ())
    while True:
        if cursor.accept("on", "delete"):
            reference = reference._replace(on_delete=_action(cursor))
        elif cursor.accept("on", "update"):
            reference = reference._replace(on_update=_action(cursor))
        elif cursor.accept("on", "insert"):
            _action(cursor)
        elif cursor.accept("match"):
            reference = reference._replace(match=cursor.name().upper())
        elif cursor.accept("not", "deferrable"):
            _initially(cursor)
            reference = reference._replace(deferrable="")
        elif cursor.accept("deferrable"):
            reference = reference._replace(deferrable="DEFERRABLE" + _initially(cursor))
        else:
            return reference


def _action(cursor: _Cursor) -> str:
    for action in (("set", "null"), ("set", "default"), ("no", "action"), ("cascade",), ("restrict",)):
        if cursor.accept(*action):
            return " ".join(action).upper()
    raise NotUnderstood(f"{cursor.take().text} is no action")


def _initially(cursor: _Cursor) -> str:
    if cursor.accept("initially", "deferred"):
        return " INITIALLY DEFERRED"
    cursor.accept("initially", "immediate")
    return ""


def _names(tokens: Tokens) -> tuple[str, ...]:
    if any(len(part) != 1 for part in split(tokens)):
        raise NotUnderstood("a list of names is expected")
    return tuple(_Cursor(part).name() for part in split(tokens))


def _parts(tokens: Tokens) -> tuple[Part, ...]:
    return tuple(_part(part) for part in split(tokens))


def _part(tokens: Tokens) -> Part:
    part = Part(tokens)
    if part.expression[-1:] and part.expression[-1].word == "autoincrement":
        part = part._replace(expression=part.expression[:-1], autoincrement=True)
    if part.expression[-1:] and part.expression[-1].word in ("asc", "desc") and len(part.expression) > 1:
        part = part._replace(expression=part.expression[:-1], descending=part.expression[-1].word == "desc")
    if len(part.expression) > 2 and part.expression[-2].word == "collate":
        part = part._replace(expression=part.expression[:-2], collation=part.expression[-1].text)
    if not part.expression:
        raise NotUnderstood("an empty entry in a list")
    return part
