"""Facts in a file: they say what the database itself would, and are refused where they cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chosen import chosen
from fixtures.mariadb import MariadbServer
from fixtures.postgresql import PostgresqlServer
from fleet.conftest import Fleet
from guarded import Guarded, sql
from hooked import plain
from sqlalchemy import make_url

from driftguard.facts.export import FORMAT, Export, Unusable, Version, dumped, is_export, loaded
from driftguard.schema import select
from driftguard.schema.catalog import Name, Scope, make_catalog, make_object

SECRET = "hunter2"
DRIFT = ("ALTER TABLE items ADD COLUMN zip VARCHAR(5)", "ALTER TABLE items DROP COLUMN price")
UNSTAMPED = "DROP TABLE alembic_version"

EXPORT = Export(
    "db:5432/shop",
    "2026-01-02T03:04:05Z",
    "0.1.0",
    "public",
    (Version("", "alembic_version", ("3f2a",)),),
    make_catalog(
        "postgresql",
        "16.1",
        (
            make_object(Name("table", "", "", "items"), {}),
            make_object(Name("column", "", "items", "name"), {"type": "text", "default": "'é\\n\"x\"'::text"}),
            make_object(Name("unique", "", "items", "items_name_key"), {"columns": "name"}, anonymous=True),
        ),
        ("cast a AS b (not compared)",),
    ),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(dumped(EXPORT))
    assert loaded(file) == EXPORT and is_export(file)


def test_an_empty_database(tmp_path: Path) -> None:
    empty = EXPORT._replace(versions=(), catalog=make_catalog("sqlite", "3", ()))
    (tmp_path / "facts.json").write_text(dumped(empty))
    assert loaded(tmp_path / "facts.json") == empty


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(None, "No such file", id="no file"),
        pytest.param("", "no facts of driftguard, or only a part", id="an empty file"),
        pytest.param(dumped(EXPORT)[:-60], "only a part of them", id="half a file"),
        pytest.param("[]", "holds no facts of driftguard", id="other JSON"),
        pytest.param(dumped(EXPORT).replace("text", "int"), "changed or damaged", id="somebody changed it"),
        pytest.param(dumped(EXPORT).replace('"digest"', '"other"'), "changed or damaged", id="without its digest"),
        pytest.param(
            dumped(EXPORT).replace(f'facts": {FORMAT}', f'facts": {FORMAT + 1}').replace("0.1.0", "9.0"),
            "newer driftguard (9.0)",
            id="a newer one",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "facts.json").write_text(text)
    with pytest.raises(Unusable, match=said.replace("(", r"\(").replace(")", r"\)")):
        loaded(tmp_path / "facts.json")


@pytest.mark.parametrize("text", ["", "{}", "[tool.driftguard]", "sqlite:///x.db"])
def test_other_files_are_not_taken_for_facts(tmp_path: Path, text: str) -> None:
    (tmp_path / "other").write_text(text)
    assert not is_export(tmp_path / "other") and not is_export(tmp_path / "none")


def test_a_scope_leaves_out_what_a_reader_would() -> None:
    names = (
        Name("table", "", "", "items"),
        Name("column", "", "items", "name"),
        Name("table", "", "", "alembic_version"),
        Name("column", "", "alembic_version", "version_num"),
        Name("table", "other", "", "alembic_version"),
        Name("schema", "", "", "other"),
        Name("extension", "", "", "citext"),
    )
    catalog = make_catalog("postgresql", "16", (make_object(name, {}) for name in names))
    scope = Scope(frozenset({""}), frozenset({("", "alembic_version")}))
    left = {item.name for item in select.scoped(catalog, scope).objects}
    assert left == {names[0], names[1], names[6]}
    assert select.scoped(catalog, Scope()) == catalog


@pytest.fixture(params=chosen(["postgresql", "mariadb", "sqlite"], 1))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'live.db'}"
        return
    server: PostgresqlServer | MariadbServer = request.getfixturevalue(f"{request.param}_server")
    url = server.create()
    yield url
    server.drop(url)


def verdict(project: Guarded, *arguments: str) -> dict[str, Any]:
    """All of the report but the line that says where it was looked."""
    report = project.check(*arguments).report
    return {key: value for key, value in report.items() if key != "checked"}


def test_the_same_verdict_as_from_the_database(tmp_path: Path, url: str) -> None:
    project = plain(tmp_path / "shop")
    project.environ["SHOP_DATABASE"] = url
    project.alembic("upgrade", "head")
    file = tmp_path / "facts.json"
    for statements in ((), DRIFT, (UNSTAMPED,)):
        sql(url, *statements)
        file.write_text(project.driftguard("facts", url).out)
        there = verdict(project, "--live", url)
        assert verdict(project, "--live", str(file)) == there
        assert bool(there["findings"]) == bool(statements)
        assert there["states"]["live"] == ("off" if statements else "fine")


def test_among_many(fleet: Fleet) -> None:
    fleet.by_hand("tenant_2", "ALTER TABLE items ADD COLUMN zip TEXT")
    text = fleet.project.driftguard("facts", fleet.url("tenant_2")).out
    (fleet.folder / "two.json").write_text(text)
    (fleet.folder / "three.json").write_text(text[:-100])
    fleet.names = ("tenant_1",)
    checked = fleet.project.check("--live", fleet.listed("two = facts:two.json", "three.json", "facts:three.json"))
    assert {each["name"]: each["state"] for each in checked.report["databases"]} == {
        "tenant_1": "fine",
        "two": "off",
        "three.json": "failed",
    }


def test_facts_of_another_kind_of_server(fleet: Fleet) -> None:
    file = fleet.folder / "postgresql.json"
    file.write_text(dumped(EXPORT))
    checked = fleet.project.check("--live", str(file))
    assert (checked.code, checked.codes) == (2, ["DG904"])
    assert "env.py configures sqlite, but these are facts of postgresql" in checked.one("DG904")["message"]


def test_the_database_of_env_py(fleet: Fleet) -> None:
    answer = fleet.project.driftguard("facts")
    assert json.loads(answer.out)["address"] == str(fleet.file("first"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sqlite:////nowhere/at/all.db"], "there is no such file"),
        (["env:NOWHERE"], "NOWHERE, which is not set"),
        (["nonsense"], "no database URL"),
        (["-e", "other"], "no environment other"),
        ([f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/shop"], "start it"),
    ],
)
def test_what_cannot_be_exported(fleet: Fleet, arguments: list[str], said: str) -> None:
    answer = fleet.project.driftguard("facts", *arguments)
    assert (answer.code, answer.out, said in answer.err) == (2, "", True), answer
    assert SECRET not in answer.err


def test_by_a_role_that_may_only_select(fleet: Fleet, postgresql_url: str) -> None:
    """Other schemas are in the file, and not compared where the revisions do not know them."""
    fleet.project.environ["SHOP_DATABASE"] = postgresql_url
    fleet.project.alembic("upgrade", "head")
    sql(
        postgresql_url,
        "CREATE SCHEMA archive",
        "CREATE TABLE archive.items (id int)",
        "DO $$ BEGIN CREATE ROLE shop_selects LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_selects",
    )
    url = postgresql_url.replace("postgres@", f"shop_selects:{SECRET}@")
    answer = fleet.project.driftguard("facts", url)
    assert answer.code == 0 and SECRET not in answer.out and "shop_selects" not in answer.out, answer
    assert json.loads(answer.out)["address"].endswith(str(make_url(url).database))
    (fleet.folder / "facts.json").write_text(answer.out)
    checked = fleet.project.check("--live", str(fleet.folder / "facts.json"))
    assert (checked.code, checked.codes) == (0, [])


SEVERAL = """
from alembic import context
from models import Base
from sqlalchemy import create_engine

for name in ("north", "south"):
    with create_engine(f"sqlite:///{name}.db").connect() as connection:
        context.configure(connection, target_metadata=Base.metadata, upgrade_token=f"{name}_upgrades")
        with context.begin_transaction():
            context.run_migrations()
"""


def test_one_file_is_not_several_databases(fleet: Fleet) -> None:
    file = fleet.folder / "facts.json"
    file.write_text(fleet.project.driftguard("facts", fleet.url("first")).out)
    fleet.project.write("migrations/env.py", SEVERAL)
    for live in (str(file), fleet.listed()):
        checked = fleet.project.check("--live", live)
        assert (checked.code, set(checked.codes)) == (2, {"DG904"})
        assert all("env.py configures several databases" in each["message"] for each in checked.report["findings"])
    answer = fleet.project.driftguard("facts")
    assert (answer.code, "name one by its URL" in answer.err) == (2, True), answer
