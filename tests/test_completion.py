"""What a shell suggests while somebody types: asked as click's scripts ask, and once by a real bash."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from guarded import EXAMPLES, Guarded

from driftguard.cli import COMPLETE, cli

SHOP = """
[tool.driftguard.environments.till]
script_location = "migrations"
"""

BASH = """
source <({program} completion bash)
complete -p driftguard
COMP_WORDS=(driftguard check --base fea)
COMP_CWORD=3
_driftguard_completion {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an environment that its settings call "till", a branch and a tag."""
    root = tmp_path_factory.mktemp("completed") / "shop"
    guarded = Guarded.copy_of(EXAMPLES / "dropped-column", root)
    guarded.write("pyproject.toml", SHOP)
    guarded.write("app.py", "raise SystemExit('nobody may run this')\n")
    guarded.commit("nothing here can be run")
    guarded.git("branch", "feature/tills")
    guarded.git("tag", "v1")
    return root


def asked(folder: Path, line: str, shell: str = "bash") -> list[str]:
    """What is suggested for the last word of ``line``; nothing may be said on standard error."""
    words = line.split(" ")
    told = {"COMP_WORDS": line, "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1)}
    guarded = Guarded(folder, {**told, COMPLETE: f"{shell}_complete"})
    answer = guarded.driftguard()
    assert answer.err == ""
    return [line for line in answer.out.splitlines() if line]


@pytest.mark.parametrize(
    ("line", "suggested"),
    [
        pytest.param("unin", ["uninstall"], id="commands"),
        pytest.param("check --strict-", ["--strict-coverage"], id="options"),
        pytest.param("check --select DG40", ["DG401", "DG402", "DG403", "DG407"], id="rules by code"),
        pytest.param("check --ignore dg40", ["DG401", "DG402", "DG403", "DG407"], id="rules in lower case"),
        pytest.param("check --select DG1,miss", ["DG1,missing-parent", "DG1,missing-revision"], id="a list"),
        pytest.param("explain rev", ["revision-cycle"], id="rules by name"),
        pytest.param("check --format s", ["sarif"], id="formats"),
        pytest.param("graph --format m", ["mermaid"], id="pictures"),
        pytest.param("check -e ", ["till"], id="environments, by the settings"),
        pytest.param("graph -e t", ["till"], id="environments of other commands"),
        pytest.param("repair -e t", ["till"], id="the one environment"),
        pytest.param("check --ref ", ["HEAD", "feature/tills", "main", "v1"], id="refs"),
        pytest.param("check --merged-with f", ["feature/tills"], id="a branch to merge"),
        pytest.param("rebase --onto m", ["main"], id="a branch to follow"),
        pytest.param("diff h", ["head"], id="sides"),
        pytest.param("check -e nobody", [], id="an environment that is not there"),
    ],
)
def test_what_is_suggested(shop: Path, line: str, suggested: list[str]) -> None:
    *words, typed = line.split(" ")
    found = ShellComplete(cli, {}, "driftguard", COMPLETE).get_completions(["-C", str(shop), *words], typed)
    assert sorted(each.value for each in found) == suggested


def test_a_folder_that_is_not_there_has_no_environments(shop: Path) -> None:
    assert asked(shop, "driftguard check -e ") == ["plain,till"]
    assert asked(shop, "driftguard -C nowhere check -e ") == []


@pytest.mark.parametrize("line", ["driftguard check -e ", "driftguard check --ref "])
def test_without_git_there_is_no_suggestion_and_no_noise(tmp_path: Path, line: str) -> None:
    shutil.copytree(EXAMPLES / "dropped-column", tmp_path / "shop")
    assert asked(tmp_path / "shop", line) == []


def test_settings_with_mistakes_make_no_noise(shop: Path, tmp_path: Path) -> None:
    broken = Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "broken")
    broken.write("pyproject.toml", "[tool.driftguard]\nslect = 3\n")
    assert asked(broken.root, "driftguard check -e ") == []


@pytest.mark.parametrize(
    ("shell", "told"),
    [
        pytest.param("zsh", ["plain", "DG205", "empty-metadata"], id="zsh"),
        pytest.param("fish", ["plain,DG205\tempty-metadata"], id="fish"),
    ],
)
def test_shells_that_show_what_a_word_means_are_told(shop: Path, shell: str, told: list[str]) -> None:
    assert asked(shop, "driftguard explain DG205", shell) == told


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_there_is_a_script_for_each_shell(tmp_path: Path, shell: str) -> None:
    answer = Guarded(tmp_path).driftguard("completion", shell)
    assert (answer.code, answer.err) == (0, "")
    assert f"{COMPLETE}={shell}_complete" in answer.out


def test_an_unknown_shell_is_refused(tmp_path: Path) -> None:
    answer = Guarded(tmp_path).driftguard("completion", "cmd")
    assert answer.code == 2
    assert "'bash', 'zsh', 'fish'" in answer.err


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_real_bash_completes(shop: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "driftguard"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m driftguard "$@"\n')
    program.chmod(0o755)
    answer = Guarded(shop).run("bash", "-c", BASH.format(program=shlex.quote(str(program))))
    assert answer.out.splitlines() == [
        "complete -o nosort -F _driftguard_completion driftguard",
        "feature/tills",
    ]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_real_shell_accepts_its_script(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    script = tmp_path / "script"
    script.write_text(Guarded(tmp_path).driftguard("completion", shell).out)
    assert Guarded(tmp_path).must(shell, "-n", script) == ""
