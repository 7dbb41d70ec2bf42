"""What a preloader has looked through is not looked through again, and whatever is put there later is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from driftguard.probe.guest_process import GUEST_FOLDER

PROGRAM = """
import os, sys
sys.path.insert(0, {guest!r})
import alembic.op, sqlalchemy.orm
from alembic.operations import Operations
from sqlalchemy import Table
from sqlalchemy.sql import schema
from driftguard_guest import surroundings

surroundings.note_libraries()
sys.path.append({project!r})
import own

for doing in {doings!r}:
    if os.fork() == 0:
        exec(doing)
        found = [key for _, key, _ in surroundings.patched()]
        print(doing, *found, "|", *(owner.__name__ for owner in surroundings._owners()), flush=True)
        os._exit(0)
    os.wait()
"""
CASES = {
    "pass": "",
    "Table.c2 = 1": "",
    "Table.tometadata = Table.to_metadata": "",
    "Table.tometadata = own.function": "tometadata",
    "Table.more = own.function": "more",
    "schema.more = own.function": "more",
    "Table.more = staticmethod(own.function)": "more",
    "Table.more = classmethod(own.function)": "more",
    "Table.key = property(own.function)": "key",
    "Operations.batch_alter_table = own.function": "batch_alter_table",
    "Table.to_metadata.__code__ = own.function.__code__": "to_metadata",
    "was = Table.more = own.function; del Table.more; Table.more = was": "more",
    "Table.more = own.function; surroundings.note_libraries()": "more",
}


@pytest.mark.skipif(sys.platform != "linux", reason="guests are forked on Linux only")
def test_what_is_put_into_the_libraries_is_found(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def function(self): pass\n")
    program = PROGRAM.format(guest=str(GUEST_FOLDER), project=str(tmp_path), doings=list(CASES))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [line.partition(" |") for line in done.stdout.splitlines()]
    assert [told for told, _, _ in lines] == [f"{doing} {found}".rstrip() for doing, found in CASES.items()]
    looked_through = {told: names.split() for told, _, names in lines}
    assert looked_through["pass"] == []
    assert looked_through["Table.more = own.function more"] == ["Table"]
