"""Shadows on MariaDB: private, by URL, on live's server, and what is said when none can be had."""

# ruff: noqa: E501 (one case is one line)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.execute import execute
from fixtures.mariadb import MariadbServer
from sqlalchemy import make_url

from driftguard import process
from driftguard.shadow import mysql
from driftguard.shadow.errors import NoShadow
from driftguard.shadow.mysql_binaries import Binary, by_preference
from driftguard.shadow.request import LIVE, Execute, Request

TABLES = "SELECT CAST(COUNT(*) AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()"
DATABASES = (
    "SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata WHERE LEFT(schema_name, 11) = 'driftguard_'"
)


def ours(run: Execute, url: str) -> list[list[str | None]]:
    """The shadows on that server which this process made: the run's other workers have theirs there too."""
    return [row for row in run(url, (DATABASES,)) if (row[0] or "").startswith(f"driftguard_{process.mark()}_")]


def on_live(server: MariadbServer, user: str = "root") -> Execute:
    """The guest's ``execute`` of a project whose live database is on the server."""

    def run(url: str, statements: tuple[str, ...]) -> list[list[str | None]]:
        if url.startswith(LIVE):
            url = server.url(url.removeprefix(LIVE).removeprefix("/"), user)
        return execute(url, statements)

    return run


@pytest.fixture(autouse=True)
def _installed(mariadb_server: MariadbServer) -> None:
    """Skips, or fails in CI, where no MariaDB is installed."""


def test_a_private_server_lends_databases_and_ends(cache_folder: Path) -> None:
    with mysql.open_shadows(Request("mysql", "pymysql"), execute, cache_folder=cache_folder) as shadows:
        first, second = shadows.create(), shadows.create()
        execute(first, ("CREATE TABLE t (id INT) COMMENT 'naïve'",))
        assert (execute(first, (TABLES,)), execute(second, (TABLES,))) == ([["1"]], [["0"]])
        shadows.drop(first)
        assert execute(second, (DATABASES,)) == [[make_url(second).database]]
        socket = make_url(second).query["unix_socket"]
        assert shadows.version.count(".") == 2
        assert isinstance(socket, str) and len(socket) < 100 and Path(socket).exists()
        assert execute(second, ("SELECT @@tmpdir",)) == [[str(Path(socket).parent)]], "its account can write there"
    assert not Path(socket).exists()


def test_users_of_one_private_server_share_it(cache_folder: Path) -> None:
    request = Request("mariadb", "pymysql")
    with mysql.open_shadows(request, execute, cache_folder=cache_folder) as mine:
        with mysql.open_shadows(request, execute, cache_folder=cache_folder) as theirs:
            assert make_url(mine.create()).query == make_url(theirs.create()).query
        assert execute(mine.create(), (TABLES,)) == [["0"]]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(lambda server: Request("mysql", "pymysql", server.admin_url()), id="a URL"),
        pytest.param(lambda server: Request("mysql", "pymysql", f"mariadb://root@/?unix_socket={server.socket}"), id="a URL without a driver"),
        pytest.param(lambda server: Request("mysql", "pymysql", "server"), id="live's server by name"),
    ],
)  # fmt: skip
def test_shadows_on_a_server_that_runs(
    mariadb_server: MariadbServer, tmp_path: Path, request_: Callable[[MariadbServer], Request]
) -> None:
    run = on_live(mariadb_server)
    with mysql.open_shadows(request_(mariadb_server), run, cache_folder=tmp_path) as shadows:
        url = shadows.create()
        assert run(url, ("CREATE TABLE t (id INT)", TABLES)) == [["1"]]
        assert shadows.version == mariadb_server.version
        assert ours(run, LIVE)
    assert ours(run, LIVE) == []


@pytest.mark.parametrize(
    ("mark", "stays"),
    [
        pytest.param(f"{process.mark().partition('_')[0]}_999999999_1", False, id="of a process that is gone"),
        pytest.param(process.mark(), True, id="of a process that lives"),
        pytest.param("ffffff_999999999_1", True, id="of another host"),
    ],
)
def test_databases_left_behind(mariadb_server: MariadbServer, tmp_path: Path, mark: str, stays: bool) -> None:
    name = f"driftguard_{mark}_7"
    mariadb_server.execute(f"CREATE DATABASE {name}")
    request = Request("mysql", "pymysql", mariadb_server.admin_url())
    with mysql.open_shadows(request, execute, cache_folder=tmp_path):
        assert ([name] in execute(mariadb_server.admin_url(), (DATABASES,))) == stays
    mariadb_server.execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.mark.parametrize(
    ("live", "version", "expected"),
    [
        pytest.param("COLLATE latin1_german1_ci", "10.11.6", "latin1_german1_ci", id="live's collation"),
        pytest.param(
            "COLLATE latin1_german1_ci", "", "utf8mb4_general_ci", id="the server's own while live is unknown"
        ),
    ],
)
def test_collation(mariadb_server: MariadbServer, tmp_path: Path, live: str, version: str, expected: str) -> None:
    url = mariadb_server.create(live)

    def run(where: str, statements: tuple[str, ...]) -> list[list[str | None]]:
        return execute(url if where == LIVE else where, statements)

    request = Request("mysql", "pymysql", mariadb_server.admin_url(), version)
    with mysql.open_shadows(request, run, cache_folder=tmp_path) as shadows:
        assert run(shadows.create(), (mysql.COLLATION,)) == [[expected]]
    mariadb_server.drop(url)


@pytest.mark.parametrize(
    ("setting", "driver", "expected"),
    [
        pytest.param("no url", "pymysql", "is not a URL", id="no URL"),
        pytest.param("postgresql://x/y", "pymysql", "a postgresql database", id="another kind of server"),
        pytest.param("mysql://root@/?unix_socket=/nowhere", "pymysql", "the server for shadow databases", id="a server that is down"),
        pytest.param("", "pyodbc", "pyodbc does not reach", id="a driver without sockets"),
        pytest.param("server", "pymysql", "lets us create no databases", id="a user who may create nothing"),
    ],
)  # fmt: skip
def test_no_shadow(mariadb_server: MariadbServer, tmp_path: Path, setting: str, driver: str, expected: str) -> None:
    mariadb_server.execute("CREATE OR REPLACE USER nobody@localhost")
    run = on_live(mariadb_server, "nobody")
    with (
        pytest.raises(NoShadow) as raised,
        mysql.open_shadows(Request("mysql", driver, setting), run, cache_folder=tmp_path),
    ):
        pass
    assert expected in raised.value.message and "shadow = " in raised.value.hint


def test_live_on_this_machine_serves_when_no_private_server_can(mariadb_server: MariadbServer, tmp_path: Path) -> None:
    request = Request("mysql", "pyodbc", "", "", "localhost")
    with mysql.open_shadows(request, on_live(mariadb_server), cache_folder=tmp_path) as shadows:
        assert shadows.create().startswith(f"{LIVE}/driftguard_")


# asyncmy takes its arguments as pymysql does, but its dialect cannot be asked where it is not installed.
DRIVERS = ("pymysql", "mysqldb", "aiomysql", "mysqlconnector", "mariadbconnector")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_is_told_the_socket(dialect: str, driver: str) -> None:
    site = mysql.site_of_socket(Path("/a b/s"), "root", Request(dialect, driver))
    url = make_url(site.url("driftguard_x_1"))
    _, arguments = url.get_dialect()().create_connect_args(url)
    database = arguments.get("database", arguments.get("db"))
    assert (url.drivername, database, arguments["unix_socket"]) == (f"{dialect}+{driver}", "driftguard_x_1", "/a b/s")


OLD, NEW = Binary(Path("/a"), "mariadb", "10.6.20"), Binary(Path("/b"), "mariadb", "11.4.2")
MYSQL = Binary(Path("/c"), "mysql", "8.0.36")


@pytest.mark.parametrize(
    ("dialect", "version", "expected"),
    [
        pytest.param("mysql", "", (MYSQL, NEW, OLD), id="the dialect's while live is unknown"),
        pytest.param("mariadb", "", (NEW, OLD, MYSQL), id="the newest"),
        pytest.param("mysql", "10.6.1", (OLD, NEW, MYSQL), id="live's series, also when its URL says mysql"),
        pytest.param("mysql", "8.4.0", (MYSQL, NEW, OLD), id="live's product when its series is not here"),
    ],
)
def test_preference(dialect: str, version: str, expected: tuple[Binary, ...]) -> None:
    assert by_preference((OLD, MYSQL, NEW), dialect, version) == expected
