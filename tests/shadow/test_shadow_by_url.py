"""Shadows of dialects that driftguard does not know itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.execute import execute

from driftguard.shadow import NoShadow, Request, open_shadows

ORACLE = "oracle+oracledb://u:p@host/name"


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        pytest.param(ORACLE, ORACLE, id="as it is"),
        pytest.param("oracle://u:p@host/name", ORACLE, id="with the project's driver"),
        pytest.param("oracle+cx_oracle://host/name", "oracle+cx_oracle://host/name", id="with another driver"),
    ],
)
def test_the_named_database_is_lent(setting: str, url: str, tmp_path: Path) -> None:
    with open_shadows(Request("oracle", "oracledb", setting), execute, cache_folder=tmp_path) as shadows:
        assert shadows.create() == url
        with pytest.raises(NoShadow, match="twice"):
            shadows.create()
        shadows.drop(url)
        assert shadows.create() == url


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        pytest.param("", "cannot make oracle databases by itself", id="no setting"),
        pytest.param("server", "cannot make oracle databases by itself", id="not on live's server"),
        pytest.param("no url", "not a URL", id="not a URL"),
        pytest.param("mssql://host/name", "names a mssql database for a project on oracle", id="another dialect"),
    ],
)
def test_unusable_settings(setting: str, message: str, tmp_path: Path) -> None:
    with (
        pytest.raises(NoShadow, match=message),
        open_shadows(Request("oracle", "oracledb", setting), execute, cache_folder=tmp_path),
    ):
        pass
