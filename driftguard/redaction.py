"""Takes passwords out of text that is about to be shown."""

from __future__ import annotations

import re

URL_PASSWORD = re.compile(r"(://[^\s:/@]*:)\S*@")
"""Greedy, because people forget to percent-encode an ``@`` or ``/`` in a password."""

ASSIGNED_PASSWORD = re.compile(r"\b((?:password|passwd|pwd)=)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)]+)", re.IGNORECASE)
"""``password=…`` of connection strings and keyword arguments (no blanks around ``=``, unlike SQL and assignments)."""


def redacted(text: str) -> str:
    """``text`` with ``***`` for every password in a URL or a connection string."""
    return ASSIGNED_PASSWORD.sub(r"\1***", URL_PASSWORD.sub(r"\1***@", text))
