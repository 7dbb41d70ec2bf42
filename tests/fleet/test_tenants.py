"""Schemas of tenants: each is compared with what the revisions build in the default schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from guarded import Checked, Guarded, sql
from hooked import COLOUR, HEAD, add_column, add_revision, plain

from driftguard.config import ConfigError, read_settings

NAMES = ("tenant_a", "tenant_b", "tenant_c", 'tenant_"D"')
ONE_TABLE = (
    *(f"DROP TABLE {name}.alembic_version" for name in NAMES[:3]),
    'DROP TABLE "tenant_""D""".alembic_version',
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    f"INSERT INTO alembic_version VALUES ('{HEAD}')",
)


class Tenants:
    """A project, and a database with one schema for each tenant."""

    def __init__(self, project: Guarded, url: str) -> None:
        self.project, self.url = project, url
        for name in NAMES:
            quoted = '"' + name.replace('"', '""') + '"'
            sql(url, f"CREATE SCHEMA {quoted}")
            path = quoted.replace('"', "%22")
            project.environ["SHOP_DATABASE"] = f"{url}&options=-csearch_path%3D{path}"
            project.alembic("upgrade", "head")
        project.environ["SHOP_DATABASE"] = url
        project.write("driftguard.toml", 'tenants = "tenant_*"\n')

    def by_hand(self, *statements: str) -> None:
        sql(self.url, *statements)


@pytest.fixture
def tenants(tmp_path: Path, postgresql_url: str) -> Iterator[Tenants]:
    yield Tenants(plain(tmp_path / "shop"), postgresql_url)


def told(checked: Checked) -> list[tuple[str, str, list[str]]]:
    findings: list[dict[str, Any]] = checked.report["findings"]
    return [(each["code"], each["subject"], each["databases"]) for each in findings]


def test_all_are_as_they_should_be(tenants: Tenants) -> None:
    """Other schemas do not count, nor does a default one without anything that the revisions build."""
    tenants.by_hand("CREATE SCHEMA archive", "CREATE TABLE archive.items (id int)", "CREATE TABLE settings (id int)")
    answer = tenants.project.driftguard("check")
    assert answer.code == 0, answer
    assert "live: migrations: 4 of 4 tenant schemas are as their stamp says\n" in answer.out
    assert "clean: models, head, live and graph are fine" in answer.out

    tenants.by_hand(*ONE_TABLE)
    checked = tenants.project.check()
    assert (checked.code, checked.codes) == (0, [])
    assert {(each["kind"], *each["stamp"]) for each in checked.report["databases"]} == {("tenant schema", HEAD)}


def test_equal_drift_is_told_once(tenants: Tenants) -> None:
    add = "ALTER TABLE {}.items ADD COLUMN zip TEXT"
    tenants.by_hand(add.format("tenant_a"), add.format("tenant_b"), 'DROP INDEX "tenant_""D""".ix_items_name')
    checked = tenants.project.check()
    assert checked.code == 1
    assert told(checked) == [
        ("DG301", "items.ix_items_name", ['tenant_"D"']),
        ("DG301", "items.zip", ["tenant_a", "tenant_b"]),
    ]
    [index, column] = checked.report["findings"]
    assert "in each of these schemas" in column["help"] and "in each of these schemas" not in index["help"]
    for finding in (index, column):
        sql(tenants.url, *("BEGIN", *finding["commands"], "COMMIT"))
    assert told(tenants.project.check()) == [("DG301", "items.zip", ["tenant_b"])]


def test_some_into_which_the_role_may_not_look(tenants: Tenants) -> None:
    tenants.by_hand("DO $$ BEGIN CREATE ROLE tenants_reader LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$")
    for name in NAMES[:2]:
        tenants.by_hand(f"GRANT USAGE ON SCHEMA {name} TO tenants_reader")
        tenants.by_hand(f"GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO tenants_reader")
    tenants.by_hand("ALTER TABLE tenant_a.items ADD COLUMN zip TEXT")
    checked = tenants.project.check("--live", tenants.url.replace("postgres@", "tenants_reader@"))
    assert told(checked) == [
        ("DG301", "items.zip", ["tenant_a"]),
        ("DG904", "2 tenant schemas", ['tenant_"D"', "tenant_c"]),
    ]
    assert "permission denied" in checked.one("DG904")["message"]
    assert {each["name"]: each["state"] for each in checked.report["databases"]} == {
        "tenant_a": "off",
        "tenant_b": "fine",
        "tenant_c": "failed",
        'tenant_"D"': "failed",
    }


def test_one_that_is_behind(tenants: Tenants) -> None:
    add_revision(tenants.project, COLOUR, "colour")
    add_column(tenants.project, "colour")
    tenants.by_hand(
        "ALTER TABLE tenant_a.shelves ADD COLUMN colour VARCHAR(10)",
        f"UPDATE tenant_a.alembic_version SET version_num = '{COLOUR}'",
    )
    assert told(tenants.project.check()) == [("DG302", COLOUR, sorted(NAMES[1:]))]


def test_where_env_py_takes_all_schemas_tenants_are_no_strangers(tenants: Tenants) -> None:
    tenants.project.replace("migrations/env.py", "compare_type=True", "compare_type=True, include_schemas=True")
    tenants.project.alembic("upgrade", "head")
    tenants.by_hand("ALTER TABLE items ADD COLUMN zip TEXT", "CREATE SCHEMA archive")
    checked = tenants.project.check()
    assert told(checked) == [("DG301", "archive", []), ("DG301", "items.zip", [])]
    assert {each["state"] for each in checked.report["databases"]} == {"fine"}


def test_a_database_without_tenants_is_told_as_ever(tenants: Tenants) -> None:
    tenants.project.write("driftguard.toml", 'tenants = ["customer_?", "client_*"]\n')
    tenants.project.alembic("upgrade", "head")
    checked = tenants.project.check()
    assert (checked.code, checked.codes, checked.report["databases"]) == (0, [], [])


def test_exported_facts_hold_no_tenants(tenants: Tenants) -> None:
    file = tenants.project.root / "facts.json"
    file.write_text(tenants.project.driftguard("facts", tenants.url).out)
    checked = tenants.project.check("--live", "facts.json")
    assert (checked.code, checked.codes) == (2, ["DG904"])
    assert "hold no tenants" in checked.one("DG904")["message"]


def test_tenants_of_several_databases(tenants: Tenants) -> None:
    tenants.by_hand("ALTER TABLE tenant_a.items ADD COLUMN zip TEXT")
    (tenants.project.root.parent / "list").write_text(f"here = {tenants.url}\n")
    checked = tenants.project.check("--live", "@../list")
    assert told(checked) == [("DG301", "items.zip", ["here/tenant_a"])]
    assert len(checked.report["databases"]) == len(NAMES)


@pytest.mark.parametrize("given", ["tenant_*", ["tenant_*"]])
def test_the_setting(given: object) -> None:
    assert read_settings({"tenants": given}, "driftguard.toml").tenants == ("tenant_*",)


@pytest.mark.parametrize("given", [1, [1], "", ["a", ""]])
def test_what_is_no_pattern(given: object) -> None:
    with pytest.raises(ConfigError, match="tenants: must"):
        read_settings({"tenants": given}, "driftguard.toml")
