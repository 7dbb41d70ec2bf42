"""Whatever happens to a repository between two commits: what is remembered is what would be found."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chosen import chosen
from guarded import Guarded
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from driftguard import hook, staged
from driftguard.baseline import FILE as BASELINE
from driftguard.baseline import Baseline, dumped
from driftguard.config import load_settings
from driftguard.engine import Request, examine
from driftguard.findings import Finding, Side
from driftguard.git import IndexTree, find_repository
from driftguard.memo.record import Answer
from driftguard.probe.guest_process import Start
from driftguard.probe.preloaded import PreloadedGuests

HISTORIES = int(os.environ.get("TESTS_HISTORIES", "4"))
STEPS = 10

ENV = """
import importlib, json, os, pathlib, pkgutil
from alembic import context
from sqlalchemy import create_engine
import shop

for module in pkgutil.iter_modules(shop.__path__):
    importlib.import_module("shop." + module.name)
engine = create_engine("sqlite:///shop.db")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=shop.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
"""

SHOP = """
import json, os, pathlib
from sqlalchemy import Column, Integer, MetaData, String, Table
import plugin

metadata = MetaData()
items = Table("items", metadata, Column("id", Integer, primary_key=True))
for name in plugin.COLUMNS:
    items.append_column(Column(name, String(20)))
if os.environ.get("SHOP_NOTES"):
    items.append_column(Column("notes", String(20)))
data = pathlib.Path(__file__).with_name("columns.json")
if data.exists():
    for name in json.loads(data.read_text()):
        items.append_column(Column(name, String(20)))
"""

FIRST = """
revision = "a1"
down_revision = None
from alembic import op
import sqlalchemy as sa
def upgrade():
    op.create_table("items", sa.Column("id", sa.Integer, primary_key=True))
def downgrade():
    op.drop_table("items")
"""


def revision(name: str, down: str, column: str) -> str:
    return f'''
revision = "{name}"
down_revision = "{down}"
from alembic import op
import sqlalchemy as sa
def upgrade():
    op.add_column("items", sa.Column("{column}", sa.String(20)))
def downgrade():
    op.drop_column("items", "{column}")
'''


def table(name: str) -> str:
    return f'''
from sqlalchemy import Column, Integer, Table
from shop import metadata
{name} = Table("{name}", metadata, Column("id", Integer, primary_key=True))
'''


class Shop:
    """A guarded project whose models depend on everything that models can depend on."""

    def __init__(self, folder: Path, start: Start) -> None:
        self.start = start
        self.root = folder / "repository"
        self.library = folder / "lib" / "site-packages"
        self.root.mkdir()
        self.environ = {**os.environ, "PYTHONPATH": str(self.library), "DRIFTGUARD_CACHE_DIR": str(folder / "cache")}
        self.guarded = Guarded(self.root, self.environ)
        self.install("1.0", [])
        self.write("alembic.ini", "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n")
        self.write("migrations/env.py", ENV)
        self.write("migrations/versions/a1.py", FIRST)
        self.write("shop/__init__.py", SHOP)
        self.write(".gitignore", "__pycache__/\n*.db\n*.ignored\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "begin")

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> bool:
        done = subprocess.run(("git", *arguments), cwd=self.root, env=self.environ, capture_output=True, check=False)
        return done.returncode == 0

    def install(self, version: str, columns: list[str]) -> None:
        """Another version of a package that the models use."""
        shutil.rmtree(self.library, ignore_errors=True)
        (self.library / f"plugin-{version}.dist-info").mkdir(parents=True)
        (self.library / "plugin").mkdir()
        (self.library / "plugin" / "__init__.py").write_text(f"COLUMNS = {columns!r}\n")

    def computed(self, environ: dict[str, str], *, keep: bool) -> Answer:
        repository = find_repository(self.root, environ)
        assert repository is not None
        tree = IndexTree(repository)
        request = Request(self.root, load_settings(tree), source="index", moment="pre-commit")
        with examine(request, environ=environ, start=self.start) as examination:
            told = staged.answer(examination, lambda path: None)
            if keep:
                staged.remember(examination, told)
        return told


Step = Callable[[Shop], object]
NAMES = ("age", "size")
EDITS: dict[str, Step] = {
    "a column by a data file": lambda shop: shop.write("shop/columns.json", json.dumps(["age"])),
    "another column by the data file": lambda shop: shop.write("shop/columns.json", json.dumps(["sze"])),
    "no data file": lambda shop: (shop.root / "shop/columns.json").unlink(missing_ok=True),
    "a module that env.py finds": lambda shop: shop.write("shop/carts.py", table("carts")),
    "another module": lambda shop: shop.write("shop/bills.py", table("bills")),
    "a module's table renamed": lambda shop: shop.write("shop/carts.py", table("crate")),
    "the module goes": lambda shop: (shop.root / "shop/carts.py").unlink(missing_ok=True),
    "the module is renamed": lambda shop: _rename(shop, "shop/carts.py", "shop/trays.py"),
    "the module becomes a package": lambda shop: _rename(shop, "shop/carts.py", "shop/carts/__init__.py"),
    "touched": lambda shop: os.utime(shop.root / "shop/__init__.py"),
    "made executable": lambda shop: (shop.root / "shop/__init__.py").chmod(0o755),
    "made plain again": lambda shop: (shop.root / "shop/__init__.py").chmod(0o644),
    "a comment": lambda shop: shop.write("shop/__init__.py", SHOP + "# comment\n"),
    "a column, and the old time": lambda shop: _edit_secretly(shop, SHOP.replace('"items", m', '"itemz", m')),
    "the models as they were": lambda shop: shop.write("shop/__init__.py", SHOP),
    "the models do not load": lambda shop: shop.write("shop/__init__.py", SHOP + "raise RuntimeError\n"),
    "a file of no meaning": lambda shop: shop.write("README.md", "read me"),
    "a revision": lambda shop: shop.write("migrations/versions/b2.py", revision("b2", "a1", "age")),
    "a revision beside it": lambda shop: shop.write("migrations/versions/c3.py", revision("c3", "a1", "size")),
    "the revision moves": lambda shop: shop.write("migrations/versions/c3.py", revision("c3", "b2", "size")),
    "the revision goes": lambda shop: (shop.root / "migrations/versions/b2.py").unlink(missing_ok=True),
    "a variable": lambda shop: shop.environ.update(SHOP_NOTES="1"),
    "no variable": lambda shop: shop.environ.pop("SHOP_NOTES", None),
    "a variable that nobody reads": lambda shop: shop.environ.update(WHATEVER="1"),
    "a package upgraded": lambda shop: shop.install("2.0", ["size"]),
    "a package downgraded": lambda shop: shop.install("1.0", []),
    "the package edited in place": lambda shop: (shop.library / "plugin/__init__.py").write_text("COLUMNS = ['age']\n"),
    "settings that ignore": lambda shop: shop.write("driftguard.toml", 'ignore = ["DG201"]\n'),
    "settings that are strict": lambda shop: shop.write("driftguard.toml", "strict = true\n"),
    "settings with a variable": lambda shop: shop.write("driftguard.toml", 'env = { SHOP_NOTES = "1" }\n'),
    "a baseline": lambda shop: shop.write(BASELINE, baseline_of("items.age", "table carts", "table bills")),
    "a smaller baseline": lambda shop: shop.write(BASELINE, baseline_of("items.age")),
    "a baseline that expires": lambda shop: shop.write(BASELINE, baseline_of("items.age", until="2999-12-31")),
    "no baseline": lambda shop: (shop.root / BASELINE).unlink(missing_ok=True),
    "settings that let nothing pass": lambda shop: shop.write("driftguard.toml", 'known_in_hook = "error"\n'),
    "no settings": lambda shop: (shop.root / "driftguard.toml").unlink(missing_ok=True),
    "env.py walks nothing": lambda shop: shop.write("migrations/env.py", ENV.replace("shop.__path__", "[]")),
    "env.py as it was": lambda shop: shop.write("migrations/env.py", ENV),
    "another environment": lambda shop: shop.write("other/alembic.ini", "[alembic]\nscript_location = nowhere\n"),
    "a module that shadows": lambda shop: shop.write("plugin.py", "COLUMNS = ['age', 'size']\n"),
    "no module that shadows": lambda shop: (shop.root / "plugin.py").unlink(missing_ok=True),
    "everything staged": lambda shop: shop.git("add", "--all"),
    "the models staged": lambda shop: shop.git("add", "--", "shop"),
    "the revisions staged": lambda shop: shop.git("add", "--", "migrations"),
    "what is tracked staged": lambda shop: shop.git("add", "--update"),
    "announced only": lambda shop: shop.git("add", "--intent-to-add", "--all"),
    "nothing staged": lambda shop: shop.git("reset", "--quiet"),
    "a staged file taken away": lambda shop: shop.git(
        "rm", "--quiet", "--cached", "-r", "--ignore-unmatch", "shop/carts.py"
    ),
    "committed": lambda shop: shop.git("commit", "--quiet", "--allow-empty", "-m", "next"),
    "the commit undone": lambda shop: shop.git("reset", "--quiet", "--soft", "HEAD~1"),
    "another branch": lambda shop: shop.git("checkout", "--quiet", "-B", "feature"),
    "back to main": lambda shop: shop.git("checkout", "--quiet", "--force", "main"),
    "the branch merged": lambda shop: shop.git("merge", "--quiet", "--no-edit", "feature"),
    "stashed": lambda shop: shop.git("stash", "--quiet", "--include-untracked"),
    "unstashed": lambda shop: shop.git("stash", "pop", "--quiet"),
    "packed": lambda shop: shop.git("gc", "--quiet"),
    "the live database appears": lambda shop: _execute(
        shop, "CREATE TABLE IF NOT EXISTS items (id INTEGER NOT NULL PRIMARY KEY)"
    ),
    "the live database is altered": lambda shop: _execute(shop, "CREATE TABLE IF NOT EXISTS extra (id INTEGER)"),
    "the live database is stamped": lambda shop: _execute(
        shop,
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
        "INSERT OR REPLACE INTO alembic_version VALUES ('a1')",
    ),
    "data in the live database": lambda shop: _execute(shop, "INSERT INTO items DEFAULT VALUES"),
}


def baseline_of(*objects: str, until: str = "") -> str:
    """Lets pass that these are in the models and in no revision."""
    findings = [
        Finding("DG201", Side.MODELS, each.rpartition(" ")[2], f"{each} is in the models but in no revision")
        for each in objects
    ]
    said = (replace(each, environment="migrations", exactly=each.message) for each in findings)
    entries = Baseline().with_findings(said).entries
    day = datetime.date.fromisoformat(until) if until else None
    return dumped(Baseline(tuple(replace(each, until=day) for each in entries))).decode()


def _rename(shop: Shop, was: str, now: str) -> None:
    if (shop.root / was).is_file():
        (shop.root / now).parent.mkdir(parents=True, exist_ok=True)
        (shop.root / was).rename(shop.root / "moving")
        (shop.root / now).parent.mkdir(parents=True, exist_ok=True)
        (shop.root / "moving").rename(shop.root / now)


def _edit_secretly(shop: Shop, text: str) -> None:
    """As long as before, and with the time of before."""
    path = shop.root / "shop/__init__.py"
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _execute(shop: Shop, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(shop.root / "shop.db")) as connection, contextlib.suppress(sqlite3.Error):
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@contextlib.contextmanager
def at(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    with PreloadedGuests() as guests:
        yield guests.start_patiently


@contextlib.contextmanager
def nothing_remembered(shop: Shop) -> Iterator[None]:
    """Nor of what the last commit has already."""
    shelf, aside = shop.root / ".git/driftguard/standing", shop.root / ".git/aside"
    if shelf.exists():
        shelf.rename(aside)
    yield
    shutil.rmtree(shelf, ignore_errors=True)
    if aside.exists():
        aside.rename(shelf)


def live_through(steps: Iterable[str], start: Start) -> None:
    """After each step: what the memo says, if it says anything, is what a check finds that knows nothing."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder), start)
        for number, step in enumerate(("", *steps)):
            if step:
                EDITS[step](shop)
            with at(shop.root):
                told = hook.at_once("pre-commit", shop.environ)
            with nothing_remembered(shop):
                found = shop.computed({**shop.environ, "DRIFTGUARD_CACHE_DIR": f"{folder}/{number}"}, keep=False)
            known = told or shop.computed(shop.environ, keep=True)
            assert (known.exit_code, known.plain) == (found.exit_code, found.plain), step


@pytest.mark.parametrize("step", chosen(sorted(EDITS), 14))
def test_one_step(step: str, start: Start) -> None:
    live_through([step, "everything staged", "committed"], start)


@settings(
    max_examples=HISTORIES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.sampled_from(sorted(EDITS)), min_size=2, max_size=STEPS))
def test_many_steps(start: Start, steps: list[str]) -> None:
    live_through(steps, start)
