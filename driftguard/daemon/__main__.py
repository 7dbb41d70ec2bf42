"""The daemon: ``python -P -m driftguard.daemon ROOT READY [notify]``, which lets go of whoever started it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Run as a child that belongs to no terminal and that nobody has to wait for."""
    root, ready, *options = sys.argv[1:]
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.set_inheritable(int(ready), False)
    from driftguard.daemon.lifecycle import run_daemon

    run_daemon(Path(root), int(ready), options)


if __name__ == "__main__":
    main()
