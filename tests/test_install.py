"""Installing git hooks and taking them away again, with real git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from driftguard.commands.install import install
from driftguard.commands.uninstall import uninstall
from driftguard.errors import DriftguardError
from driftguard.githooks import hook_text, install_hooks, is_ours, uninstall_hooks
from driftguard.moments import MOMENTS

OTHER = "#!/bin/sh\nexit 0\n"


def git(folder: Path, *arguments: str, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, check=check
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "a repository, größer"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.lstat().st_mode, path.read_bytes()) for path in folder.iterdir()}


def ours(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if is_ours(path)}


def test_a_fresh_repository_gets_all_hooks_and_gives_them_back(repository: Path) -> None:
    hooks = repository / ".git/hooks"
    before = snapshot(hooks)
    assert install(start=repository) == 0
    assert ours(hooks) == set(MOMENTS)
    assert all(os.access(hooks / moment, os.X_OK) for moment in MOMENTS)
    assert uninstall(start=repository) == 0
    assert snapshot(hooks) == before


def test_only_the_hooks_that_were_asked_for(repository: Path) -> None:
    install(start=repository, moments=["pre-push"])
    assert ours(repository / ".git/hooks") == {"pre-push"}


def test_a_repository_without_a_hooks_folder(repository: Path) -> None:
    shutil.rmtree(repository / ".git/hooks")
    install(start=repository)
    assert ours(repository / ".git/hooks") == set(MOMENTS)


@pytest.mark.parametrize("mode", [pytest.param(0o755, id="executable"), pytest.param(0o640, id="switched off")])
def test_hooks_that_are_there_come_back_byte_for_byte(repository: Path, mode: int) -> None:
    hooks = repository / ".git/hooks"
    (hooks / "pre-commit").write_bytes(b"#!/bin/sh\r\n\xff no utf-8\n")
    (hooks / "pre-commit").chmod(mode)
    (hooks / "pre-push").symlink_to("pre-commit")
    before = snapshot(hooks)
    install(start=repository)
    install(start=repository)
    assert ours(hooks) == set(MOMENTS)
    assert (hooks / "pre-push.before-driftguard").is_symlink()
    uninstall(start=repository)
    assert snapshot(hooks) == before
    assert (hooks / "pre-push").is_symlink()


def test_twice_is_as_good_as_once(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hooks = repository / ".git/hooks"
    install(start=repository)
    once = snapshot(hooks)
    capsys.readouterr()
    install(start=repository)
    assert snapshot(hooks) == once
    assert capsys.readouterr().out.count("already there") == len(MOMENTS)


def test_a_hook_of_another_version_is_written_again(repository: Path) -> None:
    hook = repository / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\n# driftguard hook v0\n")
    install(start=repository)
    assert not (hook.parent / "pre-commit.before-driftguard").exists()
    uninstall(start=repository)
    assert not hook.exists()


def test_no_hook_is_lost_when_two_want_to_be_kept(repository: Path) -> None:
    hooks = repository / ".git/hooks"
    (hooks / "pre-push").write_text(OTHER)
    install(start=repository)
    (hooks / "pre-push").write_text("#!/bin/sh\nexit 3\n")
    before = snapshot(hooks)
    with pytest.raises(DriftguardError, match="an older hook is still kept"):
        install(start=repository)
    assert snapshot(hooks) == before


def test_uninstall_leaves_other_hooks_alone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hooks = repository / ".git/hooks"
    (hooks / "pre-commit").write_text(OTHER)
    before = snapshot(hooks)
    assert uninstall(start=repository) == 0
    assert snapshot(hooks) == before
    assert "no hook of driftguard" in capsys.readouterr().out


@pytest.mark.parametrize("path", [".githooks", "tools/hooks"])
def test_a_hooks_folder_inside_of_the_repository(
    repository: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repository, "config", "core.hooksPath", path)
    install(start=repository)
    assert ours(repository / path) == set(MOMENTS)
    assert "can be committed" in capsys.readouterr().out


def test_a_hooks_folder_for_all_repositories(repository: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    git(repository, "config", "core.hooksPath", str(shared))
    with pytest.raises(DriftguardError, match="outside of this repository"):
        install(start=repository)
    assert not ours(shared)
    install(start=repository, force=True)
    assert ours(shared) == set(MOMENTS)


def test_a_worktree_shares_the_hooks_of_its_repository(repository: Path, tmp_path: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "first")
    git(repository, "worktree", "add", "-q", str(tmp_path / "other"))
    (tmp_path / "other/inside").mkdir()
    install(start=tmp_path / "other/inside")
    assert ours(repository / ".git/hooks") == set(MOMENTS)


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare")
    with pytest.raises(DriftguardError, match="bare"):
        install(start=tmp_path)


def test_the_pre_commit_framework_is_told_of_its_own_way(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(start=repository)
    assert "driftguard-push" not in capsys.readouterr().out
    (repository / ".pre-commit-config.yaml").write_text("repos: []\n")
    install(start=repository)
    assert "id: driftguard-push" in capsys.readouterr().out


FRAMEWORK_CONFIG = """
repos:
- repo: local
  hooks:
  - {id: seen, name: seen, entry: touch framework-ran, language: system, always_run: true, pass_filenames: false}
"""


@pytest.mark.parametrize("first", ["driftguard", "pre-commit"])
def test_beside_the_real_pre_commit_framework(repository: Path, first: str) -> None:
    """Whoever is installed first: one commit runs both once, and installing again changes nothing."""
    hooks = repository / ".git/hooks"

    def install_framework() -> None:
        subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=repository, check=True, capture_output=True)

    def install_ours() -> None:
        recorder = repository / "recorder"
        recorder.write_text('#!/bin/sh\necho "$6" >> driftguard-ran\n')
        recorder.chmod(0o755)
        install_hooks(hooks, ["pre-commit"])
        slot = next(path for path in hooks.iterdir() if is_ours(path))
        slot.write_bytes(hook_text("pre-commit", python=recorder, module=recorder))

    (repository / ".pre-commit-config.yaml").write_text(FRAMEWORK_CONFIG)
    git(repository, "add", ".pre-commit-config.yaml")
    steps = [install_ours, install_framework] if first == "driftguard" else [install_framework, install_ours]
    for step in (*steps, install_ours):
        step()
    git(repository, "commit", "-q", "--allow-empty", "-m", "both")
    assert (repository / "framework-ran").exists()
    assert (repository / "driftguard-ran").read_text() == "pre-commit\n"
    uninstall_hooks(hooks)
    assert not ours(hooks)
    assert b"pre-commit.com" in (hooks / "pre-commit").read_bytes()
