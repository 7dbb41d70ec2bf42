"""The statements that bring owners and privileges back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftguard.catalog.postgresql.clauses import reference
from driftguard.catalog.postgresql.naming import qualify, quote
from driftguard.schema.catalog import Catalog, Name, Object
from driftguard.schema.roles import (
    DEFAULT_PRIVILEGES,
    DEFAULT_SCHEMA,
    LACKS,
    OWNER,
    PRIVILEGES,
    grants,
    is_about_roles,
)

_PUBLICS = {
    **dict.fromkeys(("FUNCTIONS", "aggregate", "function", "procedure"), "PUBLIC: EXECUTE"),
    **dict.fromkeys(("TYPES", "domain", "enum", "language", "type"), "PUBLIC: USAGE"),
}
"""What everybody may do with something new, to kinds and to what ALTER DEFAULT PRIVILEGES calls them."""

_WORDS = {
    "AGGREGATE": "FUNCTION",
    "DOMAIN": "TYPE",
    "MATERIALIZED VIEW": "TABLE",
    "SERVER": "FOREIGN SERVER",
    "VIEW": "TABLE",
}
"""How ``reference`` begins, and what GRANT says instead."""

_DEFAULTS = re.compile(r'(FOR ROLE ("(?:[^"]|"")*"|\S+).*) ON ([A-Z ]+)')


def granted(item: Object, catalog: Catalog) -> tuple[str, ...]:
    """What an object needs that the role of the catalog has just made, to have its owner and its privileges."""
    if not any(is_about_roles(attribute) for attribute, _ in item.facts):
        return ()
    owner = () if item[OWNER] is None else ((OWNER, catalog.role),)
    fresh = Object(item.name, (*owner, *_when_new(item.name)))
    return regranted(item, fresh)


def regranted(was: Object, now: Object) -> tuple[str, ...]:
    """What gives an object that is there its owner and its privileges again; () if there are no statements for it."""
    names = {name for name, _ in (*was.facts, *now.facts) if is_about_roles(name)}
    attributes = sorted(names, key=lambda name: (name != OWNER, name))  # a new owner gets what the one before had
    statements: list[str] = []
    for attribute in attributes:
        if was[attribute] != now[attribute]:
            made = tuple(_statements(attribute, was, now))
            if not made:
                return ()
            statements += made
    return tuple(statements)


def redefaulted(name: Name, was: Object | None, now: Object | None) -> tuple[str, ...]:
    """As ``regranted``, for default privileges; those of a role that has none are what the server gives."""
    none = Object(name, tuple(_when_new(name)))
    return regranted(was or none, now or none)


def _when_new(name: Name) -> Iterator[tuple[str, str]]:
    found = _DEFAULTS.fullmatch(name.name) if name.kind == DEFAULT_PRIVILEGES else None
    what = found[3] if found and " IN SCHEMA " not in found[1] else name.kind
    if what in _PUBLICS:
        yield PRIVILEGES, _PUBLICS[what]


def _statements(attribute: str, was: Object, now: Object) -> Iterator[str]:
    if attribute == OWNER and was[OWNER]:
        yield f"ALTER {reference(was)} OWNER TO {was[OWNER]}"
    elif attribute == LACKS:
        yield from _of_owner(was, now)
    elif attribute.endswith(PRIVILEGES) and not attribute.startswith("identity"):
        yield from _of_others(attribute, was, now)


def _of_owner(was: Object, now: Object) -> Iterator[str]:
    found = _DEFAULTS.fullmatch(was.name.name) if was.name.kind == DEFAULT_PRIVILEGES else None
    owner = found[2] if found else was[OWNER]
    lacks, lacked = (set((each[LACKS] or "").split(", ")) - {""} for each in (was, now))
    if owner and lacked - lacks:
        yield _statement("GRANT", lacked - lacks, was, PRIVILEGES, f"TO {owner}")
    if owner and lacks - lacked:
        yield _statement("REVOKE", lacks - lacked, was, PRIVILEGES, f"FROM {owner}")


def _of_others(attribute: str, was: Object, now: Object) -> Iterator[str]:
    wanted, present = grants(was[attribute]), grants(now[attribute])
    for role in sorted(wanted.keys() | present.keys()):
        should, may = wanted.get(role, frozenset()), present.get(role, frozenset())
        less, more = _plain(may) - _plain(should), _plain(should) - _plain(may)
        no_further = _handed_on(may) - _handed_on(should) - less
        further = _handed_on(should) - _handed_on(may)
        if less:
            yield _statement("REVOKE", less, was, attribute, f"FROM {role}")
        if no_further:
            yield _statement("REVOKE GRANT OPTION FOR", no_further, was, attribute, f"FROM {role}")
        if more - further:
            yield _statement("GRANT", more - further, was, attribute, f"TO {role}")
        if further:
            yield _statement("GRANT", further, was, attribute, f"TO {role} WITH GRANT OPTION")


def _plain(words: frozenset[str]) -> frozenset[str]:
    return frozenset(each.rstrip("*") for each in words)


def _handed_on(words: frozenset[str]) -> frozenset[str]:
    return frozenset(each.rstrip("*") for each in words if each.endswith("*"))


def _statement(verb: str, words: set[str] | frozenset[str], item: Object, attribute: str, roles: str) -> str:
    kind, _, _, name = item.name
    if found := _DEFAULTS.fullmatch(name) if kind == DEFAULT_PRIVILEGES else None:
        return f"ALTER DEFAULT PRIVILEGES {found[1]} {verb} {', '.join(sorted(words))} ON {found[3]} {roles}"
    column = quote(name) if kind == "column" else attribute.removesuffix(PRIVILEGES).strip().removeprefix("column ")
    listed = ", ".join(f"{each} ({column})" if column else each for each in sorted(words))
    return f"{verb} {listed} ON {_target(item)} {roles}"


def _target(item: Object) -> str:
    """The object as GRANT takes it."""
    kind, schema, table, name = item.name
    if kind in ("column", "table"):
        return f"TABLE {qualify(schema, table or name)}"
    if kind == DEFAULT_SCHEMA:
        return f"SCHEMA {quote(name)}"
    spelled = reference(item)
    word = next((each for each in _WORDS if spelled.startswith(f"{each} ")), "")
    return f"{_WORDS[word]}{spelled.removeprefix(word)}" if word else spelled
