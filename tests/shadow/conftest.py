"""Cache folders whose servers are looked after, and other processes that use shadows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fixtures.borrowers import Borrow, Borrower, Someone, environment, python_for

from driftguard.shadow.place import server_account, servers_folder
from driftguard.shadow.server import is_running


@pytest.fixture
def cache_folder(tmp_path: Path) -> Iterator[Path]:
    """A cache folder of our own; no server runs on it in the end."""
    folder = tmp_path / "a cache"
    yield folder
    if folder.exists() or os.geteuid() == 0:
        place = servers_folder(folder, server_account(["postgres"]))
        left = [home.name for home in place.glob("*-[0-9]*") if is_running(home)]
        shutil.rmtree(place)
        assert not left, "a server was left"


@pytest.fixture
def borrow() -> Iterator[Borrow]:
    """Start a borrower: ``borrow(cache_folder, dialect=, driver=, version=, someone=)``."""
    with ExitStack() as stack:

        def start(
            cache_folder: Path,
            dialect: str = "postgresql",
            driver: str = "psycopg",
            version: str = "",
            someone: Someone | None = None,
        ) -> Borrower:
            account = someone.account if someone else None
            process = subprocess.Popen(
                [
                    someone.python if someone else sys.executable,
                    *("-m", "fixtures.borrower", dialect, driver, version, str(cache_folder)),
                ],
                env=environment(cache_folder.parent),
                cwd="/",
                user=account.user if account else None,
                group=account.group if account else None,
                extra_groups=[] if account else None,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.communicate)
            return Borrower(process)

        yield start


@pytest.fixture
def ordinary_user() -> Iterator[Someone]:
    """Somebody who is not root, with a home of their own."""
    account = server_account([])
    with tempfile.TemporaryDirectory(prefix="dg home ", dir="/tmp") as home:
        if account:
            os.chown(home, account.user, account.group)
        yield Someone(account, python_for(account), Path(home) / "cache")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A temporary folder with a short path."""
    with tempfile.TemporaryDirectory(prefix="dg", dir="/tmp") as folder:
        yield Path(folder)
