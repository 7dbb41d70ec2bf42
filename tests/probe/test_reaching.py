"""A live database is reached again without env.py only where its URL stands somewhere, and nothing would be missing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from driftguard.probe.guest_process import GUEST_FOLDER

PROGRAM = f"""
import json, os, sys
sys.path.insert(0, {str(GUEST_FOLDER)!r})
from driftguard_guest import recording
recording.begin()
variables = recording.environment()
from driftguard_guest import reaching
from driftguard_guest.connections import Connections, Live
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url

def live(url, **more):
    dialect = create_engine(url).dialect
    arguments, parameters = dialect.create_connect_args(make_url(url))
    return Live(dialect, arguments, dict(parameters, **more))

os.environ.get("READ")
{{body}}
print(json.dumps(way))
"""
URL = "postgresql+psycopg://ann:secret@example.org/shop"
ENVIRON = {
    "READ": "postgres://ann:secret@example.org/shop",
    "UNREAD": "postgresql+psycopg://ann:other@example.org/shop",
}


def way(body: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{body}", body)], capture_output=True, text=True, check=True, env=ENVIRON
    )
    assert "secret" not in done.stdout
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("body", "variable", "more"),
    [
        pytest.param(f"way = reaching.found(live({URL!r}), variables, '')", "READ", {}, id="a variable that was read"),
        pytest.param(f"way = reaching.found(live({URL!r}), dict(), {URL!r})", "", {}, id="the ini file"),
        pytest.param(
            f"way = reaching.found(live({URL!r}, sslmode='require'), variables, '')",
            "READ",
            {"sslmode": "require"},
            id="with arguments for connect",
        ),
    ],
)  # fmt: skip
def test_found(body: str, variable: str, more: dict[str, str]) -> None:
    assert way(body) == {"variable": variable, "dialect": "postgresql", "driver": "psycopg", "more": more}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("way = reaching.found(live(variables['UNREAD']), variables, '')", id="a variable nobody reads"),
        pytest.param(f"way = reaching.found(live({URL!r}, sslpassword='secret'), variables, '')", id="a secret"),
        pytest.param(f"way = reaching.found(live({URL!r}, ssl=object()), variables, '')", id="an object for connect"),
        pytest.param(
            f"way = reaching.found(Live(live({URL!r}).dialect, (), {{}}, creator=dict), variables, '')", id="a creator"
        ),
        pytest.param(
            f"event.listen(Engine, 'connect', lambda *_: None); way = reaching.found(live({URL!r}), variables, '')",
            id="somebody who listens to connections",
        ),
        pytest.param(
            "os.environ['READ'] = 'sqlite://'; way = reaching.found(live('sqlite://'), variables, '')",
            id="a variable that the project has set itself",
        ),
    ],
)  # fmt: skip
def test_not_found(body: str) -> None:
    assert way(body) is None
