"""Daemons as processes of their own, in real repositories: their beginning, their end, and what they leave."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from guarded import SAMPLES, Guarded, sql
from watching import eventually

from driftguard import staged
from driftguard.daemon import lifecycle
from driftguard.daemon.client import SOCKET, ask
from driftguard.daemon.lifecycle import Started, start, status, stop
from driftguard.daemon.place import LOCK, PID
from driftguard.daemon.state import Look
from driftguard.errors import DriftguardError
from driftguard.git import find_repository
from driftguard.hook import at_once
from driftguard.process import started
from driftguard.shadow.place import server_account, servers_folder
from driftguard.shadow.server import is_running

MARK = "DRIFTGUARD_TESTS_MARK"
NOBODY = "postgresql+psycopg://somebody@127.0.0.1:1/shop"
LAST = "    price = Column(Numeric(8, 2))\n"
COLOUR = "    colour = Column(String(10))\n"


class Shop:
    """The plain project with a live SQLite database, and whatever runs for it."""

    def __init__(self, project: Guarded, mark: str) -> None:
        self.project = project
        self.root = project.root
        self.mark = mark

    @property
    def folder(self) -> Path:
        return self.root / ".git" / "driftguard"

    def processes(self) -> list[int]:
        """All that still run and have inherited the mark."""
        mark = f"{MARK}={self.mark}".encode()
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                marked = mark in (each / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if marked and started(int(each.name)) is not None:
                found.append(int(each.name))
        return found

    def looks(self) -> tuple[Look, ...]:
        state = status(self.root).state
        return state.looks if state else ()

    def looked(self, number: int = 1) -> Look:
        """The newest look, when there are so many, and nothing else is being done."""

        def found() -> Look | None:
            state = status(self.root).state
            return state.looks[0] if state and len(state.looks) >= number and not state.busy else None

        look: Look = eventually(found, 60)
        return look

    def log(self) -> str:
        return (self.folder / "daemon.log").read_text()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="dg", dir="/tmp") as folder:
        mark = uuid4().hex
        monkeypatch.setenv(MARK, mark)
        monkeypatch.setenv("DRIFTGUARD_CACHE_DIR", f"{folder}/cache")
        shop = Shop(Guarded.copy_of(SAMPLES / "plain", Path(folder, "shop")), mark)
        shop.project.write(".git/info/exclude", "__pycache__/\n*.db\n")
        shop.project.alembic("upgrade", "head")
        yield shop
        root = shop.root if shop.root.exists() else shop.root.with_name("moved")
        if root.exists():
            stop(root)
        try:
            eventually(lambda: not shop.processes())
        finally:
            for each in shop.processes():
                os.kill(each, signal.SIGKILL)
            place = servers_folder(Path(folder, "cache"), server_account(["postgres"]))
            left = [home.name for home in place.glob("*-[0-9]*") if is_running(home)]
            if os.geteuid() == 0:
                shutil.rmtree(place)
        assert not left, "a server was left"


def test_it_looks_answers_and_ends(shop: Shop) -> None:
    log = shop.folder / "daemon.log"
    assert start(shop.root) == Started(False, log)
    assert start(shop.root) == Started(True, log)
    look = shop.looked()
    assert (look.cause, look.error) == ("the start", "")
    assert look.verdict and look.verdict.exit_code == 0

    shop.project.replace("models.py", LAST, LAST + COLOUR)
    look = shop.looked(2)
    assert look.cause == "models.py"
    assert look.verdict and [judged.finding.code for judged in look.verdict.findings] == ["DG201"]

    told = status(shop.root)
    assert told.running
    assert told.pid in shop.processes()
    assert stop(shop.root)
    assert not stop(shop.root)
    assert status(shop.root) == lifecycle.Status(shop.root, False, log)
    eventually(lambda: not shop.processes())
    assert {each.name for each in shop.folder.iterdir()} <= {LOCK, "daemon.log", "memo", "standing"}
    assert shop.log().count("\n") == 4


def hook(shop: Shop, **environ: str) -> list[bytes] | None:
    """What the watcher, or what it has remembered, tells a git hook: exit code, text, coloured text."""
    before = Path.cwd()
    os.chdir(shop.root)
    try:
        told = at_once("pre-commit", {**os.environ, **environ})
    finally:
        os.chdir(before)
    return None if told is None else [b"%d" % told.exit_code, told.plain.encode(), told.coloured.encode()]


def test_a_hook_is_answered(shop: Shop) -> None:
    start(shop.root)
    assert hook(shop) == [b"0", b"", b""]
    shop.project.replace("models.py", LAST, LAST + COLOUR)
    assert hook(shop) == [b"0", b"", b""]
    shop.project.git("add", "models.py")
    told = hook(shop)
    assert told
    code, plain, coloured = told
    assert code == b"1"
    assert b"items.colour" in plain
    assert b"\x1b[" in coloured


def test_what_a_hook_will_ask_is_remembered_before(shop: Shop) -> None:
    def remembered() -> bool:
        repository = find_repository(shop.root)
        return repository is not None and staged.remembered(repository, os.environ)

    assert not remembered()
    start(shop.root)
    shop.looked()
    eventually(remembered)
    shop.project.replace("models.py", LAST, LAST + COLOUR)
    shop.looked(2)
    eventually(remembered)  # what is staged is as before, and is known though the folder has changed
    shop.project.git("add", "models.py")
    eventually(remembered)


def test_a_hook_has_an_index_of_its_own(shop: Shop) -> None:
    start(shop.root)
    shop.project.replace("models.py", LAST, LAST + COLOUR)
    index = shop.root / ".git" / "next-index-1.lock"
    shutil.copy(shop.root / ".git" / "index", index)
    shop.project.must("env", f"GIT_INDEX_FILE={index}", "git", "add", "models.py")
    told = hook(shop, GIT_INDEX_FILE=str(index))
    assert told and told[0] == b"1"
    assert hook(shop) == [b"0", b"", b""]


def test_a_hook_of_another_repository_is_not_answered(shop: Shop, tmp_path: Path) -> None:
    start(shop.root)
    other = Guarded.copy_of(SAMPLES / "plain", tmp_path / "other")
    question = (b"staged", b"pre-commit", b"60", os.fsencode(other.root), f"PATH={os.environ['PATH']}".encode())
    assert ask(str(shop.folder), question, 60) is None


def test_ddl_in_the_live_database_is_seen(shop: Shop) -> None:
    start(shop.root)
    shop.looked()
    sql(f"sqlite:///{shop.root}/shop.db", "DROP INDEX ix_items_name")
    look: Look = eventually(lambda: next((each for each in shop.looks() if each.cause == "live database"), None), 60)
    assert look.verdict and look.verdict.exit_code == 1


def test_it_is_killed_and_the_next_one_takes_over(shop: Shop) -> None:
    start(shop.root)
    shop.looked()
    os.kill(status(shop.root).pid, signal.SIGKILL)
    eventually(lambda: not shop.processes())
    assert (shop.folder / SOCKET).exists()
    assert (shop.folder / PID).exists()
    eventually(lambda: not status(shop.root).running)  # as soon as its last thread is gone
    assert not start(shop.root).already
    assert shop.looked().verdict


def test_what_others_left_is_replaced(shop: Shop) -> None:
    shop.folder.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(shop.folder / SOCKET))
    (shop.folder / PID).write_text(f"{os.getpid()} {started(os.getpid())}\n")
    assert not status(shop.root).running
    assert not stop(shop.root)
    assert not start(shop.root).already
    assert shop.looked().verdict


def test_of_many_that_begin_at_once_one_stays(shop: Shop) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: start(shop.root).already, range(4)))
    assert sorted(outcomes) == [False, True, True, True]
    shop.looked()


def test_one_that_does_not_listen_is_ended_all_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "STOP_SECONDS", 0.5)
    monkeypatch.setattr(lifecycle, "ASK_SECONDS", 0.2)
    start(shop.root)
    shop.looked()
    os.kill(status(shop.root).pid, signal.SIGSTOP)
    assert status(shop.root).running
    assert stop(shop.root)


def test_a_process_that_only_has_its_number_is_spared(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(lifecycle, "ASK_SECONDS", 0.1)
    start(shop.root)
    shop.looked()
    pid = status(shop.root).pid
    written = (shop.folder / PID).read_text()
    os.kill(pid, signal.SIGSTOP)
    with subprocess.Popen([sys.executable, "-c", "input()", "driftguard"], stdin=subprocess.PIPE) as bystander:
        (shop.folder / PID).write_text(f"{bystander.pid} 1\n")
        with pytest.raises(DriftguardError, match="does not end"):
            stop(shop.root)
        assert bystander.poll() is None
        bystander.communicate(b"\n")
    (shop.folder / PID).write_text(written)


def remove(root: Path) -> None:
    shutil.rmtree(root)


def move(root: Path) -> None:
    root.rename(root.with_name("moved"))


def remove_git(root: Path) -> None:
    shutil.rmtree(root / ".git")


@pytest.mark.parametrize("end", [remove, move, remove_git])
def test_it_ends_with_its_repository(shop: Shop, end: Callable[[Path], Any]) -> None:
    start(shop.root)
    shop.looked()
    end(shop.root)
    eventually(lambda: not shop.processes())
    moved = shop.root.with_name("moved")
    if moved.exists():
        assert {each.name for each in (moved / ".git/driftguard").iterdir()} <= {LOCK, "daemon.log", "memo", "standing"}


def test_it_lives_through_settings_that_are_wrong(shop: Shop) -> None:
    start(shop.root)
    shop.looked()
    shop.project.write("driftguard.toml", "what = \n")
    look = shop.looked(2)
    assert (look.cause, look.verdict) == ("settings", None)
    assert "driftguard.toml" in look.error
    (shop.root / "driftguard.toml").unlink()
    assert shop.looked(3).verdict


def test_a_checkout_is_one_look(shop: Shop) -> None:
    shop.project.git("checkout", "--quiet", "-b", "other")
    for number in range(300):
        shop.project.write(f"many/{number}.py", "")
    shop.project.replace("models.py", LAST, LAST + COLOUR)
    shop.project.commit("many")
    shop.project.git("checkout", "--quiet", "main")
    start(shop.root)
    shop.looked()
    shop.project.git("checkout", "--quiet", "other")
    look = shop.looked(2)
    assert look.verdict and look.verdict.exit_code == 1
    shop.project.git("checkout", "--quiet", "main")
    look = shop.looked(3)
    assert look.verdict and look.verdict.exit_code == 0
    assert len(shop.looks()) == 3


def test_an_interpreter_that_is_gone_is_told_and_its_return_is_seen(shop: Shop) -> None:
    environment = shop.root / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix, 'bin')}\n")
    (environment / "bin/python").symlink_to(Path(sys.executable).resolve())
    library = environment / "lib" / f"python3.{sys.version_info.minor}"
    library.mkdir(parents=True)
    (library / "site-packages").symlink_to(next(Path(each) for each in sys.path if each.endswith("site-packages")))
    shop.project.write(".git/info/exclude", "__pycache__/\n*.db\n.venv\n")
    start(shop.root)
    look = shop.looked()
    assert look.verdict and look.verdict.exit_code == 0
    away = environment.with_name("away")
    environment.rename(away)
    shop.project.write("driftguard.toml", 'python = ".venv/bin/python"\n')

    def code() -> int | None:
        look = shop.looked()
        return look.verdict.exit_code if look.verdict else None

    eventually(lambda: code() != 0, 60)
    away.rename(environment)
    eventually(lambda: code() == 0, 60)


def test_without_git(shop: Shop) -> None:
    shutil.rmtree(shop.root / ".git")
    begun = start(shop.root)
    assert begun.log.is_relative_to(os.environ["DRIFTGUARD_CACHE_DIR"])
    assert shop.looked().verdict
    shop.project.replace("models.py", LAST, LAST + COLOUR)
    look = shop.looked(2)
    assert look.verdict and look.verdict.exit_code == 1


def test_a_private_server_ends_with_the_daemon(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE", NOBODY)
    start(shop.root)
    look = shop.looked()
    assert look.verdict and look.verdict.exit_code == 0
    place = servers_folder(Path(os.environ["DRIFTGUARD_CACHE_DIR"]), server_account(["postgres"]))
    assert any(is_running(home) for home in place.glob("*-[0-9]*"))
    stop(shop.root)
    assert not any(is_running(home) for home in place.glob("*-[0-9]*"))
