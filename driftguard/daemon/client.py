"""Asks the watcher of a work tree. A git hook imports it, so it uses only what Python has built in.

A message is its length (four bytes, big end first) and fields with NULs between them: driftguard's version, what is
asked or answered, and the rest. Who connects asks once, hears one answer, and is done.
"""

from __future__ import annotations

import _socket
from _collections_abc import Sequence
from time import monotonic

from driftguard import __version__

SOCKET = "daemon.sock"
ADDRESS = "daemon.address"
"""Says where the socket is, if it is not in the same folder."""

CONNECT_SECONDS = 0.2
BEGIN_SECONDS = 1.0
"""In which a watcher says, by an empty message, that it has heard the question. One that was stopped never does."""

LONGEST = 1 << 20
"""Bytes of a question."""

LONGEST_ANSWER = 1 << 26


def ask(folder: str, question: Sequence[bytes], seconds: float) -> list[bytes] | None:
    """The answer's fields; None for whatever goes wrong: nobody there, died meanwhile, too late, another version.

    ``folder`` is the git folder's ``driftguard``; the last field may hold anything.
    """
    try:
        return _ask(folder, question, seconds)
    except (OSError, ValueError):
        return None


def pack(*fields: bytes) -> bytes:
    """A message."""
    content = b"\0".join((__version__.encode(), *fields))
    return len(content).to_bytes(4, "big") + content


def receive(connection: _socket.socket, end: float, longest: int) -> bytes:
    """One message without its length; OSError when it ends early, ValueError when it is too long."""
    size = int.from_bytes(_receive(connection, 4, end), "big")
    if size > longest:
        raise ValueError(size)
    return _receive(connection, size, end)


def _ask(folder: str, question: Sequence[bytes], seconds: float) -> list[bytes] | None:
    end = monotonic() + seconds
    message = pack(*question)
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(min(CONNECT_SECONDS, seconds))
        connection.connect(_address(folder))
        connection.settimeout(seconds)
        connection.sendall(message)
        answer = receive(connection, min(end, monotonic() + BEGIN_SECONDS), LONGEST_ANSWER)
        answer = answer or receive(connection, end, LONGEST_ANSWER)
        version, kind, *rest = answer.split(b"\0", question_fields(question))
    finally:
        connection.close()
    return rest if (version, kind) == (__version__.encode(), b"ok") else None


def question_fields(question: Sequence[bytes]) -> int:
    """How often an answer is split: only what is told of staged files has more fields than one."""
    return 4 if question[0] == b"staged" else 2


def _address(folder: str) -> str:
    try:
        with open(f"{folder}/{ADDRESS}", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return f"{folder}/{SOCKET}"


def _receive(connection: _socket.socket, size: int, end: float) -> bytes:
    received = bytearray()
    while len(received) < size:
        connection.settimeout(max(end - monotonic(), 0.001))
        chunk = connection.recv(min(size - len(received), 1 << 16))
        if not chunk:
            raise OSError("the other side has gone")
        received += chunk
    return bytes(received)
