"""What a watcher answers over its socket, and what cannot disturb it."""

from __future__ import annotations

import os
import pickle
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from watching import Engine, Watched, eventually

from driftguard.daemon import client, server
from driftguard.daemon.client import ADDRESS, SOCKET, ask
from driftguard.daemon.place import Place, locked, place_of
from driftguard.daemon.server import MOST_CONNECTIONS, Server, listening

REPOSITORY = Path(__file__).parents[2]


class Served:
    """A watch with a made-up engine that listens."""

    def __init__(self, place: Place, watched: Watched, server: Server) -> None:
        self.place = place
        self.watched = watched
        self.server = server

    def ask(self, *question: bytes, seconds: float = 10.0) -> list[bytes] | None:
        return ask(str(self.place.folder), question, seconds)

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(str(self.place.folder / SOCKET))
        return connection


def serve(stack: ExitStack, root: Path) -> Served:
    root.mkdir(parents=True, exist_ok=True)
    place = place_of(root)
    folder = stack.enter_context(locked(place))
    watched = stack.enter_context(Watched(root, Engine(root)))
    listener = stack.enter_context(listening(place, folder))
    answering = stack.enter_context(Server(listener, watched.watch, watched.stop, watched.log.append))
    answering.tell(watched.states[-1])
    return Served(place, watched, answering)


@pytest.fixture
def short() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dg", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def served(short: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("DRIFTGUARD_CACHE_DIR", str(short / "cache"))
    with ExitStack() as stack:
        yield serve(stack, short / "shop")


def staged(environ: Sequence[bytes] = (b"A=b",)) -> tuple[bytes, ...]:
    return (b"staged", b"pre-commit", b"10", b"/", *environ)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param((b"ping",), [], id="ping"),
        pytest.param(staged(), [b"1", b"pre-commit b", b"red"], id="a hook"),
        pytest.param(staged([b"A=\xff"]), [b"1", b"pre-commit ?", b"red"], id="a variable that is no text"),
        pytest.param(staged([b"FAIL=1"]), None, id="a hook that cannot be answered"),
        pytest.param((b"live", b"10"), [b"same"], id="live databases, of which there are none"),
        pytest.param((b"live", b"10", b"a"), [b"changed"], id="a live database that is not known"),
        pytest.param((b"what",), None, id="something unknown"),
        pytest.param((b"staged", b"pre-commit"), None, id="too few fields"),
        pytest.param((b"staged", b"pre-commit", b"soon", b"/"), None, id="no number"),
        pytest.param((b"ping" * (1 << 19),), None, id="too long"),
    ],
)
def test_answers(served: Served, question: tuple[bytes, ...], answer: list[bytes] | None) -> None:
    assert served.ask(*question) == answer
    assert served.ask(b"ping") == []


def test_status(served: Served) -> None:
    answer = served.ask(b"status")
    assert answer
    pid, _, state = pickle.loads(answer[0])
    assert (pid, state) == (os.getpid(), served.watched.states[-1])


def test_stop(served: Served) -> None:
    assert served.ask(b"stop") == []
    served.watched.join()


def test_another_version_makes_it_leave(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(client, "__version__", "0.0.1")
        assert served.ask(b"ping") is None
    served.watched.join()


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"\0", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff", b"\0\0\0\5abc", b"\0\0\0\0", os.urandom(1 << 10)],
)
def test_rubbish_is_no_answer_and_no_end(served: Served, rubbish: bytes) -> None:
    with served.connect() as connection:
        connection.sendall(rubbish)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert len(connection.recv(100)) < 100
    assert served.ask(b"ping") == []


def test_those_who_say_nothing_keep_nobody_waiting(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "QUESTION_SECONDS", 60.0)
    before = threading.active_count()
    with ExitStack() as stack:
        hanging = [stack.enter_context(served.connect()) for _ in range(MOST_CONNECTIONS - 1)]
        eventually(lambda: threading.active_count() >= before + len(hanging))
        assert served.ask(b"ping") == []
        eventually(lambda: threading.active_count() <= before + len(hanging))  # the one who asked has been let go
        stack.enter_context(served.connect())
        with served.connect() as refused:
            assert refused.recv(1) == b""
    eventually(lambda: served.ask(b"ping") == [])


def test_those_who_say_nothing_are_left(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "QUESTION_SECONDS", 0.05)
    with served.connect() as connection:
        assert connection.recv(1) == b""


def test_only_the_user_can_reach_it(served: Served) -> None:
    assert stat.S_IMODE(served.place.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((served.place.folder / SOCKET).stat().st_mode) == 0o600


def test_a_path_that_is_too_long_for_a_socket(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTGUARD_CACHE_DIR", str(short / ("long" * 25)))
    with ExitStack() as stack:
        served = serve(stack, short / "shop")
        assert served.ask(b"ping") == []
        elsewhere = Path((served.place.folder / ADDRESS).read_text())
        assert elsewhere.is_socket()
        assert stat.S_IMODE(elsewhere.parent.stat().st_mode) == 0o700
    assert not elsewhere.parent.exists()
    assert not (served.place.folder / ADDRESS).exists()


def nobody(folder: Path) -> None:
    """A folder in which nobody ever was."""


def left(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / SOCKET))


def lost(folder: Path) -> None:
    (folder / ADDRESS).write_text(str(folder / "missing" / SOCKET))


def a_file(folder: Path) -> None:
    (folder / SOCKET).write_text("")


def a_folder(folder: Path) -> None:
    (folder / ADDRESS).mkdir()


@pytest.mark.parametrize("leave", [nobody, left, lost, a_file, a_folder])
def test_where_nobody_listens_the_client_is_told_so(short: Path, leave: object) -> None:
    leave(short)  # type: ignore[operator]
    assert ask(str(short), (b"ping",), 10) is None


@pytest.mark.parametrize("answer", [b"", b"\0\0\0\5", b"\0\0\0\3abc", b"\xff\xff\xff\xff", b"\0\0\0\7\0\0\0\0\0\0\0"])
def test_a_daemon_that_dies_in_the_middle_is_no_answer(short: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short / SOCKET))
        listener.listen()

        def die() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=die)
        thread.start()
        assert ask(str(short), (b"ping",), 10) is None
        thread.join()


def test_a_daemon_that_hangs_is_not_waited_for(short: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short / SOCKET))
        listener.listen()
        before = time.monotonic()
        assert ask(str(short), (b"ping",), 0.1) is None
        assert time.monotonic() - before < 30


def test_the_client_loads_next_to_nothing() -> None:
    program = "import sys; was = set(sys.modules); import driftguard.daemon.client; print(*set(sys.modules) - was)"
    loaded = subprocess.run([sys.executable, "-S", "-P", "-c", program], cwd=REPOSITORY, env={"PYTHONPATH": "."},
                            capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
    ours = {"driftguard", "driftguard.daemon", "driftguard.daemon.client"}
    assert set(loaded) <= ours | {"__future__", "_collections_abc", "_socket", "time"}
