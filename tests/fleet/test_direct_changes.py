"""Direct changes of one database: renames are recognised, tables keep together, one difference is one finding."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from fleet.conftest import Fleet
from guarded import sql
from sqlalchemy import make_url

from driftguard.catalog import CATALOGS
from driftguard.checks.live import LiveInput, direct_ddl
from driftguard.findings import Finding
from driftguard.report import text
from driftguard.report.paint import plain
from driftguard.schema.catalog import Catalog, Name, Object, make_catalog, make_object
from driftguard.schema.diff import diff
from driftguard.schema.renames import with_renames
from driftguard.verdict import FOUR, judge


def table(name: str, /, **columns: str) -> list[Object]:
    whole = make_object(Name("table", "", "", name), {})
    return [whole, *(make_object(Name("column", "", name, each), {"type": kind}) for each, kind in columns.items())]


def unique(owner: str, columns: str, name: str, *, anonymous: bool = False) -> Object:
    return make_object(Name("unique", "", owner, name), {"columns": columns}, anonymous=anonymous)


def catalog(*objects: Object) -> Catalog:
    return make_catalog("postgresql", "16", objects)


def found(expected: Catalog, live: Catalog) -> list[Finding]:
    given = LiveInput(
        stamp=("3f2a",),
        heads=("3f2a",),
        pending=(),
        unknown=(),
        expected=expected,
        live=live,
        head=expected,
        in_models=frozenset,
        matching=(),
        was_seen={},
        restore=CATALOGS[expected.dialect].restore,
        database="shop",
        upgrade_command="alembic upgrade",
        downgrade_command="alembic downgrade",
        stamp_command="alembic stamp",
    )
    return list(direct_ddl(given))


PEOPLE = table("people", id="integer", last="text", born="date")
HOUSES = table("houses", id="integer")


@pytest.mark.parametrize(
    ("was", "now", "messages"),
    [
        pytest.param(
            PEOPLE,
            table("people", id="integer", surname="text", born="date"),
            ["people.last looks renamed: was last, is surname"],
            id="a renamed column",
        ),
        pytest.param(
            PEOPLE,
            table("people", id="integer", surname="text", died="date"),
            ["people.born looks renamed: was born, is died", "people.last looks renamed: was last, is surname"],
            id="two that cannot be mixed up",
        ),
        pytest.param(
            [*PEOPLE, unique("people", "id, last", "uq"), unique("people", "last", "people_last_key", anonymous=True)],
            [
                *table("people", id="integer", surname="text", born="date"),
                unique("people", "id, surname", "uq"),
                unique("people", "surname", "people_surname_key", anonymous=True),
            ],
            ["people.last looks renamed: was last, is surname"],
            id="with the constraints on it",
        ),
    ],
)
def test_renames(was: list[Object], now: list[Object], messages: list[str]) -> None:
    assert [each.message for each in found(catalog(*was), catalog(*now))] == messages


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(table("people", id="integer", surname="varchar", born="date"), id="another type"),
        pytest.param(table("people", id="integer", a="text", b="text", born="date"), id="two that would fit"),
        pytest.param(table("people", id="integer", born="date"), id="only dropped"),
        pytest.param([*PEOPLE, *table("houses", id="integer", last="text")[2:]], id="only added, in another table"),
        pytest.param(
            [*table("people", id="integer", born="date"), *table("houses", id="integer", surname="text")[2:]],
            id="into another table",
        ),
        pytest.param(
            [*table("people", id="integer", surname="varchar", born="date"), unique("people", "surname", "uq")],
            id="with a constraint of its own",
        ),
    ],
)
def test_no_renames(now: list[Object]) -> None:
    differences = diff(catalog(*PEOPLE, *HOUSES), catalog(*now, *HOUSES))
    assert with_renames(differences) == differences != ()


def test_what_a_rename_does_not_explain_is_told() -> None:
    live = [*table("people", id="integer", surname="text", born="date"), unique("people", "surname, born", "uq")]
    messages = [each.message for each in found(catalog(*PEOPLE, unique("people", "last", "uq")), catalog(*live))]
    assert messages[0] == "people.last looks renamed: was last, is surname" and len(messages) == 2


def test_one_difference_of_a_thousand_tables() -> None:
    tables = [each for number in range(1000) for each in table(f"t{number}", id="integer", name="text")]
    live = [each for each in tables if each.name != Name("column", "", "t417", "name")]
    findings = found(catalog(*tables), catalog(*live))
    told = text.render(judge(findings, looked_at=FOUR), lambda path: None, plain).splitlines()
    assert told[0].startswith("error[DG301] direct-ddl: t417.name was dropped directly")
    assert len(told) < 10 and not any("objects are not" in line for line in told)


def test_several_are_counted_first_and_stay_by_their_tables() -> None:
    was = [*PEOPLE, *HOUSES, unique("people", "last", "a_unique")]
    now = [*PEOPLE[:2], *table("houses", id="text", size="real"), make_object(Name("view", "", "", "v"), {"sql": "x"})]
    findings = found(catalog(*was), catalog(*now))
    for each in list(permutations(findings))[::37]:
        told = text.render(judge(each, looked_at=FOUR), lambda path: None, plain)
        first = "live: 6 objects are not what the revisions build: houses (2), people (3), v (1)"
        assert told.splitlines()[0] == first and told.count("objects are not") == 1
        assert [each.table for each in (judged.finding for judged in judge(each).findings)] == [
            *("houses", "houses", "people", "people", "people", "v")
        ]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_the_statement_renames_it_back(kind: str, tmp_path: Path, fleet: Fleet, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'live.db'}"
    if kind != "sqlite":
        url = request.getfixturevalue(f"{kind}_server").create()
    fleet.project.environ["SHOP_DATABASE"] = url
    fleet.project.alembic("upgrade", "head")
    sql(url, "ALTER TABLE shelves RENAME COLUMN label TO name", "ALTER TABLE items RENAME COLUMN price TO cost")
    checked = fleet.project.check()
    assert [each["message"] for each in checked.report["findings"]] == [
        "items.price looks renamed: was price, is cost",
        "shelves.label looks renamed: was label, is name",
    ], make_url(url).drivername
    sql(url, *(command for each in checked.report["findings"] for command in each["commands"]))
    assert fleet.project.check().codes == []
