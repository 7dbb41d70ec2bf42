"""What the guest says, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from driftguard.schema.operations import ClassSource, ModelSources, Operation, TableSource


class Failure(NamedTuple):
    """Something that the project raised: one line, and further lines such as a traceback's tail."""

    message: str
    details: tuple[str, ...] = ()


class FailedRevision(NamedTuple):
    """The revision whose upgrade raised: id, absolute path, the statement if there was one, and the error."""

    revision: str
    path: str
    statement: str
    message: str
    details: tuple[str, ...] = ()


class Address(NamedTuple):
    """Where env.py wanted to connect, without password; "" where unknown."""

    host: str
    port: str
    database: str
    user: str

    def __str__(self) -> str:
        server = ":".join(part for part in (self.host, self.port) if part)
        return "/".join(part for part in (server, self.database) if part)


@dataclass(frozen=True, slots=True)
class Database:
    """One database of an environment as env.py configured it, with its shadow at the end of a run.

    ``number`` is its place in the run, ``live`` the guest's number for its live address, ``heads`` the stamp that the
    run ended with; ``name`` is "" unless env.py configures several.
    """

    number: int
    name: str
    dialect: str
    driver: str
    address: Address
    live: int
    shadow: str
    heads: tuple[str, ...]
    version_table: str
    version_table_schema: str
    include_schemas: bool
    filtered: bool
    has_metadata: bool
    metadata_tables: int
    operations: tuple[Operation, ...]
    failure: FailedRevision | None
    comparison_failure: Failure | None


class Run(NamedTuple):
    """One execution of env.py: the databases it went through, and what stopped it, if anything did.

    ``stand_in``: no URL was to be found, so SQLite stood in. ``replays``: what each database's shadow rests on, in the
    guest's words; None where they cannot be kept. ``abandoned``: a shadow that was lent is not what it has to be.
    ``untouched``: all that were lent are still what they were. ``transcripts``: by shadow, the statements of each
    transaction that was sent to it, where that was asked for and is known.
    """

    databases: tuple[Database, ...]
    error: Failure | None
    stand_in: bool = False
    replays: tuple[Mapping[str, Any], ...] | None = None
    abandoned: bool = False
    untouched: bool = False
    transcripts: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType({})


class ShadowQuestion(NamedTuple):
    """The guest needs a shadow for an engine that is about to connect; ``version`` is the live server's, if known."""

    dialect: str
    driver: str
    live: int
    address: Address
    version: str
    purpose: str


def run_from(data: Mapping[str, Any]) -> Run:
    """The answer to ``run``."""
    replays = data["replay"]
    return Run(
        tuple(map(database_from, data["databases"])),
        _failure_from(data["error"]),
        data["stand_in"],
        None if replays is None else tuple(replays),
        data["abandoned"],
        data["untouched"],
        {url: tuple(map(tuple, transactions)) for url, transactions in data["transcripts"].items()},
    )


def sources_from(data: Mapping[str, Any]) -> ModelSources:
    """The answer to ``sources``."""
    return ModelSources(
        tables=tuple(
            TableSource(each["schema"], each["table"], tuple(map(_class_from, each["classes"])))
            for each in data["tables"]
        ),
        files=tuple(data["files"]),
    )


def question_from(data: Mapping[str, Any]) -> ShadowQuestion:
    """The arguments of the question ``shadow``."""
    return ShadowQuestion(**{**data, "address": Address(**data["address"])})


def database_from(data: Mapping[str, Any]) -> Database:
    """A database as the guest describes it."""
    failure = data["failure"]
    return Database(
        **{
            **data,
            "address": Address(**data["address"]),
            "heads": tuple(data["heads"]),
            "operations": tuple(map(_operation_from, data["operations"])),
            "failure": None if failure is None else FailedRevision(**{**failure, "details": tuple(failure["details"])}),
            "comparison_failure": _failure_from(data["comparison_failure"]),
        }
    )


def _operation_from(data: Mapping[str, Any]) -> Operation:
    return Operation(**{**data, "facts": _pairs(data["facts"])})


def _class_from(data: Mapping[str, Any]) -> ClassSource:
    return ClassSource(data["file"], data["qualname"], _pairs(data["attributes"]))


def _failure_from(data: Mapping[str, Any] | None) -> Failure | None:
    return None if data is None else Failure(data["message"], tuple(data["details"]))


def _pairs(data: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in data)
