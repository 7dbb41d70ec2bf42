"""Facts about roles as plain data: read from their texts, told of another role, left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded

from driftguard.checks.invisible import invisible
from driftguard.config import EnvironmentSettings, Settings
from driftguard.facts.export import Export, dumped, loaded
from driftguard.facts.exporting import reading_of
from driftguard.facts.readings import Lost, Reading
from driftguard.probe.answers import Address, Database
from driftguard.schema.catalog import Catalog, Name, Scope, make_catalog, make_object
from driftguard.schema.roles import as_run_by, grants, named, without_all_roles

TABLE = Name("table", "", "", "orders")
ODD = '"Odd: ""one""; too"'


def catalog(role: str, **facts: str) -> Catalog:
    """One table that ``role`` has made, unless the facts say otherwise."""
    told = {"kind": "ordinary", "owner": role, **{key.replace("_", " "): text for key, text in facts.items()}}
    defaults = make_object(
        Name("default privileges", "", "", f"FOR ROLE {role} ON TABLES"), {"privileges": "ann: SELECT"}
    )
    return replace(make_catalog("postgresql", "16.1", (make_object(TABLE, dict(told)), defaults)), role=role)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, {}),
        ("ann: SELECT", {"ann": {"SELECT"}}),
        ("PUBLIC: EXECUTE; ann: SELECT*, UPDATE", {"PUBLIC": {"EXECUTE"}, "ann": {"SELECT*", "UPDATE"}}),
        (f"{ODD}: INSERT; ann: SELECT", {ODD: {"INSERT"}, "ann": {"SELECT"}}),
    ],
)
def test_privileges_are_read_from_their_text(text: str | None, expected: dict[str, set[str]]) -> None:
    assert grants(text) == expected


def test_another_role_runs_the_migrations() -> None:
    assert as_run_by(catalog("postgres"), "app") == catalog("app")
    assert as_run_by(catalog("postgres", owner="ann"), "app") == catalog("app", owner="ann")
    assert as_run_by(catalog("postgres"), ODD) == catalog(ODD)


def test_what_it_was_granted_itself_does_not_count() -> None:
    granted = catalog("postgres", privileges="ann: SELECT; app: INSERT", column_a_privileges="app: SELECT")
    assert as_run_by(granted, "app") == catalog("app", privileges="ann: SELECT")


def test_nobody_is_put_in_the_place_of_a_role_that_is_not_known() -> None:
    plain = without_all_roles(catalog("postgres"))
    assert as_run_by(plain, "app") is plain
    assert as_run_by(catalog("postgres"), "") == catalog("postgres")


def test_the_roles_that_facts_speak_of() -> None:
    assert named(catalog(ODD, owner="ann")) == {"ann", 'Odd: "one"; too'}
    assert named(catalog("app", privileges=f"PUBLIC: SELECT; {ODD}: INSERT")) == {"ann", "app", 'Odd: "one"; too'}


def test_without_them_nothing_is_left_that_speaks_of_roles() -> None:
    left = without_all_roles(catalog("app", privileges="ann: SELECT", owner_lacks="INSERT"))
    assert left.objects == (make_object(TABLE, {"kind": "ordinary"}),)
    assert left.role == ""


def test_models_say_nothing_of_them() -> None:
    head = catalog("app", privileges="ann: SELECT", owner_lacks="INSERT", column_a_privileges="ann: SELECT")
    assert invisible(head, catalog("app", owner="ann"), ()) == ()


DATABASE = Database(
    number=0,
    name="",
    dialect="postgresql",
    driver="psycopg",
    address=Address("", "", "", ""),
    live=0,
    shadow="",
    heads=(),
    version_table="alembic_version",
    version_table_schema="",
    include_schemas=False,
    filtered=False,
    has_metadata=True,
    metadata_tables=1,
    operations=(),
    failure=None,
    comparison_failure=None,
)


def read_from_file(tmp_path: Path, exported: Catalog, *, privileges: bool) -> Reading | Lost:
    """What a look at exported facts gives."""
    file = tmp_path / "facts.json"
    file.write_text(dumped(Export("db/shop", "2026-01-02T03:04:05Z", "0.1.0", "public", (), exported)))
    scope = Scope(frozenset({""}), privileges=privileges)
    return reading_of(loaded(file), DATABASE, make_catalog("postgresql", "16", ()), scope)


def test_exported_facts_are_taken_as_far_as_they_are_asked_for(tmp_path: Path) -> None:
    exported = catalog("app", privileges="ann: SELECT")
    found = read_from_file(tmp_path, exported, privileges=True)
    assert isinstance(found, Reading) and found.catalog == exported and found.catalog.role == "app"
    less = read_from_file(tmp_path, exported, privileges=False)
    assert isinstance(less, Reading) and less.catalog == without_all_roles(exported)


def test_facts_that_were_exported_without_them_cannot_tell(tmp_path: Path) -> None:
    found = read_from_file(tmp_path, without_all_roles(catalog("app")), privileges=True)
    assert isinstance(found, Lost) and "owners and privileges" in found.reason


def test_settings_of_one_environment_and_of_all() -> None:
    settings = Settings(environments=(EnvironmentSettings("one", privileges=True), EnvironmentSettings("two")))
    assert [settings.for_environment(each).privileges for each in ("one", "two", "three")] == [True, False, False]
    against = Settings(privileges=True, environments=(EnvironmentSettings("one", privileges=False),))
    assert [against.for_environment(each).privileges for each in ("one", "two")] == [False, True]
    assert against.with_privileges().for_environment("one").privileges


def test_other_servers_say_that_they_are_not_compared(tmp_path: Path) -> None:
    shop = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop", {"SHOP_DATABASE": f"sqlite:///{tmp_path}/shop.db"})
    shop.alembic("upgrade", "head")
    plain, asked = shop.driftguard("check"), shop.driftguard("check", "--privileges")
    said = "owners and privileges (not compared on sqlite)"
    assert (plain.code, said in plain.out, asked.code, said in asked.out) == (0, False, 0, True)
    assert shop.driftguard("check", "--privileges", "--strict-coverage").code == 2
