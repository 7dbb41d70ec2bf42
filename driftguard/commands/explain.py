"""``driftguard explain``: the page of one rule, or the list of all."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping

from driftguard.checks import CHECKS
from driftguard.errors import DriftguardError, closest
from driftguard.rules import CODES_BY_NAME, RULES, Rule


def explain(*, rule: str = "") -> int:
    """Print the page of the rule with that code or name, or all rules; DriftguardError for an unknown one."""
    sys.stdout.write(page(find_rule(rule), CHECKS) if rule else listing(CHECKS))
    return 0


def find_rule(word: str) -> Rule:
    code = CODES_BY_NAME.get(word.lower(), word.upper())
    if code not in RULES:
        near = closest(word, (*RULES, *CODES_BY_NAME)).removeprefix(", ")
        raise DriftguardError(f'no rule is called "{word}"', near or "`driftguard explain` lists all of them")
    return RULES[code]


def page(rule: Rule, checks: Mapping[str, Callable[..., object]]) -> str:
    return f"{rule.code} {rule.name} ({rule.severity})\n\n{_text(rule, checks)}\n"


def listing(checks: Mapping[str, Callable[..., object]]) -> str:
    """One line a rule: code, name, severity, and the first sentence of its page."""
    rows = [
        f"{rule.code}  {rule.name:<{max(map(len, CODES_BY_NAME))}}  {rule.severity:<7}  "
        + _text(rule, checks).partition("\n")[0]
        for rule in RULES.values()
    ]
    return "".join(f"{row.rstrip()}\n" for row in rows)


def _text(rule: Rule, checks: Mapping[str, Callable[..., object]]) -> str:
    return inspect.getdoc(checks[rule.code]) or "" if rule.code in checks else ""
