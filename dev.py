#!/usr/bin/env python3
"""The repository's commands: ``demo``, ``test``, ``lint``, ``docs`` and ``bench``; whichever comes first makes .venv.

Needs Python 3.11 or newer and git; the standard library only. Older Pythons must understand this file to say so.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
SCRIPTS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
USAGE = "usage: python3 dev.py demo | test [pytest arguments] | lint | docs | bench [--quick]"
NEW_ENOUGH = ("python3.14", "python3.13", "python3.12", "python3.11")
NO_PIP = "this Python lacks pip and venv: install them (Debian: apt-get install python3-venv) and run this again"


def main(arguments):
    command, *rest = arguments or [""]
    commands = {"demo": demo, "test": test, "lint": lint, "docs": docs, "bench": bench}
    if command not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036  (whoever starts it with an older one should be told)
        return with_newer_python(arguments)
    prepare()
    return commands[command](rest)


def with_newer_python(arguments):
    """Run this file again with a newer Python, if there is one."""
    newer = next(filter(None, map(shutil.which, NEW_ENOUGH)), None)
    if newer is None:
        print("driftguard needs Python 3.11 or newer; this is " + sys.version.split()[0], file=sys.stderr)
        return 2
    return call(newer, Path(__file__).resolve(), *arguments)


def prepare():
    """Create .venv and install driftguard with its development tools; skipped while pyproject.toml is unchanged."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = ENVIRONMENT / "driftguard-installed"
    if stamp.exists() and stamp.read_text() == wanted and PYTHON.exists():
        return
    print("setting up .venv (once) ...", file=sys.stderr, flush=True)
    if not PYTHON.exists():
        venv.create(ENVIRONMENT)
    if not succeeds(PYTHON, "-m", "pip", "--version") and not succeeds(PYTHON, "-m", "ensurepip"):
        raise SystemExit(NO_PIP)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.5")
    install = ("install", "--quiet", "--compile-bytecode", "--python", PYTHON)
    run(PYTHON, "-m", "uv", "pip", *install, "--group", "dev", "--editable", ".")
    stamp.write_text(wanted)


def demo(arguments):
    """The dropped-column story, on SQLite and on PostgreSQL."""
    return call(PYTHON, ROOT / "examples" / "demo.py", *arguments)


def test(arguments):
    """All tests, by two workers more than there are cores: each waits for servers, and for time to pass."""
    if shutil.which("mariadbd") is None and shutil.which("mysqld") is None:
        print("without MariaDB its tests are skipped (Debian: apt-get install mariadb-server)", file=sys.stderr)
    number = str((os.cpu_count() or 1) + 2)
    workers = [] if any(argument.startswith("-n") for argument in arguments) else ["-n", number, "--dist", "loadgroup"]
    return call(PYTHON, "-m", "pytest", *workers, *arguments)


def lint(_):
    """Format, lint, types, floors; the first failure is the answer."""
    steps = (
        (SCRIPTS / "ruff", "format", "--check", "."),
        (SCRIPTS / "ruff", "check", "."),
        (PYTHON, "-m", "mypy"),
        (SCRIPTS / "lint-imports",),
    )
    return first_failure(steps)


def docs(_):
    """Write the pages of docs/ that are generated from the code, and build the site; a warning fails it."""
    steps = (
        (PYTHON, ROOT / "docs" / "generate.py"),
        (PYTHON, ROOT / "docs" / "picture.py"),
        (PYTHON, "-m", "mkdocs", "build", "--strict"),
    )
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # it says what pyproject.toml has settled
    return first_failure(steps)


def bench(arguments):
    """driftguard beside stock Alembic, as a table of ratios."""
    return call(PYTHON, "-m", "benchmarks", *arguments)


def call(*command):
    return subprocess.run([str(part) for part in command], cwd=str(ROOT)).returncode


def first_failure(steps):
    """The exit code of the first command that fails, or 0; those behind it are not run."""
    return next(filter(None, (call(*step) for step in steps)), 0)


def succeeds(*command):
    """Whether the command, which says nothing, ends with exit code 0."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run([str(part) for part in command], **quiet).returncode == 0


def run(*command):
    code = call(*command)
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
