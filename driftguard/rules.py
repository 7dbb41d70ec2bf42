"""Every rule: a stable code, a name that reads well behind "ignore", and a severity."""

from __future__ import annotations

from typing import NamedTuple

from driftguard.findings import Severity

E, W = Severity.ERROR, Severity.WARNING


class Rule(NamedTuple):
    code: str
    name: str
    severity: Severity

    @property
    def family(self) -> str:
        """The code's first digits, ``DG1`` … ``DG9``."""
        return self.code[:3]


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("DG101", "multiple-heads", E),
        Rule("DG102", "would-diverge", E),
        Rule("DG103", "missing-parent", E),
        Rule("DG104", "duplicate-revision-id", E),
        Rule("DG105", "revision-cycle", E),
        Rule("DG106", "edited-shared-revision", E),
        Rule("DG107", "repointed-shared-revision", E),
        Rule("DG108", "deleted-shared-revision", E),
        Rule("DG109", "buried-revision", E),
        Rule("DG110", "double-merge", E),
        Rule("DG111", "branches-touch-same-object", W),
        Rule("DG112", "unreadable-revision", E),
        Rule("DG113", "stale-revises-line", W),
        Rule("DG114", "hand-typed-revision-id", W),
        Rule("DG115", "unstaged-revision", E),
        Rule("DG201", "missing-revision", E),
        Rule("DG202", "rename-or-replace", W),
        Rule("DG203", "invisible-to-autogenerate", W),
        Rule("DG205", "empty-metadata", E),
        Rule("DG301", "direct-ddl", E),
        Rule("DG302", "pending-upgrade", W),
        Rule("DG303", "unknown-stamp", E),
        Rule("DG304", "unstamped-database", E),
        Rule("DG305", "stamped-but-missing", E),
        Rule("DG306", "diverged-stamp", E),
        Rule("DG401", "failing-upgrade", E),
        Rule("DG402", "failing-downgrade", W),
        Rule("DG403", "downgrade-is-not-inverse", W),
        Rule("DG407", "order-matters", E),
        Rule("DG901", "environment-failed", E),
        Rule("DG902", "no-interpreter", E),
        Rule("DG903", "no-shadow", E),
        Rule("DG904", "live-unreachable", E),
        Rule("DG905", "deadline", E),
    )
}

CODES_BY_NAME: dict[str, str] = {rule.name: rule.code for rule in RULES.values()}


def selects(selector: str, code: str) -> bool:
    """Whether ``selector`` (a name, a code, or the beginning of a code such as ``DG1``) means ``code``."""
    return code == CODES_BY_NAME.get(selector) or (selector.startswith("DG") and code.startswith(selector))


def is_selector(selector: str) -> bool:
    """Whether ``selector`` means any rule at all."""
    return any(selects(selector, code) for code in RULES)
