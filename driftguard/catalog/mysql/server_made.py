"""Names that the server made up because nobody gave one."""

from __future__ import annotations

import re


def is_foreign_key_name(table: str, name: str) -> bool:
    """InnoDB counts ``table_ibfk_1``, MariaDB 12 plainly ``1``."""
    return name.isdigit() or _is_counted(name, f"{table}_ibfk_")


def is_check_name(table: str, name: str) -> bool:
    """``CONSTRAINT_1`` on MariaDB, ``table_chk_1`` on MySQL."""
    return _is_counted(name, "CONSTRAINT_") or _is_counted(name, f"{table}_chk_")


def is_index_name(first: str, name: str) -> bool:
    """An index is called after its first column: ``email``, ``email_2``, ``functional_index`` for an expression."""
    return name.lower() == first.lower() or _is_counted(name, f"{first}_")


def _is_counted(name: str, prefix: str) -> bool:
    return re.fullmatch(re.escape(prefix) + r"\d+", name, re.IGNORECASE) is not None
