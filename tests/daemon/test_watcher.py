"""What makes a watch look again, with a made-up engine and real files."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watching import Engine, Watched, eventually

from driftguard.daemon import changes, watcher
from driftguard.errors import DriftguardError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name in ("app", ".git/refs/heads"):
        (root / name).mkdir(parents=True)
    (root / "models.py").write_text("")
    (root / ".git/index").write_text("")
    return root


def commit(root: Path) -> None:
    lock = root / ".git/index.lock"
    lock.write_text("a")
    lock.rename(root / ".git/index")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        pytest.param(lambda root: (root / "models.py").write_text("a"), "models.py", id="a file"),
        pytest.param(lambda root: (root / "app/a.py").write_text("a"), "app/a.py", id="a file in a watched folder"),
        pytest.param(lambda root: (root / "pyproject.toml").write_text(""), "settings", id="settings"),
        pytest.param(commit, "the index", id="the index"),
        pytest.param(lambda root: (root / ".git/HEAD").write_text("a"), "HEAD", id="HEAD"),
        pytest.param(lambda root: (root / ".git/refs/heads/main").write_text("a"), "refs", id="a branch"),
    ],
)
def test_a_change_is_one_look(root: Path, change: Callable[[Path], Any], cause: str) -> None:
    engine = Engine(root, git=True)
    engine.folders = (root / "app",)
    with Watched(root, engine) as watched:
        change(root)
        watched.looks(2)
        eventually(lambda: len(engine.remembered) >= 4)
        assert watched.causes == ["the start", cause]
    assert engine.remembered == ["everything", "index"] * 2
    assert engine.open == 0


def test_thousands_of_files_are_one_look(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "QUIET", 0.5)  # on a busy machine, who writes them has to wait now and then
    monkeypatch.setattr(changes, "LONGEST_UNREST", 60.0)
    engine = Engine(root)
    engine.folders = (root / "app",)
    with Watched(root, engine) as watched:
        # As git does it: in one go, by somebody who is not slowed down by our own threads.
        subprocess.run("for n in $(seq 2000); do : > app/$n.py; done", shell=True, cwd=root, check=True)
        watched.looks(2)
        (root / "models.py").write_text("last")
        watched.until(lambda state: bool(state.looks) and state.looks[0].cause == "models.py")
        assert watched.causes in (["the start", f"app/{n}.py", "models.py"] for n in range(1, 2))


@pytest.mark.parametrize(
    "failure", [DriftguardError("pyproject.toml is wrong", "mend it"), OSError(28, "No room"), KeyError(1)]
)
def test_a_look_that_fails_is_told_and_the_next_one_is_done(root: Path, failure: Exception) -> None:
    engine = Engine(root)
    engine.failures = [failure]
    with Watched(root, engine) as watched:
        [look] = watched.looks(1).looks
        assert look.verdict is None
        assert str(failure.args[-1]) in look.error
        assert isinstance(failure, DriftguardError) or "Traceback" in watched.log[0]
        (root / "models.py").write_text("a")
        assert watched.looks(2).looks[0].verdict


def test_the_last_look_stays_open_until_the_next_has_begun(root: Path) -> None:
    engine = Engine(root)
    with Watched(root, engine) as watched:
        assert engine.open == 1
        (root / "models.py").write_text("a")
        watched.looks(2)
        eventually(lambda: engine.open == 1)
        assert engine.most_open == 2
    assert engine.open == 0


def test_a_refreshed_index_is_no_change(root: Path) -> None:
    engine = Engine(root, git=True)
    with Watched(root, engine) as watched:
        eventually(lambda: "index" in engine.remembered)
        engine.moved = False
        commit(root)
        eventually(lambda: engine.compared)
        (root / "models.py").write_text("a")
        watched.looks(2)
        assert watched.causes == ["the start", "models.py"]


def test_a_look_waits_until_git_has_let_go_of_the_index(root: Path) -> None:
    engine = Engine(root, git=True)
    locked: list[bool] = []
    engine.during = lambda: locked.append((root / ".git/index.lock").exists())
    with Watched(root, engine) as watched:
        (root / ".git/index.lock").write_text("")
        (root / "models.py").write_text("a")
        eventually(lambda: watched.watch._inbox._cause)
        (root / ".git/index.lock").unlink()
        watched.looks(2)
    assert locked == [False, False]


def test_a_new_folder_is_watched_from_then_on(root: Path) -> None:
    engine = Engine(root)
    with Watched(root, engine) as watched:
        engine.folders = (root / "later",)
        (root / "later").mkdir()
        watched.looks(2)
        eventually(lambda: len(engine.remembered) == 2 and watched.watch.answer("pre-commit", {}, root, 10))
        (root / "later/a.py").write_text("")
        watched.until(lambda state: bool(state.looks) and state.looks[0].cause.endswith("a.py"))


def test_what_changes_in_a_new_folder_before_it_is_watched_is_not_missed(root: Path) -> None:
    engine = Engine(root)
    engine.folders = (root / "app",)
    engine.during = lambda: (engine.open == 0) and (root / "app/late.py").write_text("") and None
    with Watched(root, engine) as watched:
        watched.until(lambda state: "app" in [look.cause for look in state.looks])


def test_a_project_that_writes_while_it_is_looked_at_does_not_keep_us_busy(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "PATIENCE_SECONDS", 3600.0)
    monkeypatch.setattr(watcher, "LONGEST_PATIENCE_SECONDS", 3600.0)
    monkeypatch.setattr(watcher, "ECHO_SECONDS", 1.0)
    engine = Engine(root)

    def log() -> None:
        with (root / "app.log").open("a") as file:
            file.write("loaded\n")

    engine.during = log
    with Watched(root, engine) as watched:
        eventually(lambda: watched.watch._postponed)
        assert watched.causes == ["the start", "app.log"]
        monkeypatch.setattr(watcher, "ECHO_SECONDS", -1.0)
        (root / "models.py").write_text("a")
        watched.until(lambda state: bool(state.looks) and state.looks[0].cause == "models.py")


def test_a_live_database_that_changes_is_looked_at_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.02)
    engine = Engine(root)
    engine.live = ("1",)
    with Watched(root, engine) as watched:
        eventually(lambda: True in engine.asked)
        quiet = len(engine.asked)
        eventually(lambda: len(engine.asked) > quiet + 3)
        assert engine.asked[quiet:] == [False] * len(engine.asked[quiet:])
        engine.live = ("2",)
        state = watched.looks(2)
        assert state.looks[0].cause == "live database"
        assert state.looks[0].verdict and state.looks[0].verdict.notes == ("2",)
    assert engine.most_open == 1


def test_a_live_database_that_tells_of_its_changes_is_hardly_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.01)
    engine = Engine(root)
    engine.live, engine.listens = ("1",), True
    with Watched(root, engine) as watched:
        eventually(lambda: watched.watch._live == ("1",) and watched.watch._live_at > 0)
        asked = len(engine.asked)
        engine.live = ("2",)
        assert engine.pipe
        engine.pipe.write_bytes(b"!" * 1000)
        assert watched.looks(2).looks[0].cause == "live database"
        eventually(lambda: watched.watch._live == ("2",))
        assert len(engine.asked) <= asked + 4
    assert not engine.pipe.parent.exists()


def test_one_that_has_stopped_to_tell_is_asked_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.01)
    engine = Engine(root)
    engine.live, engine.listens = ("1",), True
    with Watched(root, engine) as watched:
        eventually(lambda: watched.watch._live == ("1",) and watched.watch._live_at > 0)
        engine.listens = False
        assert engine.pipe
        engine.pipe.write_bytes(b"!")
        eventually(lambda: not watched.watch._listens)
        engine.live = ("2",)
        assert watched.looks(2).looks[0].cause == "live database"


def test_what_changes_during_the_first_look_is_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.02)
    engine = Engine(root)
    engine.live, engine.live_later = ("1",), ("2",)
    with Watched(root, engine) as watched:
        assert watched.looks(2).looks[0].cause == "live database"


def test_a_server_that_counts_late_is_asked_exactly_once_in_a_while(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.01)
    monkeypatch.setattr(watcher, "EXACT_SECONDS", 0.05)
    engine = Engine(root)
    engine.live = ("1",)
    engine.counts = False
    with Watched(root, engine) as watched:
        engine.live = ("2",)
        assert watched.looks(2).looks[0].cause == "live database"


def test_without_guests_a_live_database_is_looked_at_with_all_the_rest(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.02)
    engine = Engine(root)
    engine.live = ("1",)
    engine.needs_guests = False
    with Watched(root, engine) as watched:
        eventually(lambda: engine.let_go == 1)
        engine.live = ("2",)
        state = watched.looks(2)
        assert state.looks[0].cause == "live database"
        assert state.looks[0].verdict and state.looks[0].verdict.notes == ()
        eventually(lambda: engine.let_go == 2)


@pytest.mark.parametrize(
    ("was", "same"),
    [
        (("1", "unreachable: for a reason"), True),
        (("1",), True),
        ((), True),
        (("2",), False),
        (("unreachable: for a reason", "1"), False),
        (("1", "1"), False),
    ],
)
def test_whether_live_is_as_it_was(root: Path, was: tuple[str, ...], same: bool) -> None:
    engine = Engine(root)
    engine.live = ("1", "unreachable: for another reason")
    with Watched(root, engine) as watched:
        assert watched.watch.live_is(was, 30) == same


def test_what_comes_next_is_prepared_when_nothing_else_is_to_be_done(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "REST_SECONDS", 0.01)
    engine = Engine(root)
    with Watched(root, engine) as watched:
        watched.until(lambda state: state.busy == "preparing the next look")
        eventually(lambda: engine.prepared and watched.watch._rest_at == watcher.NEVER)
        before = engine.prepared
        (root / "models.py").write_text("a")
        watched.looks(2)
        eventually(lambda: engine.prepared > before)
    assert engine.ended == 1  # before the last look is closed


def test_nothing_is_prepared_without_guests(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "REST_SECONDS", 0.0)
    engine = Engine(root)
    engine.needs_guests = False
    with Watched(root, engine) as watched:
        watched.looks(1)
        eventually(lambda: engine.let_go == 1)
    assert engine.prepared == 0


def test_a_hook_is_told_of_live_as_it_is_now(root: Path) -> None:
    engine = Engine(root)
    engine.live = ("1",)
    with Watched(root, engine) as watched:
        engine.live = ("2",)
        watched.watch.answer("pre-commit", {}, root, 30)
        assert engine.told_of_live == ("2",)
        assert watched.causes == ["the start", "live database"]


def test_an_unreachable_database_is_asked_less_and_less(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.01)
    engine = Engine(root)
    engine.live = ("unreachable: 1",)
    with Watched(root, engine) as watched:
        eventually(lambda: watched.watch._live_seconds > 0.15)
        looks = len(watched.states[-1].looks)
        engine.live = ("unreachable: 2",)
        eventually(lambda: watched.watch._live_seconds > 0.6)
        assert len(watched.states[-1].looks) == looks
        engine.live = ("1",)
        watched.looks(looks + 1)
        eventually(lambda: watched.watch._live_seconds == 0.01)


def test_a_guest_that_is_gone_is_replaced_by_a_look(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LIVE_SECONDS", 0.01)
    engine = Engine(root)
    engine.live = ("broken",)
    with Watched(root, engine) as watched:
        watched.looks(3)
        engine.live = ("1",)
        eventually(lambda: watched.watch._live == ("1",))


def test_a_clock_that_jumps_is_followed_by_a_look(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Watched(root, Engine(root)) as watched:
        clock = watcher.time.time
        monkeypatch.setattr(watcher.time, "time", lambda: clock() + 3600)
        watched.watch.wake()
        watched.looks(2)
        assert watched.causes == ["the start", "the clock"]


@pytest.mark.parametrize(
    "end", [shutil.rmtree, lambda root: root.rename(root.with_name("moved"))], ids=["gone", "moved"]
)
def test_it_ends_with_its_work_tree(root: Path, end: Callable[[Path], Any]) -> None:
    with Watched(root, Engine(root), lasts=root.exists) as watched:
        end(root)
        watched.join()


def test_hooks_are_answered_between_looks(root: Path) -> None:
    with Watched(root, Engine(root)) as watched:
        told = watched.watch.answer("pre-commit", {"A": "b"}, root, 30)
        assert told and (told.exit_code, told.plain) == (1, "pre-commit b")
        assert watched.watch.answer("pre-commit", {"FAIL": "1"}, root, 30) is None
        assert "no room" in watched.log[-1]


def test_a_hook_does_not_wait_longer_than_it_can(root: Path) -> None:
    engine = Engine(root)
    with Watched(root, engine) as watched:
        reader, writer = os.pipe()
        engine.during = lambda: os.read(reader, 1) and None
        (root / "models.py").write_text("a")
        watched.until(lambda state: state.busy == "looking: models.py")
        assert watched.watch.answer("pre-commit", {}, root, 0.05) is None
        os.write(writer, b"1")
        watched.looks(2)
        os.close(reader)
        os.close(writer)


def test_a_limit_of_the_system_is_noted_once(root: Path) -> None:
    def full() -> Any:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    with Watched(root, Engine(root), observer=full) as watched:
        (root / "models.py").write_text("a")
        state = watched.looks(2)
        assert len(state.notes) == 1 and "every 2 seconds" in state.notes[0]


def test_a_verdict_is_shown_before_it_is_remembered(root: Path) -> None:
    engine = Engine(root)
    shown: list[int] = []
    with Watched(root, engine) as watched:
        engine.remembering = lambda: shown.append(len(watched.states[-1].looks))
        (root / "models.py").write_text("a")
        eventually(lambda: shown)
    assert shown == [2]


def test_a_hook_does_not_wait_until_its_answer_is_remembered(root: Path) -> None:
    engine, told = Engine(root), threading.Event()
    with Watched(root, engine) as watched:
        engine.remembering = lambda: told.wait(30) and None
        assert watched.watch.answer("pre-commit", {}, root, 30) is not None
        assert watched.states[-1].busy == "answering pre-commit"
        told.set()
        watched.until(lambda state: not state.busy)


def test_what_cannot_be_remembered_is_no_reason_to_end(root: Path) -> None:
    def failing() -> None:
        raise OSError("no room to remember")

    engine = Engine(root)
    with Watched(root, engine) as watched:
        engine.remembering = failing
        assert watched.watch.answer("pre-commit", {}, root, 30) is not None
        eventually(lambda: "no room to remember" in watched.log[-1])
        engine.remembering = lambda: None
        assert watched.watch.answer("pre-commit", {}, root, 30) is not None


def test_garbage_is_collected_only_at_rest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "REST_SECONDS", 0.01)
    enabled: list[bool] = []
    collected: list[bool] = []
    engine = Engine(root)
    engine.during = lambda: enabled.append(gc.isenabled())
    monkeypatch.setattr(watcher.gc, "collect", lambda: collected.append(gc.isenabled()))
    with Watched(root, engine):
        eventually(lambda: collected)
    assert enabled == [False]
    assert all(collected)
