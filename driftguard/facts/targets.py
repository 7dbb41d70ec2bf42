"""Several live databases, as the command line and lists of them name them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from driftguard.errors import DriftguardError
from driftguard.facts.export import is_export
from driftguard.facts.scene import EXPORTED, NAMED, Live
from driftguard.findings import Severity

LIST = "@"
EXAMPLE = (
    "name URLs such as postgresql://user@host/name, env:NAME or facts:FILE; in a list one a line, as NAME=URL or URL"
)
GIVEN_NAME = re.compile(r"(?P<name>[^\s:/@=]+)\s*=\s*(?P<rest>.+)")
CREDENTIALS = re.compile(r"(?P<scheme>[\w.+-]+://)(?:[^:/]*(?::[^@]*)?@)?(?P<rest>[^?]*)")
"""As SQLAlchemy tells user and password from the rest."""


def several(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> tuple[Live, ...]:
    """The databases that ``--live`` names, if it was given more than once or a list; () if it names one, or none.

    Raises DriftguardError for what cannot be understood; it never repeats it, for it may hold a password.
    """
    if not any(word.startswith(LIST) for word in words) and len(words) < 2:
        return ()
    found = [each for word in words for each in _read(one(word, folder), folder, environ)]
    if not found:
        raise DriftguardError(f"{', '.join(words)}: no database is listed", EXAMPLE)
    return tuple(_named_apart(found))


def one(word: str, folder: Path) -> str:
    """What names one database; a path to exported facts is told as such, and from ``folder``."""
    path = folder / word.removeprefix(EXPORTED)
    plain = "://" not in word and not word.startswith((NAMED, LIST)) and is_export(path)
    return f"{EXPORTED}{path}" if plain or word.startswith(EXPORTED) else word


def shown(url: str) -> str:
    """A URL without user, password and options."""
    found = CREDENTIALS.match(url)
    return f"{found['scheme']}{found['rest']}" if found and url.count("@") < 2 else f"{url.partition('://')[0]}://***"


def _read(word: str, folder: Path, environ: Mapping[str, str]) -> Iterator[Live]:
    if not word.startswith(LIST):
        yield _live(word, "--live", folder, environ)
        return
    path = folder / word.removeprefix(LIST)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DriftguardError(f"{path}: {reason}", f"--live {LIST}FILE names a list of databases: {EXAMPLE}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if (stripped := line.strip()) and not stripped.startswith("#"):
            yield _live(stripped, f"{path}:{number}", path.parent, environ)


def _live(text: str, source: str, folder: Path, environ: Mapping[str, str]) -> Live:
    given = GIVEN_NAME.fullmatch(text)
    name, text = (given["name"], given["rest"]) if given else ("", text)
    text = one(text, folder)
    if text.startswith(EXPORTED):
        file = Path(text.removeprefix(EXPORTED))
        return Live(name=name or file.name, file=file, severity=Severity.ERROR)
    variable = text.removeprefix(NAMED) if text.startswith(NAMED) else ""
    url = environ.get(variable, "") if variable else text
    if variable and not url:
        return Live(name=name or text, unset=variable, severity=Severity.ERROR)
    if "://" not in url:
        raise DriftguardError(f"{source} holds no database URL", EXAMPLE)
    return Live(name=name or (text if variable else shown(url)), url=url, severity=Severity.ERROR)


def _named_apart(lives: Iterable[Live]) -> Iterator[Live]:
    """Each database once; a name that several have is numbered."""
    times: Counter[str] = Counter()
    for live in dict.fromkeys(lives):
        times[live.name] += 1
        number = times[live.name]
        yield live if number == 1 else live.renamed(f"{live.name} ({number})")
