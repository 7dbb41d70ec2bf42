"""``driftguard journal`` as its users meet it, and what a check makes of what was noted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chosen import chosen
from guarded import EXAMPLES, Guarded, sql
from hands import Hand

from driftguard.catalog.postgresql.journal import SCHEMA


@pytest.fixture
def school(tmp_path: Path, postgresql_url: str) -> Guarded:
    """A project whose live database is empty."""
    return Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "school", {"SCHOOL_DATABASE": postgresql_url})


def details(school: Guarded) -> dict[str, list[str]]:
    """What is told of each direct change."""
    found = school.check().report["findings"]
    return {each["subject"]: each["details"] for each in found if each["code"] == "DG301"}


@pytest.mark.parametrize("driver", chosen(["psycopg", "psycopg2", "asyncpg"], 1))
def test_from_nothing_to_a_name_and_back(school: Guarded, postgresql_url: str, driver: str) -> None:
    live = ("--live", postgresql_url.replace("psycopg", driver))
    answer = school.driftguard("journal", "install", *live)
    assert (answer.code, answer.err) == (0, "")
    school.flask("db", "upgrade")
    assert school.check().codes == []
    Hand(postgresql_url).run(
        "ALTER TABLE students DROP COLUMN\n  last_name;", "CREATE TABLE \"odd\x1b[31m\" (i int, token text DEFAULT 'x')"
    )

    told = details(school)
    assert told["students.last_name"][0].startswith(
        "ALTER TABLE students DROP COLUMN last_name, by postgres (a test), 20"
    )
    assert told["odd\x1b[31m"][0].startswith('CREATE TABLE "odd\x1b[31m" (i int, token text DEFAULT ..., by postgres')
    assert "\x1b" not in school.driftguard("check").out

    shown = school.driftguard("journal", "show", *live).out
    assert "\x1b" not in shown
    assert (
        shown.index("odd") < shown.index("dropped table column public.students.last_name") < shown.index("8b1f04c9d2e7")
    )
    listed = json.loads(school.driftguard("journal", "show", "--format", "json", "-n", "2", *live).out)
    [database] = listed["databases"]
    assert [each["origin"] for each in database["entries"]] == ["by hand", "by hand"]
    assert database["entries"][1]["changed"][0] == {
        "kind": "table column",
        "object": "public.students.last_name",
        "dropped": True,
    }
    assert school.driftguard("journal", "show", "--since", "2999-01-01", *live).out.count("\n") == 1

    assert school.driftguard("journal", "remove", *live).code == 0
    assert details(school)["students.last_name"] == []
    assert sql(postgresql_url, f"SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'") == []


def test_what_alembic_ran_is_nobody_s_hand(school: Guarded, postgresql_url: str) -> None:
    school.driftguard("journal", "install")
    school.flask("db", "upgrade")
    school.flask("db", "downgrade", "base")
    school.flask("db", "upgrade")
    entries = Hand(postgresql_url).entries
    assert len(entries) == 7
    assert Hand(postgresql_url).by_hand == []


def test_autocommit_blocks_are_probably_alembic_s(school: Guarded, postgresql_url: str) -> None:
    [path] = (school.root / "migrations/versions").glob("8b1f*.py")
    text = path.read_text(encoding="utf-8")
    block = "    with op.get_context().autocommit_block():\n        op.execute('CREATE TABLE extra (i int)')\n"
    path.write_text(text.replace("def upgrade():\n", f"def upgrade():\n{block}"), encoding="utf-8")
    school.driftguard("journal", "install")
    school.flask("db", "upgrade")
    origins = {each.statement: each.origin for each in Hand(postgresql_url).entries}
    assert origins["CREATE TABLE extra (i int)"] == "probably a revision"


def test_a_role_that_may_not_is_told_so_and_given_the_statements(
    school: Guarded, postgresql_url: str, nobody: str
) -> None:
    live = ("--live", postgresql_url.replace("postgres@", f"{nobody}@"))
    Hand(postgresql_url).remove()
    answer = school.driftguard("journal", "install", *live)
    assert answer.code == 2
    assert "takes a superuser" in answer.err
    assert answer.out == school.driftguard("journal", "install", "--sql").out
    Hand(postgresql_url).run(answer.out.removeprefix("BEGIN;\n").removesuffix("COMMIT;\n"))

    Hand(postgresql_url).run("ALTER TABLE students DROP COLUMN last_name")
    answer = school.driftguard("journal", "show", *live)
    assert (answer.code, answer.out) == (2, "")
    assert "pg_read_all_data" in answer.err
    answer = school.driftguard("journal", "remove", *live)
    assert (answer.code, answer.out) == (2, school.driftguard("journal", "remove", "--sql").out)
    Hand(postgresql_url).run(answer.out.removeprefix("BEGIN;\n").removesuffix("COMMIT;\n"))
    assert sql(postgresql_url, f"SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'") == []


def test_who_may_not_read_it_is_told_no_names(school: Guarded, postgresql_url: str, nobody: str) -> None:
    Hand(postgresql_url).run("DROP TABLE students")
    school.flask("db", "upgrade")
    Hand(postgresql_url).run("ALTER TABLE students DROP last_name", f"GRANT SELECT ON alembic_version TO {nobody}")
    live = ("--live", postgresql_url.replace("postgres@", f"{nobody}@"))
    [finding] = school.check(*live).report["findings"]
    assert (finding["code"], finding["details"]) == ("DG301", [])
    Hand(postgresql_url).run(f"GRANT pg_read_all_data TO {nobody}")
    [finding] = school.check(*live).report["findings"]
    assert len(finding["details"]) == 1


def test_there_is_none(school: Guarded) -> None:
    answer = school.driftguard("journal", "show")
    assert answer.code == 2
    assert "driftguard journal install" in answer.err
    answer = school.driftguard("journal", "remove")
    assert (answer.code, "there is no journal" in answer.out) == (0, True)


def test_another_kind_of_database(school: Guarded, tmp_path: Path) -> None:
    school.environ["SCHOOL_DATABASE"] = f"sqlite:///{tmp_path / 'school.db'}"
    answer = school.driftguard("journal", "install")
    assert answer.code == 2
    assert "the journal is for PostgreSQL" in answer.err
    assert not (tmp_path / "school.db").exists()
