"""A guarded project in a temporary folder, used as its developer would: files, git, alembic, flask, and driftguard."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import forks
from sqlalchemy import create_engine

SAMPLES = Path(__file__).parent / "projects"
EXAMPLES = Path(__file__).parents[1] / "examples"
TIMEOUT_SECONDS = 180.0


class Answer(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


class Checked(NamedTuple):
    """A check as JSON: exit code and report."""

    code: int
    report: dict[str, Any]

    @property
    def codes(self) -> list[str]:
        """The rule codes, in the report's order."""
        return [finding["code"] for finding in self.report["findings"]]

    @property
    def told(self) -> set[tuple[str, str]]:
        """(code, subject) of every finding."""
        return {(finding["code"], finding["subject"]) for finding in self.report["findings"]}

    def one(self, code: str) -> dict[str, Any]:
        """The only finding of a rule."""
        [found] = [finding for finding in self.report["findings"] if finding["code"] == code]
        return found


class Guarded:
    """One project; every command runs in its folder with ``environ`` added."""

    def __init__(self, root: Path, environ: Mapping[str, str] = {}) -> None:
        self.root = root
        self.environ = {**os.environ, **environ}

    @classmethod
    def copy_of(cls, sample: Path, root: Path, environ: Mapping[str, str] = {}) -> Guarded:
        """A copy of a sample project, with git, everything committed."""
        shutil.copytree(sample, root, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
        guarded = cls(root, environ)
        guarded.git("init", "--quiet", "--initial-branch=main")
        guarded.write(".git/info/exclude", "__pycache__/\n")
        guarded.commit("begin")
        return guarded

    def write(self, path: str, text: str) -> None:
        """Write a file, with its folders."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def replace(self, path: str, was: str, now: str) -> None:
        """Replace a text that must be there."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert was in text, f"{was!r} is not in {path}"
        self.write(path, text.replace(was, now))

    def run(self, *command: str | Path, folder: str = ".") -> Answer:
        """Run any command."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.root / folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def must(self, *command: str | Path, folder: str = ".") -> str:
        """Run a command that succeeds; its output."""
        return self._succeeded(command, self.run(*command, folder=folder))

    def _succeeded(self, command: object, answer: Answer) -> str:
        assert answer.code == 0, f"{command}: {answer.out}{answer.err}"
        return answer.out

    def git(self, *arguments: str) -> str:
        return self.must("git", *arguments)

    def commit(self, message: str) -> None:
        """Commit everything, without hooks."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)

    def python(self, module: str, *arguments: str, folder: str = ".") -> Answer:
        """Run ``python -m MODULE``."""
        return Answer(*forks.run(module, arguments, self.root / folder, self.environ, TIMEOUT_SECONDS))

    def alembic(self, *arguments: str, folder: str = ".") -> str:
        return self._succeeded("alembic", self.python("alembic", *arguments, folder=folder))

    def flask(self, *arguments: str, folder: str = ".") -> str:
        return self._succeeded("flask", self.python("flask", *arguments, folder=folder))

    def driftguard(self, *arguments: str, folder: str = ".") -> Answer:
        return self.python("driftguard", *arguments, folder=folder)

    def check(self, *arguments: str, folder: str = ".") -> Checked:
        """``driftguard check`` as JSON."""
        answer = self.driftguard("check", "--format", "json", *arguments, folder=folder)
        assert answer.out.startswith("{"), answer.out + answer.err
        return Checked(answer.code, json.loads(answer.out))


def sql(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements by hand, each committed; the rows of the last."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    rows: list[tuple[Any, ...]] = []
    with engine.connect() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows
