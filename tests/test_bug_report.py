"""``driftguard bug-report``: tells what helps, and nothing that tells who and where."""

from __future__ import annotations

import getpass
import platform
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from guarded import EXAMPLES, Guarded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftguard.anonymity import anonymous, dialect_of, private, unquoted

SECRETS = {
    "password": "pw:of/ini@x",
    "user": "ini_user_bob",
    "host": "ini-host.corp.example",
    "database": "customers_of_acme",
    "live password": "live+password",
    "live host": "live-host.corp",
    "live user": "live_user",
    "live database": "live_database",
    "value": "value-of-the-env-table",
    "variable": "value-of-a-variable",
    "tenant": "acme_tenant",
    "role": "logged_role",
    "address": "10.20.30.40",
    "source": "source-of-the-application",
}
LOG = f"""\
2031-05-01 10:00:00 driftguard 0.1.0 watches /somewhere/else
2031-05-01 10:00:01 app.py: could not look, 0.123 s
Traceback (most recent call last):
  File "/srv/app.py", line 3, in load
    connect(password={SECRETS["source"]!r})
OperationalError: connection to server at "{SECRETS["host"]}" ({SECRETS["address"]}), port 5432 failed: \
FATAL:  password authentication failed for user "{SECRETS["role"]}"
ValueError: postgresql://{SECRETS["user"]}:{SECRETS["password"]}@{SECRETS["host"]}/{SECRETS["database"]} is wrong
KeyError: {SECRETS["variable"]} {SECRETS["value"]} user={SECRETS["role"]} {SECRETS["live database"]}
"""
SETTINGS = f"""
[tool.driftguard]
live = "postgresql+psycopg://{SECRETS["live user"]}:{SECRETS["live password"]}@{SECRETS["live host"]}/{
    SECRETS["live database"]
}"
ignore = ["DG302"]
tenants = ["{SECRETS["tenant"]}_*"]
x = ["tenant={SECRETS["tenant"]}"]

[tool.driftguard.env]
SHOP_KEY = "{SECRETS["value"]}"

[tool.driftguard.environments.shop]
script_location = "migrations"
shadow = "postgresql://{SECRETS["live user"]}@{SECRETS["live host"]}/shadow_of_it"
"""


TOLD = (
    "driftguard 0.1.0 on ",
    "git: 2.",
    "pyproject.toml: live = a URL of postgresql+psycopg",
    "pyproject.toml: ignore = ('DG302',)",
    "pyproject.toml: tenants = 1 (not shown)",
    "pyproject.toml: env = SHOP_KEY (values are not shown)",
    "pyproject.toml: for shop: shadow = a URL of postgresql",
    "shop: Flask-Migrate in ., migrations/alembic.ini [alembic], scripts in migrations, "
    "URL there: postgresql+asyncpg, revisions: 1, folders of them: 1, bases: 1, heads: 1, branch points: 0",
    "none is remembered",
    "does not run",
    "- 2031-05-01 10:00:01 app.py: could not look, 0.123 s\n",
    '- OperationalError: connection to server at "…" (***), port 5432 failed',
    "- ValueError: postgresql://*** is wrong",
)


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """A project that says secrets wherever it can."""
    shop = Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "home" / "shop")
    shop.environ |= {
        "HOME": str(tmp_path / "home"),
        "DATABASE_URL": f"mysql://{SECRETS['user']}:{quote(SECRETS['password'], safe='')}@{SECRETS['host']}/x",
        "SHOP_TOKEN": SECRETS["variable"],
    }
    ini = (
        f"[alembic]\nscript_location = .\nsqlalchemy.url = postgresql+asyncpg://{SECRETS['user']}"
        f":{quote(SECRETS['password'], safe='').replace('%', '%%')}@{SECRETS['host']}/{SECRETS['database']}\n"
    )
    shop.write("migrations/alembic.ini", ini)
    shop.write("pyproject.toml", SETTINGS)
    shop.write("app.py", "raise SystemExit('nobody may run this')\n")
    shop.write(".git/driftguard/daemon.log", LOG)
    return shop


def test_no_secret_is_told(shop: Guarded) -> None:
    answer = shop.driftguard("bug-report")
    assert (answer.code, answer.err) == (0, "")
    for what, secret in SECRETS.items():
        assert secret not in answer.out, what
        assert quote(secret, safe="") not in answer.out, what
    told = answer.out.partition("### Settings")[2]
    for name in (getpass.getuser(), platform.node(), str(shop.root)):
        assert name not in told.split()
        assert f"/{name}" not in told


def test_what_helps_is_told(shop: Guarded) -> None:
    told = shop.driftguard("bug-report").out
    assert [each for each in TOLD if each not in told] == []


def test_the_shape_of_the_graph_is_told(shop: Guarded) -> None:
    for name in ("b1", "b2"):
        shop.write(f"migrations/versions/{name}.py", f"revision = '{name}'\ndown_revision = '8b1f04c9d2e7'\n")
    assert "heads: 2, branch points: 1" in shop.driftguard("bug-report").out


def test_the_last_verdict_is_told(tmp_path: Path) -> None:
    shop = Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "shop")
    shop.environ["SCHOOL_DATABASE"] = f"sqlite:///{tmp_path / 'school.db'}"
    last = "    last_name = db.Column(db.String(50))\n"
    shop.replace("app.py", last, last + "    age = db.Column(db.Integer)\n")
    shop.driftguard("install")
    shop.git("add", "--all")
    assert shop.run("git", "commit", "-m", "a column without a revision").code == 1
    assert "- exit code 1: DG201 × 1, DG904 × 1\n" in shop.driftguard("bug-report").out


def test_settings_that_cannot_be_read_are_said_and_nothing_else_is_lost(shop: Guarded) -> None:
    shop.write("pyproject.toml", "[tool.driftguard]\nslect = 1\n")
    answer = shop.driftguard("bug-report")
    assert answer.code == 0
    assert 'unknown key "slect"' in answer.out
    assert SECRETS["password"] not in answer.out
    assert "heads: 1" in answer.out


def test_outside_of_everything(tmp_path: Path) -> None:
    answer = Guarded(tmp_path, {"PATH": str(tmp_path)}).driftguard("bug-report")
    assert (answer.code, answer.err) == (0, "")
    assert "no Alembic environment here" in answer.out


def test_it_is_written_to_a_file(tmp_path: Path) -> None:
    answer = Guarded(tmp_path).driftguard("bug-report", "--output", "report.md")
    assert answer == (0, "written: report.md; read it before you send it\n", "")
    assert (tmp_path / "report.md").read_text().startswith("### What happened\n")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    answer = Guarded(tmp_path).driftguard("bug-report", "--output", "nowhere/report.md")
    assert (answer.code, answer.err.splitlines()[0]) == (
        2,
        "error: nowhere/report.md cannot be written: No such file or directory",
    )


WORDS = st.text("abcdefgh0123456789", min_size=6, max_size=12)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(user=WORDS, password=st.text(min_size=6, max_size=12), host=WORDS, database=WORDS)
def test_no_part_of_a_url_is_left(user: str, password: str, host: str, database: str) -> None:
    url = f"postgresql+psycopg://{user}:{quote(password, safe='')}@{host}:5432/{database}"
    told = f"could not reach {host}/{database} as {user} {password} {quote(password, safe='')}, {url}"
    left = set(re.split(r"[ /]", anonymous(told, private((url,), {}, (), ""))))
    assert not left & {user, host, database, password, quote(password, safe="")}
    assert {"could", "not", "reach", "as", "postgresql+psycopg:"} <= left


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("/home/ann/shop/app.py", "~/shop/app.py", id="the home folder"),
        pytest.param("/home/anna/shop", "/home/anna/shop", id="somebody else's, whose name begins alike"),
        pytest.param("host=db1 dbname='a b' user=x", "host=*** dbname=*** user=***", id="a connection string"),
        pytest.param("Ann <ann@example.org> at 10.1.2.3", "Ann <***> at ***", id="addresses"),
        pytest.param("2.0.30 of SQLAlchemy, 0.5 s", "2.0.30 of SQLAlchemy, 0.5 s", id="versions stay"),
        pytest.param("sqlite:////home/ann/x.db", "sqlite://***", id="a file"),
        pytest.param("localhost", "localhost", id="what everybody has"),
    ],
)
def test_anonymous(text: str, shown: str) -> None:
    assert anonymous(text, private(("m://localhost/x",), {}, (), "/home/ann")) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [("postgresql+psycopg://u:p@h/d", "postgresql+psycopg"), ("sqlite://", "sqlite"), ("what", "***")],
)
def test_a_url_s_dialect(url: str, shown: str) -> None:
    assert dialect_of(url) == shown


def test_quotes_are_emptied() -> None:
    told = 'File "/srv/app.py", at "db" for \'bob\', it\'s "x'
    assert unquoted(told) == 'File "/srv/app.py", at "…" for "…", it\'s "x'
