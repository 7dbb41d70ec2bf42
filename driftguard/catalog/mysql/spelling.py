"""One spelling for what MariaDB, MySQL and their versions write differently."""

from __future__ import annotations

import re
from typing import NamedTuple

from driftguard.catalog.mysql.quoting import literal

_WIDTH = re.compile(r"^((?:tiny|small|medium|big)?int|year)\(\d+\)")
_NOW = re.compile(r"\b(?:current_timestamp|now|localtimestamp|localtime)\b(?:\((\d*)\))?", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_BITS = re.compile(r"[bx]'[0-9a-f]*'", re.IGNORECASE)
_ON_UPDATE = re.compile(r"on update (\S+)", re.IGNORECASE)
_GENERATED = re.compile(r"\b(virtual|stored|persistent) generated\b", re.IGNORECASE)
_FLAGS = re.compile(r"\b(auto_increment|default_generated|invisible)\b", re.IGNORECASE)
_NUMERIC_TYPES = ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year", "bit")


class Extra(NamedTuple):
    """What ``information_schema.columns.extra`` says; "" for what it does not say."""

    autoincrement: bool
    invisible: bool
    expression_default: bool
    generated: str
    on_update: str
    rest: str


def fold_type(column_type: str) -> str:
    """The type without display widths, which mean nothing but for ``tinyint(1)`` (boolean) and ``zerofill``."""
    if "zerofill" in column_type or column_type.startswith("tinyint(1)"):
        return column_type
    return _WIDTH.sub(r"\1", column_type)


def fold_collation(name: str) -> str:
    """``utf8`` is what older servers call ``utf8mb3``."""
    return re.sub(r"^utf8_", "utf8mb3_", name)


def fold_extra(extra: str) -> Extra:
    """The words of ``extra`` apart; what is not known stays in ``rest``, so that it is compared all the same."""
    on_update, generated = _ON_UPDATE.search(extra), _GENERATED.search(extra)
    flags = {flag.lower() for flag in _FLAGS.findall(extra)}
    rest = _FLAGS.sub("", _GENERATED.sub("", _ON_UPDATE.sub("", extra)))
    return Extra(
        autoincrement="auto_increment" in flags,
        invisible="invisible" in flags,
        expression_default="default_generated" in flags,
        generated="virtual" if generated and generated[1].lower() == "virtual" else "stored" if generated else "",
        on_update=fold_now(on_update[1]) if on_update else "",
        rest=" ".join(rest.replace(",", " ").split()).lower(),
    )


def fold_now(text: str) -> str:
    """``CURRENT_TIMESTAMP``, ``now()`` and their kin as MariaDB writes them."""
    match = _NOW.fullmatch(text)
    return f"current_timestamp({match[1] or ''})" if match else text


def mariadb_default(text: str | None) -> str | None:
    """MariaDB writes the default as SQL, and NULL for a column that may be empty and has none."""
    return None if text is None or text == "NULL" else fold_now(text)


def mysql_default(text: str | None, column_type: str, *, expression: bool) -> str | None:
    """MySQL writes a literal without its quotes, an expression without its parentheses but with escaped quotes.

    https://dev.mysql.com/doc/refman/8.4/en/information-schema-columns-table.html
    """
    if text is None:
        return None
    if _NOW.fullmatch(text) and (expression or column_type.startswith(("timestamp", "datetime"))):
        return fold_now(text)
    if expression:
        return f"({unescape(text)})"
    if _BITS.fullmatch(text) and column_type.startswith(("bit", "binary", "varbinary")):
        return text
    if column_type.startswith(_NUMERIC_TYPES) and _NUMBER.fullmatch(text):
        return text
    return literal(text)


def unescape(text: str) -> str:
    """MySQL's expressions in information_schema: ``_utf8mb4\\'a\\'`` is ``_utf8mb4'a'``."""
    return text.replace("\\'", "'")


def fold_options(create_options: str) -> str:
    """Table options that somebody set, sorted; encryption is the server's matter, partitions are told elsewhere."""
    options = re.findall(r"[^\s=]+(?:=(?:'[^']*'|\S+))?", create_options)
    kept = (option for option in options if option.lower() not in {"partitioned"} and not _is_encryption(option))
    return " ".join(sorted(kept, key=str.lower))


def fold_action(rule: str) -> str | None:
    """What a foreign key does; None for refusing, which InnoDB does at once whichever word was used for it."""
    return None if rule.upper() in {"RESTRICT", "NO ACTION"} else rule.lower()


def _is_encryption(option: str) -> bool:
    return option.lower().partition("=")[0].strip("`") in {"encryption", "encrypted", "encryption_key_id"}
