"""Whatever a project looks at is recorded, and nothing else, in every Python that this machine has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from driftguard.probe.guest_process import GUEST_FOLDER

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = ["own", *(each for each in ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14") if each != OWN)]


class Row(NamedTuple):
    """Code, and all that is to be recorded of it; paths are relative to the folder that it runs in, where they lie."""

    name: str
    code: str
    read: str = ""
    listed: str = ""
    variables: str = ""
    all_variables: bool = False
    outside: tuple[str, ...] = ()


ROWS = [
    # Files that are read
    Row("open", "open('a.txt').read()", read="a.txt"),
    Row("a file that is not there", "try: open('no.txt')\nexcept OSError: pass", read="no.txt"),
    Row("bytes as a path", "open(b'a.txt').read()", read="a.txt"),
    Row("a path object", "import pathlib; pathlib.Path('a.txt').read_text()", read="a.txt"),
    Row("os.open", "import os; os.read(os.open(folder + '/a.txt', os.O_RDONLY), 1)", read="a.txt"),
    Row(
        "os.open in an open folder",
        "import os; os.open('b.txt', os.O_RDONLY, dir_fd=os.open('sub', os.O_RDONLY))",
        read="sub sub/b.txt b.txt",
    ),
    Row("reading and writing", "open('a.txt', 'r+').read()", read="a.txt"),
    Row("reading and appending", "f = open('a.txt', 'a+'); f.seek(0); f.read()", read="a.txt"),
    Row("through a folder and back", "open('sub/../a.txt').read()", read="a.txt"),
    Row("read, then written", "open('a.txt').read(); open('a.txt', 'w').close()", read="a.txt"),
    Row("appended, then read", "open('a.txt', 'a').close(); open('a.txt').read()", read="a.txt"),
    Row("in another folder", "import os; os.chdir('sub'); open('b.txt').read()", read="sub sub/b.txt"),
    Row("a configparser's files", "import configparser as c; c.ConfigParser().read(['settings.ini', 'no.ini'])",
        read="settings.ini no.ini"),
    Row("a package's data", "import pkgutil; pkgutil.get_data('package', 'data.txt')",
        read="package/__init__.py package/data.txt"),
    Row("a package's data by importlib", "from importlib import resources as r; r.read_text('package', 'data.txt')",
        read="package/__init__.py package/data.txt"),
    Row("an SQLite file", "import sqlite3; sqlite3.connect('a.db')", read="a.db a.db-wal"),
    Row("in a thread", "import threading as t; x = t.Thread(target=lambda: open('a.txt').read()); x.start(); x.join()",
        read="a.txt"),
    # Whether something is there
    Row("os.path.exists", "import os; os.path.exists('no.txt')", read="no.txt"),
    Row("os.path.isfile", "import os; os.path.isfile('no.txt')", read="no.txt"),
    Row("os.path.isdir", "import os; os.path.isdir('sub')", read="sub"),
    Row("os.path.lexists", "import os; os.path.lexists('link')", read="link"),
    Row("os.path.islink", "import os; os.path.islink('link')", read="link"),
    Row("os.path.realpath", "import os; os.path.realpath('link')", read="link a.txt"),
    Row("os.path.getmtime", "import os; os.path.getmtime('a.txt')", read="a.txt"),
    Row("os.access", "import os; os.access('no.txt', os.R_OK)", read="no.txt"),
    Row("os.stat by keyword", "import os; os.stat(path='a.txt')", read="a.txt"),
    Row("os.stat in an open folder", "import os; os.stat('b.txt', dir_fd=os.open('sub', os.O_RDONLY))",
        read="sub sub/b.txt"),
    Row("a function of os in a class", "import os\nclass A: stat = os.stat\nA().stat('a.txt')", read="a.txt"),
    Row("Path.exists", "import pathlib; pathlib.Path('no.txt').exists()", read="no.txt"),
    Row("Path.is_dir", "import pathlib; pathlib.Path(folder, 'sub').is_dir()", read="sub"),
    Row("Path.is_symlink", "import pathlib; pathlib.Path('link').is_symlink()", read="link"),
    Row("shutil.which", "import shutil; shutil.which('no', path=folder)", read="no"),
    # Folders
    Row("os.listdir", "import os; os.listdir('sub')", listed="sub"),
    Row("os.listdir of here", "import os; os.listdir()", listed="."),
    Row("os.scandir", "import os; list(os.scandir(b'sub'))", listed="sub"),
    Row("os.walk", "import os; list(os.walk('sub'))", listed="sub"),
    Row("a folder by its descriptor", "import os; os.listdir(os.open('sub', os.O_RDONLY))", read="sub", listed="sub"),
    Row("a folder that is not there", "import os\ntry: os.listdir('no')\nexcept OSError: pass", listed="no"),
    Row("glob", "import glob; glob.glob('sub/*.txt')", listed="sub"),
    Row("Path.iterdir", "import pathlib; list(pathlib.Path('sub').iterdir())", listed="sub"),
    Row("pkgutil.iter_modules", "import pkgutil; list(pkgutil.iter_modules([folder + '/versions']))",
        read="versions", listed="versions"),
    # Modules
    Row("an import", "import module", read="module.py"),
    Row("a module that is not there", "try: import no_module\nexcept ImportError: pass"),
    Row("a module by its file, dropped again", """
        import importlib.util as u
        spec = u.spec_from_file_location('revision', folder + '/versions/1f.py')
        spec.loader.exec_module(u.module_from_spec(spec))
        """, read="versions/1f.py"),
    Row("a module by its bytecode, dropped again", """
        import importlib.util as u, py_compile
        from driftguard_guest import recording
        with recording.quiet():
            py_compile.compile(folder + '/versions/1f.py')
        spec = u.spec_from_file_location('revision', folder + '/versions/1f.py')
        spec.loader.exec_module(u.module_from_spec(spec))
        """, read="versions/1f.py"),
    # Variables
    Row("a variable", "import os; os.environ['DG_A']", variables="DG_A"),
    Row("a missing variable", "import os\ntry: os.environ['DG_NO']\nexcept KeyError: pass", variables="DG_NO"),
    Row("os.environ.get", "import os; os.environ.get('DG_NO')", variables="DG_NO"),
    Row("os.getenv", "import os; os.getenv('DG_NO', 'x')", variables="DG_NO"),
    Row("os.getenvb", "import os; os.getenvb(b'DG_A')", variables="DG_A"),
    Row("os.environb", "import os; b'DG_A' in os.environb", variables="DG_A"),
    Row("whether it is set", "import os; 'DG_NO' in os.environ", variables="DG_NO"),
    Row("setdefault", "import os; os.environ.setdefault('DG_NO', 'x')", variables="DG_NO"),
    Row("pop", "import os; os.environ.pop('DG_A')", variables="DG_A"),
    Row("os.path.expandvars", "import os; os.path.expandvars('$DG_A')", variables="DG_A"),
    Row("every name", "import os; [name for name in os.environ if name == 'no']", all_variables=True),
    Row("all pairs", "import os; {k.lower() for k in os.environ.keys()}", all_variables=True),
    Row("a copy", "import os; os.environ.copy()", all_variables=True),
    Row("a dict", "import os; dict(os.environ)", all_variables=True),
    Row("unpacked", "import os; {**os.environ}", all_variables=True),
    Row("how many", "import os; len(os.environ)", all_variables=True),
    Row("as text", "import os; repr(os.environ)", all_variables=True),
    # The world outside
    Row("a program", "import subprocess; subprocess.run(['true', 's3cret'])", outside=("runs a program: true",)),
    Row("a shell", "import subprocess; subprocess.run('true', shell=True)", outside=("runs a program: sh",)),
    Row("os.system", "import os; os.system('true')", outside=("runs a program: sh",)),
    Row("os.popen", "import os; os.popen('true').read()", outside=("runs a program: sh",)),
    Row("os.posix_spawn", "import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
        outside=("runs a program: true",)),
    Row("os.fork", "import os; os.waitpid(os.fork() or os._exit(0), 0)", outside=("starts a process of its own",)),
    Row("a socket", "import socket; socket.socket().connect_ex(('127.0.0.1', 1))",
        outside=("connects to 127.0.0.1:1",)),
    Row("a unix socket", "import socket as s; s.socket(s.AF_UNIX).connect_ex('/tmp/no-socket')",
        outside=("connects to /tmp/no-socket",)),
    Row("a name", "import socket; socket.getaddrinfo('127.0.0.1', 1)", outside=("looks up the host 127.0.0.1",)),
    Row("a page", "import urllib.request as u\ntry: u.urlopen('http://127.0.0.1:1')\nexcept OSError: pass",
        all_variables=True, outside=("connects to 127.0.0.1:1", "looks up the host 127.0.0.1")),
    # What the outcome does not depend on
    Row("nothing at all", "1 + 1"),
    Row("a file that is written", "open('out.txt', 'w').write('x')"),
    Row("a file that is written and looked at", """
        import os
        open('out.txt', 'w').write('x'); os.path.exists('out.txt'); open('out.txt').read()
        """),
    Row("a log that is appended to", """
        import logging.handlers
        logging.handlers.RotatingFileHandler('a.log', maxBytes=9).emit(logging.makeLogRecord({}))
        """),
    Row("a temporary file", "import tempfile; tempfile.NamedTemporaryFile(dir=folder)"),
    Row("a descriptor", "import os; os.stat(0); os.fstat(0); open(os.dup(0), closefd=True).close()"),
    Row("devices", "open('/dev/null').read(); open('/proc/self/status').read()"),
    Row("time and chance", "import random, time; time.time(); random.random(); time.localtime()"),
    Row("a variable that is set", "import os; os.environ['DG_SET'] = 'x'; del os.environ['DG_SET']"),
    Row("an event loop", "import asyncio; asyncio.new_event_loop().run_until_complete(asyncio.sleep(0))"),
    Row("a pair of sockets", "import socket; socket.socketpair()"),
    Row("the machine", "import platform; platform.machine()"),
    Row("a database in memory", "import sqlite3; sqlite3.connect(':memory:')"),
    Row("our own shadow", """
        import sqlite3
        from driftguard_guest import sqlite_guard
        sqlite_guard.shadows.add(folder + '/driftguard-1/1.sqlite')
        __import__('os').mkdir('driftguard-1')
        sqlite3.connect(folder + '/driftguard-1/1.sqlite')
        open(folder + '/driftguard-1/1.sqlite-wal', 'a+')
        """),
    Row("our own connection", """
        import socket
        from driftguard_guest import recording
        recording.connects(lambda: socket.socket().connect_ex(('127.0.0.1', 1)))()
        """),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("python", PYTHONS)
def test_what_is_looked_at_is_recorded(python: str, row: Row, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, answer = _answers(python, tmp_path_factory)[row.name]
    assert "failed" not in answer, answer
    told = {
        "read": _below(folder, answer["read"]),
        "listed": _below(folder, answer["listed"]),
        "variables": {name for name in answer["variables"] if name.startswith("DG_") and not answer["all_variables"]},
        "all_variables": answer["all_variables"],
        "outside": tuple(answer["outside"]),
    }
    assert told == {
        "read": set(row.read.split()),
        "listed": set(row.listed.split()),
        "variables": set(row.variables.split()),
        "all_variables": row.all_variables,
        "outside": row.outside,
    }
    assert (str(folder) in answer["importable"]) == ("." not in row.listed.split())
    assert not [path for path in answer["read"] + answer["importable"] if path.startswith(str(GUEST_FOLDER))]


def test_distributions_are_looked_for_among_what_can_be_imported(tmp_path: Path) -> None:
    code = "from importlib import metadata; list(metadata.distributions()); metadata.version('pytest')"
    [answer] = _run(sys.executable, [code], tmp_path)
    assert answer["listed"] == []
    assert any(path.endswith("-packages") for path in answer["importable"])
    assert any(path.endswith(".dist-info/METADATA") for path in answer["read"])


def test_what_the_interpreter_itself_was_told_is_listed(tmp_path: Path) -> None:
    [answer] = _run(sys.executable, ["pass"], tmp_path)
    assert {sys.executable, os.__file__} <= set(answer["read"])
    assert {"PYTHONPATH", "TZ"} <= set(answer["variables"])


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("os.stat()", id="too few arguments"),
        pytest.param("os.stat('a.txt', 1, 2)", id="too many arguments"),
        pytest.param("os.stat(1.5)", id="no path"),
        pytest.param("open('a\\0b')", id="an impossible path"),
        pytest.param("os.stat('no.txt')", id="a file that is not there"),
        pytest.param("os.environ[1]", id="no variable's name"),
        pytest.param("os.environb['a']", id="text where bytes are wanted"),
        pytest.param("os.listdir(1.5)", id="no folder"),
        pytest.param("subprocess.run([])", id="no program"),
        pytest.param("os.chdir('/no/such/folder')", id="no folder to go to"),
    ],
)
def test_what_fails_fails_as_it_would(code: str, tmp_path: Path) -> None:
    imports = "import os, subprocess\n"
    plain = subprocess.run([sys.executable, "-c", imports + code], capture_output=True, text=True, cwd=tmp_path)
    [answer] = _run(sys.executable, [imports + code], tmp_path)
    assert answer["failed"].partition(":")[0] == plain.stderr.splitlines()[-1].partition(":")[0]


def test_shutil_still_knows_what_the_functions_can_do(tmp_path: Path) -> None:
    code = "import os, shutil; assert shutil.rmtree.avoids_symlink_attacks; assert os.stat in os.supports_dir_fd"
    [answer] = _run(sys.executable, [code], tmp_path)
    assert "failed" not in answer, answer


@pytest.mark.parametrize("python", PYTHONS)
def test_an_interpreter_that_leaves_is_not_disturbed(python: str) -> None:
    code = """
        import os, sys
        sys.path.insert(0, sys.argv[1])
        from driftguard_guest import recording
        recording.begin()
        class Late:
            def __del__(self, open=open, stat=os.stat, listdir=os.listdir, write=os.write):
                open("/etc/passwd", "rb").close()
                stat("/"), stat("."), listdir("/")
                write(1, b"done")
        sys.modules["late"] = kept = Late()
        kept.itself = kept
        """
    done = subprocess.run(
        [_find_python(python), "-c", textwrap.dedent(code), str(GUEST_FOLDER)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done", "")


def _below(folder: Path, paths: list[str]) -> set[str]:
    return {os.path.relpath(path, folder) for path in paths if Path(path).is_relative_to(folder)}


_known: dict[str, dict[str, tuple[Path, Any]]] = {}


def _answers(python: str, temporary: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """(folder, what was recorded) of each row; all rows of a Python are run at once."""
    if python not in _known:
        place = temporary.mktemp("rows")
        found = _run(_find_python(python), [textwrap.dedent(row.code).strip() for row in ROWS], place)
        _known[python] = {
            row.name: (place / str(number), answer)
            for number, (row, answer) in enumerate(zip(ROWS, found, strict=True))
        }
    return _known[python]


def _run(python: str, codes: list[str], place: Path) -> list[Any]:
    environ = {**os.environ, "DG_A": "a", "DG_B": "b"}
    script = str(Path(__file__).with_name("record_each.py"))
    done = subprocess.run(
        [python, script, str(GUEST_FOLDER), str(place)],
        input=json.dumps(codes), capture_output=True, text=True, env=environ, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


@cache
def _find_python(wanted: str) -> str:
    """An interpreter of this minor version: this one, or pyenv's."""
    if wanted == "own":
        return sys.executable
    found = sorted(PYENV.glob(f"versions/{wanted}.*/bin/python"))
    return str(found[-1]) if found else pytest.skip(f"Python {wanted} is not on this machine")
