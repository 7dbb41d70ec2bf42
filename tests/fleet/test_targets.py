"""How several live databases are named, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftguard.errors import DriftguardError
from driftguard.facts.targets import several, shown

ENVIRON = {"BERLIN": "postgresql://ann:s3cr3t@berlin/shop"}
SECRET = "s3cr3t"


def names(folder: Path, *words: str) -> list[str]:
    return [each.name for each in several(words, folder, ENVIRON)]


@pytest.mark.parametrize("words", [(), ("sqlite:///a.db",), ("env:BERLIN",), ("off",)])
def test_one_or_none_is_no_fleet(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert several(words, tmp_path, ENVIRON) == ()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://ann:s3cr3t@host:5432/shop", "postgresql://host:5432/shop"),
        ("postgresql+psycopg://ann@/shop?host=/run/postgresql", "postgresql+psycopg:///shop"),
        ("postgresql://ann:s3?cr/3t@host/shop?password=x", "postgresql://host/shop"),
        ("postgresql://ann:s3@cr3t@host/shop", "postgresql://***"),
        ("postgresql://host/shop?user=ann&password=s3@cr3t", "postgresql://host/shop"),
        ("sqlite:////srv/shop.db", "sqlite:////srv/shop.db"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(url: str, name: str) -> None:
    assert shown(url) == name


def test_a_list(tmp_path: Path) -> None:
    (tmp_path / "tenants").write_text(
        "# everybody\n\n  postgresql://u:s3cr3t@a/x  \nb = postgresql://u:s3cr3t@b/x?sslmode=require\n"
        "env:BERLIN\nc=env:NOWHERE\n",
        encoding="utf-8",
    )
    found = several(["@tenants", "sqlite:///d.db"], tmp_path, ENVIRON)
    assert [each.name for each in found] == ["postgresql://a/x", "b", "env:BERLIN", "c", "sqlite:///d.db"]
    assert found[1].url == "postgresql://u:s3cr3t@b/x?sslmode=require"
    assert found[2].url == ENVIRON["BERLIN"]
    assert (found[3].url, found[3].unset) == ("", "NOWHERE")


def test_a_list_of_one_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("sqlite:///a.db\n")
    assert names(tmp_path, "@one") == ["sqlite:///a.db"]


def test_the_same_twice_and_others_that_look_alike(tmp_path: Path) -> None:
    urls = ("postgresql://ann@h/x", "postgresql://ann@h/x", "postgresql://bob@h/x", "postgresql://h/y")
    assert names(tmp_path, *urls) == ["postgresql://h/x", "postgresql://h/x (2)", "postgresql://h/y"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "No such file", id="no such list"),
        pytest.param("# nothing\n", "no database is listed", id="an empty list"),
        pytest.param("sqlite:///a.db\nuser:s3cr3t@host\n", "list:2 holds no database URL", id="no URL"),
        pytest.param("@other\n", "list:1 holds no database URL", id="a list in a list"),
        pytest.param("off\n", "list:1 holds no database URL", id="off"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "list").write_text(content)
    with pytest.raises(DriftguardError) as refused:
        several(["@list"], tmp_path, {})
    assert said in refused.value.message and SECRET not in refused.value.message + refused.value.hint
