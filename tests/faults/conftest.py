"""A yard for each test, and a database server for live databases that tests may stop."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from live_server import LiveServer
from yard import Yard

from driftguard.shadow.place import server_account, servers_folder


@pytest.fixture
def yard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    with tempfile.TemporaryDirectory(prefix="dgf", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yard = Yard(Path(folder), uuid4().hex)
        answer = yard.project.driftguard("install")
        assert answer.code == 0, answer
        try:
            yield yard
        finally:
            yard.end()
            shutil.rmtree(servers_folder(yard.cache, server_account(["postgres"])), ignore_errors=True)


@pytest.fixture
def live_server() -> Iterator[LiveServer]:
    with tempfile.TemporaryDirectory(prefix="dgl", dir="/tmp") as folder:
        server = LiveServer(Path(folder))
        try:
            yield server
        finally:
            if (server.folder / "data/postmaster.pid").exists():
                server.signal(signal.SIGCONT)
                server.stop()
