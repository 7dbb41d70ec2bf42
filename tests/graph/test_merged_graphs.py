"""Random pairs of branches: would-diverge speaks exactly where each is fine and what git merges of both is not."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from driftguard import engine
from driftguard.config import Settings

BAD = {"DG101", "DG103", "DG104", "DG105"}
REVISION = 'revision = "{id}"\ndown_revision = {down!r}\n\n\ndef upgrade():\n    pass\n'
VERSIONS = "migrations/versions"


class Add(NamedTuple):
    """One more revision file, 0 stands for the newest as its parent; the id of a twin is one that others may take."""

    parents: tuple[int, ...] = (0,)
    is_twin: bool = False


class Move(NamedTuple):
    """A revision gets another parent."""

    which: int
    parent: int


class Remove(NamedTuple):
    """A file goes."""

    which: int


Step = Add | Move | Remove


def steps() -> st.SearchStrategy[list[Step]]:
    """Mostly one more revision behind the newest."""
    number, rarely = st.integers(0, 9), st.integers(0, 9).map(lambda each: each == 9)
    usual = st.builds(Add, st.just((0,)), rarely)
    others = (
        st.builds(Add, st.lists(number, min_size=1, max_size=2).map(tuple), rarely),
        st.builds(Move, number, number),
        st.builds(Remove, number),
    )
    return st.lists(st.one_of(usual, usual, usual, usual, *others), max_size=2)


class Project:
    """Revision files in git."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")
        for path in ("alembic.ini", "migrations/env.py"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("[alembic]\nscript_location = migrations\n" if path.endswith("ini") else "")
        self.write("0.py", "a", None)

    def git(self, *arguments: str) -> int:
        names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environ = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(["git", *arguments], cwd=self.root, env=environ, capture_output=True).returncode

    @property
    def files(self) -> list[Path]:
        return sorted((self.root / VERSIONS).glob("*.py"))

    def write(self, name: str, id_: str, down: tuple[str, ...] | str | None) -> None:
        path = self.root / VERSIONS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(REVISION.format(id=id_, down=down))

    def take(self, step: Step, branch: str) -> None:
        files = self.files
        ids = [file.read_text().split('"')[1] for file in files] or ["a"]
        match step:
            case Add(parents, is_twin):
                id_ = "twin" if is_twin else f"{len(ids)}{branch}"
                down = tuple(dict.fromkeys(ids[-1 - each % len(ids)] for each in parents))
                self.write(f"{len(ids)}_{branch}.py", id_, down)
            case Move(which, parent) if files:
                self.write(files[which % len(files)].name, ids[which % len(ids)], ids[parent % len(ids)])
            case Remove(which) if files:
                files[which % len(files)].unlink()

    def commit(self, branch: str, taken: list[Step]) -> None:
        for step in taken:
            self.take(step, branch)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", branch)

    def codes(self, base: str | None) -> set[str]:
        request = engine.Request(root=self.root, settings=Settings(select=("DG1",)), base=base)
        return {judged.finding.code for judged in engine.check(request).findings}


@example([], [Add()], [Add()])
@example([], [Add(is_twin=True)], [Add(is_twin=True)])
@example([Add()], [Add()], [Remove(1)])
@example([Add(), Add((1,))], [Add((0, 1))], [Add((0, 1))])
@example([Add(), Add()], [Move(1, 2)], [Add((1,)), Add()])
@example([], [Add()], [])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps(), steps(), steps())
def test_would_diverge(shared: list[Step], ours: list[Step], theirs: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder).resolve())
        project.commit("begin", shared)
        project.git("checkout", "--quiet", "-b", "ours")
        project.commit("ours", ours)
        project.git("checkout", "--quiet", "main")
        project.commit("theirs", theirs)
        project.git("checkout", "--quiet", "ours")
        told, alone = project.codes("main"), project.codes(None) & BAD
        merged = project.git("merge", "--quiet", "--no-edit", "main")
        expected = not merged and not alone and bool(project.codes(None) & BAD)
        event(f"conflict: {bool(merged)}, bad alone: {bool(alone)}, would diverge: {expected}")
        assert ("DG102" in told) == expected
