"""A guest that was forked is one that was started, only sooner; and nobody is left over, whoever is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from driftguard.probe import guest_process, preloaded
from driftguard.probe.guest_process import DeadlinePassed, Guest, GuestFailed, Start
from driftguard.probe.preloaded import PreloadedGuests

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="guests are forked on Linux only")

PLENTY = 60.0
ENV = """
from alembic import context
import models
from sqlalchemy import create_engine
{added}
with create_engine("sqlite:///live.db").connect() as connection:
    context.configure(connection=connection, target_metadata=models.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
pets = sa.Table("pets", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


class Project:
    """A project without revisions, whose env.py does ``added`` first."""

    def __init__(self, root: Path, python: str = sys.executable) -> None:
        self.root = root
        self.python = python
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        self.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        self._shadows = 0
        (root / "migrations" / "versions").mkdir(parents=True)
        (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (root / "models.py").write_text(MODELS)
        self.write_env("")

    def write_env(self, added: str) -> None:
        (self.root / "migrations" / "env.py").write_text(ENV.format(added=textwrap.dedent(added)))

    def start(
        self, start: Start, seconds: float = PLENTY, environ: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Guest]:
        environ = self.environ if environ is None else environ
        return start(self.python, cwd=self.root, environ=environ, seconds=seconds, answer=self._answer)

    def prepare(self, guests: PreloadedGuests, environ: Mapping[str, str] | None = None) -> None:
        assert guests.prepare(self.python, cwd=self.root, environ=environ or self.environ)

    def load(self, guest: Guest) -> Any:
        self.begin_to_load(guest)
        return guest.finish("load")

    def begin_to_load(self, guest: Guest) -> None:
        guest.begin(
            "load",
            overlay={"replaced": {}, "absent": []},
            folder=str(self.root),
            config=str(self.root / "alembic.ini"),
            section="alembic",
            script_location=str(self.root / "migrations"),
            url="",
            begins_on="",
            flask=False,
            flask_app="",
            x=[],
            sys_path=[str(self.root)],
            probe_live=False,
        )

    def run(self, guest: Guest) -> Any:
        self.load(guest)
        return guest.call("run", destination="heads", compare=True, purpose="head")

    def error(self, guest: Guest) -> str:
        """What env.py raised, as text."""
        return str((self.run(guest)["error"] or {}).get("message"))

    def _answer(self, question: str, arguments: Mapping[str, Any]) -> str | None:
        if question != "shadow":
            return None
        self._shadows += 1
        return f"sqlite:///{self.root}/shadow{self._shadows}-{threading.get_ident()}.db"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch) -> Iterator[PreloadedGuests]:
    """At the end nothing of them is left, and no descriptor."""
    before = descriptors()
    with PreloadedGuests() as opened:
        yield opened
    assert descriptors() == before


@pytest.fixture
def forked_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would start an ordinary guest fails."""

    def start(*_: object, **__: object) -> AbstractContextManager[Guest]:
        raise AssertionError("an ordinary guest was started")

    monkeypatch.setattr(guest_process, "start", start)


def descriptors() -> int:
    return descriptors_of(os.getpid())


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def preloader_of(guests: PreloadedGuests) -> int:
    return guests._preloaders[-1].pid


def read_pid(file: Path) -> int:
    assert eventually(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


SAY_PID = "import os; open('pid', 'w').write(f'{os.getpid()}\\n')\n"
SLEEP = SAY_PID + "import time; time.sleep(600)\n"
WITH_CHILD = "import subprocess; child = subprocess.Popen(['sleep', '600'])\n"
SAY_CHILD = WITH_CHILD + "open('pid', 'w').write(f'{child.pid}\\n')\n"


class TestSameAsOrdinary:
    def test_answers(self, project: Project, guests: PreloadedGuests, forked_only: None) -> None:
        project.prepare(guests)
        project.write_env(SAY_PID)
        for _ in range(3):
            with project.start(guests.start) as guest:
                run = project.run(guest)
                assert parent_of(read_pid(project.root / "pid")) == preloader_of(guests)
            assert run["error"] is None
            assert [each["table"] for each in run["databases"][0]["operations"]] == ["pets"], run
            project.prepare(guests)

    def test_whole_answers_are_equal(
        self, project: Project, guests: PreloadedGuests, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def answers(start: Start) -> list[Any]:
            project._shadows = 0
            for shadow in project.root.glob("shadow*"):
                shadow.unlink()
            with project.start(start) as guest:
                hello = guest.call("hello")
                loaded = project.load(guest)
                run = guest.call("run", destination="heads", compare=True, purpose="head")
                sources = guest.call("sources", number=0, root=str(project.root))
                return [hello, loaded, run, sources, guest.call("recorded")]

        ordinary = answers(guest_process.start)
        project.prepare(guests)
        with monkeypatch.context() as patched:
            patched.delattr(guest_process, "start")
            forked = answers(guests.start)
            project.prepare(guests)
            with_more_loaded = answers(guests.start)
        for answered in (forked, with_more_loaded):
            assert answered[:4] == ordinary[:4]
            assert {key: value for key, value in answered[4].items() if key != "read"} == {
                key: value for key, value in ordinary[4].items() if key != "read"
            }
            assert set(ordinary[4]["read"]) - set(answered[4]["read"]) == set()

    def test_four_at_once(self, project: Project, guests: PreloadedGuests, forked_only: None) -> None:
        project.prepare(guests)
        meet = threading.Barrier(4)

        def one(_: int) -> Any:
            with project.start(guests.start) as guest:
                meet.wait(PLENTY)
                return project.run(guest)["error"]

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(one, range(4))) == [None] * 4

    def test_environment_folder_and_streams(self, project: Project, guests: PreloadedGuests) -> None:
        project.write_env(
            """
            import gc, os, signal, sys, threading
            raise ValueError(repr((
                sorted(os.environb.items()), os.getcwd(), os.getsid(0) == os.getpid(), sys.path, sys.argv, sys.flags,
                [signal.getsignal(each) for each in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE)],
                signal.pthread_sigmask(signal.SIG_BLOCK, ()), sorted(os.listdir("/proc/self/fd")), os.umask(0),
                sys.stdin.read(), os.path.basename(os.readlink("/proc/self/fd/2"))[-9:], threading.active_count(),
                gc.isenabled(), sys.dont_write_bytecode, sorted(vars(sys.modules["__main__"]).keys() - {"serve"}),
            )))
            """
        )
        project.environ["GONE_LATER"] = "1"
        project.prepare(guests)
        request = {**project.environ, "ADDED": "ä\udcff", "HOOKED": "x" * 100_000}
        del request["GONE_LATER"]
        with project.start(guest_process.start, environ=request) as guest:
            ordinary = project.error(guest)
        with pytest.MonkeyPatch.context() as patched:
            patched.delattr(guest_process, "start")
            with project.start(guests.start, environ=request) as guest:
                assert project.error(guest) == ordinary
        assert "GONE_LATER" not in ordinary
        assert "b'HOOKED'" in ordinary

    @pytest.mark.parametrize(
        ("added", "told"),
        [
            pytest.param("import sys; print('last words', file=sys.stderr, flush=True); os._exit(7)", "exit code 7"),
            pytest.param("print('last words', flush=True); os.kill(os.getpid(), 9)", "signal SIGKILL"),
            pytest.param("print('last words', flush=True); os.abort()", "signal SIGABRT"),
        ],
    )
    def test_a_guest_that_dies(
        self, project: Project, guests: PreloadedGuests, forked_only: None, added: str, told: str
    ) -> None:
        project.prepare(guests)
        project.write_env("import os\n" + SAY_CHILD + added)
        with project.start(guests.start) as guest, pytest.raises(GuestFailed) as failed:
            project.run(guest)
        assert failed.value.kind == "died"
        assert told in failed.value.message
        assert failed.value.details == ("last words",)
        assert eventually(lambda: is_gone(read_pid(project.root / "pid")))

    def test_sys_exit_is_no_death(self, project: Project, guests: PreloadedGuests, forked_only: None) -> None:
        project.prepare(guests)
        project.write_env("import sys; sys.exit('not today')")
        with project.start(guests.start) as guest:
            assert "not today" in project.error(guest)

    def test_the_deadline_ends_children_too(self, project: Project, guests: PreloadedGuests, forked_only: None) -> None:
        project.prepare(guests)
        project.write_env(SAY_CHILD + "import time; time.sleep(600)")
        with pytest.raises(DeadlinePassed), project.start(guests.start, seconds=3.0) as guest:
            project.run(guest)
        assert eventually(lambda: is_gone(read_pid(project.root / "pid")))

    @pytest.mark.parametrize("name", ["models", "getpass", "secrets"])
    def test_a_module_of_the_project_goes_first(
        self, project: Project, guests: PreloadedGuests, forked_only: None, name: str
    ) -> None:
        """pymysql imports getpass."""
        project.write_env("import pymysql, asyncpg")
        project.prepare(guests)
        with project.start(guests.start) as guest:
            assert project.error(guest) == "None"
        project.prepare(guests)
        project.write_env(f"import {name}; raise ValueError({name}.__file__)")
        (project.root / f"{name}.py").write_text(MODELS)
        with project.start(guests.start) as guest:
            assert str(project.root / name) in project.error(guest)

    @pytest.mark.parametrize("python", ["", "/nowhere/python", "/bin/true", "/bin/cat"])
    def test_what_is_no_interpreter(self, project: Project, guests: PreloadedGuests, python: str) -> None:
        project.python = python
        errors = []
        for start in (guest_process.start, guests.start, guests.start):
            with pytest.raises((OSError, GuestFailed)) as raised, project.start(start):
                pass
            errors.append((raised.type, str(raised.value)))
        assert errors[0] == errors[1] == errors[2]

    def test_a_folder_that_is_not_there(self, project: Project, guests: PreloadedGuests) -> None:
        project.prepare(guests)
        shutil.rmtree(project.root)
        with pytest.raises(FileNotFoundError), project.start(guests.start):
            pass


class TestNobodyIsLeft:
    def test_the_preloader_is_killed_while_a_guest_works(
        self, project: Project, guests: PreloadedGuests, forked_only: None
    ) -> None:
        project.prepare(guests)
        project.write_env(SAY_PID + WITH_CHILD + "open('child', 'w').write(f'{child.pid}\\n')")
        with project.start(guests.start) as guest:
            project.load(guest)
            first = preloader_of(guests)
            os.kill(first, signal.SIGKILL)
            assert guest.call("run", destination="heads", compare=True, purpose="head")["error"] is None
        assert eventually(lambda: is_gone(read_pid(project.root / "pid")))
        assert eventually(lambda: is_gone(read_pid(project.root / "child")))
        project.prepare(guests)
        assert preloader_of(guests) != first
        with project.start(guests.start) as guest:
            assert project.error(guest) == "None"

    def test_the_preloader_is_killed_while_a_guest_hangs(
        self, project: Project, guests: PreloadedGuests, forked_only: None
    ) -> None:
        project.prepare(guests)
        project.write_env(f"import os, signal; os.kill({preloader_of(guests)}, signal.SIGKILL)\n" + SLEEP)
        with pytest.raises(DeadlinePassed), project.start(guests.start, seconds=3.0) as guest:
            project.run(guest)
        assert eventually(lambda: is_gone(read_pid(project.root / "pid")))

    def test_the_preloader_is_killed_with_its_guest(
        self, project: Project, guests: PreloadedGuests, forked_only: None
    ) -> None:
        project.prepare(guests)
        project.write_env(f"import os; os.kill({preloader_of(guests)}, 9); os.kill(os.getpid(), 9)")
        with project.start(guests.start) as guest, pytest.raises(GuestFailed, match="SIGKILL"):
            project.run(guest)

    def test_the_preloader_is_killed_while_idle(self, project: Project, guests: PreloadedGuests) -> None:
        project.prepare(guests)
        os.kill(preloader_of(guests), signal.SIGKILL)
        for _ in range(2):
            with project.start(guests.start) as guest:
                assert project.error(guest) == "None"

    def test_the_preloader_is_stopped(
        self, project: Project, guests: PreloadedGuests, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project.prepare(guests)
        monkeypatch.setattr(preloaded, "PATIENCE_SECONDS", 0.2)
        monkeypatch.setattr(preloaded, "PAUSE_SECONDS", 0.0)
        first = preloader_of(guests)
        project.write_env(SAY_PID)
        with project.start(guests.start) as guest:
            project.load(guest)
            os.kill(first, signal.SIGSTOP)
            assert guest.call("run", destination="heads", compare=True, purpose="head")["error"] is None
        assert eventually(lambda: is_gone(read_pid(project.root / "pid")))
        with project.start(guests.start) as guest:
            assert project.error(guest) == "None"
        assert is_gone(first)

    def test_the_host_is_killed(self, project: Project) -> None:
        project.write_env(SAY_CHILD + "open('guest', 'w').write(f'{os.getpid()}\\n')\nimport time; time.sleep(600)")
        project.write_env("import os\n" + (project.root / "migrations/env.py").read_text())
        program = textwrap.dedent(
            f"""
            import sys
            from pathlib import Path
            sys.path.insert(0, {str(Path(__file__).parent)!r})
            from pathlib import PosixPath
            from test_preloaded import Project, PreloadedGuests
            project = Project.__new__(Project)
            project.__dict__.update({vars(project)!r}, root=Path({str(project.root)!r}))
            with PreloadedGuests() as guests:
                project.prepare(guests)
                print(guests._preloaders[-1].pid, flush=True)
                with project.start(guests.start) as guest:
                    project.run(guest)
            """
        )
        host = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=project.root.parent)
        try:
            assert host.stdout is not None
            preloader = int(host.stdout.readline())
            guest, child = read_pid(project.root / "guest"), read_pid(project.root / "pid")
            assert parent_of(guest) == preloader
            host.kill()
            for pid in (preloader, guest, child):
                assert eventually(lambda pid=pid: is_gone(pid))
        finally:
            host.kill()
            host.wait()
            host.stdout.close()

    def test_leaving_ends_what_is_held_ready(self, project: Project) -> None:
        with PreloadedGuests() as guests:
            project.prepare(guests)
            preloader = preloader_of(guests)
        assert is_gone(preloader)
        with project.start(guests.start) as guest:
            assert guest.call("hello")["protocol"]
        assert guests._preloaders == []

    def test_one_that_still_has_guests_is_ended_after_them(
        self, project: Project, guests: PreloadedGuests, forked_only: None
    ) -> None:
        project.prepare(guests)
        preloader = preloader_of(guests)
        with project.start(guests.start) as guest:
            guests.__exit__()
            assert not is_gone(preloader)
            assert project.error(guest) == "None"
        assert is_gone(preloader)

    def test_a_guest_has_no_descriptor_of_another(
        self, project: Project, guests: PreloadedGuests, forked_only: None
    ) -> None:
        project.prepare(guests)
        held = descriptors_of(preloader_of(guests))
        project.write_env("import os; raise ValueError(sorted(os.listdir('/proc/self/fd')))")
        with project.start(guests.start) as one:
            alone = project.error(one)
            with project.start(guests.start) as other, project.start(guests.start) as third:
                assert project.error(third) == alone
                assert project.error(other) == alone
        assert eventually(lambda: descriptors_of(preloader_of(guests)) == held)


def descriptors_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the packages of the interpreter that runs the tests."""
    home = tmp_path_factory.mktemp("venv") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    (packages,) = home.glob("lib/python*/site-packages")
    import sqlalchemy

    (packages / "others.pth").write_text(f"{Path(sqlalchemy.__file__).parents[1]}\n")
    (packages / "mako").symlink_to(Path(sqlalchemy.__file__).parents[1] / "mako")
    return home


class TestStaleness:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda packages: (packages / "new_module.py").write_text(""), id="a new module"),
            pytest.param(lambda packages: (packages / "new.dist-info").mkdir(), id="a new distribution"),
            pytest.param(lambda packages: os.utime(packages / "mako" / "__init__.py"), id="a loaded file"),
            pytest.param(lambda packages: os.utime(packages.parents[2] / "pyvenv.cfg"), id="pyvenv.cfg"),
            pytest.param(lambda packages: os.utime(packages / "others.pth"), id="what names folders"),
        ],
    )
    def test_a_change_needs_another_preloader(
        self, project: Project, guests: PreloadedGuests, venv: Path, change: Callable[[Path], object]
    ) -> None:
        (packages,) = venv.glob("lib/python*/site-packages")
        if (packages / "mako").is_symlink():
            source = (packages / "mako").resolve()
            (packages / "mako").unlink()
            shutil.copytree(source, packages / "mako")
        project.python = str(venv / "bin" / "python")
        project.prepare(guests)
        for _ in range(2):
            with project.start(guests.start) as guest:
                assert project.error(guest) == "None"
            project.prepare(guests)
        first = preloader_of(guests)
        change(packages)
        with project.start(guests.start) as guest:
            assert project.error(guest) == "None"
        assert preloader_of(guests) != first
        assert is_gone(first)

    def test_the_interpreter_is_deleted(self, project: Project, guests: PreloadedGuests, venv: Path) -> None:
        copy = shutil.copytree(venv, project.root.parent / "copy", symlinks=True)
        project.python = str(copy / "bin" / "python")
        project.prepare(guests)
        shutil.rmtree(copy)
        for _ in range(2):
            with pytest.raises(FileNotFoundError), project.start(guests.start):
                pass

    def test_what_would_be_found_first(self, project: Project, guests: PreloadedGuests) -> None:
        own = project.root.parent / "own"
        own.mkdir()
        project.environ["PYTHONPATH"] = str(own)
        project.prepare(guests)
        first = preloader_of(guests)
        (own / "unrelated.py").write_text("")
        with project.start(guests.start) as guest:
            project.load(guest)
        assert preloader_of(guests) == first
        (own / "mako").mkdir()
        (own / "mako" / "__init__.py").write_text("raise ImportError('mine')")
        with project.start(guests.start) as guest, pytest.raises(GuestFailed, match="mine"):
            project.load(guest)

    def test_variables(self, project: Project, guests: PreloadedGuests) -> None:
        project.prepare(guests)
        first = preloader_of(guests)
        others: list[dict[str, str]] = [
            {"ANY": "1"},
            {"DATABASE_URL": "sqlite://"},
            {"GIT_AUTHOR_NAME": "Bob"},
        ]
        for other in others:
            project.prepare(guests, {**project.environ, **other})
            assert preloader_of(guests) == first
        project.prepare(guests, {**project.environ, "PYTHONHASHSEED": "1"})
        second = preloader_of(guests)
        assert second != first
        project.prepare(guests)
        assert preloader_of(guests) == first
        project.prepare(guests, {**project.environ, "PYTHONPATH": "/nowhere"})
        assert preloader_of(guests) not in (first, second)
        assert is_gone(second)
        assert not is_gone(first)

    def test_a_thread_that_the_interpreter_starts_with(self, project: Project, guests: PreloadedGuests) -> None:
        own = project.root.parent / "own"
        own.mkdir()
        (own / "sitecustomize.py").write_text(
            "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"
        )
        project.environ["PYTHONPATH"] = str(own)
        assert not guests.prepare(project.python, cwd=project.root, environ=project.environ)
        failed = preloader_of(guests)
        for _ in range(2):
            with project.start(guests.start) as guest:
                assert project.error(guest) == "None"
        assert preloader_of(guests) == failed

    def test_what_guests_use_is_loaded_for_the_next_one(
        self, project: Project, guests: PreloadedGuests, forked_only: None
    ) -> None:
        project.prepare(guests)
        project.write_env("import sys; was = 'psycopg2' in sys.modules; import psycopg2; raise ValueError(was)")
        told = []
        for _ in range(2):
            with project.start(guests.start) as guest:
                told.append(project.error(guest))
            project.prepare(guests)
        assert told == ["ValueError: False", "ValueError: True"]


def test_without_pidfd_every_guest_is_an_ordinary_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    with PreloadedGuests() as guests:
        assert not guests.prepare(project.python, cwd=project.root, environ=project.environ)
        with project.start(guests.start) as guest:
            assert project.error(guest) == "None"


def test_a_guest_for_whose_answer_nobody_waited_is_asked_nothing_more(
    guests: PreloadedGuests, project: Project
) -> None:
    with project.start(guests.start_patiently) as guest:
        project.begin_to_load(guest)
    with project.start(guests.start) as guest:
        assert project.error(guest) == "None"
