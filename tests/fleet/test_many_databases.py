"""Many live databases: what a few of them have is told once, with their names; what cannot be read stops nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fixtures.postgresql import PostgresqlServer
from fleet.conftest import Fleet
from guarded import Checked, sql
from hooked import COLOUR, HEAD, add_column, add_revision

SECRET = "hunter2"
ADD_ZIP = "ALTER TABLE items ADD COLUMN zip TEXT"
ADD_COLOUR = "ALTER TABLE shelves ADD COLUMN colour VARCHAR(10)"


def states(checked: Checked) -> dict[str, str]:
    return {each["name"]: each["state"] for each in checked.report["databases"]}


def told(checked: Checked) -> list[tuple[str, str, list[str]]]:
    """Code, subject and databases of every finding of live, in order."""
    live: list[dict[str, Any]] = [each for each in checked.report["findings"] if each["side"] == "live"]
    return [(each["code"], each["subject"], each["databases"]) for each in live]


def test_all_are_as_they_should_be(fleet: Fleet) -> None:
    answer = fleet.project.driftguard("check", "--live", fleet.listed())
    assert answer.code == 0, answer
    assert "7 of 7 databases are as their stamp says\n" in answer.out
    assert "checked: migrations: live, 7 databases" in answer.out
    assert "clean: models, head, live and graph are fine" in answer.out


def test_a_few_are_not(fleet: Fleet) -> None:
    fleet.by_hand("tenant_2", "DROP INDEX ix_items_name")
    fleet.by_hand("tenant_3", "DROP INDEX ix_items_name", ADD_ZIP)
    fleet.by_hand("tenant_4", "UPDATE alembic_version SET version_num = 'deadbeef0123'")
    fleet.file("tenant_5").unlink()
    fleet.file("tenant_6").write_bytes(b"this is no database" * 100)
    live = fleet.listed("lost = env:NOWHERE", f"elsewhere = postgresql://ann:{SECRET}@localhost:1/x")
    checked = fleet.project.check("--live", live)
    assert checked.code == 1
    assert states(checked) == {
        **dict.fromkeys(("tenant_1", "tenant_7"), "fine"),
        **dict.fromkeys(("tenant_2", "tenant_3", "tenant_4"), "off"),
        **dict.fromkeys(("tenant_5", "tenant_6", "lost", "elsewhere"), "failed"),
    }
    drift = [each for each in told(checked) if each[0] != "DG904"]
    assert drift == [
        ("DG301", "items.zip", ["tenant_3"]),
        ("DG303", "deadbeef0123", ["tenant_4"]),
        ("DG301", "items.ix_items_name", ["tenant_2", "tenant_3"]),
    ]
    unread = {each["databases"][0]: each["message"] for each in checked.report["findings"] if each["code"] == "DG904"}
    assert "there is no such file" in unread["tenant_5"]
    assert "file is not a database" in unread["tenant_6"]
    assert "NOWHERE is not set" in unread["lost"]
    assert "env.py configures sqlite, but the live URL is postgresql" in unread["elsewhere"]
    assert SECRET not in str(checked.report)

    [summary] = [
        line for line in fleet.project.driftguard("check", "--live", live).out.splitlines() if line.startswith("live: ")
    ]
    assert summary.startswith("live: migrations: 2 of 9 databases are as their stamp says; 1: items.zip was added (")
    assert "2: index ix_items_name was dropped (tenant_2, tenant_3)" in summary
    assert "4 could not be compared (elsewhere, lost, tenant_5, tenant_6)" in summary


def test_none_can_be_read(fleet: Fleet) -> None:
    for name in fleet.names:
        fleet.file(name).unlink()
    checked = fleet.project.check("--live", fleet.listed())
    assert (checked.code, checked.report["states"]["live"]) == (2, "failed")
    assert told(checked) == [("DG904", "7 live databases", sorted(fleet.names))]


def test_those_behind_are_compared_with_their_own_stamp(fleet: Fleet, tmp_path: Path) -> None:
    add_revision(fleet.project, COLOUR, "colour")
    add_column(fleet.project, "colour")
    fleet.by_hand("tenant_1", ADD_COLOUR, f"UPDATE alembic_version SET version_num = '{COLOUR}'")
    fleet.by_hand("tenant_2", ADD_COLOUR)
    page = tmp_path / "report.html"
    checked = fleet.project.check("--live", fleet.listed(), "--format", f"html={page}")
    assert told(checked) == [
        ("DG301", "shelves.colour", ["tenant_2"]),
        ("DG302", COLOUR, [f"tenant_{number}" for number in range(2, 8)]),
    ]
    stamps = {each["name"]: each["stamp"] for each in checked.report["databases"]}
    assert (stamps["tenant_1"], stamps["tenant_2"]) == ([COLOUR], [HEAD])
    drawn = page.read_text().partition('<svg class="graph"')[2]
    assert ">tenant_1 stands here<" in drawn
    assert ">6 stand here<" in drawn


def test_some_urls_without_a_list(fleet: Fleet) -> None:
    fleet.by_hand("tenant_2", ADD_ZIP)
    one, two = fleet.url("tenant_1"), fleet.url("tenant_2")
    checked = fleet.project.check("--live", one, "--live", two)
    assert told(checked) == [("DG301", "items.zip", [two])]


def test_one_url_is_told_as_ever(fleet: Fleet) -> None:
    fleet.by_hand("tenant_2", ADD_ZIP)
    checked = fleet.project.check("--live", fleet.url("tenant_2"))
    assert told(checked) == [("DG301", "items.zip", [])]
    assert checked.report["databases"] == []


def test_servers_that_refuse_or_do_not_answer(fleet: Fleet, postgresql_server: PostgresqlServer) -> None:
    urls = [postgresql_server.create() for _ in range(3)]
    fine, drifted, closed = urls
    for url in urls:
        fleet.project.environ["SHOP_DATABASE"] = url
        fleet.project.alembic("upgrade", "head")
    sql(drifted, ADD_ZIP)
    sql(
        closed,
        "DO $$ BEGIN CREATE ROLE shop_reader LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    )
    fleet.names = ()
    live = fleet.listed(
        f"fine={fine}",
        f"drifted={drifted}",
        f"closed={closed.replace('postgres@', f'shop_reader:{SECRET}@')}",
        f"nowhere=postgresql://ann:{SECRET}@127.0.0.1:1/shop",
    )
    checked = fleet.project.check("--live", live)
    assert states(checked) == {"fine": "fine", "drifted": "off", "closed": "failed", "nowhere": "failed"}
    assert ("DG301", "items.zip", ["drifted"]) in told(checked)
    unread = {each["databases"][0]: each["help"] for each in checked.report["findings"] if each["code"] == "DG904"}
    assert "right to connect and SELECT" in unread["closed"] and "start it" in unread["nowhere"]
    assert SECRET not in str(checked.report)
    for url in urls:
        postgresql_server.drop(url)
