"""Patterns of live objects that nobody wants to hear of: what they mean, what they leave, and what is said of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hooked import plain

from driftguard.catalog.postgresql.coverage import KINDS as GENERIC
from driftguard.catalog.postgresql.restoring import DROPPED
from driftguard.config import ConfigError, read_settings
from driftguard.object_patterns import KINDS, parse
from driftguard.schema.catalog import Catalog, Name, make_catalog, make_object
from driftguard.schema.diff import diff
from driftguard.schema.ignoring import ignore

LEGACY = Name("table", "", "", "legacy_orders")
LEGACY_COLUMN = Name("column", "", "legacy_orders", "id")
LEGACY_INDEX = Name("index", "", "legacy_orders", "ix_total")
ARCHIVED = Name("table", "archive", "", "legacy_orders")
ARCHIVED_COLUMN = Name("column", "archive", "legacy_orders", "id")
USERS = Name("table", "", "", "users")
TMP = Name("column", "", "users", "tmp_flag")
NAME = Name("column", "", "users", "name")
TMP_INDEX = Name("index", "", "users", "ix_tmp_name")
REPORT = Name("view", "reports", "", "monthly")
REPORT_COLUMN = Name("column", "reports", "monthly", "sum")
SCHEMA = Name("schema", "", "", "reports")
TRIGGER = Name("trigger", "", "users", "audit")
FAST = Name("materialized view", "", "", "fast")
EVERYTHING = (
    *(LEGACY, LEGACY_COLUMN, LEGACY_INDEX, ARCHIVED, ARCHIVED_COLUMN, USERS, TMP, NAME, TMP_INDEX),
    *(REPORT, REPORT_COLUMN, SCHEMA, TRIGGER, FAST),
)


def catalog(*names: Name) -> Catalog:
    return make_catalog("postgresql", "16", [make_object(name, {}) for name in names])


def taken(*words: str) -> set[Name]:
    kept = ignore(words, catalog(), catalog(*EVERYTHING)).live
    return set(EVERYTHING) - {item.name for item in kept.objects}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param(
            "table:legacy_orders", {LEGACY, LEGACY_COLUMN, LEGACY_INDEX, ARCHIVED, ARCHIVED_COLUMN}, id="name"
        ),
        pytest.param("table:archive.legacy_*", {ARCHIVED, ARCHIVED_COLUMN}, id="a schema's"),
        pytest.param("table:legacy_", set(), id="a beginning is no pattern"),
        pytest.param("table:LEGACY_*", set(), id="letters count as they are"),
        pytest.param("view:legacy_*", set(), id="another kind"),
        pytest.param("column:users.tmp_*", {TMP}, id="columns of one table"),
        pytest.param("column:tmp_*", {TMP}, id="columns of any table"),
        pytest.param("column:legacy_orders.*", {LEGACY_COLUMN, ARCHIVED_COLUMN}, id="the columns and not the table"),
        pytest.param("index:*.ix_tmp_*", {TMP_INDEX}, id="indexes of any table"),
        pytest.param("index:ix_tmp_*", {TMP_INDEX}, id="indexes by their own names"),
        pytest.param("view:reports.*", {REPORT, REPORT_COLUMN}, id="the views of a schema"),
        pytest.param("schema:reports", {SCHEMA, REPORT, REPORT_COLUMN}, id="a schema with all that is in it"),
        pytest.param("trigger:users.audit", {TRIGGER}, id="a trigger"),
        pytest.param("materialized_view:fast", {FAST}, id="a kind of two words"),
        pytest.param("DG201", set(), id="a rule is no pattern"),
    ],
)
def test_what_a_pattern_means(pattern: str, expected: set[Name]) -> None:
    assert taken(pattern) == expected


@pytest.mark.parametrize(
    ("words", "expected", "live", "told"),
    [
        pytest.param(
            ["table:legacy_*"], [], [LEGACY, LEGACY_COLUMN], (("table:legacy_*", 1),), id="a table counts once"
        ),
        pytest.param(["column:tmp_*"], [USERS, TMP], [USERS, TMP], (("column:tmp_*", 0),), id="no difference"),
        pytest.param(["column:tmp_*"], [USERS, TMP], [USERS], (("column:tmp_*", 1),), id="dropped"),
        pytest.param(["view:v_*"], [USERS], [USERS], (), id="it means nothing"),
        pytest.param(["table:legacy_*", "table:*"], [], [LEGACY], (("table:legacy_*", 1),), id="the first counts"),
    ],
)
def test_how_many_are_told(
    words: list[str], expected: list[Name], live: list[Name], told: tuple[tuple[str, int], ...]
) -> None:
    found = ignore(words, catalog(*expected), catalog(*live))
    assert found.differences == told
    assert found.expected is not None
    assert not diff(found.expected, found.live)


def test_what_is_beside_an_ignored_object_is_told() -> None:
    found = ignore(["column:tmp_*"], catalog(USERS), catalog(USERS, TMP, NAME))
    assert [each.name for each in diff(found.expected or catalog(), found.live)] == [NAME]


def test_every_kind_that_a_finding_can_name() -> None:
    assert {*DROPPED, *(each.kind for each in GENERIC)} <= {*KINDS}


@pytest.mark.parametrize(
    ("word", "refusal"),
    [
        pytest.param("tabel:legacy_*", 'there is no kind of object "tabel", did you mean "table"?', id="misspelt"),
        pytest.param("DG2o1", 'no rule is called "DG2o1"', id="a rule that is none"),
        pytest.param("table:", '"table:" names nothing', id="no name"),
        pytest.param(":users", 'there is no kind of object ""', id="no kind"),
    ],
)
@pytest.mark.parametrize("place", [{}, {"environments": {}}], ids=["for all", "for an environment"])
def test_mistakes(word: str, refusal: str, place: dict[str, object]) -> None:
    table = {"environments": {"main": {"ignore": [word]}}} if place else {"ignore": [word]}
    with pytest.raises(ConfigError) as raised:
        read_settings(table, "driftguard.toml")
    assert refusal in raised.value.message


def test_a_catalog_of_a_server_to_come_is_a_kind() -> None:
    assert parse("pg_new_thing:x").kind == "pg_new_thing"
    assert read_settings({"ignore": ["pg_new_thing:x"]}, "driftguard.toml").ignore == ("pg_new_thing:x",)


def test_a_check(tmp_path: Path) -> None:
    project = plain(tmp_path / "shop")
    project.alembic("upgrade", "head")
    with closing(sqlite3.connect(project.root / "shop.db")) as connection:
        connection.executescript("CREATE TABLE legacy_a (id INTEGER); CREATE TABLE legacy_b (id INTEGER);")
        connection.executescript("CREATE INDEX ix_mine ON items (shelf_id)")
    found = project.check("--ignore", "table:legacy_*", "--ignore", "view:nothing")
    assert found.told == {("DG301", "items.ix_mine")}
    assert any(line.endswith("2 differences ignored by table:legacy_*") for line in found.report["checked"])
    assert [note for note in found.report["notes"] if "view:nothing" in note]
    project.write("driftguard.toml", 'ignore = ["table:legacy_*", "index:items.*"]\n')
    clean = project.check()
    assert (clean.code, clean.codes, clean.report["states"]["live"]) == (0, [], "fine")
    unread = project.check("--ignore", "view:nothing", "--live", "off")
    assert not [note for note in unread.report["notes"] if "view:nothing" in note]
    wrong = project.driftguard("check", "--ignore", "tabel:legacy_*")
    assert wrong.code == 2
    assert 'did you mean "table"?' in wrong.err
