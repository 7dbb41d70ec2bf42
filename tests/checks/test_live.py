"""Rules DG3xx on catalogs made here."""

from __future__ import annotations

import pytest

from driftguard.checks.live import (
    LiveInput,
    Pending,
    Sighting,
    direct_ddl,
    pending_upgrade,
    stamped_but_missing,
    unknown_stamp,
    unstamped_database,
)
from driftguard.findings import Finding, Place, Side
from driftguard.schema.catalog import Catalog, Name, Object, make_catalog, make_object
from driftguard.schema.diff import Difference

RULES = (direct_ddl, pending_upgrade, unknown_stamp, unstamped_database, stamped_but_missing)


def table(name: str) -> Object:
    return make_object(Name("table", "", "", name), {})


def column(path: str, kind: str = "INTEGER", **facts: str) -> Object:
    owner, _, name = path.partition(".")
    return make_object(Name("column", "", owner, name), {"type": kind, **facts})


def unique(owner: str, columns: str, name: str, *, anonymous: bool = False) -> Object:
    return make_object(Name("unique", "", owner, name), {"columns": columns}, anonymous=anonymous)


def catalog(*objects: Object) -> Catalog:
    return make_catalog("sqlite", "3", objects)


STUDENTS = (table("students"), column("students.id"), column("students.last_name", "VARCHAR(50)"))
AGE = column("students.age")
MARKS = (table("marks"), column("marks.id"))
SCHOOL = (*STUDENTS, *MARKS, table("rooms"), column("rooms.id"))
STRANGERS = (table("wp_posts"), column("wp_posts.id"))
ADD_AGE = Pending("9c41", "add age", Place("migrations/versions/9c41_add_age.py", 12))


def restore(difference: Difference, expected: Catalog) -> tuple[str, ...]:
    return (f'RESTORE "{difference.name}";',)


GIVEN = LiveInput(
    stamp=("3f2a",),
    heads=("3f2a",),
    pending=(),
    unknown=(),
    expected=catalog(*STUDENTS),
    live=catalog(*STUDENTS),
    head=catalog(*STUDENTS),
    in_models=lambda: frozenset(item.name for item in STUDENTS),
    matching=(),
    was_seen={},
    restore=restore,
    database="school",
    upgrade_command="alembic upgrade",
    downgrade_command="alembic downgrade",
    stamp_command="alembic stamp",
)
BEHIND = GIVEN._replace(heads=("9c41",), pending=(ADD_AGE,), head=catalog(*STUDENTS, AGE))
UNSTAMPED = BEHIND._replace(stamp=None, expected=catalog(), live=catalog())
LOST = GIVEN._replace(stamp=("dead",), unknown=("dead",), expected=None)


def tell(given: LiveInput) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(given)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param(
            GIVEN._replace(live=catalog(*STUDENTS[:2])),
            [
                "DG301 students.last_name was dropped directly: "
                "the revisions up to 3f2a have it, the live database has not"
            ],
            id="a dropped column",
        ),
        pytest.param(
            GIVEN._replace(live=catalog(*STUDENTS, AGE)),
            ["DG301 students.age was added directly: the live database has it, the revisions up to 3f2a have not"],
            id="an added column",
        ),
        pytest.param(
            GIVEN._replace(live=catalog(*STUDENTS[:2], column("students.last_name", "TEXT"))),
            ["DG301 students.last_name: type is TEXT, the revisions build VARCHAR(50)"],
            id="a changed type",
        ),
        pytest.param(
            GIVEN._replace(expected=catalog(*SCHOOL), live=catalog(*STUDENTS, *SCHOOL[5:])),
            ["DG301 table marks was dropped directly: the revisions up to 3f2a have it, the live database has not"],
            id="one dropped table of three",
        ),
        pytest.param(
            GIVEN._replace(expected=catalog(*STUDENTS, *MARKS)),
            ["DG301 table marks was dropped directly: the revisions up to 3f2a have it, the live database has not"],
            id="one dropped table of two",
        ),
        pytest.param(
            GIVEN._replace(live=catalog(*STUDENTS, unique("students", "last_name", "uq_name"))),
            [
                "DG301 unique constraint uq_name of students was added directly: "
                "the live database has it, the revisions up to 3f2a have not"
            ],
            id="an added constraint",
        ),
        pytest.param(BEHIND, ["DG302 the live database is at 3f2a, 1 revision behind head"], id="merely behind"),
        pytest.param(
            BEHIND._replace(live=catalog(*STUDENTS, AGE)),
            [
                "DG301 students.age was added directly: the live database has it, the revisions up to 3f2a have not",
                "DG302 the live database is at 3f2a, 1 revision behind head",
            ],
            id="behind, and a pending revision anticipated by hand",
        ),
        pytest.param(
            UNSTAMPED,
            ["DG302 the live database is empty: nothing has been applied yet, 1 revision to go"],
            id="an entirely empty database without a version table",
        ),
        pytest.param(
            UNSTAMPED._replace(stamp=()),
            ["DG302 the live database is empty: nothing has been applied yet, 1 revision to go"],
            id="an empty database, downgraded to base",
        ),
        pytest.param(
            UNSTAMPED._replace(live=catalog(*STRANGERS)),
            ["DG302 the live database was never upgraded: nothing has been applied yet, 1 revision to go"],
            id="a database that so far holds another application's tables only",
        ),
        pytest.param(
            UNSTAMPED._replace(live=None),
            ["DG302 the live database was never upgraded: nothing has been applied yet, 1 revision to go"],
            id="no version table, and a catalog that could not be read",
        ),
        pytest.param(
            LOST,
            [
                "DG303 the live database is stamped dead, which no revision file here has; "
                "no branch or commit of this repository has it"
            ],
            id="a stamp that nobody knows",
        ),
        pytest.param(
            LOST._replace(was_seen={"dead": (Sighting("feature", "ab12", "versions/dead.py", "3f2a"),)}),
            ["DG303 the live database is stamped dead, which no revision file here has; branch feature has it"],
            id="a stamp of another branch",
        ),
        pytest.param(
            LOST._replace(was_seen={"dead": (Sighting("", "ab12", "versions/dead.py", "3f2a"),)}),
            ["DG303 the live database is stamped dead, which no revision file here has; commit ab12 has it"],
            id="a stamp of a deleted file",
        ),
        pytest.param(
            UNSTAMPED._replace(live=catalog(*STUDENTS)),
            ["DG304 the live database has 1 table but no version table: no revision builds exactly what it holds"],
            id="tables without a version table",
        ),
        pytest.param(
            UNSTAMPED._replace(stamp=(), live=catalog(*STUDENTS), matching=("3f2a",)),
            ["DG304 the live database has 1 table but no row in its version table: it holds what 3f2a builds"],
            id="tables with an empty version table, as an old revision builds them",
        ),
        pytest.param(
            GIVEN._replace(live=catalog()),
            ["DG305 the live database is stamped 3f2a but has none of the tables that the revisions up to it create"],
            id="stamped, and nothing there",
        ),
        pytest.param(
            GIVEN._replace(expected=catalog(*SCHOOL)),
            ["DG305 the live database is stamped 3f2a but lacks 2 of the 3 tables that the revisions up to it create"],
            id="stamped, and most tables missing",
        ),
        pytest.param(
            GIVEN._replace(expected=catalog(*STUDENTS, *MARKS), matching=("1b00",)),
            ["DG305 the live database is stamped 3f2a but holds what 1b00 builds"],
            id="stamped, with the last table missing and the schema of the revision before",
        ),
    ],
)
def test_told(given: LiveInput, told: list[str]) -> None:
    findings = tell(given)
    assert [f"{each.code} {each.message}" for each in findings] == told
    assert all(each.side is Side.LIVE and each.database == "school" for each in findings)
    assert all("model" not in each.message + "".join(each.details) for each in findings)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(GIVEN, id="live equals its stamp, and that is head"),
        pytest.param(GIVEN._replace(live=None), id="a live catalog that could not be read"),
        pytest.param(GIVEN._replace(expected=None, live=catalog()), id="a stamp whose catalog could not be built"),
        pytest.param(GIVEN._replace(expected=catalog(), live=catalog()), id="revisions that build nothing"),
        pytest.param(
            GIVEN._replace(
                expected=catalog(*STUDENTS, unique("students", "id", "students_id_key", anonymous=True)),
                live=catalog(*STUDENTS, unique("students", "id", "students_id_key1", anonymous=True)),
            ),
            id="constraints whose names the server made up",
        ),
        pytest.param(GIVEN._replace(matching=("3f2a",)), id="the stamp is among the matching revisions"),
        pytest.param(GIVEN._replace(matching=("9c41", "3f2a")), id="a later revision that changes nothing matches too"),
        pytest.param(UNSTAMPED._replace(pending=(), live=catalog()), id="an empty database and no revision yet"),
        pytest.param(
            UNSTAMPED._replace(pending=(), live=catalog(*STRANGERS)), id="another application's database, no revision"
        ),
        pytest.param(GIVEN._replace(head=None, in_models=frozenset), id="head and models could not be built"),
        pytest.param(
            GIVEN._replace(stamp=("3f2a", "77aa"), heads=("3f2a", "77aa")), id="two stamps of two intended branches"
        ),
    ],
)
def test_silent(given: LiveInput) -> None:
    assert tell(given) == []


def only(given: LiveInput) -> Finding:
    (finding,) = tell(given)
    return finding


def commands_of(given: LiveInput) -> tuple[str, ...]:
    return only(given).commands


@pytest.mark.parametrize(
    ("given", "commands"),
    [
        pytest.param(
            GIVEN._replace(live=catalog(*STUDENTS[:2])), ('RESTORE "students.last_name";',), id="restore what is gone"
        ),
        pytest.param(BEHIND, ("alembic upgrade head",), id="upgrade what is behind"),
        pytest.param(BEHIND._replace(heads=("9c41", "77aa")), ("alembic upgrade heads",), id="upgrade to all heads"),
        pytest.param(LOST, ("git fetch --all", "driftguard doctor"), id="look elsewhere for a stamp that nobody knows"),
        pytest.param(
            LOST._replace(matching=("3f2a",)), ("alembic stamp --purge 3f2a",), id="stamp what the schema equals"
        ),
        pytest.param(
            LOST._replace(was_seen={"dead": (Sighting("feature", "ab12", "v/dead.py", "3f2a"),)}),
            ("git switch feature", "alembic downgrade 3f2a", "git switch -"),
            id="go to the branch, downgrade, come back",
        ),
        pytest.param(
            LOST._replace(was_seen={"dead": (Sighting("feature", "ab12", "v/dead.py"),)}),
            ("git switch feature",),
            id="go to the branch that shares no revision",
        ),
        pytest.param(
            LOST._replace(was_seen={"dead": (Sighting("", "ab12", "v/dead.py", "3f2a"),)}),
            ("git checkout ab12 -- v/dead.py", "alembic downgrade 3f2a"),
            id="bring the deleted file back",
        ),
        pytest.param(
            UNSTAMPED._replace(live=catalog(*STUDENTS), matching=("3f2a",)),
            ("alembic stamp 3f2a", "alembic upgrade head"),
            id="stamp the old revision that matches, then upgrade",
        ),
        pytest.param(
            UNSTAMPED._replace(live=catalog(*STUDENTS, AGE), matching=("9c41",)),
            ("alembic stamp 9c41",),
            id="stamp head where that matches",
        ),
        pytest.param(
            GIVEN._replace(live=catalog()),
            ("alembic stamp --purge base", "alembic upgrade head"),
            id="start again where nothing was run",
        ),
        pytest.param(GIVEN._replace(expected=catalog(*SCHOOL)), (), id="guess no revision where some tables are there"),
    ],
)
def test_commands_that_get_out(given: LiveInput, commands: tuple[str, ...]) -> None:
    assert commands_of(given) == commands


def test_a_change_shows_both_sides_of_every_attribute() -> None:
    last_name = column("students.last_name", "TEXT", default="'x'")
    finding = only(GIVEN._replace(live=catalog(*STUDENTS[:2], last_name)))
    assert finding.details == ("default: was none, is 'x'", "type: was VARCHAR(50), is TEXT")


def test_a_drop_and_an_alike_add_of_a_table_hint_at_a_rename() -> None:
    views = [make_object(Name("view", "", "", name), {"definition": "SELECT 1"}) for name in ("old", "new")]
    given = GIVEN._replace(expected=catalog(*STUDENTS, views[0]), live=catalog(*STUDENTS, views[1]))
    assert [each.details for each in tell(given)] == [
        ("view old, which is alike, was dropped: perhaps it was renamed",),
        ("view new, which is alike, was added: perhaps it was renamed",),
    ]


def test_the_help_warns_of_an_upgrade_that_would_fail() -> None:
    added = GIVEN._replace(live=catalog(*STUDENTS, AGE))
    assert "the models have it too" in only(added._replace(in_models=lambda: frozenset({AGE.name}))).help
    anticipated = tell(added._replace(head=BEHIND.head))
    assert "a pending revision adds it as well" in anticipated[0].help


def test_pending_revisions_are_listed_with_their_files() -> None:
    finding = only(BEHIND)
    assert finding.details == ("9c41  add age  (migrations/versions/9c41_add_age.py)",)
    assert finding.place == ADD_AGE.place


def test_a_long_list_of_tables_is_cut() -> None:
    many = catalog(*(table(f"t{number:02}") for number in range(13)))
    assert only(GIVEN._replace(expected=many)).details[-2:] == ("missing: t09", "and 3 more")


def test_other_tables_in_place_of_the_expected_ones_ask_for_the_right_database() -> None:
    finding = only(GIVEN._replace(live=catalog(*STRANGERS)))
    assert finding.code == "DG305"
    assert "1 other table: is this the right database?" in finding.help
