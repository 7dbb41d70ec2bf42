"""A database server for live databases that a test may stop."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from fixtures.postgresql import _start as begin
from yard import children

from driftguard import process
from driftguard.shadow.place import server_account


class LiveServer:
    """A PostgreSQL server of a test's own, on a unix socket, with one empty database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = begin(folder)
        self.url = self._server.create()

    def _control(self, *arguments: str) -> None:
        command = [f"{self._server.bindir}/pg_ctl", *arguments, f"--pgdata={self.folder / 'data'}"]
        account = server_account(["postgres"])
        done = process.run(command, deadline=60, cwd=self.folder, account=account)
        assert done.status == 0, done

    def stop(self) -> None:
        self._control("stop", "--wait", "--mode=fast")

    def start(self) -> None:
        """With the options of the first time, which it has noted."""
        options = (self.folder / "data/postmaster.opts").read_text().strip().split(" ", 1)[1]
        self._control("start", "--wait", f"--log={self.folder / 'log'}", "-o", options.replace('"', "'"))

    def signal(self, which: signal.Signals) -> None:
        """To the server and all that work for it."""
        first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        for pid in (first, *children(first)):
            with suppress(ProcessLookupError):  # one that the first has waited for by now
                os.kill(pid, which)
