"""Projects whose own code, settings or interpreter is at fault: named, with what to do, and nothing written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chosen import chosen
from pets import COLUMNS, ENV, ID, INI, MODELS, SECRET, Pets

SETTINGS = "[tool.driftguard]\n"
NEXT = "migrations/versions/next.py"
COMPUTED = f'revision = "ab12" + "cd34"\ndown_revision = "{ID}"\ndef upgrade(): pass\n'


@pytest.mark.parametrize(
    ("path", "text", "code", "said"),
    chosen(
        [
            pytest.param(
                "migrations/env.py", "def broken(:\n", 2, ("DG901", "SyntaxError", "env.py:1"), id="broken env.py"
            ),
            pytest.param(
                "migrations/env.py",
                "import os\nos.environ['SHOP_URL']\n",
                2,
                ("DG901", "env.py:2", "set SHOP_URL", "[tool.driftguard.env]"),
                id="a missing variable",
            ),
            pytest.param(
                "migrations/env.py",
                "import nosuch.thing\n",
                2,
                ("DG901", "install nosuch", "prepend_sys_path"),
                id="a missing module",
            ),
            pytest.param(
                "migrations/env.py",
                f"raise RuntimeError('cannot reach postgresql://ann:{SECRET}@h/x')\n",
                2,
                ("DG901", "ann:***@h/x"),
                id="an error that holds a password",
            ),
            pytest.param("models.py", "1 / 0\n", 2, ("DG901", "ZeroDivisionError", "models.py:1"), id="broken models"),
            pytest.param(
                NEXT, "revision = 'aaaa'\ndef (\n", 1, ("DG112", "next.py:2"), id="a syntax error in a revision"
            ),
            pytest.param(
                NEXT,
                f"import os\nrevision = os.environ['NO']\ndown_revision = '{ID}'\n",
                1,
                ("DG112", "next.py:2", "computed"),
                id="an id that nobody can read",
            ),
            pytest.param(NEXT, COMPUTED, 0, ("DG302", "1 revision behind"), id="an id that only Python can compute"),
            pytest.param("alembic.ini", "[loggers]\n", 2, ("no Alembic environment found",), id="no environment"),
            pytest.param(
                "pyproject.toml", f"{SETTINGS}dedline = 2\n", 2, ('did you mean "deadline"',), id="misspelt setting"
            ),
            pytest.param(
                "pyproject.toml",
                f'{SETTINGS}ignore = ["multiple-haeds"]\n',
                2,
                ('"multiple-heads"?',),
                id="misspelt rule",
            ),
            pytest.param(
                "pyproject.toml",
                f'{SETTINGS}environments.a.config = "alembic.ini"\nenvironments.b.config = "alembic.ini"\n',
                2,
                ("point at the same environment",),
                id="one environment under two names",
            ),
            pytest.param(
                "pyproject.toml",
                "[tool.driftguard.environments.a]\n[tool.driftguard.environments.a]\n",
                2,
                ("pyproject.toml:2", "twice"),
                id="two environments of one name",
            ),
            pytest.param(
                "pyproject.toml", f'{SETTINGS}python = "/no/python"\n', 2, ("DG902", "no such"), id="no interpreter"
            ),
            pytest.param(
                "pyproject.toml",
                f'{SETTINGS}python = "models.py"\n',
                2,
                ("DG902", "Permission denied"),
                id="no program",
            ),
            pytest.param(
                "pyproject.toml", f'{SETTINGS}python = "/bin/true"\n', 2, ("DG902", "install"), id="no Python"
            ),
            pytest.param("pyproject.toml", f'{SETTINGS}python = "/bin/cat"\n', 2, ("DG902",), id="a cat for a Python"),
            pytest.param(
                "alembic.ini",
                INI.format(url=f"postgresql+pg8000://ann:{SECRET}@h/x"),
                2,
                ("DG902", "install pg8000"),
                id="no driver",
            ),
            pytest.param(
                "alembic.ini",
                INI.format(url=f"oracle+oracledb://ann:{SECRET}@h/x"),
                2,
                ("DG902", "install oracledb"),
                id="no driver of a rarer kind",
            ),
            pytest.param(
                "alembic.ini", INI.format(url=f"zebra://ann:{SECRET}@h/x"), 2, ("DG902", "zebra"), id="no dialect"
            ),
            pytest.param(
                "migrations/env.py", "import os\nos._exit(3)\n", 2, ("DG901", "exit code 3"), id="a sudden end"
            ),
        ],
        12,
    ),
)
def test_what_is_at_fault_is_named(repository: Pets, path: str, text: str, code: int, said: tuple[str, ...]) -> None:
    repository.write(path, text)
    answer = repository.told()
    assert answer.code == code, answer
    assert [each for each in said if each not in answer.out + answer.err] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("check", "--selekt", "DG2"), "Did you mean '--select'?", id="an option"),
        pytest.param(("check", "--select", "DG999"), 'no rule is called "DG999"', id="a rule"),
        pytest.param(("check", "-e", "nope"), "these were found: migrations", id="an environment"),
        pytest.param(("check", "--ref", "mian"), "did you mean main?", id="a ref"),
        pytest.param(("check", "--live", "env:NOPE"), "export NOPE=", id="a variable"),
        pytest.param(("check", "--live", SECRET), "holds no database URL", id="a URL"),
        pytest.param(("check", "--live", f"sqlite+nope://ann:{SECRET}@h/x"), "sqlite.nope", id="a driver"),
        pytest.param(("check", "nofolder"), "nofolder is no folder", id="a folder"),
        pytest.param(("-C", "nofolder", "check"), "does not exist", id="a folder to start in"),
        pytest.param(("explain", "multiple-haeds"), "multiple-heads", id="a rule to explain"),
    ],
)
def test_words_that_mean_nothing_here(repository: Pets, arguments: tuple[str, ...], said: str) -> None:
    answer = repository.told(*arguments)
    assert (answer.code, said in answer.out + answer.err) == (2, True), answer


def test_environments_of_one_name_are_told_apart(pets: Pets) -> None:
    for folder in ("a", "b"):
        Pets.begin(pets.root / folder)
    checked = pets.check("--live", "off")
    assert (checked.code, checked.codes) == (0, [])
    assert len({line.partition(":")[0] for line in checked.report["checked"]}) == 3


def test_a_deadline(repository: Pets) -> None:
    repository.write("migrations/env.py", _noting_process(repository) + "import time\ntime.sleep(600)\n")
    repository.write("pyproject.toml", f"{SETTINGS}deadline = 8\n")
    began = time.monotonic()
    answer = repository.run(sys.executable, "-m", "driftguard", "check")
    assert (answer.code, time.monotonic() - began < 60) == (2, True)
    assert "DG905" in answer.out and "running env.py" in answer.out and '"deadline"' in answer.out
    assert _is_gone(repository)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt(repository: Pets, sent: signal.Signals) -> None:
    repository.write("migrations/env.py", _noting_process(repository) + "import time\ntime.sleep(600)\n")
    command = [sys.executable, "-m", "driftguard", "check"]
    with subprocess.Popen(
        command, cwd=repository.root, env=repository.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        while not _note(repository).exists():
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(sent)
        out, err = running.communicate()
    assert (running.returncode, out, err) == (130, b"", b"")
    assert _is_gone(repository)


@pytest.mark.parametrize(
    ("env", "code"),
    [
        pytest.param("if not os.fork():\n    {note}    time.sleep(600)\n" + ENV, 0, id="a child that sleeps"),
        pytest.param("os.fork()\n{note}" + ENV, 0, id="a child that goes on as if it were the parent"),
        pytest.param(
            "if not os.fork():\n    {note}    time.sleep(600)\n"
            "while not os.path.exists({path}):\n    time.sleep(0.01)\nos._exit(3)\n",
            2,
            id="an orphan",
        ),
        pytest.param(
            "import subprocess\n{note}open(note, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))\n" + ENV,
            0,
            id="a program in the background",
        ),
    ],
)
def test_children_of_env_py_do_not_stay(repository: Pets, env: str, code: int) -> None:
    note = f"note = {str(_note(repository))!r}; open(note, 'w').write(str(os.getpid()))\n"
    noting = env.replace("{note}", note).replace("{path}", repr(str(_note(repository))))
    repository.write("migrations/env.py", f"import os, time\n{noting}")
    answer = repository.run(sys.executable, "-m", "driftguard", "check")
    assert answer.code == code, answer
    assert _is_gone(repository)


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        pytest.param("| true", 141, "", id="a pipe that nobody reads"),
        pytest.param(">&-", 1, "", id="output closed"),
        pytest.param("2>&-", 1, "DG112", id="errors closed"),
        pytest.param("<&- >&- 2>&-", 1, "", id="all closed"),
        pytest.param(">/dev/full", 2, "No space left", id="a full disk"),
    ],
)
def test_output_that_goes_nowhere(repository: Pets, redirection: str, code: int, said: str) -> None:
    for number in range(200):
        repository.write(f"migrations/versions/{number}.py", "def (\n")
    command = f'"{sys.executable}" -m driftguard check {redirection}; exit ${{PIPESTATUS[0]}}'
    answer = repository.told_by("bash", "-c", command)
    assert (answer.code, said in answer.out + answer.err) == (code, True), answer


HOSTILE = (
    "::error::",
    "<script>",
    "a\nb",
    "c\x1b[31md",
    "x" * 200,
    "q\"u'o`te",
    "per%cent",
    "col:on",
    "dot.ted",
    "ünï",
)


def test_hostile_names_stay_text(repository: Pets) -> None:
    repository.write("models.py", f"{MODELS}\nfor n in {HOSTILE!r}: sa.Table(n, metadata, {COLUMNS})\n")
    for number, name in enumerate(HOSTILE):
        quoted = name.replace('"', '""')
        repository.sql(f'CREATE TABLE "{quoted}{number}" (id INTEGER)')
    for answer in (repository.told(), repository.told("check", "--format", "json")):
        assert (answer.code, "\x1b" in answer.out, "\n::error::" in answer.out) == (1, False, False)
    checked = repository.check()
    assert {subject for code, subject in checked.told if code == "DG201"} == set(HOSTILE)
    assert {subject for code, subject in checked.told if code == "DG301"} == {
        f"{name}{number}" for number, name in enumerate(HOSTILE)
    }


def _note(pets: Pets) -> Path:
    """Where a process of the project writes its number: beside the project."""
    return pets.root.parent / "process"


def _noting_process(pets: Pets) -> str:
    note = str(_note(pets))
    return f"import os\nopen({note + '~'!r}, 'w').write(str(os.getpid()))\nos.rename({note + '~'!r}, {note!r})\n"


def _is_gone(pets: Pets) -> bool:
    """Whether it ends within some seconds; what was killed may need a moment."""
    number = int(_note(pets).read_text())
    for _ in range(100):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    os.kill(number, signal.SIGKILL)
    return False
