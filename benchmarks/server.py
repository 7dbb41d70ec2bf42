"""A PostgreSQL server for live databases, as ordinary as possible: durable, on a unix socket of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from driftguard import process
from driftguard.process import Account
from driftguard.shadow.place import server_account
from driftguard.shadow.postgresql_binaries import by_preference, find, reachable

DEADLINE = 60.0


class Server(NamedTuple):
    """``folder`` holds the socket; ``version`` is like "15.18"."""

    folder: Path
    version: str

    def create(self) -> str:
        """The URL of a new empty database."""
        name = f"shop_{uuid.uuid4().hex[:8]}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def empty(self, url: str) -> None:
        """Make the database anew."""
        name = url.partition("@/")[2].partition("?")[0]
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE template0')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Iterator[Server]:
    """Until the context ends."""
    folder = Path(tempfile.mkdtemp(prefix="dgbench-", dir="/tmp"))
    try:
        account = server_account(["postgres"])
        binaries = reachable(by_preference(find(), "")[0], folder, account)
        folder.chmod(0o755)
        if account:
            os.chown(folder, account.user, account.group)
        data = f"--pgdata={folder / 'data'}"
        control = binaries.folder / "pg_ctl"
        words = ("--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", data)
        _run([binaries.folder / "initdb", *words], folder, account)
        options = f"-c listen_addresses='' -k {folder}"
        _run([control, "start", "--wait", f"--log={folder / 'log'}", "-o", options, data], folder, account)
        try:
            yield Server(folder, binaries.version)
        finally:
            _run([control, "stop", "--wait", "--mode=immediate", data], folder, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str | Path], folder: Path, account: Account | None) -> None:
    done = process.run(command, deadline=DEADLINE, cwd=folder, account=account)
    if done.status:
        raise RuntimeError(f"{command}: {done.output!r} {done.errors!r}")
