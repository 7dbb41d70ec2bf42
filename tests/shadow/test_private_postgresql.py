"""Private PostgreSQL servers: made, shared, taken over after a kill, gone in the end."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chosen import chosen
from fixtures.borrowers import Borrow, Someone
from fixtures.execute import execute
from sqlalchemy.engine import make_url

from driftguard import process
from driftguard.errors import DriftguardError
from driftguard.shadow import NoShadow, Request, open_shadows
from driftguard.shadow.place import server_account, servers_folder
from driftguard.shadow.postgresql import site_of_socket
from driftguard.shadow.postgresql_binaries import Binaries, by_preference, find, major
from driftguard.shadow.postgresql_private import NOTHING_FOUND, PORT, SUPERUSER, private_server, server_kind
from driftguard.shadow.server import is_running, use

PSYCOPG = Request("postgresql", "psycopg")
DATABASES = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1"
TABLES = "SELECT CAST(count(*) AS text) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"


def home_of(cache_folder: Path) -> Path:
    """The folder of the server that was used there; one major version only."""
    [home] = servers_folder(cache_folder, server_account(["postgres"])).glob("postgresql-??")
    return home


def databases(url: str) -> set[str | None]:
    return {name for [name] in execute(url, (DATABASES,))}


def pid_of_server(cache_folder: Path) -> int:
    return int((home_of(cache_folder) / "pid").read_text())


@pytest.mark.parametrize("driver", chosen(["psycopg", "psycopg_async", "psycopg2", "asyncpg"], 2))
def test_every_driver_meets_empty_databases(driver: str, cache_folder: Path) -> None:
    with open_shadows(Request("postgresql", driver), execute, cache_folder=cache_folder) as shadows:
        first, second = shadows.create(), shadows.create()
        assert first.startswith(f"postgresql+{driver}://")
        execute(first, ("CREATE TABLE here (id integer)",))
        assert execute(first, (TABLES,)) == [["1"]]
        assert execute(second, (TABLES,)) == [["0"]]
        shadows.drop(first)
        assert databases(second) == {make_url(second).database}
        with pytest.raises(DriftguardError):
            execute(first, (TABLES,))
    assert not is_running(home_of(cache_folder))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("plain", id="an ordinary path"),
        pytest.param("with space, comma and \"quotes'", id="characters that a list setting gives a meaning"),
        pytest.param("bücher", id="letters beyond ASCII"),
        pytest.param("long" * 30, id="longer than a socket's path may be"),
    ],
)
def test_any_path_will_do(name: str, cache_folder: Path) -> None:
    account = server_account(["postgres"])
    place = servers_folder(cache_folder, account) / name
    place.mkdir(mode=0o711)
    binaries = by_preference(find(), "")[0]
    with use(server_kind(binaries), place, account) as socket:
        site = site_of_socket(Request("postgresql", "psycopg"), socket, PORT, SUPERUSER, binaries.version)
        assert execute(site.admin_url, ("SELECT 'yes'",)) == [["yes"]]
    assert not socket.exists()


def test_nobody_else_can_reach_the_server(cache_folder: Path) -> None:
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        url = shadows.create()
        assert execute(url, ("SHOW listen_addresses",)) == [[""]]
        account = server_account(["postgres"])
        for folder in (home_of(cache_folder) / "data", Path(str(make_url(url).query["host"]))):
            found = folder.stat()
            assert stat.S_IMODE(found.st_mode) == 0o700
            assert found.st_uid == (account.user if account else os.getuid())
        assert (home_of(cache_folder)).stat().st_uid == os.getuid()


@pytest.mark.parametrize("binaries", [pytest.param(each, id=f"{each.version}, {each.folder}") for each in find()])
def test_all_programs_found_here_work(binaries: Binaries, cache_folder: Path) -> None:
    request = PSYCOPG._replace(version=binaries.version)
    with open_shadows(request, execute, cache_folder=cache_folder) as shadows:
        assert major(shadows.version) == binaries.major
        execute(shadows.create(), ("CREATE TABLE here (id integer)",))


def test_a_wheel_in_a_closed_folder_works_and_stays_closed(cache_folder: Path, tmp_path: Path) -> None:
    wheel = next((each for each in find() if each.from_wheel), None)
    if not wheel:
        pytest.skip("the wheel is not installed")
    closed = tmp_path / "site-packages"
    package = wheel.folder.parent.parent
    for part in package.parent.glob(f"{package.name}*"):
        shutil.copytree(part, closed / part.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
    closed.chmod(0o700)
    inside = closed / wheel.folder.relative_to(package.parent)
    for _ in ("copied", "already there"):
        with private_server([wheel._replace(folder=inside)], cache_folder) as server:
            assert server.binaries.version == wheel.version
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("found", "message"),
    [
        pytest.param([], NOTHING_FOUND, id="nothing is installed"),
        pytest.param(
            [Binaries(Path("/nowhere/bin"), "15.1", False)], "/nowhere/bin/", id="the only programs cannot be run"
        ),
    ],
)
def test_no_programs(found: list[Binaries], message: str, cache_folder: Path) -> None:
    with pytest.raises(NoShadow, match=message), private_server(found, cache_folder):
        pass


def test_broken_programs_are_passed_over(cache_folder: Path, tmp_path: Path) -> None:
    broken = Binaries(tmp_path, "15.1", False)
    (tmp_path / "initdb").symlink_to("/bin/false")
    (tmp_path / "postgres").symlink_to("/bin/echo")
    working = by_preference(find(), "")[0]
    with private_server([broken, working], cache_folder) as server:
        assert server.binaries.version == working.version


def test_an_ordinary_user_has_it_in_the_cache_folder(ordinary_user: Someone, borrow: Borrow) -> None:
    borrower = borrow(ordinary_user.cache_folder, someone=ordinary_user)
    folder = make_url(borrower.answer["url"]).query["host"]
    assert str(folder).startswith(f"{ordinary_user.cache_folder}/")
    borrower.leave()
    [home] = (ordinary_user.cache_folder / "servers").iterdir()
    assert not is_running(home)


def test_processes_share_one_server_and_the_last_one_stops_it(cache_folder: Path, borrow: Borrow) -> None:
    borrowers = [borrow(cache_folder) for _ in range(4)]
    urls = {borrower.answer["url"] for borrower in borrowers}
    assert len(urls) == 4
    assert len({make_url(url).query["host"] for url in urls}) == 1
    while borrowers:
        assert is_running(home_of(cache_folder))
        for borrower in borrowers:
            execute(borrower.answer["url"], ("SELECT 1 FROM made_by_borrower",))
        borrowers.pop().leave()
    assert not is_running(home_of(cache_folder))


def test_after_a_kill_the_next_one_takes_over_and_cleans(cache_folder: Path, borrow: Borrow) -> None:
    killed = borrow(cache_folder)
    abandoned = make_url(killed.answer["url"]).database
    killed.kill()
    assert is_running(home_of(cache_folder))
    before = pid_of_server(cache_folder)
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        assert pid_of_server(cache_folder) == before
        assert abandoned not in databases(shadows.create())
    assert not is_running(home_of(cache_folder))


def test_one_killed_while_another_works(cache_folder: Path, borrow: Borrow) -> None:
    killed, other = borrow(cache_folder), borrow(cache_folder)
    assert killed.answer["url"] != other.answer["url"]
    killed.kill()
    execute(other.answer["url"], ("SELECT 1 FROM made_by_borrower",))
    other.leave()
    assert not is_running(home_of(cache_folder))


def test_killed_while_the_server_starts(cache_folder: Path, borrow: Borrow) -> None:
    starting = borrow(cache_folder)
    place = servers_folder(cache_folder, server_account(["postgres"]))
    while not list(place.glob("postgresql-??/data/*")):
        assert starting.process.poll() is None
    starting.kill()
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        assert execute(shadows.create(), (TABLES,)) == [["0"]]


@pytest.fixture
def innocent() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of ours, with the number that a stale file names."""
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        yield sleeper
        assert sleeper.poll() is None
        sleeper.kill()


def test_a_killed_server_is_made_anew(cache_folder: Path, borrow: Borrow) -> None:
    borrower = borrow(cache_folder)
    before = borrower.answer["url"]
    os.kill(pid_of_server(cache_folder), signal.SIGKILL)
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        assert make_url(before).database not in databases(shadows.create())
    borrower.leave()


@pytest.mark.parametrize("in_use", [False, True])
def test_a_stale_pid_file_does_no_harm(
    in_use: bool, cache_folder: Path, borrow: Borrow, innocent: subprocess.Popen[bytes]
) -> None:
    borrower = borrow(cache_folder)
    assert borrower.answer
    real = pid_of_server(cache_folder)
    if not in_use:
        borrower.leave()
    home = home_of(cache_folder)
    (home / "pid").write_text(f"{innocent.pid}\n")
    if in_use:
        (home / "pid").write_text(f"{real}\n")
        borrower.leave()
    (home / "data/postmaster.pid").write_text(f"{innocent.pid}\n" * 7 + "ready\n")
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        assert execute(shadows.create(), (TABLES,)) == [["0"]]


def spoil_control_file(home: Path) -> None:
    (home / "data/global/pg_control").write_bytes(b"rubbish")


def remove_data(home: Path) -> None:
    shutil.rmtree(home / "data")


def age(home: Path) -> None:
    os.utime(home / "log", (0, 0))


def touch_nothing(home: Path) -> None:
    """It stays as it is."""


@pytest.mark.parametrize(
    ("harm", "kept"),
    [
        pytest.param(touch_nothing, True, id="used again"),
        pytest.param(spoil_control_file, False, id="the server refuses it"),
        pytest.param(remove_data, False, id="somebody removed it"),
        pytest.param(age, False, id="so long unused that files may have been cleaned away"),
    ],
)
def test_data_of_an_earlier_run(harm: Callable[[Path], None], kept: bool, cache_folder: Path) -> None:
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        shadows.create()
    home = home_of(cache_folder)
    (home / "data/witness").touch()
    harm(home)
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        assert execute(shadows.create(), (TABLES,)) == [["0"]]
    assert (home / "data/witness").exists() == kept


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("", "16.2", id="unknown: the newest that is installed"),
        pytest.param("15.3", "15.4", id="the major that is wanted"),
        pytest.param("18beta1 (Debian)", "18.0", id="the wheel's, if only that has the major"),
        pytest.param("16.1", "16.2", id="installed rather than the wheel's"),
        pytest.param("12.1", "16.2", id="nobody has it: the newest that is installed"),
    ],
)
def test_preference(version: str, expected: str) -> None:
    found = [
        Binaries(Path("/a"), "15.4", False),
        Binaries(Path("/wheel/16"), "16.9", True),
        Binaries(Path("/b"), "16.2", False),
        Binaries(Path("/wheel/18"), "18.0", True),
    ]
    assert by_preference(found, version)[0].version == expected


def test_the_mark_in_a_name_is_this_process(cache_folder: Path) -> None:
    with open_shadows(PSYCOPG, execute, cache_folder=cache_folder) as shadows:
        assert process.mark() in shadows.create()
