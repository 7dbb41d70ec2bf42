"""What a database on MariaDB held is written down, and makes another one that holds the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.execute import execute
from fixtures.mariadb import MariadbServer

from driftguard.shadow import mysql
from driftguard.shadow.dumps import AT_ONCE, MOST_CHARACTERS, MOST_ROWS, Dumps
from driftguard.shadow.errors import CannotRebuild
from driftguard.shadow.kept import Files
from driftguard.shadow.request import Request, Rows, Shadows

NAME = "0" * 30

TYPES = """CREATE TABLE `every ``kind` (
  id INT AUTO_INCREMENT PRIMARY KEY, tiny TINYINT UNSIGNED, big BIGINT, price DECIMAL(20,4), ratio FLOAT, exact DOUBLE,
  flags BIT(9), born DATE, at_time TIME(3), moment DATETIME(6), stamped TIMESTAMP(3) NULL, era YEAR,
  name VARCHAR(80), latin CHAR(9) CHARACTER SET latin1, wide TEXT CHARACTER SET utf16, body LONGTEXT, more JSON,
  mood ENUM('good', 'so; so', 'l''ate'), tags SET('a', 'b'), raw VARBINARY(20), fixed BINARY(3), file BLOB, place POINT,
  `50% "off"` VARCHAR(20) DEFAULT '%s', number UUID, host INET6, twice BIGINT AS (tiny * 2) STORED, hidden INT INVISIBLE
) COMMENT 'it''s 100% "odd"'"""

ROWS = (
    "INSERT INTO `every ``kind` (id) VALUES (7)",
    """INSERT INTO `every ``kind` SET id = 9, tiny = 255, big = -9223372036854775808, price = '1234567890123456.7891',
    ratio = 0.1, exact = 1.7976931348623157e308, flags = b'101000001', born = '0000-00-00', at_time = '-838:59:59.000',
    moment = '2026-02-28 23:59:59.123456', stamped = '2026-03-29 02:30:00.5', era = 2026,
    name = 'Zoë 🎉 ''q'' \\\\ \\n% ? x', latin = 'naïve', wide = '漢字', body = '',
    more = '{"a": [1, null, "x"]}', mood = 'l''ate', tags = 'a,b',
    raw = x'00ff275c', fixed = x'', file = x'', place = POINT(1, -2.5), `50% "off"` = '', hidden = 0,
    number = '123e4567-e89b-12d3-a456-426614174000', host = '::1'""",
    "INSERT INTO `every ``kind` (tiny, ratio, exact, mood) VALUES (0, 3.4e38, -0.1, '')",
)

WHOLE_OF = "SELECT * FROM `every ``kind` ORDER BY id"
SHOWN = "SHOW CREATE TABLE `every ``kind`"
LENIENT = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"


@pytest.fixture
def shadows(mariadb_server: MariadbServer, tmp_path: Path) -> Iterator[Shadows]:
    """On the run's server."""
    request = Request("mysql", "pymysql", mariadb_server.url("mysql"))
    with mysql.open_shadows(request, execute, cache_folder=tmp_path) as source:
        yield source


def contents(url: str) -> Rows:
    """What the scribe says of the rows."""
    return [list(row) for row in Dumps().contents(lambda statement: execute(url, (statement,)))]


def keep(shadows: Shadows, url: str) -> int:
    """As after a replay, the size of what is kept."""
    return shadows.keep(url, NAME, Dumps().script(lambda statement: execute(url, (statement,)), ()))


def kept(shadows: Shadows, *statements: str) -> tuple[str, Rows]:
    """The URL of a database like the one that these statements make, and what that one's contents were."""
    url = shadows.create()
    execute(url, (LENIENT, *statements))
    was = contents(url)
    assert keep(shadows, url) > 0
    again = shadows.lend(NAME)
    assert again is not None
    return again, was


def test_rows_of_every_type(shadows: Shadows) -> None:
    url = shadows.create()
    execute(url, (LENIENT, TYPES, *ROWS))
    expected, sums, shown = (
        execute(url, (WHOLE_OF,)),
        contents(url),
        execute(url, ("SHOW CREATE TABLE `every ``kind`",)),
    )
    assert len(expected) == 3 and keep(shadows, url) > 0
    again = shadows.lend(NAME)
    assert again is not None and again != url
    assert execute(again, (WHOLE_OF,)) == expected
    assert contents(again) == sums
    assert execute(again, (SHOWN,)) == shown


def test_what_needs_each_other(shadows: Shadows) -> None:
    url, was = kept(
        shadows,
        "ALTER DATABASE COLLATE latin1_swedish_ci",
        "CREATE TABLE parents (id INT PRIMARY KEY, child INT)",
        "CREATE TABLE children (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parents (id))",
        "ALTER TABLE parents ADD FOREIGN KEY (child) REFERENCES children (id)",
        "CREATE TABLE log (word TEXT)",
        "CREATE VIEW b AS SELECT id FROM parents",
        "CREATE FUNCTION two() RETURNS INT DETERMINISTIC RETURN 2",
        "CREATE VIEW a AS SELECT id, two() AS two FROM b",
        "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
        """CREATE TRIGGER first AFTER INSERT ON parents FOR EACH ROW INSERT INTO log VALUES ('1' || "new".id)""",
        "CREATE TRIGGER another AFTER INSERT ON parents FOR EACH ROW BEGIN INSERT INTO log VALUES ('x'); END",
        "CREATE PROCEDURE both_of() BEGIN SELECT 1; SELECT 'a;b'; END",
        "INSERT INTO parents VALUES (1, NULL)",
        "INSERT INTO children VALUES (5, 1)",
        "UPDATE parents SET child = 5",
    )
    assert contents(url) == was
    assert execute(url, ("SELECT word FROM log",)) == [["11"], ["x"]], "the triggers were made after the rows"
    execute(url, ("INSERT INTO parents VALUES (2, 5)",))
    assert execute(url, ("SELECT word FROM log",))[2:] == [["12"], ["x"]], "in their order, as they were written"
    assert execute(url, ("SELECT id, two FROM a ORDER BY id",)) == [["1", "2"], ["2", "2"]]
    assert execute(url, ("SELECT @@collation_database",)) == [["latin1_swedish_ci"]]


def test_many_rows(shadows: Shadows) -> None:
    count = AT_ONCE * 2 + 1
    rows = f"INSERT INTO many SELECT seq, REPEAT('x', 100) FROM seq_1_to_{count}"
    url, was = kept(shadows, "CREATE TABLE many (id INT PRIMARY KEY, word TEXT)", rows)
    assert execute(url, ("SELECT COUNT(*) FROM many",)) == [[str(count)]]
    assert contents(url) == was


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(("CREATE SEQUENCE s",), id="a sequence"),
        pytest.param(("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",), id="an event"),
        pytest.param(
            ("CREATE TABLE u (id INT) ENGINE=MyISAM", "CREATE TABLE t (id INT) ENGINE=MERGE UNION=(u)"),
            id="a table whose rows are another's",
        ),
        pytest.param(("CREATE TABLE t (id INT) WITH SYSTEM VERSIONING",), id="a table that remembers its past"),
        pytest.param(
            ("CREATE TABLE t (id INT)", f"INSERT INTO t SELECT seq FROM seq_1_to_{MOST_ROWS}"), id="too many rows"
        ),
        pytest.param(
            ("CREATE TABLE t (word LONGTEXT)", f"INSERT INTO t VALUES (REPEAT('x', {MOST_CHARACTERS // 2}))"),
            id="too much",
        ),
    ],
)
def test_what_is_not_kept(statements: tuple[str, ...], shadows: Shadows) -> None:
    url = shadows.create()
    execute(url, ("SELECT 1", *statements))
    assert keep(shadows, url) == 0
    assert shadows.lend(NAME) is None


def test_a_dump_that_the_server_refuses_now(shadows: Shadows, tmp_path: Path) -> None:
    Files(tmp_path / "snapshots", ".dump").write(NAME, b'[["NO SQL"]]')
    with pytest.raises(CannotRebuild):
        shadows.lend(NAME)
    assert execute(shadows.create(), ("SHOW TABLES",)) == []


def test_other_rows_are_told(shadows: Shadows) -> None:
    url, was = kept(shadows, "CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)", "CREATE TABLE u (id INT)")
    execute(url, ("UPDATE t SET id = 2",))
    assert contents(url) != was
    execute(url, ("UPDATE t SET id = 1", "INSERT INTO u VALUES (1)"))
    assert contents(url) != was
