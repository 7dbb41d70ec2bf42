"""pymysql makes a TLS context for each connection, with all certificates in it; a guest makes one of each kind."""

from __future__ import annotations

import json
import subprocess
import sys

from driftguard.probe.guest_process import GUEST_FOLDER

PROGRAM = """
import json, ssl, sys
sys.path.insert(0, sys.argv[1])
from driftguard_guest.connections import Live
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
import pymysql

made, make = [], ssl.create_default_context
ssl.create_default_context = lambda *given, **named: made.append(named) or make(*given, **named)
dialect = create_engine(sys.argv[2]).dialect
for _ in range(3):
    Live(dialect, *dialect.create_connect_args(make_url(sys.argv[2]))).connect().close()
usual = len(made)
contexts = [pymysql.connections.Connection._create_ssl_ctx(None, each) for each in (
    {}, {"verify_mode": "required"}, {"verify_mode": "required"}, make()
)]
print(json.dumps([usual, len(made), [each.verify_mode.name for each in contexts], contexts[1] is contexts[2]]))
"""


def test_each_kind_is_made_once(mariadb_url: str) -> None:
    words = [sys.executable, "-c", PROGRAM, str(GUEST_FOLDER), mariadb_url]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    modes = ["CERT_NONE", "CERT_REQUIRED", "CERT_REQUIRED", "CERT_REQUIRED"]
    assert json.loads(done.stdout) == [1, 2, modes, True]
