"""Shadows on a PostgreSQL server that is not driftguard's own: that of a URL, and live's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from fixtures.execute import at_once, execute
from fixtures.postgresql import PostgresqlServer
from sqlalchemy.engine import URL, make_url

from driftguard import process
from driftguard.errors import DriftguardError
from driftguard.shadow import CannotRebuild, Lifetime, NoShadow, Request, open_shadows
from driftguard.shadow.postgresql import MOST_SPARES
from driftguard.shadow.request import Execute

DATABASES = "SELECT datname FROM pg_database WHERE left(datname, 11) = 'driftguard_' ORDER BY 1"
NAME = "0123456789abcdef0123456789ab00"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


def text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def ours(url: str) -> list[str | None]:
    """The shadows on that server which this process made: the run's other workers have theirs there too."""
    names = (row[0] or "" for row in execute(url, (DATABASES,)))
    return [name for name in names if name.startswith(f"driftguard_{process.mark()}_")]


@pytest.fixture
def maker_url(postgresql_server: PostgresqlServer, postgresql_url: str) -> str:
    """A database of a role that is no superuser but may create databases."""
    return text(make_url(postgresql_url).set(username=_role(postgresql_server, "maker", "CREATEDB")))


@pytest.fixture
def reader_url(postgresql_server: PostgresqlServer, postgresql_url: str) -> str:
    """A database of a role that may create none."""
    return text(make_url(postgresql_url).set(username=_role(postgresql_server, "reader", "NOCREATEDB")))


def _role(server: PostgresqlServer, name: str, right: str) -> str:
    """Of this process: the run's other workers have theirs on the same server."""
    own = f"{name}_{os.getpid()}"
    if not execute(server.admin_url(), (f"SELECT 1 FROM pg_roles WHERE rolname = '{own}'",)):
        execute(server.admin_url(), (f"CREATE ROLE {own} LOGIN {right}",))
    return own


def execute_on(live: str) -> Execute:
    """As the guest does it, with "@live" standing for the URL."""

    @at_once
    def run(url: str, statements: tuple[str, ...]) -> list[list[str | None]]:
        at, _, name = url.partition("/")
        if at != "@live":
            return execute(url, statements)
        return execute(text(make_url(live).set(database=name)) if name else live, statements)

    return run


def test_by_url_makes_databases_and_leaves_its_own_alone(maker_url: str, tmp_path: Path) -> None:
    with open_shadows(Request("postgresql", "psycopg", maker_url), execute, cache_folder=tmp_path) as shadows:
        first, second = shadows.create(), shadows.create()
        execute(first, ("CREATE TABLE here (id integer)",))
        assert execute(first, (TABLES,)) == [["here"]]
        assert execute(second, (TABLES,)) == []
        shadows.drop(second)
        assert ours(maker_url) == [make_url(first).database]
    assert ours(maker_url) == []
    assert execute(maker_url, (TABLES,)) == []
    assert list(tmp_path.iterdir()) == []


def test_two_sources_in_one_process(maker_url: str, tmp_path: Path) -> None:
    request = Request("postgresql", "psycopg", maker_url)
    with (
        open_shadows(request, execute, cache_folder=tmp_path) as one,
        open_shadows(request, execute, cache_folder=tmp_path) as other,
    ):
        assert one.create() != other.create()


@pytest.mark.parametrize(
    ("drivername", "expected"),
    [
        pytest.param("postgresql", "postgresql+psycopg2", id="no driver: the project's"),
        pytest.param("postgresql+psycopg", "postgresql+psycopg", id="its own driver"),
    ],
)
def test_driver_of_a_url(drivername: str, expected: str, maker_url: str, tmp_path: Path) -> None:
    request = Request("postgresql", "psycopg2", text(make_url(maker_url).set(drivername=drivername)))
    with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
        assert make_url(shadows.create()).drivername == expected


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        pytest.param("no url", "not a URL", id="not a URL"),
        pytest.param("sqlite:///x.db", "names a sqlite database", id="another dialect"),
        pytest.param(
            "postgresql+psycopg://u:hunter2@127.0.0.1:1/x", "the server for shadow databases", id="nobody there"
        ),
        pytest.param("server", "the live server", id="live does not answer"),
    ],
)
def test_unusable_settings(setting: str, message: str, tmp_path: Path) -> None:
    request = Request("postgresql", "psycopg", setting)
    run = execute_on("postgresql+psycopg://u:hunter2@127.0.0.1:1/x")
    with pytest.raises(NoShadow, match=message) as caught, open_shadows(request, run, cache_folder=tmp_path):
        pass
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_role_that_may_create_no_databases_is_named(reader_url: str, tmp_path: Path) -> None:
    reader = make_url(reader_url).username
    request = Request("postgresql", "psycopg", reader_url)
    with pytest.raises(NoShadow, match=f'"{reader}" may not create') as caught:
        open_shadows(request, execute, cache_folder=tmp_path).__enter__()
    assert f'ALTER ROLE "{reader}" CREATEDB' in caught.value.hint
    request = Request("postgresql", "psycopg", "server")
    with pytest.raises(NoShadow, match=f'live server: the role "{reader}"'):
        open_shadows(request, execute_on(reader_url), cache_folder=tmp_path).__enter__()


@pytest.mark.parametrize(
    ("setting", "host"),
    [
        pytest.param("server", "db.example.org", id="asked for"),
        pytest.param("", "localhost", id="by name on this machine"),
        pytest.param("", "127.0.0.1", id="by address on this machine"),
        pytest.param("", "::1", id="by IPv6 address on this machine"),
        pytest.param("", "/run/postgresql", id="by a socket's folder"),
    ],
)
def test_on_the_live_server(setting: str, host: str, maker_url: str, tmp_path: Path) -> None:
    run = execute_on(maker_url)
    request = Request("postgresql", "psycopg", setting, live_host=host)
    with open_shadows(request, run, cache_folder=tmp_path) as shadows:
        url = shadows.create()
        assert url.startswith("@live/driftguard_")
        run(url, ("CREATE TABLE here (id integer)",))
        assert run(url, (TABLES,)) == [["here"]]
    assert ours(maker_url) == []
    assert execute(maker_url, (TABLES,)) == []


@pytest.mark.parametrize(
    ("host", "right"),
    [
        pytest.param("db.example.org", "maker", id="it is elsewhere"),
        pytest.param("", "maker", id="nobody knows where it is"),
        pytest.param("localhost", "reader", id="the role may not create databases"),
        pytest.param("localhost", "nobody there", id="it does not answer"),
    ],
)
def test_not_on_the_live_server(
    host: str, right: str, postgresql_url: str, maker_url: str, reader_url: str, cache_folder: Path
) -> None:
    live = {"maker": maker_url, "reader": reader_url}.get(right, "postgresql+psycopg://u@127.0.0.1:1/x")
    request = Request("postgresql", "psycopg", live_host=host)
    with open_shadows(request, execute_on(live), cache_folder=cache_folder) as shadows:
        url = make_url(shadows.create())
        assert url.query["host"] != make_url(postgresql_url).query["host"]
        assert ours(postgresql_url) == []


def test_what_lasts_as_long_as_the_process(maker_url: str, tmp_path: Path) -> None:
    lifetime, run = Lifetime(), execute_on(maker_url)
    request = Request("postgresql", "psycopg", live_host="localhost", lifetime=lifetime)
    with open_shadows(request, run, cache_folder=tmp_path) as shadows:
        url = shadows.create()
        run(url, ("CREATE TABLE here (id integer)",))
        assert shadows.keep(url, NAME) > 0
        shadows.drop(shadows.create())
        shadows.prepare()
    kept_and_spares = ours(maker_url)
    assert len(kept_and_spares) == 3
    with open_shadows(request, run, cache_folder=tmp_path) as shadows:
        copy, empty = shadows.lend(NAME), shadows.create()
        assert ours(maker_url) == kept_and_spares
        assert copy and run(copy, (TABLES,)) == [["here"]]
        assert run(empty, (TABLES,)) == []
        assert shadows.lend(f"{NAME[:-2]}01") is None
        shadows.forget(())
        assert shadows.lend(NAME) is None
        lifetime.is_over = True
    assert ours(maker_url) == []


def test_a_spare_that_somebody_has_dropped(maker_url: str, tmp_path: Path) -> None:
    lifetime = Lifetime()
    request = Request("postgresql", "psycopg", maker_url, lifetime=lifetime)
    with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
        shadows.drop(shadows.create())
        shadows.prepare()
    [spare] = lifetime.spares.values()
    execute(maker_url, (f'DROP DATABASE "{spare}"',))
    with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
        assert execute(shadows.create(), (TABLES,)) == []
        lifetime.is_over = True
    assert ours(maker_url) == []


def test_there_are_never_many_spares(maker_url: str, tmp_path: Path) -> None:
    lifetime = Lifetime()
    request = Request("postgresql", "psycopg", maker_url, lifetime=lifetime)
    for number in range(MOST_SPARES + 1):
        with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
            assert shadows.keep(shadows.create(), f"{str(number) * 28}00")
            shadows.prepare()
    assert len(lifetime.spares) == MOST_SPARES
    assert len(ours(maker_url)) == MOST_SPARES + (MOST_SPARES + 1)  # and what is kept
    with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
        lifetime.is_over = True
    assert ours(maker_url) == []


@pytest.mark.parametrize(
    ("setting", "host", "lifetime"),
    [
        pytest.param("", "localhost", None, id="a process that looks once"),
        pytest.param("server", "db.example.org", Lifetime(), id="a live server elsewhere"),
    ],
)
def test_nothing_lasts_on_the_live_server(
    setting: str, host: str, lifetime: Lifetime | None, maker_url: str, tmp_path: Path
) -> None:
    request = Request("postgresql", "psycopg", setting, live_host=host, lifetime=lifetime)
    with open_shadows(request, execute_on(maker_url), cache_folder=tmp_path) as shadows:
        assert shadows.scribe is not None and shadows.scribe.transcribes
        assert shadows.keep(shadows.create(), NAME) == 0
        shadows.prepare()
        assert shadows.lend(NAME) is None
        assert ours(maker_url) == []
        assert shadows.keep(shadows.create(), NAME, (("CREATE TABLE here (id integer)",),)) > 0
        assert ours(maker_url) == []


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_what_was_sent_is_sent_again(driver: str, maker_url: str, tmp_path: Path) -> None:
    request, run = Request("postgresql", driver, "server"), execute_on(maker_url)
    several = ("CREATE TABLE here (id integer) -- a word", "INSERT INTO here VALUES (1);")
    with open_shadows(request, run, cache_folder=tmp_path) as shadows:
        assert shadows.keep(shadows.create(), NAME, (several, ("CREATE TABLE there (id integer)",))) > 0
    with open_shadows(request, run, cache_folder=tmp_path) as shadows:
        first = shadows.lend(NAME)
        assert first and run(first, (TABLES,)) == [["here"], ["there"]]
        assert run(first, ("SELECT id FROM here",)) == [["1"]]
        assert shadows.keep(first, f"{NAME[:-2]}01", (("DROP TABLE there",),)) > 0
        second = shadows.lend(f"{NAME[:-2]}01")
        assert second and run(second, (TABLES,)) == [["here"]]
        shadows.forget((f"{NAME[:-2]}01",))
        assert shadows.lend(NAME) is None
        assert shadows.keep(shadows.create(), NAME, (("NO SQL",),)) > 0
        with pytest.raises(CannotRebuild, match="syntax error"):
            shadows.lend(NAME)
        assert len(ours(maker_url)) == 1
    assert ours(maker_url) == []


def test_one_that_is_expected_is_begun_at_once_and_goes_if_nobody_takes_it(maker_url: str, tmp_path: Path) -> None:
    with open_shadows(Request("postgresql", "psycopg", maker_url), execute, cache_folder=tmp_path) as shadows:
        shadows.expect()
        shadows.expect()
        [begun] = ours(maker_url)
        first, second = shadows.create(), shadows.create()
        assert make_url(first).database == begun != make_url(second).database
        shadows.expect()
        assert len(ours(maker_url)) == 3
    assert ours(maker_url) == []


def test_a_spare_is_not_expected(maker_url: str, tmp_path: Path) -> None:
    lifetime = Lifetime()
    request = Request("postgresql", "psycopg", maker_url, lifetime=lifetime)
    with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
        shadows.drop(shadows.create())
        shadows.prepare()
    with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
        shadows.expect()
        assert ours(maker_url) == [*lifetime.spares.values()]
        lifetime.is_over = True


def test_a_spare_stays_while_one_that_is_expected_is_there(maker_url: str, tmp_path: Path) -> None:
    lifetime = Lifetime()
    request = Request("postgresql", "psycopg", maker_url, lifetime=lifetime)
    with open_shadows(request, execute, cache_folder=tmp_path) as shadows:
        shadows.create()
        shadows.expect()
        shadows.prepare()
        spare = dict(lifetime.spares)
        shadows.create()
        assert lifetime.spares == spare != {}
        assert make_url(shadows.create()).database in spare.values()
        lifetime.is_over = True
    assert ours(maker_url) == []


def test_what_was_begun_and_fails(maker_url: str, tmp_path: Path) -> None:
    """A DROP is tried again in the end; who asks for a database that could not be made is told why."""
    run, failing = execute_on(maker_url), ["DROP"]

    def begin(url: str, statements: tuple[str, ...]) -> Callable[[], object]:
        if statements[0].startswith(tuple(failing)):
            return partial(refuse, "no room")
        return execute.begin(url, statements)

    def refuse(why: str) -> None:
        raise DriftguardError(why)

    run.begin = begin
    with open_shadows(Request("postgresql", "psycopg", maker_url), run, cache_folder=tmp_path) as shadows:
        shadows.drop(shadows.create())
        assert len(ours(maker_url)) == 1
        failing[:] = ["CREATE"]
        shadows.expect()
        with pytest.raises(DriftguardError, match="no room"):
            shadows.create()
        assert len(ours(maker_url)) == 1
        shadows.expect()
    assert ours(maker_url) == []


@pytest.fixture
def marks() -> Iterator[dict[str, str]]:
    """Marks of processes: one that lives, one that is gone, one on another host, one of another time."""
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        living = process.mark(sleeper.pid)
        with subprocess.Popen(["sleep", "600"]) as other:
            gone = process.mark(other.pid)
            other.kill()
        host, pid, _ = living.split("_")
        yield {"living": living, "gone": gone, "elsewhere": f"0{host[:-1]}_{gone[7:]}", "earlier": f"{host}_{pid}_1"}
        sleeper.kill()


@pytest.mark.parametrize(
    ("whose", "stays"),
    [
        pytest.param("living", True, id="of a process that still works"),
        pytest.param("elsewhere", True, id="of another host's process, of which nothing is known here"),
        pytest.param("gone", False, id="of a process that was killed"),
        pytest.param("earlier", False, id="of a process whose number another one has now"),
    ],
)
@pytest.mark.parametrize("rest", ["0a1b2c_1", "kept_0123456789abcd00"])
def test_leftovers(whose: str, stays: bool, rest: str, marks: dict[str, str], maker_url: str, tmp_path: Path) -> None:
    name = f"driftguard_{marks[whose]}_{rest}"
    execute(maker_url, (f'CREATE DATABASE "{name}"',))
    with open_shadows(Request("postgresql", "psycopg", maker_url), execute, cache_folder=tmp_path):
        assert ([name] in execute(maker_url, (DATABASES,))) == stays
    execute(maker_url, (f'DROP DATABASE IF EXISTS "{name}"',))
