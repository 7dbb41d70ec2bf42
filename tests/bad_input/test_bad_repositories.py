"""Repositories in unusual states: what can be checked is checked, and the rest is said."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pets import Pets

CLEAN = "clean: models, head, live and graph are fine"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("check",), 0, CLEAN, id="the working tree is checked"),
        pytest.param(("graph",), 0, "5f0e6a2b91cd (head, base)", id="the graph is drawn"),
        pytest.param(("check", "--staged"), 2, "is in no git repository", id="nothing is staged anywhere"),
        pytest.param(("check", "--ref", "main"), 2, "is in no git repository", id="there are no commits"),
        pytest.param(("install",), 2, "run `git init`", id="there are no hooks"),
    ],
)
def test_no_git_repository(pets: Pets, arguments: tuple[str, ...], code: int, said: str) -> None:
    answer = pets.told(*arguments)
    assert (answer.code, said in answer.out + answer.err) == (code, True), answer


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("check",), 0, CLEAN, id="the working tree is checked"),
        pytest.param(("check", "--staged"), 2, "git is not on PATH\nhint: install git", id="the index is not"),
        pytest.param(("install",), 2, "git is not on PATH", id="no hooks are written"),
    ],
)
def test_git_is_not_installed(
    repository: Pets, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    repository.environ["PATH"] = str(tmp_path)
    answer = repository.told(*arguments)
    assert (answer.code, said in answer.out + answer.err) == (code, True), answer


@pytest.mark.parametrize(
    ("add", "arguments", "code", "said"),
    [
        pytest.param((), ("check",), 0, CLEAN, id="the working tree"),
        pytest.param((), ("check", "--staged"), 2, "0 files of the index", id="nothing staged"),
        pytest.param(("--all",), ("check", "--staged"), 0, CLEAN, id="everything staged"),
        pytest.param((), ("check", "--ref", "HEAD"), 2, "there is no commit yet", id="HEAD is no commit"),
    ],
)
def test_no_commit_yet(pets: Pets, add: tuple[str, ...], arguments: tuple[str, ...], code: int, said: str) -> None:
    pets.git_init()
    if add:
        pets.git("add", *add)
    answer = pets.told(*arguments)
    assert (answer.code, said in answer.out + answer.err) == (code, True), answer


def test_the_very_first_commit_through_the_hook(pets: Pets) -> None:
    pets.git_init()
    assert pets.driftguard("install").code == 0
    pets.git("add", "--all")
    pets.replace("models.py", "String(20)", "String(30)")
    pets.git("commit", "--quiet", "-m", "what is staged is fine")
    pets.git("add", "--all")
    answer = pets.run("git", "commit", "--quiet", "-m", "a model without its revision")
    assert (answer.code, "DG201" in answer.out + answer.err) == (1, True)
    assert pets.git("rev-list", "--count", "HEAD") == "1\n"


def test_an_empty_repository(tmp_path: Path) -> None:
    pets = Pets(tmp_path)
    pets.git_init()
    answer = pets.told()
    assert answer.code == 2
    assert "no Alembic environment found" in answer.err and "alembic init alembic" in answer.err


def test_a_detached_head(repository: Pets) -> None:
    repository.git("checkout", "--quiet", "--detach")
    assert [repository.told("check", *each).code for each in ((), ("--staged",), ("--ref", "HEAD"))] == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("check",), 2, "bare repository", id="there is no working tree"),
        pytest.param(("check", "--staged"), 2, "bare repository", id="there is no index"),
        pytest.param(("install",), 2, "bare repository", id="nobody commits there"),
        pytest.param(("check", "--ref", "main"), 0, "models, head and graph are fine", id="a commit can be checked"),
    ],
)
def test_a_bare_repository(repository: Pets, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    answer = Pets(tmp_path / "bare.git").told(*arguments)
    assert (answer.code, said in answer.out + answer.err) == (code, True), answer


@pytest.mark.parametrize("name", ["with space", "straße ✓", "it's", 'say "hi"', "$HOME", "a#b;c", "-dash"])
def test_names_of_folders(tmp_path: Path, name: str) -> None:
    pets = Pets.begin(tmp_path / name)
    pets.git_init()
    pets.commit("begin")
    pets.replace("models.py", "String(20)", "String(30)")
    pets.sql("ALTER TABLE pets ADD COLUMN age INTEGER")
    assert pets.check().told == {("DG201", "pets.name"), ("DG301", "pets.age")}
    assert pets.check("--staged").told == {("DG301", "pets.age")}
    assert pets.told("check", "--ref", "main").code == 0


def test_a_read_only_folder_and_home(repository: Pets, tmp_path: Path) -> None:
    """Also root has to ask for permission here."""
    ordinary = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")
    if repository.run(*ordinary, "true").code:
        pytest.skip("setpriv cannot take away rights here")
    driftguard = (*ordinary, sys.executable, "-m", "driftguard")
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    del repository.environ["XDG_CACHE_HOME"], repository.environ["DRIFTGUARD_CACHE_DIR"]
    repository.environ |= {"HOME": str(home), "TMPDIR": str(tmp_path)}
    repository.must("chmod", "-R", "a-w", ".")
    try:
        for arguments, code, said in (
            (("check",), 0, CLEAN),
            (("check", "--staged"), 0, CLEAN),
            (("check", "--ref", "HEAD"), 0, "are fine"),
            (("install",), 2, "Permission denied"),
        ):
            answer = repository.told_by(*driftguard, *arguments)
            assert (answer.code, said in answer.out + answer.err) == (code, True), answer
        repository.environ["DRIFTGUARD_CACHE_DIR"] = str(home / "cache")
        answer = repository.told_by(*driftguard, "check")
        assert (answer.code, "cannot be made" in answer.err, "DRIFTGUARD_CACHE_DIR" in answer.err) == (2, True, True)
    finally:
        repository.must("chmod", "-R", "u+w", ".")
    assert list(home.iterdir()) == []


def test_a_clone_without_all_files_whose_remote_is_gone(repository: Pets, tmp_path: Path) -> None:
    """Such a clone gets files when it needs them, and there is no network now."""
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("branch", "theirs")
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.root}", str(tmp_path / "part"))
    part = Pets(tmp_path / "part", repository.environ)
    repository.git("checkout", "--quiet", "theirs")
    repository.write("migrations/versions/new.py", "revision = 'f00'\ndown_revision = '5f0e6a2b91cd'\n")
    repository.commit("theirs")
    part.git("fetch", "--quiet")
    repository.root.rename(tmp_path / "gone")
    answer = part.told("graph", "--ref", "origin/theirs")
    assert answer.code == 2
    assert "this clone was made without all files, and git could not fetch one that is needed" in answer.err


def test_an_environment_s_name_is_misspelt(repository: Pets) -> None:
    answer = repository.told("graph", "-e", "migration")
    assert answer.code == 2
    assert 'hint: did you mean "migrations"? These were found: migrations' in answer.err
