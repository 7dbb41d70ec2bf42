"""Facts about who owns an object and who may do what with it, which other roles stand for on another server.

``owner`` is a role. ``privileges`` are those of everybody else: ``PUBLIC: EXECUTE; reader: SELECT, UPDATE*``, where *
means that they may be handed on. ``owner lacks`` is what the owner itself may not do any more. Attributes that end in
``privileges`` speak of a part: ``column total privileges``. What the role that runs the migrations was granted is never
among them, for it needs that before the first revision.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from driftguard.schema.catalog import Catalog, Object

OWNER, PRIVILEGES, LACKS = "owner", "privileges", "owner lacks"
PUBLIC = "PUBLIC"
DEFAULT_PRIVILEGES = "default privileges"
"""The kind of objects whose names begin with ``FOR ROLE name``."""

DEFAULT_SCHEMA = "default schema"
"""The kind of the one schema that is an object only for its privileges' sake; it may have any name."""

_GRANT = re.compile(r'(?:^|; )((?:"(?:[^"]|"")*"|[^":; ]+)): ([A-Z*, ]+)(?=; |$)')
_FOR_ROLE = "FOR ROLE {} "
_OF_ROLE = re.compile(r'FOR ROLE ("(?:[^"]|"")*"|\S+) ')


def is_about_roles(attribute: str) -> bool:
    """Whether it is one of the facts above."""
    return attribute in (OWNER, LACKS) or attribute.endswith(PRIVILEGES)


def grants(text: str | None) -> Mapping[str, frozenset[str]]:
    """Role, as SQL needs it, to what it may do."""
    return {role: frozenset(words.split(", ")) for role, words in _GRANT.findall(text or "")}


def named(catalog: Catalog) -> frozenset[str]:
    """The roles that its objects speak of, by their plain names."""
    kept = (each.name.name for each in catalog.objects if each.name.kind == DEFAULT_PRIVILEGES)
    givers = {found[1] for each in kept if (found := _OF_ROLE.match(each))}
    texts = [(attribute, text) for each in catalog.objects for attribute, text in each.facts]
    owners = {text for attribute, text in texts if attribute == OWNER}
    others = {role for attribute, text in texts if attribute.endswith(PRIVILEGES) for role in grants(text)}
    return frozenset(map(_plain, givers | owners | others - {PUBLIC}))


def _plain(role: str) -> str:
    return role[1:-1].replace('""', '"') if role.startswith('"') else role


def without_roles(item: Object) -> Object:
    """The object without facts about roles."""
    return replace(item, facts=tuple(each for each in item.facts if not is_about_roles(each[0])))


def without_all_roles(catalog: Catalog) -> Catalog:
    """What reading without owners and privileges would have given."""
    kept = (each for each in catalog.objects if each.name.kind not in (DEFAULT_PRIVILEGES, DEFAULT_SCHEMA))
    return replace(catalog, objects=tuple(map(without_roles, kept)), role="")


def as_run_by(catalog: Catalog, role: str) -> Catalog:
    """The catalog as it would be if ``role`` had run the migrations; as it is where either role is not known."""
    if not role or not catalog.role or role == catalog.role:
        return catalog
    objects = tuple(sorted(_run_by(each, catalog.role, role) for each in catalog.objects))
    return replace(catalog, objects=objects, role=role)


def _run_by(item: Object, before: str, role: str) -> Object:
    name = item.name
    if name.kind == DEFAULT_PRIVILEGES:
        called = _FOR_ROLE.format(before)
        if name.name.startswith(called):
            name = name._replace(name=_FOR_ROLE.format(role) + name.name.removeprefix(called))
    elif not any(is_about_roles(attribute) for attribute, _ in item.facts):
        return item
    facts = ((attribute, _fact(attribute, text, before, role)) for attribute, text in item.facts)
    return replace(item, name=name, facts=tuple((attribute, text) for attribute, text in facts if text))


def _fact(attribute: str, text: str, before: str, role: str) -> str:
    if attribute == OWNER:
        return role if text == before else text
    if attribute.endswith(PRIVILEGES):
        return "; ".join(f"{each[1]}: {each[2]}" for each in _GRANT.finditer(text) if each[1] != role)
    return text
