"""``driftguard watch`` and ``driftguard daemon`` as a developer meets them: a real terminal, a pipe, a real project."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded
from terminal import ALTERNATE, BACK, CONTROL, HIDE, PATIENCE, SHOW, Terminal

DRIFTGUARD = (sys.executable, "-m", "driftguard")
NEW_COLUMN = "    age = Column(Integer)\n"
CLEAN = "clean: models, head, live and graph are fine"
OFF = "items.age is in the models but in no revision"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Guarded]:
    """A project in order, with its database; no watcher is left behind."""
    shop = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop")
    shop.alembic("upgrade", "head")
    yield shop
    shop.driftguard("daemon", "stop")


def terminal(shop: Guarded, *arguments: str, size: tuple[int, int] = (100, 40), **environ: str) -> Terminal:
    return Terminal((*DRIFTGUARD, *arguments), shop.root, {**shop.environ, "TERM": "xterm-256color", **environ}, size)


def test_a_terminal(shop: Guarded) -> None:
    models = (shop.root / "models.py").read_text()
    with terminal(shop, "watch") as shown:
        assert "the start" in shown.until(CLEAN, "waiting for changes", "Ctrl-C ends it.")
        shop.write("models.py", models + NEW_COLUMN)
        shown.until("error[DG201]", OFF, 'alembic revision --autogenerate -m "add items.age"', "1 error")
        shown.until("waiting for changes", "Ctrl-C ends it.")
        shown.resize(60, 14)
        shown.until("error[DG201]", "…", "last checks")
        shop.write("models.py", models)
        shown.until(CLEAN, "Ctrl-C ends it.")
        shown.press("\x03")
        assert shown.ends() == 0
    for begin, end in ((ALTERNATE, BACK), (HIDE, SHOW)):
        assert shown.wrote.count(begin) == shown.wrote.count(end) == 1
    assert CONTROL.sub("", shown.wrote.rpartition(BACK)[2]).strip() in ("", "^C")


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [pytest.param({}, True, id="colours"), pytest.param({"NO_COLOR": "1"}, False, id="NO_COLOR")],
)
def test_colours(shop: Guarded, environ: Mapping[str, str], coloured: bool) -> None:
    with terminal(shop, "watch", **environ) as shown:
        shown.until(CLEAN, "Ctrl-C ends it.")
        shown.press("\x03")
        assert shown.ends() == 0
    assert any(found.endswith("m") for found in CONTROL.findall(shown.wrote)) is coloured


def test_a_terminal_that_can_do_nothing(shop: Guarded) -> None:
    with terminal(shop, "watch", TERM="dumb") as shown:
        shown.until(f"the start: {CLEAN}")
        shown.press("\x03")
        assert shown.ends() == 0
    assert "\x1b" not in shown.wrote


def test_a_pipe(shop: Guarded) -> None:
    """A line for each look, the report when there is something new in it, and no control characters."""
    with subprocess.Popen(
        (*DRIFTGUARD, "watch"), cwd=shop.root, env=shop.environ, stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout
        try:
            assert watching.stdout.readline().endswith(" s)\n")
            shop.write("models.py", (shop.root / "models.py").read_text() + NEW_COLUMN)
            assert "models.py: 1 error: models are off" in watching.stdout.readline()
            report = "".join(line for line, _ in zip(watching.stdout, range(4), strict=False))
            assert "error[DG201]" in report
            assert report.replace("\n", "").isprintable()
        finally:
            watching.terminate()
            assert watching.wait(PATIENCE) == 0


def test_a_daemon_from_start_to_stop(shop: Guarded) -> None:
    def daemon(*arguments: str) -> tuple[int, str]:
        answer = shop.driftguard("daemon", *arguments)
        return answer.code, answer.out + answer.err

    code, said = daemon("status")
    assert (code, said.splitlines()[0]) == (1, "daemon     not running")
    assert daemon("stop") == (0, f"none was running: {shop.root}\n")
    code, said = daemon("logs")
    assert code == 2 and "there is no log" in said

    assert daemon("start") == (0, f"started: {shop.root}\n")
    assert daemon("start") == (0, f"runs already: {shop.root}\n")
    with terminal(shop, "watch") as shown:
        shown.until("(process ", CLEAN, "waiting for changes", "Ctrl-C ends it.")
        shop.write("models.py", (shop.root / "models.py").read_text() + NEW_COLUMN)
        shown.until("error[DG201]", OFF, "Ctrl-C ends it.")
        code, said = daemon("status")
        assert code == 0 and "running, process " in said and "models.py: 1 error" in said
        code, said = daemon("logs", "-n", "2")
        assert code == 0 and said.count("\n") == 2
        assert daemon("stop") == (0, f"stopped: {shop.root}\n")
        assert shown.ends() == 0
    assert "the watcher has ended" in shown.wrote.rpartition(BACK)[2]
    assert daemon("status")[0] == 1
    code, said = daemon("logs")
    assert code == 0 and "the start: exit code 0" in said


def test_stop_ends_a_watch_too(shop: Guarded) -> None:
    with terminal(shop, "watch") as shown:
        shown.until(CLEAN)
        assert shop.driftguard("daemon", "stop").code == 0
        assert shown.ends() == 0
