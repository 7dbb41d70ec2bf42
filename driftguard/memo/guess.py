"""The interpreter that ran the project the last time, as a guess for the next time."""

from __future__ import annotations

import os

FILE = "interpreter"


def guessed(folder: str) -> str:
    """Its path; "" if there was none. ``folder`` is the git folder's ``driftguard``."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def learn(folder: str, python: str) -> None:
    """Guess this one from now on."""
    if guessed(folder) == python:
        return
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(os.path.join(folder, FILE), "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(python)
    except OSError:
        return
