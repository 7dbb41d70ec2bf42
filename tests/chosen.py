"""Some tables are long, and what each row starts is slow: an ordinary run takes some rows of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

ALL = "TESTS_ALL_ROWS"
"""The variable that makes a run take all rows."""

Row = TypeVar("Row")


def chosen(rows: Sequence[Row], number: int) -> Sequence[Row]:
    """About ``number`` of the rows, from everywhere in the table."""
    return rows if os.environ.get(ALL) else rows[:: max(1, len(rows) // number)]
