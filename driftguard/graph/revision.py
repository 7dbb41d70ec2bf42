"""One revision file, read without running it."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from posixpath import basename
from typing import NamedTuple

from driftguard.graph.literals import Binding, Known, Unknown, read_names

# As in alembic/script: `_only_source_rev_file` and `_legacy_rev` of base.py, `verify_rev_id` of revision.py.
SOURCE_NAME = re.compile(r"(?!\.#|__init__).*\.py")
ID_FROM_NAME = re.compile(r"([a-f0-9]+)\.py")
FORBIDDEN_IN_ID = frozenset("@-+:")
CONFLICT_MARKER = re.compile(rb"^(?:<{7} |={7}\r?$|>{7} )", re.MULTILINE)
SAYS = re.compile(r"^[ \t]*(Revision ID|Revises):[ \t]*(.*)$", re.MULTILINE)
SEPARATORS = re.compile(r"""[\s,()\[\]{}'"`]+""")
NO_PARENT = frozenset({"None", "none", "base", "<base>", "-"})
PLAIN_ID = re.compile(rb"""^revision\b[^=\n]*=\s*["']([^"'\n]+)["']""", re.MULTILINE)


class Revision(NamedTuple):
    """One revision. ``down``, ``depends_on`` and ``labels`` hold the texts that the file has, in its order.

    ``line`` and ``down_line`` are where its id and its parents are assigned, ``doc`` is the first line of its
    docstring, ``location`` the version location that it was found in. ``stale`` are the lines of the docstring that say
    another id or other parents, each with its number.
    """

    id: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    path: str = ""
    line: int = 1
    down_line: int = 1
    doc: str = ""
    location: str = ""
    stale: tuple[tuple[int, str], ...] = ()


class Unreadable(NamedTuple):
    """A file that Alembic takes for a revision, or refuses, and whose text does not say which one it is.

    ``reason`` is a sentence without its full stop; ``ids`` are those that the text seems to define.
    """

    path: str
    line: int
    reason: str
    ids: tuple[str, ...] = ()

    def may_define(self, id_: str) -> bool:
        """Whether the revision ``id_`` may be in this file, by its text or by its name."""
        return id_ in self.ids or (bool(id_) and id_ in basename(self.path))


class _Refused(Exception):
    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def is_revision_name(path: str) -> bool:
    """Whether Alembic looks into a file of this name at all."""
    return SOURCE_NAME.fullmatch(basename(path)) is not None


@lru_cache(8192)
def parse_revision(source: bytes, path: str, location: str = "") -> Revision | Unreadable | None:
    """What a file says about itself; None for files that Alembic passes over.

    Depends on the arguments alone, so an answer may be remembered by them. Nothing is raised, whatever is in it.
    """
    if not is_revision_name(path):
        return None
    if (usual := _usual_revision(source, path, location)) is not None:
        return usual
    try:
        return _revision(_parse(source), path, location)
    except RecursionError:
        return Unreadable(path, 1, "it is nested too deeply to be read")
    except _Refused as refused:
        ids = tuple(sorted({found.decode(errors="replace") for found in PLAIN_ID.findall(source)}))
        return Unreadable(path, refused.line, refused.reason, ids)


def _usual_revision(source: bytes, path: str, location: str) -> Revision | None:
    """The answer for a file in the usual form, without a syntax tree."""
    from driftguard.graph.template import read_head  # its patterns take long to compile, and a warm memory needs none

    head = read_head(source)
    if head is None or not {"revision", "down_revision"} <= head.names.keys():
        return None
    (id_, line), (down, down_line) = head.names["revision"], head.names["down_revision"]
    if not isinstance(id_, str) or not id_ or FORBIDDEN_IN_ID & set(id_):
        return None
    return Revision(
        id=id_,
        down=_as_texts(down),
        depends_on=tuple(filter(None, _as_texts(head.value("depends_on")))),
        labels=tuple(filter(None, _as_texts(head.value("branch_labels")))),
        path=path,
        line=line,
        down_line=down_line,
        doc=head.doc,
        location=location,
        stale=_stale(head.docstring, head.docstring_line, id_, _as_texts(down)),
    )


def _as_texts(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """None is no text, and each text counts once."""
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value or ()))


def _parse(source: bytes) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if marker := CONFLICT_MARKER.search(source):
            line = source.count(b"\n", 0, marker.start()) + 1
            raise _Refused("it has conflict markers of an unfinished merge", line) from error
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        line = (error.lineno if isinstance(error, SyntaxError) else None) or 1
        raise _Refused(f"it is no valid Python: {reason}", line) from error


def _revision(module: ast.Module, path: str, location: str) -> Revision:
    names = read_names(module)
    if (imported := names.get("*")) is not None:
        names = {"revision": imported, "down_revision": imported} | names
    id_, line = _id(names, path)
    if "down_revision" not in names:
        raise _Refused("it sets `revision` but no `down_revision`", line)
    doc = (ast.get_docstring(module) or "").partition("\n")[0].strip()
    written = ast.get_docstring(module, clean=False) or ""
    down = _texts(names, "down_revision")
    return Revision(
        id=id_,
        down=down,
        depends_on=tuple(filter(None, _texts(names, "depends_on"))),
        labels=tuple(filter(None, _texts(names, "branch_labels"))),
        path=path,
        line=line,
        down_line=names["down_revision"].line,
        doc=doc,
        location=location,
        stale=_stale(written, module.body[0].lineno if written else 0, id_, down),
    )


def _stale(docstring: str, first: int, id_: str, down: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """What lies beside the truth; words behind the ids do not count."""
    return tuple(
        (first + docstring.count("\n", 0, found.start()), found[0].strip())
        for found in SAYS.finditer(docstring)
        if not _says_so(set(SEPARATORS.split(found[2].strip())) - {""}, (id_,) if found[1] == "Revision ID" else down)
    )


def _says_so(words: set[str], ids: tuple[str, ...]) -> bool:
    return words.issuperset(ids) if ids else not words - NO_PARENT


def _id(names: dict[str, Binding], path: str) -> tuple[str, int]:
    if "revision" not in names:
        from_name = ID_FROM_NAME.fullmatch(basename(path))
        if from_name is None:
            raise _Refused("it sets no `revision`, and Alembic refuses such a file in a version location", 1)
        return from_name[1], 1
    match names["revision"]:
        case Known(value=str(id_), line=line) if id_ and not FORBIDDEN_IN_ID & set(id_):
            return id_, line
        case Known(value=str(id_), line=line) if id_:
            characters = " ".join(sorted(FORBIDDEN_IN_ID & set(id_)))
            raise _Refused(f"Alembic allows no {characters} in a revision id ({id_!r})", line)
        case Known(value=value, line=line):
            raise _Refused(f"its `revision` is {value!r} and not a text", line)
        case Unknown(reason=reason, line=line):
            raise _Refused(f"its `revision` {reason}", line)


def _texts(names: dict[str, Binding], name: str) -> tuple[str, ...]:
    """The ids or labels that ``name`` stands for: none for None, () and (None,), as in Alembic."""
    match names.get(name):
        case None | Known(value=None | (None,)):
            return ()
        case Known(value=str(text)):
            return (text,)
        case Known(value=tuple(texts), line=line):
            if all(isinstance(text, str) for text in texts):
                return tuple(dict.fromkeys(texts))
            raise _Refused(f"its `{name}` has something else than texts in it", line)
        case Known(value=value, line=line):
            raise _Refused(f"its `{name}` is {value!r}, which names no revision", line)
        case Unknown(reason=reason, line=line):
            raise _Refused(f"its `{name}` {reason}", line)
