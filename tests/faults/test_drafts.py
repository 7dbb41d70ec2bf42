"""Files that a process was about to write when it was killed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from driftguard.cache import store
from driftguard.memo.shelf import Shelf


def in_memo(folder: Path) -> Path:
    return folder / "memo" / "draft.12345.0a0b0c0d"


def moment_in_memo(folder: Path) -> Path:
    return folder / "memo" / "moment.12345.0a0b0c0d"


def in_cache(folder: Path) -> Path:
    return folder / "ab" / ".draft-0a0b0c0d"


@pytest.mark.parametrize("place", [in_memo, moment_in_memo, in_cache])
@pytest.mark.parametrize(("age", "stays"), [(0, True), (120, False)])
def test_it_goes_when_nobody_can_be_writing_it_any_more(
    place: Callable[[Path], Path], age: int, stays: bool, tmp_path: Path
) -> None:
    draft = place(tmp_path)
    draft.parent.mkdir()
    draft.write_bytes(b"half")
    os.utime(draft, (time.time() - age,) * 2)
    store(tmp_path, "abcd", b"whole")
    assert Shelf(str(tmp_path)).write("name", b"whole")
    assert draft.exists() == stays
