"""Takes whatever tells who and where, passwords included, out of text for strangers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from driftguard.redaction import redacted

URL = re.compile(
    r"""(?P<scheme>[a-z][a-z0-9+.-]*)://
    (?:(?P<user>[^\s:/@'"]*)(?::(?P<password>[^\s'"]*))?@)?
    (?P<host>\[[^\]\s]*\]|[^\s/:?'"@]*)(?::[\d:,]*)?
    (?P<rest>[^\s'"<>)]*)""",
    re.IGNORECASE | re.VERBOSE,
)
ASSIGNED = re.compile(
    r"""\b((?:host|hostaddr|user|username|dbname|database|db)=)(?:'[^']*'|"[^"]*"|[^\s,;&)]+)""", re.I
)
ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
"""Of machines and of people."""

QUOTED = re.compile(r"""(?<!\w)(?<!File )(?:"[^"]*"|'[^']*')""")
"""What servers and drivers put names in, so not the files of tracebacks."""

TELLING_NAME = re.compile(
    r"PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|USER|LOGNAME|HOST|DATABASE|DB_?NAME|DSN|UR[IL]|^PG|^MYSQL", re.IGNORECASE
)
"""Variables whose values tell who and where."""

PLAIN = frozenset({"", "localhost", "127.0.0.1", "true", "false"})
SHORTEST = 3
"""Letters of a word that is worth hiding; shorter ones are everywhere."""


class Private(NamedTuple):
    """What nobody else may read: ``secrets`` wherever they stand, ``names`` as whole words; ``home`` becomes ``~``."""

    secrets: frozenset[str]
    names: frozenset[str]
    home: str


def private(texts: Iterable[str], variables: Mapping[str, str], names: Iterable[str], home: str) -> Private:
    """What the URLs in ``texts`` and in ``variables`` tell, the values of telling variables, and ``names``."""
    values = [value for name, value in variables.items() if TELLING_NAME.search(name) and name not in ("PWD", "OLDPWD")]
    found = [url for text in (*texts, *variables.values()) for url in URL.finditer(text)]
    secrets = {form for url in found for form in _forms(url["password"] or "")}
    told = {form for url in found for part in _parts(url) for form in _forms(part)}
    return Private(_worth_hiding(secrets), _worth_hiding({*told, *values, *names}), home.rstrip("/"))


def anonymous(text: str, hidden: Private) -> str:
    """``text`` with ``~`` for the home folder and ``***`` for passwords, users, hosts and databases."""
    text = URL.sub(r"\g<scheme>://***", text)
    if hidden.home:
        text = re.sub(rf"{re.escape(hidden.home)}(?!\w)", "~", text)
    for word in sorted(hidden.secrets | hidden.names, key=len, reverse=True):
        found = re.escape(word) if word in hidden.secrets else rf"(?<!\w){re.escape(word)}(?!\w)"
        text = re.sub(found, "***", text)
    return ADDRESS.sub("***", ASSIGNED.sub(r"\1***", redacted(text)))


def unquoted(text: str) -> str:
    """``text`` with ``"…"`` for everything in quotes."""
    return QUOTED.sub('"…"', text)


def dialect_of(url: str) -> str:
    """``postgresql+psycopg`` of any such URL; ``***`` of what is none."""
    found = URL.match(url)
    return found["scheme"] if found else "***"


def _parts(url: re.Match[str]) -> Iterator[str]:
    """Users, hosts, databases, and the values behind the question mark."""
    path, _, query = url["rest"].partition("?")
    values = (each.partition("=")[2] for each in query.split("&"))
    yield from (url["user"] or "", url["host"], path, path.removeprefix("/"), path.rpartition("/")[2])
    yield from (part for value in values for part in (value, *value.split(",")))


def _forms(word: str) -> tuple[str, str]:
    return word, unquote(word)


def _worth_hiding(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word for word in words if len(word) >= SHORTEST and word.lower() not in PLAIN)
