"""What git's calls mean, and the hook file itself: chain, input, refusals."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import driftguard
from driftguard.gitcall import Call, Look, from_framework, looks, run_until
from driftguard.githooks import hook_text
from driftguard.moments import MOMENTS

A, B, NONE = "a" * 40, "b" * 40, "0" * 40
PACKAGE = Path(driftguard.__file__).parents[1]
WORKING: tuple[Look, ...] = ((),)


def commit(name: str) -> Look:
    return ("--ref", name, "--live", "off")


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        pytest.param(Call("pre-commit"), (("--staged",),), id="a commit: the index"),
        pytest.param(Call("pre-merge-commit"), (("--staged",),), id="a merge commit: the index"),
        pytest.param(Call("pre-push", (), (f"refs/heads/x {A} refs/heads/x {B}",)), (commit(A),), id="a branch"),
        pytest.param(Call("pre-push", (), (f"HEAD~1 {A} refs/heads/x {NONE}",)), (commit(A),), id="a new branch"),
        pytest.param(
            Call("pre-push", (), (f"refs/heads/x {A} r {B}", f"refs/heads/y {A} r {B}", f"refs/heads/z {B} r {A}")),
            (commit(A), commit(B)),
            id="several branches, each commit once",
        ),
        pytest.param(Call("pre-push", (), (f"(delete) {NONE} refs/heads/x {B}",)), (), id="a deletion: nothing"),
        pytest.param(Call("pre-push", (), (f"refs/tags/v1 {A} refs/tags/v1 {NONE}",)), (), id="a tag: nothing"),
        pytest.param(Call("pre-push"), (), id="all is there already: nothing"),
        pytest.param(Call("post-merge", ("0",)), WORKING, id="after a merge"),
        pytest.param(Call("post-checkout", (A, B, "1")), WORKING, id="another branch"),
        pytest.param(Call("post-checkout", (A, A, "1")), (), id="a new branch here: nothing"),
        pytest.param(Call("post-checkout", (A, B, "0")), (), id="files checked out: nothing"),
        pytest.param(Call("post-rewrite", ("rebase",)), WORKING, id="after a rebase"),
        pytest.param(Call("post-rewrite", ("amend",)), (), id="after an amend: nothing"),
    ],
)
def test_looks(call: Call, wanted: tuple[Look, ...]) -> None:
    assert looks(call) == wanted


@pytest.mark.parametrize(
    ("hook_id", "environ", "call"),
    [
        pytest.param("driftguard", {}, Call("pre-commit"), id="commit"),
        pytest.param(
            "driftguard-push",
            {"FROM_REF": A, "TO_REF": B, "LOCAL_BRANCH": "refs/heads/x"},
            Call("pre-push", (), (f"refs/heads/x {B} refs/heads/x {A}",)),
            id="push",
        ),
        pytest.param(
            "driftguard-push",
            {"LOCAL_BRANCH": "refs/heads/x"},
            Call("pre-push", (), (f"refs/heads/x refs/heads/x refs/heads/x {NONE}",)),
            id="push of a whole history: only the branch is named",
        ),
        pytest.param("driftguard-push", {}, Call("pre-push", (), (f"HEAD HEAD HEAD {NONE}",)), id="push, run by hand"),
        pytest.param(
            "driftguard-merge",
            {"FROM_REF": A, "TO_REF": B, "CHECKOUT_TYPE": "1"},
            Call("post-checkout", (A, B, "1")),
            id="checkout",
        ),
        pytest.param("driftguard-merge", {"REWRITE_COMMAND": "rebase"}, Call("post-rewrite", ("rebase",)), id="rebase"),
        pytest.param("driftguard-merge", {"IS_SQUASH_MERGE": "0"}, Call("post-merge", ("0",)), id="merge"),
        pytest.param("driftguard-merge", {}, Call("post-merge", ("0",)), id="merge, run by hand"),
    ],
)
def test_what_the_framework_says(hook_id: str, environ: dict[str, str], call: Call) -> None:
    assert from_framework(hook_id, {f"PRE_COMMIT_{name}": value for name, value in environ.items()}) == call


def run_hook(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "driftguard.hook", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_repository_without_an_environment_is_left_in_peace(tmp_path: Path, moment: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = run_hook(moment, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "said"),
    [
        pytest.param(["pre-commit"], {"DRIFTGUARD_SKIP": "1"}, 0, "skipped", id="skipped"),
        pytest.param([], {}, 2, "usage", id="no moment"),
        pytest.param(["commit-msg"], {}, 2, "usage", id="a moment that is not ours"),
    ],
)
def test_exit_code(tmp_path: Path, arguments: list[str], environ: dict[str, str], code: int, said: str) -> None:
    done = run_hook(*arguments, cwd=tmp_path, **environ)
    assert done.returncode == code
    assert said in done.stderr


def test_unreadable_settings_stop_a_commit_and_not_a_checkout(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "driftguard.toml").write_text("strikt = true\n")
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    refused, told = run_hook("pre-commit", cwd=tmp_path), run_hook("post-merge", "0", cwd=tmp_path)
    assert (refused.returncode, told.returncode) == (2, 0)
    assert "strict" in refused.stderr
    assert "strict" in told.stderr


@pytest.mark.parametrize(
    ("program", "seconds", "code"),
    [
        pytest.param("raise SystemExit(1)", 60, 1, id="in time"),
        pytest.param("import time; time.sleep(600)", 0, None, id="too slow"),
        pytest.param("import os; os.abort()", 60, 2, id="crashed"),
    ],
)
def test_run_until(program: str, seconds: float, code: int | None) -> None:
    now = time.monotonic()
    assert run_until([sys.executable, "-c", program], lambda: now, lambda: now + seconds) == code


Recorder = Callable[[str, int], Path]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Makes programs that write their arguments and input into ``NAME.log`` and exit as told."""

    def make(name: str, status: int) -> Path:
        path = tmp_path / name
        log = tmp_path / f"{name.partition('.')[0]}.log"
        path.write_text(f'#!/bin/sh\n{{ echo "$@"; cat; }} >> "{log}"\nexit {status}\n')
        path.chmod(0o755)
        return path

    return make


def run_template(
    folder: Path, moment: str, program: Path | None, *arguments: str, lines: str = "", path: str | None = None
) -> subprocess.CompletedProcess[str]:
    tool = program or folder / "gone"
    hook = folder / moment
    hook.write_bytes(hook_text(moment, python=tool, module=tool))
    hook.chmod(0o755)
    environ = os.environ if path is None else {"PATH": path}
    return subprocess.run([hook, *arguments], input=lines, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("moment", "arguments", "lines"),
    [
        pytest.param("pre-commit", (), "", id="pre-commit"),
        pytest.param("pre-push", ("origin", "a b"), f"r {A} r {B}\nr {B} \\n %s {A}\n", id="pre-push: several lines"),
        pytest.param("post-rewrite", ("rebase",), f"{A} {B}\n" * 3000, id="post-rewrite: many lines"),
        pytest.param("post-checkout", (A, B, "1"), "", id="post-checkout"),
    ],
)
def test_both_hooks_get_arguments_and_input(
    tmp_path: Path, recorder: Recorder, moment: str, arguments: tuple[str, ...], lines: str
) -> None:
    recorder(f"{moment}.before-driftguard", 0)
    done = run_template(tmp_path, moment, recorder("ours", 0), *arguments, lines=lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / f"{moment}.log").read_text() == f"{' '.join(arguments)}\n{lines}"
    told = (tmp_path / "ours.log").read_text()
    assert told.startswith("-I -S -c import sys; ")
    assert told.endswith(f" {' '.join((str(tmp_path.parent), moment, *arguments))}\n{lines}")


@pytest.mark.parametrize(
    ("moment", "before", "own", "status", "both_ran"),
    [
        pytest.param("pre-commit", 0, 0, 0, True, id="both agree"),
        pytest.param("pre-commit", 0, 2, 2, True, id="ours refuses"),
        pytest.param("pre-push", 7, 0, 7, False, id="the one before refuses first"),
        pytest.param("post-merge", 0, 1, 0, True, id="what happened cannot be refused"),
        pytest.param("post-checkout", 5, 0, 5, True, id="git learns of the one before as if it were alone"),
    ],
)
def test_the_status_of_a_chain(
    tmp_path: Path, recorder: Recorder, moment: str, before: int, own: int, status: int, both_ran: bool
) -> None:
    recorder(f"{moment}.before-driftguard", before)
    assert run_template(tmp_path, moment, recorder("ours", own)).returncode == status
    assert (tmp_path / "ours.log").exists() == both_ran


def test_a_hook_that_was_switched_off_stays_off(tmp_path: Path, recorder: Recorder) -> None:
    recorder("pre-commit.before-driftguard", 1).chmod(0o644)
    assert run_template(tmp_path, "pre-commit", recorder("ours", 0)).returncode == 0


def test_a_hook_before_that_does_not_read_its_input(tmp_path: Path, recorder: Recorder) -> None:
    before = tmp_path / "pre-push.before-driftguard"
    before.write_text("#!/bin/sh\nexit 0\n")
    before.chmod(0o755)
    done = run_template(tmp_path, "pre-push", recorder("ours", 0), lines="x\n" * 100_000)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("moment", "status"),
    [pytest.param("pre-commit", 1, id="refuse"), pytest.param("post-merge", 0, id="tell")],
)
def test_a_missing_driftguard_is_told_even_without_a_path(tmp_path: Path, moment: str, status: int) -> None:
    done = run_template(tmp_path, moment, None, path="")
    assert done.returncode == status
    assert "driftguard install" in done.stderr


def test_without_its_python_the_hook_looks_on_the_path(tmp_path: Path, recorder: Recorder) -> None:
    recorder("driftguard-hook", 0)
    done = run_template(tmp_path, "pre-push", None, "origin", path=f"{tmp_path}:{os.environ['PATH']}", lines="x\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "driftguard-hook.log").read_text() == "pre-push origin\nx\n"
