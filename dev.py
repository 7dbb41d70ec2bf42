#!/usr/bin/env python3
"""The repository's two commands, ``demo`` and ``test``, and ``lint``: each makes its own environment first.

Needs Python 3.11 or newer and git; the standard library only.
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
USAGE = "usage: python3 dev.py demo | test [pytest arguments] | lint"


def main(arguments):
    command, *rest = arguments or [""]
    commands = {"demo": demo, "test": test, "lint": lint}
    if command not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):
        print("driftguard needs Python 3.11 or newer; this is " + sys.version.split()[0], file=sys.stderr)
        return 2
    prepare()
    return commands[command](rest)


def prepare():
    """Create .venv and install driftguard with its development tools; skipped while pyproject.toml is unchanged."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = ENVIRONMENT / "driftguard-installed"
    if stamp.exists() and stamp.read_text() == wanted and PYTHON.exists():
        return
    print("setting up .venv (once) ...", file=sys.stderr, flush=True)
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.5")
    run(PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, "--group", "dev", "--editable", ".")
    stamp.write_text(wanted)


def demo(arguments):
    """The dropped-column story, on SQLite and on PostgreSQL."""
    return call(PYTHON, ROOT / "examples" / "demo.py", *arguments)


def test(arguments):
    """All tests, one worker per core."""
    if shutil.which("mariadbd") is None and shutil.which("mysqld") is None:
        print("MariaDB is not installed: its tests will be skipped (Debian: apt-get install mariadb-server)", file=sys.stderr)
    workers = [] if any(argument.startswith("-n") for argument in arguments) else ["-n", "auto", "--dist", "loadgroup"]
    return call(PYTHON, "-m", "pytest", *workers, *arguments)


def lint(_):
    """Format, lint, types, floors; the first failure is the answer."""
    steps = (
        (SCRIPTS / "ruff", "format", "--check", "."),
        (SCRIPTS / "ruff", "check", "."),
        (PYTHON, "-m", "mypy"),
        (SCRIPTS / "lint-imports",),
    )
    return next((code for step in steps if (code := call(*step))), 0)


def call(*command):
    return subprocess.run([str(part) for part in command], cwd=ROOT).returncode


def run(*command):
    if code := call(*command):
        raise SystemExit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
