"""The settings, and every mistake in them."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from driftguard.config import (
    ENVIRONMENT_SCHEMA,
    SCHEMA,
    ConfigError,
    EnvironmentSettings,
    Settings,
    load_settings,
    read_settings,
)
from driftguard.git import WorkingTree


def load(folder: Path, *, pyproject: str | bytes | None = None, own: str | None = None) -> Settings:
    for name, text in (("pyproject.toml", pyproject), ("driftguard.toml", own)):
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(WorkingTree(folder))


EVERYTHING = """
python = ".venv"
live = "env:DATABASE_URL"
live_in_hook = "off"
shadow = "postgresql://user:secret@host/db"
select = ["DG1", "missing-revision"]
ignore = ["DG301"]
strict = true
heads = ["a@head"]
x = ["tenant=demo"]
env = { B = "2", A = "1" }
deadline = 5
exclude = ["examples"]
[environments.users]
config = "./users/alembic.ini"
section = "users"
folder = "users"
live = "off"
heads = []
[environments.orders]
script_location = "orders/db/"
flask_app = "shop:create_app()"
"""
READ = Settings(
    python=".venv",
    live="env:DATABASE_URL",
    live_in_hook="off",
    shadow="postgresql://user:secret@host/db",
    select=("DG1", "missing-revision"),
    ignore=("DG301",),
    strict=True,
    heads=("a@head",),
    x=("tenant=demo",),
    env=(("A", "1"), ("B", "2")),
    deadline=5,
    exclude=("examples",),
    environments=(
        EnvironmentSettings("orders", script_location="orders/db", flask_app="shop:create_app()"),
        EnvironmentSettings("users", "users/alembic.ini", "users", folder="users", live="off", heads=()),
    ),
    source="driftguard.toml",
)


def test_every_setting(tmp_path: Path) -> None:
    assert load(tmp_path, own=EVERYTHING) == READ


@pytest.mark.parametrize(
    ("pyproject", "own", "expected"),
    [
        pytest.param(None, None, Settings(), id="no file"),
        pytest.param("", "", Settings(), id="empty files"),
        pytest.param('[project]\nname = "x"\n', None, Settings(), id="a pyproject.toml of others"),
        pytest.param(
            "[tool.driftguard]\n", "strict = true\n", Settings(strict=True, source="driftguard.toml"), id="one"
        ),
        pytest.param(
            "[tool.driftguard]\nstrict = true\n", "", Settings(strict=True, source="pyproject.toml"), id="the other"
        ),
        pytest.param(
            b"\xef\xbb\xbf[tool.driftguard]\r\nstrict = true\r\n",
            None,
            Settings(strict=True, source="pyproject.toml"),
            id="with a byte order mark",
        ),
        pytest.param("tool = 3\n", None, Settings(), id="a tool that is no table is somebody else's problem"),
        pytest.param(
            '[tool.driftguard]\nlive = "sqlite:///x.db"\nshadow = "server"\n',
            None,
            Settings(live="sqlite:///x.db", shadow="server", source="pyproject.toml"),
            id="a URL for live",
        ),
    ],
)
def test_quiet(tmp_path: Path, pyproject: str | bytes | None, own: str | None, expected: Settings) -> None:
    assert load(tmp_path, pyproject=pyproject, own=own) == expected


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        pytest.param("strct = true", 'unknown key "strct", did you mean "strict"?', id="a misspelt key"),
        pytest.param('live-in-hook = "off"', 'unknown key "live-in-hook", did you mean "live_in_hook"?', id="dashes"),
        pytest.param("zzz = 1", 'unknown key "zzz"', id="a key like no other"),
        pytest.param('strict = "yes"', "strict: must be true or false, not a string", id="no boolean"),
        pytest.param("python = 3.11", "python: must be a string, not a number", id="no string"),
        pytest.param('severity = "error"', "severity: must be a table of rules", id="no table of severities"),
        pytest.param(
            'severity = { DG203 = "eror" }',
            'severity: must be one of error, warning, note, did you mean "error"?',
            id="no severity",
        ),
        pytest.param('severity = { DG999 = "error" }', 'severity: no rule is called "DG999"', id="no rule"),
        pytest.param('select = "DG1"', "select: must be a list of strings", id="no list"),
        pytest.param("heads = [1]", "heads: must be a list of strings", id="no list of strings"),
        pytest.param(
            'ignore = ["multiple-head", "DG999"]',
            'ignore: no rule is called "multiple-head", did you mean "multiple-heads"?; '
            'no rule is called "DG999", did you mean "DG905"?',
            id="misspelt rules",
        ),
        pytest.param(
            'live_in_hook = "warn"', "live_in_hook: must be one of note, off, error", id="a word that is not offered"
        ),
        pytest.param("deadline = 0", "deadline: must be a whole number of seconds, 1 or more", id="no time at all"),
        pytest.param("deadline = true", "deadline: must be a whole number of seconds, 1 or more", id="true is no time"),
        pytest.param("env = { A = 1 }", 'env: must be a table of strings, such as { APP_SETTINGS = "test" }', id="env"),
        pytest.param(
            'live = "user:secret@host"',
            'live: must be "off", "env:NAME" or a database URL such as postgresql://user@host/name',
            id="no URL, and the password is not repeated",
        ),
        pytest.param("environments = 1", "environments: must hold one table per environment", id="environments"),
        pytest.param("[environments]\nusers = 1", "must be a table [", id="an environment that is no table"),
        pytest.param(
            '[environments.users]\nconfg = "x"', 'unknown key "confg", did you mean "config"?', id="inside a table"
        ),
        pytest.param(
            '[environments.users]\nfolder = "../x"',
            "folder: must be a path relative to the repository's root, inside it",
            id="a path that leads outside",
        ),
        pytest.param(
            '[environments.users]\nconfig = "/etc/x"',
            "config: must be a path relative to the repository's root, inside it",
            id="an absolute path",
        ),
    ],
)
def test_one_mistake(tmp_path: Path, line: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, own=line)
    assert caught.value.message.startswith("driftguard.toml: ")
    assert mistake.removeprefix("environments: ") in caught.value.message
    assert "secret" not in caught.value.message


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            tmp_path, pyproject='[tool.driftguard]\nstrct = 1\ndeadline = -1\n[tool.driftguard.environments.a]\nx = "b"'
        )
    assert caught.value.message.splitlines() == [
        'pyproject.toml: [tool.driftguard] unknown key "strct", did you mean "strict"?',
        "pyproject.toml: [tool.driftguard] deadline: must be a whole number of seconds, 1 or more",
        "pyproject.toml: [tool.driftguard.environments.a] x: must be a list of strings",
    ]


@pytest.mark.parametrize(
    ("pyproject", "own", "message"),
    [
        pytest.param("a = 1\nb = \n", None, "pyproject.toml:2: Invalid value", id="a broken value"),
        pytest.param(None, "a = 1\nb = '''\n", "driftguard.toml:2: ", id="a text without an end"),
        pytest.param(b'a = 1\nb = "\xff"\n', None, "pyproject.toml:2: not UTF-8, which TOML files must be", id="bytes"),
        pytest.param(
            "[tool.driftguard]\nstrict = true\n",
            "strict = true\n",
            "settings stand in two files: driftguard.toml and [tool.driftguard] in pyproject.toml",
            id="settings in both files",
        ),
        pytest.param(
            "[tool]\ndriftguard = 3\n", None, "pyproject.toml: [tool.driftguard] must be a table", id="no table"
        ),
        pytest.param(
            None, "[tool.driftguard]\nstrict = true\n", "without [tool.driftguard]", id="the wrong file's head"
        ),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, pyproject: str | bytes | None, own: str | None, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, pyproject=pyproject, own=own)
    assert message in caught.value.message


def test_an_environment_adds_to_what_is_ignored() -> None:
    text = 'ignore = ["DG302"]\n[environments.users]\nconfig = "users/alembic.ini"\nignore = ["DG1"]\n'
    settings = read_settings(tomllib.loads(text), "driftguard.toml")
    assert settings.for_environment("users").ignore == ("DG302", "DG1")
    assert settings.for_environment("orders").ignore == ("DG302",)


def test_the_narrowest_severity_comes_last() -> None:
    settings = read_settings({"severity": {"DG203": "error", "DG": "note", "DG2": "warning"}}, "driftguard.toml")
    assert [rule for rule, _ in settings.severity] == ["DG", "DG2", "DG203"]


@pytest.mark.parametrize(
    ("name", "live", "heads"),
    [
        pytest.param("users", "off", (), id="its own settings, an empty list too"),
        pytest.param("orders", "env:DATABASE_URL", ("a@head",), id="nothing of its own"),
        pytest.param("other", "env:DATABASE_URL", ("a@head",), id="no table at all"),
    ],
)
def test_settings_for_one_environment(name: str, live: str, heads: tuple[str, ...]) -> None:
    settings = READ.for_environment(name)
    assert (settings.live, settings.heads, settings.python) == (live, heads, ".venv")


def test_the_schema_names_every_field() -> None:
    assert {each.key for each in SCHEMA} == {each.name for each in fields(Settings)} - {"environments", "source"}
    assert {each.key for each in ENVIRONMENT_SCHEMA} == {each.name for each in fields(EnvironmentSettings)} - {"name"}
    assert all(each.doc.endswith(".") and each.takes for each in (*SCHEMA, *ENVIRONMENT_SCHEMA))
